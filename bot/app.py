"""The web application: webhooks, citizen pages, health, and the sandbox where it is switched on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import clock, handover, webhooks
from bot.house import House
from bot.pages import citizen, counter, entrance, lists, me, offline, survey
from bot.sandbox.app import mount as mount_sandbox
from bot.sandbox.wire import AibotKeys, OfficialKeys
from bot.sender import Sender
from bot.settings import current_key
from nlp import words
from store import schema

log = logging.getLogger("mashang")
PAGES = (entrance, me, counter, offline, lists, survey, citizen)


class _App(FastAPI):
    """FastAPI that answers a push before its own middleware: pushes use none of it, and they are the load."""

    pushes: Mapping[str, ASGIApp] = MappingProxyType({})  # path → endpoint, set by create_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_push = scope["type"] == "http" and scope["method"] == "POST"
        push = self.pushes.get(scope["path"]) if is_push else None
        await (push(scope, receive, send) if push else super().__call__(scope, receive, send))


def create_app(house: House) -> FastAPI:
    """The application of an opened house. Its start and stop run the sender and the clock."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        sender = Sender(house)
        house.on_written = sender.wake
        sender.start()
        words.in_background(now=house.county.rules.reading.asks_for_whole_words)
        scheduler = clock.start(house)
        try:
            yield
        finally:
            await asyncio.to_thread(scheduler.shutdown)
            await asyncio.to_thread(sender.stop)
            await asyncio.to_thread(house.close)

    app = _App(title="码上办", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    callbacks = webhooks.routes(house.settings, house.receive)
    app.router.routes.extend(callbacks)
    app.pushes = {route.path: route.app for route in callbacks}
    app.router.routes.extend([Route("/healthz", _healthz), Route("/readyz", _readyz(house))])
    app.router.routes.extend(handover.routes(house))
    app.state.sandbox = None
    if house.settings.sandbox:
        stand_in = _sandbox(house)
        app.state.sandbox = stand_in.state.sandbox
        app.router.routes.append(Route("/", _to_sandbox))
        app.router.routes.extend(stand_in.routes)
    app.router.routes.append(_pages([*(route for pages in PAGES for route in pages.routes(house))]))
    return app


def _pages(routes: list[BaseRoute]) -> Mount:
    """The citizen pages behind gzip; the webhooks need none and stay without."""
    return Mount("/", app=GZipMiddleware(Router(routes), minimum_size=1000))


def _sandbox(house: House) -> Starlette:
    settings = house.settings
    return mount_sandbox(
        bot_url=settings.base_url,
        official=OfficialKeys(
            settings.wechat_app_id,
            settings.wechat_token,
            current_key(settings.wechat_aes_key),
            settings.official_mode,
        ),
        aibot=AibotKeys(settings.aibot_token, current_key(settings.aibot_aes_key)),
        aibot_id=settings.aibot_id,
        app_secret=settings.wechat_app_secret,
        clock=house.now,
    )


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"ok": True})


def _readyz(house: House) -> Callable[[Request], Awaitable[Response]]:
    """Ready when the schema is at head, the rules are loaded and a county is there; never asks Tencent."""

    async def readyz(_request: Request) -> Response:
        checks = await asyncio.to_thread(_checks, house)
        return JSONResponse(checks, 200 if all(checks.values()) else 503)

    return readyz


def _checks(house: House) -> dict[str, bool]:
    try:
        is_at_head = schema.current(house.db.url) == schema.head()
        house.refresh()
    except Exception:
        log.exception("the database cannot be asked")
        is_at_head = False
    county = house.county
    return {
        "schema": is_at_head,
        "rules": bool(county.rules.revision),
        "county": county.registry.top is not None,
    }


async def _to_sandbox(_request: Request) -> Response:
    return RedirectResponse("/sandbox")
