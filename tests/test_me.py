"""/me: one's own points, orders, card and PIN, without chat and without scripts."""

import re
from html import unescape

import sqlalchemy as sa
from httpx import Response

from store import cards, households, people, shop, tables
from tests.test_redeem import earn, stock
from tests.town import Town, openid
from tests.web import Web, form_of, heading, signed_in


def texts(page: Response, tag: str) -> list[str]:
    """The words of every element of a kind that has a text of its own."""
    return [
        unescape(found)
        for found in re.findall(rf"<{tag}(?: [^>]*)?>([^<]+)</{tag.split('[')[0]}>", page.text)
    ]


def field(page: Response, name: str) -> str:
    """The name of the number field of an article."""
    found = re.search(rf'name="(n\d+)"[^>]* data-name="{name}"', page.text)
    assert found is not None, name
    return found[1]


def order(web: Web, **wanted: int) -> Response:
    page = web.get("/me/shop")
    return web.send(page, "/me/order", **{field(page, name): str(count) for name, count in wanted.items()})


def code_of(page: Response) -> str:
    found = re.search(r'id="code">(\d{3} \d{3})<', page.text)
    assert found is not None, page.text
    return found[1]


def problem(page: Response) -> tuple[int, str]:
    found = re.search(r'class="told">([^<]*)<|role="alert">([^<]*)<', page.text)
    assert found is not None, page.text
    return page.status_code, unescape(found[1] or found[2])


def test_a_resident_orders_several_things_at_once_and_fetches_them(town: Town) -> None:
    earn(town, "李秀英", 4)
    web = signed_in(town, "李秀英")
    assert "40" in texts(web.get("/me"), "p")
    page = order(web, 肥皂=2, 毛巾=0)
    assert (page.status_code, heading(page)) == (200, "凭码去领")
    home = web.get("/me")
    assert texts(home, "b")[:1] == ["肥皂"] and "20" in texts(home, "p")
    assert "另有 20 分已换商品，等着去领。" in texts(home, "p")
    assert town.say("戴满仓", f"核销 {code_of(page)}").startswith(
        "核销成功（单号 1）：李秀英，肥皂 2 块，20 分。"
    )
    assert "等着去领" not in texts(web.get("/me"), "h2")
    assert town.drift() == []


def test_an_order_sent_twice_is_one_order_with_one_code(town: Town) -> None:
    earn(town, "李秀英", 4)
    web = signed_in(town, "李秀英")
    goods = web.get("/me/shop")
    fields = {**form_of(goods, "/me/order"), field(goods, "肥皂"): "1", field(goods, "毛巾"): "1"}
    first, again = web.post("/me/order", fields), web.post("/me/order", fields)
    assert code_of(first) == code_of(again)
    assert (town.points("李秀英"), stock(town, "肥皂"), stock(town, "毛巾")) == (15, "119 块", "99 条")
    # The page was kept and used once more for something else: a new order.
    other = web.post("/me/order", {**fields, field(goods, "毛巾"): "0"})
    assert code_of(other) != code_of(first)
    assert town.points("李秀英") == 5
    # Another person's browser cannot bring the order up by its number.
    stolen = signed_in(town, "王小满")
    page = stolen.post(
        "/me/order", {**fields, "form_token": form_of(stolen.get("/me"), "/me/out")["form_token"]}
    )
    assert problem(page) == (422, "积分不够：需要 25 分，您现有 0 分。")
    assert town.drift() == []


def test_what_cannot_be_ordered(town: Town) -> None:
    earn(town, "李秀英", 1)
    web = signed_in(town, "李秀英")
    soap = field(web.get("/me/shop"), "肥皂")
    for wanted, answer in (
        ({}, "还没有选商品。请返回上一页，点“＋”选几样。"),
        ({"n999": "1"}, "还没有选商品。请返回上一页，点“＋”选几样。"),
        ({soap: "2"}, "积分不够：需要 20 分，您现有 10 分。"),
        ({soap: "100"}, "数量要在 1 到 99 之间。"),
        ({soap: "-1"}, "数量要写整数。"),
        ({soap: "1.5"}, "数量要写整数。"),
    ):
        assert problem(web.send(web.get("/me/shop"), "/me/order", **wanted)) == (422, answer), wanted
    assert heading(web.get("/me/shop?shop=SHOP-TH")) == "桃花村平安超市"
    assert heading(web.get("/me/shop?shop=NOPE")) == "幸福社区平安超市"
    assert town.drift() == []


def test_a_code_is_told_anew_and_an_order_given_up_by_its_owner_only(town: Town) -> None:
    earn(town, "李秀英", 2)
    web, other = signed_in(town, "李秀英"), signed_in(town, "王小满")
    first = code_of(order(web, 肥皂=1))
    second = code_of(web.send(web.get("/me"), "/me/again"))
    assert first != second
    assert town.say("戴满仓", f"核销 {first}").startswith("没有这个取货码")
    token = form_of(other.get("/me"), "/me/out")["form_token"]
    for address in ("/me/again", "/me/cancel"):
        for which in ("1", "x", ""):
            page = other.post(address, {"form_token": token, "order": which})
            assert problem(page) == (422, "这张单子已经领取、取消或过期了。"), (address, which)
    home = web.get("/me")
    page = web.send(home, "/me/cancel")
    assert ("已取消，积分退回来了。" in texts(page, "p"), town.points("李秀英")) == (True, 20)
    assert problem(web.send(home, "/me/cancel")) == (422, "这张单子已经领取、取消或过期了。")
    assert problem(web.send(home, "/me/again")) == (422, "这张单子已经领取、取消或过期了。")
    assert town.say("戴满仓", f"核销 {second}").startswith("没有这个取货码")
    assert town.drift() == []


def test_a_pin_is_set_by_the_household_and_a_guessable_one_refused(town: Town) -> None:
    earn(town, "李秀英", 1)
    web = signed_in(town, "李秀英")
    for pin, again, answer in (
        ("12345", "12345", "密码要 6 位数字。"),
        ("１２３４５６", "１２３４５６", "密码要 6 位数字。"),
        ("123456", "123456", "这个密码太容易猜，请换一个，不要用 123456、888888 这样的。"),
        ("887878", "887878", "这个密码太容易猜，请换一个，不要用 123456、888888 这样的。"),
        ("294815", "294816", "两次输入的密码不一样，请重新输入。"),
    ):
        assert problem(web.send(web.get("/me"), "/me/pin", pin=pin, again=again)) == (422, answer), pin
    page = web.send(web.get("/me"), "/me/pin", pin="294815", again="294815")
    assert "户卡密码已设好。" in texts(page, "p")
    assert town.told()[-1] == "您家的户卡密码已设置。不是您家办的，请马上回复“投诉”说明。"
    assert "294815" not in card(town, "李秀英").pin_hash != ""


def test_a_lost_card_is_dead_and_its_pin_lives_on(town: Town) -> None:
    earn(town, "李秀英", 1)
    web = signed_in(town, "李秀英")
    first = card(town, "李秀英")
    page = web.send(web.get("/me"), "/me/lost")
    second = card(town, "李秀英")
    assert f"{second.code[:4]}-{second.code[4:]}" in texts(page, "b")
    answer = town.say("李秀英", "挂失")
    third = card(town, "李秀英")
    assert answer == (
        f"旧户卡已作废，新卡号 {third.code[:4]}-{third.code[4:]}。请找村(社区)打印新卡。密码不变。"
    )
    assert len({first.code, second.code, third.code}) == 3
    with town.db.read() as tx:
        assert [cards.by_code(tx, one.code) for one in (first, second, third)] == [None, None, third]
    # For an elder without a phone the grid worker or the village does it, in their own area only.
    unit = next(unit for unit in town.house.county.registry.units.values() if unit.code == "QH-XF-2")
    place(town, "李秀英", unit.id)
    assert town.say("徐慧敏", "挂失 李秀英").startswith("旧户卡已作废，新卡号 ")
    assert card(town, "李秀英").code != third.code
    assert town.say("陶春生", "挂失 李秀英") == "您的片区里没有这一户，请核对卡号或户主姓名。"
    assert town.say("徐慧敏", f"挂失 {third.code}") == "您的片区里没有这一户，请核对卡号或户主姓名。"
    assert town.say("王小满", "挂失 李秀英").startswith("收到，编号 ")


def test_own_cases_stand_on_the_page_and_nobody_elses(town: Town) -> None:
    town.say("李秀英", "3号楼东边的井盖破了")
    town.say("王小满", "河里有死鱼")
    page = signed_in(town, "李秀英").get("/me")
    assert re.findall(r'href="/p/[\w-]+">(\d+)<', page.text) == ["1001"]
    assert "河里有死鱼" not in page.text
    assert "还没有积分记录。反映的问题核实属实就有积分。" in texts(page, "li")


def test_what_is_out_of_reach_without_a_sign_in(town: Town) -> None:
    web = Web(signed_in(town, "李秀英")._app)
    for address in ("/me", "/me/shop", "/me?elder=1"):
        assert web.get(address).status_code == 401, address
    for address in ("/me/order", "/me/again", "/me/cancel", "/me/pin", "/me/lost", "/me/out"):
        assert web.post(address).status_code == 401, address
    page = web.get("/c/ABCD2345")
    assert (page.status_code, heading(page)) == (200, "这是一张户卡")
    for number in (1, 999, 10**30):
        assert web.get(f"/goods/{number}/photo").status_code == 404, number
    town.db.write(lambda tx: shop.change_article(tx, 1, photo=b"a picture"))
    assert web.get("/goods/1/photo").content == b"a picture"
    assert 'src="/goods/1/photo"' in signed_in(town, "李秀英").get("/me/shop").text


def card(town: Town, who: str) -> cards.Card:
    with town.db.read() as tx:
        known = people.by_account(tx, "official", openid(who))
        assert known is not None
        household_id = households.of(tx, known[1].id)
        assert household_id is not None
        return cards.of(tx, household_id)


def place(town: Town, who: str, unit_id: int) -> None:
    """Let a household live in a unit."""
    household_id = card(town, who).household_id
    town.db.write(
        lambda tx: tx.execute(
            sa.update(tables.households).where(tables.households.c.id == household_id).values(unit_id=unit_id)
        )
    )


def test_the_month_is_shown_to_print_and_only_the_own_one(town: Town) -> None:
    earn(town, "李秀英", 2)
    web = signed_in(town, "李秀英")
    order(web, 肥皂=1)
    page = web.get("/me/statement")
    assert heading(page) == "2026年11月对账单"
    assert texts(page, "dd")[:3] == ["0 分", "20 分", "10 分"]
    assert [each for each in texts(page, "td") if each.startswith(("+", "-"))] == ["+10", "+10", "-10"]
    for month in ("2026-12", "2026-13", "1999-01", "x"):
        assert problem(web.get(f"/me/statement?month={month}")) == (422, "您家这个月没有对账单。"), month
    assert problem(signed_in(town, "王小满").get("/me/statement")) == (422, "您家这个月没有对账单。")
    assert "10 分" in texts(web.get("/me/statement?month=2026-11"), "dd")
