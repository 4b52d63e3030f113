"""What happened to a case, step by step; written with the step, never changed."""

from dataclasses import dataclass

import sqlalchemy as sa

from store.db import Tx
from store.prepared import Prepared
from store.tables import journal, people


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
