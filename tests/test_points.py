"""积分 and 明细: where points come from and where they went; each is earned once."""

from tests.town import DAY, HOUR, Town


def test_nobody_starts_with_points(town: Town) -> None:
    assert town.say("李秀英", "积分") == "您现有 0 分。"
    assert town.say("李秀英", "明细") == "您还没有积分记录。反映的问题核实属实就有积分。"
    assert town.say("o-stranger", "我的积分？").startswith("您现有 0 分。")


def test_a_true_report_and_a_check_in_stand_in_the_statement_newest_first(town: Town) -> None:
    town.say("何春梅", "报平安")
    town.later(HOUR)
    town.say("何春梅", "井盖破了")
    town.say("徐慧敏", "属实 1001")
    town.later(DAY)
    town.say("何春梅", "平安")
    assert town.say("何春梅", "积分") == "您现有 16 分。"
    assert town.say("何春梅", "积分明细。") == (
        "11月24日 10:00 +3 分 报平安，余 16 分\n"
        "11月23日 10:00 +10 分 上报属实（事件 1001），余 13 分\n"
        "11月23日 09:00 +3 分 报平安，余 3 分"
    )
    assert town.drift() == []


def test_exchange_cancelling_and_hand_over_stand_in_the_statement(town: Town) -> None:
    for number in (1001, 1002):
        town.say("李秀英", "井盖破了")
        town.say("何春梅", f"属实 {number}")
    town.say("李秀英", "兑换 肥皂")
    town.say("李秀英", "取消兑换")
    code = town.say("李秀英", "兑换 肥皂").splitlines()[1].removeprefix("取货码：")
    assert town.say("李秀英", "积分") == "您现有 10 分。另有 10 分已换商品，等待领取。"
    assert town.say("戴满仓", f"核销 {code}") == "核销成功（单号 2）：李秀英，肥皂 1 块，10 分。请交货。"
    assert town.say("李秀英", "积分") == "您现有 10 分。"
    assert [line.split(" ", 2)[2] for line in town.say("李秀英", "明细").splitlines()] == [
        "-10 分 兑换肥皂，余 10 分",
        "+10 分 退回，余 20 分",
        "-10 分 兑换肥皂，余 10 分",
        "+10 分 上报属实（事件 1002），余 20 分",
        "+10 分 上报属实（事件 1001），余 10 分",
    ]
    assert town.drift() == []


def test_a_late_check_in_and_an_untrue_report_earn_nothing(town: Town) -> None:
    town.say("何春梅", "补报")
    town.say("李秀英", "井盖破了")
    town.say("何春梅", "不属实 1001 井盖完好")
    assert (town.points("何春梅"), town.points("李秀英")) == (0, 0)


def test_one_wallet_for_all_accounts_of_a_person(town: Town) -> None:
    town.say_in_group("何春梅", "报平安")
    assert town.say("何春梅", "积分") == "您现有 3 分。"
    assert town.say_in_group("何春梅", "积分") == "您现有 3 分。"
