"""Redemptions: an order of several lines that waits under a pick-up code, and what becomes of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.tables import freezes, households, members, redemption_lines, redemptions
from store.tx import Tx, change_one


@dataclass(frozen=True, slots=True)
class Redemption:
    """One order or counter sale; `person_id` is who ordered, None where a household's card did."""

    id: int
    shop_id: int
    household_id: int
    person_id: int | None
    channel: str
    state: str
    is_delivery: bool
    reserved_at: int
    expires_at: int
    ended_at: int | None
    clerk_id: int | None
    collector: str
    proxy_id: int | None
    address: str


@dataclass(frozen=True, slots=True)
class Line:
    """One article of a redemption, at the price it had then (`at`); its movements share `txn`.

    `clerk_id` gave it out; `collector` (member, card, proxy, delivery) is how it was taken, `proxy_id` by
    whom where that is known.
    """

    id: int
    redemption_id: int
    article_id: int
    count: int
    price: int
    state: str
    txn: str
    returned: int
    at: int
    ended_at: int | None
    clerk_id: int | None
    collector: str
    proxy_id: int | None

    @property
    def points(self) -> int:
        return self.count * self.price


_REDEMPTION = [redemptions.c[name] for name in Redemption.__dataclass_fields__]
_LINE = [redemption_lines.c[name] for name in Line.__dataclass_fields__]


def add(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(redemptions).returning(redemptions.c.id), values).scalar_one())


def add_line(
    tx: Tx, *, redemption_id: int, article_id: int, count: int, price: int, state: str, txn: str, now: int
) -> int:
    values = {
        "redemption_id": redemption_id,
        "article_id": article_id,
        "count": count,
        "price": price,
        "state": state,
        "txn": txn,
        "at": now,
        "ended_at": None if state == "held" else now,
    }
    return int(tx.execute(sa.insert(redemption_lines).returning(redemption_lines.c.id), values).scalar_one())


def get(tx: Tx, redemption_id: int) -> Redemption | None:
    row = tx.execute(sa.select(*_REDEMPTION).where(redemptions.c.id == redemption_id)).first()
    return Redemption(*row) if row else None


def lines_of(tx: Tx, redemption_id: int) -> list[Line]:
    query = sa.select(*_LINE).where(redemption_lines.c.redemption_id == redemption_id)
    return [Line(*row) for row in tx.execute(query.order_by(redemption_lines.c.id))]


def lines(tx: Tx, line_ids: Iterable[int]) -> list[Line]:
    """Lines of any orders, by their numbers."""
    query = sa.select(*_LINE).where(redemption_lines.c.id.in_(list(line_ids)))
    return [Line(*row) for row in tx.execute(query.order_by(redemption_lines.c.id))]


def held_with_code(tx: Tx, shop_ids: Iterable[int], code_hashes: Iterable[str]) -> Redemption | None:
    """The redemption that waits in one of the shops under this pick-up code."""
    query = sa.select(*_REDEMPTION).where(
        redemptions.c.shop_id.in_(list(shop_ids)),
        redemptions.c.code_hash.in_(list(code_hashes)),
        redemptions.c.state == "held",
    )
    row = tx.execute(query).first()
    return Redemption(*row) if row else None


def is_code_taken(tx: Tx, shop_id: int, code_hash: str) -> bool:
    query = sa.select(redemptions.c.id).where(
        redemptions.c.shop_id == shop_id, redemptions.c.code_hash == code_hash, redemptions.c.state == "held"
    )
    return tx.execute(query).first() is not None


def overdue(tx: Tx, *, now: int, limit: int) -> list[Redemption]:
    """Redemptions nobody picked up in time, oldest first; those of frozen households wait."""
    frozen = sa.select(freezes.c.household_id).where(freezes.c.lifted_at.is_(None))
    query = sa.select(*_REDEMPTION).where(
        redemptions.c.state == "held",
        redemptions.c.expires_at <= now,
        redemptions.c.household_id.not_in(frozen),
    )
    rows = tx.execute(query.order_by(redemptions.c.expires_at, redemptions.c.id).limit(limit))
    return [Redemption(*row) for row in rows]


def held_of(tx: Tx, household_id: int) -> list[Redemption]:
    """What waits for a household to be picked up, oldest first."""
    query = sa.select(*_REDEMPTION).where(
        redemptions.c.household_id == household_id, redemptions.c.state == "held"
    )
    return [Redemption(*row) for row in tx.execute(query.order_by(redemptions.c.id).limit(50))]


def _held(what: Redemption | Line) -> sa.Update:
    """A change of an order, or of a line of one, that waits still."""
    table = redemptions if isinstance(what, Redemption) else redemption_lines
    return sa.update(table).where(table.c.id == what.id, table.c.state == "held")


def hold_still(tx: Tx, redemption: Redemption) -> None:
    """Let nobody else change the order until this transaction ends. Raises Conflict when it has ended."""
    change_one(tx, _held(redemption).values(state="held"))


def end(
    tx: Tx,
    what: Redemption | Line,
    state: str,
    *,
    now: int,
    clerk_id: int | None = None,
    collector: str = "",
    proxy_id: int | None = None,
) -> None:
    """An order, or a line of one, is collected, cancelled or expired. Raises Conflict when it has ended."""
    came = {"clerk_id": clerk_id, "collector": collector, "proxy_id": proxy_id}
    change_one(tx, _held(what).values(state=state, ended_at=now, **came))


def give_back_pieces(tx: Tx, line: Line, count: int) -> int | None:
    """Pieces of a collected line that came back in all, after `count` more; None where that is too many."""
    room = redemption_lines.c.returned + count <= redemption_lines.c.count
    query = (
        sa.update(redemption_lines)
        .where(redemption_lines.c.id == line.id, redemption_lines.c.state == "collected", room)
        .values(returned=redemption_lines.c.returned + count)
    )
    returned = tx.execute(query.returning(redemption_lines.c.returned)).scalar()
    return int(returned) if returned is not None else None


def bring(tx: Tx, redemption: Redemption, *, is_delivery: bool, address: str = "") -> None:
    """Have an order brought to the door, or not. Raises Conflict when nothing waits any more."""
    change_one(tx, _held(redemption).values(is_delivery=is_delivery, address=address))


def to_bring(tx: Tx, shop_ids: Iterable[int], unit_ids: Iterable[int], limit: int) -> list[Redemption]:
    """Orders to be brought to the door from one of the shops or into one of the units, oldest first."""
    at_home = sa.select(households.c.id).where(households.c.unit_id.in_(list(unit_ids)))
    query = sa.select(*_REDEMPTION).where(
        redemptions.c.state == "held",
        redemptions.c.is_delivery,
        redemptions.c.shop_id.in_(list(shop_ids)) | redemptions.c.household_id.in_(at_home),
    )
    return [Redemption(*row) for row in tx.execute(query.order_by(redemptions.c.id).limit(limit))]


def change_code(tx: Tx, redemption: Redemption, code_hash: str) -> None:
    """A new pick-up code; the old one is dead. Raises Conflict when nothing waits any more."""
    change_one(tx, _held(redemption).values(code_hash=code_hash))


def taken_this_month(tx: Tx, household_id: int, article_id: int, *, since: int) -> int:
    """Pieces of an article that the people of a household had since a moment and did not give up.

    A limit follows the people: what a household had while somebody belonged to it counts where he lives now,
    or a household could split each time its limit is reached.
    """
    living = sa.select(members.c.person_id).where(
        members.c.household_id == household_id, members.c.until.is_(None)
    )
    was_there = sa.exists().where(
        members.c.household_id == redemptions.c.household_id,
        members.c.person_id.in_(living),
        members.c.since <= redemption_lines.c.at,
        sa.or_(members.c.until.is_(None), members.c.until >= redemption_lines.c.at),
    )
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(redemption_lines.c.count - redemption_lines.c.returned), 0))
        .join(redemptions, redemptions.c.id == redemption_lines.c.redemption_id)
        .where(
            redemption_lines.c.article_id == article_id,
            redemption_lines.c.state.in_(["held", "collected"]),
            redemption_lines.c.at >= since,
            sa.or_(redemptions.c.household_id == household_id, was_there),
        )
    )
    return int(tx.execute(query).scalar_one())
