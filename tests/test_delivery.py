"""送货上门: what is brought to the door of those who cannot come, by whom, and that they hear of it."""

import re
from functools import partial

from store import looks
from tests.shop import assert_books_are_right, give_points, order, told
from tests.town import DAY, Town

GONE = "没有这个待领的单，或者已经领取、取消了。"


def test_an_order_is_brought_to_the_door_and_the_household_hears_of_it(town: Town) -> None:
    give_points(town, "李秀英", 200)
    code = order(town, "李秀英", "大米 5")
    assert town.say("李秀英", f"送货上门 {code} 幸福路3号楼2单元301") == (
        "已登记送货上门（单号 1）：大米 5 斤，送到幸福路3号楼2单元301。不用送了请发：取消送货"
    )
    one = "单号 1 李秀英（幸福社区第二网格，幸福路3号楼2单元301）：大米 5 斤"
    listed = f"【送货单】\n{one}\n送到了请发：已送达 单号"
    assert town.say("戴满仓", "送货单") == town.say("何春梅", "送货单") == listed
    assert town.say("周建国", "送货单") == town.say("毛巧玲", "送货单") == "没有要送上门的。"
    assert town.say("周建国", "已送达 1") == GONE  # another grid
    assert town.say("李秀英", "已送达 1").startswith("收到，编号 ")
    assert town.say("何春梅", "已送达 1") == "单号 1 已送达：大米 5 斤。"
    assert town.say("何春梅", "已送达 1") == GONE
    assert told(town, "李秀英") == [
        "【送达】您家兑换的大米 5 斤已送到，经手人何春梅。没有收到请马上回复“投诉”说明。"
    ]
    assert town.say("严守正", "流水").splitlines()[2] == (
        "单号 1 09:00 李秀英 大米 5 斤 50 分，送货，经手何春梅"
    )
    assert town.say("戴满仓", f"核销 {code}").startswith("没有这个取货码")
    assert_books_are_right(town)


def test_the_worker_asks_for_who_has_no_phone_and_it_is_brought_outside_the_hours(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    say("营业时间 每月5日 9:00-16:00")
    give_points(town, "李秀英", 200)
    order(town, "李秀英", "大米 5")
    assert say("已送达 1") == "单号 1 没有登记送货，请凭取货码核销，或先发：送货上门 单号1"
    assert town.say("周建国", "送货上门 单号1 三号楼") == GONE
    assert town.say("何春梅", "送货上门 单号1 三号楼") == (
        "已登记送货上门（单号 1）：大米 5 斤，送到三号楼。不用送了请发：取消送货"
    )
    # Without a code it could be anybody's: both the household and the supervisor hear who asked.
    asked = "【送货】何春梅替您家登记了送货上门：大米 5 斤。不是您家托的，请马上发“取消送货”。"
    watched = "【代登记送货】幸福社区平安超市：单号 1，大米 5 斤，登记人何春梅。"
    assert {asked, watched} <= set(town.told())
    assert "大米 5 斤" in town.say("何春梅", "送货单")
    with town.db.read() as tx:
        assert [why for _, _, why in looks.of(tx, "household:1", 5)] == ["送货单"]
    assert say("已送达 1") == "单号 1 已送达：大米 5 斤。"
    assert_books_are_right(town)


def test_it_may_be_called_off_and_what_cannot_be_brought_is_said(town: Town) -> None:
    give_points(town, "李秀英", 200)
    give_points(town, "何春梅", 50)
    assert town.say("李秀英", "送货上门") == "没有这个取货码，或者已经领取、取消了。"
    code = order(town, "李秀英", "大米 5")
    assert town.say("李秀英", f"送货上门 {code} {'很远' * 31}") == "地址最多 60 个字。"
    assert town.say("王小满", f"送货上门 {code} 我家") == "没有这个取货码，或者已经领取、取消了。"
    assert town.say("李秀英", "取消送货") == "这一单没有登记送货。"
    assert town.say("李秀英", "送货上门").startswith("已登记送货上门（单号 1）：大米 5 斤，送到家里。")
    assert town.say("戴满仓", "送货单").splitlines()[1] == "单号 1 李秀英（幸福社区第二网格）：大米 5 斤"
    assert town.say("李秀英", "取消送货") == "单号 1 不送了，请凭取货码到店领取。"
    assert town.say("戴满仓", "送货单") == "没有要送上门的。"
    assert town.say("戴满仓", f"核销 {code}").startswith("核销成功")
    # Nobody brings the own order, and nothing is brought that has run out of time.
    order(town, "何春梅", "肥皂")
    town.say("何春梅", "送货上门")
    assert town.say("何春梅", "已送达 2") == "不能给自己核销，请由别人经手。"
    town.later(7 * DAY)
    assert town.say("戴满仓", "已送达 2") == "这一单已经过期，积分会自动退回。"
    assert_books_are_right(town)


def test_a_phone_number_in_an_address_is_masked(town: Town) -> None:
    give_points(town, "李秀英", 50)
    code = order(town, "李秀英", "肥皂")
    answer = town.say("李秀英", f"送货上门 {code} 三号楼 13812345678")
    assert re.search(r"送到三号楼 138\*+5678。", answer), answer
