"""The page a QR opens: report without account or script, get a number, follow the case by its link."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image
from starlette.types import ASGIApp

from bot.app import create_app
from bot.house import House
from bot.pages import assets, form
from bot.settings import Settings
from handlers import progress
from store import cases, photos
from store.cases import Case
from tests.test_photos import draw, phone_photo
from tests.web import heading

NOW = 1_795_395_600  # 2026-11-23 09:00 in Shanghai
GRID = "QH-XF-2"
PAGE = f"/r/{GRID}"
PAGE_ID = "a-page-that-was-opened-once"
TEXT = "3号楼东边的井盖破了"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>井盖破了"


@pytest.fixture
def house(sandbox: Path) -> Iterator[House]:
    """A bot with the sample county, on a real database."""
    settings = Settings(_env_file=None, database_url=f"sqlite:///{sandbox}/mashang.db")
    house = House(settings, clock=lambda: NOW)
    house.open()
    yield house
    house.close()


class Web:
    """Somebody's browser, without scripts, at the real application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def get(self, address: str) -> httpx.Response:
        return self._ask("GET", address)

    def post(self, address: str, **content: Any) -> httpx.Response:
        return self._ask("POST", address, **content)

    def _ask(self, method: str, address: str, **content: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, address, **content)

        return asyncio.run(ask())


@pytest.fixture
def web(house: House) -> Web:
    return Web(create_app(house))


def send(web: Web, address: str = PAGE, *, files: Any = None, **fields: str) -> httpx.Response:
    """Send the form as a browser does: a file field that was left alone is a nameless, empty file."""
    fields = {"page_id": PAGE_ID, "text": TEXT, "place": "", "phone": "", "lat": "", "lng": "", **fields}
    return web.post(address, data=fields, files=files or {"photos": ("", b"")})


def shown(html: str, element_id: str) -> str:
    match = re.search(rf'id="{element_id}"[^>]*>([^<]*)<', html)
    assert match is not None, f"no #{element_id} on the page"
    return unescape(match[1])


def progress_link(html: str) -> str:
    match = re.search(r'href="(/p/[\w-]+)', html)
    assert match is not None
    return match[1]


def case_of(house: House, number: int = 1001) -> Case:
    with house.db.read() as tx:
        case = cases.get(tx, number)
    assert case is not None
    return case


def pin_of(house: House, number: int = 1001) -> tuple[float | None, float | None]:
    with house.db.read() as tx:
        row = tx.execute(sa.text("SELECT lat, lng FROM cases WHERE id = :id"), {"id": number}).one()
    return row[0], row[1]


def has_cases(house: House, count: int) -> bool:
    """Whether the cases numbered from 1001 on are exactly `count`."""
    with house.db.read() as tx:
        found = [cases.get(tx, 1001 + index) is not None for index in range(count + 2)]
    return found == [True] * count + [False, False]


# ---- reporting


def test_the_page_says_which_grid_it_belongs_to_and_asks_what_happened(web: Web) -> None:
    page = web.get(PAGE)
    assert page.status_code == 200
    above = page.text.partition("<h1>")[0].partition('class="top__areas"')[2]
    assert re.findall(r"<span>(.*?)</span>", above) == ["安禾县", "青河镇", "幸福社区"]
    assert heading(page) == "幸福社区第二网格"
    assert re.findall(r'<(?:input|textarea)[^>]* name="(\w+)"', page.text) == [
        *("page_id", "lat", "lng", "text", "photos", "place", "phone")
    ]


def test_each_opened_page_has_a_number_of_its_own(web: Web) -> None:
    found = [re.search(r'name="page_id" value="([\w-]{22})"', web.get(PAGE).text) for _ in range(2)]
    assert found[0] is not None and found[1] is not None
    assert found[0][1] != found[1][1]


def test_a_report_without_an_account_opens_a_case_in_the_grid_of_the_qr(house: House, web: Web) -> None:
    page = send(web, place="二单元门口", phone="138 0000 1234", lat="31.2", lng="121.4")
    assert (page.status_code, shown(page.text, "number")) == (200, "1001")
    case = case_of(house)
    assert house.county.registry.units[case.unit_id].code == GRID
    assert (case.text, case.place, case.channel) == (TEXT, "二单元门口", "web")
    assert (case.category, case.opened_at, pin_of(house)) == ("facility", NOW, (31.2, 121.4))
    assert re.fullmatch(r"领取 [A-Z2-9]{8}", shown(page.text, "claim"))
    assert progress_link(page.text) == f"/p/{case.token}"


def test_a_form_without_files_may_come_url_encoded(house: House, web: Web) -> None:
    page = web.post(PAGE, data={"page_id": PAGE_ID, "text": TEXT})
    assert (page.status_code, shown(page.text, "number"), case_of(house).text) == (200, "1001", TEXT)


def test_a_form_sent_twice_acts_once_and_gives_the_same_receipt(house: House, web: Web) -> None:
    first, again = send(web), send(web)
    assert first.text == again.text
    assert has_cases(house, 1)


def test_another_report_from_the_same_page_is_another_case(house: House, web: Web) -> None:
    numbers = [shown(send(web, text=text).text, "number") for text in (TEXT, "路灯也不亮了")]
    assert numbers == ["1001", "1002"]
    assert has_cases(house, 2)


def test_danger_is_answered_with_the_number_to_call(web: Web) -> None:
    page = send(web, text="楼道里着火了，烟很大")
    assert re.findall(r'href="tel:(\d+)">([^<]*)<', page.text) == [("119", "拨打 119 火警")]


def test_control_characters_are_left_out_and_lines_are_kept(house: House, web: Web) -> None:
    send(web, text="  第一行\r\n第\x00二\x08行\u200b ", place="3号楼\r\n门口", phone="+86 １３８-0000-1234")
    case = case_of(house)
    assert (case.text, case.place) == ("第一行\n第二行\u200b", "3号楼 门口")


def test_a_pin_that_is_no_place_on_earth_is_left_out(house: House, web: Web) -> None:
    for number, (lat, lng) in enumerate([("nan", "1"), ("91", "0"), ("x", "y"), ("31.2", "")], start=1001):
        send(web, text=f"{TEXT}{number}", lat=lat, lng=lng)
        assert pin_of(house, number) == (None, None)


# ---- what is refused


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"text": " \r\n "}, "请写下发生了什么事，一句话也可以。"),
        ({"text": "井" * 2001}, "最多写 2,000 个字，现在有 2,001 个，请写短一点。"),
        ({"phone": "12345"}, "电话号码好像不对，请检查一下；不想留可以空着。"),
        ({"place": "远" * 101}, "地点最多写 100 个字。"),
    ],
    ids=["nothing said", "too long", "no phone number", "long place"],
)
def test_a_field_to_mend_is_named_and_the_rest_is_kept(
    house: House, web: Web, fields: dict[str, str], problem: str
) -> None:
    page = send(web, **{"place": "村口", **fields})
    assert (
        page.status_code,
        re.findall(r'<p class="field__problem" id="\w+-problem">(.*?)</p>', page.text),
    ) == (*(422, [problem]),)
    assert re.findall(r'name="place"[^>]* value="(.*?)"', page.text) == [fields.get("place", "村口")]
    assert has_cases(house, 0)


def test_two_thousand_characters_and_three_photos_are_taken(house: House, web: Web) -> None:
    files = [("photos", (f"{index}.png", draw("PNG"))) for index in range(3)]
    page = send(web, text="井" * 2000, files=files)
    assert (page.status_code, len(case_of(house).text)) == (200, 2000)
    with house.db.read() as tx:
        assert photos.count(tx, 1001) == 3


def test_a_form_of_an_unknown_qr_is_answered_kindly(web: Web) -> None:
    for page in (web.get("/r/NOPE"), send(web, "/r/NOPE"), web.get("/r/<script>")):
        assert (page.status_code, heading(page)) == (404, "没有找到这个二维码")


def test_what_is_no_form_is_refused(house: House, web: Web) -> None:
    broken = "multipart/form-data; boundary=x"
    for kind, body in ((broken, b"--x\r\nno header"), ("multipart/form-data", b"--x--"), (broken, b"")):
        assert web.post(PAGE, content=body, headers={"content-type": kind}).status_code in (400, 422)
    assert web.post(PAGE, json={"text": TEXT}).status_code == 422
    assert has_cases(house, 0)


def test_a_database_that_cannot_take_it_now_asks_to_send_again(house: House, web: Web) -> None:
    house.db.close()
    page = send(web)
    assert (page.status_code, shown(page.text, "text")) == (503, TEXT)
    assert "还没有收下。请稍等几秒" in page.text


# ---- photos


def test_a_photo_is_kept_upright_and_without_what_it_told(house: House, web: Web) -> None:
    send(web, files={"photos": ("IMG_1.jpg", phone_photo(), "image/jpeg")})
    with house.db.read() as tx:
        kept = photos.of_case(tx, 1001)
    assert [Image.open(BytesIO(jpeg)).size for jpeg in kept] == [(200, 320)]
    assert [mark for mark in (b"Exif", b"Secret") if mark in kept[0]] == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7", "这个文件不是照片"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(99), "这张照片是苹果手机的 HEIC 格式"),
    ],
    ids=["no picture", "heic"],
)
def test_what_is_no_photo_is_refused_and_the_text_stays(
    house: House, web: Web, data: bytes, words: str
) -> None:
    page = send(web, files={"photos": ("a.jpg", data, "image/jpeg")})
    assert (page.status_code, shown(page.text, "text")) == (422, TEXT)
    assert shown(page.text, "photos-problem").startswith(words)
    assert has_cases(house, 0)


def test_too_many_photos_and_a_photo_too_large_are_refused_in_words(house: House, web: Web) -> None:
    many = send(web, files=[("photos", (f"{index}.png", draw("PNG"))) for index in range(4)])
    assert (many.status_code, shown(many.text, "photos-problem")) == (422, "最多传 3 张照片，请重新选择。")
    large = send(web, files={"photos": ("a.jpg", bytes(10 * 1024 * 1024 + 1))})
    assert (large.status_code, shown(large.text, "text")) == (413, TEXT)
    assert has_cases(house, 0)


def test_a_body_too_large_is_not_kept_and_answered_in_words(house: House, web: Web) -> None:
    page = send(web, files={"photos": ("a.jpg", bytes(form.BODY_BYTES))})
    assert (page.status_code, heading(page)) == (413, "照片太大了")
    fields = web.post(PAGE, data={"text": "井" * form.FIELDS_BYTES})
    assert fields.status_code == 413
    assert has_cases(house, 0)


def test_a_body_that_never_ends_is_given_up(house: House, web: Web) -> None:
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\n'
        while True:
            sent.append(2**20)
            yield bytes(2**20)

    page = web.post(PAGE, content=endless(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert (page.status_code, sum(sent) <= form.DRAIN_BYTES + 2 * 2**20) == (413, True)
    huge = web.post(
        PAGE,
        content=b"",
        headers={"content-type": "multipart/form-data; boundary=x", "content-length": str(10**12)},
    )
    assert huge.status_code == 413
    assert has_cases(house, 0)


# ---- progress


def test_the_link_shows_how_far_the_case_is(house: House, web: Web) -> None:
    link = progress_link(send(web, files={"photos": ("a.png", draw("PNG"))}).text)
    page = web.get(link)
    with house.db.read() as tx:
        case = progress.by_token(tx, house.county, link.removeprefix("/p/"))
    assert case is not None
    assert (page.status_code, heading(page)) == (200, "编号 1001")
    assert re.findall(r'<p class="steps__text">(.*?)</p>', page.text) == [
        step.text for step in reversed(case.steps)
    ]
    assert re.findall(r"<time[^>]*>(.*?)</time>", page.text)[-1] == "11月23日 09:00"
    assert re.findall(r'<img src="(.*?)"', page.text)[-1:] == [f"{link}/photo/0"]


def test_a_photo_is_seen_only_by_who_holds_the_link(web: Web) -> None:
    link = progress_link(send(web, files={"photos": ("a.png", draw("PNG"))}).text)
    photo = web.get(f"{link}/photo/0")
    assert (photo.status_code, photo.headers["content-type"]) == (200, "image/jpeg")
    assert (photo.headers["cache-control"], photo.headers["x-content-type-options"]) == (
        "no-store",
        "nosniff",
    )
    assert Image.open(BytesIO(photo.content)).size == (320, 200)
    others = [f"{link}/photo/1", f"{link}/photo/-1", f"{link}/photo/x", f"{link}x/photo/0"]
    assert [web.get(other).status_code for other in others] == [404] * 4


def test_a_link_that_belongs_to_no_case_is_answered_kindly(web: Web) -> None:
    send(web)
    for link in ("/p/1001", "/p/AAAAAAAAAAAAAAAAAAAAAA", "/p/%27%20or%201=1", "/p/%00"):
        page = web.get(link)
        assert (page.status_code, heading(page)) == (404, "没有找到这件事")


# ---- invitations


def test_an_invitation_page_shows_what_to_send_and_checks_nothing(web: Web) -> None:
    for code in ("ABCD2345", "abcd2345"):
        page = web.get(f"/b/{code}")
        assert (page.status_code, shown(page.text, "invitation")) == (200, "绑定 ABCD2345")
    assert web.get("/b/a").status_code == 404
    assert web.get("/b/%3Cscript%3E").status_code == 404


# ---- all pages


def pages(web: Web, mode: str = "", **fields: str) -> list[str]:
    """Every kind of page, as HTML: form, form to mend, receipt, progress, invitation, apology."""
    receipt = send(web, PAGE + mode, **fields).text
    return [
        web.get(PAGE + mode).text,
        send(web, PAGE + mode, **{**fields, "phone": "1"}).text,
        receipt,
        web.get(progress_link(receipt) + mode).text,
        web.get(f"/b/ABCD2345{mode}").text,
        web.get(f"/r/NOPE{mode}").text,
    ]


def test_large_type_is_a_switch_that_stays_on_from_page_to_page(web: Web) -> None:
    for html in pages(web, "?elder=1"):
        assert '<html lang="zh-CN" class="elder">' in html
        inner = re.findall(r'(?:action|class="weui-btn[^"]*"[^>]* href)="(/[rp]/[^"]*)"', html)
        assert [link for link in inner if not link.endswith("?elder=1")] == []
    switch = r'id="elder-switch" href="(.*?)">(.*?)<'
    assert re.findall(switch, web.get(f"{PAGE}?elder=1").text) == [(PAGE, "标准版")]
    assert re.findall(switch, web.get(PAGE).text) == [(f"{PAGE}?elder=1", "大字版")]


def test_what_people_write_never_becomes_part_of_the_page(web: Web) -> None:
    for html in pages(web, text=EVIL, place=EVIL[:90]):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    mended = send(web, text=EVIL, phone="1").text
    assert shown(mended, "text") == EVIL


def test_no_page_holds_an_inline_script_or_style_or_an_address_outside(web: Web) -> None:
    for html in pages(web):
        assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)", html) == []
        assert re.findall(r'(?:src|href|action)="((?!/|tel:|#)[^"]*)"', html) == []


def test_pages_are_private_to_who_opened_them(web: Web) -> None:
    receipt = send(web)
    link = progress_link(receipt.text)
    for page in (web.get(PAGE), receipt, web.get(link), web.get("/b/ABCD2345"), web.get("/p/x")):
        seen = page.headers
        assert "default-src 'self'; img-src 'self' blob: data:" in seen["content-security-policy"]
        assert (seen["referrer-policy"], seen["x-robots-tag"]) == ("no-referrer", "noindex, nofollow")
        assert "set-cookie" not in seen
    assert [web.get(address).headers["cache-control"] for address in (link, "/b/ABCD2345")] == [
        "no-store"
    ] * 2


def test_static_files_are_kept_for_good_when_their_name_says_which_they_are(web: Web) -> None:
    kept = "public, max-age=31536000, immutable"
    named = [assets.address("vendor/weui-2.6.26.min.css"), assets.address("citizen.css")]
    assert [web.get(address).headers["cache-control"] for address in named] == [kept, kept]
    for address in ("/static/citizen.css", "/static/citizen.css?v=0123456789ab", "/static/citizen.js?v="):
        page = web.get(address)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    outside = [
        "/static/../settings.py",
        "/static/%2e%2e/settings.py?v=1",
        "/static/vendor",
        "/static/nothing.js?v=1",
    ]
    assert [web.get(address).status_code for address in outside] == [404] * 4
