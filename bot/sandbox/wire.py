"""Tencent's side of the wire: sign and seal what is pushed, open what the bot answers.

Written with `cryptography` alone, so that tests compare two independent implementations.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from xml.etree import ElementTree

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

PAD_BLOCK = 32
PREFIX_BYTES = 16
OFFICIAL_TEXT_BYTES = 2048
STREAM_BYTES = 20480


@dataclass(frozen=True, slots=True)
class OfficialKeys:
    app_id: str
    token: str
    aes_key: str = ""  # "" only in plain mode
    mode: Literal["plain", "compatible", "safe"] = "safe"


@dataclass(frozen=True, slots=True)
class AibotKeys:
    token: str
    aes_key: str


@dataclass(frozen=True, slots=True)
class Push:
    """What is POSTed: the query string's values and the body."""

    query: dict[str, str]
    body: bytes


def official_push(keys: OfficialKeys, fields: Mapping[str, str | int], *, timestamp: int, nonce: str) -> Push:
    """Push one message as the mode of `keys` says; compatible mode carries it plain and sealed."""
    query = {
        "signature": sign(keys.token, str(timestamp), nonce),
        "timestamp": str(timestamp),
        "nonce": nonce,
        "openid": str(fields.get("FromUserName", "")),
    }
    plain = to_xml(fields)
    if keys.mode == "plain":
        return Push(query, plain)
    sealed = seal(keys.aes_key, plain, keys.app_id)
    query |= {
        "encrypt_type": "aes",
        "msg_signature": sign(keys.token, str(timestamp), nonce, sealed),
    }
    shown = {"ToUserName": fields.get("ToUserName", "")} if keys.mode == "safe" else fields
    return Push(query, to_xml({**shown, "Encrypt": sealed}))


def official_answer(keys: OfficialKeys, body: bytes) -> dict[str, str] | None:
    """Open a passive reply; None for "success" or nothing.

    Raises ValueError where a real client would show 该公众号暂时无法提供服务.
    """
    if body in (b"", b"success"):
        return None
    fields = _from_xml(body)
    if "Encrypt" in fields:
        if keys.mode == "plain":
            raise ValueError("a sealed reply in plain mode")
        expected = sign(keys.token, fields.get("TimeStamp", ""), fields.get("Nonce", ""), fields["Encrypt"])
        if not hmac.compare_digest(expected, fields.get("MsgSignature", "")):
            raise ValueError("the reply's signature is wrong")
        fields = _from_xml(unseal(keys.aes_key, fields["Encrypt"], keys.app_id))
    elif keys.mode == "safe":
        raise ValueError("a plain reply in safe mode")
    missing = {"ToUserName", "FromUserName", "CreateTime", "MsgType"} - fields.keys()
    if missing:
        raise ValueError(f"the reply lacks {sorted(missing)}")
    if not fields["CreateTime"].isdigit():
        raise ValueError("CreateTime is no number")
    if fields["MsgType"] == "text" and not 0 < len(fields.get("Content", "").encode()) <= OFFICIAL_TEXT_BYTES:
        raise ValueError("the reply's Content is empty or too long")
    return fields


def official_echo(
    keys: OfficialKeys, *, timestamp: int, nonce: str, echostr: str = "5837397576500011341"
) -> tuple[dict[str, str], str]:
    """The GET that verifies an official account's URL: its query and the answer expected."""
    signature = sign(keys.token, str(timestamp), nonce)
    query = {"signature": signature, "timestamp": str(timestamp), "nonce": nonce, "echostr": echostr}
    return query, echostr


def aibot_push(keys: AibotKeys, message: Mapping[str, Any], *, timestamp: int, nonce: str) -> Push:
    """Push one message of a 企业微信 智能机器人; its receiveid is always empty."""
    sealed = seal(keys.aes_key, json.dumps(message, ensure_ascii=False).encode(), "")
    query = {
        "msg_signature": sign(keys.token, str(timestamp), nonce, sealed),
        "timestamp": str(timestamp),
        "nonce": nonce,
    }
    return Push(query, json.dumps({"encrypt": sealed}).encode())


def aibot_answer(keys: AibotKeys, body: bytes) -> dict[str, Any] | None:
    """Open a reply of the bot; None for an empty one. Raises ValueError for what 企业微信 would not show."""
    if not body:
        return None
    outer = json.loads(body)
    try:
        sealed, signature = outer["encrypt"], outer["msgsignature"]
        timestamp, nonce = outer["timestamp"], outer["nonce"]
    except (KeyError, TypeError):
        raise ValueError("the reply lacks encrypt, msgsignature, timestamp or nonce") from None
    if not hmac.compare_digest(sign(keys.token, str(timestamp), nonce, sealed), signature):
        raise ValueError("the reply's signature is wrong")
    reply: dict[str, Any] = json.loads(unseal(keys.aes_key, sealed, ""))
    if reply.get("msgtype") == "stream":
        stream = reply.get("stream", {})
        if not stream.get("id") or not isinstance(stream.get("finish"), bool):
            raise ValueError("the stream has no id or does not say whether it is finished")
        if len(stream.get("content", "").encode()) > STREAM_BYTES:
            raise ValueError("the stream's content is too long")
    elif reply.get("msgtype") != "text" or not reply.get("text", {}).get("content"):
        raise ValueError("neither a stream nor a welcome text")
    return reply


def aibot_echo(
    keys: AibotKeys, *, timestamp: int, nonce: str, echostr: str = "1616140317555161061"
) -> tuple[dict[str, str], str]:
    """The GET that verifies a robot's URL: its query and the answer expected."""
    sealed = seal(keys.aes_key, echostr.encode(), "")
    signature = sign(keys.token, str(timestamp), nonce, sealed)
    query = {"msg_signature": signature, "timestamp": str(timestamp), "nonce": nonce, "echostr": sealed}
    return query, echostr


def text_fields(to: str, sender: str, content: str, msg_id: int, at: int) -> dict[str, str | int]:
    return {**_from(to, sender, at, "text"), "Content": content, "MsgId": msg_id}


def image_fields(
    to: str, sender: str, pic_url: str, media_id: str, msg_id: int, at: int
) -> dict[str, str | int]:
    return {**_from(to, sender, at, "image"), "PicUrl": pic_url, "MediaId": media_id, "MsgId": msg_id}


def voice_fields(
    to: str, sender: str, media_id: str, recognition: str, msg_id: int, at: int
) -> dict[str, str | int]:
    return {
        **_from(to, sender, at, "voice"),
        "MediaId": media_id,
        "Format": "amr",
        "Recognition": recognition,
        "MsgId": msg_id,
    }


def location_fields(
    to: str, sender: str, lat: float, lng: float, label: str, msg_id: int, at: int
) -> dict[str, str | int]:
    return {
        **_from(to, sender, at, "location"),
        "Location_X": f"{lat:.6f}",
        "Location_Y": f"{lng:.6f}",
        "Scale": 16,
        "Label": label,
        "MsgId": msg_id,
    }


def scan_fields(to: str, sender: str, scene: str, at: int) -> dict[str, str | int]:
    """A QR scanned by somebody who follows the account already."""
    return {**_from(to, sender, at, "event"), "Event": "SCAN", "EventKey": scene, "Ticket": f"ticket-{scene}"}


def subscribe_fields(to: str, sender: str, at: int, scene: str = "") -> dict[str, str | int]:
    """Somebody begins to follow the account, by the QR of `scene` where it is given."""
    fields = {**_from(to, sender, at, "event"), "Event": "subscribe", "EventKey": ""}
    return {**fields, "EventKey": f"qrscene_{scene}", "Ticket": f"ticket-{scene}"} if scene else fields


def aibot_text(userid: str, chatid: str, content: str, msgid: str, aibotid: str) -> dict[str, Any]:
    """A text to the robot, in the group `chatid` or, where that is "", in private."""
    chat = {"chatid": chatid, "chattype": "group"} if chatid else {"chattype": "single"}
    return {
        "msgid": msgid,
        "aibotid": aibotid,
        **chat,
        "from": {"userid": userid},
        "response_url": f"https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code={msgid}",
        "msgtype": "text",
        "text": {"content": content},
    }


def aibot_enter(userid: str, msgid: str, aibotid: str, at: int) -> dict[str, Any]:
    """Somebody opens the private chat with the robot for the first time that day."""
    return {
        "msgid": msgid,
        "create_time": at,
        "aibotid": aibotid,
        "chattype": "single",
        "from": {"userid": userid},
        "msgtype": "event",
        "event": {"eventtype": "enter_chat"},
    }


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 Tencent's choice


def seal(aes_key: str, plain: bytes, receiver: str) -> str:
    """16 random bytes, length, text and receiver, padded to blocks of 32; AES-256-CBC, base64."""
    data = os.urandom(PREFIX_BYTES) + len(plain).to_bytes(4, "big") + plain + receiver.encode()
    pad = PAD_BLOCK - len(data) % PAD_BLOCK
    encryptor = _cipher(aes_key).encryptor()
    return base64.b64encode(encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()).decode()


def unseal(aes_key: str, sealed: str, receiver: str) -> bytes:
    """The text that was sealed for `receiver`; raises ValueError for anything else."""
    decryptor = _cipher(aes_key).decryptor()
    data = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
    pad = data[-1] if data else 0
    if not 1 <= pad <= PAD_BLOCK or not data.endswith(bytes([pad]) * pad):
        raise ValueError("the padding is wrong")
    body = data[PREFIX_BYTES:-pad]
    end = 4 + int.from_bytes(body[:4], "big")
    if len(body) < end or body[end:] != receiver.encode():
        raise ValueError("the length or the receiver is wrong")
    return body[4:end]


def to_xml(fields: Mapping[str, str | int]) -> bytes:
    """Fields as Tencent writes them: texts in CDATA, numbers bare, control characters passed through."""
    return f"<xml>{''.join(_element(name, value) for name, value in fields.items())}</xml>".encode()


def _element(name: str, value: str | int) -> str:
    if isinstance(value, str):
        return f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
    return f"<{name}>{value}</{name}>"


def _from_xml(body: bytes) -> dict[str, str]:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 the answer of a bot we started ourselves
    except ElementTree.ParseError as error:
        raise ValueError(f"no XML: {error}") from None
    fields = {child.tag: child.text or "" for child in root}
    if root.tag != "xml" or len(fields) != len(root):
        raise ValueError("the root is not <xml> or an element stands twice")
    return fields


@lru_cache(maxsize=16)
def _cipher(aes_key: str) -> Cipher[CBC]:
    key = base64.b64decode(aes_key + "=", validate=True)
    return Cipher(AES(key), CBC(key[:16]))


def _from(to: str, sender: str, at: int, kind: str) -> dict[str, str | int]:
    return {"ToUserName": to, "FromUserName": sender, "CreateTime": at, "MsgType": kind}
