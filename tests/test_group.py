"""Notices go to 企业微信 group webhooks; what Tencent refuses is told apart from what may work later."""

import logging
import traceback
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bot.channels.group import LIMIT_BYTES, Groups, split
from bot.delivery import Later, Never, client
from tests.tencent import OK, Answer, Tencent, running

KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
ADDRESS = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
PATH = "/cgi-bin/webhook/send"


@pytest.fixture
def tencent() -> Iterator[Tencent]:
    with running() as tencent:
        tencent.will_say(PATH, OK)
        yield tencent


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with client() as http:
        yield http


def test_a_text_and_a_markdown_arrive_under_the_groups_own_key(tencent: Tencent, http: httpx.Client) -> None:
    groups = Groups(http, tencent.url)
    groups.send(ADDRESS, "新事件 1001：井盖破了")
    groups.send(ADDRESS, "**新事件** 1001", kind="markdown")
    assert tencent.asked == [
        (f"{PATH}?key={KEY}", {"msgtype": "text", "text": {"content": "新事件 1001：井盖破了"}}),
        (f"{PATH}?key={KEY}", {"msgtype": "markdown", "markdown": {"content": "**新事件** 1001"}}),
    ]


def test_people_are_mentioned_as_each_kind_allows(tencent: Tencent, http: httpx.Client) -> None:
    groups = Groups(http, tencent.url)
    groups.send(ADDRESS, "请签收", mentions=["zhangsan", "@all"])
    groups.send(ADDRESS, "请签收", kind="markdown", mentions=["zhangsan", "lisi"])
    assert tencent.asked_for(PATH) == [
        {"msgtype": "text", "text": {"content": "请签收", "mentioned_list": ["zhangsan", "@all"]}},
        {"msgtype": "markdown", "markdown": {"content": "请签收\n<@zhangsan><@lisi>"}},
    ]


def test_the_api_base_may_carry_a_path_and_without_one_the_address_stands(
    tencent: Tencent, http: httpx.Client
) -> None:
    tencent.will_say(f"/sandbox/tencent{PATH}", OK)
    Groups(http, f"{tencent.url}/sandbox/tencent/").send(ADDRESS, "好")
    Groups(http).send(f"{tencent.url}{PATH}?key={KEY}", "好")
    assert [address for address, _ in tencent.asked] == [
        f"/sandbox/tencent{PATH}?key={KEY}",
        f"{PATH}?key={KEY}",
    ]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, 60),
        ({"errcode": -1, "errmsg": "system error"}, 10),
        (Answer(b"", status=502), 15),
        (Answer(b"", status=429), 15),
        (Answer(b"<html>maintenance</html>", "text/html"), 15),
        (Answer(b"[]"), 15),
    ],
)
def test_what_may_work_later_says_when(
    tencent: Tencent, http: httpx.Client, answer: Answer, seconds: int
) -> None:
    tencent.will_say(PATH, answer)
    with pytest.raises(Later) as later:
        Groups(http, tencent.url).send(ADDRESS, "好")
    assert later.value.seconds == seconds


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 93000, "errmsg": "invalid webhook url"},
        {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"},
        Answer(b"", status=404),
    ],
)
def test_a_final_refusal_is_never_tried_again(tencent: Tencent, http: httpx.Client, answer: Answer) -> None:
    tencent.will_say(PATH, answer)
    with pytest.raises(Never):
        Groups(http, tencent.url).send(ADDRESS, "好")


@pytest.mark.parametrize("address", ["", "webhook", "ftp://127.0.0.1/x", "http://[::1", "http://a\nb/"])
def test_an_address_that_is_none_is_never_tried_again(http: httpx.Client, address: str) -> None:
    with pytest.raises(Never):
        Groups(http).send(address, "好")


def test_a_broken_address_is_never_tried_again_where_the_host_is_replaced(
    tencent: Tencent, http: httpx.Client
) -> None:
    with pytest.raises(Never):
        Groups(http, tencent.url).send("http://[::1", "好")
    assert tencent.asked == []


def test_a_slow_or_absent_tencent_is_tried_later(tencent: Tencent, http: httpx.Client) -> None:
    assert http.timeout == httpx.Timeout(10)
    http.timeout = httpx.Timeout(0.1)
    tencent.will_say(PATH, Answer(b"{}", after_seconds=0.5))
    with pytest.raises(Later, match="ReadTimeout"):
        Groups(http, tencent.url).send(ADDRESS, "好")
    with pytest.raises(Later, match="ConnectError"):
        Groups(http, "http://127.0.0.1:9").send(ADDRESS, "好")


def test_proxies_from_the_environment_are_not_used(tencent: Tencent, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with client() as http:
        Groups(http, tencent.url).send(ADDRESS, "好")
    assert len(tencent.asked) == 1


def test_the_key_of_a_group_stays_out_of_logs_and_errors(
    tencent: Tencent, http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    Groups(http, tencent.url).send(ADDRESS, "好")
    tencent.will_say(PATH, Answer(b"", status=500))
    errors = []
    for groups in (Groups(http, tencent.url), Groups(http, "http://127.0.0.1:9"), Groups(http, "ftp://x")):
        with pytest.raises((Later, Never)) as error:
            groups.send(ADDRESS, "好")
        errors.append("".join(traceback.format_exception(error.value)))
    assert [KEY in text for text in [caplog.text, *errors]] == [False] * 4


def test_a_long_notice_is_split_at_line_ends() -> None:
    assert split("一\n二\n三", 7) == ["一\n二", "三"]
    assert split("短", 2048) == ["短"]
    assert split("", 2048) == []


def test_a_line_longer_than_a_message_is_split_between_characters() -> None:
    assert split("井盖破了", 7) == ["井盖", "破了"]
    assert split("😀😀", 7) == ["😀", "😀"]
    assert split("a\n" + "b" * 9, 4) == ["a", "bbbb", "bbbb", "b"]


def test_a_limit_no_character_fits_into_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        split("井", 3)


@examples(max_examples=200, deadline=None)
@given(text=st.text("a井😀\n", max_size=80), limit=st.integers(4, 40))
def test_pieces_fit_and_lose_nothing_but_line_ends(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(0 < len(piece.encode()) <= limit for piece in pieces)
    assert "".join(pieces).replace("\n", "") == text.replace("\n", "")


def test_the_limits_are_tencents() -> None:
    assert LIMIT_BYTES == {"text": 2048, "markdown": 4096}
