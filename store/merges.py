"""Cases that a person joined (并案): which went into which, and the way back."""

from dataclasses import dataclass

import sqlalchemy as sa

from store.cases import Case, columns
from store.prepared import Prepared
from store.tables import cases, merges
from store.tx import Tx, change_one


@dataclass(frozen=True, slots=True)
class Merge:
    """`from_state` is the state the case goes back to when it is parted again."""

    case_id: int
    into_id: int
    from_state: str


_ADD = Prepared(sa.insert(merges))
_GET = Prepared(
    sa.select(merges.c.case_id, merges.c.into_id, merges.c.from_state).where(
        merges.c.case_id == sa.bindparam("case_id")
    )
)
_INTO = Prepared(
    sa.select(*columns())
    .join(merges, merges.c.case_id == cases.c.id)
    .where(merges.c.into_id == sa.bindparam("into_id"))
    .order_by(cases.c.id)
)


def add(tx: Tx, case: Case, into: Case, *, person_id: int, now: int) -> None:
    """Join `case` to `into`, and with it whatever was joined to `case` before."""
    row = {
        "case_id": case.id,
        "into_id": into.id,
        "from_state": case.state,
        "person_id": person_id,
        "at": now,
    }
    tx.execute(_ADD, row)
    tx.execute(sa.update(merges).where(merges.c.into_id == case.id).values(into_id=into.id))


def get(tx: Tx, case_id: int) -> Merge | None:
    """Where the case went; None for one that was joined to none."""
    row = tx.execute(_GET, {"case_id": case_id}).first()
    return Merge(*row) if row else None


def part(tx: Tx, merge: Merge) -> None:
    """Undo it; raises Conflict when somebody did so first."""
    change_one(
        tx,
        sa.delete(merges).where(merges.c.case_id == merge.case_id, merges.c.into_id == merge.into_id),
    )


def into(tx: Tx, case_id: int) -> list[Case]:
    """The cases that were joined to this one, lowest number first."""
    return [Case(*row) for row in tx.execute(_INTO, {"into_id": case_id})]
