"""What people do in the official account, as Tencent pushes it, becomes a Message; the answer opens again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bot.channels import official
from bot.envelope import BadMessage, Seal, signature
from bot.sandbox import wire
from bot.sandbox.wire import OfficialKeys, Push
from handlers.message import Message
from tests.callbacks import AES_KEY, AT, NONCE, OFFICIAL, OLD_AES_KEY, Bot, settings

PLAIN = replace(OFFICIAL, mode="plain")
COMPATIBLE = replace(OFFICIAL, mode="compatible")
KEYS = official.Keys.of(settings())


def read(fields: dict[str, str | int], keys: OfficialKeys = OFFICIAL) -> official.Inbound:
    sent = wire.official_push(keys, fields, timestamp=AT, nonce=NONCE)
    return official.read(sent.query, sent.body, official.Keys.of(settings(keys.mode)))


def text(content: str) -> dict[str, str | int]:
    return wire.text_fields("gh_town", "o-zhang", content, 6054768590064713728, AT)


@pytest.mark.parametrize("keys", [PLAIN, COMPATIBLE, OFFICIAL], ids=lambda keys: keys.mode)
def test_a_text_is_read_and_answered_in_every_mode(keys: OfficialKeys) -> None:
    inbound = read(text("幸福社区3号楼井盖破了"), keys)
    assert inbound.message == Message(
        "6054768590064713728", "official", "o-zhang", "text", text="幸福社区3号楼井盖破了", sent_at=AT
    )
    assert wire.official_answer(keys, official.reply(inbound, "已收到，编号 1001。", AT + 1)) == {
        "ToUserName": "o-zhang",
        "FromUserName": "gh_town",
        "CreateTime": str(AT + 1),
        "MsgType": "text",
        "Content": "已收到，编号 1001。",
    }


def test_the_compatible_mode_also_takes_a_push_that_is_plain_throughout() -> None:
    sent = wire.official_push(PLAIN, text("井盖破了"), timestamp=AT, nonce=NONCE)
    inbound = official.read(sent.query, sent.body, official.Keys.of(settings("compatible")))
    assert inbound.message.text == "井盖破了"
    assert official.reply(inbound, "好", AT).startswith(b"<xml><ToUserName>")


def test_of_a_compatible_push_only_the_sealed_part_is_believed() -> None:
    sent = wire.official_push(COMPATIBLE, text("井盖破了"), timestamp=AT, nonce=NONCE)
    forged = sent.body.replace("井盖破了".encode(), "给我加一千分".encode()).replace(b"o-zhang", b"o-wang")
    keys = official.Keys.of(settings("compatible"))
    message = official.read(sent.query, forged, keys).message
    assert (message.account, message.text) == ("o-zhang", "井盖破了")

    stripped = {name: value for name, value in sent.query.items() if name != "encrypt_type"}
    with pytest.raises(BadMessage, match="says it is plain"):
        official.read(stripped, forged, keys)


def test_a_picture_keeps_its_address_and_its_media_id() -> None:
    fields = wire.image_fields("gh_town", "o-zhang", "http://127.0.0.1/p.jpg", "media-1", 9, AT)
    assert read(fields).message == Message(
        "9",
        "official",
        "o-zhang",
        "image",
        media_id="media-1",
        media_url="http://127.0.0.1/p.jpg",
        sent_at=AT,
    )


def test_a_location_keeps_its_degrees_and_its_label() -> None:
    fields = wire.location_fields("gh_town", "o-zhang", 23.134521, -113.358803, "幸福路 3 号", 9, AT)
    assert read(fields).message == Message(
        "9",
        "official",
        "o-zhang",
        "location",
        lat=23.134521,
        lng=-113.358803,
        label="幸福路 3 号",
        sent_at=AT,
    )


def test_a_voice_message_brings_what_tencent_understood() -> None:
    message = read(wire.voice_fields("gh_town", "o-zhang", "media-2", "路灯不亮", 9, AT)).message
    assert (message.kind, message.text, message.media_id) == ("voice", "路灯不亮", "media-2")
    message = read(wire.voice_fields("gh_town", "o-zhang", "media-2", "", 9, AT)).message
    assert (message.kind, message.text) == ("voice", "")


def test_a_scan_and_a_subscription_carry_the_scene_and_are_told_apart_without_a_msgid() -> None:
    scan = read(wire.scan_fields("gh_town", "o-zhang", "g-0101", AT)).message
    assert scan == Message(
        f"o-zhang:{AT}:SCAN:g-0101", "official", "o-zhang", "scan", scene="g-0101", sent_at=AT
    )
    followed = read(wire.subscribe_fields("gh_town", "o-zhang", AT, scene="g-0101")).message
    assert followed == Message(
        f"o-zhang:{AT}:subscribe:qrscene_g-0101",
        "official",
        "o-zhang",
        "subscribe",
        scene="g-0101",
        sent_at=AT,
    )
    searched = read(wire.subscribe_fields("gh_town", "o-zhang", AT)).message
    assert (searched.id, searched.scene) == (f"o-zhang:{AT}:subscribe:", "")


def test_a_bar_code_by_which_somebody_subscribes_is_no_scene_of_ours() -> None:
    fields = wire.subscribe_fields("gh_town", "o-zhang", AT) | {"EventKey": "scanbarcode|EAN_13,690"}
    assert read(fields).message.scene == ""


@pytest.mark.parametrize(
    "event", ["subscribe_msg_popup_event", "unsubscribe", "VIEW", "subscribe_msg_sent_event"]
)
def test_events_that_are_nothing_to_us_are_read_as_other(event: str) -> None:
    fields = wire.scan_fields("gh_town", "o-zhang", "k", AT) | {"Event": event}
    assert read(fields).message == Message(
        f"o-zhang:{AT}:{event}:k", "official", "o-zhang", "other", sent_at=AT
    )


def test_a_kind_of_message_nobody_knows_is_read_as_other() -> None:
    fields = text("") | {"MsgType": "hologram"}
    assert read(fields).message.kind == "other"


def test_a_push_that_comes_again_has_the_same_id() -> None:
    scan = wire.scan_fields("gh_town", "o-zhang", "g-0101", AT)
    assert read(scan).message == read(scan).message
    assert read(text("井盖")).message == read(text("井盖")).message


@pytest.mark.parametrize("keys", [PLAIN, COMPATIBLE, OFFICIAL], ids=lambda keys: keys.mode)
def test_control_characters_in_a_text_are_dropped_and_the_text_is_answered(keys: OfficialKeys) -> None:
    inbound = read(text("井\x1d盖\x00破\x08了\x0b\ufffe\uffff"), keys)
    assert inbound.message.text == "井盖破了"
    assert read(text("\x1d"), keys).message.text == ""


def test_what_would_end_the_cdata_neither_breaks_in_nor_out() -> None:
    evil = "evil]]></Content><MsgType>x</MsgType><Content><![CDATA[z"
    inbound = read(text(evil))
    assert inbound.message.text == evil
    answer = wire.official_answer(OFFICIAL, official.reply(inbound, f"您说的是“{evil}”", AT))
    assert answer and answer["Content"] == f"您说的是“{evil}”"
    inbound = read(text("x") | {"FromUserName": "o-]]>"})
    answer = wire.official_answer(OFFICIAL, official.reply(inbound, "好", AT))
    assert answer and answer["ToUserName"] == "o-]]>"


def test_a_text_of_nothing_but_brackets_is_a_text() -> None:
    assert read(text("<" * 2048), PLAIN).message.text == "<" * 2048


def test_a_reply_drops_what_xml_cannot_hold() -> None:
    answer = wire.official_answer(OFFICIAL, official.reply(read(text("x")), "好\x1d\ud800的\uffff", AT))
    assert answer and answer["Content"] == "好的"


def test_nothing_to_say_is_success_in_every_mode() -> None:
    assert official.reply(read(text("x"), PLAIN), "", AT) == b"success"
    assert official.reply(read(text("x")), "\x1d", AT) == b"success"


def test_a_long_reply_is_cut_between_characters_at_2048_bytes() -> None:
    answer = wire.official_answer(OFFICIAL, official.reply(read(text("x")), "井" * 700, AT))
    assert answer and answer["Content"] == "井" * 681 + "…"
    answer = wire.official_answer(OFFICIAL, official.reply(read(text("x")), "a" * 2048, AT))
    assert answer and answer["Content"] == "a" * 2048


@examples(max_examples=100, deadline=None)
@given(said=st.text(max_size=300), says=st.text(max_size=1500))
def test_whatever_is_said_and_answered_arrives_or_is_shortened(said: str, says: str) -> None:
    sendable = said.encode("utf-8", "ignore").decode()
    inbound = read(text(sendable))
    answer = wire.official_answer(OFFICIAL, official.reply(inbound, says, AT))
    assert inbound.message.account == "o-zhang"
    assert answer is None or answer["ToUserName"] == "o-zhang"


def test_the_address_is_verified_by_a_signature_only_tencent_can_make() -> None:
    query, expected = wire.official_echo(OFFICIAL, timestamp=AT, nonce=NONCE)
    assert official.verify(query, KEYS).decode() == expected
    with pytest.raises(BadMessage):
        official.verify(query | {"signature": "0" * 40}, KEYS)


def test_while_the_key_changes_both_open_and_the_answer_uses_the_one_that_came() -> None:
    changing = official.Keys(
        OFFICIAL.token, "safe", (Seal(AES_KEY, OFFICIAL.app_id), Seal(OLD_AES_KEY, OFFICIAL.app_id))
    )
    for key in (AES_KEY, OLD_AES_KEY):
        theirs = replace(OFFICIAL, aes_key=key)
        sent = wire.official_push(theirs, text("井盖破了"), timestamp=AT, nonce=NONCE)
        inbound = official.read(sent.query, sent.body, changing)
        answer = wire.official_answer(theirs, official.reply(inbound, "好", AT))
        assert answer and answer["Content"] == "好"


def test_the_same_text_never_looks_the_same_sealed() -> None:
    seal = Seal(AES_KEY, "")
    assert len({seal.close(b"ok") for _ in range(100)}) == 100


def test_the_published_vectors_come_out() -> None:
    """The first from Tencent's encryption page, the others from wechatpy's tests (token 123456)."""
    echo = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="
    assert signature("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    assert signature("123456", "1411443780", "437374425", echo) == "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"
    assert Seal(AES_KEY, "wx49f0ab532d5d035a").open(echo) == b"5927782489442352469"
    assert wire.unseal(AES_KEY, echo, "wx49f0ab532d5d035a") == b"5927782489442352469"


def test_the_webhook_answers_a_text_over_http() -> None:
    bot = Bot(says="已收到，编号 1001。")
    sent: Push = wire.official_push(OFFICIAL, text("井盖破了"), timestamp=AT, nonce=NONCE)
    answer = bot.push("/wechat/official", sent)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    opened = wire.official_answer(OFFICIAL, answer.content)
    assert opened and opened["Content"] == "已收到，编号 1001。"
    assert [message.text for message in bot.received] == ["井盖破了"]


def test_the_webhook_answers_the_verification_over_http() -> None:
    query, expected = wire.official_echo(OFFICIAL, timestamp=AT, nonce=NONCE)
    answer = Bot().send("GET", "/wechat/official", query)
    assert (answer.status_code, answer.text) == (200, expected)
