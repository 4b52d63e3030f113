"""Which planned runs of a job have begun; the row makes a job run once across processes and restarts."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import runs
from store.tx import Tx

_BEGIN = (
    insert(runs)
    .values(job=sa.bindparam("job"), planned=sa.bindparam("planned"), started_at=sa.bindparam("now"))
    .on_conflict_do_nothing(index_elements=["job", "planned"])
    .returning(runs.c.job)  # on PostgreSQL an INSERT tells no row count
)


def begin(tx: Tx, *, job: str, planned: int, now: int) -> bool:
    """Whether this caller is the one that runs `job` for the time `planned` (UTC seconds)."""
    return tx.execute(_BEGIN, {"job": job, "planned": planned, "now": now}).first() is not None


def done(tx: Tx, *, job: str, planned: int) -> bool:
    query = sa.select(runs.c.job).where(runs.c.job == job, runs.c.planned == planned)
    return tx.execute(query).first() is not None
