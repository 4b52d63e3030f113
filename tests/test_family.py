"""我家, 加入, 分户, 迁入, 注销, 继承: people come and go, points and history stay right."""

from concurrent.futures import ThreadPoolExecutor

from store import meta
from store.awards import HALTED
from tests.shop import give_points
from tests.test_discipline import books_are_right, told
from tests.test_redeem import earn
from tests.town import DAY, HOUR, Town

NO_CODE = "邀请码不对，或者已经用过、过期了。还可以试 {} 次。"


def invite(town: Town, who: str) -> str:
    """The code of an invitation."""
    return town.say(who, "邀请家人").split("邀请码：")[1].splitlines()[0]


def code_of(town: Town, who: str) -> str:
    return town.say(who, "我家").splitlines()[0].split("户号 ")[1].split("，")[0]


def test_a_newcomer_brings_the_points_along_and_may_take_it_back_within_a_day(town: Town) -> None:
    earn(town, "李秀英", 2)
    earn(town, "王小满", 1)
    town.say("王小满", "兑换 肥皂")  # what waits goes back first
    old = code_of(town, "王小满")
    code = invite(town, "李秀英")
    assert town.say("王小满", "加入 ABCD2345") == NO_CODE.format(4)
    assert town.say("李秀英", f"加入 {code}") == "您已经在这一户了。"
    assert town.say("王小满", f"加入 {code}", message_id="j1") == (
        "已加入李秀英家，您的 10 分已并入。弄错了可在 24 小时内发“撤销加入”。"
    )
    assert town.say("王小满", f"加入 {code}", message_id="j1").startswith("已加入李秀英家")
    assert town.say("陈桂芳", f"加入 {code}") == NO_CODE.format(4)
    assert told(town, "李秀英")[-1] == "王小满加入了您家，带来 10 分。积分以后一起用，发“我家”可看。"
    assert town.say("王小满", "我家").splitlines() == [
        f"户号 {code_of(town, '李秀英')}，2 人：李秀英、王小满",
        "积分 30 分",
    ]
    assert town.say("王小满", "明细").splitlines()[0].endswith("+10 分 王小满加入，余 30 分")
    # Both spend from one wallet.
    assert town.say("王小满", "兑换 肥皂").startswith("已兑换肥皂 1 块")
    assert "待领商品 10 分" in town.say("李秀英", "我家")
    # Undone: exactly what came goes back, to the same household with its number.
    assert town.say("王小满", "撤销加入") == "已撤销，您回到原来的户，现有 10 分。"
    assert town.say("王小满", "撤销加入") == "没有 24 小时以内的加入可以撤销。要分开请发：分户 分数"
    assert (code_of(town, "王小满"), town.points("李秀英")) == (old, 10)
    # Again, and everything is spent: it cannot be undone, and not after a day.
    assert town.say("王小满", f"加入 {invite(town, '李秀英')}").startswith("已加入李秀英家，您的 10 分已并入")
    assert town.say("王小满", "兑换 肥皂 2").startswith("已兑换肥皂 2 块")
    assert town.say("王小满", "撤销加入") == "带来的积分已经用掉一部分，退不回去了。要分开请发：分户 分数"
    town.later(DAY + 1)
    assert town.say("王小满", "撤销加入").startswith("没有 24 小时以内的加入可以撤销")
    books_are_right(town)


def test_what_an_invitation_refuses(town: Town) -> None:
    earn(town, "李秀英", 1)
    earn(town, "陈桂芳", 1, "马河生")
    late = invite(town, "李秀英")
    town.say("王小满", f"加入 {invite(town, '陈桂芳')}")
    town.later(3 * DAY)
    assert town.say("刘大川", f"加入 {late}") == NO_CODE.format(4)
    fresh = invite(town, "李秀英")
    assert town.say("陈桂芳", f"加入 {fresh}") == (
        "您现在和家人在一户，请先发“分户 分数”说好带走多少积分，再加入。"
    )
    town.say("徐慧敏", "冻结积分 李秀英 查")
    assert town.say("刘大川", f"加入 {fresh}") == "这户的积分冻结着，什么都不能动，要先解冻。"
    town.say("徐慧敏", "解冻 李秀英 查清")
    town.later(1)
    with ThreadPoolExecutor(4) as pool:
        who = ["刘大川", "赵爱莲", "孙来福", "周明月"]
        said = list(pool.map(lambda one: town.say(one, f"加入 {fresh}"), who))
    assert sum(one.startswith("已加入李秀英家") for one in said) == 1, said
    said = [town.say("吴长庚", "加入 ABCD2345") for _ in range(6)]
    assert said[:4] == [NO_CODE.format(left) for left in (4, 3, 2, 1)]
    assert said[4] == "邀请码不对，或者已经用过、过期了。已错 5 次，一小时内不能再试。"
    assert said[5] == "输错太多次，请在 11月26日 10:00 以后再试。"
    books_are_right(town)


def test_a_member_leaves_with_the_share_that_another_agrees_to(town: Town) -> None:
    earn(town, "李秀英", 3)
    assert town.say("李秀英", "分户 10") == "您家只有您一个人，不用分户。"
    town.say("王小满", f"加入 {invite(town, '李秀英')}")
    assert town.say("王小满", "分户 31") == "积分不够：要带走 31 分，家里现有 30 分。"
    assert town.say("王小满", "分户 12") == "已提出分户（编号 1），带走 12 分，等一位家人或村(社区)同意。"
    assert town.say("王小满", "分户 13") == "您已经提出分户，等家人同意。不分了请发：取消分户"
    assert told(town, "李秀英")[-1] == ("王小满要分户，带走 12 分。同意请发“同意分户 1”，不同意可以不理。")
    assert town.say("李秀英", "我家").splitlines()[-1] == "王小满要分户，带走 12 分：同意请发“同意分户 1”"
    assert town.say("王小满", "同意分户 1") == "自己提的分户，要由别的家人或村(社区)同意。"
    assert town.say("陈桂芳", "同意分户 1") == "没有这个编号的分户要您同意。"
    assert town.say("陶春生", "同意分户 1") == "没有这个编号的分户要您同意。"
    assert town.say("王小满", "取消分户") == "已取消分户。"
    assert town.say("王小满", "取消分户") == "您没有等待同意的分户。"
    assert town.say("李秀英", "同意分户 1") == "这次分户已经办好或取消了。"
    assert town.say("王小满", "分户12分").startswith("已提出分户（编号 2）")
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda who: town.say(who, "同意分户 2"), ("李秀英", "徐慧敏", "顾晓宁")))
    assert sum(one == "已分户：王小满单独成一户，带走 12 分。" for one in said) == 1, said
    assert (town.points("李秀英"), town.points("王小满")) == (18, 12)
    assert "积分 12 分" in town.say("王小满", "我家")
    # With nothing to take along nobody need agree.
    town.say("王小满", f"加入 {invite(town, '李秀英')}")
    assert town.say("李秀英", "分户 0") == "已分户，您单独成一户，积分 0 分。"
    assert (town.points("李秀英"), town.points("王小满")) == (0, 30)
    books_are_right(town)


def test_what_a_household_may_have_a_month_follows_its_people(town: Town) -> None:
    give_points(town, "李秀英", 100)
    give_points(town, "陈桂芳", 100)
    assert town.say("戴满仓", "限购 盐 2").startswith("盐 400 g：每户每月限 2 袋")
    town.say("王小满", f"加入 {invite(town, '李秀英')}")
    assert town.say("李秀英", "兑换 盐 2").startswith("已兑换盐 400 g 2 袋")
    town.say("王小满", "分户 50")
    town.later(HOUR)
    assert town.say("李秀英", "同意分户 1") == "已分户：王小满单独成一户，带走 50 分。"
    had = "盐 400 g每户每月限 2 袋，本月已换 {} 袋。"
    for who in ("王小满", "李秀英"):
        assert town.say(who, "兑换 盐") == had.format(2), who
    town.say("王小满", "兑换 肥皂")  # what has no limit
    # Given up, it counts for neither; had elsewhere, it comes along.
    assert town.say("李秀英", "取消兑换") == "已取消，20 分退回。"
    assert town.say("王小满", "兑换 盐").startswith("已兑换盐 400 g 1 袋")
    town.later(HOUR)
    assert town.say("陈桂芳", f"加入 {invite(town, '王小满')}").startswith("已加入王小满家")
    assert town.say("陈桂芳", "兑换 盐 2") == had.format(1)
    assert town.say("李秀英", "兑换 盐 2").startswith("已兑换盐 400 g 2 袋")
    town.later(30 * DAY)
    assert town.say("王小满", "兑换 盐 2").startswith("已兑换盐 400 g 2 袋")
    books_are_right(town)


def test_a_household_moves_and_keeps_everything(town: Town) -> None:
    earn(town, "李秀英", 2)
    code = code_of(town, "李秀英")
    assert town.say("陶春生", "迁入 ABCD2345 桃花村三组") == "没有这个户号，请让这户发“我家”查看。"
    assert town.say("陶春生", f"迁入 {code} 青石村一组") == "您的辖区里没有“青石村一组”，请写网格的全名。"
    town.say("徐慧敏", "冻结积分 李秀英 涉嫌虚报")
    frozen = "这户的积分冻结着，什么都不能动，要先解冻。"
    assert town.say("陶春生", f"迁入 {code} 桃花村三组") == frozen
    town.say("徐慧敏", "解冻 李秀英 查清了")
    # Somebody who saw the number on a card gets nothing by it: the household, or who knows it, is asked.
    asked = "已提出迁入（编号 {}），等这户或原来的网格员同意。"
    assert town.say("陶春生", f"迁入 {code} 桃花村三组") == asked.format(1)
    assert town.say("陶春生", f"迁入 {code} 桃花村三组") == "这户已有一次迁入在等同意。"
    assert told(town, "李秀英")[-1] == (
        "青河镇桃花村三组要把您家迁过去，积分和记录都跟着走。同意请发“同意迁入 1”，"
        "不是您家要办的请发“不同意迁入 1”。"
    )
    assert town.heard("QH-XF")[-1] == (
        "【迁出待同意 1】李＊家要迁到青河镇桃花村三组。请网格员问过这户后发：同意迁入 1，或：不同意迁入 1"
    )
    for who in ("陶春生", "王小满", "马河生"):
        assert town.say(who, "同意迁入 1") == "没有这个编号的迁入要您同意。", who
    waits = "要迁到青河镇桃花村三组：同意请发“同意迁入 1”，没有搬请发“不同意迁入 1”"
    assert town.say("李秀英", "我家").splitlines()[-1] == waits
    assert town.say("李秀英", "不同意迁入 1") == "已记录，李秀英家不迁。"
    over = "这次迁入已经办好、取消或过期了。"
    assert (town.say("何春梅", "同意迁入 1"), told(town, "陶春生")[-1]) == (over, "迁入 1 没有同意，没有迁。")
    town.say("陶春生", f"迁入 {code} 桃花村三组")
    town.later(15 * DAY)
    assert town.say("李秀英", "同意迁入 2") == over
    assert town.say("陶春生", f"迁入 {code} 桃花村三组") == asked.format(3)
    assert town.say("何春梅", "同意迁入 3") == "李秀英家已迁入青河镇桃花村三组。已告知这户。"
    assert told(town, "陶春生")[-1] == "李秀英家已迁入青河镇桃花村三组。"
    assert town.say("李秀英", "同意迁入 3") == over
    assert town.say("陶春生", f"迁入 {code} 桃花村三组") == "李秀英家已经在青河镇桃花村三组了。"
    assert town.heard("QH-XF")[-1] == "【迁出】李＊家已迁到青河镇桃花村三组，积分随户转走。"
    assert town.say("徐慧敏", "户明细 李秀英").startswith("您的辖区里没有找到“李秀英”")
    assert town.say("陶春生", "户明细 李秀英").splitlines()[0] == f"李秀英家（户号 {code}）现有 20 分"
    assert len(town.say("李秀英", "明细").splitlines()) == 2
    # Within one village its own staff is enough; back home the household itself agrees.
    assert town.say("陶春生", f"迁入 {code} 桃花村一组").startswith("李秀英家已迁入青河镇桃花村一组。")
    town.say("徐慧敏", f"迁入 {code} 幸福社区第二网格")
    assert town.say("李秀英", "同意迁入 5") == "李秀英家已迁入青河镇幸福社区第二网格。"
    books_are_right(town)


def test_after_a_death_the_household_goes_on_and_the_last_one_leaves_to_the_heirs(town: Town) -> None:
    earn(town, "李秀英", 2)
    earn(town, "何春梅", 1)
    town.say("王小满", f"加入 {invite(town, '李秀英')}")
    assert town.say("徐慧敏", "注销成员 李秀英") == "请写明理由，例如：注销成员 李秀英 11月20日去世。"
    assert town.say("徐慧敏", "注销成员 李秀英 去世") == (
        "已注销李秀英，积分仍归这户使用。办错了请发：恢复成员 李秀英"
    )
    assert town.say("徐慧敏", "注销成员 李秀英 去世") == "李秀英不在任何户里。"
    assert town.say("徐慧敏", "恢复成员 王小满") == "王小满没有被注销。"
    assert town.say("徐慧敏", "恢复成员 李秀英").startswith("已恢复李秀英，户号 ")
    town.later(1)
    town.say("徐慧敏", "注销成员 李秀英 去世")
    assert town.points("王小满") == 20
    assert told(town, "王小满")[-1].startswith("村(社区)已把李秀英从您家注销：去世。积分仍归您家使用。")
    town.say("王小满", "兑换 肥皂")
    code = code_of(town, "王小满")
    assert town.say("徐慧敏", f"继承 {code} 何春梅 女儿") == "这一户还有人，不能继承。"
    assert town.say("徐慧敏", "注销成员 王小满 去世") == (
        f"已注销王小满，户号 {code} 没有人了，已销户。"
        f"户里还有 20 分，继承人来办时请发：继承 {code} 继承人 理由。"
    )
    assert town.say("徐慧敏", f"继承 {code} 何春梅") == (
        f"请写明理由，例如：继承 {code} 王小满 独子，村委会证明。"
    )
    assert town.say("陶春生", f"继承 {code} 何春梅 女儿") == "这一户不在您的辖区。"
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda who: town.say(who, f"继承 {code} 何春梅 女儿"), ("徐慧敏", "顾晓宁")))
    assert sum(one == f"户号 {code} 的 20 分已转给何春梅家。已告知这户。" for one in said) == 1, said
    assert town.say("徐慧敏", f"继承 {code} 何春梅 女儿") == "这一户没有积分可以继承。"
    assert town.points("何春梅") == 30
    # An award of the dead taken back later is the heirs'.
    first = town.say("严守正", f"户明细 {code}").splitlines()[-1].split(" ")[0]
    assert town.say("严守正", f"更正 {first} 不实").startswith("已收回何春梅家的 10 分")
    assert town.points("何春梅") == 20
    books_are_right(town)


def test_what_waited_and_came_along_goes_back_when_joining_is_undone(town: Town) -> None:
    """Also where it was paid meanwhile; what was earned together stays."""
    earn(town, "李秀英", 1)
    earn(town, "王小满", 1)
    for paid_meanwhile in (False, True):
        town.db.write(lambda tx: meta.put(tx, HALTED, "1"))
        report_and_wait(town, "王小满")
        before = town.points("王小满")
        town.say("王小满", f"加入 {invite(town, '李秀英')}")
        report_and_wait(town, "李秀英")
        town.db.write(lambda tx: meta.put(tx, HALTED, ""))
        town.later(600)
        if paid_meanwhile:
            town.run_jobs()
            assert town.points("李秀英") == 10 + 10 + before + 10 + 10
        assert town.say("王小满", "撤销加入").startswith("已撤销，您回到原来的户")
        town.later(600)
        town.run_jobs()
        assert town.points("王小满") == before + 10
        books_are_right(town)
    assert town.points("李秀英") == 10 + 10 + 10


def report_and_wait(town: Town, who: str) -> None:
    number = town.say(who, "路灯不亮了").split("编号 ")[1][:4]
    assert town.say("徐慧敏", f"属实 {number}").endswith("积分暂缓发放，可以发放时自动补记。")


def test_what_comes_to_a_household_that_is_gone_follows_it(town: Town) -> None:
    earn(town, "李秀英", 2)
    earn(town, "王小满", 1)
    town.say("徐慧敏", "扣分 李秀英 5 乱倒垃圾")
    town.say("李秀英", "申诉 不是我")
    town.db.write(lambda tx: meta.put(tx, HALTED, "1"))
    town.say("李秀英", "路灯坏了")
    assert town.say("徐慧敏", "属实 1004").endswith("积分暂缓发放，可以发放时自动补记。")
    listed = town.say("严守正", "户明细 李秀英").splitlines()
    assert town.say("李秀英", f"加入 {invite(town, '王小满')}").startswith("已加入王小满家，您的 15 分已并入")
    town.db.write(lambda tx: meta.put(tx, HALTED, ""))
    town.later(600)
    town.run_jobs()
    assert town.points("王小满") == 35
    assert town.say("顾晓宁", "申诉成立 扣1") == "扣1 申诉成立，5 分已退回王小满家。已告知这户。"
    assert town.points("王小满") == 40
    assert town.say("王小满", "兑换 肥皂 4").startswith("已兑换肥皂 4 块")
    first = listed[-1].split(" ")[0]
    assert town.say("严守正", f"更正 {first} 重复") == (
        f"已收回王小满家的 10 分（流水 {first}）。已用掉的部分记欠 10 分，以后得分先抵。已告知这户。"
    )
    assert "欠 10 分" in town.say("李秀英", "我家")
    assert town.say("王小满", "分户 0") == "这户还欠着积分，抵完以后再分户。"
    books_are_right(town)
