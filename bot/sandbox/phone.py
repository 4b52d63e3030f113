"""What Tencent does when somebody sends something: push it to the bot, try again, open the answer."""

import asyncio
import secrets
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from bot.sandbox.wire import (
    AibotKeys,
    OfficialKeys,
    Push,
    aibot_answer,
    aibot_push,
    official_answer,
    official_push,
)

ANSWER_SECONDS = 5.0
TRIES = 4  # the first and three more
PAUSE_SECONDS = 0.2

# Everything is on loopback without TLS; loading the machine's certificates would cost more than the push.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Unanswered(Exception):
    """The bot gave no answer that a real client would show."""


class Phone:
    """Pushes to the two callbacks of a bot. May be used from any event loop."""

    def __init__(
        self,
        *,
        bot_url: Callable[[], str],
        official: OfficialKeys,
        aibot: AibotKeys,
        clock: Callable[[], float],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._bot_url = bot_url
        self._official = official
        self._aibot = aibot
        self._clock = clock
        self._answer_seconds = answer_seconds

    async def to_official(self, fields: Mapping[str, str | int]) -> str:
        """Push a message of the official account; the text of the passive reply, "" where none was given."""
        push = official_push(self._official, fields, timestamp=int(self._clock()), nonce=_nonce())
        body = await self._post("/wechat/official", push, "text/xml")
        try:
            answer = official_answer(self._official, body)
        except ValueError as error:
            raise Unanswered(f"the reply cannot be shown: {error}") from error
        return (answer or {}).get("Content", "")

    async def to_aibot(self, message: Mapping[str, Any]) -> str:
        """Push a message of a group to the robot; the text it answers, "" where it stays silent."""
        push = aibot_push(self._aibot, message, timestamp=int(self._clock()), nonce=_nonce())
        body = await self._post("/wechat/aibot", push, "application/json")
        try:
            answer = aibot_answer(self._aibot, body) or {}
        except ValueError as error:
            raise Unanswered(f"the reply cannot be shown: {error}") from error
        part = answer.get(answer.get("msgtype", ""), {})
        return str(part.get("content", ""))

    async def _post(self, path: str, push: Push, content_type: str) -> bytes:
        """Push until the bot answers 200 in time, with the same body each time, at most TRIES times."""
        why = ""
        async with httpx.AsyncClient(
            timeout=self._answer_seconds, trust_env=False, verify=_NO_CERTIFICATES
        ) as client:
            for attempt in range(TRIES):
                if attempt:
                    await asyncio.sleep(PAUSE_SECONDS)
                try:
                    answer = await client.post(
                        self._bot_url() + path,
                        params=push.query,
                        content=push.body,
                        headers={"Content-Type": content_type},
                    )
                except httpx.HTTPError as error:
                    why = type(error).__name__
                    continue
                if answer.status_code == 200:
                    return answer.content
                why = f"HTTP {answer.status_code}"
        raise Unanswered(f"{TRIES} tries, the last: {why}")


def _nonce() -> str:
    return str(secrets.randbelow(10**10))
