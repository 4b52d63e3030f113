"""Somebody moves in the very moment in which points come for the old household: they arrive."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from store import households, people
from store.tx import Tx
from tests.test_discipline import books_are_right
from tests.test_family import invite
from tests.test_redeem import earn
from tests.town import Town, openid

MOMENT_SECONDS = 0.3
JOINED = "已加入李秀英家"


def _home(tx: Tx, who: str) -> int:
    known = people.by_account(tx, "official", openid(who))
    assert known is not None
    found = households.of(tx, known[1].id)
    assert found is not None
    return found


def _hold_budget(tx: Tx) -> None:
    """On PostgreSQL an award waits for it, having seen already where its points go."""
    query = "SELECT acct FROM bal WHERE acct IN (SELECT id FROM acct WHERE kind = 'budget')"
    tx.execute(sa.text(query if tx.dialect == "sqlite" else f"{query} FOR UPDATE"))


@contextmanager
def _held(town: Town, hold: Callable[[Tx], Any]) -> Any:
    """What comes meanwhile waits for the rows that `hold` locks; on SQLite for its turn."""
    holds, done = Event(), Event()

    def work(tx: Tx) -> None:
        hold(tx)
        holds.set()
        done.wait(20)

    with ThreadPoolExecutor(1) as holder:
        held = holder.submit(town.db.write, work)
        assert holds.wait(20)
        yield
        done.set()
        held.result()


def _at_once(town: Town, hold: Callable[[Tx], Any], said: list[tuple[str, str]]) -> list[str]:
    """The answers to messages that come one after the other while something is locked."""
    with ThreadPoolExecutor(len(said)) as speakers:
        with _held(town, hold):
            answers = []
            for who, text in said:
                answers.append(speakers.submit(town.say, who, text))
                time.sleep(MOMENT_SECONDS)
        return [answer.result() for answer in answers]


@pytest.mark.parametrize("earned", [1, 0], ids=["an old wallet", "its first points"])
def test_points_that_come_while_their_household_joins_another_go_along(town: Town, earned: int) -> None:
    earn(town, "李秀英", 1)
    earn(town, "王小满", earned)
    town.say("王小满", "我家")
    holds: list[Callable[[Tx], Any]] = [
        _hold_budget,
        lambda tx: households.hold_still(tx, _home(tx, "李秀英")),
    ]
    for most, hold in enumerate(holds, start=earned + 1):
        number = town.say("王小满", "路灯不亮了").split("编号 ")[1][:4]
        code = invite(town, "李秀英")
        confirmed, joined = _at_once(town, hold, [("徐慧敏", f"属实 {number}"), ("王小满", f"加入 {code}")])
        assert confirmed == f"事件 {number} 属实，已给上报人记积分。"
        assert joined.startswith(JOINED)
        assert town.points("李秀英") == 10 + 10 * most
        books_are_right(town)
        town.say("王小满", "撤销加入")
        town.later(1)


def test_who_applies_for_points_and_moves_at_once_does_one_of_both(town: Town) -> None:
    earn(town, "李秀英", 1)
    town.say("何春梅", "我家")
    code = invite(town, "李秀英")
    applied, joined = _at_once(
        town,
        lambda tx: households.hold_still(tx, _home(tx, "何春梅")),
        [("何春梅", "申请积分 调解 昨天劝和了楼上楼下两家人"), ("何春梅", f"加入 {code}")],
    )
    assert applied.startswith("编号 1，调解 15 分")
    assert joined == "有积分申请正在审核或公示，办完以后再试。"
    books_are_right(town)


def test_of_two_who_leave_at_once_one_stays_with_the_points(town: Town) -> None:
    earn(town, "李秀英", 1)
    town.say("王小满", f"加入 {invite(town, '李秀英')}")
    said = _at_once(
        town,
        lambda tx: households.hold_still(tx, _home(tx, "李秀英")),
        [("李秀英", "分户 0"), ("王小满", "分户 0")],
    )
    assert sorted(said) == sorted(["已分户，您单独成一户，积分 0 分。", "您家只有您一个人，不用分户。"])
    assert sorted([town.points("李秀英"), town.points("王小满")]) == [0, 10]
    books_are_right(town)
