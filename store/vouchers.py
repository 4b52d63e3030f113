"""Voucher lists: a device without network sells against points that were held when its list was signed."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import freezes, voucher_lists, voucher_refusals, vouchers
from store.tx import Tx, change_one


@dataclass(frozen=True, slots=True)
class VoucherList:
    """`terms` is what was signed, as JSON; `closed_at` when somebody closed it by hand."""

    id: int
    shop_id: int
    device: str
    signed_by: int
    signed_at: int
    expires_at: int
    signature: str
    closed_at: int | None
    terms: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """One household's points on a list, held by the movements of `txn`: held, used or returned."""

    id: int
    list_id: int
    household_id: int
    points: int
    txn: str
    state: str
    use_digest: str
    used_at: int | None
    redemption_id: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sale that a device brought and that was not booked, once per voucher and digest.

    `seen_by` looked into it, `note` says what came of that.
    """

    id: int
    voucher_id: int
    digest: str
    goods: str
    reason: str
    by_id: int
    at: int
    seen_by: int | None
    seen_at: int | None
    note: str


_LISTS = sa.select(*(voucher_lists.c[name] for name in VoucherList.__dataclass_fields__))
_VOUCHERS = sa.select(*(vouchers.c[name] for name in Voucher.__dataclass_fields__))
_REFUSALS = sa.select(*(voucher_refusals.c[name] for name in Refusal.__dataclass_fields__))


def add_list(tx: Tx, *, shop_id: int, device: str, signed_by: int, signed_at: int, expires_at: int) -> int:
    """A list that is not signed yet."""
    values = {
        "shop_id": shop_id,
        "device": device,
        "signed_by": signed_by,
        "signed_at": signed_at,
        "expires_at": expires_at,
        "signature": "",
    }
    return int(tx.execute(sa.insert(voucher_lists).returning(voucher_lists.c.id), values).scalar_one())


def add(tx: Tx, list_id: int, household_id: int, points: int) -> Voucher:
    txn = f"voucher:{list_id}:{household_id}"
    values = {"list_id": list_id, "household_id": household_id, "points": points, "txn": txn}
    voucher_id = tx.execute(sa.insert(vouchers).returning(vouchers.c.id), values).scalar_one()
    return Voucher(int(voucher_id), list_id, household_id, points, txn, "held", "", None, None)


def sign(tx: Tx, list_id: int, *, terms: str, signature: str) -> None:
    """Once: raises Conflict where the list is signed already."""
    blank = sa.update(voucher_lists).where(voucher_lists.c.id == list_id, voucher_lists.c.signature == "")
    change_one(tx, blank.values(terms=terms, signature=signature))


def get_list(tx: Tx, list_id: int) -> VoucherList | None:
    row = tx.execute(_LISTS.where(voucher_lists.c.id == list_id)).first()
    return VoucherList(*row) if row else None


def lists_of(tx: Tx, shop_ids: Iterable[int], limit: int) -> list[VoucherList]:
    """The lists of some shops, newest first."""
    query = _LISTS.where(voucher_lists.c.shop_id.in_(list(shop_ids))).order_by(voucher_lists.c.id.desc())
    return [VoucherList(*row) for row in tx.execute(query.limit(limit))]


def get(tx: Tx, voucher_id: int) -> Voucher | None:
    row = tx.execute(_VOUCHERS.where(vouchers.c.id == voucher_id)).first()
    return Voucher(*row) if row else None


def of_lists(tx: Tx, list_ids: Iterable[int]) -> list[Voucher]:
    query = _VOUCHERS.where(vouchers.c.list_id.in_(list(list_ids))).order_by(vouchers.c.id)
    return [Voucher(*row) for row in tx.execute(query)]


def held_of(tx: Tx, household_id: int) -> list[Voucher]:
    query = _VOUCHERS.where(vouchers.c.household_id == household_id, vouchers.c.state == "held")
    return [Voucher(*row) for row in tx.execute(query.order_by(vouchers.c.id))]


def promised(tx: Tx, household_id: int | None) -> int:
    """Points of a household that lie held for lists; the rest of what is held waits as orders."""
    return sum(voucher.points for voucher in held_of(tx, household_id)) if household_id is not None else 0


def use(tx: Tx, voucher: Voucher, *, digest: str, now: int) -> None:
    """Raises Conflict where somebody used or returned it first."""
    _end(tx, voucher, state="used", use_digest=digest, used_at=now)


def give_back(tx: Tx, voucher: Voucher, *, digest: str = "") -> None:
    """`digest` names the sale that was refused. Raises Conflict where it has been used or returned."""
    _end(tx, voucher, state="returned", use_digest=digest)


def _end(tx: Tx, voucher: Voucher, **values: object) -> None:
    held = sa.update(vouchers).where(vouchers.c.id == voucher.id, vouchers.c.state == "held")
    change_one(tx, held.values(**values))


def became(tx: Tx, voucher: Voucher, redemption_id: int) -> None:
    """The order that a used voucher paid for."""
    bare = sa.update(vouchers).where(
        vouchers.c.id == voucher.id, vouchers.c.state == "used", vouchers.c.redemption_id.is_(None)
    )
    change_one(tx, bare.values(redemption_id=redemption_id))


def close(tx: Tx, list_id: int, *, now: int) -> None:
    """Raises Conflict where it is closed already."""
    open_ = sa.update(voucher_lists).where(voucher_lists.c.id == list_id, voucher_lists.c.closed_at.is_(None))
    change_one(tx, open_.values(closed_at=now))


def lapsed(tx: Tx, *, before: int, limit: int) -> list[Voucher]:
    """Held vouchers of lists that were closed or ended by `before`; those of frozen households wait."""
    frozen = sa.select(freezes.c.household_id).where(freezes.c.lifted_at.is_(None))
    query = _VOUCHERS.join(voucher_lists, voucher_lists.c.id == vouchers.c.list_id).where(
        vouchers.c.state == "held",
        sa.or_(voucher_lists.c.closed_at.is_not(None), voucher_lists.c.expires_at <= before),
        vouchers.c.household_id.not_in(frozen),
    )
    return [Voucher(*row) for row in tx.execute(query.order_by(vouchers.c.id).limit(limit))]


# ---- what was refused


def refuse(
    tx: Tx, *, voucher_id: int, digest: str, goods: str, reason: str, by_id: int, now: int
) -> int | None:
    """Keep a refused sale; its number, None where the same one was refused before."""
    values = {
        "voucher_id": voucher_id,
        "digest": digest,
        "goods": goods,
        "reason": reason,
        "by_id": by_id,
        "at": now,
    }
    query = insert(voucher_refusals).values(values).on_conflict_do_nothing()
    number = tx.execute(query.returning(voucher_refusals.c.id)).scalar()
    return int(number) if number is not None else None


def refusal(tx: Tx, voucher_id: int, digest: str) -> Refusal | None:
    query = _REFUSALS.where(voucher_refusals.c.voucher_id == voucher_id, voucher_refusals.c.digest == digest)
    row = tx.execute(query).first()
    return Refusal(*row) if row else None


def refusals_of(tx: Tx, list_ids: Iterable[int]) -> list[Refusal]:
    """Newest first."""
    query = _REFUSALS.join(vouchers, vouchers.c.id == voucher_refusals.c.voucher_id).where(
        vouchers.c.list_id.in_(list(list_ids))
    )
    return [Refusal(*row) for row in tx.execute(query.order_by(voucher_refusals.c.id.desc()))]


def refusal_with(tx: Tx, number: int) -> tuple[Refusal, VoucherList, int] | None:
    """A refused sale by its number, with its list and the household."""
    query = (
        sa.select(
            *_REFUSALS.selected_columns, *_LISTS.selected_columns, vouchers.c.household_id.label("household")
        )
        .select_from(voucher_refusals)
        .join(vouchers, vouchers.c.id == voucher_refusals.c.voucher_id)
        .join(voucher_lists, voucher_lists.c.id == vouchers.c.list_id)
        .where(voucher_refusals.c.id == number)
    )
    row = tx.execute(query).first()
    size = len(Refusal.__dataclass_fields__)
    return (Refusal(*row[:size]), VoucherList(*row[size:-1]), row[-1]) if row else None


def tick_off(tx: Tx, refusal: Refusal, *, by_id: int, note: str, now: int) -> None:
    """Somebody looked into it. Raises Conflict where another did so first."""
    unseen = sa.update(voucher_refusals).where(
        voucher_refusals.c.id == refusal.id, voucher_refusals.c.seen_by.is_(None)
    )
    change_one(tx, unseen.values(seen_by=by_id, seen_at=now, note=note))
