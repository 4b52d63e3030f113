"""Every message that came in, once, with the answer it got."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import inbox
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a message got; a resent one gets it again."""

    reply: str
    case_id: int | None


_ARRIVE = Prepared(
    insert(inbox)
    .values(
        channel=sa.bindparam("channel"),
        message_id=sa.bindparam("message_id"),
        received_at=sa.bindparam("received_at"),
        state="done",
    )
    .on_conflict_do_nothing(index_elements=["channel", "message_id"])
    .returning(inbox.c.id)
)
_KEPT = Prepared(
    sa.select(inbox.c.reply, inbox.c.case_id).where(
        inbox.c.channel == sa.bindparam("channel"), inbox.c.message_id == sa.bindparam("message_id")
    )
)
_ANSWER = Prepared(
    sa.update(inbox)
    .where(inbox.c.id == sa.bindparam("row"))
    .values(
        reply=sa.bindparam("r"), case_id=sa.bindparam("c"), state=sa.bindparam("s"), message=None, error=""
    )
)
_FAILED = sa.select(inbox.c.id, inbox.c.message).where(inbox.c.state == "failed").order_by(inbox.c.id)


def arrive(tx: Tx, *, channel: str, message_id: str, now: int) -> int | None:
    """The row of a message that is new; None when it is here already (then ask `kept`)."""
    values = {"channel": channel, "message_id": message_id, "received_at": now}
    row: int | None = tx.execute(_ARRIVE, values).scalar()
    return row


def kept(tx: Tx, *, channel: str, message_id: str) -> Kept | None:
    row = tx.execute(_KEPT, {"channel": channel, "message_id": message_id}).first()
    return Kept(*row) if row else None


def answer(tx: Tx, row: int, *, reply: str, case_id: int | None = None, refused: bool = False) -> None:
    """Keep the answer of a message that was handled or refused."""
    state = "refused" if refused else "done"
    tx.execute(_ANSWER, {"row": row, "r": reply, "c": case_id, "s": state})


def fail(tx: Tx, row: int, *, message: dict[str, Any], reply: str, error: str) -> None:
    """Keep a message that our code could not handle, for a person and for `mashang inbox retry`."""
    values = {"state": "failed", "message": message, "reply": reply, "error": error}
    tx.execute(sa.update(inbox).where(inbox.c.id == row).values(**values))


def failed(tx: Tx, limit: int) -> list[tuple[int, dict[str, Any]]]:
    """(row, message) of what still waits, oldest first."""
    return [(row[0], row[1]) for row in tx.execute(_FAILED.limit(limit))]


def count_failed(tx: Tx) -> int:
    return int(tx.execute(sa.select(sa.func.count()).where(inbox.c.state == "failed")).scalar_one())
