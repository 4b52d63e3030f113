"""The sandbox page in a real browser, at desk and phone width, with a bot that repeats what it hears."""

import asyncio
import base64
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from bot.sandbox.app import Sandbox
from tests.browser import DESK, PHONE, browser, opened
from tests.echo_bot import EchoBot, echo_town

__all__ = ["browser"]

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def town(browser: Browser) -> Iterator[tuple[str, EchoBot, Sandbox]]:
    with echo_town() as parts:
        yield parts


def test_a_resident_speaks_and_sees_the_reply(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    with opened(browser, f"{town[0]}/sandbox", DESK) as page:
        expect(page.locator("#status")).to_have_text("已连接")
        expect(page.locator("#chat-log h3")).to_have_text("李秀英，您好")
        page.get_by_label("对码上办说").fill("井盖<b>破了</b>")
        page.keyboard.press("Enter")
        expect(page.locator("#chat-log .bubble:not(.typing)")).to_have_text(
            ["井盖<b>破了</b>", "收到：井盖<b>破了</b>"]
        )
        expect(page.get_by_label("对码上办说")).to_have_value("")


def test_a_first_hint_can_be_clicked(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    with opened(browser, f"{town[0]}/sandbox", DESK) as page:
        page.get_by_role("button", name="幸福社区3号楼井盖破了").click()
        expect(page.locator("#chat-log .theirs .bubble:not(.typing)")).to_have_text(
            "收到：幸福社区3号楼井盖破了"
        )


def test_a_chip_fills_in_the_case_heard_of_last(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    with opened(browser, f"{town[0]}/sandbox#o-hechunmei", DESK) as page:
        _write(page, "编号 1007")
        page.get_by_role("button", name="签收 1007").click()
        expect(page.locator("#chat-log .theirs .bubble:not(.typing)")).to_have_text(
            ["收到：编号 1007", "收到：签收 1007"]
        )


def test_who_sorts_and_who_reported_ask_by_a_chip_why_it_was_sorted_so(
    town: tuple[str, EchoBot, Sandbox], browser: Browser
) -> None:
    for who in ("o-guxiaoning", "o-lixiuying"):
        with opened(browser, f"{town[0]}/sandbox#{who}", DESK) as page:
            _write(page, "编号 1007")
            page.get_by_role("button", name="依据 1007").click()
            expect(page.locator("#chat-log .theirs .bubble:not(.typing)").last).to_have_text(
                "收到：依据 1007"
            )


def test_a_chip_knows_the_case_named_in_the_group(
    town: tuple[str, EchoBot, Sandbox], browser: Browser
) -> None:
    url, _, sandbox = town
    with opened(browser, f"{url}/sandbox", DESK) as page:
        expect(page.locator("#status")).to_have_text("已连接")
        _notify(url, sandbox, "QH-XF", "新事件 1008")
        expect(page.locator("#group-log .bubble")).to_have_text("新事件 1008")
        expect(page.get_by_role("button", name="查询 编号")).to_be_visible()
        page.locator("[data-openid=o-hechunmei]").click()
        expect(page.get_by_role("button", name="签收 1008")).to_be_visible()


def test_picture_place_and_scan_are_sent(
    town: tuple[str, EchoBot, Sandbox], browser: Browser, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(PIXEL)
    with opened(browser, f"{town[0]}/sandbox", DESK) as page:
        page.locator("#image").set_input_files(photo)
        expect(page.locator(".mine .bubble.image img")).to_be_visible()
        expect(page.locator(".theirs .bubble:not(.typing)")).to_have_text(["收到：image"])
        page.get_by_role("button", name="位置").click()
        page.get_by_role("button", name="幸福社区3号楼").click()
        expect(page.locator(".mine .bubble.location")).to_have_text("幸福社区3号楼")
        page.get_by_role("button", name="扫码").click()
        expect(page.get_by_role("img", name="幸福社区第二网格的二维码")).to_be_visible()
        page.get_by_role("button", name="用微信扫幸福社区第二网格").click()
        expect(page.locator(".mine .bubble.scan b")).to_have_text("幸福社区第二网格")
        expect(page.locator("#chat-log .theirs .bubble:not(.typing)")).to_have_text(
            ["收到：image", "收到：幸福社区3号楼", "收到：QH-XF-2"]
        )


def test_a_notice_appears_live_in_its_group(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    url, _, sandbox = town
    with opened(browser, f"{url}/sandbox", DESK) as page:
        expect(page.locator("#status")).to_have_text("已连接")
        _notify(url, sandbox, "QH-XF", "**1001** 市政设施\n> 请 <@HeChunmei> 签收")
        _notify(url, sandbox, "AH-QH", '<img src="x"> 汇总')
        expect(page.locator("#group-log .bubble p")).to_have_text(["1001 市政设施", "请 @何春梅 签收"])
        expect(page.locator("#group-log .bubble b")).to_have_text("1001")
        town_tab = page.get_by_role("tab", name="镇")
        expect(town_tab.locator(".count")).to_have_text("1")
        town_tab.click()
        expect(page.locator("#group-log .bubble")).to_have_text('<img src="x"> 汇总')
        expect(town_tab.locator(".count")).to_have_count(0)


def test_a_worker_speaks_in_the_group_a_resident_only_reads(
    town: tuple[str, EchoBot, Sandbox], browser: Browser
) -> None:
    with opened(browser, f"{town[0]}/sandbox", DESK) as page:
        expect(page.get_by_label("在群里对机器人说")).to_be_hidden()
        page.get_by_role("button", name="换成网格员何春梅").click()
        page.get_by_label("在群里对机器人说").fill("报平安")
        page.keyboard.press("Enter")
        expect(page.locator("#group-log .bubble")).to_have_text(["@码上办 报平安", "收到：@码上办 报平安"])
        expect(page.locator("#group-log .mine")).to_have_count(1)


def test_a_message_for_somebody_else_marks_that_person(
    town: tuple[str, EchoBot, Sandbox], browser: Browser
) -> None:
    url, _, sandbox = town
    with opened(browser, f"{url}/sandbox", DESK) as page:
        expect(page.locator("#status")).to_have_text("已连接")
        _elsewhere(sandbox.say("o-zhoujianguo", "报平安"))
        marked = page.locator("[data-openid=o-zhoujianguo]")
        expect(marked.get_by_label("有新消息")).to_be_visible()
        marked.click()
        expect(page.locator("#chat-log .bubble")).to_have_text(["报平安", "收到：报平安"])
        expect(marked.get_by_label("有新消息")).to_have_count(0)


def test_people_are_found_by_role_and_place(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    with opened(browser, f"{town[0]}/sandbox", DESK) as page:
        page.get_by_label("找人").fill("网格员 桃花村三组")
        expect(page.locator(".person b")).to_have_text(["萧立春"])
        page.get_by_label("找人").fill("没有这个人")
        expect(page.locator(".person")).to_have_count(0)


def test_groups_can_be_changed_by_arrow_keys(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    with opened(browser, f"{town[0]}/sandbox", DESK) as page:
        page.get_by_role("tab", name="村").focus()
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("tab", name="镇")).to_be_focused()
        expect(page.locator("#group-title")).to_have_text("青河镇网格工作群")


def test_a_silent_bot_is_told_of_in_the_chat(town: tuple[str, EchoBot, Sandbox], browser: Browser) -> None:
    url, echo, _ = town
    echo.failing["坏"] = 10
    # The browser itself writes the failed request to its console.
    with opened(browser, f"{url}/sandbox", DESK, errors_expected=("502",)) as page:
        _write(page, "坏")
        expect(page.locator("#chat-log .notice")).to_have_text("该公众号提供的服务出现故障，请稍后再试")
        expect(page.get_by_role("alert")).to_have_text("机器人没有回答（4 tries, the last: HTTP 500）")


def test_on_a_phone_one_column_is_shown_at_a_time(
    town: tuple[str, EchoBot, Sandbox], browser: Browser
) -> None:
    url, _, sandbox = town
    with opened(browser, f"{url}/sandbox", PHONE) as page:
        expect(page.locator("#status")).to_have_text("已连接")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        _notify(url, sandbox, "QH-XF", "有新事件")
        expect(page.locator("#groups-dot")).to_be_visible()
        page.get_by_role("button", name="工作群").click()
        expect(page.locator("#group-log .bubble")).to_have_text("有新事件")
        expect(page.locator("#chat-log")).to_be_hidden()
        page.get_by_role("button", name="我是谁").click()
        page.locator("[data-openid=o-zhoujianguo]").click()
        expect(page.locator("#chat-log h3")).to_have_text("周建国，您好")
        expect(page.locator("#people-list")).to_be_hidden()


def _write(page: Page, text: str) -> None:
    page.get_by_label("对码上办说").fill(text)
    page.get_by_role("button", name="发送").first.click()
    expect(page.locator("#chat-log .mine .bubble").last).to_have_text(text)


def _notify(url: str, sandbox: Sandbox, code: str, text: str) -> None:
    answer = httpx.post(
        f"{url}/sandbox/tencent/cgi-bin/webhook/send",
        params={"key": sandbox.cast.group(code).key},
        json={"msgtype": "markdown", "markdown": {"content": text}},
        trust_env=False,
    )
    assert answer.json() == {"errcode": 0, "errmsg": "ok"}


def _elsewhere(saying: Coroutine[Any, Any, str]) -> str:
    """Playwright keeps an event loop in this thread, so this runs in another."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, saying).result()
