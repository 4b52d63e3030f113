"""The sandbox to act in: people of the sample county speak to the bot, the bot's messages arrive."""

import itertools
import time
from collections.abc import Awaitable, Callable

from bot.sandbox import wire
from bot.sandbox.cast import BOT_NAME, Cast, load
from bot.sandbox.chats import BOT, SYSTEM, Chats
from bot.sandbox.phone import ANSWER_SECONDS, Phone, Unanswered
from bot.sandbox.tencent import Tencent
from bot.sandbox.wire import AibotKeys, OfficialKeys

ACCOUNT = "gh_mashang"  # the official account's own name on the wire
SILENCE = "该公众号提供的服务出现故障，请稍后再试"


def settings() -> dict[str, str]:
    """The bot's settings that fit the stand-in, by their names in Settings; examples, no secrets."""
    return {
        "wechat_app_id": "wx5a4d00000000cafe",
        "wechat_app_secret": "sandbox-app-secret",
        "wechat_token": "sandboxOfficialToken",
        "wechat_aes_key": "bWFzaGFuZy1zYW5kYm94LW5vdC1hLXNlY3JldC1rZXk",
        "aibot_id": "aib-sandbox",
        "aibot_token": "sandboxAibotToken",
        "aibot_aes_key": "bWFzaGFuZy1zYW5kYm94LXJvYm90LW5vdC1zZWNyZXQ",
    }


class Sandbox:
    """The stand-in with its cast. Every way to speak pushes over HTTP and returns the reply's text.

    A reply of "" means the bot was silent; `Unanswered` that it failed or could not be understood.
    """

    def __init__(
        self,
        *,
        bot_url: Callable[[], str] | str,
        official: OfficialKeys,
        aibot: AibotKeys,
        aibot_id: str,
        app_secret: str,
        cast: Cast | None = None,
        clock: Callable[[], float] = time.time,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.cast = cast or load()
        self.chats = Chats()
        self._url = bot_url if callable(bot_url) else lambda: bot_url
        self._aibot_id = aibot_id
        self._clock = clock
        # From the clock, so that no id comes twice when the sandbox starts anew on an old database.
        self._ids = itertools.count(time.time_ns())
        self.tencent = Tencent(
            cast=self.cast, chats=self.chats, app_id=official.app_id, app_secret=app_secret, clock=clock
        )
        self._phone = Phone(
            bot_url=self.bot_url, official=official, aibot=aibot, clock=clock, answer_seconds=answer_seconds
        )

    def bot_url(self) -> str:
        return self._url().rstrip("/")

    async def say(self, account: str, text: str) -> str:
        """A person writes to the bot; `account` is an openid, of the cast or not."""
        fields = wire.text_fields(ACCOUNT, account, text, next(self._ids), self._now())
        return await self._private(account, fields, "text", text)

    async def send_image(self, account: str, image: bytes, content_type: str = "image/jpeg") -> str:
        media_id = self.tencent.keep_media(image, content_type)
        url = f"{self.bot_url()}/sandbox/media/{media_id}"
        fields = wire.image_fields(ACCOUNT, account, url, media_id, next(self._ids), self._now())
        return await self._private(account, fields, "image", "[图片]", media=media_id)

    async def send_location(self, account: str, lat: float, lng: float, label: str = "") -> str:
        fields = wire.location_fields(ACCOUNT, account, lat, lng, label, next(self._ids), self._now())
        return await self._private(account, fields, "location", label or f"{lat:.6f}，{lng:.6f}")

    async def scan(self, account: str, scene: str) -> str:
        """A person who follows the account scans a QR that carries `scene`."""
        return await self._private(
            account, wire.scan_fields(ACCOUNT, account, scene, self._now()), "scan", scene
        )

    async def subscribe(self, account: str, scene: str = "") -> str:
        fields = wire.subscribe_fields(ACCOUNT, account, self._now(), scene)
        return await self._private(account, fields, "subscribe", scene)

    async def say_in_group(self, userid: str, chatid: str, text: str) -> str:
        """A member writes `@码上办 text` in a group; `chatid` may also be its key or its unit's code."""
        chat = self.cast.group(chatid).chat
        content = text if text.startswith("@") else f"@{BOT_NAME} {text}"
        self.chats.add(chat, self.cast.member(userid).openid, content, via="person", at=self._now())
        message = wire.aibot_text(userid, chat, content, str(next(self._ids)), self._aibot_id)
        return await self._answered(chat, self._phone.to_aibot(message))

    def group_messages(self, chat: str) -> list[str]:
        """What arrived at a group's webhook, oldest first; `chat` is its key, chat id or unit code."""
        return self._texts(self.cast.group(chat).chat, "webhook")

    def custom_messages(self, openid: str) -> list[str]:
        """The customer messages a person got without asking, oldest first."""
        return self._texts(openid, "custom")

    def close(self) -> None:
        """End the live streams of open pages; call it when the server begins to stop."""
        self.chats.close()

    async def _private(
        self, account: str, fields: dict[str, str | int], kind: str, text: str, media: str = ""
    ) -> str:
        self.chats.add(account, account, text, via="person", at=self._now(), kind=kind, media=media)
        self.tencent.heard_from(account, event=fields["MsgType"] == "event")
        return await self._answered(account, self._phone.to_official(fields))

    async def _answered(self, chat: str, pushing: Awaitable[str]) -> str:
        try:
            reply = await pushing
        except Unanswered:
            self.chats.add(chat, SYSTEM, SILENCE, via="system", at=self._now())
            raise
        if reply:
            self.chats.add(chat, BOT, reply, via="reply", at=self._now())
        return reply

    def _texts(self, chat: str, via: str) -> list[str]:
        return [line.text for line in self.chats.history(chat) if line.via == via]

    def _now(self) -> int:
        return int(self._clock())
