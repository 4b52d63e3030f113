"""What is said to @bot in a 企业微信 group or in private becomes a Message; the answer opens again."""

import json
from typing import Any

import pytest

from bot.channels import aibot
from bot.envelope import BadMessage, Seal
from bot.sandbox import wire
from bot.sandbox.wire import AibotKeys
from handlers.message import Message
from tests.callbacks import AES_KEY, AIBOT, AIBOT_ID, AT, NONCE, OLD_AES_KEY, Bot, settings

KEYS = aibot.Keys.of(settings())


def read(message: dict[str, Any]) -> aibot.Inbound:
    sent = wire.aibot_push(AIBOT, message, timestamp=AT, nonce=NONCE)
    return aibot.read(sent.query, sent.body, KEYS)


def said(content: str, chat: str = "group-1") -> dict[str, Any]:
    return wire.aibot_text("zhangsan", chat, content, "m-1", AIBOT_ID)


def of_kind(msgtype: str, value: dict[str, Any], chat: str = "group-1") -> dict[str, Any]:
    message = said("", chat) | {"msgtype": msgtype, msgtype: value}
    del message["text"]
    return message


def test_a_text_in_a_group_is_read_and_answered_as_a_finished_stream() -> None:
    inbound = read(said("@码上办 今日平安"))
    assert inbound.message == Message("m-1", "aibot", "zhangsan", "text", text="今日平安", chat="group-1")
    assert wire.aibot_answer(AIBOT, aibot.reply(inbound, "已记录，辛苦了。", AT)) == {
        "msgtype": "stream",
        "stream": {"id": "m-1", "finish": True, "content": "已记录，辛苦了。"},
    }


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("@码上办 今日平安", "今日平安"),
        ("  @码上办\u2005今日平安", "今日平安"),
        ("@码上办\n3号楼井盖破了\n很危险", "3号楼井盖破了\n很危险"),
        ("今日平安 @码上办", "今日平安"),
        ("@码上办 上报 请联系 @李四", "上报 请联系 @李四"),
        ("@码上办", ""),
        ("邮箱是 a@b.cn", "邮箱是 a@b.cn"),
    ],
)
def test_the_mention_that_brought_a_group_message_to_us_is_taken_off(content: str, text: str) -> None:
    assert read(said(content)).message.text == text


def test_in_private_nothing_is_taken_off_and_there_is_no_chat() -> None:
    message = read(said("@李四 在吗", chat="")).message
    assert (message.text, message.chat) == ("@李四 在吗", "")


def test_a_quoted_message_is_heard_when_nothing_else_is_said() -> None:
    quote = {"quote": {"msgtype": "text", "text": {"content": "3号楼井盖破了"}}}
    assert read(said("@码上办") | quote).message.text == "3号楼井盖破了"
    assert read(said("@码上办 办结 1001") | quote).message.text == "办结 1001"


def test_a_quoted_picture_belongs_to_the_text() -> None:
    quote = {"quote": {"msgtype": "image", "image": {"url": "http://127.0.0.1/q"}}}
    message = read(said("@码上办 井盖破了") | quote).message
    assert (message.kind, message.text, message.media_url) == ("text", "井盖破了", "http://127.0.0.1/q")


def test_a_mixed_message_is_a_text_with_its_first_picture() -> None:
    items = [
        {"msgtype": "text", "text": {"content": "@码上办 井盖破了"}},
        {"msgtype": "image", "image": {"url": "http://127.0.0.1/1"}},
        {"msgtype": "text", "text": {"content": "很危险"}},
        {"msgtype": "image", "image": {"url": "http://127.0.0.1/2"}},
    ]
    assert read(of_kind("mixed", {"msg_item": items})).message == Message(
        "m-1",
        "aibot",
        "zhangsan",
        "text",
        text="井盖破了\n很危险",
        chat="group-1",
        media_url="http://127.0.0.1/1",
    )


def test_pictures_and_voice_in_private_are_read() -> None:
    picture = read(of_kind("image", {"url": "http://127.0.0.1/1"}, chat="")).message
    assert (picture.kind, picture.media_url) == ("image", "http://127.0.0.1/1")
    voice = read(of_kind("voice", {"content": "路灯不亮"}, chat="")).message
    assert (voice.kind, voice.text) == ("voice", "路灯不亮")


def test_who_opens_the_chat_is_welcomed_with_a_plain_text() -> None:
    inbound = read(wire.aibot_enter("zhangsan", "m-2", AIBOT_ID, AT))
    assert inbound.message == Message("m-2", "aibot", "zhangsan", "enter", sent_at=AT)
    assert wire.aibot_answer(AIBOT, aibot.reply(inbound, "您好，说“帮助”看看能做什么。", AT)) == {
        "msgtype": "text",
        "text": {"content": "您好，说“帮助”看看能做什么。"},
    }


@pytest.mark.parametrize("msgtype", ["file", "stream", "event", "hologram"])
def test_what_is_nothing_to_us_is_read_as_other(msgtype: str) -> None:
    assert read(of_kind(msgtype, {"url": "http://127.0.0.1/f"})).message.kind == "other"


def test_control_characters_and_broken_surrogates_are_dropped_both_ways() -> None:
    sealed = Seal(AIBOT.aes_key, "")
    ciphertext = sealed.close(json.dumps(said("@码上办 井\x00盖\ud800\x1d")).encode())
    query = {
        "msg_signature": wire.sign(AIBOT.token, str(AT), NONCE, ciphertext),
        "timestamp": str(AT),
        "nonce": NONCE,
    }
    inbound = aibot.read(query, f'{{"encrypt":"{ciphertext}"}}'.encode(), KEYS)
    assert inbound.message.text == "井盖"
    answer = wire.aibot_answer(AIBOT, aibot.reply(inbound, "好\ud800\x00的", AT))
    assert answer and answer["stream"]["content"] == "好的"


def test_nothing_to_say_is_an_empty_body() -> None:
    assert aibot.reply(read(said("x")), "", AT) == b""
    assert wire.aibot_answer(AIBOT, b"") is None


def test_a_long_reply_is_cut_at_20480_bytes() -> None:
    answer = wire.aibot_answer(AIBOT, aibot.reply(read(said("x")), "井" * 7000, AT))
    assert answer and answer["stream"]["content"] == "井" * 6825 + "…"


def test_the_address_is_verified_by_opening_the_echo() -> None:
    query, expected = wire.aibot_echo(AIBOT, timestamp=AT, nonce=NONCE)
    assert aibot.verify(query, KEYS).decode() == expected
    answer = Bot().send("GET", "/wechat/aibot", query)
    assert (answer.status_code, answer.text) == (200, expected)
    with pytest.raises(BadMessage):
        aibot.verify(query | {"nonce": "other"}, KEYS)


def test_a_message_for_another_robot_is_refused() -> None:
    with pytest.raises(BadMessage, match="another robot"):
        read(said("x") | {"aibotid": "aib-other"})


def test_while_the_key_changes_both_open_and_the_answer_uses_the_one_that_came() -> None:
    changing = aibot.Keys(AIBOT_ID, AIBOT.token, (Seal(AES_KEY, ""), Seal(OLD_AES_KEY, "")))
    for key in (AES_KEY, OLD_AES_KEY):
        theirs = AibotKeys(AIBOT.token, key)
        sent = wire.aibot_push(theirs, said("@码上办 井盖破了"), timestamp=AT, nonce=NONCE)
        inbound = aibot.read(sent.query, sent.body, changing)
        answer = wire.aibot_answer(theirs, aibot.reply(inbound, "好", AT))
        assert answer and answer["stream"]["content"] == "好"


def test_the_webhook_answers_over_http_and_stays_silent_when_told_so() -> None:
    sent = wire.aibot_push(AIBOT, said("@码上办 今日平安"), timestamp=AT, nonce=NONCE)
    answer = Bot(says="已记录。").push("/wechat/aibot", sent)
    opened = wire.aibot_answer(AIBOT, answer.content)
    assert opened and opened["stream"]["content"] == "已记录。"
    silent = Bot(says="").push("/wechat/aibot", sent)
    assert (silent.status_code, silent.content) == (200, b"")
