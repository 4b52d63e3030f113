"""Households (户): who belongs to one, and what becomes of its points when people come and go."""

from handlers.ctx import Ctx
from handlers.earn import household_of
from handlers.orders import give_back
from store import households, ledger, shop, wallets


def bring_along(ctx: Ctx, giver: int, taker: int, *, key: str, reason: str) -> int:
    """A person turns out to be another one: what that household holds goes along; the points moved.

    Only where nobody else lives in it. Goods that wait to be picked up go back first: points on hold could
    only return to the old wallet.
    """
    old = households.of(ctx.tx, giver)
    if old is None or len(households.members_of(ctx.tx, old)) > 1:
        return 0
    new = household_of(ctx.tx, taker, now=ctx.now)
    if new == old:
        return 0
    moved = merge(ctx, old, new, key=key, reason=reason)
    households.leave(ctx.tx, giver, how="moved", now=ctx.now)
    households.close(ctx.tx, old, now=ctx.now)
    return moved


def merge(ctx: Ctx, old: int, new: int, *, key: str, reason: str) -> int:
    """Everything one household holds, and owes, goes to another, cohort by cohort; the points moved."""
    for redemption in shop.held_of(ctx.tx, old):
        give_back(ctx, redemption, "cancelled")
    moved = 0
    for cohort, account, points in wallets.cohorts(ctx.tx, old):
        if points:
            wallet = ledger.account(ctx.tx, "wallet", owner=new, cohort=cohort)
            _pass_on(ctx, account, wallet, points, key=f"{key}:{cohort}", reason=reason)
            moved += points
    owed = wallets.owed(ctx.tx, old)
    if owed:
        debts = [ledger.account(ctx.tx, "debt", owner=owner) for owner in (new, old)]
        _pass_on(ctx, debts[0], debts[1], owed, key=f"{key}:debt", reason=reason)
    return moved


def _pass_on(ctx: Ctx, debit: int, credit: int, points: int, *, key: str, reason: str) -> None:
    ledger.move(
        ctx.tx,
        kind="family",
        debit=debit,
        credit=credit,
        amount=points,
        idem=key,
        txn=key,
        reason=reason,
        now=ctx.now,
        actor_id=ctx.person.id,
    )
