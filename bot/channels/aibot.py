"""企业微信 智能机器人 over its URL callback: reads what is said to @bot, answers in the same chat."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bot.envelope import BadMessage, Seal, check_signature, clean, open_with, shorten, signature
from bot.settings import Settings
from handlers.message import Message

NAME = "aibot"
REPLY_BYTES = 20480
WELCOME_BYTES = 2048
ID_CHARS = 128
_MENTION_FIRST = re.compile(r"^\s*@\S+(\s+|$)")
_MENTION_LAST = re.compile(r"\s+@\S+\s*$")


@dataclass(frozen=True, slots=True)
class Keys:
    """What the robot is configured with; the first seal is the current key, others are older ones."""

    aibot_id: str
    token: str
    seals: tuple[Seal, ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        seals = tuple(Seal(key, "") for key in settings.aibot_aes_key.split(",") if key)
        return cls(settings.aibot_id, settings.aibot_token, seals)


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message and what its reply needs: the token and the key it came with."""

    message: Message
    token: str
    seal: Seal


def verify(query: Mapping[str, str], keys: Keys) -> bytes:
    """The answer to the GET by which 企业微信 checks our address."""
    echo = query.get("echostr", "")
    check_signature(query.get("msg_signature"), keys.token, *_stamp(query), echo)
    return open_with(keys.seals, echo)[0]


def read(query: Mapping[str, str], body: bytes, keys: Keys) -> Inbound:
    """Read one push. Raises BadMessage for whatever 企业微信 would not have sent."""
    sealed = _needed(_json(body), "encrypt")
    check_signature(query.get("msg_signature"), keys.token, *_stamp(query), sealed)
    plain, seal = open_with(keys.seals, sealed)
    pushed = _json(plain)
    if _given(pushed, "aibotid") not in ("", keys.aibot_id):
        raise BadMessage("meant for another robot", 403)
    return Inbound(_message(pushed), keys.token, seal)


def reply(inbound: Inbound, text: str, now: int) -> bytes:
    """A finished stream, or a plain text to welcome who opens the chat; empty where nothing is to be said."""
    text = clean(text)
    if not text:
        return b""
    answer: dict[str, Any]
    if inbound.message.kind == "enter":  # the only place where a plain text is allowed
        answer = {"msgtype": "text", "text": {"content": shorten(text, WELCOME_BYTES)}}
    else:
        stream = {"id": inbound.message.id, "finish": True, "content": shorten(text, REPLY_BYTES)}
        answer = {"msgtype": "stream", "stream": stream}
    sealed = inbound.seal.close(json.dumps(answer, ensure_ascii=False).encode())
    nonce = secrets.token_hex(8)
    signed = {
        "encrypt": sealed,
        "msgsignature": signature(inbound.token, str(now), nonce, sealed),
        "timestamp": now,
        "nonce": nonce,
    }
    return json.dumps(signed).encode()


def _stamp(query: Mapping[str, str]) -> tuple[str, str]:
    stamp = query.get("timestamp", ""), query.get("nonce", "")
    if not all(stamp):
        raise BadMessage("timestamp or nonce is missing", 403)
    return stamp


def _json(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError):  # broken JSON, broken UTF-8, a million brackets
        raise BadMessage("the body is not the JSON 企业微信 sends") from None
    if not isinstance(value, dict):
        raise BadMessage("the body is no JSON object")
    return value


def _message(pushed: Mapping[str, object]) -> Message:
    number, account = _short(pushed, "msgid"), _short(_part(pushed, "from"), "userid")
    in_group = _given(pushed, "chattype") == "group"
    chat = _short(pushed, "chatid") if in_group else ""
    kind, text, url = _content(pushed)
    text = _without_mention(text) if in_group else text.strip()
    quoted_text, quoted_url = _content(_part(pushed, "quote"))[1:]
    return Message(
        number,
        NAME,
        account,
        kind,
        # Who quotes a message and says nothing but @bot wants the bot to hear what is quoted.
        text=text or quoted_text,
        chat=chat,
        media_url=url or quoted_url,
        sent_at=_seconds(pushed),
    )


def _content(part: Mapping[str, object]) -> tuple[str, str, str]:
    """(kind, text, address of the picture) of a message or of what it quotes.

    A mixed message is a text with a picture; of several pictures the first counts.
    """
    said = _given(part, "msgtype")
    match said:
        case "text" | "voice":
            return said, _given(_part(part, said), "content"), ""
        case "image":
            return "image", "", _needed(_part(part, "image"), "url")
        case "mixed":
            return _mixed(_part(part, "mixed").get("msg_item"))
        case "event" if _given(_part(part, "event"), "eventtype") == "enter_chat":
            return "enter", "", ""
        case _:
            return "other", "", ""


def _mixed(items: object) -> tuple[str, str, str]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadMessage("msg_item is no list of messages")
    texts = [_given(_part(item, "text"), "content") for item in items]
    urls = [_given(_part(item, "image"), "url") for item in items]
    text = "\n".join(text for text in texts if text)
    return "text" if text else "image", text, next((url for url in urls if url), "")


def _without_mention(text: str) -> str:
    """What was said in a group without the “@bot ” that made it reach us, first or last."""
    rest, found = _MENTION_FIRST.subn("", text)
    return (rest if found else _MENTION_LAST.sub("", text)).strip()


def _part(pushed: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = pushed.get(name) or {}
    if not isinstance(value, dict):
        raise BadMessage(f"{name} is no object")
    return value


def _needed(pushed: Mapping[str, object], name: str) -> str:
    value = _given(pushed, name)
    if not value:
        raise BadMessage(f"{name} is missing")
    return value


def _given(pushed: Mapping[str, object], name: str) -> str:
    value = pushed.get(name) or ""
    if not isinstance(value, str):
        raise BadMessage(f"{name} is no text")
    return clean(value)


def _short(pushed: Mapping[str, object], name: str) -> str:
    value = _needed(pushed, name)
    if len(value) > ID_CHARS:
        raise BadMessage(f"{name} is too long")
    return value


def _seconds(pushed: Mapping[str, object]) -> int:
    """When it was said; 0 where the push does not tell (only events do)."""
    value = pushed.get("create_time") or 0
    if not isinstance(value, int) or not 0 <= value < 10**12:
        raise BadMessage("create_time is no time")
    return value
