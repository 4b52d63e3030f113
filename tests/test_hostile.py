"""Whatever is thrown at the callbacks: refused with 4xx and nothing let through, never a 500."""

import asyncio
import base64
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.applications import Starlette

from bot.channels import aibot, official
from bot.envelope import BadMessage
from bot.sandbox import wire
from bot.sandbox.wire import OfficialKeys, Push
from bot.settings import read
from bot.webhooks import BODY_BYTES, routes
from handlers.message import Message, Reply
from tests.callbacks import AIBOT, AIBOT_ID, AT, NONCE, OFFICIAL, Bot, settings

OFFICIAL_PATH, AIBOT_PATH = "/wechat/official", "/wechat/aibot"
PLAIN = replace(OFFICIAL, mode="plain")
TEXT = wire.text_fields("gh_town", "o-zhang", "井盖破了", 77, AT)
PLACE = wire.location_fields("gh_town", "o-zhang", 23.1, 113.3, "幸福路", 78, AT)
SCAN = wire.scan_fields("gh_town", "o-zhang", "g-0101", AT)
SAID = wire.aibot_text("zhangsan", "group-1", "@码上办 今日平安", "m-1", AIBOT_ID)
DTD = '<!DOCTYPE xml [<!ENTITY a "井"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


def push(fields: dict[str, str | int] = TEXT, keys: OfficialKeys = OFFICIAL) -> Push:
    return wire.official_push(keys, fields, timestamp=AT, nonce=NONCE)


def sealed_xml(xml: str | bytes) -> Push:
    """A push whose signatures are right, whatever is inside."""
    plain = xml if isinstance(xml, bytes) else xml.encode()
    return around(wire.seal(OFFICIAL.aes_key, plain, OFFICIAL.app_id))


def around(ciphertext: str) -> Push:
    query = push().query | {"msg_signature": wire.sign(OFFICIAL.token, str(AT), NONCE, ciphertext)}
    return Push(query, wire.to_xml({"ToUserName": "gh_town", "Encrypt": ciphertext}))


def raw(data: bytes, aes_key: str = OFFICIAL.aes_key) -> str:
    """Encrypted as it stands: length, padding and receiver are up to the attacker."""
    key = base64.b64decode(aes_key + "=")
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(data) + encryptor.finalize()).decode()


def without(query: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in query.items() if key != name}


def inner(old: str, new: str, fields: dict[str, str | int] = TEXT) -> Push:
    """A sealed push in whose XML `old` was replaced by `new`."""
    xml = wire.to_xml(fields).decode()
    assert old in xml
    return sealed_xml(xml.replace(old, new))


GOOD = push()
OFFICIAL_HOSTILE: dict[str, tuple[int, Push]] = {
    "no query at all": (403, Push({}, GOOD.body)),
    "signature missing": (403, Push(without(GOOD.query, "signature"), GOOD.body)),
    "signature empty": (403, Push(GOOD.query | {"signature": ""}, GOOD.body)),
    "signature wrong": (403, Push(GOOD.query | {"signature": "0" * 40}, GOOD.body)),
    "signature in Chinese": (403, Push(GOOD.query | {"signature": "签名" * 20}, GOOD.body)),
    "timestamp missing": (403, Push(without(GOOD.query, "timestamp"), GOOD.body)),
    "nonce changed": (403, Push(GOOD.query | {"nonce": "1"}, GOOD.body)),
    "msg_signature missing": (403, Push(without(GOOD.query, "msg_signature"), GOOD.body)),
    "msg_signature wrong": (403, Push(GOOD.query | {"msg_signature": "f" * 40}, GOOD.body)),
    "msg_signature is the plain one": (
        403,
        Push(GOOD.query | {"msg_signature": GOOD.query["signature"]}, GOOD.body),
    ),
    "plain body in safe mode": (403, push(keys=PLAIN)),
    "plain body that says aes": (400, Push(GOOD.query, push(keys=PLAIN).body)),
    "sealed body without encrypt_type": (403, Push(without(GOOD.query, "encrypt_type"), GOOD.body)),
    "empty body": (400, Push(GOOD.query, b"")),
    "truncated body": (400, Push(GOOD.query, GOOD.body[:-20])),
    "a JSON body": (400, Push(GOOD.query, b'{"Encrypt":"x"}')),
    "not UTF-8": (400, Push(GOOD.query, b"<xml><Encrypt>\xff\xfe</Encrypt></xml>")),
    "no elements": (400, Push(GOOD.query, "<xml>井盖</xml>".encode())),
    "another root": (400, Push(GOOD.query, b"<html><Encrypt>x</Encrypt></html>")),
    "Encrypt twice": (400, Push(GOOD.query, GOOD.body.replace(b"</xml>", b"<Encrypt>x</Encrypt></xml>"))),
    "Encrypt nested": (400, Push(GOOD.query, b"<xml><Encrypt><a>1</a></Encrypt></xml>")),
    "entities outside": (400, Push(GOOD.query, DTD.encode() + b"<xml><Encrypt>&b;</Encrypt></xml>")),
    "a million open brackets": (400, Push(GOOD.query, b"<a>" * 300_000)),
    "no ciphertext": (400, around("")),
    "no base64": (400, around("井盖破了")),
    "not whole blocks": (400, around(base64.b64encode(b"x" * 33).decode())),
    "random bytes": (400, around(base64.b64encode(random.Random(7).randbytes(160)).decode())),
    "half the ciphertext": (400, around(wire.seal(OFFICIAL.aes_key, b"x" * 99, OFFICIAL.app_id)[:64])),
    "padding 0": (400, around(raw(b"\0" * 64))),
    "padding 33": (400, around(raw(b"!" * 64))),
    "padding over everything": (400, around(raw(b"\x20" * 32))),
    "uneven padding": (400, around(raw(b"r" * 16 + b"\0\0\0\x01x" + b"\x01" * 10 + b"\x0b"))),
    "length beyond the end": (400, around(raw(b"r" * 16 + b"\xff\xff\xff\xff" + b"x" * 11 + b"\x01"))),
    "no room for a length": (400, around(raw(b"r" * 16 + b"\x10" * 16))),
    "a foreign app id": (403, around(wire.seal(OFFICIAL.aes_key, wire.to_xml(TEXT), "wxforeign"))),
    "no app id": (403, around(wire.seal(OFFICIAL.aes_key, wire.to_xml(TEXT), ""))),
    "a foreign key": (400, around(wire.seal(AIBOT.aes_key, wire.to_xml(TEXT), OFFICIAL.app_id))),
    "nothing inside": (400, sealed_xml("")),
    "no XML inside": (400, sealed_xml("hello")),
    "truncated inside": (400, sealed_xml(wire.to_xml(TEXT)[:-9])),
    "no UTF-8 inside": (400, sealed_xml(b"<xml><Content>\xc3\x28</Content></xml>")),
    "an empty xml": (400, sealed_xml("<xml/>")),
    "entities inside": (400, sealed_xml(f"{DTD}<xml><Content>&b;</Content></xml>")),
    "a file from outside": (400, sealed_xml(f"{XXE}<xml><Content>&a;</Content></xml>")),
    "a control character by number": (400, inner("<![CDATA[井盖破了]]>", "&#x1d;")),
    "Content twice": (400, inner("</xml>", "<Content>x</Content></xml>")),
    "FromUserName twice": (400, inner("</xml>", "<FromUserName>x</FromUserName></xml>")),
    "FromUserName missing": (400, inner("FromUserName", "From")),
    "FromUserName empty": (400, inner("o-zhang", "")),
    "FromUserName endless": (400, inner("o-zhang", "o" * 10_000)),
    "FromUserName nested": (400, inner("<![CDATA[o-zhang]]>", "<a>o-zhang</a>")),
    "ToUserName missing": (400, inner("ToUserName", "To")),
    "MsgType missing": (400, inner("MsgType", "Type")),
    "MsgId missing": (400, inner("MsgId", "Id")),
    "MsgId endless": (400, inner("77", "7" * 10_000)),
    "Content missing": (400, inner("Content", "Text")),
    "CreateTime missing": (400, inner("CreateTime", "Time")),
    "CreateTime is no number": (400, inner(str(AT), "yesterday")),
    "CreateTime is full-width": (400, inner(str(AT), "１２３")),
    "CreateTime below 0": (400, inner(str(AT), "-1")),
    "CreateTime endless": (400, inner(str(AT), "9" * 5000)),
    "an event of no kind": (400, inner("Event>", "Evt>", SCAN)),
    "a place that is no number": (400, inner("23.100000", "nan", PLACE)),
    "a place beyond the pole": (400, inner("23.100000", "1e3", PLACE)),
    "a place without a longitude": (400, inner("Location_Y", "Y", PLACE)),
    "a picture without a media id": (400, sealed_xml(wire.to_xml(TEXT | {"MsgType": "image"}))),
    "larger than 1 MB": (413, Push(GOOD.query, b"x" * (BODY_BYTES + 1))),
}


@pytest.mark.parametrize("name", OFFICIAL_HOSTILE)
def test_a_hostile_body_to_the_official_account_is_refused(name: str) -> None:
    status, sent = OFFICIAL_HOSTILE[name]
    bot = Bot()
    answer = bot.push(OFFICIAL_PATH, sent)
    assert (answer.status_code, bot.received) == (status, [])
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert 0 < len(answer.text) < 80


def said(message: object) -> Push:
    """A push to the robot whose signature is right, whatever is inside."""
    plain = message if isinstance(message, bytes) else json.dumps(message).encode()
    return enveloped(wire.seal(AIBOT.aes_key, plain, ""))


def enveloped(ciphertext: str) -> Push:
    query = {
        "msg_signature": wire.sign(AIBOT.token, str(AT), NONCE, ciphertext),
        "timestamp": str(AT),
        "nonce": NONCE,
    }
    return Push(query, json.dumps({"encrypt": ciphertext}).encode())


def changed(**parts: object) -> Push:
    return said(SAID | parts)


FINE = said(SAID)
AIBOT_HOSTILE: dict[str, tuple[int, Push]] = {
    "no query at all": (403, Push({}, FINE.body)),
    "msg_signature missing": (403, Push(without(FINE.query, "msg_signature"), FINE.body)),
    "msg_signature wrong": (403, Push(FINE.query | {"msg_signature": "0" * 40}, FINE.body)),
    "nonce missing": (403, Push(without(FINE.query, "nonce"), FINE.body)),
    "empty body": (400, Push(FINE.query, b"")),
    "truncated body": (400, Push(FINE.query, FINE.body[:-9])),
    "an XML body": (400, Push(FINE.query, GOOD.body)),
    "not UTF-8": (400, Push(FINE.query, b'{"encrypt": "\xff"}')),
    "a list": (400, Push(FINE.query, b"[]")),
    "a million brackets": (400, Push(FINE.query, b"[" * 1_000_000)),
    "a number of a million digits": (400, Push(FINE.query, b'{"encrypt": ' + b"9" * 999_000 + b"}")),
    "encrypt is a number": (400, Push(FINE.query, b'{"encrypt": 7}')),
    "encrypt is no base64": (400, enveloped("井盖破了")),
    "encrypt is half a surrogate": (403, Push(FINE.query, b'{"encrypt": "A\\ud800"}')),
    "random bytes": (400, enveloped(base64.b64encode(random.Random(8).randbytes(160)).decode())),
    "padding 0": (400, enveloped(raw(b"\0" * 64, AIBOT.aes_key))),
    "padding 33": (400, enveloped(raw(b"!" * 64, AIBOT.aes_key))),
    "sealed for a company": (403, enveloped(wire.seal(AIBOT.aes_key, json.dumps(SAID).encode(), "ww1"))),
    "nothing inside": (400, said(b"")),
    "no JSON inside": (400, said(b"hello")),
    "a list inside": (400, said([SAID])),
    "a million brackets inside": (400, said(b"[" * 700_000)),
    "meant for another robot": (403, changed(aibotid="aib-other")),
    "msgid missing": (400, changed(msgid="")),
    "msgid is a number": (400, changed(msgid=7)),
    "msgid endless": (400, changed(msgid="m" * 10_000)),
    "from missing": (400, changed(**{"from": None})),
    "from is a text": (400, changed(**{"from": "zhangsan"})),
    "from without a userid": (400, changed(**{"from": {"corpid": "x"}})),
    "a group without chatid": (400, changed(chatid="")),
    "content is a list": (400, changed(text={"content": ["x"]})),
    "text is a text": (400, changed(text="x")),
    "a mixed message without items": (400, changed(msgtype="mixed", mixed={})),
    "a mixed message of numbers": (400, changed(msgtype="mixed", mixed={"msg_item": [1]})),
    "a picture without an address": (400, changed(msgtype="image", image={})),
    "a quote that is a text": (400, changed(quote="x")),
    "create_time in words": (400, changed(create_time="now")),
    "create_time endless": (400, changed(create_time=10**30)),
    "larger than 1 MB": (413, Push(FINE.query, b"x" * (BODY_BYTES + 1))),
}


def test_a_body_built_to_keep_the_parser_busy_is_not_parsed() -> None:
    """A quarter of a million elements would hold up everybody else for a second."""
    with pytest.raises(BadMessage, match="too many elements"):
        official.read(GOOD.query, b"<a>" * 250_000, official.Keys.of(settings()))


@pytest.mark.parametrize("name", AIBOT_HOSTILE)
def test_a_hostile_body_to_the_robot_is_refused(name: str) -> None:
    status, sent = AIBOT_HOSTILE[name]
    bot = Bot()
    answer = bot.push(AIBOT_PATH, sent)
    assert (answer.status_code, bot.received) == (status, [])
    assert 0 < len(answer.text) < 80


def test_the_same_bodies_pass_when_nothing_is_wrong_with_them() -> None:
    bot = Bot()
    for sent in (GOOD, push(PLACE), push(SCAN), sealed_xml(wire.to_xml(TEXT))):
        assert bot.push(OFFICIAL_PATH, sent).status_code == 200
    assert bot.push(AIBOT_PATH, FINE).status_code == 200
    assert [message.kind for message in bot.received] == ["text", "location", "scan", "text", "text"]


def test_a_sealed_body_is_refused_in_plain_mode() -> None:
    bot = Bot(mode="plain")
    assert bot.push(OFFICIAL_PATH, GOOD).status_code == 400
    assert bot.push(OFFICIAL_PATH, Push(without(GOOD.query, "encrypt_type"), GOOD.body)).status_code == 400
    assert bot.push(OFFICIAL_PATH, push(keys=PLAIN)).status_code == 200
    assert [message.text for message in bot.received] == ["井盖破了"]


@pytest.mark.parametrize("path", [OFFICIAL_PATH, AIBOT_PATH])
def test_a_verification_by_a_stranger_is_refused(path: str) -> None:
    query = {"signature": "0" * 40, "timestamp": str(AT), "nonce": NONCE, "echostr": "<script>"}
    answer = Bot().send("GET", path, query | {"msg_signature": "0" * 40})
    assert (answer.status_code, answer.text) == (403, "the signature is wrong")
    assert Bot().send("GET", path, {}).status_code == 403
    assert Bot().send("DELETE", path, {}).status_code == 405


@pytest.mark.parametrize("path", [OFFICIAL_PATH, AIBOT_PATH])
def test_a_body_without_a_length_is_read_no_further_than_the_limit(path: str) -> None:
    read_bytes = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read_bytes
        while True:
            read_bytes += 65536
            yield b"x" * 65536

    bot = Bot()
    assert (bot.send("POST", path, GOOD.query, endless()).status_code, bot.received) == (413, [])
    assert read_bytes <= BODY_BYTES + 2 * 65536


@pytest.mark.parametrize(
    ("length", "status"),
    [(b"99999999", 413), (b"9" * 5000, 413), (b"1048577", 413), (b"abc", 408), (b"\xb2", 408), (b"-1", 408)],
)
def test_a_body_that_breaks_off_or_lies_about_its_length_is_refused(length: bytes, status: int) -> None:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        statuses.extend([event["status"]] if event["type"] == "http.response.start" else [])

    scope = {
        "type": "http",
        "method": "POST",
        "path": OFFICIAL_PATH,
        "query_string": b"",
        "headers": [(b"content-length", length)],
    }
    bot = Bot()
    asyncio.run(bot.app(scope, receive, send))
    assert (statuses, bot.received) == ([status], [])


def test_what_could_not_be_kept_is_not_acknowledged_and_not_quoted_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def receive(message: Message) -> Reply:
        raise RuntimeError(f"no room for {message.text} of {message.account}")

    bot = Bot()
    bot.app = Starlette(routes=routes(settings(), receive))
    with caplog.at_level(logging.DEBUG):
        answer = bot.push(OFFICIAL_PATH, GOOD)
    assert (answer.status_code, answer.text) == (503, "not kept, please send it again")
    assert [record.getMessage() for record in caplog.records if record.name == "bot.webhooks"] == [
        "official: a message was not kept, RuntimeError"
    ]


def test_a_channel_that_is_off_answers_404() -> None:
    bot = Bot()
    bot.app = Starlette(routes=routes(read(_env_file=None), bot._receive))
    for path, sent in ((OFFICIAL_PATH, GOOD), (AIBOT_PATH, FINE)):
        assert bot.push(path, sent).status_code == 404
        assert bot.send("GET", path, sent.query).status_code == 404
    assert bot.received == []


Try = Callable[[bytes], None]
BLOCKS = st.integers(0, 12).flatmap(lambda count: st.binary(min_size=16 * count, max_size=16 * count))


def try_official(ciphertext: bytes) -> None:
    sent = around(base64.b64encode(ciphertext).decode())
    official.read(sent.query, sent.body, official.Keys.of(settings()))


def try_official_inside(plain: bytes) -> None:
    sent = sealed_xml(plain)
    official.read(sent.query, sent.body, official.Keys.of(settings()))


def try_official_body(body: bytes) -> None:
    official.read(GOOD.query, body, official.Keys.of(settings()))


def try_aibot(ciphertext: bytes) -> None:
    sent = enveloped(base64.b64encode(ciphertext).decode())
    aibot.read(sent.query, sent.body, aibot.Keys.of(settings()))


def try_aibot_inside(plain: bytes) -> None:
    sent = said(plain)
    aibot.read(sent.query, sent.body, aibot.Keys.of(settings()))


@pytest.mark.parametrize(
    "attempt", [try_official, try_official_inside, try_official_body, try_aibot, try_aibot_inside]
)
@examples(max_examples=200, deadline=None)
@given(data=st.one_of(st.binary(max_size=200), BLOCKS))
def test_random_bytes_with_a_right_signature_are_refused_and_nothing_else(attempt: Try, data: bytes) -> None:
    with pytest.raises(BadMessage):
        attempt(data)


@examples(max_examples=200, deadline=None)
@given(at=st.integers(0, len(GOOD.body) - 1), byte=st.integers(0, 255))
def test_one_changed_byte_is_refused_or_changes_nothing(at: int, byte: int) -> None:
    body = GOOD.body[:at] + bytes([byte]) + GOOD.body[at + 1 :]
    keys = official.Keys.of(settings())
    try:
        message = official.read(GOOD.query, body, keys).message
    except BadMessage:
        return
    assert message == official.read(GOOD.query, GOOD.body, keys).message


Value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=6,
)


@examples(max_examples=200, deadline=None)
@given(name=st.sampled_from([*SAID, "quote", "mixed", "event", "create_time"]), value=Value)
def test_any_value_in_any_place_of_a_robot_message_is_read_or_refused(name: str, value: object) -> None:
    sent = changed(**{name: value})
    try:
        message = aibot.read(sent.query, sent.body, aibot.Keys.of(settings())).message
    except BadMessage:
        return
    assert (message.channel, bool(message.id), bool(message.account)) == ("aibot", True, True)
    "".join([message.id, message.account, message.text, message.chat, message.media_url]).encode()
