"""A link told in chat signs one browser in, once; nobody else's forms reach what is behind it."""

import re

import sqlalchemy as sa
from starlette.routing import Route

from bot.app import PAGES
from store.tables import sessions
from tests.town import DAY, HOUR, MakeTown, Town
from tests.web import browser_of, form_of, heading, link, signed_in

DEAD = (410, "链接已经用过或过期")

KEPT_BY_THE_DEVICE = ("/counter/offline", "/counter/worker.js")


def test_a_link_opens_once_and_a_preview_does_not_use_it_up(town: Town) -> None:
    answer = town.say("李秀英", "我的主页")
    assert re.sub(r"/in/[\w-]{22}", "/in/…", answer) == (
        "您的主页：http://127.0.0.1:8000/in/…\n15 分钟内打开，只能用一次，请不要转给别人。"
    )
    web, stranger = browser_of(town), browser_of(town)
    for preview in range(3):
        page = stranger.get(link(answer))
        assert (page.status_code, heading(page), preview) == (200, "李＊，您好", preview)
    assert stranger.get("/me").status_code == 401
    page = web.post(link(answer))
    assert (str(page.url), heading(page)) == ("http://127.0.0.1:8000/me", "李秀英")
    assert heading(web.get("/me?elder=1")) == "李秀英"
    for again in (stranger.get(link(answer)), stranger.post(link(answer)), web.post("/in/" + "x" * 22)):
        assert (again.status_code, heading(again)) == DEAD
    with town.db.read() as tx:
        kept = [str(value) for row in tx.execute(sa.select(sessions)) for value in row]
    secrets = [link(answer).removeprefix("/in/"), *web.cookies.values()]
    assert len(secrets) == 2 and not set(secrets) & set(kept)


def test_the_cookie_is_out_of_reach_of_scripts_and_of_foreign_pages(make_town: MakeTown) -> None:
    town = make_town(public_url="https://town.example")
    page = browser_of(town).post(link(town.say("李秀英", "我的主页")))
    assert page.history[0].headers["set-cookie"].partition("=")[0] == "__Host-mashang-me"
    assert page.history[0].headers["set-cookie"].partition(";")[2] == (
        " HttpOnly; Max-Age=2592000; Path=/; SameSite=lax; Secure"
    )
    page = browser_of(town).post(
        link(town.say("李秀英", "我的主页")), headers={"sec-fetch-site": "cross-site"}
    )
    assert page.status_code == 403
    for header in ("Content-Security-Policy", "Referrer-Policy", "X-Robots-Tag"):
        assert header in page.headers


def test_a_link_and_a_session_end_by_themselves(town: Town) -> None:
    answer = town.say("李秀英", "主页")
    town.later(15 * 60)
    page = browser_of(town).post(link(answer))
    assert (page.status_code, heading(page)) == DEAD
    first = town.say("李秀英", "网页")
    second = town.say("李秀英", "网页")
    assert browser_of(town).get(link(first)).status_code == 410
    web = browser_of(town)
    web.post(link(second))
    town.later(30 * DAY - 1)
    assert web.get("/me").status_code == 200
    town.later(1)
    assert (web.get("/me").status_code, heading(web.get("/me"))) == (401, "请重新打开")


def test_signing_out_by_chat_ends_every_browser_and_the_button_only_one(town: Town) -> None:
    one, two = signed_in(town, "李秀英"), signed_in(town, "李秀英")
    other = signed_in(town, "王小满")
    waiting = town.say("李秀英", "我的主页")
    page = one.send(one.get("/me"), "/me/out")
    assert (page.status_code, heading(page)) == (200, "已退出")
    assert [web.get("/me").status_code for web in (one, two, other)] == [401, 200, 200]
    assert town.say("李秀英", "退出网页") == "已退出 1 处网页。要再打开，发“我的主页”。"
    assert town.say("李秀英", "退出网页") == "没有打开着的网页。"
    assert [web.get("/me").status_code for web in (one, two, other)] == [401, 401, 200]
    assert browser_of(town).get(link(waiting)).status_code == 410


def test_a_form_without_our_token_does_nothing(town: Town) -> None:
    web, other = signed_in(town, "李秀英"), signed_in(town, "王小满")
    foreign = form_of(other.get("/me"), "/me/out")
    for fields in ({}, {"form_token": ""}, {"form_token": "错"}, foreign):
        page = web.post("/me/out", fields)
        assert (page.status_code, heading(page)) == (403, "请重新打开这一页"), fields
    assert web.get("/me").status_code == 200


def test_no_link_in_a_group_and_not_too_many(town: Town) -> None:
    assert town.say_in_group("何春梅", "我的主页") == "这个链接只能您自己用，请不要在群里要：私下发给我就行。"
    for _ in range(6):
        link(town.say("李秀英", "我的主页"))
    assert town.say("李秀英", "我的主页") == "要的链接太多了，请过一小时再试。"
    town.later(HOUR)
    link(town.say("李秀英", "我的主页"))
    first = town.say("王小满", "我的主页", message_id="same")
    assert town.say("王小满", "我的主页", message_id="same") == first


def test_every_form_of_a_signed_in_page_asks_for_its_token_and_nothing_of_it_is_kept(town: Town) -> None:
    browsers = {"me": signed_in(town, "李秀英"), "work": signed_in(town, "戴满仓", "柜台")}
    routes = [route for page in PAGES for route in page.routes(town.house) if isinstance(route, Route)]
    own = [route for route in routes if re.match("/(?:me|counter|cards)(?:/|$)", route.path)]
    photo = {"photos": ("a.jpg", b"x", "image/jpeg")}
    answers = {}
    for route in own:
        browser = browsers["me" if route.path.startswith("/me") else "work"]
        if "POST" in route.methods:
            files = {"files": photo} if route.path == "/me/apply" else {}
            answers[route.path] = browser.post(route.path, {"form_token": "x"}, **files).status_code
            continue
        page = browser.get(route.path)
        if route.path in KEPT_BY_THE_DEVICE:
            assert page.text == browser_of(town).get(route.path).text, "nothing of anybody"
            continue
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'self'" in page.headers["content-security-policy"]
    assert len(answers) > 10
    assert set(answers.values()) == {403}
