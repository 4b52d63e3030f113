"""What must be sent: rows written with the fact, taken by a sender under a lease, delivered at least once."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import destinations, outbox
from store.tx import Tx, change_one

BATCH_MAX = 500
DESTINATIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class Notice:
    id: int
    format: str
    text: str
    mentions: list[str]
    tries: int
    due_at: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Everything due for one destination, which nobody else may send to until the lease ends.

    `sends` are the times (UTC seconds) of what was sent there lately, for the rate budget.
    """

    channel: str
    address: str
    lease_until: int
    sends: list[int]
    notices: list[Notice]


_ADD = Prepared(insert(outbox).on_conflict_do_nothing(index_elements=["idem"]))
_IS_DUE = (outbox.c.state == "due") & (outbox.c.due_at <= sa.bindparam("now"))
_ANY_DUE = Prepared(sa.select(outbox.c.id).where(_IS_DUE).limit(1))
_WAITING = (
    sa.select(outbox.c.channel, outbox.c.address, sa.func.min(outbox.c.due_at).label("since"))
    .where(_IS_DUE)
    .group_by(outbox.c.channel, outbox.c.address)
    .subquery()
)
_KEY = sa.tuple_(destinations.c.channel, destinations.c.address)
_NEW = sa.select(_WAITING.c.channel, _WAITING.c.address, sa.literal([], sa.JSON)).where(
    sa.tuple_(_WAITING.c.channel, _WAITING.c.address).not_in(
        sa.select(destinations.c.channel, destinations.c.address)
    )
)
_MEET = (
    insert(destinations)
    .from_select(["channel", "address", "sends"], _NEW)
    .on_conflict_do_nothing(index_elements=["channel", "address"])
)
_FREE = (
    sa.select(destinations.c.channel, destinations.c.address)
    .join(
        _WAITING,
        (_WAITING.c.channel == destinations.c.channel) & (_WAITING.c.address == destinations.c.address),
    )
    .where(destinations.c.lease_until <= sa.bindparam("now"))
    .order_by(_WAITING.c.since, destinations.c.address)
    .limit(DESTINATIONS_MAX)
    # PostgreSQL: what another sender is claiming at this moment is his.
    .with_for_update(skip_locked=True, of=destinations)
)
_LEASE = (
    sa.update(destinations)
    .where(_KEY.in_(_FREE))
    .values(lease_until=sa.bindparam("until"))
    .returning(destinations.c.channel, destinations.c.address, destinations.c.sends)
)
_RANKED = (
    sa.select(
        outbox.c.id,
        sa.func.row_number()
        .over(partition_by=[outbox.c.channel, outbox.c.address], order_by=outbox.c.id)
        .label("place"),
    )
    .where(
        _IS_DUE,
        sa.tuple_(outbox.c.channel, outbox.c.address).in_(sa.bindparam("leased", expanding=True)),
    )
    .subquery()
)
_DUE = (
    sa.select(
        outbox.c.channel,
        outbox.c.address,
        outbox.c.id,
        outbox.c.format,
        outbox.c.text,
        outbox.c.mentions,
        outbox.c.tries,
        outbox.c.due_at,
    )
    .join(_RANKED, _RANKED.c.id == outbox.c.id)
    .where(_RANKED.c.place <= BATCH_MAX)
    .order_by(outbox.c.id)
)
_MINE = (
    sa.update(destinations)
    .where(
        destinations.c.channel == sa.bindparam("c"),
        destinations.c.address == sa.bindparam("a"),
        destinations.c.lease_until == sa.bindparam("leased"),
    )
    .values(lease_until=sa.bindparam("until"), sends=sa.bindparam("s"))
)


def add(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """Queue notices made by `row`. The same `idem` a second time changes nothing."""
    if rows:
        tx.execute(_ADD, rows)


def row(
    *,
    channel: str,
    address: str,
    text: str,
    fact: str,
    idem: str,
    now: int,
    unit_id: int | None = None,
    case_id: int | None = None,
    mentions: Sequence[str] = (),
    format: str = "text",
) -> dict[str, object]:
    """One row for `add`. Without an address it waits to be forwarded by hand (an ordinary WeChat group)."""
    return {
        "channel": channel,
        "address": address,
        "unit_id": unit_id,
        "format": format,
        "text": text,
        "mentions": list(mentions),
        "fact": fact,
        "case_id": case_id,
        "idem": idem,
        "state": "due" if address else "forward",
        "created_at": now,
        "due_at": now,
    }


def any_due(tx: Tx, *, now: int) -> bool:
    return tx.execute(_ANY_DUE, {"now": now}).first() is not None


def claim(tx: Tx, *, now: int, lease_seconds: int) -> list[Claim]:
    """Lease every free destination that has something due, with what is due there.

    At most DESTINATIONS_MAX destinations, those that wait longest, with BATCH_MAX notices each.
    """
    until = now + lease_seconds
    tx.execute(_MEET, {"now": now})
    leased = {(row[0], row[1]): row[2] for row in tx.execute(_LEASE, {"now": now, "until": until})}
    if not leased:
        return []
    found: dict[tuple[str, str], list[Notice]] = {}
    for channel, address, *notice in tx.execute(_DUE, {"now": now, "leased": list(leased)}):
        found.setdefault((channel, address), []).append(Notice(*notice))
    return [Claim(*key, until, leased[key], notices) for key, notices in found.items()]


def sent(tx: Tx, ids: Sequence[int], *, now: int) -> None:
    tx.execute(sa.update(outbox).where(outbox.c.id.in_(list(ids))).values(state="sent", sent_at=now))


def retry_at(tx: Tx, ids: Sequence[int], *, due_at: int, error: str) -> None:
    values = {"due_at": due_at, "error": error, "tries": outbox.c.tries + 1}
    tx.execute(sa.update(outbox).where(outbox.c.id.in_(list(ids))).values(**values))


def give_up(tx: Tx, ids: Sequence[int], *, error: str) -> None:
    tx.execute(sa.update(outbox).where(outbox.c.id.in_(list(ids))).values(state="failed", error=error))


def release(tx: Tx, claim: Claim, *, sends: list[int], until: int) -> None:
    """End the lease of a destination, or keep it closed until its budget allows more (UTC seconds).

    Does nothing when the lease ran out and another sender has it.
    """
    tx.execute(_MINE, _as_mine(claim, sends=sends, until=until))


def remember_sends(tx: Tx, claim: Claim, *, sends: list[int]) -> None:
    """Write the budget down before sending, so that a crash cannot make us send too much.

    Raises Conflict when the lease ran out and another sender has it: then do not send.
    """
    change_one(tx, _MINE, _as_mine(claim, sends=sends, until=claim.lease_until))


def _as_mine(claim: Claim, *, sends: list[int], until: int) -> dict[str, object]:
    key = {"c": claim.channel, "a": claim.address, "leased": claim.lease_until}
    return {**key, "s": sends, "until": until}


def to_forward(tx: Tx, unit_ids: Sequence[int], limit: int) -> list[tuple[int, int, str]]:
    """(notice id, unit id, copy-ready text) of notices for groups without a robot, oldest first."""
    query = (
        sa.select(outbox.c.id, outbox.c.unit_id, outbox.c.text)
        .where(outbox.c.state == "forward", outbox.c.unit_id.in_(list(unit_ids)))
        .order_by(outbox.c.id)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query.limit(limit))]


def forwarded(tx: Tx, ids: Sequence[int], *, now: int) -> None:
    """Mark notices that a person has copied into an ordinary group."""
    waiting = sa.update(outbox).where(outbox.c.id.in_(list(ids)), outbox.c.state == "forward")
    tx.execute(waiting.values(state="forwarded", sent_at=now))
