"""Sealed blocks: a chain of hashes over every column of the journal, beside it and never in it.

A block names the hash of the block before it: whoever changes an old movement must make every later hash
anew, and the newest is told to people each month. What is committed late falls into a later block.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import block_items, blocks, xfer
from store.tx import Tx

ROWS_A_BLOCK = 2_000
LATE_ROWS = 10_000  # a movement may be committed so many numbers after its own
# Every column, in this order for ever; a column that comes later needs an order of its own.
SEALED = (
    *("id", "txn", "kind", "debit", "credit", "unit", "asked", "amount", "idem", "digest", "reason"),
    *("actor_id", "case_id", "at", "pending_id", "reverses_id", "refunds_id", "rule", "revision"),
    *("cause", "day", "person_id", "application_id"),
)


class Read(Protocol):
    def __call__(self) -> AbstractContextManager[Tx]: ...


@dataclass(frozen=True, slots=True)
class Block:
    """`count` movements were sealed at `sealed_at` under `hash`."""

    id: int
    previous: str
    hash: str
    count: int
    sealed_at: int


_COLUMNS = [xfer.c[name] for name in SEALED]
_BLOCK = [blocks.c[name] for name in Block.__dataclass_fields__]
_HEAD = Prepared(
    sa.select(*_BLOCK)
    .where(blocks.c.sealed_at < sa.bindparam("before"))
    .order_by(blocks.c.id.desc())
    .limit(1)
)
_NEWEST = Prepared(sa.select(sa.func.coalesce(sa.func.max(block_items.c.xfer), 0)))
_UNSEALED = Prepared(
    sa.select(*_COLUMNS)
    .outerjoin(block_items, block_items.c.xfer == xfer.c.id)
    .where(xfer.c.id > sa.bindparam("after"), block_items.c.xfer.is_(None))
    .order_by(xfer.c.id)
    .limit(sa.bindparam("most"))
)
_FORGOTTEN = Prepared(
    sa.select(xfer.c.id)
    .outerjoin(block_items, block_items.c.xfer == xfer.c.id)
    .where(
        block_items.c.xfer.is_(None), xfer.c.at <= sa.bindparam("before"), xfer.c.id <= sa.bindparam("last")
    )
    .order_by(xfer.c.id)
    .limit(sa.bindparam("most"))
)
_ADD = Prepared(sa.insert(blocks).returning(blocks.c.id))
_ADD_ITEMS = Prepared(sa.insert(block_items))
_NEXT = Prepared(sa.select(*_BLOCK).where(blocks.c.id > sa.bindparam("after")).order_by(blocks.c.id).limit(1))
_ITEMS = Prepared(
    sa.select(block_items.c.xfer, block_items.c.hash, *_COLUMNS)
    .outerjoin(xfer, xfer.c.id == block_items.c.xfer)
    .where(block_items.c.block_id == sa.bindparam("block"))
    .order_by(block_items.c.xfer)
)
_BEYOND = 2**62


def seal(tx: Tx, *, now: int) -> int:
    """Seal what is not sealed yet, at most ROWS_A_BLOCK movements; how many were.

    Of two at once one fails: no two blocks follow the same one.
    """
    newest = tx.execute(_NEWEST).scalar_one()
    rows = tx.execute(_UNSEALED, {"after": newest - LATE_ROWS, "most": ROWS_A_BLOCK})
    if not rows:
        return 0
    last = head(tx)
    previous = last.hash if last else ""
    items = [(row[0], hash_of(row)) for row in rows]
    block = {"previous": previous, "count": len(items), "sealed_at": now}
    row = {**block, "hash": _chained(previous, now, items)}
    block_id = tx.execute(_ADD, row).scalar_one()
    tx.execute(_ADD_ITEMS, [{"xfer": number, "block_id": block_id, "hash": each} for number, each in items])
    return len(items)


def head(tx: Tx, before: int = _BEYOND) -> Block | None:
    """The newest block, or the newest that was sealed before a moment: its hash vouches for all before it."""
    row = tx.execute(_HEAD, {"before": before}).first()
    return Block(*row) if row else None


def forgotten(tx: Tx, before: int, limit: int) -> list[int]:
    """Movements of `before` or earlier that the sealer has passed over, or all where it has stopped since.

    What it has not come to yet, because there is much to seal, is not forgotten. Reads all numbers.
    """
    newest = head(tx)
    is_at_work = newest is not None and newest.sealed_at > before
    last = tx.execute(_NEWEST).scalar_one() if is_at_work else _BEYOND
    return tx.execute(_FORGOTTEN, {"before": before, "last": last, "most": limit}).scalars()


def hash_of(row: Sequence[Any]) -> str:
    """Of one movement, its columns in the order of SEALED."""
    return hashlib.sha256(json.dumps(list(row), ensure_ascii=False).encode()).hexdigest()


def _chained(previous: str, sealed_at: int, items: Iterable[tuple[int, str]]) -> str:
    digest = hashlib.sha256(f"{previous}\n{sealed_at}\n".encode())
    for number, each in items:
        digest.update(f"{number} {each}\n".encode())
    return digest.hexdigest()


def wrong(read: Read) -> Iterator[tuple[str, int]]:
    """("movement", number) that is not what was sealed, ("block", number) that breaks the chain."""
    after, previous = 0, ""
    while True:
        with read() as tx:
            row = tx.execute(_NEXT, {"after": after}).first()
            if row is None:
                return
            block = Block(*row)
            items = tx.execute(_ITEMS, {"block": block.id})
        for number, sealed, *columns in items:
            if hash_of(columns) != sealed:
                yield "movement", number
        told = block.previous, block.count, block.hash
        recomputed = _chained(previous, block.sealed_at, [(each[0], each[1]) for each in items])
        if told != (previous, len(items), recomputed):
            yield "block", block.id
        after, previous = block.id, block.hash
