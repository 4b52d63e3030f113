"""客服消息 and pictures of the official account, and the access token that both need."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bot.channels.official_message import MEDIA_BYTES, OfficialMessages
from bot.delivery import Later, Never, client
from bot.settings import read
from tests.tencent import OK, Answer, Tencent, running

TOKEN, SEND, MEDIA = "/cgi-bin/stable_token", "/cgi-bin/message/custom/send", "/cgi-bin/media/get"
STALE = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"}
THREADS = 32


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tencent() -> Iterator[Tencent]:
    with running() as tencent:
        tencent.will_say(TOKEN, token("first"), token("second"), token("third"))
        tencent.will_say(SEND, OK)
        yield tencent


@pytest.fixture
def messages(tencent: Tencent, clock: Clock) -> Iterator[OfficialMessages]:
    with client() as http:
        yield account(http, tencent, clock)


def account(http: httpx.Client, tencent: Tencent, clock: Clock) -> OfficialMessages:
    settings = read(
        _env_file=None,
        wechat_app_id="wx1",
        wechat_app_secret="secret",
        wechat_token="token",
        wechat_api_base=tencent.url,
    )
    return OfficialMessages(http, settings, clock)


def token(value: str) -> dict[str, object]:
    return {"access_token": value, "expires_in": 7200}


def test_a_message_goes_out_with_a_token_that_is_fetched_once(
    tencent: Tencent, messages: OfficialMessages
) -> None:
    messages.send("o-zhang", "您的事件 1001 已办结。")
    messages.send("o-zhang", "谢谢。")
    account = {"grant_type": "client_credential", "appid": "wx1", "secret": "secret"}
    first = {"touser": "o-zhang", "msgtype": "text", "text": {"content": "您的事件 1001 已办结。"}}
    second = {"touser": "o-zhang", "msgtype": "text", "text": {"content": "谢谢。"}}
    assert tencent.asked == [
        (TOKEN, account),
        (f"{SEND}?access_token=first", first),
        (f"{SEND}?access_token=first", second),
    ]


def test_the_token_is_renewed_five_minutes_before_it_runs_out(
    tencent: Tencent, messages: OfficialMessages, clock: Clock
) -> None:
    for seconds in (0, 6899, 6900, 6901):
        clock.seconds = seconds
        messages.send("o-zhang", "好")
    assert [address.split("=")[1] for address, _ in tencent.asked if address.startswith(SEND)] == [
        "first",
        "first",
        "second",
        "second",
    ]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_stale_token_costs_one_new_one(tencent: Tencent, messages: OfficialMessages, code: int) -> None:
    tencent.will_say(SEND, STALE | {"errcode": code}, OK)
    messages.send("o-zhang", "好")
    assert [address for address, _ in tencent.asked] == [
        TOKEN,
        f"{SEND}?access_token=first",
        TOKEN,
        f"{SEND}?access_token=second",
    ]


def test_a_token_that_stays_stale_does_not_go_round_in_circles(
    tencent: Tencent, messages: OfficialMessages
) -> None:
    tencent.will_say(SEND, STALE)
    with pytest.raises(Later) as later:
        messages.send("o-zhang", "好")
    assert later.value.seconds == 300
    assert (len(tencent.asked_for(TOKEN)), len(tencent.asked_for(SEND))) == (2, 2)


def test_threads_that_start_together_fetch_one_token(tencent: Tencent, messages: OfficialMessages) -> None:
    together = threading.Barrier(THREADS)

    def send(_: int) -> None:
        together.wait()
        messages.send("o-zhang", "好")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(THREADS)))
    assert (len(tencent.asked_for(TOKEN)), len(tencent.asked_for(SEND))) == (1, THREADS)


def test_fetching_a_token_does_not_hang(tencent: Tencent, clock: Clock) -> None:
    tencent.will_say(TOKEN, Answer(b"{}", after_seconds=0.5))
    with httpx.Client(timeout=0.1, trust_env=False) as http, pytest.raises(Later, match="ReadTimeout"):
        account(http, tencent, clock).send("o-zhang", "好")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"errcode": 40164, "errmsg": "invalid ip, not in whitelist"}, "no access token: 40164"),
        ({"errcode": 40125, "errmsg": "invalid appsecret"}, "no access token: 40125"),
        ({"expires_in": 7200}, "holds no access token"),
    ],
)
def test_what_an_administrator_can_mend_keeps_the_message(
    tencent: Tencent, messages: OfficialMessages, answer: dict[str, object], why: str
) -> None:
    tencent.will_say(TOKEN, answer)
    with pytest.raises(Later, match=why):
        messages.send("o-zhang", "好")
    assert tencent.asked_for(SEND) == []


@pytest.mark.parametrize("code", [45015, 45047, 43004, 40003])
def test_a_window_that_is_closed_is_final(tencent: Tencent, messages: OfficialMessages, code: int) -> None:
    tencent.will_say(SEND, {"errcode": code, "errmsg": "no"})
    with pytest.raises(Never) as never:
        messages.send("o-zhang", "好")
    assert (never.value.code, len(tencent.asked_for(SEND))) == (code, 1)


def test_a_picture_is_fetched(tencent: Tencent, messages: OfficialMessages) -> None:
    tencent.will_say(MEDIA, Answer(b"\xff\xd8 picture", "image/jpeg"))
    assert messages.fetch_media("media-1&x=y") == b"\xff\xd8 picture"
    assert tencent.asked[-1] == (f"{MEDIA}?access_token=first&media_id=media-1%26x%3Dy", None)


def test_a_picture_is_fetched_with_a_new_token_when_the_old_one_is_stale(
    tencent: Tencent, messages: OfficialMessages
) -> None:
    stale = Answer(b'{"errcode":42001,"errmsg":"access_token expired"}', "text/plain")
    tencent.will_say(MEDIA, stale, Answer(b"picture", "image/png"))
    assert messages.fetch_media("media-1") == b"picture"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b'{"errcode":40007,"errmsg":"invalid media_id"}'), "40007 invalid media_id"),
        (Answer(b'{"video_url":"http://127.0.0.1/v"}'), "not a picture"),
        (Answer(b"x" * (MEDIA_BYTES + 1), "image/jpeg"), "larger than 10 MB"),
    ],
)
def test_what_is_no_picture_is_final(
    tencent: Tencent, messages: OfficialMessages, answer: Answer, why: str
) -> None:
    tencent.will_say(MEDIA, answer)
    with pytest.raises(Never, match=why):
        messages.fetch_media("media-1")
