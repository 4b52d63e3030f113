"""WeChat official account (公众号): reads what Tencent pushes, words the passive reply."""

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from xml.parsers.expat import ExpatError, ParserCreate

from bot.envelope import BadMessage, Seal, check_signature, clean, open_with, shorten, signature
from bot.settings import Mode, Settings
from handlers.message import Message

NAME = "official"
REPLY_BYTES = 2048
ID_CHARS = 64
# A text of 2,048 characters may be all brackets; more than this is built to keep the parser busy.
BRACKETS = 10_000
NOTHING = b"success"
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Keys:
    """What the account is configured with; the first seal is the current key, others are older ones."""

    token: str
    mode: Mode
    seals: tuple[Seal, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        aes_keys = [key for key in settings.wechat_aes_key.split(",") if key]
        seals = tuple(Seal(key, settings.wechat_app_id) for key in aes_keys)
        return cls(settings.wechat_token, settings.official_mode, seals)


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message and what its reply needs; `seal` is the key it came with, None where it came plain."""

    message: Message
    us: str
    token: str
    seal: Seal | None


def verify(query: Mapping[str, str], keys: Keys) -> bytes:
    """The answer to the GET by which Tencent checks our address."""
    _check(query, keys)
    return query.get("echostr", "").encode()


def read(query: Mapping[str, str], body: bytes, keys: Keys) -> Inbound:
    """Read one push. Raises BadMessage for whatever Tencent would not have sent.

    `encrypt_type` alone decides whether it is sealed; of a sealed push only the sealed part is believed.
    """
    # Before the body is looked at: a stranger's body costs us one hash.
    _check(query, keys)
    sealed = query.get("encrypt_type") == "aes"
    if sealed and keys.mode == "plain":
        raise BadMessage("a sealed message in plain mode")
    if not sealed and keys.mode == "safe":
        raise BadMessage("a plain message in safe mode", 403)
    fields = _fields(body)
    seal = None
    if sealed:
        ciphertext = _needed(fields, "Encrypt")
        check_signature(query.get("msg_signature"), keys.token, *_stamp(query), ciphertext)
        plain, seal = open_with(keys.seals, ciphertext)
        fields = _fields(plain)
    elif "Encrypt" in fields:
        raise BadMessage("a sealed message that says it is plain")
    return Inbound(_message(fields), _needed(fields, "ToUserName"), keys.token, seal)


def reply(inbound: Inbound, text: str, now: int) -> bytes:
    """The passive reply, sealed as the message was; what exceeds 2,048 bytes is cut."""
    text = shorten(clean(text), REPLY_BYTES)
    if not text:
        return NOTHING
    plain = (
        f"<xml><ToUserName>{_cdata(inbound.message.account)}</ToUserName>"
        f"<FromUserName>{_cdata(inbound.us)}</FromUserName><CreateTime>{now}</CreateTime>"
        f"<MsgType><![CDATA[text]]></MsgType><Content>{_cdata(text)}</Content></xml>"
    ).encode()
    if inbound.seal is None:
        return plain
    sealed, nonce = inbound.seal.close(plain), secrets.token_hex(8)
    return (
        f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature(inbound.token, str(now), nonce, sealed)}]]></MsgSignature>"
        f"<TimeStamp>{now}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    ).encode()


def _check(query: Mapping[str, str], keys: Keys) -> None:
    check_signature(query.get("signature"), keys.token, *_stamp(query))


def _stamp(query: Mapping[str, str]) -> tuple[str, str]:
    stamp = query.get("timestamp", ""), query.get("nonce", "")
    if not all(stamp):
        raise BadMessage("timestamp or nonce is missing", 403)
    return stamp


def _fields(body: bytes) -> dict[str, str | None]:
    """The elements right under <xml>; None for one that stands twice or holds others."""
    if body.count(b"<") > BRACKETS:
        raise BadMessage("the body has too many elements")
    try:
        return _Elements().read(clean(body.decode()))
    except (ValueError, ExpatError):  # entities, broken XML, broken UTF-8
        raise BadMessage("the body is not the XML Tencent sends") from None


class _Elements:
    """Two levels of XML, which is all that Tencent sends; a document type is refused, entities with it."""

    def __init__(self) -> None:
        self._fields: dict[str, str | None] = {}
        self._path: list[str] = []
        self._text: list[str] = []

    def read(self, text: str) -> dict[str, str | None]:
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(text, True)
        return self._fields

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name)
        if self._path[0] != "xml":
            raise ValueError("the root is not <xml>")
        if len(self._path) == 2:
            self._text.clear()
            self._fields[name] = None if name in self._fields else ""
        elif len(self._path) == 3:
            self._fields[self._path[1]] = None

    def _end(self, name: str) -> None:
        if len(self._path) == 2 and self._fields[name] is not None:
            self._fields[name] = "".join(self._text).strip()
        self._path.pop()

    def _refuse(self, *_declared: object) -> None:
        raise ValueError("a document type is declared")


def _needed(fields: Mapping[str, str | None], name: str) -> str:
    value = _given(fields, name)
    if not value:
        raise BadMessage(f"{name} is missing")
    return value


def _given(fields: Mapping[str, str | None], name: str) -> str:
    value = fields.get(name, "")
    if value is None:
        raise BadMessage(f"{name} holds others or stands twice")
    return value


def _message(fields: Mapping[str, str | None]) -> Message:
    account, kind = _short(fields, "FromUserName"), _needed(fields, "MsgType").lower()
    created = _needed(fields, "CreateTime")
    if not _SECONDS.fullmatch(created):
        raise BadMessage("CreateTime is no time")
    sent_at = int(created)
    if kind == "event":
        return _event(fields, account, sent_at)
    number = _short(fields, "MsgId")
    match kind:
        case "text":
            if "Content" not in fields:
                raise BadMessage("Content is missing")
            text = _given(fields, "Content")
            return Message(number, NAME, account, "text", text=text, sent_at=sent_at)
        case "image" | "voice":
            return Message(
                number,
                NAME,
                account,
                kind,
                text=_given(fields, "Recognition"),
                media_id=_needed(fields, "MediaId"),
                media_url=_given(fields, "PicUrl"),
                sent_at=sent_at,
            )
        case "location":
            lat, lng = _degrees(fields, "Location_X", 90), _degrees(fields, "Location_Y", 180)
            label = _given(fields, "Label")
            return Message(number, NAME, account, kind, lat=lat, lng=lng, label=label, sent_at=sent_at)
        case _:
            return Message(number, NAME, account, "other", sent_at=sent_at)


def _event(fields: Mapping[str, str | None], account: str, sent_at: int) -> Message:
    """Events carry no MsgId: what tells two of them apart is who, when, what and which key."""
    event, key = _short(fields, "Event"), _given(fields, "EventKey")
    number = f"{account}:{sent_at}:{event}:{key}"
    match event.lower():
        case "subscribe":
            # A key without this prefix is not from a QR of ours (it may be a product's bar code).
            scene = key.removeprefix("qrscene_") if key.startswith("qrscene_") else ""
            return Message(number, NAME, account, "subscribe", scene=scene, sent_at=sent_at)
        case "scan":
            return Message(number, NAME, account, "scan", scene=key, sent_at=sent_at)
        case _:
            return Message(number, NAME, account, "other", sent_at=sent_at)


def _short(fields: Mapping[str, str | None], name: str) -> str:
    value = _needed(fields, name)
    if len(value) > ID_CHARS:
        raise BadMessage(f"{name} is too long")
    return value


def _degrees(fields: Mapping[str, str | None], name: str, limit: int) -> float:
    try:
        degrees = float(_needed(fields, name))
    except ValueError:
        degrees = math.nan
    if not abs(degrees) <= limit:  # also false for nan
        raise BadMessage(f"{name} is no place on earth")
    return degrees


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
