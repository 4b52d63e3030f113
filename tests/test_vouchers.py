"""离线券: points are held when a list is signed, sales are booked once, what nobody used returns."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import sqlalchemy as sa
from httpx import Response

from store import tables
from tests.shop import assert_books_are_right, give_points, shelf, told
from tests.test_me import card, problem
from tests.town import DAY, NOW, Town
from tests.web import Web, form_of, signed_in

SIGN, COPY, SYNC, CLOSE, CHECKED = (
    f"/counter/vouchers/{word}" for word in ("sign", "copy", "sync", "close", "checked")
)


def sign(counter: Web, *cards: str, points: int = 50, device: str = "村口平板", **more: str) -> Response:
    page = counter.get("/counter/vouchers")
    return counter.send(page, SIGN, device=device, points=str(points), cards="\n".join(cards), **more)


def kept(page: Response) -> dict[str, Any]:
    """What a device keeps of a list."""
    found = re.search(r'data-list="([^"]*)"', page.text)
    assert found is not None, page.text
    copy: dict[str, Any] = json.loads(unescape(found[1]))
    return copy


def items(page: Response, part: str) -> list[str]:
    """The lines of a list on a page."""
    found = re.search(rf'id="{part}".*?</section>', page.text, re.DOTALL)
    lines = re.findall(r"<li[^>]*>(.*?)</li>", found[0], re.DOTALL) if found else []
    return [unescape(re.sub("<[^>]*>", " ", line)).strip() for line in lines]


def sale(copy: dict[str, Any], who: int, number: str, **wanted: int) -> dict[str, Any]:
    """A sale as the device writes it; `number` is the card's, `who` the place on the list."""
    known = {one["name"]: one["id"] for one in copy["goods"]}
    pieces = [[known[name], count] for name, count in wanted.items()]
    return {
        "id": f"sale-{who}-{len(wanted)}",
        "voucher": copy["vouchers"][who]["id"],
        "card": number,
        "at": NOW + 60,
        "items": pieces,
    }


def sync(counter: Web, copy: dict[str, Any], *sales: dict[str, Any], signature: str = "") -> Response:
    fields = form_of(counter.get("/counter/vouchers"), SYNC)
    fields |= {"list": str(copy["id"]), "signature": signature or copy["signature"]}
    return counter.post(SYNC, fields | {"sales": json.dumps(sales)})


def vouchers(town: Town) -> list[tuple[int, str]]:
    with town.db.read() as tx:
        query = sa.select(tables.vouchers.c.points, tables.vouchers.c.state).order_by(tables.vouchers.c.id)
        return [(row[0], row[1]) for row in tx.execute(query)]


def test_points_of_a_list_are_held_sold_without_network_and_booked_once(town: Town) -> None:
    give_points(town, "李秀英", 60)
    give_points(town, "王小满", 20)
    give_points(town, "孙来福", 30)
    one, other, frozen = (card(town, who).code for who in ("李秀英", "王小满", "孙来福"))
    town.say("陶春生", "冻结积分 孙来福 涉嫌虚报")
    counter = signed_in(town, "戴满仓", "柜台")
    page = sign(counter, one, f"http://127.0.0.1:8000/c/{other}", frozen, "WXYZ2345")
    copy = kept(page)
    assert [(each["who"], each["points"], each["state"]) for each in copy["vouchers"]] == [
        ("李＊", 50, "held"),
        ("王＊", 20, "held"),
    ]
    assert items(page, "left-out") == [
        "WXYZ2345：没有这张户卡",
        f"{frozen[:4]}-{frozen[4:]}（孙＊）：积分冻结着",
    ]
    # Neither card numbers nor anything of a PIN goes to the device.
    assert (one in page.text, other in page.text) == (False, False)
    # Signed, the points are gone from the wallets: nothing can be spent twice.
    assert (town.points("李秀英"), town.points("王小满")) == (10, 0)
    assert town.say("王小满", "兑换 盐") == "积分不够：需要 10 分，您现有 0 分。"
    assert town.say("李秀英", "积分") == "您现有 10 分。另有 50 分备作离线券，没用完的退回。"
    assert told(town, "李秀英")[-1] == (
        "【幸福社区平安超市】为没有网络时兑换，您家的 50 分已备作离线券，11月30日 09:00 前凭户卡在店里用，"
        "没用完的退回。不同意请告诉店长关闭名单。"
    )
    assert_books_are_right(town)
    # A day later the device is back. What was not used of a voucher returns.
    town.later(DAY)
    counter = signed_in(town, "戴满仓", "柜台")
    sales = [sale(copy, 0, one, 肥皂=2, 毛巾=1), sale(copy, 1, other, 肥皂=1)]
    synced = sync(counter, copy, *sales)
    assert items(synced, "sold") == [
        "李＊：肥皂 2 块、毛巾 1 条，35 分，单号 1。",
        "王＊：肥皂 1 块，10 分，单号 2。",
    ]
    assert (town.points("李秀英"), town.points("王小满")) == (25, 10)
    assert vouchers(town) == [(50, "used"), (20, "used")]
    assert shelf(town, "肥皂") == "肥皂 117 块"
    notices = town.told()
    assert told(town, "李秀英")[-1] == (
        "【幸福社区平安超市】没有网络时您家凭户卡领走了肥皂 2 块、毛巾 1 条，35 分，单号 1，"
        "离线券余下的 15 分已退回。现有 25 分。不是您家领的，请马上回复“投诉”说明。"
    )
    # The same once more, from the same hand or another tab: the same answers, nothing happens.
    again = sync(counter, copy, *sales)
    assert (items(again, "sold"), town.told()) == (items(synced, "sold"), notices)
    assert (town.points("李秀英"), town.points("王小满")) == (25, 10)
    with town.db.read() as tx:
        rows = tx.execute(sa.select(tables.redemptions).order_by(tables.redemptions.c.id)).mappings().all()
    assert [(row["channel"], row["collector"], row["state"], row["person_id"]) for row in rows] == [
        ("offline", "card", "collected", None)
    ] * 2
    assert_books_are_right(town)


def test_a_voucher_used_twice_is_refused_and_shown_to_manager_and_supervisor(town: Town) -> None:
    give_points(town, "李秀英", 60)
    number = card(town, "李秀英").code
    counter = signed_in(town, "戴满仓", "柜台")
    copy = kept(sign(counter, number))
    # A second device took a copy of the list: both sell on the same voucher.
    assert kept(counter.send(counter.get("/counter/vouchers"), COPY)) == copy
    assert items(sync(counter, copy, sale(copy, 0, number, 肥皂=2)), "sold") == [
        "李＊：肥皂 2 块，20 分，单号 1。"
    ]
    second = sale(copy, 0, number, 毛巾=2)
    line = "李＊：毛巾 2 条，没有记上：这张券已经用过了。需要核对。"
    assert items(sync(counter, copy, second), "refused") == [line]
    assert items(sync(counter, copy, second), "refused") == [line]
    notice = f"【离线券需要核对】幸福社区平安超市，设备“村口平板”，{line}"
    assert [told(town, who).count(notice) for who in ("戴满仓", "严守正", "毛巧玲")] == [1, 1, 0]
    shown = "李＊：毛巾 2 条，没有记上：这张券已经用过了。 11月23日 09:00，戴满仓同步"
    assert items(counter.get("/counter/vouchers"), f"list-{copy['id']}") == [shown]
    supervisor = signed_in(town, "严守正", "离线券")
    page = supervisor.get("/counter/vouchers")
    assert (
        [line.partition("同步")[0] + "同步" for line in items(page, f"list-{copy['id']}")],
        SIGN in page.text,
    ) == (
        [shown],
        False,
    )
    # Who supervises looks into it and ticks it off; who keeps the shop does not.
    assert CHECKED not in counter.get("/counter/vouchers").text
    fields = form_of(page, CHECKED) | {"note": "盘点补记"}
    foreign = counter.post(
        CHECKED, fields | form_of(counter.get("/counter/vouchers"), "/counter/vouchers/copy")
    )
    assert problem(foreign) == (422, "没有这笔要核对的记录，或者不归您监督。")
    assert problem(supervisor.post(CHECKED, fields | {"note": " "})) == (
        422,
        "请写核对的结果，例如：盘点补记，货款已追回。",
    )
    assert "已核对：盘点补记" in supervisor.post(CHECKED, fields).text
    assert problem(supervisor.post(CHECKED, fields)) == (422, "这笔已经核对过了。")
    seen = "已核对：盘点补记（严守正，11月23日 09:00）"
    for web in (counter, supervisor):
        page = web.get("/counter/vouchers")
        lines = [line.split() for line in items(page, f"list-{copy['id']}")]
        assert (lines, CHECKED in page.text) == ([[*shown.split(), *seen.split()]], False)
    assert (town.points("李秀英"), vouchers(town)) == (40, [(50, "used")])
    assert_books_are_right(town)


def test_two_devices_that_come_back_at_once_use_a_voucher_once(town: Town) -> None:
    give_points(town, "李秀英", 60)
    number = card(town, "李秀英").code
    counter = signed_in(town, "戴满仓", "柜台")
    copy = kept(sign(counter, number))
    sales = [sale(copy, 0, number, 肥皂=2), sale(copy, 0, number, 毛巾=2)] * 2
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: sync(counter, copy, each), sales))
    # Who was too slow is told so, or to try again: then there is one answer for each.
    answers = [items(sync(counter, copy, each), state) for each in sales for state in ("sold", "refused")]
    assert (answers[:4], sorted(map(len, answers[:4]))) == (answers[4:], [0, 0, 1, 1])
    spent = 20 if answers[0] else 30
    assert (town.points("李秀英"), vouchers(town)) == (60 - spent, [(50, "used")])
    with town.db.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(tables.redemptions)).scalar() == 1
    assert_books_are_right(town)


def test_what_cannot_be_booked_returns_the_points_and_says_why(town: Town) -> None:
    people = ("李秀英", "王小满", "孙来福", "何春梅")
    for who in people:
        give_points(town, who, 100)
    numbers = [card(town, who).code for who in people]
    counter = signed_in(town, "戴满仓", "柜台")
    copy = kept(sign(counter, *numbers, points=100))
    # Meanwhile: the cups are sold out, a card is lost, soap becomes dearer and leaves the range.
    town.say("戴满仓", "盘点 保温杯 0 送人了")
    town.say("王小满", "挂失")
    town.say("戴满仓", "改价 肥皂 90")
    late = sale(copy, 3, numbers[3], 肥皂=1) | {"at": copy["expires_at"]}
    synced = sync(
        counter,
        copy,
        sale(copy, 0, numbers[0], 保温杯=1),
        sale(copy, 1, numbers[1], 肥皂=1),
        sale(copy, 2, numbers[2], 肥皂=11),
        late,
    )
    assert items(synced, "refused") == [
        "李＊：保温杯 1 个，没有记上：保温杯只剩 0 个了。需要核对。",
        "王＊：肥皂 1 块，没有记上：户卡号对不上，或者这张卡已经挂失。需要核对。",
        "孙＊：肥皂 11 块，没有记上：要 110 分，这张券只有 100 分。需要核对。",
        "何＊：肥皂 1 块，没有记上：卖出的时候名单已经过期。需要核对。",
    ]
    assert [town.points(who) for who in people] == [100] * 4
    assert vouchers(town) == [(100, "returned")] * 4
    assert items(sync(counter, copy, late), "refused") == items(synced, "refused")[3:]
    # Another sale on a returned voucher finds nothing to take.
    assert items(sync(counter, copy, sale(copy, 0, numbers[0], 肥皂=1)), "refused") == [
        "李＊：肥皂 1 块，没有记上：这张券的积分已经退回了。需要核对。"
    ]
    assert_books_are_right(town)


def test_a_price_holds_as_it_was_signed_and_a_frozen_household_waits(town: Town) -> None:
    give_points(town, "李秀英", 60)
    give_points(town, "王小满", 60)
    numbers = [card(town, who).code for who in ("李秀英", "王小满")]
    counter = signed_in(town, "戴满仓", "柜台")
    copy = kept(sign(counter, *numbers))
    town.db.write(lambda tx: tx.execute(sa.update(tables.articles).values(price=90, is_withdrawn=True)))
    town.later(1)
    town.say("徐慧敏", "冻结积分 王小满 涉嫌虚报")
    town.later(1)
    sales = [sale(copy, 0, numbers[0], 肥皂=2), sale(copy, 1, numbers[1], 肥皂=2)]
    synced = sync(counter, copy, *sales)
    assert items(synced, "sold") == ["李＊：肥皂 2 块，20 分，单号 1。"]
    assert items(synced, "waiting") == ["这户的积分已被冻结，解冻以后再同步。"]
    # Closed by hand, what is frozen stays where it is, and comes back by itself later.
    closed = counter.send(counter.get("/counter/vouchers"), CLOSE)
    assert "名单 1 已关闭，退回 0 分。1 户冻结着，解冻后自动退回。" in closed.text
    assert vouchers(town) == [(50, "used"), (50, "held")]
    town.later(1)
    assert town.say("徐慧敏", "解冻积分 王小满 查清了") != ""
    town.later(600)
    town.run_jobs()
    assert (town.points("王小满"), vouchers(town)) == (60, [(50, "used"), (50, "returned")])
    assert problem(counter.send(counter.get("/counter/vouchers"), SIGN, device="", cards="")) != ""
    assert_books_are_right(town)


def test_an_unused_list_returns_its_points_after_the_grace_days(town: Town) -> None:
    give_points(town, "李秀英", 60)
    give_points(town, "王小满", 40)
    counter = signed_in(town, "戴满仓", "柜台")
    # Nobody is named: every household of the area with enough points.
    with town.db.read() as tx:
        unit_id = tx.execute(sa.select(tables.units.c.id).where(tables.units.c.code == "QH-XF")).scalar_one()
    for who in ("李秀英", "王小满"):
        household = card(town, who).household_id
        town.db.write(
            lambda tx, household=household: tx.execute(
                sa.update(tables.households)
                .where(tables.households.c.id == household)
                .values(unit_id=unit_id)
            )
        )
    copy = kept(sign(counter, least="41"))
    assert [each["who"] for each in copy["vouchers"]] == ["李＊"]
    number = card(town, "李秀英").code
    town.later(10 * DAY - 1)
    town.run_jobs()
    assert vouchers(town) == [(50, "held")]
    counter = signed_in(town, "戴满仓", "柜台")
    assert (
        "这份名单已经关闭或过期，请重新签。"
        in counter.post(
            COPY, form_of(counter.get("/counter/vouchers"), SYNC) | {"list": str(copy["id"])}
        ).text
    )
    town.later(601)
    town.run_jobs()
    assert (town.points("李秀英"), vouchers(town)) == (60, [(50, "returned")])
    counter = signed_in(town, "戴满仓", "柜台")
    assert items(sync(counter, copy, sale(copy, 0, number, 肥皂=1)), "refused") == [
        "李＊：肥皂 1 块，没有记上：这张券的积分已经退回了。需要核对。"
    ]
    assert_books_are_right(town)


def test_a_foreign_hand_a_changed_signature_and_nonsense_book_nothing(town: Town) -> None:
    give_points(town, "李秀英", 60)
    give_points(town, "戴满仓", 60)
    number, own = card(town, "李秀英").code, card(town, "戴满仓").code
    counter = signed_in(town, "戴满仓", "柜台")
    page = sign(counter, number, own)
    copy = kept(page)
    assert items(page, "left-out") == [f"{own[:4]}-{own[4:]}（戴＊）：是您自己家，请由别人签"]
    good = sale(copy, 0, number, 肥皂=1)
    wrong = "这台设备上的名单签名不对，不能同步。请把设备交给监督员查看。"
    assert wrong in sync(counter, copy, good, signature="0" * 64).text
    assert wrong in sync(counter, copy, good, signature="签名").text
    neighbour = signed_in(town, "毛巧玲", "柜台")
    assert "没有这份离线名单，或者不归您管。" in sync(neighbour, copy, good).text
    assert "没有这份离线名单，或者不归您管。" in sync(counter, copy | {"id": 99}, good).text
    for nonsense in (
        good | {"items": []},
        good | {"items": [[1, -1]]},
        good | {"items": "x"},
        good | {"voucher": 1e400},
        {"id": "x"},
        {"id": "\ud800<b>"},
    ):
        assert items(sync(counter, copy, nonsense), "waiting") == ["这笔记录读不出来。"]
    assert items(sync(counter, copy, good | {"voucher": 99}), "waiting") == ["这张券不在这份名单上。"]
    for text in ("", "[", "[]", "7", "[7]"):
        fields = form_of(counter.get("/counter/vouchers"), SYNC)
        fields |= {"list": str(copy["id"]), "signature": copy["signature"], "sales": text}
        assert counter.post(SYNC, fields).status_code == 422
    # A list that somebody changed in the database is no list of ours any more.
    town.db.write(lambda tx: tx.execute(sa.update(tables.voucher_lists).values(terms='{"prices": []}')))
    assert wrong in sync(counter, copy, good).text
    assert (town.points("李秀英"), vouchers(town)) == (10, [(50, "held")])
    assert_books_are_right(town)


def test_a_household_that_is_no_more_has_its_vouchers_back_first(town: Town) -> None:
    give_points(town, "李秀英", 60)
    copy = kept(sign(signed_in(town, "戴满仓", "柜台"), card(town, "李秀英").code))
    assert copy["vouchers"][0]["points"] == 50
    assert "户里还有 60 分" in town.say("徐慧敏", "注销成员 李秀英 去世")
    assert vouchers(town) == [(50, "returned")]
    assert_books_are_right(town)
