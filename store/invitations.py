"""One-time invitations: the only way a role comes to an account."""

from collections.abc import Sequence

import sqlalchemy as sa

from store.tables import invitations
from store.tx import Tx, change_one

_FIND = sa.select(invitations.c.id, invitations.c.person_id).where(
    invitations.c.code_hash == sa.bindparam("code_hash"),
    invitations.c.used_at.is_(None),
    invitations.c.expires_at > sa.bindparam("now"),
)


def add_all(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """Keep invitations given as person_id, code_hash, expires_at."""
    if rows:
        tx.execute(sa.insert(invitations), rows)


def find(tx: Tx, *, code_hash: str, now: int) -> tuple[int, int] | None:
    """(invitation id, person id) of an unused invitation that still holds."""
    row = tx.execute(_FIND, {"code_hash": code_hash, "now": now}).first()
    return (row[0], row[1]) if row else None


def use(tx: Tx, invitation_id: int, *, now: int) -> None:
    """Mark it used; raises Conflict when somebody used it first."""
    unused = sa.update(invitations).where(invitations.c.id == invitation_id, invitations.c.used_at.is_(None))
    change_one(tx, unused.values(used_at=now))
