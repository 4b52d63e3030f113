"""Tencent's HTTP side: group webhooks, tokens, customer messages, media; with its limits and errors."""

import json
import secrets
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.cast import Cast
from bot.sandbox.chats import BOT, Chats

WEBHOOK_PER_MINUTE = 20
WEBHOOK_BYTES = {"text": 2048, "markdown": 4096}
CUSTOM_BYTES = 2048
BODY_BYTES = 64 * 1024
TOKEN_SECONDS = 7200
RENEWED_EARLY_SECONDS = 300
MEDIA_KEPT = 100
MEDIA_BYTES = 10 * 1024 * 1024

# After a message: 5 answers within 48 h. After a scan or a subscription: 3 within a minute.
AFTER_MESSAGE = (48 * 3600, 5)
AFTER_EVENT = (60, 3)


@dataclass(frozen=True, slots=True)
class Media:
    content: bytes
    content_type: str


@dataclass(slots=True)
class _Window:
    """Until when, and how often, an account may still write to a person first."""

    until: float
    left: int


class Refusal(Exception):
    """An error as Tencent words it."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.answer = {"errcode": code, "errmsg": why}


class Tencent:
    """Its state and its routes. What the bot sends becomes lines of `chats`."""

    def __init__(
        self, *, cast: Cast, chats: Chats, app_id: str, app_secret: str, clock: Callable[[], float]
    ) -> None:
        self._cast = cast
        self._chats = chats
        self._app_id = app_id
        self._app_secret = app_secret
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WEBHOOK_PER_MINUTE))
        self._tokens: deque[tuple[str, float]] = deque(maxlen=2)  # the one before stays valid for a while
        self._windows: dict[str, dict[str, _Window]] = defaultdict(dict)
        self._media: OrderedDict[str, Media] = OrderedDict()

    def routes(self) -> list[Route]:
        return [
            Route("/cgi-bin/webhook/send", self._webhook, methods=["POST"]),
            Route("/cgi-bin/stable_token", self._stable_token, methods=["POST"]),
            Route("/cgi-bin/message/custom/send", self._custom, methods=["POST"]),
            Route("/cgi-bin/media/get", self._media_get, methods=["GET"]),
        ]

    def keep_media(self, content: bytes, content_type: str) -> str:
        """Keep what somebody sent, among the last MEDIA_KEPT; its media id."""
        media_id = f"media-{secrets.token_urlsafe(12)}"
        with self._lock:
            self._media[media_id] = Media(content, content_type)
            while len(self._media) > MEDIA_KEPT:
                self._media.popitem(last=False)
        return media_id

    def media(self, media_id: str) -> Media | None:
        return self._media.get(media_id)

    def heard_from(self, openid: str, *, event: bool) -> None:
        """Open the time in which the account may write to this person."""
        seconds, times = AFTER_EVENT if event else AFTER_MESSAGE
        with self._lock:
            self._windows[openid]["event" if event else "message"] = _Window(self._clock() + seconds, times)

    async def _webhook(self, request: Request) -> Response:
        try:
            key = request.query_params.get("key", "")
            group = next((group for group in self._cast.groups.values() if group.key == key), None)
            if group is None:
                raise Refusal(93000, "invalid webhook url")
            kind, text, mentions = _webhook_message(await _json(request))
            self._count(key)
        except Refusal as refusal:
            return JSONResponse(refusal.answer)
        now = int(self._clock())
        self._chats.add(group.chat, BOT, text, via="webhook", at=now, kind=kind, mentions=mentions)
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    def _count(self, key: str) -> None:
        with self._lock:
            sent, now = self._sent[key], self._clock()
            if len(sent) == WEBHOOK_PER_MINUTE and now - sent[0] < 60:
                raise Refusal(45009, "api freq out of limit")
            sent.append(now)

    async def _stable_token(self, request: Request) -> Response:
        try:
            asked = await _json(request)
            if asked.get("grant_type") != "client_credential":
                raise Refusal(40002, "invalid grant_type")
            if asked.get("appid") != self._app_id:
                raise Refusal(40013, "invalid appid")
            if asked.get("secret") != self._app_secret:
                raise Refusal(40125, "invalid appsecret")
        except Refusal as refusal:
            return JSONResponse(refusal.answer)
        token, until = self._token(renew=asked.get("force_refresh") is True)
        return JSONResponse({"access_token": token, "expires_in": int(until - self._clock())})

    def _token(self, *, renew: bool) -> tuple[str, float]:
        with self._lock:
            now = self._clock()
            if renew or not self._tokens or self._tokens[-1][1] - now < RENEWED_EARLY_SECONDS:
                self._tokens.append((secrets.token_urlsafe(48), now + TOKEN_SECONDS))
            return self._tokens[-1]

    async def _custom(self, request: Request) -> Response:
        try:
            self._check_token(request)
            message = await _json(request)
            openid, text = _custom_message(message)
            self._use_window(openid)
        except Refusal as refusal:
            return JSONResponse(refusal.answer)
        self._chats.add(openid, BOT, text, via="custom", at=int(self._clock()))
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    def _check_token(self, request: Request) -> None:
        given = request.query_params.get("access_token", "")
        if not given:
            raise Refusal(41001, "access_token missing")
        until = dict(self._tokens).get(given)
        if until is None:
            raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
        if until <= self._clock():
            raise Refusal(42001, "access_token expired")

    def _use_window(self, openid: str) -> None:
        with self._lock:
            if openid not in self._windows and openid not in self._cast.people:
                raise Refusal(40003, "invalid openid")
            now = self._clock()
            opened = [window for window in self._windows[openid].values() if window.until > now]
            if not opened:
                raise Refusal(45015, "response out of time limit or subscription is canceled")
            window = max(opened, key=lambda window: window.left)
            if not window.left:
                raise Refusal(45047, "out of response count limit")
            window.left -= 1

    async def _media_get(self, request: Request) -> Response:
        try:
            self._check_token(request)
            media = self.media(request.query_params.get("media_id", ""))
            if media is None:
                raise Refusal(40007, "invalid media_id")
        except Refusal as refusal:
            return JSONResponse(refusal.answer)
        return Response(media.content, media_type=media.content_type)


async def _json(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise Refusal(45002, "content size out of limit")
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refusal(47001, "data format error")
    return value


def _webhook_message(message: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    kind = message.get("msgtype")
    if not isinstance(kind, str) or kind not in WEBHOOK_BYTES:
        raise Refusal(40008, "invalid message type")
    part = message.get(kind)
    text = _content(part)
    if len(text.encode()) > WEBHOOK_BYTES[kind]:
        raise Refusal(40058, f"{kind}.content exceed max length {WEBHOOK_BYTES[kind]}")
    mentioned = part.get("mentioned_list", []) if kind == "text" and isinstance(part, dict) else []
    if not isinstance(mentioned, list):
        raise Refusal(40058, "text.mentioned_list is no list")
    return kind, text, tuple(str(userid) for userid in mentioned)


def _custom_message(message: dict[str, Any]) -> tuple[str, str]:
    openid = message.get("touser")
    if not isinstance(openid, str) or not openid:
        raise Refusal(40003, "invalid openid")
    if message.get("msgtype") != "text":
        raise Refusal(40008, "invalid message type")
    text = _content(message.get("text"))
    if len(text.encode()) > CUSTOM_BYTES:
        raise Refusal(45002, "content size out of limit")
    return openid, text


def _content(part: object) -> str:
    text = part.get("content") if isinstance(part, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise Refusal(44004, "empty content")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise Refusal(47001, "data format error")
    return text
