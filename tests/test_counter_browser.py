"""The shop in a real browser: a resident orders on the phone, the manager sells and hands over."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DESK, PHONE, browser, opened
from tests.served import aside, served_town
from tests.test_me import card
from tests.test_redeem import earn
from tests.test_report_page_browser import FAINT, TARGETS
from tests.town import Town
from tests.web import link

__all__ = ["browser"]

PIN = "294815"
# A box to tick is pressed by its label.
PRESSED = TARGETS.replace("input:not([type=hidden])", "label:has(input), select, .box, .stepper__count")
REFUSED = ("422 (Unprocessable", "401 (Unauthorized")
TABLET = (820, 1180)


@pytest.fixture(scope="module")
def shop(sqlite_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Town]]:
    """One server for the whole file, and the town in which 李秀英 and 王小满 have points."""
    with served_town(sqlite_county, tmp_path_factory.mktemp("shop")) as (address, town):
        for who in ("李秀英", "王小满"):
            aside(lambda who=who: earn(town, who, 4))
        yield address, town


def door(shop: tuple[str, Town], who: str, word: str) -> str:
    """The address of the link that `word` brings."""
    address, town = shop
    return address + link(aside(lambda: town.say(who, word)))


def enter(page: Page) -> None:
    page.get_by_role("button", name="是我，打开").click()


def scan(page: Page, typed: str) -> None:
    """As a scanner at the USB port does it: keys, and Enter."""
    expect(page.get_by_label("取货码，或户卡号")).to_be_focused()
    page.keyboard.type(typed + "\n")


def total(page: Page) -> str:
    return page.locator("[data-total]").inner_text()


def is_legible(page: Page, width: int, touch: int = 44) -> None:
    """Nothing faint, nothing too small for a thumb, nothing that scrolls sideways."""
    page.wait_for_load_state()  # a click waits for the next page, not for its style sheets
    assert page.evaluate(FAINT) == []
    assert [target for target in page.evaluate(PRESSED) if target[1] < touch] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_basket_is_ordered_on_the_phone_and_handed_over_by_its_code(
    shop: tuple[str, Town], browser: Browser
) -> None:
    with opened(browser, door(shop, "王小满", "我的主页"), PHONE) as page:
        is_legible(page, PHONE[0])
        enter(page)
        is_legible(page, PHONE[0])
        page.get_by_role("link", name="去换商品").click()
        is_legible(page, PHONE[0])
        for _ in range(2):
            page.get_by_role("button", name="多要肥皂").click()
        page.get_by_role("button", name="多要毛巾").click()
        assert total(page) == "共 3 件，35 分"
        page.get_by_role("button", name="多要毛巾").click()
        assert total(page) == "共 4 件，50 分，还差 10 分"
        page.get_by_role("button", name="少要毛巾").click()
        page.get_by_role("button", name="换这些").dblclick()
        code = page.locator("#code").inner_text()
        expect(page.locator(".pickup svg")).to_be_visible()
        is_legible(page, PHONE[0])
        page.get_by_role("link", name="回我的主页").click()
        expect(page.locator(".order")).to_have_count(1)
    with opened(browser, door(shop, "戴满仓", "柜台"), TABLET) as page:
        enter(page)
        is_legible(page, TABLET[0])
        scan(page, f"MSQH:SHOP-XF:{code.replace(' ', '')}")
        expect(page.get_by_role("heading", level=1)).to_have_text("王＊")
        is_legible(page, TABLET[0])
        page.get_by_label("毛巾").uncheck()
        page.get_by_role("button", name="交货").click()
        expect(page.locator("#points")).to_have_text("20")
        is_legible(page, TABLET[0])
        page.get_by_role("link", name="下一位").click()
        expect(page.get_by_label("取货码，或户卡号")).to_be_focused()
    assert shop[1].drift() == []


def test_a_card_is_sold_on_with_its_pin_and_paused_after_five_wrong_ones(
    shop: tuple[str, Town], browser: Browser
) -> None:
    town = shop[1]
    with opened(browser, door(shop, "李秀英", "我的主页"), PHONE) as page:
        enter(page)
        page.get_by_label("新密码").fill(PIN)
        page.get_by_label("再输一次").fill(PIN)
        page.get_by_role("button", name="就用这个密码").click()
        expect(page.get_by_role("status")).to_have_text("户卡密码已设好。")
    with opened(browser, door(shop, "戴满仓", "柜台"), TABLET, errors_expected=REFUSED) as page:
        enter(page)
        scan(page, card(town, "李秀英").code)
        page.get_by_role("button", name="多要盐 400 g").click()
        page.get_by_role("button", name="多要肥皂").click()
        assert total(page) == "共 2 件，20 分"
        is_legible(page, TABLET[0])
        page.get_by_label("请顾客自己输密码").fill(PIN)
        page.get_by_role("button", name="换好了").dblclick()
        expect(page.locator("#left")).to_have_text("20")
        page.reload()  # sends the sale again: the same receipt
        expect(page.locator("#left")).to_have_text("20")
        expect(page.get_by_role("button", name="打印小票")).to_be_visible()
        page.get_by_role("link", name="下一位").click()
        scan(page, card(town, "李秀英").code)
        page.get_by_role("button", name="多要肥皂").click()
        for _ in range(5):
            page.get_by_label("请顾客自己输密码").fill("100000")
            page.get_by_role("button", name="换好了").click()
            assert total(page) == "共 1 件，10 分"  # the basket stays
        expect(page.get_by_role("alert")).to_have_text("密码不对，已错 5 次，请在 11月23日 09:15 以后再试。")
        page.get_by_label("请顾客自己输密码").fill(PIN)
        page.get_by_role("button", name="换好了").click()
        expect(page.get_by_role("alert")).to_have_text("密码输错太多次，请在 11月23日 09:15 以后再试。")
    assert (town.points("李秀英"), town.drift()) == (20, [])


def test_the_counter_and_ones_own_page_work_without_scripts(shop: tuple[str, Town], browser: Browser) -> None:
    with opened(browser, door(shop, "李秀英", "我的主页") + "?elder=1", PHONE, scripts=False) as page:
        enter(page)
        expect(page.locator("html.elder")).to_have_count(1)
        is_legible(page, PHONE[0], 60)
        page.get_by_role("link", name="去换商品").click()
        is_legible(page, PHONE[0], 60)
        page.get_by_label("毛巾").fill("1")
        page.get_by_role("button", name="换这些").click()
        page.get_by_role("link", name="回我的主页").click()
        page.get_by_role("button", name="看取货码（换新）").click()
        code = page.locator("#code").inner_text()
    with opened(browser, door(shop, "戴满仓", "柜台"), PHONE, scripts=False) as page:
        enter(page)
        page.get_by_label("取货码，或户卡号").fill(code)
        page.get_by_role("button", name="查看").click()
        page.get_by_role("button", name="交货").click()
        expect(page.locator("#points")).to_have_text("15")
        page.get_by_role("link", name="下一位").click()
        page.get_by_role("link", name="当日兑换单").click()
        expect(page.locator("#given tbody tr")).not_to_have_count(0)
        is_legible(page, PHONE[0])
    assert shop[1].drift() == []


def test_cards_and_sheets_print_on_paper_without_what_is_for_the_screen(
    shop: tuple[str, Town], browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, door(shop, "徐慧敏", "户卡"), DESK) as page:
        enter(page)
        page.get_by_label("幸福社区", exact=True).check()
        is_legible(page, DESK[0])
        page.get_by_role("button", name="看户卡").click()
        page.emulate_media(media="print")
        expect(page.locator(".face").first).to_be_visible()
        expect(page.locator(".top")).to_be_hidden()
        expect(page.get_by_role("button", name="打印")).to_be_hidden()
        page.pdf(path=tmp_path / "cards.pdf", format="A4")
    assert (tmp_path / "cards.pdf").stat().st_size > 1_000
