"""Every message acts once, however often and however many times at once it is delivered."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from handlers.message import Message, Reply
from store import inbox, journal
from store.db import Database, Tx
from store.inbox import Kept
from tests.invariants import broken
from tests.town import NOW, Town, openid

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
