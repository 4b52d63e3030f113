"""Some pieces of an ordered line are given out now; the rest waits on under the same code."""

from dataclasses import replace

from handlers import orders
from handlers.ctx import Ctx, Refused
from store import holds, redemptions, shop
from store.ledger import Frozen
from store.redemptions import Line, Redemption


def take_out(ctx: Ctx, redemption: Redemption, line: Line, count: int) -> Line:
    """A waiting line of its own for `count` pieces of `line`, to be given out; the rest is a line as well.

    A hold is resolved once and in full: what was held is freed, and held anew in two parts. The order must
    be held still (redemptions.hold_still) before its lines are read: another clerk may give a part as well.
    """
    if count == line.count:
        return line
    assert 0 < count < line.count, "what is asked for waits"
    redemptions.end(ctx.tx, line, "cancelled", now=ctx.now)
    try:
        holds.void_all(ctx.tx, line.txn, reason="分次领取", now=ctx.now, actor_id=ctx.person.id)
    except Frozen:
        raise Refused("这户的积分已被冻结，暂时不能领取。") from None
    article = shop.article(ctx.tx, line.article_id)
    assert article is not None, "a line has its article"
    # At the price it was ordered for; nothing leaves the shelf that had not left it before.
    article = replace(article, price=line.price, low_stock=0)
    before = len(redemptions.lines_of(ctx.tx, redemption.id))
    for which, pieces in enumerate((count, line.count - count), before):
        orders.set_aside(
            ctx, redemption.id, redemption.household_id, which, article, pieces, ordered_at=line.at
        )
    return redemptions.lines_of(ctx.tx, redemption.id)[before]
