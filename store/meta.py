"""Facts about the database as a whole: is it a sandbox, how new is the registry, its own secret."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import meta
from store.tx import Tx

_GET = Prepared(sa.select(meta.c.value).where(meta.c.key == sa.bindparam("k")))
_INSERT = insert(meta).values(key=sa.bindparam("k"), value=sa.bindparam("v"))
_PUT = _INSERT.on_conflict_do_update(index_elements=["key"], set_={"value": _INSERT.excluded.value})
_KEEP = _INSERT.on_conflict_do_nothing(index_elements=["key"])


def get(tx: Tx, key: str) -> str | None:
    value: str | None = tx.execute(_GET, {"k": key}).scalar()
    return value


def put(tx: Tx, key: str, value: str) -> None:
    tx.execute(_PUT, {"k": key, "v": value})


def keep_first(tx: Tx, key: str, value: str) -> str:
    """Set `key` unless it is set; the value that stands."""
    tx.execute(_KEEP, {"k": key, "v": value})
    return get(tx, key) or value
