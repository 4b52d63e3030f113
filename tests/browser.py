"""A real Chromium for tests of pages: script errors and requests that leave this machine fail them."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PHONE = (390, 844)
DESK = (1440, 900)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the test is skipped, or fails where MASHANG_REQUIRE_BROWSER=1."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        reason = "no Chromium on this machine (apt-get install chromium fonts-noto-cjk)"
        if os.environ.get("MASHANG_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def opened(
    browser: Browser,
    url: str,
    size: tuple[int, int] = DESK,
    *,
    scripts: bool = True,
    errors_expected: Sequence[str] = (),
) -> Iterator[Page]:
    """The page at `url`; when the block ends well, no script failed and no request left 127.0.0.1.

    `errors_expected` are parts of console messages that a test brings about on purpose.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        java_script_enabled=scripts,
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("console", lambda said: faults.extend(_error(said, errors_expected)))
    page.on("request", lambda request: faults.extend(_outside(request)))
    try:
        page.goto(url)
        yield page
        assert faults == []
    finally:
        context.close()


def _error(said: ConsoleMessage, expected: Sequence[str]) -> list[str]:
    wrong = said.type == "error" and not any(part in said.text for part in expected)
    return [f"console: {said.text}"] if wrong else []


def _outside(request: Request) -> list[str]:
    address = urlsplit(request.url)
    inside = address.scheme in ("data", "blob") or address.hostname == "127.0.0.1"
    return [] if inside else [f"outside: {request.url}"]
