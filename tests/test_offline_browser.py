"""A shop without network in a real browser: a list is kept, sold on, brought back; a double is seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import browser, opened
from tests.served import aside, served_town
from tests.shop import assert_books_are_right, give_points, told
from tests.test_counter_browser import TABLET, door, enter, is_legible
from tests.test_me import card
from tests.town import NOW, Town

__all__ = ["browser"]

NO_NETWORK = ("ERR_INTERNET_DISCONNECTED",)


@pytest.fixture(scope="module")
def shop(sqlite_county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Town]]:
    """A server and the town in which 李秀英 and 王小满 have points."""
    with served_town(sqlite_county, tmp_path_factory.mktemp("offline")) as (address, town):
        for who in ("李秀英", "王小满"):
            aside(lambda who=who: give_points(town, who, 60))
        yield address, town


@contextmanager
def device(browser: Browser, shop: tuple[str, Town]) -> Iterator[Page]:
    """A device at which the manager has opened the page of lists; its clock is the town's."""
    with opened(browser, door(shop, "戴满仓", "柜台"), TABLET, errors_expected=NO_NETWORK) as page:
        page.clock.set_fixed_time(NOW)
        enter(page)
        page.get_by_role("link", name="离线券（没有网络时）").click()
        yield page


def go_offline(page: Page) -> None:
    """Open the counter that needs no network, switch the network off, load the page again."""
    expect(page.get_by_text("名单已存到这台设备，没有网络也能卖。")).to_be_visible()
    page.get_by_role("link", name="打开离线柜台").click()
    expect(page.get_by_role("heading", name="没有网络时兑换")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#line")).to_have_text("现在没有网络。")


def sell(page: Page, number: str, what: str, count: int) -> None:
    page.get_by_label("扫户卡，或输卡号").fill(number)
    page.get_by_role("button", name="查看").click()
    for _ in range(count):
        page.get_by_role("button", name=f"多要{what}").click()
    page.get_by_role("button", name="记下，交货").dblclick()
    expect(page.get_by_role("heading", name="请交货")).to_be_visible()


def bring_back(page: Page) -> None:
    """The network is back: the device asks to be synchronised."""
    page.context.set_offline(False)
    expect(page.locator("#line")).to_have_text("现在有网络：请先同步。")
    page.get_by_role("link", name="去同步").click()
    page.get_by_role("button", name="同步").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("同步结果")


def test_a_village_sells_without_network_and_a_second_device_cannot_use_a_voucher_again(
    shop: tuple[str, Town], browser: Browser
) -> None:
    town = shop[1]
    number, other = card(town, "李秀英").code, card(town, "王小满").code
    with device(browser, shop) as page, device(browser, shop) as copied:
        is_legible(page, TABLET[0])
        page.get_by_label("这台设备叫什么").fill("村口平板")
        page.get_by_label("哪些户（户卡号，一行一个）").fill(f"{number}\n{other}")
        page.get_by_role("button", name="签名单").click()
        go_offline(page)
        assert (town.points("李秀英"), town.points("王小满")) == (10, 10)
        is_legible(page, TABLET[0])
        # A second device takes a copy while there is network.
        copied.reload()
        copied.get_by_role("button", name="存到这台设备").click()
        go_offline(copied)
        # The first sells, loads the page anew, and knows what it sold.
        sell(page, number, "肥皂", 2)
        page.reload()
        expect(page.locator("#sold-list li")).to_have_text(["李＊：肥皂 2 块，20 分（没有同步）"])
        page.get_by_label("扫户卡，或输卡号").fill(number)
        page.get_by_role("button", name="查看").click()
        expect(page.locator("#problem")).to_have_text("这户的离线券已经用过了。")
        page.get_by_label("扫户卡，或输卡号").fill("WXYZ2345")
        page.get_by_role("button", name="查看").click()
        expect(page.locator("#problem")).to_have_text("这张户卡不在离线名单上。")
        page.get_by_label("扫户卡，或输卡号").fill(f"http://127.0.0.1:8000/c/{other}")
        page.get_by_role("button", name="查看").click()
        for _ in range(6):
            page.get_by_role("button", name="多要肥皂").click()
        page.get_by_role("button", name="记下，交货").click()
        expect(page.locator("#basket-problem")).to_have_text("离线券只有 50 分。")
        is_legible(page, TABLET[0])
        # The second, which knows nothing of that, sells on the same voucher.
        sell(copied, number, "毛巾", 1)
        bring_back(page)
        expect(page.locator("#sold li")).to_have_text(["李＊：肥皂 2 块，20 分，单号 1。"])
        is_legible(page, TABLET[0])
        bring_back(copied)
        double = "李＊：毛巾 1 条，没有记上：这张券已经用过了。需要核对。"
        expect(copied.locator("#refused li")).to_have_text([double])
        copied.reload()
        expect(copied.locator("#refused li")).to_have_text([double])
        copied.get_by_role("link", name="返回").click()
        expect(copied.locator(".doubts li")).to_contain_text(
            ["李＊：毛巾 1 条，没有记上：这张券已经用过了。"]
        )
        expect(copied.locator("#sync")).to_be_hidden()
        is_legible(copied, TABLET[0])
    for who in ("戴满仓", "严守正"):
        assert told(town, who)[-1] == f"【离线券需要核对】幸福社区平安超市，设备“村口平板”，{double}"
    assert (town.points("李秀英"), town.points("王小满")) == (40, 10)
    assert_books_are_right(town)
