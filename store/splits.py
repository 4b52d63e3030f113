"""Members who want a household of their own, and how much of the points goes along."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import splits
from store.tx import Conflict, Tx, change_one


@dataclass(frozen=True, slots=True)
class Split:
    """`state` is asked, done or dropped."""

    id: int
    household_id: int
    person_id: int
    points: int
    at: int
    state: str


def add(tx: Tx, *, household_id: int, person_id: int, points: int, now: int) -> int:
    """Ask for it. Raises Conflict where the same person asked and nobody answered yet."""
    row = {"household_id": household_id, "person_id": person_id, "points": points, "at": now}
    added = tx.execute(insert(splits).on_conflict_do_nothing().returning(splits.c.id), row).scalar()
    if added is None:
        raise Conflict
    return int(added)


def asked(tx: Tx, household_id: int) -> list[Split]:
    """What nobody answered yet, oldest first."""
    return _all(tx, sa.and_(splits.c.household_id == household_id, splits.c.state == "asked"))


def get(tx: Tx, number: int) -> Split | None:
    return next(iter(_all(tx, splits.c.id == number)), None)


def _all(tx: Tx, condition: sa.ColumnElement[bool]) -> list[Split]:
    columns = [splits.c[name] for name in Split.__dataclass_fields__]
    return [Split(*row) for row in tx.execute(sa.select(*columns).where(condition).order_by(splits.c.id))]


def drop_elsewhere(tx: Tx, person_id: int, household_id: int, *, now: int) -> None:
    """What somebody asked of a household that was left since is no longer asked."""
    stale = sa.update(splits).where(
        splits.c.person_id == person_id, splits.c.household_id != household_id, splits.c.state == "asked"
    )
    tx.execute(stale.values(state="dropped", decided_by=person_id, decided_at=now))


def end(tx: Tx, split: Split, state: str, *, by_id: int, now: int, new_id: int | None = None) -> None:
    """Raises Conflict when somebody answered first."""
    still = sa.update(splits).where(splits.c.id == split.id, splits.c.state == "asked")
    change_one(tx, still.values(state=state, decided_by=by_id, decided_at=now, new_id=new_id))
