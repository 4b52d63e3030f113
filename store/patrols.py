"""Patrols (巡查): who is out, what came of it, and the locations sent on the way."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import patrols, track
from store.tx import Tx, change_one

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Patrol:
    """`day` is the local day it began on, `half` morning or afternoon.

    `state` is open, done, short (of too few minutes), left (open at midnight) or dropped (a mistake).
    """

    id: int
    person_id: int
    unit_id: int
    day: str
    half: str
    started_at: int
    ended_at: int | None
    state: str
    note: str

    def minutes(self, now: int) -> int:
        """Whole minutes it took; until now where it is still open."""
        return ((now if self.ended_at is None else self.ended_at) - self.started_at) // MINUTE


_COLUMNS = [patrols.c[name] for name in Patrol.__dataclass_fields__]
_ADD = Prepared(insert(patrols).on_conflict_do_nothing().returning(*_COLUMNS))
_OPEN = Prepared(
    sa.select(*_COLUMNS).where(patrols.c.person_id == sa.bindparam("person_id"), patrols.c.state == "open")
)


def start(tx: Tx, *, person_id: int, unit_id: int, day: str, half: str, note: str, now: int) -> Patrol | None:
    """None where the person is out already."""
    values = {"person_id": person_id, "unit_id": unit_id, "day": day, "half": half, "note": note}
    row = tx.execute(_ADD, {**values, "started_at": now}).first()
    return Patrol(*row) if row else None


def open_of(tx: Tx, person_id: int) -> Patrol | None:
    """The patrol somebody is out on."""
    row = tx.execute(_OPEN, {"person_id": person_id}).first()
    return Patrol(*row) if row else None


def end(tx: Tx, patrol: Patrol, state: str, *, now: int, note: str = "") -> None:
    """Raises Conflict when it was ended meanwhile."""
    still = sa.update(patrols).where(patrols.c.id == patrol.id, patrols.c.state == "open")
    change_one(tx, still.values(state=state, ended_at=now, note=note or patrol.note))


def of_person(tx: Tx, person_id: int, first_day: str, last_day: str, limit: int) -> list[Patrol]:
    """What somebody walked from one local day to another, newest first."""
    within = patrols.c.person_id == person_id, patrols.c.day.between(first_day, last_day)
    query = sa.select(*_COLUMNS).where(*within, patrols.c.state != "dropped")
    return [Patrol(*row) for row in tx.execute(query.order_by(patrols.c.id.desc()).limit(limit))]


def of_day(tx: Tx, day: str, unit_ids: Iterable[int]) -> list[Patrol]:
    """What was walked on a local day in the units, in the order in which it began."""
    within = patrols.c.day == day, patrols.c.unit_id.in_(list(unit_ids)), patrols.c.state != "dropped"
    return [Patrol(*row) for row in tx.execute(sa.select(*_COLUMNS).where(*within).order_by(patrols.c.id))]


def left_open(tx: Tx, before_day: str) -> list[Patrol]:
    """What began before a local day and was not ended."""
    query = sa.select(*_COLUMNS).where(patrols.c.state == "open", patrols.c.day < before_day)
    return [Patrol(*row) for row in tx.execute(query.order_by(patrols.c.id))]


# --- the locations of a patrol


def locate(tx: Tx, patrol_id: int, *, lat: float, lng: float, label: str, now: int) -> None:
    row = {"patrol_id": patrol_id, "at": now, "lat": lat, "lng": lng, "label": label}
    tx.execute(sa.insert(track).values(**row))


def located(tx: Tx, patrol_ids: Collection[int]) -> dict[int, list[str]]:
    """What the locations of each patrol are called, in the order in which they were sent."""
    query = sa.select(track.c.patrol_id, track.c.label).where(track.c.patrol_id.in_(list(patrol_ids)))
    found: dict[int, list[str]] = {}
    for patrol_id, label in tx.execute(query.order_by(track.c.id)):
        found.setdefault(patrol_id, []).append(label)
    return found


def forget(tx: Tx, patrol_id: int) -> None:
    """Delete the locations of one patrol."""
    tx.execute(sa.delete(track).where(track.c.patrol_id == patrol_id))


def forget_before(tx: Tx, moment: int) -> None:
    """Delete what was sent before a moment."""
    tx.execute(sa.delete(track).where(track.c.at < moment))
