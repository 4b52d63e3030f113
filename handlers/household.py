"""Households (户): who belongs to one, and what becomes of its points when people come and go."""

from handlers import vouchers
from handlers.ctx import Ctx, Refused
from handlers.earn import household_of
from handlers.orders import give_back
from store import households, ledger, redemptions, wallets, withheld
from store.ledger import Frozen, Insufficient
from store.tx import Conflict


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
    may_leave(ctx, giver)
    households.leave(ctx.tx, giver, how="moved", now=ctx.now)
    households.close(ctx.tx, old, now=ctx.now)
    return merge(ctx, old, new, key=key, reason=reason)


def may_leave(ctx: Ctx, person_id: int) -> None:
    """An application pays the household it names: whoever has one that is not through stays until it is.

    The household is held still, so that none comes in while somebody leaves.
    """
    household_id = households.of(ctx.tx, person_id)
    if household_id is not None:
        households.hold_still(ctx.tx, household_id)
    if households.applies(ctx.tx, person_id):
        raise Refused("有积分申请正在审核或公示，办完以后再试。")


def merge(ctx: Ctx, old: int, new: int, *, key: str, reason: str) -> int:
    """What one household holds, owes and is still due goes to another, cohort by cohort; the points moved.

    The movements share the txn `key`. Refused while either is frozen: then nothing may move. Raises Conflict
    where the other went into a third one in this moment.
    """
    for household_id in sorted((old, new)):
        households.hold_still(ctx.tx, household_id)
        refuse_frozen(ctx, household_id)
    if households.successor(ctx.tx, new) != new:
        raise Conflict
    wallets.hold_still(ctx.tx, old)
    for redemption in redemptions.held_of(ctx.tx, old):
        give_back(ctx, redemption, "cancelled")
    vouchers.give_back_all(ctx, old)
    withheld.pass_on(ctx.tx, old, new, key=key)
    moved = sum(points for _, _, points in wallets.cohorts(ctx.tx, old))
    share(ctx, old, new, moved, key=key, reason=reason)
    owed = wallets.owed(ctx.tx, old)
    if owed:
        debts = [ledger.account(ctx.tx, "debt", owner=owner) for owner in (new, old)]
        _pass_on(ctx, debts[0], debts[1], owed, key=key, part="debt", reason=reason)
        wallets.settle(ctx.tx, new, key=key, now=ctx.now)
    return moved


def share(ctx: Ctx, giver: int, taker: int, points: int, *, key: str, reason: str) -> None:
    """Points go from one household to another, what expires first first, each to its own cohort."""
    missing = points
    for cohort, account, have in wallets.cohorts(ctx.tx, giver):
        part = min(have, missing)
        if part:
            wallet = ledger.account(ctx.tx, "wallet", owner=taker, cohort=cohort)
            _pass_on(ctx, account, wallet, part, key=key, part=str(cohort), reason=reason)
            missing -= part
    if missing:
        raise Refused("积分不够，刚刚有变动，请重新查询。")


def take_back(ctx: Ctx, old: int, key: str, *, reason: str) -> None:
    """Undo what `merge` moved under a key, exactly, with what was still due to the old household.

    Refused where the points were used since.
    """
    withheld.pass_back(ctx.tx, old, key=key)
    try:
        for xfer_id in reversed(ledger.of_txn(ctx.tx, key, "family")):
            ledger.reverse(ctx.tx, xfer_id, reason=reason, now=ctx.now, actor_id=ctx.person.id)
        for idem, account, cohort, points in withheld.paid_of(ctx.tx, key):
            wallet = ledger.account(ctx.tx, "wallet", owner=old, cohort=cohort)
            _pass_on(ctx, account, wallet, points, key=f"undo:{key}", part=idem, reason=reason)
    except Insufficient:
        raise Refused("带来的积分已经用掉一部分，退不回去了。要分开请发：分户 分数") from None
    except Frozen:
        raise Refused("积分冻结着，什么都不能动。") from None


def settle_in(ctx: Ctx, household_id: int, *, key: str, reason: str) -> None:
    """What came to a household that had gone into another follows it there."""
    successor = households.successor(ctx.tx, household_id)
    if successor != household_id:
        merge(ctx, household_id, successor, key=f"follow:{key}", reason=reason)


def refuse_frozen(ctx: Ctx, household_id: int) -> None:
    if households.is_frozen(ctx.tx, household_id):
        raise Refused("这户的积分冻结着，什么都不能动，要先解冻。")


def _pass_on(ctx: Ctx, debit: int, credit: int, points: int, *, key: str, part: str, reason: str) -> None:
    ledger.move(
        ctx.tx,
        kind="family",
        debit=debit,
        credit=credit,
        amount=points,
        idem=f"{key}:{part}",
        txn=key,
        reason=reason,
        now=ctx.now,
        actor_id=ctx.person.id,
    )
