"""退货: faulty goods come back, the points return to where they came from, never more than was bought."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import sqlalchemy as sa

from store.tx import Tx
from tests.shop import assert_books_are_right, give_points, order, shelf, told
from tests.town import DAY, Town


def bought(town: Town, who: str, text: str, clerk: str = "戴满仓") -> None:
    code = order(town, who, text)
    assert town.say(clerk, f"核销 {code}").startswith("核销成功")


def test_faulty_goods_come_back_and_so_do_the_points(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    give_points(town, "李秀英", 100)
    bought(town, "李秀英", "大米 5")
    assert say("退货 1 大米 2斤 发霉了") == "已退大米 2 斤，20 分退还。货记为报损。"
    assert say("退货 单号1 大米 1 没拆封，拿错了") == "已退大米 1 斤，10 分退还。货放回货架。"
    assert say("退货 1 大米 3 发霉了") == "大米买了 5 斤，最多还能退 2 斤。"
    assert (town.points("李秀英"), shelf(town, "大米")) == (80, "大米 196 斤（报损 2）")
    assert say("退货 1 大米 2 发霉了") == "已退大米 2 斤，20 分退还。货记为报损。"
    assert say("退货 1 大米 1 发霉了") == "大米买了 5 斤，最多还能退 0 斤。"
    assert told(town, "李秀英") == [
        "【退货】您家在幸福社区平安超市退了大米 2 斤，20 分已退还。",
        "【退货】您家在幸福社区平安超市退了大米 1 斤，10 分已退还。",
        "【退货】您家在幸福社区平安超市退了大米 2 斤，20 分已退还。",
    ]
    assert told(town, "严守正")[0] == (
        "【退货】幸福社区平安超市：第 1 号单退大米 2 斤，20 分，发霉了，经手戴满仓。"
    )
    assert town.say("李秀英", "积分") == "您现有 100 分。"
    assert_books_are_right(town)


def test_what_cannot_be_returned(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    give_points(town, "李秀英", 200)
    bought(town, "李秀英", "大米 5")
    code = order(town, "李秀英", "肥皂")
    for text, answer in (
        ("退货 1 大米 2", "请这样发：退货 单号 商品 数量 理由"),
        ("退货 1 大米 0 发霉", "请这样发：退货 单号 商品 数量 理由"),
        ("退货 1 肥皂 1 坏了", "第 1 号单没有领过肥皂。"),
        ("退货 2 肥皂 1 坏了", "第 2 号单没有领过肥皂。"),
        ("退货 1 电视 1 坏了", "幸福社区平安超市没有这样商品，发“库存”看名称。"),
        ("退货 99 大米 1 发霉", "您的店里没有第 99 号单。"),
    ):
        assert say(text) == answer, text
    assert town.say("毛巧玲", "退货 1 大米 1 发霉") == "您的店里没有第 1 号单。"
    assert town.say("李秀英", "退货 1 大米 1 发霉").startswith("收到，编号 ")
    say(f"核销 {code}")
    town.later(15 * DAY + 1)
    assert say("退货 1 大米 1 发霉") == "领取超过 15 天，不能退货。"
    assert_books_are_right(town)


def test_nobody_returns_for_the_own_household_and_a_frozen_one_waits(town: Town) -> None:
    give_points(town, "戴满仓", 100)
    give_points(town, "李秀英", 100)
    bought(town, "戴满仓", "农用手套", "毛巧玲")
    bought(town, "李秀英", "大米 2")

    def keep_both(tx: Tx) -> None:
        tx.execute(
            sa.text(
                "INSERT INTO posts (person_id, role, unit_id) SELECT p.id, 'shop_manager', u.id "
                "FROM people p, units u WHERE p.name = '戴满仓' AND u.code = 'QH-TH'"
            )
        )
        tx.execute(
            sa.text(
                "INSERT INTO freezes (household_id, reason, by_id, at) "
                f"SELECT h.id, '核实', h.id, {town.now} FROM households h WHERE h.name = '李秀英'"
            )
        )

    town.db.write(keep_both)
    assert town.say("戴满仓", "退货 1 农用手套 1 破了") == "不能给自己退货，请由别人经手。"
    assert town.say("戴满仓", "退货 2 大米 1 发霉") == "这户的积分已被冻结，暂时不能退货。"
    assert town.drift() == []


def test_a_service_that_did_not_take_place_gives_its_points_back(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    say("上架 免费理发 30分 服务")
    give_points(town, "李秀英", 100)
    bought(town, "李秀英", "免费理发")
    assert say("退货 1 免费理发 1 师傅没来") == "已退免费理发 1 次，30 分退还。"
    assert town.points("李秀英") == 100
    assert_books_are_right(town)


def test_points_of_a_household_that_joined_another_follow_it_there(town: Town) -> None:
    give_points(town, "李秀英", 100)
    give_points(town, "王小满", 5)
    bought(town, "李秀英", "大米 5")
    code = town.say("王小满", "邀请家人").split("邀请码：")[1].splitlines()[0]
    town.say("李秀英", f"加入 {code}")
    assert town.points("王小满") == 55
    assert town.say("戴满仓", "退货 1 大米 2 发霉了") == "已退大米 2 斤，20 分退还。货记为报损。"
    assert (town.points("王小满"), town.points("李秀英")) == (75, 75)
    assert told(town, "王小满")[1:] == ["【退货】您家在幸福社区平安超市退了大米 2 斤，20 分已退还。"]
    assert_books_are_right(town)


def test_returned_twice_at_once_comes_back_once(town: Town) -> None:
    give_points(town, "李秀英", 100)
    bought(town, "李秀英", "保温杯")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: town.say("戴满仓", "退货 1 保温杯 1 漏水"), range(4)))
    assert sum(answer.startswith("已退保温杯 1 个，100 分退还。") for answer in answers) == 1, answers
    assert town.points("李秀英") == 100
    assert_books_are_right(town)
