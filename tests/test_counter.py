"""The counter: codes and cards, baskets and PINs, receipts, the day's sheet, the cards on paper."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import sqlalchemy as sa
from httpx import Response

from store import looks, tables
from tests.invariants import broken
from tests.test_me import card, code_of, field, order, place, problem, texts
from tests.test_redeem import earn, exchange, stock
from tests.town import DAY, Town
from tests.web import Web, form_of, heading, signed_in

PIN = "294815"


def with_pin(town: Town, who: str, reports: int = 4) -> Web:
    """A household with points, and a PIN it set on its own page."""
    earn(town, who, reports)
    web = signed_in(town, who)
    assert web.send(web.get("/me"), "/me/pin", pin=PIN, again=PIN).status_code == 200
    return web


def scan(counter: Web, typed: str) -> Response:
    return counter.send(counter.get("/counter"), "/counter/find", typed=typed)


def sell(counter: Web, page: Response, pin: str = PIN, **wanted: int) -> Response:
    counts = {field(page, name): str(count) for name, count in wanted.items()}
    return counter.send(page, "/counter/sell", pin=pin, **counts)


def slip(page: Response) -> list[str]:
    """The facts of a receipt: total, what is left, who and how, the clerk."""
    assert page.status_code == 200, page.text
    return [re.sub("<[^>]*>", "", unescape(found)) for found in re.findall(r"<dd>(.*?)</dd>", page.text)][:4]


def rows(page: Response, table: str) -> list[list[str]]:
    found = re.search(rf'id="{table}">.*?<tbody>(.*?)</tbody>', page.text, re.DOTALL)
    assert found is not None
    return [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", found[1])]


def seen(town: Town, who: str) -> list[str]:
    """Why others looked at somebody's household, newest first."""
    with town.db.read() as tx:
        return [why for _, _, why in looks.of(tx, f"household:{card(town, who).household_id}", 20)]


def test_a_basket_is_sold_by_card_and_pin_with_a_receipt(town: Town) -> None:
    with_pin(town, "李秀英", 6)
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, f"http://127.0.0.1:8000/c/{card(town, '李秀英').code}")
    assert (page.status_code, heading(page)) == (200, "李＊")
    assert f"户卡 {card(town, '李秀英').code[:4]}-{card(town, '李秀英').code[4:]}，现有 60 分" in texts(
        page, "p"
    )
    fields = {
        **form_of(page, "/counter/sell"),
        "pin": PIN,
        field(page, "肥皂"): "3",
        field(page, "毛巾"): "1",
    }
    with ThreadPoolExecutor(4) as pool:  # an impatient finger
        slips = list(pool.map(lambda _: slip(counter.post("/counter/sell", fields)), range(4)))
    assert slips == [["45 分", "15 分", "李＊，凭户卡", "戴满仓"]] * 4
    assert (stock(town, "肥皂"), stock(town, "毛巾"), town.points("李秀英")) == ("117 块", "99 条", 15)
    told = (
        "【幸福社区平安超市】您家领走了肥皂 3 块、毛巾 1 条，45 分，单号 1，经手人戴满仓。现有 15 分。"
        "不是您家领的，请马上回复“投诉”说明。"
    )
    assert town.told()[-1] == told
    town.later(3600)  # a reload much later: the same sale, receipt and message
    assert slip(counter.post("/counter/sell", fields)) == slips[0]
    assert (town.points("李秀英"), town.told().count(told)) == (15, 1)
    assert seen(town, "李秀英") == ["柜台刷户卡"]
    with town.db.read() as tx:
        row = tx.execute(sa.select(tables.redemptions)).mappings().one()
        assert (row["person_id"], row["channel"], row["collector"], row["state"]) == (
            *(None, "counter", "card", "collected"),
        )
    assert town.drift() == []


def test_what_a_counter_does_not_sell(town: Town) -> None:
    with_pin(town, "李秀英", 2)
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, card(town, "李秀英").code)
    short = sell(counter, page, 肥皂=3)
    assert problem(short) == (422, "积分不够：需要 30 分，您现有 20 分。")
    assert re.search(r'name="n\d+"[^>]* value="3"[^>]* data-name="肥皂"', short.text)  # the basket is kept
    assert problem(sell(counter, page)) == (422, "还没有选商品。")
    assert slip(sell(counter, short, 肥皂=2)) == ["20 分", "0 分", "李＊，凭户卡", "戴满仓"]
    for typed, answer in (
        ("ABCD2345", "没有这个码。取货码是 6 位数字，户卡号是 8 位；请再扫一次或再输一次。"),
        ("你好", "没有这个码。取货码是 6 位数字，户卡号是 8 位；请再扫一次或再输一次。"),
        ("MSQH:SHOP-TH:123456", "这是别的超市的取货码，请到那一家去领。"),
    ):
        assert problem(scan(counter, typed)) == (422, answer), typed
    # Nobody sells to the own household, at another's counter, or without keeping a shop.
    earn(town, "戴满仓", 1)
    assert problem(scan(counter, card(town, "戴满仓").code)) == (422, "不能给自己家经手，请由别人来办。")
    other = signed_in(town, "毛巧玲", "柜台")
    fields = {**form_of(other.get("/counter"), "/counter/find"), "typed": card(town, "李秀英").code}
    shop_id = form_of(counter.get("/counter"), "/counter/find")["shop"]
    assert problem(other.post("/counter/find", {**fields, "shop": shop_id})) == (422, "这个超市不归您管。")
    assert signed_in(town, "李秀英").get("/counter").status_code == 401
    assert signed_in(town, "徐慧敏", "户卡").get("/counter").status_code == 422
    assert seen(town, "李秀英") == ["柜台刷户卡"] * 3  # each page that showed the household
    assert town.drift() == []


def test_five_wrong_pins_pause_the_card_and_the_household_hears_of_it(town: Town) -> None:
    with_pin(town, "李秀英")
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, card(town, "李秀英").code)
    for left in (4, 3, 2, 1):
        assert problem(sell(counter, page, "000000", 肥皂=1)) == (422, f"密码不对，还可以试 {left} 次。")
    locked = "请在 11月23日 09:15 以后再试。"
    assert problem(sell(counter, page, "000000", 肥皂=1)) == (422, f"密码不对，已错 5 次，{locked}")
    assert problem(sell(counter, page, PIN, 肥皂=1)) == (422, f"密码输错太多次，{locked}")
    assert town.told()[-1] == (
        "您家的户卡密码在平安超市连续输错 5 次，已暂停 15 分钟。卡不在身边请发“挂失”。"
    )
    assert town.points("李秀英") == 40
    town.later(15 * 60)
    assert problem(sell(counter, page, "000000", 肥皂=1)) == (422, "密码不对，还可以试 4 次。")
    assert slip(sell(counter, page, PIN, 肥皂=1))[0] == "10 分"
    page = scan(counter, card(town, "李秀英").code)
    assert problem(sell(counter, page, "000000", 肥皂=1)) == (422, "密码不对，还可以试 4 次。")
    assert town.drift() == []


def test_an_order_is_handed_over_by_its_code_in_parts(town: Town) -> None:
    earn(town, "李秀英", 4)
    code = code_of(order(signed_in(town, "李秀英"), 肥皂=1, 毛巾=1))
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, f"MSQH:SHOP-XF:{code.replace(' ', '')}")
    assert (heading(page), texts(page, "b")) == ("李＊", ["肥皂", "毛巾"])
    fields = form_of(page, "/counter/hand")
    soap, towel = sorted(name for name in fields if name.startswith("line"))
    none = {name: value for name, value in fields.items() if name not in (soap, towel)}
    assert problem(counter.post("/counter/hand", none)) == (422, "还没有勾选要交的商品。")
    part = {name: value for name, value in fields.items() if name != towel}
    assert slip(counter.post("/counter/hand", part)) == ["10 分", "15 分", "李＊，凭取货码", "戴满仓"]
    assert slip(counter.post("/counter/hand", part))[0] == "10 分"  # sent again: the same receipt
    page = scan(counter, code)
    assert texts(page, "b") == ["毛巾"]
    assert slip(counter.send(page, "/counter/hand"))[:2] == ["15 分", "15 分"]
    assert problem(scan(counter, code))[1].startswith("没有这个取货码，或者已经领取、过期了。")
    assert seen(town, "李秀英") == ["柜台核销，单号 1"] * 3
    for _ in range(4):
        scan(counter, "000000")
    assert "以后再试" in problem(scan(counter, "000000"))[1]
    assert town.drift() == []


def test_fewer_pieces_than_ordered_are_handed_over_and_the_rest_waits(town: Town) -> None:
    earn(town, "李秀英", 4)
    code = code_of(order(signed_in(town, "李秀英"), 肥皂=3))
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, code)
    fields = form_of(page, "/counter/hand")
    pieces = next(name for name in fields if name.startswith("pieces"))
    assert fields[pieces] == "3"
    assert problem(counter.post("/counter/hand", fields | {pieces: "4"})) == (
        422,
        "交的数量超过了待领的数量。",
    )
    for _ in range(2):  # sent again: the same receipt, and nothing more is given
        assert slip(counter.post("/counter/hand", fields | {pieces: "1"}))[0] == "10 分"
    rest = form_of(scan(counter, code), "/counter/hand")
    assert [value for name, value in rest.items() if name.startswith("pieces")] == ["2"]
    assert slip(counter.post("/counter/hand", rest))[0] == "20 分"
    assert (town.points("李秀英"), stock(town, "肥皂"), broken(town.db)) == (10, "117 块", [])


def test_grandmothers_card_fetches_what_the_family_ordered(town: Town) -> None:
    web = with_pin(town, "李秀英")
    order(web, 肥皂=1, 毛巾=1)
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, card(town, "李秀英").code)
    lines = re.findall(r'name="(line\d+)"', page.text)
    assert len(lines) == 2
    counts = {field(page, "肥皂"): "1", lines[0]: "on"}
    sold = counter.send(page, "/counter/sell", pin=PIN, **counts)
    assert slip(sold)[:3] == ["20 分", "5 分", "李＊，凭户卡"]
    assert texts(sold, "b")[:2] == ["肥皂", "肥皂"]
    gone = counter.send(page, "/counter/sell", pin=PIN, **{lines[0]: "on"})
    assert problem(gone) == (422, "勾选的商品里有的已经领走、取消或过期了，请重新刷卡。")
    assert town.drift() == []


def test_a_card_fetches_a_part_of_what_was_ordered(town: Town) -> None:
    order(with_pin(town, "李秀英"), 肥皂=3)
    counter = signed_in(town, "戴满仓", "柜台")
    page = scan(counter, card(town, "李秀英").code)
    (pieces,) = (name for name in form_of(page, "/counter/sell") if name.startswith("pieces"))
    line = pieces.replace("pieces", "line")
    wrong = counter.send(page, "/counter/sell", pin="000000", **{line: "on", pieces: "2"})
    assert form_of(wrong, "/counter/sell")[pieces] == "2"  # what was filled in is still there
    assert problem(counter.send(page, "/counter/sell", pin=PIN, **{line: "on", pieces: "4"})) == (
        422,
        "交的数量超过了待领的数量。",
    )
    assert slip(counter.send(page, "/counter/sell", pin=PIN, **{line: "on", pieces: "2"}))[0] == "20 分"
    rest = form_of(scan(counter, card(town, "李秀英").code), "/counter/sell")
    assert [value for name, value in rest.items() if name.startswith("pieces")] == []  # a single piece
    assert (town.points("李秀英"), stock(town, "肥皂"), broken(town.db)) == (10, "117 块", [])


def test_an_elder_without_a_phone_types_the_first_pin_at_the_counter(town: Town) -> None:
    earn(town, "李秀英", 4)
    unit = next(unit for unit in town.house.county.registry.units.values() if unit.code == "QH-XF-2")
    place(town, "李秀英", unit.id)
    counter, number = signed_in(town, "戴满仓", "柜台"), card(town, "李秀英").code
    assert "这户还没有密码" in texts(scan(counter, number), "h2")
    assert town.say("陶春生", f"开通密码 {number}") == "您的片区里没有这一户，请核对卡号或户主姓名。"
    assert town.say("王小满", f"开通密码 {number}").startswith("收到，编号 ")
    answer = town.say("徐慧敏", f"开通密码 {number[:4]}-{number[4:]}")
    assert answer == (
        "已开通。请在 11月24日 09:00 前陪这一户到平安超市，由本人在柜台上输入新密码，别人不要看。"
    )
    page = scan(counter, number)
    again = counter.send(page, "/counter/pin", pin="294815", again="294816")
    assert problem(again) == (422, "两次输入的密码不一样，请重新输入。")
    page = counter.send(page, "/counter/pin", pin=PIN, again=PIN)
    assert slip(sell(counter, page, 肥皂=1))[0] == "10 分"
    # Once: nobody sets another one at the counter.
    late = counter.post(
        "/counter/pin", {**form_of(again, "/counter/pin"), "pin": "111222", "again": "111222"}
    )
    assert problem(late) == (422, "这户现在不能在柜台设密码，请网格员先发“开通密码 卡号”。")
    # Opened again and not used within a day: the old PIN is gone, a new one waits for the worker.
    town.say("徐慧敏", "重设密码 李秀英")
    town.later(DAY)
    counter = signed_in(town, "戴满仓", "柜台")
    assert "这户还没有密码" in texts(scan(counter, number), "h2")
    assert town.drift() == []


def test_the_supervisor_sees_each_hand_over_of_the_day(town: Town) -> None:
    with_pin(town, "李秀英")
    code = exchange(town, "李秀英", "兑换 毛巾")
    counter = signed_in(town, "戴满仓", "柜台")
    sell(counter, scan(counter, card(town, "李秀英").code), 肥皂=2)
    town.later(60)
    town.say("戴满仓", f"核销 {code}")
    watching = signed_in(town, "严守正", "柜台")
    page = watching.get("/counter/day")
    assert heading(page) == "2026-11-23 兑换单"
    assert rows(page, "given") == [
        ["2", "11月23日 09:00", "肥皂 2 块", "20", "李＊", "凭户卡", "戴满仓"],
        ["1", "11月23日 09:01", "毛巾 1 条", "15", "李＊", "凭取货码", "戴满仓"],
    ]
    assert rows(page, "totals") == [["肥皂", "2", "20"], ["毛巾", "1", "15"]]
    assert "这一天没有兑换。" in watching.get("/counter/day?day=2026-11-22").text
    assert 'value="2026-11-23"' in watching.get("/counter/day?day=9999-12-31").text
    assert problem(watching.get("/counter/day?day=昨天")) == (422, "日期要写成 2026-11-23 这样。")
    assert rows(signed_in(town, "连欣", "柜台").get("/counter/day"), "given") == [[]]
    assert problem(watching.get("/counter")) == (422, "您没有管理的平安超市。")


def test_cards_are_printed_for_an_area_and_that_is_written_down(town: Town) -> None:
    for who, judge in (("李秀英", "徐慧敏"), ("赵爱莲", "陶春生")):
        earn(town, who, 1, judge)
    units = {unit.code: unit.id for unit in town.house.county.registry.units.values()}
    place(town, "李秀英", units["QH-XF-2"])
    place(town, "赵爱莲", units["QH-TH-1"])
    web = signed_in(town, "徐慧敏", "户卡")
    areas = web.get("/cards")
    page = web.send(areas, "/cards/print", unit=str(units["QH-XF"]))
    number = card(town, "李秀英").code
    assert heading(page) == "幸福社区，1 户"
    assert texts(page, "b") == ["李＊"] and f"{number[:4]}-{number[4:]}" in texts(page, "span")
    assert len(re.findall(r'class="segno"', page.text)) == 1
    assert problem(web.send(areas, "/cards/print", unit=str(units["QH-TH"]))) == (422, "这不是您的片区。")
    assert signed_in(town, "李秀英").get("/cards").status_code == 401
    assert problem(signed_in(town, "戴满仓", "柜台").get("/cards")) == (422, "您没有负责的片区。")
    with town.db.read() as tx:
        assert [why for _, _, why in looks.of(tx, f"unit:{units['QH-XF']}", 9)] == ["打印户卡"]


def test_a_day_at_the_counter_ends(town: Town) -> None:
    counter = signed_in(town, "戴满仓", "柜台")
    assert counter.get("/me").status_code == 401  # the shop's device shows nobody's own affairs
    town.later(12 * 3600 - 1)
    assert counter.get("/counter").status_code == 200
    town.later(1)
    assert counter.get("/counter").status_code == 401
    counter = signed_in(town, "戴满仓", "柜台")
    assert heading(counter.send(counter.get("/counter"), "/counter/out")) == "已退出"
    assert counter.get("/counter").status_code == 401
