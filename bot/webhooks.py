"""One route per channel that listens: body → Message → receive → reply. Whatever comes in, never a 500."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from types import ModuleType

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels import aibot, official
from bot.envelope import BadMessage
from bot.settings import Settings
from handlers.message import Message, Reply

BODY_BYTES = 1024 * 1024
BODY_SECONDS = 10

Receive = Callable[[Message], Awaitable[Reply]]
Endpoint = Callable[[Request], Awaitable[Response]]
log = logging.getLogger(__name__)


def routes(settings: Settings, receive: Receive) -> list[Route]:
    """The addresses Tencent calls; the one of a channel that is off answers 404.

    `receive` returns once the message is kept for good. When it raises, the answer is 503 and Tencent
    sends the message again: what could not be kept is not acknowledged.
    """
    endpoints = {
        "/wechat/official": _endpoint(official, official.Keys.of(settings), "text/xml", receive)
        if settings.has_official
        else _off,
        "/wechat/aibot": _endpoint(aibot, aibot.Keys.of(settings), "application/json", receive)
        if settings.has_aibot
        else _off,
    }
    return [Route(path, endpoint, methods=["GET", "POST"]) for path, endpoint in endpoints.items()]


def _endpoint(
    channel: ModuleType, keys: official.Keys | aibot.Keys, media_type: str, receive: Receive
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        query = request.query_params
        try:
            if request.method != "POST":
                return PlainTextResponse(channel.verify(query, keys))
            inbound = channel.read(query, await _body(request), keys)
            reply = await receive(inbound.message)
            return Response(channel.reply(inbound, reply.text, int(time.time())), media_type=media_type)
        except BadMessage as refusal:
            log.info("%s: refused, %s", channel.NAME, refusal)
            return PlainTextResponse(str(refusal), refusal.status)
        except Exception as error:
            # The type alone: what an error says may quote the message, and logs hold nothing personal.
            log.error("%s: a message was not kept, %s", channel.NAME, type(error).__name__)
            return PlainTextResponse("not kept, please send it again", 503)

    return endpoint


async def _off(request: Request) -> Response:
    return PlainTextResponse("this channel is off", 404)


async def _body(request: Request) -> bytes:
    """The body, read no further than BODY_BYTES whatever its header promises."""
    declared = request.headers.get("content-length", "0")
    if len(declared) > len(str(BODY_BYTES)) or (declared.isdecimal() and int(declared) > BODY_BYTES):
        raise BadMessage("the body is too large", 413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES:
                    raise BadMessage("the body is too large", 413)
    except (ClientDisconnect, TimeoutError):
        raise BadMessage("the body broke off", 408) from None
    return bytes(body)
