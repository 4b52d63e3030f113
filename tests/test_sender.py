"""Notices leave the house: within each group's budget, in order, at least once, and never silently lost."""

import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from bot import server
from bot.channels.group import Groups
from bot.delivery import client
from bot.sender import GROUP_PER_MINUTE, GROUP_WINDOW, LEASE_SECONDS, Sender, pack
from bot.settings import Settings
from store import exports, outbox, photos
from store.db import Database
from store.outbox import Notice
from store.tx import Tx
from tests.commands import ROOT
from tests.tencent import OK, Answer, Tencent, running
from tests.town import HOUR, NOW, MakeTown, Town

WEBHOOK = "/cgi-bin/webhook/send"
CUSTOM = "/cgi-bin/message/custom/send"
MEDIA = "/cgi-bin/media/get"
TOKEN = "/cgi-bin/stable_token"
TOO_OFTEN = {"errcode": 45009, "errmsg": "api freq out of limit"}
INVALID = {"errcode": 93000, "errmsg": "invalid webhook url"}
ACCOUNT = {"wechat_app_id": "wx1", "wechat_app_secret": "secret", "wechat_token": "token"}


@pytest.fixture
def tencent() -> Iterator[Tencent]:
    with running() as tencent:
        tencent.will_say(WEBHOOK, OK)
        tencent.will_say(CUSTOM, OK)
        tencent.will_say(TOKEN, {"access_token": "t1", "expires_in": 7200})
        yield tencent


@pytest.fixture
def town(make_town: MakeTown, tencent: Tencent) -> Town:
    return make_town(wecom_api_base=tencent.url, wechat_api_base=tencent.url, **ACCOUNT)


@pytest.fixture
def new_sender(town: Town) -> Iterator[Callable[[], Sender]]:
    """Senders that do what they are told at once, without loops of their own."""
    made: list[Sender] = []

    def new() -> Sender:
        made.append(Sender(town.house))
        return made[-1]

    yield new
    for sender in made:
        sender.stop()


@pytest.fixture
def sender(new_sender: Callable[[], Sender]) -> Sender:
    return new_sender()


def webhook(key: str) -> str:
    return f"https://qyapi.weixin.qq.com{WEBHOOK}?key={key}"


def queue(
    db: Database, *texts: str, key: str = "k1", now: int = NOW, openid: str = "", **more: object
) -> None:
    """Queue notices for a group, or for one person of the official account."""
    where = (
        {"channel": "official", "address": openid}
        if openid
        else {"channel": "group", "address": webhook(key)}
    )
    rows = [
        outbox.row(**where, text=text, fact="case.opened", idem=f"{key}:{text}", now=now, **more)  # type: ignore[arg-type]
        for text in texts
    ]
    db.write(lambda tx: outbox.add(tx, rows))


def arrived(tencent: Tencent, path: str = WEBHOOK) -> list[str]:
    return [body["text"]["content"] for body in tencent.asked_for(path)]


def states(town: Town) -> list[tuple[str, str, int, str]]:
    return [(row["text"], row["state"], row["tries"], row["error"]) for row in town.rows("notices")]


# --- few and many


def test_a_few_notices_arrive_one_by_one_in_order(town: Town, sender: Sender, tencent: Tencent) -> None:
    queue(town.db, *(f"事件 {number}" for number in range(8)))
    assert sender.send_due() == 8
    assert arrived(tencent) == [f"事件 {number}" for number in range(8)]
    assert states(town) == [(f"事件 {number}", "sent", 0, "") for number in range(8)]
    assert sender.send_due() == 0


def test_many_notices_are_put_together_under_a_line_that_counts_them(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    queue(town.db, *(f"事件 {number}" for number in range(9)))
    assert sender.send_due() == 1
    assert arrived(tencent) == ["\n".join(["【9 条通知】", *(f"事件 {number}" for number in range(9))])]


def test_five_hundred_notices_reach_one_group_and_tencent_never_says_too_often(tmp_path: Path) -> None:
    now = [NOW]
    settings = Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path}/town.db",
        rules_dir=ROOT / "rules",
        sandbox=True,
        port=0,
    )
    with server.running(settings, clock=lambda: now[0]) as (house, sandbox):
        assert sandbox is not None
        address = house.county.registry.by_code["QH-XF"].group_webhook
        numbers = range(1001, 1501)
        rows = [
            outbox.row(
                channel="group",
                address=address,
                text=f"【新事件 {number}】市政设施\n内容：{'井盖坏了，' * 20}\n请签收",
                fact="case.opened",
                idem=str(number),
                now=NOW,
            )
            for number in numbers
        ]
        house.db.write(lambda tx: outbox.add(tx, rows))
        for _ in range(20):
            house.on_written()
            time.sleep(0.3)
            now[0] += GROUP_WINDOW // 5
            with house.db.read() as tx:
                if not outbox.any_due(tx, now=now[0]):
                    break
        lines = sandbox.chats.history("wr-QH-XF")
        with house.db.read() as tx:
            notices = list(exports.rows(tx, "notices"))
    assert {(row["state"], row["tries"], row["error"]) for row in notices} == {("sent", 0, "")}
    text = "\n".join(line.text for line in lines)
    assert [int(part.split("】")[0]) for part in text.split("【新事件 ")[1:]] == list(numbers)
    assert max(len(line.text.encode()) for line in lines) <= 2048
    assert (
        max(sum(at <= other.at < at + 60 for other in lines) for at in {line.at for line in lines})
        == GROUP_PER_MINUTE
    )


def test_a_budget_is_remembered_by_the_next_process(
    town: Town, new_sender: Callable[[], Sender], tencent: Tencent
) -> None:
    for batch in range(4):
        queue(town.db, *(f"事件 {batch}-{number}" for number in range(5)))
        assert new_sender().send_due() == 5
    queue(town.db, "第二十一条")
    town.later(GROUP_WINDOW - 1)
    assert new_sender().send_due() == 0
    town.later(1)
    assert new_sender().send_due() == 1
    assert (len(arrived(tencent)), arrived(tencent)[-1]) == (GROUP_PER_MINUTE + 1, "第二十一条")


def test_the_budget_of_one_group_holds_up_no_other(town: Town, sender: Sender, tencent: Tencent) -> None:
    for batch in range(4):
        queue(town.db, *(f"{batch}-{number}" for number in range(5)))
        sender.send_due()
    queue(town.db, "等一等")
    queue(town.db, "另一个群", key="k2")
    assert sender.send_due() == 1
    assert tencent.asked[-1][0] == f"{WEBHOOK}?key=k2"


@examples(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("事件a\n😀 "), min_size=1, max_size=900).filter(str.strip), max_size=40)
)
def test_whatever_is_put_together_no_notice_is_left_out_doubled_or_too_long(texts: list[str]) -> None:
    notices = [Notice(number, "text", text, [], 0, 0) for number, text in enumerate(texts)]
    parcels = pack(notices, GROUP_PER_MINUTE)
    assert [number for parcel in parcels if parcel.ends for number in parcel.ids] == list(range(len(texts)))
    assert [len(parcel.text.encode()) <= 2048 for parcel in parcels] == [True] * len(parcels)


# --- what a message carries


def test_people_are_mentioned_alone_and_put_together(town: Town, sender: Sender, tencent: Tencent) -> None:
    queue(town.db, "请签收", mentions=["ZhouJianguo"])
    sender.send_due()
    queue(town.db, *(f"事件 {number}" for number in range(5)), mentions=["ZhouJianguo"])
    queue(town.db, *(f"事件 {number}" for number in range(5, 10)), mentions=["HeChunmei", "ZhouJianguo"])
    sender.send_due()
    assert [body["text"]["mentioned_list"] for body in tencent.asked_for(WEBHOOK)] == [
        ["ZhouJianguo"],
        ["ZhouJianguo", "HeChunmei"],
    ]


def test_a_markdown_notice_goes_out_as_markdown(town: Town, sender: Sender, tencent: Tencent) -> None:
    queue(town.db, "**新事件** 1001", format="markdown")
    sender.send_due()
    assert tencent.asked_for(WEBHOOK) == [{"msgtype": "markdown", "markdown": {"content": "**新事件** 1001"}}]


def test_a_long_notice_goes_out_in_parts_and_is_sent_with_the_last(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    text = "井盖" * 1000
    queue(town.db, text)
    assert sender.send_due() == 3
    assert "".join(arrived(tencent)) == text
    assert states(town) == [(text, "sent", 0, "")]


def test_of_a_long_notice_whose_beginning_is_refused_the_rest_stays_at_home(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    tencent.will_say(WEBHOOK, INVALID)
    queue(town.db, "井盖" * 1000)
    sender.send_due()
    assert len(arrived(tencent)) == 1


# --- what goes wrong


def test_called_too_often_means_later_and_nothing_overtakes(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    tencent.will_say(WEBHOOK, OK, TOO_OFTEN, OK)
    queue(town.db, "一", "二", "三")
    assert sender.send_due() == 1
    queue(town.db, "四")
    town.later(59)
    assert sender.send_due() == 0
    town.later(1)
    assert sender.send_due() == 3
    assert arrived(tencent) == ["一", "二", "二", "三", "四"]
    assert [state for _, state, _, _ in states(town)] == ["sent"] * 4


def test_an_outage_delays_notices_longer_each_time_and_loses_none(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    tencent.will_say(WEBHOOK, Answer(b"", status=502))
    queue(town.db, "一", "二")
    waits = []
    for _ in range(7):
        sender.send_due()
        with town.db.read() as tx:
            seconds = next(
                s for s in range(2 * HOUR) if outbox.any_due(tx, now=town.now + s) and _is_free(town, s)
            )
        waits.append(seconds)
        town.later(seconds)
    assert waits == [15, 30, 60, 120, 240, 300, 300]
    tencent.will_say(WEBHOOK, OK)
    assert sender.send_due() == 2
    assert arrived(tencent) == ["一"] * 8 + ["二"]


def _is_free(town: Town, seconds: int) -> bool:
    """Whether a sender could claim the group in so many seconds."""

    class Undo(Exception):
        """Leaves everything as it was."""

    def look(tx: Tx) -> None:
        if outbox.claim(tx, now=town.now + seconds, lease_seconds=1):
            raise Undo

    try:
        town.db.write(look)
    except Undo:
        return True
    return False


def test_a_network_failure_means_later(make_town: MakeTown) -> None:
    town = make_town(wecom_api_base="http://127.0.0.1:1")
    sender = Sender(town.house)
    queue(town.db, "一")
    assert sender.send_due() == 0
    assert states(town) == [("一", "due", 1, "no answer: ConnectError")]
    sender.stop()


def test_a_webhook_that_does_not_exist_fails_with_its_reason(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    tencent.will_say(WEBHOOK, INVALID)
    queue(town.db, "一", "二")
    assert sender.send_due() == 0
    assert states(town) == [
        ("一", "failed", 0, "93000 invalid webhook url"),
        ("二", "failed", 0, "93000 invalid webhook url"),
    ]


def test_what_was_sent_but_not_marked_before_a_crash_is_sent_again(
    town: Town, new_sender: Callable[[], Sender], tencent: Tencent
) -> None:
    queue(town.db, "一")
    (claim,) = town.db.write(lambda tx: outbox.claim(tx, now=town.now, lease_seconds=LEASE_SECONDS))
    with client() as http:
        Groups(http, tencent.url).send(claim.address, "一")  # and here the first process dies
    assert new_sender().send_due() == 0
    town.later(LEASE_SECONDS)
    assert new_sender().send_due() == 1
    assert arrived(tencent) == ["一", "一"]


def test_two_senders_at_once_send_everything_once(
    town: Town, new_sender: Callable[[], Sender], tencent: Tencent
) -> None:
    for group in range(10):
        queue(town.db, *(f"{group}-{number}" for number in range(5)), key=f"k{group}")
    senders = [Thread(target=new_sender().send_due) for _ in range(2)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    assert sorted(arrived(tencent)) == sorted(
        f"{group}-{number}" for group in range(10) for number in range(5)
    )


# --- one person, in the official account


def test_a_reporter_is_told_privately_and_in_order(town: Town, sender: Sender, tencent: Tencent) -> None:
    queue(town.db, "您反映的事件 1001 已办结。", "您反映的事件 1001 已结案。", openid="o-lixiuying")
    assert sender.send_due() == 2
    assert tencent.asked_for(CUSTOM) == [
        {"touser": "o-lixiuying", "msgtype": "text", "text": {"content": f"您反映的事件 1001 已{step}。"}}
        for step in ("办结", "结案")
    ]


def test_a_reporter_whose_window_is_closed_is_a_failure_with_its_reason(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    tencent.will_say(CUSTOM, {"errcode": 45015, "errmsg": "response out of time limit"})
    queue(town.db, "已办结", openid="o-lixiuying")
    assert sender.send_due() == 0
    assert states(town) == [("已办结", "failed", 0, "45015 response out of time limit")]


def test_without_a_secret_reporters_cannot_be_told_and_it_says_so(make_town: MakeTown) -> None:
    town = make_town()
    sender = Sender(town.house)
    queue(town.db, "已办结", openid="o-lixiuying")
    assert (sender.send_due(), sender.fetch_due()) == (0, 0)
    assert states(town) == [("已办结", "failed", 0, "公众号没有设置 AppSecret")]
    sender.stop()


def test_the_second_message_to_a_reporter_does_not_overtake_the_first(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    tencent.will_say(CUSTOM, {"errcode": -1, "errmsg": "system busy"}, OK)
    queue(town.db, "一", "二", openid="o-lixiuying")
    assert (sender.send_due(), sender.send_due()) == (0, 0)
    town.later(10)
    assert sender.send_due() == 2
    assert arrived(tencent, CUSTOM) == ["一", "一", "二"]


# --- photos


def test_a_photo_is_fetched_drawn_anew_and_kept(town: Town, sender: Sender, tencent: Tencent) -> None:
    picture = BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    tencent.will_say(MEDIA, Answer(picture.getvalue(), "image/png"))
    town.say("李秀英", "井盖坏了")
    town.send_photo("李秀英")
    assert sender.fetch_due() == 1
    with town.db.read() as tx:
        (kept,) = photos.of_case(tx, 1001)
    with Image.open(BytesIO(kept)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (40, 30), {})
    assert sender.fetch_due() == 0


def test_a_photo_that_cannot_be_had_now_is_fetched_later(
    town: Town, sender: Sender, tencent: Tencent
) -> None:
    picture = BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "JPEG")
    tencent.will_say(MEDIA, Answer(b"", status=503), Answer(picture.getvalue(), "image/jpeg"))
    town.say("李秀英", "井盖坏了")
    town.send_photo("李秀英")
    assert (sender.fetch_due(), sender.fetch_due()) == (0, 0)
    town.later(15)
    assert sender.fetch_due() == 1


def test_what_is_no_photo_is_not_asked_for_again(town: Town, sender: Sender, tencent: Tencent) -> None:
    tencent.will_say(MEDIA, Answer(b"GIF89a but not really", "image/gif"))
    town.say("李秀英", "井盖坏了")
    town.send_photo("李秀英")
    assert (sender.fetch_due(), sender.fetch_due()) == (0, 0)
    assert [address.split("?")[0] for address, _ in tencent.asked].count(MEDIA) == 1
    with town.db.read() as tx:
        assert photos.count(tx, 1001) == 0
