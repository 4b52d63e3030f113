"""Measures against a household: its points frozen, a penalty. Each may be appealed once, another judges."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import freezes, households, penalties
from store.tx import Conflict, Tx, change_one

FREEZE, PENALTY = "freeze", "penalty"
_TABLES = {FREEZE: freezes, PENALTY: penalties}


@dataclass(frozen=True, slots=True)
class Measure:
    """`points` and `xfer_id` are a penalty's, `lifted_at` a freeze's; `is_upheld` is the appeal's outcome."""

    kind: str
    id: int
    household_id: int
    reason: str
    by_id: int
    at: int
    points: int
    xfer_id: int | None
    appeal: str
    appealed_at: int | None
    decided_by: int | None
    is_upheld: bool | None
    lifted_at: int | None

    @property
    def stands(self) -> bool:
        return self.lifted_at is None and not self.is_upheld


_COMMON = ("id", "household_id", "reason", "by_id", "at")
_APPEAL = ("appeal", "appealed_at", "decided_by", "is_upheld")


def _select(kind: str) -> sa.Select[Any]:
    table = _TABLES[kind]
    of_penalty = (
        [table.c.points, table.c.xfer_id]
        if kind == PENALTY
        else [sa.literal(0).label("points"), sa.null().label("xfer_id")]
    )
    lifted = table.c.lifted_at if kind == FREEZE else sa.null().label("lifted_at")
    return sa.select(
        sa.literal(kind).label("kind"),
        *(table.c[name] for name in _COMMON),
        *of_penalty,
        *(table.c[name] for name in _APPEAL),
        lifted,
    )


def freeze(tx: Tx, household_id: int, *, reason: str, by_id: int, now: int) -> int:
    """Freeze a household's points. Raises Conflict where they are frozen already."""
    row = {"household_id": household_id, "reason": reason, "by_id": by_id, "at": now}
    added = tx.execute(insert(freezes).on_conflict_do_nothing().returning(freezes.c.id), row).scalar()
    if added is None:
        raise Conflict
    return int(added)


def lift(tx: Tx, measure: Measure, *, by_id: int, now: int) -> None:
    """End a freeze. Raises Conflict when somebody did so first."""
    still = sa.update(freezes).where(freezes.c.id == measure.id, freezes.c.lifted_at.is_(None))
    change_one(tx, still.values(lifted_by=by_id, lifted_at=now))


def penalise(
    tx: Tx, household_id: int, *, points: int, reason: str, by_id: int, xfer_id: int, now: int
) -> int:
    """Keep a penalty whose first movement is `xfer_id`; the others share its txn."""
    row = {"household_id": household_id, "points": points, "reason": reason, "by_id": by_id}
    added = sa.insert(penalties).returning(penalties.c.id)
    return int(tx.execute(added, {**row, "at": now, "xfer_id": xfer_id}).scalar_one())


def get(tx: Tx, kind: str, number: int) -> Measure | None:
    row = tx.execute(_select(kind).where(_TABLES[kind].c.id == number)).first()
    return Measure(*row) if row else None


def open_freeze(tx: Tx, household_id: int) -> Measure | None:
    found = _select(FREEZE).where(freezes.c.household_id == household_id, freezes.c.lifted_at.is_(None))
    row = tx.execute(found).first()
    return Measure(*row) if row else None


def since(tx: Tx, household_id: int, at: int) -> list[Measure]:
    """What was imposed on a household since, and any freeze that still holds; newest first."""
    found: list[Any] = []
    for kind, table in _TABLES.items():
        query = _select(kind).where(table.c.household_id == household_id)
        is_new = table.c.at >= at
        found += tx.execute(
            query.where(sa.or_(is_new, freezes.c.lifted_at.is_(None)) if kind == FREEZE else is_new)
        ).all()
    return sorted((Measure(*row) for row in found), key=lambda one: (-one.at, one.kind, -one.id))


def appeal(tx: Tx, measure: Measure, text: str, *, now: int) -> None:
    """Raises Conflict when another member of the household appealed first."""
    table = _TABLES[measure.kind]
    still = sa.update(table).where(table.c.id == measure.id, table.c.appealed_at.is_(None))
    change_one(tx, still.values(appeal=text, appealed_at=now))


def decide(tx: Tx, measure: Measure, *, by_id: int, is_upheld: bool, now: int) -> None:
    """Raises Conflict when somebody decided first; the database refuses who imposed it."""
    table = _TABLES[measure.kind]
    still = sa.update(table).where(
        table.c.id == measure.id, table.c.appealed_at.is_not(None), table.c.decided_by.is_(None)
    )
    change_one(tx, still.values(decided_by=by_id, decided_at=now, is_upheld=is_upheld))


def undecided(tx: Tx, unit_ids: Iterable[int], limit: int) -> list[Measure]:
    """Appeals of households in the units that nobody judged yet, the oldest first."""
    area = list(unit_ids)
    found: list[Measure] = []
    for kind, table in _TABLES.items():
        query = (
            _select(kind)
            .join(households, households.c.id == table.c.household_id)
            .where(table.c.appealed_at.is_not(None), table.c.decided_by.is_(None))
            .where(households.c.unit_id.in_(area))
            .order_by(table.c.appealed_at, table.c.id)
        )
        found += [Measure(*row) for row in tx.execute(query.limit(limit))]
    return sorted(found, key=lambda one: (one.appealed_at or 0, one.kind, one.id))[:limit]
