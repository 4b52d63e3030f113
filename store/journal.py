"""What happened to a case, step by step; written with the step, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.cases import Outline, outline_columns
from store.prepared import Prepared
from store.tables import cases, journal, people
from store.tx import Tx

CHANGED_MAX = 500


@dataclass(frozen=True, slots=True)
class Line:
    at: int
    fact: str
    from_state: str
    to_state: str
    note: str
    actor: str


_ADD = Prepared(sa.insert(journal).returning(journal.c.id))
_OF_CASE = Prepared(
    sa.select(
        journal.c.at,
        journal.c.fact,
        journal.c.from_state,
        journal.c.to_state,
        journal.c.note,
        sa.func.coalesce(people.c.name, ""),
    )
    .select_from(journal.outerjoin(people, people.c.id == journal.c.actor_id))
    .where(journal.c.case_id == sa.bindparam("case_id"))
    .order_by(journal.c.id)
    .limit(200)
)


def add(
    tx: Tx,
    *,
    case_id: int,
    fact: str,
    actor_id: int | None,
    now: int,
    from_state: str = "",
    to_state: str = "",
    note: str = "",
) -> int:
    """Write one line; its id."""
    added = tx.execute(
        _ADD,
        {
            "case_id": case_id,
            "at": now,
            "actor_id": actor_id,
            "fact": fact,
            "from_state": from_state,
            "to_state": to_state,
            "note": note,
        },
    )
    return int(added.scalar_one())


def of_case(tx: Tx, case_id: int) -> list[Line]:
    """Oldest first, at most 200."""
    return [Line(*row) for row in tx.execute(_OF_CASE, {"case_id": case_id})]


def has(tx: Tx, case_id: int, *, fact: str, actor_id: int) -> bool:
    """Whether this person is the one who did that to the case."""
    query = sa.select(journal.c.id).where(
        journal.c.case_id == case_id, journal.c.fact == fact, journal.c.actor_id == actor_id
    )
    return tx.execute(query.limit(1)).first() is not None


_LAST = Prepared(sa.select(sa.func.max(journal.c.id)))
_CHANGED = Prepared(
    sa.select(journal.c.id, *outline_columns())
    .join(cases, cases.c.id == journal.c.case_id)
    .where(journal.c.id > sa.bindparam("line"))
    .order_by(journal.c.id)
    .limit(CHANGED_MAX)
)


def last(tx: Tx) -> int:
    """The number of the newest line, 0 where there is none."""
    return tx.execute(_LAST).scalar() or 0


def changed_after(tx: Tx, line: int) -> list[tuple[int, Outline]]:
    """(line, its case as it is now) of the lines above `line`, in their order, at most CHANGED_MAX."""
    return [(row[0], Outline(*row[1:])) for row in tx.execute(_CHANGED, {"line": line})]


def changed_in(tx: Tx, lines: Iterable[int]) -> list[tuple[int, Outline]]:
    """The same for these lines, as far as they are there by now."""
    query = sa.select(journal.c.id, *outline_columns()).join(cases, cases.c.id == journal.c.case_id)
    return [(row[0], Outline(*row[1:])) for row in tx.execute(query.where(journal.c.id.in_(list(lines))))]
