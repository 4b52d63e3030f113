"""Make the pictures of the READMEs anew: `.venv/bin/python docs/pictures.py` (needs Chromium)."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, Page, sync_playwright

from bot import server
from bot.sandbox.app import Sandbox
from bot.settings import Settings

FOLDER = Path(__file__).parent / "img"
RULES = Path(__file__).parent.parent / "rules"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 844}
PIN = "294815"
T = TypeVar("T")
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        settings = Settings(
            _env_file=None,
            database_url=f"sqlite:///{folder}/county.db",
            sandbox=True,
            port=0,
            rules_dir=RULES,
        )
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)
        with server.running(settings) as (house, sandbox):
            assert sandbox is not None
            _apart(_story(sandbox))
            _take(browser, house.settings.base_url)
            _take_shop(browser, sandbox)
        browser.close()


async def _story(sandbox: Sandbox) -> None:
    await sandbox.say("o-lixiuying", "3号楼前面的井盖破了，晚上看不见很危险")
    await sandbox.say_in_group("HeChunmei", "QH-XF", "今日平安")
    await sandbox.say("o-guxiaoning", "派单 1001 何春梅")
    await sandbox.say("o-hechunmei", "签收 1001")
    await sandbox.say("o-hechunmei", "属实 1001")
    await sandbox.say("o-lixiuying", "积分")
    await sandbox.say("o-lixiuying", "兑换 大米 1")


def _take(browser: Browser, url: str) -> None:
    _shoot(_open(browser, f"{url}/sandbox", DESK), "sandbox")
    _shoot(_open(browser, f"{url}/sandbox", PHONE), "sandbox-phone")
    _shoot(_open(browser, f"{url}/r/QH-XF-2?elder=1", PHONE), "report-elder")
    page = _open(browser, f"{url}/r/QH-XF-2", PHONE)
    _shoot(page, "report")
    page.fill("textarea", "路灯不亮三天了，老人晚上不敢出门")
    page.click("button[type=submit]")
    page.wait_for_load_state()
    _shoot(page, "receipt")
    link = re.search(r'href="([^"]*/p/[^"]+)"', page.content())
    assert link, "the receipt links to the progress page"
    page.goto(link[1] if link[1].startswith("http") else url + link[1])
    _shoot(page, "progress")


def _take_shop(browser: Browser, sandbox: Sandbox) -> None:
    """王小满 orders on her phone; 戴满仓 sells on her household's card."""
    _apart(_earn(sandbox, "o-wangxiaoman", 4))
    page = _enter(browser, sandbox, "o-wangxiaoman", "我的主页", PHONE)
    page.fill("#pin", PIN)
    page.fill("#again", PIN)
    page.get_by_role("button", name="就用这个密码").click()
    card = page.locator(".household__number").inner_text()
    page.get_by_role("link", name="去换商品").click()
    page.get_by_role("button", name="多要肥皂").click()
    page.get_by_role("button", name="换这些").click()
    _shoot(page, "pickup")
    page.get_by_role("link", name="回我的主页").click()
    _shoot(page, "me")
    page = _enter(browser, sandbox, "o-daimancang", "柜台", TABLET)
    page.fill("#typed", card)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="多要毛巾").click()
    page.mouse.wheel(0, 240)
    _shoot(page, "counter")
    page.fill("#pin", PIN)
    page.get_by_role("button", name="换好了").click()
    _shoot(page, "slip")


async def _earn(sandbox: Sandbox, openid: str, reports: int) -> None:
    for _ in range(reports):
        number = (await sandbox.say(openid, "井盖破了")).split("编号 ")[1][:4]
        await sandbox.say("o-xuhuimin", f"属实 {number}")


def _enter(browser: Browser, sandbox: Sandbox, openid: str, word: str, size: dict[str, Any]) -> Page:
    """The page behind the link that `word` brings."""
    link = re.search(r"http\S+", _apart(sandbox.say(openid, word)))
    assert link, f"{word} is answered with a link"
    page = _open(browser, link[0], size)
    page.get_by_role("button", name="是我，打开").click()
    return page


def _open(browser: Browser, url: str, size: dict[str, Any]) -> Page:
    page = browser.new_page(viewport=size, locale="zh-CN")  # type: ignore[arg-type]
    page.goto(url)
    page.wait_for_timeout(1500)  # the sandbox's live lines
    return page


def _shoot(page: Page, name: str) -> None:
    page.wait_for_timeout(300)
    page.screenshot(path=FOLDER / f"{name}.png")


def _apart(story: Coroutine[Any, Any, T]) -> T:
    """Playwright's loop runs in this thread, so the story needs another."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, story).result()


if __name__ == "__main__":
    main()
