"""Cases (事件): one row each, moved from state to state by their own table of steps.

Most are reports of a matter. A complaint is about how one was handled; praise and suggestions need nobody
to be sent out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import cases
from store.tx import Tx, change_one

# What may follow what. `signed` after `resolved` is a check that was not passed; a `merged` case goes
# back to where it was when it is parted again.
NEXT: dict[str, frozenset[str]] = {
    "opened": frozenset({"dispatched", "signed", "rejected", "merged"}),
    "dispatched": frozenset({"dispatched", "signed", "rejected", "merged"}),
    "signed": frozenset({"dispatched", "resolved", "rejected", "merged"}),
    "resolved": frozenset({"verified", "signed"}),
    "verified": frozenset({"closed"}),
    "closed": frozenset(),
    "rejected": frozenset(),
    "merged": frozenset({"opened", "dispatched", "signed"}),
}
# A praise that was passed on and a suggestion that was answered are over with it.
ANSWERED_AT_ONCE = ("praise", "suggestion")
BEFORE_RESOLVING = ("opened", "dispatched", "signed")
OPEN = (*BEFORE_RESOLVING, "resolved", "verified")


@dataclass(frozen=True, slots=True)
class Case:
    """`id` is the number people say over the phone; `handler_id` or `department_id` is who it lies with."""

    id: int
    state: str
    category: str
    uncertain: bool
    score: float
    words: list[str]
    runner_up: str
    rules_revision: str
    urgent: str
    unit_id: int
    text: str
    place: str
    channel: str
    reporter_id: int
    writer_id: int | None
    handler_id: int | None
    department_id: int | None
    asked: bool
    confirmed: bool
    token: str
    opened_at: int
    due_at: int
    resolved_at: int | None
    closed_at: int | None
    kind: str
    accused_id: int | None


@dataclass(frozen=True, slots=True)
class Outline:
    """The little of a case that is kept in memory, to find what is like it."""

    id: int
    state: str
    category: str
    unit_id: int
    text: str
    opened_at: int


_COLUMNS = [cases.c[name] for name in Case.__dataclass_fields__]
_OUTLINE = [cases.c[name] for name in Outline.__dataclass_fields__]
_ADD = Prepared(sa.insert(cases).returning(cases.c.id))
_GET = Prepared(sa.select(*_COLUMNS).where(cases.c.id == sa.bindparam("id")))
_BY_TOKEN = Prepared(sa.select(*_COLUMNS).where(cases.c.token == sa.bindparam("token")))
_LAST_OF = Prepared(
    sa.select(*_COLUMNS)
    .where(
        sa.or_(
            cases.c.reporter_id == sa.bindparam("person_id"), cases.c.writer_id == sa.bindparam("person_id")
        ),
        cases.c.opened_at >= sa.bindparam("since"),
        cases.c.state != "rejected",
    )
    .order_by(cases.c.id.desc())
    .limit(1)
)


def columns() -> list[sa.Column[Any]]:
    """What a Case is made of, for other queries of this room."""
    return _COLUMNS


def outline_columns() -> list[sa.Column[Any]]:
    """The same for an Outline."""
    return _OUTLINE


def add(tx: Tx, **values: object) -> int:
    """Insert a case; every column without a default must be given."""
    return int(tx.execute(_ADD, values).scalar_one())


def get(tx: Tx, case_id: int) -> Case | None:
    row = tx.execute(_GET, {"id": case_id}).first()
    return Case(*row) if row else None


def by_token(tx: Tx, token: str) -> Case | None:
    row = tx.execute(_BY_TOKEN, {"token": token}).first()
    return Case(*row) if row else None


def by_claim(tx: Tx, claim_hash: str, *, since: int) -> Case | None:
    """The unclaimed case of a claim code that was given out at or after `since`."""
    found = sa.select(*_COLUMNS).where(cases.c.claim_hash == claim_hash, cases.c.opened_at >= since)
    row = tx.execute(found).first()
    return Case(*row) if row else None


def last_of(tx: Tx, person_id: int, *, since: int) -> Case | None:
    """The newest case the person reported or wrote at or after `since`."""
    row = tx.execute(_LAST_OF, {"person_id": person_id, "since": since}).first()
    return Case(*row) if row else None


def recent_of(tx: Tx, person_id: int, *, since: int, limit: int) -> list[Case]:
    """What the person reported or wrote at or after `since` and nobody has resolved, newest first."""
    own = sa.or_(cases.c.reporter_id == person_id, cases.c.writer_id == person_id)
    query = (
        sa.select(*_COLUMNS)
        .where(own, cases.c.opened_at >= since, cases.c.state.in_(BEFORE_RESOLVING))
        .order_by(cases.c.id.desc())
    )
    return [Case(*row) for row in tx.execute(query.limit(limit))]


def move(tx: Tx, case: Case, state: str, **values: object) -> Case:
    """Move `case` one step on, if it still is where the caller saw it, and set `values` with it.

    Raises ValueError for a step that NEXT does not allow (a bug in the caller) and Conflict when
    somebody moved it first.
    """
    if state not in _next(case):
        raise ValueError(f"case {case.id}: {case.state} -> {state} is not a step")
    return _change(tx, case, {"state": state, **values})


def _next(case: Case) -> frozenset[str]:
    answered = case.kind in ANSWERED_AT_ONCE and case.state in BEFORE_RESOLVING
    return NEXT[case.state] | {"closed"} if answered else NEXT[case.state]


def reword(tx: Tx, case: Case, text: str, **values: object) -> Case:
    """Change the text of a case, and `values` with it; raises Conflict where the text is another by now."""
    seen = sa.update(cases).where(
        cases.c.id == case.id, cases.c.text == case.text, cases.c.state.in_(BEFORE_RESOLVING)
    )
    change_one(tx, seen.values(text=text, **values))
    return _again(tx, case)


def change(tx: Tx, case: Case, **values: object) -> Case:
    """Change columns of a case that still is in the state the caller saw; raises Conflict otherwise."""
    return _change(tx, case, values)


def _change(tx: Tx, case: Case, values: dict[str, object]) -> Case:
    seen = sa.update(cases).where(
        cases.c.id == case.id, cases.c.state == case.state, cases.c.confirmed == case.confirmed
    )
    change_one(tx, seen.values(**values))
    return _again(tx, case)


def _again(tx: Tx, case: Case) -> Case:
    changed = get(tx, case.id)
    assert changed is not None
    return changed


def claim(tx: Tx, case: Case, *, person_id: int) -> None:
    """Give the case to the person who brought its claim code; raises Conflict the second time."""
    unclaimed = sa.update(cases).where(cases.c.id == case.id, cases.c.claim_hash.is_not(None))
    change_one(tx, unclaimed.values(reporter_id=person_id, claim_hash=None))


def hand_to(tx: Tx, *, from_person: int, to_person: int) -> None:
    """What a stranger reported, or wrote for somebody else, turns out to be a known person's."""
    tx.execute(sa.update(cases).where(cases.c.reporter_id == from_person).values(reporter_id=to_person))
    tx.execute(sa.update(cases).where(cases.c.writer_id == from_person).values(writer_id=to_person))


def of_reporter(tx: Tx, person_id: int, limit: int) -> list[Case]:
    """Newest first."""
    query = sa.select(*_COLUMNS).where(cases.c.reporter_id == person_id).order_by(cases.c.id.desc())
    return [Case(*row) for row in tx.execute(query.limit(limit))]


def lying_with(
    tx: Tx, person_id: int, unit_ids: Iterable[int], department_ids: Iterable[int], limit: int
) -> list[Case]:
    """What waits for this person to act on: taken by the person, or untaken in the units or departments."""
    query = (
        sa.select(*_COLUMNS)
        .where(
            cases.c.state.in_(BEFORE_RESOLVING),
            sa.or_(
                cases.c.handler_id == person_id,
                sa.and_(
                    cases.c.handler_id.is_(None),
                    cases.c.department_id.is_(None),
                    cases.c.unit_id.in_(list(unit_ids)),
                ),
                sa.and_(cases.c.handler_id.is_(None), cases.c.department_id.in_(list(department_ids))),
            ),
        )
        .order_by(cases.c.due_at, cases.c.id)
    )
    return [Case(*row) for row in tx.execute(query.limit(limit))]


def in_units(tx: Tx, unit_ids: Iterable[int], states: Iterable[str], limit: int) -> list[Case]:
    """Cases of the units in one of the states, the earliest deadline first."""
    query = (
        sa.select(*_COLUMNS)
        .where(cases.c.unit_id.in_(list(unit_ids)), cases.c.state.in_(list(states)))
        .order_by(cases.c.due_at, cases.c.id)
    )
    return [Case(*row) for row in tx.execute(query.limit(limit))]


def count_in_units(tx: Tx, unit_ids: Iterable[int], states: Iterable[str]) -> dict[str, int]:
    """state -> number of cases."""
    query = (
        sa.select(cases.c.state, sa.func.count())
        .where(cases.c.unit_id.in_(list(unit_ids)), cases.c.state.in_(list(states)))
        .group_by(cases.c.state)
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def uncertain_in_units(tx: Tx, unit_ids: Iterable[int], limit: int) -> list[Case]:
    """Cases before resolving whose category the rules were not sure of, the earliest deadline first."""
    query = (
        sa.select(*_COLUMNS)
        .where(
            cases.c.unit_id.in_(list(unit_ids)),
            cases.c.state.in_(BEFORE_RESOLVING),
            cases.c.uncertain.is_(True),
        )
        .order_by(cases.c.due_at, cases.c.id)
    )
    return [Case(*row) for row in tx.execute(query.limit(limit))]


def open_after(tx: Tx, case_id: int, *, since: int, limit: int) -> list[Outline]:
    """Open cases with a number above `case_id` that came at or after `since`, by number."""
    query = (
        sa.select(*_OUTLINE)
        .where(cases.c.id > case_id, cases.c.state.in_(OPEN), cases.c.opened_at >= since)
        .order_by(cases.c.id)
    )
    return [Outline(*row) for row in tx.execute(query.limit(limit))]
