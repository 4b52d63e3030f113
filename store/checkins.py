"""Daily check-ins (报平安) and leave."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import checkins, leaves, people, posts
from store.tx import Tx

_ADD = Prepared(
    insert(checkins)
    .on_conflict_do_nothing(index_elements=["person_id", "day"])
    .values(
        person_id=sa.bindparam("person_id"),
        day=sa.bindparam("day"),
        at=sa.bindparam("at"),
        late=sa.bindparam("late"),
        written_by=sa.bindparam("written_by"),
    )
    .returning(checkins.c.id)
)


def add(
    tx: Tx, *, person_id: int, day: str, now: int, late: bool = False, written_by: int | None = None
) -> bool:
    """Whether this is the day's first check-in of the person; a second one changes nothing.

    `day` is a local date, YYYY-MM-DD; `written_by` names who pasted a list that holds the person.
    """
    values = {"person_id": person_id, "day": day, "at": now, "late": late, "written_by": written_by}
    return tx.execute(_ADD, values).scalar() is not None


def add_leave(tx: Tx, *, person_id: int, first_day: str, last_day: str, now: int) -> None:
    values = {"person_id": person_id, "first_day": first_day, "last_day": last_day, "at": now}
    tx.execute(sa.insert(leaves).values(**values))


def on_leave(tx: Tx, day: str) -> set[int]:
    query = sa.select(leaves.c.person_id).where(leaves.c.first_day <= day, leaves.c.last_day >= day)
    return set(tx.execute(query).scalars())


def missing(tx: Tx, *, role: str, unit_ids: Iterable[int], day: str) -> list[tuple[int, str, int]]:
    """(person id, name, unit id) of those in the units who neither checked in on `day` nor are on leave."""
    away = sa.select(leaves.c.person_id).where(leaves.c.first_day <= day, leaves.c.last_day >= day)
    present = sa.select(checkins.c.person_id).where(checkins.c.day == day)
    query = (
        sa.select(people.c.id, people.c.name, posts.c.unit_id)
        .join(posts, posts.c.person_id == people.c.id)
        .where(
            posts.c.role == role,
            posts.c.unit_id.in_(list(unit_ids)),
            people.c.id.not_in(present),
            people.c.id.not_in(away),
        )
        .order_by(posts.c.unit_id, people.c.id)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def present(tx: Tx, day: str) -> set[int]:
    return set(tx.execute(sa.select(checkins.c.person_id).where(checkins.c.day == day)).scalars())
