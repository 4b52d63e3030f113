"""冻结, 扣分, 申诉, 更正: what is taken is told, may be appealed, another judges, all of it comes back."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import sqlalchemy as sa

from store.tables import looks
from tests.conftest import ROOT
from tests.invariants import broken
from tests.shop import told
from tests.test_redeem import earn
from tests.town import DAY, MakeTown, Town


def books_are_right(town: Town) -> None:
    assert (town.drift(), broken(town.db)) == ([], [])


def test_a_freeze_stops_everything_and_what_was_earned_meanwhile_is_paid_when_it_is_lifted(
    town: Town,
) -> None:
    earn(town, "李秀英", 2)
    code = town.say("李秀英", "兑换 肥皂").split("取货码：")[1][:6]
    assert town.say("徐慧敏", "冻结积分 李秀英") == "请写明理由，例如：冻结积分 李秀英 涉嫌虚报。"
    assert town.say("徐慧敏", "冻结积分 李秀英 涉嫌虚报", message_id="f1") == (
        "已冻结李秀英家的积分，编号 冻1。冻结期间新得的积分先记着。已告知这户。"
    )
    assert town.say("徐慧敏", "冻结积分 李秀英 涉嫌虚报", message_id="f1").startswith("已冻结李秀英家")
    assert town.say("顾晓宁", "冻结积分 李秀英 再来") == "李秀英家的积分已经冻结了。"
    assert told(town, "李秀英")[-1] == (
        "您家的积分已被冻结，暂时不能使用：涉嫌虚报。经办人：徐慧敏。"
        "有异议请在 12月8日 09:00 前发“申诉 冻1 理由”，由别人复核。"
    )
    assert town.say("李秀英", "积分") == (
        "您现有 10 分。另有 10 分已换商品，等待领取。积分已冻结，暂时不能使用。"
    )
    town.later(1)
    assert town.say("李秀英", "兑换 盐") == "您家的积分已被冻结，暂时不能使用。有疑问请联系村(社区)。"
    assert town.say("戴满仓", f"核销 {code}") == "这户的积分已被冻结，暂时不能领取。"
    assert town.say("李秀英", "取消兑换") == "您家的积分已被冻结，暂时不能取消，货先留着。"
    assert town.say("徐慧敏", "扣分 李秀英 5 虚报") == "李秀英家的积分冻结着，什么都不能动，请先解冻。"
    town.say("李秀英", "路灯坏了")
    assert town.say("徐慧敏", "属实 1003") == "事件 1003 属实，积分暂缓发放，可以发放时自动补记。"
    # The household appeals; who froze it may not judge, nor a stranger to the area.
    assert town.say("李秀英", "申诉 冻1") == "请写明理由，例如：申诉 冻1 那天我不在家。"
    assert town.say("李秀英", "申诉 冻1 都是真的") == (
        "已收到对 冻1 的申诉，由原经办人以外的人复核，结果会告诉您。"
    )
    assert town.say("李秀英", "申诉 冻1 再说一次") == "冻1 已经申诉过了，正在复核。"
    assert "都是真的（您经办的，要由别人复核）" in town.say("徐慧敏", "申诉列表")
    assert town.say("徐慧敏", "申诉成立 冻1") == "这是您经办的，要由别人复核。"
    assert town.say("陶春生", "申诉成立 冻1") == "您的辖区里没有这个编号的申诉。"
    assert town.say("顾晓宁", "申诉不成立 冻1") == "请写明理由，例如：申诉不成立 冻1 有照片为证。"
    assert town.say("顾晓宁", "申诉成立 冻1") == "冻1 申诉成立，李秀英家的积分已解冻。"
    assert town.say("陆长安", "申诉成立 冻1") == "冻1 已经复核过了。"
    assert told(town, "李秀英")[-1].startswith("您家的积分已解冻，可以使用了：申诉 冻1 成立。")
    town.later(600)
    assert "earn.pay_withheld" in town.run_jobs()
    assert town.points("李秀英") == 20
    assert town.say("戴满仓", f"核销 {code}") == "核销成功（单号 1）：李秀英，肥皂 1 块，10 分。请交货。"
    assert town.say("徐慧敏", "解冻 李秀英 查清了") == "李秀英家的积分没有冻结。"
    books_are_right(town)


def test_a_penalty_takes_what_is_there_and_an_appeal_gives_exactly_that_back(town: Town) -> None:
    earn(town, "李秀英", 2)
    assert town.say("徐慧敏", "扣分 李秀英 5") == "请写明理由，例如：扣分 李秀英 20 乱倒垃圾。"
    assert town.say("徐慧敏", "扣分 李秀英 0 乱倒") == "分数要在 1 到 100000 之间。"
    assert town.say("徐慧敏", "扣分 李秀英0001 5分 乱倒垃圾", message_id="p1") == (
        "已扣李秀英家 5 分，编号 扣1。已告知这户。"
    )
    assert town.say("徐慧敏", "扣分 李秀英0001 5分 乱倒垃圾", message_id="p1").startswith("已扣李秀英家 5 分")
    assert town.points("李秀英") == 15
    assert town.say("徐慧敏", "扣分 李秀英 40 打架") == (
        "已扣李秀英家 15 分（只有 15 分，扣到 0 为止），编号 扣2。已告知这户。"
    )
    assert town.say("徐慧敏", "扣分 李秀英 1 打架") == "李秀英家现在没有积分，扣不了。"
    assert "扣2 扣 15 分：打架\n扣1 扣 5 分：乱倒垃圾" in town.say("李秀英", "我家")
    assert town.say("李秀英", "申诉 我没打架").startswith("收到，编号 ")  # two stand: which one is not said
    assert town.say("李秀英", "申诉扣2我没打架").startswith("已收到对 扣2 的申诉")
    assert town.say("王小满", "申诉 扣1 理由") == "没有可以申诉的这个编号。扣分、冻结要在 15 天内申诉。"
    assert town.heard("QH-XF")[-1] == (
        "【积分申诉】有一件申诉（扣2）等待复核，请由原经办人以外的人发“申诉列表”办理。"
    )
    assert town.say("顾晓宁", "申诉成立 扣1") == "扣1 没有人申诉。"
    assert town.say("顾晓宁", "申诉成立 2") == "请写全编号，例如：扣12、冻3。"
    assert town.say("顾晓宁", "申诉成立 扣2") == "扣2 申诉成立，15 分已退回李秀英家。已告知这户。"
    assert town.points("李秀英") == 15
    # The other one is appealed in time and dismissed; a third comes too late.
    assert town.say("李秀英", "申诉 扣1 不是我").startswith("已收到对 扣1 的申诉")
    assert town.say("陆长安", "申诉不成立 扣1 有照片") == "扣1 申诉不成立，维持原决定。已告知这户。"
    assert town.say("李秀英", "申诉 扣1 就不是我") == "扣1 已经申诉过了，已有结果。"
    town.say("徐慧敏", "扣分 李秀英 1 迟到")
    town.later(15 * DAY + 1)
    assert town.say("李秀英", "申诉 扣3 没迟到") == "没有可以申诉的这个编号。扣分、冻结要在 15 天内申诉。"
    assert town.points("李秀英") == 14
    books_are_right(town)


def test_who_may_discipline_whom(town: Town) -> None:
    earn(town, "李秀英", 1)
    town.say("徐慧敏", "我家")
    assert town.say("何春梅", "扣分 李秀英 5 乱倒").startswith("收到，编号 ")  # a grid worker reports
    assert town.say("陶春生", "扣分 李秀英 5 乱倒").startswith("您的辖区里没有找到“李秀英”")
    assert town.say("徐慧敏", "扣分 徐慧敏 5 试试") == "不能处理自己家的积分，请由别人经手。"
    assert town.say("徐慧敏", "扣分 夏知秋 5 试试") == "夏知秋还没有积分，没有建户。"
    code = town.say("李秀英", "我家")[3:11]
    assert town.say("陶春生", f"扣分 {code} 5 乱倒") == "这一户不在您的辖区。"
    assert town.say("徐慧敏", f"扣分 {code.lower()} 5 乱倒").startswith("已扣李秀英家 5 分")
    assert town.points("李秀英") == 5
    books_are_right(town)


def test_two_penalties_at_once_take_no_more_than_there_is(town: Town) -> None:
    earn(town, "李秀英", 3)
    with ThreadPoolExecutor(4) as pool:
        said = list(
            pool.map(lambda who: town.say(who, "扣分 李秀英 20 打架"), ("徐慧敏", "顾晓宁", "陆长安", "秦颖"))
        )
    taken = sum(int(one.split("李秀英家 ")[1].split(" 分")[0]) for one in said if one.startswith("已扣"))
    assert taken + town.points("李秀英") == 30
    assert town.points("李秀英") <= 10
    books_are_right(town)


def test_an_award_is_taken_back_once_and_what_was_spent_becomes_a_debt(town: Town) -> None:
    earn(town, "李秀英", 2)
    town.say("李秀英", "兑换 肥皂")
    listed = town.say("严守正", "户明细 李秀英").splitlines()
    assert listed[0].startswith("李秀英家（户号 ")
    with town.db.read() as tx:  # who looks is written down, but not at the own household
        seen = tx.execute(sa.select(looks.c.subject, looks.c.why)).all()
        assert [(row[0].split(":")[0], row[1]) for row in seen] == [("household", "户明细")]
    numbers = [line.split(" ")[0] for line in listed[1:]]
    held, second, first = numbers
    assert town.say("徐慧敏", f"更正 {second} 不实").startswith("收到，编号 ")
    assert town.say("连欣", f"更正 {second} 不实").startswith("您的辖区里没有这个流水号的得分。")
    assert town.say("严守正", f"更正 {held} 不实").startswith("您的辖区里没有这个流水号的得分。")
    assert town.say("严守正", f"更正 {second}") == f"请写明理由，例如：更正 {second} 照片是别处的。"
    assert town.say("严守正", f"更正 {second} 照片是别处的") == (
        f"已收回李秀英家的 10 分（流水 {second}）。已告知这户。"
    )
    assert town.say("严守正", f"更正 {second} 照片是别处的") == f"流水 {second} 已经更正过了。"
    assert town.say("严守正", f"冲正 {first} 重复上报") == (
        f"已收回李秀英家的 10 分（流水 {first}）。已用掉的部分记欠 10 分，以后得分先抵。已告知这户。"
    )
    assert town.say("李秀英", "积分") == "您现有 0 分。另有 10 分已换商品，等待领取。欠 10 分，以后得分先抵。"
    assert told(town, "李秀英")[-1] == (
        "您家 11月23日 09:00 的 10 分（上报属实（事件 1001））已收回：重复上报。"
        "已用掉的部分记欠 10 分，以后得分先抵。经办人：严守正。有疑问请联系村(社区)。"
    )
    earn(town, "李秀英", 1)
    assert town.points("李秀英") == 0
    books_are_right(town)


def test_a_large_award_is_taken_back_by_two_people(make_town: MakeTown, tmp_path: Path) -> None:
    rules = copytree(ROOT / "rules", tmp_path / "rules")
    limits = (rules / "points.toml").read_text(encoding="utf-8")
    small = limits.replace("person_day = 45", "person_day = 45\nreverse_alone = 5")
    (rules / "points.toml").write_text(small, encoding="utf-8")
    town = make_town(rules)
    earn(town, "李秀英", 1)
    number = town.say("严守正", "户明细 李秀英").splitlines()[1].split(" ")[0]
    assert town.say("严守正", f"更正 {number} 照片是别处的") == (
        "这笔有 10 分，超过 5 分，要另一位监督员或镇里同意，编号 1。"
    )
    assert town.say("严守正", f"更正 {number} 再来") == f"流水 {number} 正等另一位同意。"
    assert town.say("严守正", "同意更正 1") == "这是您提出的，要由另一位同意。"
    assert town.say("连欣", "同意更正 1").startswith("您的辖区里没有这个流水号的得分。")
    assert town.say("顾晓宁", "不同意更正 1") == f"更正 1 不同意，流水 {number} 的 10 分不收回。"
    assert town.say("顾晓宁", "同意更正 1") == "更正 1 已经有结果了。"
    assert town.say("顾晓宁", f"更正 {number} 确是别处的").endswith("编号 2。")
    assert town.points("李秀英") == 10
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda who: town.say(who, "同意更正 2"), ("严守正", "陆长安", "秦颖")))
    assert sum(one.startswith("已收回李秀英家的 10 分") for one in said) == 1, said
    assert town.points("李秀英") == 0
    books_are_right(town)


def test_codes_and_what_concerns_single_people_are_not_shown_in_a_group(town: Town) -> None:
    earn(town, "李秀英", 1)
    private = "不在群里显示。请单独发给我："
    for who, text, what in (
        ("何春梅", "兑换 肥皂 1", "取货码"),
        ("何春梅", "重发", "取货码"),
        ("何春梅", "邀请家人", "邀请码"),
        ("何春梅", "我家", "家里的情况"),
        ("何春梅", "挂失", "卡号"),
        ("徐慧敏", "户明细 李秀英", "别人家的积分"),
        ("徐慧敏", "申诉列表", "申诉"),
        ("何春梅", "送货单", "送货单"),
        ("严守正", "流水", "流水里有姓名，"),
    ):
        assert town.say_in_group(who, text) == f"{what}{private}{text}"
    assert "不在群里" not in town.say("徐慧敏", "户明细 李秀英")
