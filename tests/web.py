"""A browser without scripts, at the real application: cookies, redirects, forms as a page has them."""

import asyncio
import re
from html import unescape
from typing import Any

import httpx
from starlette.types import ASGIApp

from bot.app import create_app
from tests.town import Town

LINK = re.compile(r"https?://[^/]+(/in/[\w-]+)")


class Web:
    """One browser. It keeps cookies and follows redirects."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.cookies = httpx.Cookies()

    def get(self, address: str, **options: Any) -> httpx.Response:
        return self._ask("GET", address, **options)

    def post(self, address: str, fields: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        return self._ask("POST", address, data=fields or {}, **options)

    def send(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Send the form of a page that goes to `action`, its own fields filled in with `fields`."""
        return self.post(action, {**form_of(page, action), **fields})

    def _ask(self, method: str, address: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://127.0.0.1:8000",
                cookies=self.cookies,
                follow_redirects=True,
            ) as client:
                response = await client.request(method, address, **options)
                self.cookies = client.cookies
                return response

        return asyncio.run(ask())


def form_of(page: httpx.Response, action: str) -> dict[str, str]:
    """The fields of a form as the page has them: what a browser sends when nobody touches anything."""
    found = re.search(
        rf'<form[^>]* action="{re.escape(action)}(?:\?[^"]*)?"[^>]*>(.*?)</form>', page.text, re.DOTALL
    )
    assert found is not None, f"no form for {action}: {page.text}"
    fields = {}
    for tag in re.findall(r"<(?:input|textarea)[^>]*>", found[1]):
        name = re.search(r' name="([^"]*)"', tag)
        value = re.search(r' value="([^"]*)"', tag)
        is_left_out = re.search(r' type="(?:checkbox|radio)"', tag) and " checked" not in tag
        if name and not is_left_out:
            fields[name[1]] = unescape(value[1]) if value else ""
    return fields


def heading(page: httpx.Response) -> str:
    match = re.search("<h1>(.*?)</h1>", page.text)
    assert match is not None, page.text
    return unescape(match[1])


def browser_of(town: Town) -> Web:
    """A browser that nobody has signed in yet."""
    return Web(create_app(town.house))


def signed_in(town: Town, who: str, word: str = "我的主页") -> Web:
    """A browser in which somebody opened the link that `word` brought."""
    web = browser_of(town)
    web.post(link(town.say(who, word)))
    return web


def link(answer: str) -> str:
    match = LINK.search(answer)
    assert match is not None, answer
    return match[1]
