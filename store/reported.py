"""What people reported over a period: read by whoever looks for a pattern, never changed here."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.tables import cases, outbox
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Reported:
    """A case as it was said; `at` is UTC seconds."""

    id: int
    unit_id: int
    reporter_id: int
    category: str
    text: str
    place: str
    at: int


_OF_A_PERIOD = (
    sa.select(
        cases.c.id,
        cases.c.unit_id,
        cases.c.reporter_id,
        cases.c.category,
        cases.c.text,
        cases.c.place,
        cases.c.opened_at,
    )
    .where(
        cases.c.opened_at >= sa.bindparam("since"),
        cases.c.opened_at < sa.bindparam("until"),
        cases.c.state != "rejected",
    )
    .order_by(cases.c.id.desc())
    .limit(sa.bindparam("limit"))
)


def within(tx: Tx, since: int, until: int, *, limit: int) -> list[Reported]:
    """The cases opened in [since, until) UTC seconds that were not found untrue, oldest first.

    Of more than `limit` the newest are read.
    """
    found = tx.execute(_OF_A_PERIOD, {"since": since, "until": until, "limit": limit})
    return [Reported(*row) for row in found][::-1]


def told(tx: Tx, fact: str, unit_id: int, case_ids: Iterable[int]) -> int:
    """The newest of the cases under whose number the group of a unit heard of `fact`; 0 for none."""
    heard = sa.select(sa.func.max(outbox.c.case_id)).where(
        outbox.c.case_id.in_(list(case_ids)), outbox.c.fact == fact, outbox.c.unit_id == unit_id
    )
    return int(tx.execute(heard).scalar() or 0)
