"""Points by application, and the objections while it is public. The database refuses who may not decide."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store import households
from store.tables import applications, objections, withheld, xfer
from store.tx import Tx, change_one

OPEN = ("applied", "proposed", "public", "disputed")
NEXT = {
    "applied": {"proposed", "refused"},
    "proposed": {"public", "refused"},
    "public": {"disputed", "posted", "refused"},
    "disputed": {"public", "refused"},
    "posted": set[str](),
    "refused": set[str](),
}


@dataclass(frozen=True, slots=True)
class Application:
    """`person_id` did it and earns; `day` is the local day he did it, `points` what the rule gave then."""

    id: int
    rule: str
    revision: str
    person_id: int
    household_id: int
    unit_id: int
    day: str
    text: str
    points: int
    evidence: str
    state: str
    writer_id: int
    at: int
    proposer_id: int | None
    proposed_at: int | None
    approver_id: int | None
    approved_at: int | None
    public_until: int | None
    ended_at: int | None
    note: str
    ended_by: int | None


@dataclass(frozen=True, slots=True)
class Objection:
    id: int
    application_id: int
    person_id: int
    text: str
    at: int
    state: str


_COLUMNS = [applications.c[name] for name in Application.__dataclass_fields__]
_OBJECTION = [objections.c[name] for name in Objection.__dataclass_fields__]


def key(application_id: int) -> str:
    """Under which its award is booked, once."""
    return f"application:{application_id}"


def add(tx: Tx, *, household_id: int, **values: object) -> int:
    """Raises Retry where the household went into another in this moment: it could never be paid."""
    values["household_id"] = household_id
    added = int(tx.execute(sa.insert(applications).returning(applications.c.id), values).scalar_one())
    households.must_be_open(tx, household_id)
    return added


def get(tx: Tx, application_id: int) -> Application | None:
    row = tx.execute(sa.select(*_COLUMNS).where(applications.c.id == application_id)).first()
    return Application(*row) if row else None


def move(tx: Tx, application: Application, state: str, **values: object) -> Application:
    """One step on, if it still is where the caller saw it; else Conflict. What NEXT lacks is a ValueError."""
    if state not in NEXT[application.state]:
        raise ValueError(f"application {application.id}: {application.state} -> {state} is not a step")
    seen = sa.update(applications).where(
        applications.c.id == application.id, applications.c.state == application.state
    )
    change_one(tx, seen.values(state=state, **values))
    moved = get(tx, application.id)
    assert moved is not None
    return moved


def of_person(tx: Tx, person_id: int, limit: int) -> list[Application]:
    """What somebody applied for or wrote for others, newest first."""
    own = sa.or_(applications.c.person_id == person_id, applications.c.writer_id == person_id)
    query = sa.select(*_COLUMNS).where(own).order_by(applications.c.id.desc())
    return [Application(*row) for row in tx.execute(query.limit(limit))]


def count_open(tx: Tx, person_id: int) -> int:
    query = sa.select(sa.func.count()).where(
        applications.c.person_id == person_id, applications.c.state.in_(OPEN)
    )
    return int(tx.execute(query).scalar_one())


def like(tx: Tx, *, person_id: int, rule: str, day: str, text: str) -> int | None:
    """The number of what is not refused and says word for word the same."""
    query = sa.select(applications.c.id).where(
        applications.c.person_id == person_id,
        applications.c.rule == rule,
        applications.c.day == day,
        applications.c.text == text,
        applications.c.state != "refused",
    )
    return tx.execute(query.limit(1)).scalar()


def last_written(tx: Tx, writer_id: int, *, since: int) -> Application | None:
    """The newest that somebody wrote at or after `since` and nobody has approved yet."""
    query = sa.select(*_COLUMNS).where(
        applications.c.writer_id == writer_id,
        applications.c.at >= since,
        applications.c.state.in_(("applied", "proposed")),
    )
    row = tx.execute(query.order_by(applications.c.id.desc()).limit(1)).first()
    return Application(*row) if row else None


def in_units(tx: Tx, unit_ids: Iterable[int], states: Iterable[str], limit: int) -> list[Application]:
    """Those of the units in one of the states, oldest first."""
    query = sa.select(*_COLUMNS).where(
        applications.c.unit_id.in_(list(unit_ids)), applications.c.state.in_(list(states))
    )
    return [Application(*row) for row in tx.execute(query.order_by(applications.c.id).limit(limit))]


def due(tx: Tx, rules: Iterable[str], *, now: int, limit: int) -> list[tuple[Application, int | None]]:
    """What was public long enough for one of these rules, or was booked, with the points booked for it.

    What is withheld is left out.
    """
    can_end = sa.or_(applications.c.rule.in_(list(rules)), xfer.c.id.is_not(None))
    rows = tx.execute(_OVER.where(can_end).limit(limit), {"now": now})
    return [(Application(*row[:-1]), row[-1]) for row in rows]


def unbookable(tx: Tx, rules: Iterable[str], *, now: int, limit: int) -> list[Application]:
    """What was public long enough and is of none of these rules."""
    orphaned = sa.and_(applications.c.rule.not_in(list(rules)), xfer.c.id.is_(None))
    rows = tx.execute(_OVER.where(orphaned).limit(limit), {"now": now})
    return [Application(*row[:-1]) for row in rows]


_waits = sa.select(withheld.c.id).where(
    withheld.c.idem == sa.literal("application:") + sa.cast(applications.c.id, sa.Text),
    withheld.c.paid_at.is_(None),
)
_OVER = (
    sa.select(*_COLUMNS, xfer.c.amount)
    .outerjoin(xfer, xfer.c.application_id == applications.c.id)
    .where(
        applications.c.state == "public",
        applications.c.public_until <= sa.bindparam("now"),
        ~_waits.exists(),
    )
    .order_by(applications.c.public_until, applications.c.id)
)


# --- objections


def object_to(tx: Tx, application: Application, *, person_id: int, text: str, now: int) -> int:
    values = {"application_id": application.id, "person_id": person_id, "text": text, "at": now}
    return int(tx.execute(sa.insert(objections).returning(objections.c.id), values).scalar_one())


def has_objected(tx: Tx, application_id: int, person_id: int) -> bool:
    """Whether somebody ever objected to it, whatever came of that."""
    query = sa.select(objections.c.id).where(
        objections.c.application_id == application_id, objections.c.person_id == person_id
    )
    return tx.execute(query.limit(1)).first() is not None


def objections_to(tx: Tx, application_id: int, state: str = "open") -> list[Objection]:
    """Oldest first."""
    query = sa.select(*_OBJECTION).where(
        objections.c.application_id == application_id, objections.c.state == state
    )
    return [Objection(*row) for row in tx.execute(query.order_by(objections.c.id).limit(100))]


def decide(tx: Tx, objection: Objection, state: str, *, by: int, decision: str, now: int) -> None:
    """Upheld or refused; Conflict when somebody decided it first."""
    still_open = sa.update(objections).where(objections.c.id == objection.id, objections.c.state == "open")
    change_one(tx, still_open.values(state=state, decided_by=by, decision=decision, decided_at=now))


def drop_objections(tx: Tx, application_id: int, *, now: int) -> list[Objection]:
    """The open objections to what was given up: nobody decides them any more."""
    found = objections_to(tx, application_id)
    still_open = sa.update(objections).where(
        objections.c.application_id == application_id, objections.c.state == "open"
    )
    tx.execute(still_open.values(state="dropped", decided_at=now))
    return found
