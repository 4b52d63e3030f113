"""核销: a code that is guessed, in parts, by a proxy, within the opening hours, once."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from handlers import codes, orders
from handlers.ctx import Ctx
from handlers.earn import household_of
from handlers.message import Message
from store import people, shop
from store.tx import Tx
from tests.shop import assert_books_are_right, give_points, order, shelf, told
from tests.town import DAY, HOUR, Town, openid

UNKNOWN = "没有这个取货码，或者已经领取、过期了。"


def order_several(town: Town, who: str, *wanted: tuple[str, int]) -> str:
    """One order of several articles, as the page places it; its code."""

    def work(tx: Tx) -> str:
        known = people.by_account(tx, "official", openid(who))
        assert known is not None
        message = Message("", "web", "", "text")
        ctx = Ctx(tx, town.now, town.house.county, known[1], None, message, town.house.county.read(""))
        goods = {one.name: one for one in shop.articles_of(tx, [1])}
        household_id = household_of(tx, known[1].id, now=town.now)
        basket = [(goods[name], count) for name, count in wanted]
        return orders.place(ctx, household_id, basket, channel="page")[1].value

    return town.db.write(work)


def test_five_wrong_codes_pause_the_shop_for_ten_minutes(town: Town) -> None:
    give_points(town, "李秀英", 100)
    code = order(town, "李秀英", "肥皂")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for left in (4, 3):
        assert town.say("戴满仓", f"核销 {wrong}") == f"{UNKNOWN}还可以试 {left} 次。"
    second = order(town, "李秀英", "肥皂")
    assert town.say("戴满仓", f"核销 {second}").startswith("核销成功")  # a right one starts the count anew
    for left in (4, 3, 2, 1):
        assert town.say("戴满仓", f"核销 {wrong}") == f"{UNKNOWN}还可以试 {left} 次。"
    assert town.say("戴满仓", f"代领 {wrong} 夏知秋 0048") == (
        f"{UNKNOWN}已错 5 次，请在 11月23日 09:10 以后再试。"
    )
    paused = "取货码输错太多次，请在 11月23日 09:10 以后再试。"
    assert town.say("戴满仓", f"核销 {code}") == paused
    assert town.say("毛巧玲", f"核销 {wrong}") == f"{UNKNOWN}还可以试 4 次。"  # another shop is not paused
    town.later(599)
    assert town.say("戴满仓", f"核销 {code}") == paused
    town.later(1)
    assert town.say("戴满仓", f"核销 {code}") == "核销成功（单号 1）：李秀英，肥皂 1 块，10 分。请交货。"
    assert_books_are_right(town)


def test_an_order_is_picked_up_in_parts_and_its_code_goes_on(town: Town) -> None:
    give_points(town, "李秀英", 200)
    code = order_several(town, "李秀英", ("大米", 3), ("肥皂", 2), ("毛巾", 1))
    waiting = "大米 3 斤、肥皂 2 块、毛巾 1 条"
    for wrong in ("牙膏", "大米、牙膏"):
        assert (
            town.say("戴满仓", f"核销 {code} {wrong}")
            == f"这一单待领的是：{waiting}，请写其中的商品和不超过它的数量。"
        )
    assert town.say("戴满仓", f"核销 {code} 肥皂、毛巾") == (
        "核销成功（单号 1）：李秀英，肥皂 2 块、毛巾 1 条，35 分。请交货。还有大米 3 斤待领，取货码不变。"
    )
    assert town.say("李秀英", "积分") == "您现有 135 分。另有 30 分已换商品，等待领取。"
    assert town.say("李秀英", f"取消兑换 {code}") == "已取消，30 分退回。"
    assert town.say("戴满仓", f"核销 {code}").startswith(UNKNOWN)
    assert (town.points("李秀英"), shelf(town, "大米"), shelf(town, "肥皂")) == (
        165,
        "大米 200 斤",
        "肥皂 118 块",
    )
    code = order_several(town, "李秀英", ("大米", 3), ("肥皂", 2))
    assert town.say("戴满仓", f"核销 {code} 只领大米").endswith("还有肥皂 2 块待领，取货码不变。")
    assert town.say("戴满仓", f"核销 {code}") == "核销成功（单号 2）：李秀英，肥皂 2 块，20 分。请交货。"
    assert town.say("戴满仓", f"核销 {code}").startswith(UNKNOWN)
    assert_books_are_right(town)


def test_some_pieces_of_a_line_are_picked_up_and_the_rest_waits(town: Town) -> None:
    give_points(town, "李秀英", 200)
    town.say("戴满仓", "预警 大米 197")
    code = order_several(town, "李秀英", ("大米", 5), ("肥皂", 2))
    heard = len(town.heard("QH-XF"))
    waiting = "大米 5 斤、肥皂 2 块"
    too_many = f"这一单待领的是：{waiting}，请写其中的商品和不超过它的数量。"
    for wrong in ("大米 6", "大米 0", "大米2、牙膏", "大米 2 块"):
        assert town.say("戴满仓", f"核销 {code} {wrong}") == too_many, wrong
    assert town.say("戴满仓", f"核销 {code} 大米2斤、肥皂") == (
        "核销成功（单号 1）：李秀英，大米 2 斤、肥皂 2 块，40 分。请交货。还有大米 3 斤待领，取货码不变。"
    )
    assert town.say("李秀英", "积分") == "您现有 130 分。另有 30 分已换商品，等待领取。"
    assert town.say("戴满仓", f"核销 {code} 大米 一").endswith("还有大米 2 斤待领，取货码不变。")
    assert (shelf(town, "大米"), len(town.heard("QH-XF"))) == ("大米 195 斤（待领 2）", heard)
    assert town.say("李秀英", f"取消兑换 {code}") == "已取消，20 分退回。"
    assert (town.points("李秀英"), shelf(town, "大米")) == (150, "大米 197 斤")
    # Part of a part comes back as any purchase does; a frozen household takes nothing.
    assert town.say("戴满仓", "退货 1 大米 2 生虫").startswith("已退大米 2 斤，20 分退还。")
    code = order_several(town, "李秀英", ("大米", 2))
    town.say("徐慧敏", "冻结积分 李秀英 涉嫌虚报")
    assert town.say("戴满仓", f"核销 {code} 大米 1") == "这户的积分已被冻结，暂时不能领取。"
    town.say("徐慧敏", "解冻 李秀英 查清了")
    with ThreadPoolExecutor(2) as clerks:
        said = list(clerks.map(lambda pieces: town.say("戴满仓", f"核销 {code} 大米 {pieces}"), (1, 1)))
    assert sum(one.startswith("核销成功（单号 2）：李秀英，大米 1 斤") for one in said) == 2, said
    assert_books_are_right(town)


def test_a_neighbour_picks_up_and_the_household_hears_of_it(town: Town) -> None:
    give_points(town, "李秀英", 100)
    code = order(town, "李秀英", "肥皂 2")
    unknown = "没有登记过夏知秋（手机尾号 9999），代领人要先绑定身份，或写完整手机号。"
    assert town.say("戴满仓", f"代领 {code} 夏知秋 9999") == unknown
    assert town.say("戴满仓", f"代领 {code} 戴满仓 0083") == "经手人不能自己代领。"
    assert town.say("戴满仓", f"代领 {code} 夏知秋 0048") == (
        "核销成功（单号 1）：夏知秋（代领），肥皂 2 块，20 分。请交货。"
    )
    assert told(town, "李秀英") == [
        "【代领】您家兑换的肥皂 2 块已由夏知秋代领，经手人戴满仓。如果不是您家托的，请马上回复“投诉”说明。"
    ]
    assert town.say("严守正", "流水").splitlines()[2] == (
        "单号 1 09:00 李秀英 肥皂 2 块 20 分，代领夏知秋，经手戴满仓"
    )
    # One's own household is no stranger, and is not warned.
    code = order(town, "李秀英", "肥皂")
    assert town.say("戴满仓", f"代领 {code} 李秀英 13800000001") == (
        "核销成功（单号 2）：李秀英（家人），肥皂 1 块，10 分。请交货。"
    )
    assert len(told(town, "李秀英")) == 1
    assert_books_are_right(town)


def test_a_supervisor_watches_and_hands_nothing_over(town: Town) -> None:
    give_points(town, "李秀英", 100)
    code = order(town, "李秀英", "肥皂")
    assert town.say("严守正", f"核销 {code}").startswith("收到，编号 ")

    def make_supervisor(tx: Tx) -> None:
        known = people.by_account(tx, "official", openid("戴满仓"))
        assert known is not None
        unit_id = known[1].posts[0].unit_id
        row = {"person_id": known[1].id, "role": "shop_supervisor", "unit_id": unit_id, "department_id": None}
        people.add_posts(tx, [row])

    town.db.write(make_supervisor)
    assert town.say("戴满仓", f"核销 {code}") == "监督员不能经手交货，请店长办理。"
    assert_books_are_right(town)


def test_goods_are_handed_over_in_the_opening_hours(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    assert town.say("李秀英", "营业时间") == "幸福社区平安超市：随时可领。\n桃花村平安超市：随时可领。"
    assert say("临时开门 到18:00 集中兑换") == "幸福社区平安超市随时可以领，不用临时开门。"
    assert say("营业时间 工作日").startswith("营业时间“工作日”没看懂，请写成：")
    assert town.say("李秀英", "营业时间 每天 0-24点").startswith("收到，编号 ")
    changed = "幸福社区平安超市领取时间改为：每月5日、20日 09:00-16:00"
    assert say("营业时间 每月5日、20日 9:00-16:00") == f"{changed}。"
    assert told(town, "严守正") == [f"【营业时间】{changed}，经手戴满仓。"]
    assert town.say("李秀英", "营业时间").splitlines()[0] == (
        "幸福社区平安超市：每月5日、20日 09:00-16:00。现在不能领，下次 12月5日 09:00。"
    )
    assert "领取时间：每月5日、20日 09:00-16:00" in town.say("李秀英", "商品").splitlines()
    give_points(town, "李秀英", 100)
    answer = town.say("李秀英", "兑换 肥皂")
    assert answer.splitlines()[2] == (
        "请在 12月5日 16:00 前到幸福社区平安超市领取（每月5日、20日 09:00-16:00）。"
    )
    code = answer.splitlines()[1].removeprefix("取货码：")
    assert say(f"核销 {code}") == (
        "现在不是幸福社区平安超市的领取时间（每月5日、20日 09:00-16:00），请在 12月5日 09:00 来领。"
    )
    for wrong in ("临时开门 到8:00 集中兑换", "临时开门 到18:00", "临时开门 到25:00 集中兑换"):
        assert say(wrong) == "请写今天晚些时候的钟点和理由，例如：临时开门 到18:00 集中兑换"
    assert say("临时开门 到 11点半 集中兑换") == "幸福社区平安超市今天临时开到 11:30。"
    other = order(town, "李秀英", "盐")
    assert say(f"核销 {other}").startswith("核销成功")
    town.later(12 * DAY - 1)
    assert say(f"核销 {code}").startswith("现在不是幸福社区平安超市的领取时间")
    town.later(7 * HOUR)
    town.run_jobs()
    assert say(f"核销 {code}").startswith("核销成功")
    assert say("营业时间 随时") == "幸福社区平安超市领取时间改为：随时。"
    assert_books_are_right(town)


def test_the_last_moment_goes_to_one_of_hand_over_and_cancel(town: Town) -> None:
    give_points(town, "李秀英", 400)
    for _ in range(4):
        code = order(town, "李秀英", "肥皂 2")
        with ThreadPoolExecutor(2) as pool:
            told_both = list(
                pool.map(
                    lambda one: town.say(*one),
                    [("戴满仓", f"核销 {code}"), ("李秀英", f"取消兑换 {code}")],
                )
            )
        won = [answer for answer in told_both if answer.startswith(("核销成功", "已取消"))]
        assert len(won) == 1, told_both
    assert_books_are_right(town)


def test_two_clerks_who_give_a_part_each_end_the_order_between_them(town: Town) -> None:
    give_points(town, "李秀英", 400)
    for _ in range(4):
        code = order_several(town, "李秀英", ("大米", 1), ("肥皂", 1))
        with ThreadPoolExecutor(2) as pool:
            both = list(
                pool.map(
                    lambda goods, code=code: town.say("戴满仓", f"核销 {code} {goods}"), ("大米", "肥皂")
                )
            )
        assert sum(answer.startswith("核销成功") for answer in both) >= 1, both
        town.say("戴满仓", f"核销 {code}")  # what one of them was told to try again
        assert town.say("李秀英", "取消兑换") == "没有这个取货码，或者已经领取、取消了。"
    assert (shelf(town, "大米"), shelf(town, "肥皂")) == ("大米 196 斤", "肥皂 116 块")
    assert_books_are_right(town)


@pytest.mark.parametrize(
    ("scanned", "read"),
    [
        ("MSQH:SHOP-XF:012345", ("SHOP-XF", "012345")),
        (" 012 345 ", ("", "012345")),
        ("０１２-３４５", ("", "012345")),
        ("https://example.cn/012345", None),
        ("MSQH:SHOP-XF:12345", None),
        ("1234567", None),
    ],
)
def test_what_the_counter_scans_or_types(scanned: str, read: tuple[str, str] | None) -> None:
    assert codes.read_pickup(scanned) == read
    if read and read[0]:
        assert codes.pickup_payload(*read) == scanned
