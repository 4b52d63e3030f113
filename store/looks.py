"""Who looked at whose personal data, and why: written with the look itself."""

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import looks
from store.tx import Tx

_ADD = Prepared(sa.insert(looks))


def add(tx: Tx, *, actor_id: int, subject: str, why: str, now: int) -> None:
    """`subject` is household:7, person:5, or unit:3 for a whole list."""
    tx.execute(_ADD, {"at": now, "actor_id": actor_id, "subject": subject, "why": why})


def of(tx: Tx, subject: str, limit: int) -> list[tuple[int, int, str]]:
    """(when, who, why) of the looks at somebody, newest first."""
    query = sa.select(looks.c.at, looks.c.actor_id, looks.c.why).where(looks.c.subject == subject)
    return [(row[0], row[1], row[2]) for row in tx.execute(query.order_by(looks.c.id.desc()).limit(limit))]
