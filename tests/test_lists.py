"""Public lists: anybody reads them, under masked names; what stands in them is what was booked."""

import asyncio
import re
from datetime import datetime
from html import unescape

import httpx
import sqlalchemy as sa

from bot.app import create_app
from handlers.applied import photo_token
from handlers.blocks import proof
from handlers.days import ZONE, month_bounds
from handlers.public_lists import beside, is_month
from store import ledger
from store.tables import photos
from tests.town import DAY, NOW, Town

PEACE = "申请积分 调解 昨天劝和了李四和王五两家人 13812345678"
PRIVATE = ("李秀英", "王小满", "李四", "13812345678", "o-lixiuying")


def get(town: Town, address: str) -> httpx.Response:
    """The page as somebody without login sees it."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(town.house))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(address)

    return asyncio.run(ask())


def table(page: httpx.Response) -> list[list[str]]:
    """The cells of the page's table, a row each, without its head."""
    assert page.status_code == 200
    rows = re.findall(r"<tr>(.*?)</tr>", page.text, re.S)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in rows]
    return [[unescape(cell) for cell in row] for row in cells if row]


def test_applications_and_points_are_public_under_masked_names(town: Town) -> None:
    town.say("李秀英", PEACE)
    town.say("何春梅", "初审 1")
    assert table(get(town, "/g/QH-XF")) == []
    town.say("徐慧敏", "批准 1")
    row = ["1", "李＊", "幸福社区第二网格", "调解 15 分（11月22日）", "到 11月26日 09:00"]
    for code in ("QH-XF", "QH-XF-2"):
        assert table(get(town, f"/g/{code}")) == [row]
    assert table(get(town, "/g/QH-TH")) == table(get(town, "/g/QH-XF-1")) == []
    town.say("王小满", "异议 1 还在吵")
    assert table(get(town, "/g/QH-XF")) == [[*row[:4], "有异议，核实中"]]
    town.say("徐慧敏", "异议不成立 1 问过")
    for number in (1001, 1002):
        town.say("李秀英", "3号楼井盖破了")
        town.say("何春梅", f"属实 {number}")
    town.later(3 * DAY)
    town.run_jobs()
    assert table(get(town, "/g/QH-XF")) == []
    earned = [
        ["李＊", "幸福社区第二网格", "调解", "1", "15"],
        ["李＊", "幸福社区第二网格", "上报属实", "2", "20"],
    ]
    for address in ("/g/QH-XF/points", "/g/QH-XF/points/2026-11", "/g/QH-XF-2/points?elder=1"):
        assert table(get(town, address)) == earned, address
    assert "共 1 户，35 分。" in get(town, "/g/QH-XF/points").text
    assert table(get(town, "/g/QH-XF/points/2026-10")) == table(get(town, "/g/QH-TH/points")) == []
    with town.db.read() as tx:
        award = tx.execute(sa.text("SELECT id FROM xfer WHERE rule = 'mediation'")).scalar_one()
    town.db.write(lambda tx: ledger.reverse(tx, award, reason="撤销", now=town.now, actor_id=None))
    assert table(get(town, "/g/QH-XF/points")) == earned[1:]
    for address in ("/g/QH-XF", "/g/QH-XF/points", "/g/QH-XF-2", "/s/SHOP-XF/goods"):
        page = get(town, address)
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert [name for name in PRIVATE if name in page.text] == [], address
    assert "style=" not in page.text
    assert "<script>" not in page.text


def test_a_months_end_is_vouched_for_on_every_list_and_in_the_villages_groups(town: Town) -> None:
    """Whoever printed a list of November can prove later that nothing of November was changed."""

    def vouched(address: str) -> list[str]:
        return re.findall(r'<p class="list__proof">(.*?)</p>', get(town, address).text)

    addresses = ("/g/QH-XF", "/g/QH-XF/points", "/s/SHOP-XF/goods", "/g/QH-XF/points/2026-11")
    town.say("李秀英", "3号楼井盖破了")
    town.say("何春梅", "属实 1001")
    town.run_jobs()
    assert [vouched(address) for address in addresses] == [[], [], [], []]
    town.time[0] = month_bounds("2026-12")[0] + 8 * 3600
    with town.db.read() as tx:
        line = proof(tx, town.now)
    assert line.startswith("积分账本 2026 年 11 月末校验码（第 1 块）：")
    told = f"{line}。以后账目如有改动，可用它核对出来。"
    assert [vouched(address) for address in addresses] == [[told]] * 4
    assert vouched("/g/QH-XF/points/2026-10") == vouched("/s/SHOP-XF/goods/2026-10") == []
    town.run_jobs()
    said = f"{line}\n请保存本条消息：以后账目如有改动，可用它核对出来。"
    for unit in ("AH", "QH-XF", "QH-TH"):
        assert [text for text in town.heard(unit) if "校验码" in text] == [said], unit


def test_the_goods_of_a_shop_add_up_each_month(town: Town) -> None:
    for number in (1001, 1002):
        town.say("李秀英", "3号楼井盖破了")
        town.say("何春梅", f"属实 {number}")
    code = town.say("李秀英", "兑换 肥皂").splitlines()[1].removeprefix("取货码：")
    town.say("李秀英", "兑换 盐")
    town.say("戴满仓", f"核销 {code}")

    def move_goods(tx: object) -> None:
        soap, shop = tx.execute(sa.text("SELECT id, shop_id FROM articles WHERE code = 'XF-SOAP'")).one()
        of = {
            kind: ledger.account(tx, kind, unit=soap, owner=0 if kind == "supplier" else shop)
            for kind in ("supplier", "shelf", "damaged", "counted")
        }
        for kind, debit, credit, amount in (
            ("restock", "supplier", "shelf", 40),
            ("damage", "shelf", "damaged", 3),
            ("count", "shelf", "counted", 2),
        ):
            ledger.move(
                tx,
                kind=kind,
                debit=of[debit],
                credit=of[credit],
                unit=soap,
                amount=amount,
                idem=kind,
                txn=kind,
                reason=kind,
                now=town.now,
            )

    town.db.write(move_goods)
    rows = {row[0]: row[2:] for row in table(get(town, "/s/SHOP-XF/goods"))}
    assert rows["肥皂"] == ["0", "160", "1", "3", "-2", "154"]
    assert rows["盐 400 g"] == ["0", "80", "0", "0", "0", "80"]
    town.later(30 * DAY)
    rows = {row[0]: row[2:] for row in table(get(town, "/s/SHOP-XF/goods"))}
    assert rows["肥皂"] == ["154", "0", "0", "0", "0", "154"]
    assert {row[0]: row[2:] for row in table(get(town, "/s/SHOP-XF/goods/2026-11"))}["肥皂"][0] == "0"
    assert '<a href="/g/QH-XF/points">' in get(town, "/s/SHOP-XF/goods").text
    assert '<a href="/s/SHOP-XF/goods">' in get(town, "/g/QH-XF-2").text


def test_towns_show_their_villages_and_what_is_not_there_is_told(town: Town) -> None:
    page = get(town, "/g/AH-QH/points")
    assert re.findall(r'href="(/g/[^"]+/points)">(.*?)</a>', page.text)[0] == ("/g/QH-XF/points", "幸福社区")
    assert "请选一个村(社区)。" in page.text
    for address in (
        "/g/NO",
        "/g/NO/points",
        "/g/QH-XF/points/2026-12",
        "/g/QH-XF/points/2026-13",
        "/g/QH-XF/points/%E4%BA%8C",
        "/g/QH-XF/points?page=0",
        "/g/QH-XF/points?page=%C2%B2",
        "/s/NO/goods",
        "/s/SHOP-XF/goods/1999-01",
    ):
        assert get(town, address).status_code == 404, address


def test_a_photo_is_shown_to_whoever_holds_its_link(town: Town) -> None:
    town.say("李秀英", "申请积分 宣传 昨天发了反诈传单")
    town.send_photo("李秀英")
    link = next(line for line in town.say("何春梅", "看申请 1").splitlines() if line.startswith("照片："))
    address = link.partition("：")[2].removeprefix("http://127.0.0.1:8000")
    assert get(town, address).status_code == 404
    town.db.write(lambda tx: tx.execute(sa.update(photos).values(state="kept", jpeg=b"jpeg")))
    assert (get(town, address).content, get(town, address).headers["Cache-Control"]) == (b"jpeg", "no-store")
    assert get(town, address.replace("/0", "/1")).status_code == 404
    assert get(town, f"/a/2/{address.split('/')[3]}/0").status_code == 404
    assert photo_token(b"other", 1) not in address
    town.say("何春梅", "初审 1")
    town.say("徐慧敏", "批准 1")
    with town.db.read() as tx:
        evidence = tx.execute(sa.text("SELECT evidence FROM applications")).scalar_one()
    assert len(evidence) == 64


def test_months() -> None:
    assert [is_month(text, now=NOW) for text in ("2026-11", "2020-01", "2026-12", "2026-1", "2019-12")] == [
        *(True, True, False, False, False),
    ]
    assert beside("2026-11", now=NOW) == ("2026-10", "")
    assert beside("2026-01", now=NOW) == ("2025-12", "2026-02")
    assert beside("2025-12", now=NOW) == ("2025-11", "2026-01")
    since, until = month_bounds("2025-12")
    assert [datetime.fromtimestamp(at, ZONE).isoformat() for at in (since, until)] == [
        "2025-12-01T00:00:00+08:00",
        "2026-01-01T00:00:00+08:00",
    ]
