"""企业微信 group webhook (消息推送, 群机器人): tells a group; it cannot hear one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from bot.delivery import Never, post

NAME = "group"
Kind = Literal["text", "markdown"]
LIMIT_BYTES: dict[Kind, int] = {"text": 2048, "markdown": 4096}
CHARACTER_BYTES = 4


@dataclass(frozen=True, slots=True)
class Groups:
    """Sends to group webhooks; `api_base` stands in for the scheme and host of every address."""

    http: httpx.Client
    api_base: str = ""

    def send(self, address: str, text: str, *, kind: Kind = "text", mentions: Sequence[str] = ()) -> None:
        """Send one message of at most LIMIT_BYTES; `mentions` are userids, or "@all" in a text.

        Raises Later or Never. Tencent takes 20 a minute to one group; whoever calls keeps to that.
        """
        post(self.http, self._url(address), _body(text, kind, mentions))

    def _url(self, address: str) -> str:
        if not self.api_base:
            return address
        try:
            parts = urlsplit(address)
        except ValueError:
            raise Never("the address is no URL") from None
        return f"{self.api_base.rstrip('/')}{parts.path}?{parts.query}"


def split(text: str, limit_bytes: int) -> list[str]:
    """Pieces of at most `limit_bytes` of UTF-8, cut at line ends where possible, never inside a character.

    The line end at which a cut falls is dropped.
    """
    if limit_bytes < CHARACTER_BYTES:
        raise ValueError(f"no character may fit into {limit_bytes} bytes")
    pieces = []
    rest = text.encode()
    while len(rest) > limit_bytes:
        cut = rest.rfind(b"\n", 1, limit_bytes + 1)
        if cut > 0:
            pieces.append(rest[:cut])
            rest = rest[cut + 1 :]
            continue
        cut = limit_bytes
        while rest[cut] & 0b1100_0000 == 0b1000_0000:  # the inside of a character
            cut -= 1
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [piece.decode() for piece in [*pieces, rest] if piece]


def _body(text: str, kind: Kind, mentions: Sequence[str]) -> dict[str, Any]:
    if kind == "markdown":
        called = "".join(f"<@{userid}>" for userid in mentions)
        return {"msgtype": "markdown", "markdown": {"content": f"{text}\n{called}" if called else text}}
    content: dict[str, Any] = {"content": text}
    if mentions:
        content["mentioned_list"] = list(mentions)
    return {"msgtype": "text", "text": content}
