"""A bot that repeats what it hears, behind the sandbox on a real server: for tests of the sandbox alone."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox import wire
from bot.sandbox.app import Sandbox, mount, settings

KEYS = settings()
OFFICIAL = wire.OfficialKeys(KEYS["wechat_app_id"], KEYS["wechat_token"], KEYS["wechat_aes_key"])
AIBOT = wire.AibotKeys(KEYS["aibot_token"], KEYS["aibot_aes_key"])


@dataclass
class EchoBot:
    """Answers 收到：…; refuses a message of `failing` texts as often as it says, then answers it."""

    failing: dict[str, int] = field(default_factory=dict)
    heard: list[dict[str, str]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/wechat/official", self._official, methods=["POST"]),
            Route("/wechat/aibot", self._aibot, methods=["POST"]),
        ]

    async def _official(self, request: Request) -> Response:
        sealed = ElementTree.fromstring(await request.body()).findtext("Encrypt", "")
        query = request.query_params
        assert query["msg_signature"] == wire.sign(OFFICIAL.token, query["timestamp"], query["nonce"], sealed)
        plain = ElementTree.fromstring(wire.unseal(OFFICIAL.aes_key, sealed, OFFICIAL.app_id))
        fields = {child.tag: child.text or "" for child in plain}
        self.heard.append(fields)
        text = fields.get("Content") or fields.get("Label") or fields.get("EventKey") or fields["MsgType"]
        if self.failing.get(text, 0) > 0:
            self.failing[text] -= 1
            return Response(status_code=500)
        if text == "慢":
            await asyncio.sleep(1)
        if text == "乱":
            return Response("no xml")
        if text == "沉默":
            return Response("success")
        return Response(_sealed_reply(fields, f"收到：{text}"), media_type="text/xml")

    async def _aibot(self, request: Request) -> Response:
        sealed = (await request.json())["encrypt"]
        message = json.loads(wire.unseal(AIBOT.aes_key, sealed, ""))
        self.heard.append({"chat": message["chatid"], "userid": message["from"]["userid"]})
        content = f"收到：{message['text']['content']}"
        reply = {"msgtype": "stream", "stream": {"id": "1", "finish": True, "content": content}}
        answer = wire.seal(AIBOT.aes_key, json.dumps(reply).encode(), "")
        outer = {
            "encrypt": answer,
            "msgsignature": wire.sign(AIBOT.token, "1", "2", answer),
            "timestamp": "1",
            "nonce": "2",
        }
        return Response(json.dumps(outer))


def _sealed_reply(fields: dict[str, str], text: str) -> bytes:
    reply = wire.text_fields(fields["FromUserName"], fields["ToUserName"], text, 1, int(time.time()))
    sealed = wire.seal(OFFICIAL.aes_key, wire.to_xml(reply), OFFICIAL.app_id)
    signature = wire.sign(OFFICIAL.token, "1", "2", sealed)
    return wire.to_xml({"Encrypt": sealed, "MsgSignature": signature, "TimeStamp": "1", "Nonce": "2"})


@contextmanager
def echo_town() -> Iterator[tuple[str, EchoBot, Sandbox]]:
    """A server on a free port of 127.0.0.1 with the echo bot and its sandbox: its address and both."""
    bot, addresses = EchoBot(), list[str]()
    app = mount(
        bot_url=lambda: addresses[0],
        official=OFFICIAL,
        aibot=AIBOT,
        aibot_id=KEYS["aibot_id"],
        app_secret=KEYS["wechat_app_secret"],
    )
    app.router.routes.extend(bot.routes())
    with serving(app) as address:
        addresses.append(address)
        yield address, bot, app.state.sandbox
        app.state.sandbox.close()


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Run an application on a free port of 127.0.0.1 for as long as the block lasts."""
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
