"""Lists that were booked whole, each by a digest of all it asked: the same again is told by that."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import booked_lists
from store.tx import Tx

_HAS = Prepared(sa.select(booked_lists.c.id).where(booked_lists.c.digest == sa.bindparam("digest")))
_ADD = Prepared(
    insert(booked_lists).on_conflict_do_nothing(index_elements=["digest"]).returning(booked_lists.c.id)
)


def has(tx: Tx, digest: str) -> bool:
    return tx.execute(_HAS, {"digest": digest}).scalar() is not None


def add(tx: Tx, *, digest: str, txn: str, lines: int, now: int) -> None:
    """`lines` awards of `txn` are booked; another transaction may have said so meanwhile."""
    tx.execute(_ADD, {"digest": digest, "txn": txn, "lines": lines, "at": now})
