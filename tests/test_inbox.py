"""Every message acts once, however often and however many times at once it is delivered."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from handlers import keep_failed
from handlers.message import Message, Reply
from store import inbox, journal
from store.db import Database
from store.inbox import Kept
from store.tables import metadata
from store.tx import Tx
from tests.invariants import broken
from tests.shop import give_points, told
from tests.town import NOW, Town, openid

UNKNOWN = "没有这个取货码，或者已经领取、过期了。还可以试 4 次。"
REPORT = Message("resent", "official", "stranger", "text", "幸福社区3号楼前面的井盖破了")


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


def deliver(town: Town, message: Message, times: int = 16) -> list[Reply]:
    """Deliver one message from as many threads at once."""
    with ThreadPoolExecutor(times) as platform:
        return list(platform.map(lambda _: asyncio.run(town.house.receive(message)), range(times)))


def count(town: Town, table: str) -> int:
    with town.db.read() as tx:
        return int(tx.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_sixteen_deliveries_at_once_open_one_case_and_get_one_answer(town: Town) -> None:
    people = count(town, "people")
    replies = deliver(town, REPORT)
    assert replies == [replies[0]] * 16
    assert (replies[0].case_id, replies[0].text.splitlines()[0]) == (
        town.rows("cases")[0]["number"],
        f"收到，编号 {replies[0].case_id}，类别：市政设施。",
    )
    assert [count(town, table) for table in ("inbox", "cases", "journal")] == [1, 1, 1]
    assert count(town, "people") == people + 1
    assert len(town.rows("notices")) == len({row["text"] for row in town.rows("notices")}) == 1
    with town.db.read() as tx:
        assert [line.fact for line in journal.of_case(tx, replies[0].case_id or 0)] == ["case.opened"]


def test_sixteen_different_reports_at_once_open_sixteen_cases(town: Town) -> None:
    messages = [Message(f"m{n}", "official", f"stranger{n % 4}", "text", "路灯不亮") for n in range(16)]
    with ThreadPoolExecutor(16) as platform:
        replies = list(platform.map(lambda m: asyncio.run(town.house.receive(m)), messages))
    numbers = {reply.case_id for reply in replies}
    assert numbers == {row["number"] for row in town.rows("cases")}
    assert len(numbers) == 16
    assert len({row["reporter_id"] for row in town.rows("cases")}) == 4


def test_sixteen_deliveries_of_a_check_in_earn_its_points_once(town: Town) -> None:
    replies = deliver(town, Message("calm", "official", openid("何春梅"), "text", "报平安"))
    assert replies == [Reply("已记录，辛苦了。")] * 16
    assert town.points("何春梅") == 3
    assert (town.drift(), broken(town.db)) == ([], [])


def test_a_refusal_is_kept_and_given_again(town: Town) -> None:
    replies = deliver(town, Message("unknown", "official", openid("何春梅"), "text", "签收 9999"), 4)
    assert replies == [Reply(replies[0].text)] * 4
    assert town.rows("cases") == []
    with town.db.read() as tx:
        kept = tx.execute(sa.text("SELECT state, reply FROM inbox")).all()
    assert [tuple(row) for row in kept] == [("refused", replies[0].text)]


def test_a_code_or_link_is_told_again_and_never_kept(town: Town) -> None:
    """Whoever reads the database finds no code that opens anything; a resent message still gets it."""
    give_points(town, "李秀英", 100)
    answers = {
        said: town.say("李秀英", said, message_id=said)
        for said in ("兑换 肥皂", "重发", "我的主页", "邀请家人")
    }
    secrets = [
        code
        for answer in answers.values()
        for code in re.findall(r"取货码：(\d{6})|/in/([\w-]{22})|邀请码：(\w{8})", answer)
        for code in code
        if code
    ]
    assert len(set(secrets)) == 4
    assert town.say("戴满仓", f"核销 {secrets[0]}") == UNKNOWN  # the first code died with 重发
    for said, answer in answers.items():
        assert town.say("李秀英", said, message_id=said) == answer
    assert town.say("王小满", f"加入 {secrets[3]}").startswith("已加入李秀英家")
    assert town.say("戴满仓", f"核销 {secrets[1]}").startswith("核销成功（单号 1）：李秀英，肥皂 1 块")
    with town.db.read() as tx:
        for name, table in metadata.tables.items():
            rows = [str(tuple(row)) for row in tx.execute(sa.select(table))]
            found = [code for code in secrets for row in rows if re.search(rf"\b{code}\b", row)]
            assert found == [], name


def test_a_code_owed_for_a_message_that_failed_is_not_sent_as_a_notice(town: Town) -> None:
    give_points(town, "李秀英", 100)
    message = Message("m-late", "official", openid("李秀英"), "text", "兑换 肥皂")
    town.db.write(lambda tx: keep_failed(tx, message, "bug", now=town.now))
    assert town.house.retry_failed() == {"done": 1, "failed": 0}
    assert told(town, "李秀英")[-1].splitlines()[:2] == [
        "已兑换肥皂 1 块，用 10 分。",
        "取货码：（为安全起见不在通知里写。取货码请发“重发”，别的请再要一次）",
    ]
    code = town.say("李秀英", "重发").removeprefix("新取货码：")[:6]
    assert town.say("戴满仓", f"核销 {code}").startswith("核销成功（单号 1）：李秀英，肥皂 1 块")


def test_the_same_id_in_two_channels_is_two_messages(town: Town) -> None:
    first = asyncio.run(town.house.receive(REPORT))
    other = asyncio.run(town.house.receive(Message("resent", "aibot", "w1", "text", "路灯不亮")))
    assert first.case_id != other.case_id
    assert len(town.rows("cases")) == 2


def test_a_message_that_failed_waits_with_all_it_said_until_it_is_answered(db: Database) -> None:
    message: dict[str, Any] = {"id": "m1", "text": "井盖破了", "lat": 32.5, "lng": None}

    def arrive(tx: Tx) -> int | None:
        return inbox.arrive(tx, channel="official", message_id="m1", now=NOW)

    row = db.write(arrive)
    assert row is not None
    assert db.write(arrive) is None
    db.write(lambda tx: inbox.fail(tx, row, message=message, reply="稍后", error="KeyError"))
    with db.read() as tx:
        assert (inbox.failed(tx, 10), inbox.count_failed(tx)) == ([(row, message)], 1)
        assert inbox.kept(tx, channel="official", message_id="m1") == Kept("稍后", None)
    db.write(lambda tx: inbox.answer(tx, row, reply="收到"))
    with db.read() as tx:
        assert (inbox.failed(tx, 10), inbox.count_failed(tx)) == ([], 0)
        assert inbox.kept(tx, channel="official", message_id="m1") == Kept("收到", None)
        assert inbox.kept(tx, channel="official", message_id="m2") is None
