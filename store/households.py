"""Households: who earns and spends together. Their history survives who comes and goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import acct, applications, freezes, households, members, people, posting, xfer
from store.tx import Retry, Tx, change_one


@dataclass(frozen=True, slots=True)
class Household:
    """`code` is printed on the card; `unit_id` is where it lives, None where nobody knows."""

    id: int
    code: str
    name: str
    unit_id: int | None
    opened_at: int
    closed_at: int | None
    is_unlisted: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody in a household, from when until when; `ended_by` is moved, split, died, or ""."""

    id: int
    household_id: int
    person_id: int
    since: int
    until: int | None
    ended_by: str


_HOUSEHOLD = [households.c[name] for name in Household.__dataclass_fields__]
_MEMBERSHIP = [members.c[name] for name in Membership.__dataclass_fields__]
_OF = Prepared(
    sa.select(members.c.household_id).where(
        members.c.person_id == sa.bindparam("person_id"), members.c.until.is_(None)
    )
)
_from, _to = acct.alias("from_acct"), acct.alias("to_acct")
# Who was given what a household held.
_HEIR = Prepared(
    sa.select(_to.c.owner)
    .select_from(_from)
    .join(posting, posting.c.acct == _from.c.id)
    .join(xfer, sa.and_(xfer.c.id == posting.c.xfer, xfer.c.debit == _from.c.id))
    .join(_to, _to.c.id == xfer.c.credit)
    .where(
        _from.c.kind == "wallet",
        _from.c.unit == 0,
        _from.c.owner == sa.bindparam("household_id"),
        xfer.c.kind == "family",
    )
    .order_by(xfer.c.id.desc())
    .limit(1)
)
_ADD = Prepared(sa.insert(households).returning(households.c.id))
_JOIN = Prepared(sa.insert(members).returning(members.c.id))
_HOLD_STILL = sa.select(households.c.id).where(households.c.id == sa.bindparam("id")).with_for_update()


def of(tx: Tx, person_id: int) -> int | None:
    """The household somebody belongs to now; None for somebody who never earned anything."""
    found = tx.execute(_OF, {"person_id": person_id}).scalar()
    return int(found) if found is not None else None


def get(tx: Tx, household_id: int) -> Household:
    row = tx.execute(sa.select(*_HOUSEHOLD).where(households.c.id == household_id)).first()
    assert row is not None, f"no household {household_id}"
    return Household(*row)


def by_code(tx: Tx, code: str) -> Household | None:
    row = tx.execute(sa.select(*_HOUSEHOLD).where(households.c.code == code)).first()
    return Household(*row) if row else None


def change(tx: Tx, household_id: int, **values: object) -> None:
    tx.execute(sa.update(households).where(households.c.id == household_id).values(**values))


def open_for(tx: Tx, person_id: int, *, code: str, name: str, unit_id: int | None, now: int) -> int:
    """A new household with this one member. Raises Retry when the person joined one meanwhile."""
    row = {"code": code, "name": name, "unit_id": unit_id, "opened_at": now}
    household_id = int(tx.execute(_ADD, row).scalar_one())
    _join(tx, household_id, person_id, now)
    return household_id


def open_all(tx: Tx, rows: Sequence[tuple[int, str, str, int | None]], *, now: int) -> dict[int, int]:
    """A household of one for each (person, code, name, unit); its number by person. Raises Retry."""
    if not rows:
        return {}
    opened = sa.insert(households).returning(households.c.id, sort_by_parameter_order=True)
    values = [{"code": code, "name": name, "unit_id": unit, "opened_at": now} for _, code, name, unit in rows]
    ids = list(tx.execute(opened, values).scalars())
    found = {row[0]: household_id for row, household_id in zip(rows, ids, strict=True)}
    joining = [{"household_id": home, "person_id": person, "since": now} for person, home in found.items()]
    try:
        with tx.savepoint("joining"):
            tx.execute(sa.insert(members), joining)
    except sa.exc.IntegrityError as error:
        raise Retry from error
    return found


def join(tx: Tx, household_id: int, person_id: int, *, now: int) -> int:
    """Make somebody a member who belongs to no household; the membership.

    Raises Retry where that is no longer so, or nobody lives in the household any more.
    """
    membership = _join(tx, household_id, person_id, now)
    must_be_open(tx, household_id)
    return membership


def must_be_open(tx: Tx, household_id: int) -> None:
    """After a row that refers to it was added: raises Retry where it was closed meanwhile.

    On PostgreSQL the new row holds the household: whoever closes it waits for us, or was faster.
    """
    if get(tx, household_id).closed_at is not None:
        raise Retry


def _join(tx: Tx, household_id: int, person_id: int, now: int) -> int:
    row = {"household_id": household_id, "person_id": person_id, "since": now}
    try:
        with tx.savepoint("joining"):
            return int(tx.execute(_JOIN, row).scalar_one())
    except sa.exc.IntegrityError as error:
        raise Retry from error


def leave(tx: Tx, person_id: int, *, how: str, now: int) -> None:
    """End somebody's membership (moved, split, died). Raises Conflict where there is none."""
    current = sa.update(members).where(members.c.person_id == person_id, members.c.until.is_(None))
    change_one(tx, current.values(until=now, ended_by=how))


def members_of(tx: Tx, household_id: int) -> list[tuple[int, str]]:
    """(person id, name) of those who belong to it now, who came first first."""
    query = (
        sa.select(people.c.id, people.c.name)
        .join(members, members.c.person_id == people.c.id)
        .where(members.c.household_id == household_id, members.c.until.is_(None))
        .order_by(members.c.id)
    )
    return [(row[0], row[1]) for row in tx.execute(query)]


def memberships(tx: Tx, person_id: int) -> list[Membership]:
    """Where somebody belonged, the newest first."""
    query = sa.select(*_MEMBERSHIP).where(members.c.person_id == person_id).order_by(members.c.id.desc())
    return [Membership(*row) for row in tx.execute(query)]


def successor(tx: Tx, household_id: int) -> int:
    """Where the people of a closed household live now, with its points and debts; itself while it is open."""
    current, seen = household_id, {household_id}
    while get(tx, current).closed_at is not None:
        gone = sa.select(members.c.person_id).where(
            members.c.household_id == current, members.c.ended_by == "moved"
        )
        person_id = tx.execute(gone.order_by(members.c.until.desc(), members.c.id.desc()).limit(1)).scalar()
        following = of(tx, person_id) if person_id is not None else None
        if following is None:  # its last member died, or turned out to be another person
            following = tx.execute(_HEIR, {"household_id": current}).scalar()
        if following is None or following in seen:
            break
        current = following
        seen.add(current)
    return current


def closed(tx: Tx, household_ids: Iterable[int]) -> list[int]:
    """Those of the households in which nobody lives any more."""
    query = sa.select(households.c.id).where(households.c.closed_at.is_not(None))
    return list(tx.execute(query.where(households.c.id.in_(list(household_ids)))).scalars())


def living_in(tx: Tx, name: str, unit_ids: Iterable[int]) -> list[tuple[int, str, int]]:
    """(person id, telephone, unit) of those of this name whose home is one of the units, lowest id first."""
    query = (
        sa.select(people.c.id, people.c.phone, people.c.unit_id)
        .where(people.c.name == name, people.c.unit_id.in_(list(unit_ids)))
        .order_by(people.c.id)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def applies(tx: Tx, person_id: int) -> bool:
    """Whether an application of this person is not through yet: it will pay the household it names."""
    query = sa.select(applications.c.id).where(
        applications.c.person_id == person_id, applications.c.state.not_in(("posted", "refused"))
    )
    return tx.execute(query.limit(1)).first() is not None


def hold_still(tx: Tx, household_id: int) -> None:
    """On PostgreSQL: who adds a row that refers to it (a member, an award) came first, or waits."""
    tx.execute(_HOLD_STILL, {"id": household_id})


def close(tx: Tx, household_id: int, *, now: int) -> None:
    """Nobody lives in it any more.

    Raises Conflict when it is closed already, Retry when somebody came to live there meanwhile.
    """
    hold_still(tx, household_id)
    if members_of(tx, household_id):
        raise Retry
    still_open = sa.update(households).where(
        households.c.id == household_id, households.c.closed_at.is_(None)
    )
    change_one(tx, still_open.values(closed_at=now))


def reopen(tx: Tx, household_id: int) -> None:
    """Somebody lives in it again. Raises Conflict where it is open."""
    closed = sa.update(households).where(households.c.id == household_id, households.c.closed_at.is_not(None))
    change_one(tx, closed.values(closed_at=None))


def names(tx: Tx, household_ids: Iterable[int]) -> dict[int, tuple[str, int | None]]:
    """(name, unit id) of households, by their numbers."""
    query = sa.select(households.c.id, households.c.name, households.c.unit_id)
    rows = tx.execute(query.where(households.c.id.in_(list(household_ids))))
    return {row[0]: (row[1], row[2]) for row in rows}


def is_frozen(tx: Tx, household_id: int) -> bool:
    query = sa.select(freezes.c.id).where(
        freezes.c.household_id == household_id, freezes.c.lifted_at.is_(None)
    )
    return tx.execute(query).first() is not None


def frozen(tx: Tx) -> list[int]:
    """Every household whose points are frozen now."""
    return list(tx.execute(sa.select(freezes.c.household_id).where(freezes.c.lifted_at.is_(None))).scalars())
