"""The story of one household, as docs/household.md tells it: from a good deed to goods from the shop."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser import DESK, PHONE, browser, opened
from tests.invariants import broken
from tests.served import aside
from tests.test_counter_browser import PIN, TABLET, door, enter, is_legible, scan, shop
from tests.test_me import card
from tests.test_redeem import stock
from tests.town import DAY, HOUR, Town

__all__ = ["browser", "shop"]


def say(town: Town, who: str, text: str) -> str:
    return aside(lambda: town.say(who, text))


def run_jobs(town: Town) -> None:
    for _ in range(3):
        aside(town.run_jobs)
        town.later(HOUR)


def test_from_a_good_deed_to_goods_from_the_shop(
    shop: tuple[str, Town], browser: Browser, tmp_path: Path
) -> None:
    address, town = shop
    assert say(town, "李秀英", "申请积分 昨天在小区门口发反诈传单").startswith("编号 1，宣传 5 分")
    aside(lambda: town.send_photo("李秀英"))
    assert say(town, "何春梅", "初审 1") == "申请 1 初审通过，等村(社区)批准。"
    assert say(town, "徐慧敏", "批准 1").startswith("申请 1 已批准，公示到 ")
    with opened(browser, f"{address}/g/QH-XF", PHONE) as page:
        expect(page.locator("tbody tr")).to_contain_text(["李＊"])
        assert "李秀英" not in page.content()
        is_legible(page, PHONE[0])
    assert say(town, "王小满", "异议 1 没见到人").startswith("收到您对申请 1 的异议")
    town.later(3 * DAY)
    run_jobs(town)
    assert aside(lambda: town.points("李秀英")) == 40, "an open objection stops the posting"
    assert say(town, "徐慧敏", "异议不成立 1 有照片，物业也看到了").startswith("已记录：异议不成立。")
    town.later(3 * DAY)
    run_jobs(town)
    with opened(browser, door(shop, "李秀英", "我的主页"), PHONE) as page:
        enter(page)
        expect(page.locator(".ticket__number")).to_have_text("45")
        page.get_by_label("新密码").fill(PIN)
        page.get_by_label("再输一次").fill(PIN)
        page.get_by_role("button", name="就用这个密码").click()
        page.get_by_role("link", name="去换商品").click()
        page.get_by_role("button", name="多要肥皂").click()
        page.get_by_role("button", name="多要毛巾").click()
        page.get_by_role("button", name="换这些").click()
        expect(page.locator("#code")).to_be_visible()
    before = {name: aside(lambda name=name: stock(town, name)) for name in ("肥皂", "毛巾")}
    with opened(browser, door(shop, "戴满仓", "柜台"), TABLET) as page:
        enter(page)
        scan(
            page, card(town, "李秀英").code
        )  # grandmother has no phone: she brings the card and knows the PIN
        expect(page.get_by_role("heading", name="早先换好、等着领的")).to_be_visible()
        for name in before:
            page.get_by_role("checkbox", name=name).check()
        page.get_by_label("请顾客自己输密码").fill(PIN)
        page.get_by_role("button", name="换好了").click()
        expect(page.locator("#left")).to_have_text("20")
    assert before == {name: aside(lambda name=name: stock(town, name)) for name in ("肥皂", "毛巾")}
    with opened(browser, door(shop, "李秀英", "我的主页"), PHONE) as page:
        enter(page)
        page.get_by_role("link", name="按月看，打印对账单").click()
        expect(page.locator("#sums dd")).to_have_text(["0 分", "45 分", "25 分", "20 分"])
        is_legible(page, PHONE[0])
        page.emulate_media(media="print")
        expect(page.locator(".top")).to_be_hidden()
        page.pdf(path=tmp_path / "statement.pdf", format="A4")
        assert (tmp_path / "statement.pdf").stat().st_size > 1_000
    with opened(browser, door(shop, "严守正", "柜台"), DESK) as page:
        enter(page)
        expect(page.locator("#given tbody tr")).to_contain_text(["李＊", "李＊"])
        page.goto(f"{address}/s/SHOP-XF/goods")
        soap = page.locator("tbody tr", has_text="肥皂").locator("td")
        assert [soap.nth(place).inner_text() for place in (4, 7)] == ["1", before["肥皂"].removesuffix(" 块")]
    assert aside(lambda: (town.drift(), broken(town.db))) == ([], [])
