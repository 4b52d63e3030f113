"""The two callbacks over ASGI, with a `receive` that remembers what reached it."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
from starlette.applications import Starlette

from bot.sandbox.wire import AibotKeys, OfficialKeys, Push
from bot.settings import Mode, Settings, read
from bot.webhooks import routes
from handlers.message import Message, Reply

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
OLD_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OFFICIAL = OfficialKeys("wx49f0ab532d5d035a", "official-token", AES_KEY)
AIBOT = AibotKeys("aibot-token", OLD_AES_KEY)
AIBOT_ID = "aib-example"
AT = 1_790_000_000
NONCE = "486452656"


class Bot:
    """Both channels on; `received` is every message that was let through, each is answered with `says`."""

    def __init__(self, says: str = "已收到。", mode: Mode = "safe") -> None:
        self.received: list[Message] = []
        self.says = says
        self.app = Starlette(routes=routes(settings(mode), self._receive))

    async def _receive(self, message: Message) -> Reply:
        self.received.append(message)
        return Reply(self.says)

    def push(self, path: str, push: Push) -> httpx.Response:
        return self.send("POST", path, push.query, push.body)

    def send(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | AsyncIterator[bytes] = b""
    ) -> httpx.Response:
        return asyncio.run(self._send(method, path, query, body))

    async def _send(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | AsyncIterator[bytes]
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, params=dict(query), content=body)


def settings(mode: Mode = "safe") -> Settings:
    return read(
        _env_file=None,
        wechat_app_id=OFFICIAL.app_id,
        wechat_app_secret="official-secret",
        wechat_token=OFFICIAL.token,
        wechat_aes_key=OFFICIAL.aes_key,
        wechat_mode=mode,
        aibot_id=AIBOT_ID,
        aibot_token=AIBOT.token,
        aibot_aes_key=AIBOT.aes_key,
    )
