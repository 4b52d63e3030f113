"""The sandbox as routes: the page at /sandbox, its API, and Tencent's side under /sandbox/tencent."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from bot.sandbox.cast import BOT_NAME, PLACES, ROLES, Person
from bot.sandbox.chats import Line
from bot.sandbox.phone import Unanswered
from bot.sandbox.stand_in import Sandbox, settings
from bot.sandbox.tencent import MEDIA_BYTES
from bot.sandbox.wire import AibotKeys, OfficialKeys

__all__ = ["Sandbox", "mount", "settings"]

PAGE = Path(__file__).parent / "page"
PAGE_FILES = {file.name for file in PAGE.iterdir()}
TEXT_CHARS = 2000
SCENE_CHARS = 64
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class BadRequest(Exception):
    """What the page asked for cannot be done; its text is shown."""


def mount(
    *,
    bot_url: Callable[[], str] | str,
    official: OfficialKeys,
    aibot: AibotKeys,
    aibot_id: str,
    app_secret: str,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """The sandbox of one bot as an application with full paths; its `state.sandbox` is the Sandbox."""
    sandbox = Sandbox(
        bot_url=bot_url,
        official=official,
        aibot=aibot,
        aibot_id=aibot_id,
        app_secret=app_secret,
        clock=clock,
    )
    app = Starlette(routes=_routes(sandbox))
    app.state.sandbox = sandbox
    return app


def _routes(sandbox: Sandbox) -> list[BaseRoute]:
    # Tells a page whether it still talks to the sandbox it was loaded from.
    run = secrets.token_hex(4)

    async def cast(_request: Request) -> Response:
        return JSONResponse(_cast(sandbox, run), headers=HEADERS)

    async def history(request: Request) -> Response:
        lines = sandbox.chats.history(request.query_params.get("chat", ""))
        return JSONResponse({"lines": [asdict(line) for line in lines]}, headers=HEADERS)

    async def say(request: Request) -> Response:
        try:
            reply = await _say(sandbox, await _fields(request))
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, 400, HEADERS)
        except Unanswered as error:
            return JSONResponse({"error": f"机器人没有回答（{error}）"}, 502, HEADERS)
        return JSONResponse({"reply": reply}, headers=HEADERS)

    async def live(request: Request) -> Response:
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isdecimal() else sandbox.chats.latest()
        stream = _stream(run, after, sandbox.chats.listen(after))
        return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)

    async def qr(request: Request) -> Response:
        code = request.path_params["code"]
        if code not in sandbox.cast.units:
            return Response(status_code=404)
        svg = BytesIO()
        image = segno.make(f"{sandbox.bot_url()}/r/{code}", error="m")
        image.save(svg, kind="svg", xmldecl=False, omitsize=True, border=2)
        return Response(svg.getvalue(), media_type="image/svg+xml", headers=HEADERS)

    async def media(request: Request) -> Response:
        found = sandbox.tencent.media(request.path_params["media_id"])
        if found is None:
            return Response(status_code=404)
        return Response(found.content, media_type=found.content_type, headers=HEADERS)

    return [
        Route("/sandbox", _page),
        Route("/sandbox/static/{name}", _page_file),
        Route("/sandbox/qr/{code}.svg", qr),
        Route("/sandbox/media/{media_id}", media),
        Route("/sandbox/api/cast", cast),
        Route("/sandbox/api/history", history),
        Route("/sandbox/api/say", say, methods=["POST"]),
        Route("/sandbox/api/live", live),
        Mount("/sandbox/tencent", routes=sandbox.tencent.routes()),
    ]


async def _page(_request: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers=HEADERS)


async def _page_file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in PAGE_FILES:
        return Response(status_code=404)
    return FileResponse(PAGE / name, headers=HEADERS)


def _cast(sandbox: Sandbox, run: str) -> dict[str, Any]:
    cast = sandbox.cast
    return {
        "run": run,
        "bot": BOT_NAME,
        "roles": ROLES,
        "people": [asdict(person) for person in cast.people.values()],
        "groups": [asdict(group) for group in cast.groups.values()],
        "units": [asdict(unit) for unit in cast.units.values()],
        "places": [asdict(place) for place in PLACES],
    }


async def _fields(request: Request) -> dict[str, Any]:
    """The fields of a JSON body or of a form, which may carry an image."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            value = await request.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise BadRequest("请求不是一个 JSON 对象")
        return value
    return dict(await request.form(max_files=1, max_fields=20))


def _say(sandbox: Sandbox, fields: dict[str, Any]) -> Awaitable[str]:
    person = sandbox.cast.people.get(str(fields.get("as", "")))
    if person is None:
        raise BadRequest("没有这个人")
    chat = str(fields.get("chat") or "private")
    if chat != "private":
        return _say_in_group(sandbox, person, chat, fields)
    match fields.get("kind", "text"):
        case "text":
            return sandbox.say(person.openid, _text(fields))
        case "image":
            return _send_image(sandbox, person, fields)
        case "location":
            return _send_location(sandbox, person, fields)
        case "scan":
            return sandbox.scan(person.openid, _scene(fields))
        case "subscribe":
            return sandbox.subscribe(person.openid, str(fields.get("scene", ""))[:SCENE_CHARS])
    raise BadRequest("不认识的消息类型")


def _say_in_group(sandbox: Sandbox, person: Person, chat: str, fields: dict[str, Any]) -> Awaitable[str]:
    if chat not in sandbox.cast.groups:
        raise BadRequest("没有这个群")
    if not person.userid:
        raise BadRequest(f"{person.name}不在工作群里")
    if fields.get("kind", "text") != "text":
        raise BadRequest("群里只能发文字")
    return sandbox.say_in_group(person.userid, chat, _text(fields))


async def _send_image(sandbox: Sandbox, person: Person, fields: dict[str, Any]) -> str:
    file = fields.get("image")
    if not isinstance(file, UploadFile) or not (file.content_type or "").startswith("image/"):
        raise BadRequest("请选一张图片")
    image = await file.read(MEDIA_BYTES + 1)
    if not 0 < len(image) <= MEDIA_BYTES:
        raise BadRequest("图片要在 10 MB 以内")
    return await sandbox.send_image(person.openid, image, file.content_type or "image/jpeg")


def _send_location(sandbox: Sandbox, person: Person, fields: dict[str, Any]) -> Awaitable[str]:
    try:
        lat, lng = float(fields["lat"]), float(fields["lng"])
    except (KeyError, TypeError, ValueError):
        raise BadRequest("位置不对") from None
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise BadRequest("位置不对")
    return sandbox.send_location(person.openid, lat, lng, str(fields.get("label", ""))[:100])


def _text(fields: dict[str, Any]) -> str:
    text = str(fields.get("text", "")).strip()
    if not 0 < len(text) <= TEXT_CHARS:
        raise BadRequest(f"请写 1 到 {TEXT_CHARS} 个字")
    return text


def _scene(fields: dict[str, Any]) -> str:
    scene = str(fields.get("scene", "")).strip()
    if not 0 < len(scene) <= SCENE_CHARS:
        raise BadRequest(f"二维码内容要有 1 到 {SCENE_CHARS} 个字符")
    return scene


async def _stream(run: str, after: int, lines: AsyncIterator[Line]) -> AsyncIterator[str]:
    yield f"id: {after}\nevent: hello\ndata: {run}\n\n"
    async for line in lines:
        yield f"id: {line.id}\ndata: {json.dumps(asdict(line), ensure_ascii=False)}\n\n"
