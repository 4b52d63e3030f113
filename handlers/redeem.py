"""兑换, 取消兑换 and 核销: points and stock are held together and given together."""

import re
from typing import Any

from handlers.codes import keyed, new_pickup_code
from handlers.ctx import GAP, Ctx, JobCtx, Refused, command, cron, may
from handlers.days import DAY_SECONDS, clock_time
from handlers.goods import find, squeezed
from store import ledger, people, shop
from store.ledger import Insufficient
from store.shop import Article, Redemption

PICKUP_SECONDS = 7 * DAY_SECONDS
COUNT_MAX = 99
CODE_TRIES = 20
CODE = r"\d{3}[ -]?\d{3}"
NAME_MAX = 12  # characters of what may be an article
EXPIRE_BATCH = 50


@command("兑换", "换购", grammar=r"(?P<wanted>.+?)", usage="兑换 商品 数量", about="用积分换商品，得到取货码")
def reserve(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Hold points and stock; the pick-up code is told once and kept only as an HMAC."""
    wanted = squeezed(match["wanted"])
    found = find(ctx, wanted)
    if found is None:
        if _is_order(match[0], wanted):
            raise Refused("平安超市没有这样商品，发“商品”看能换什么。")
        return None
    article, count = found
    if not 1 <= count <= COUNT_MAX:
        raise Refused(f"数量要在 1 到 {COUNT_MAX} 之间。")
    code = _free_code(ctx, article.shop_id)
    points = article.price * count
    redemption = shop.add_redemption(
        ctx.tx,
        shop_id=article.shop_id,
        person_id=ctx.person.id,
        article_id=article.id,
        count=count,
        points=points,
        code_hash=_hash(ctx, article.shop_id, code),
        state="held",
        reserved_at=ctx.now,
        expires_at=ctx.now + PICKUP_SECONDS,
    )
    points_hold = _hold_points(ctx, redemption, article, points)
    stock_hold = _hold_stock(ctx, redemption, article, count)
    shop.set_holds(ctx.tx, redemption, points_hold=points_hold, stock_hold=stock_hold)
    place = next(one.name for one in shop.all_shops(ctx.tx) if one.id == article.shop_id)
    return (
        f"已兑换{article.name} {count} {article.measure}，用 {points} 分。\n取货码：{code}\n"
        f"请在 {clock_time(ctx.now + PICKUP_SECONDS)} 前到{place}领取。"
    )


def _is_order(text: str, wanted: str) -> bool:
    """Whether it is written as an order: 兑换 电视机 1 is one, 兑换的东西质量太差了 is a report."""
    return bool(re.match(r"\w+[\s:：,，]", text)) and len(wanted) <= NAME_MAX


def _hold_points(ctx: Ctx, redemption: int, article: Article, points: int) -> int:
    have = ledger.points_of(ctx.tx, ctx.person.id)  # a failed movement leaves PostgreSQL no way to ask
    try:
        return ledger.move(
            ctx.tx,
            debit=ledger.account(ctx.tx, "wallet", owner=ctx.person.id),
            credit=ledger.account(ctx.tx, "held", owner=ctx.person.id),
            amount=points,
            kind="hold",
            idem=f"redeem:{redemption}:points",
            txn=f"redeem:{redemption}",
            reason=f"兑换{article.name}",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except Insufficient:
        raise Refused(f"积分不够：需要 {points} 分，您现有 {have} 分。") from None


def _hold_stock(ctx: Ctx, redemption: int, article: Article, count: int) -> int:
    try:
        return ledger.move(
            ctx.tx,
            debit=ledger.account(ctx.tx, "shelf", unit=article.id, owner=article.shop_id),
            credit=ledger.account(ctx.tx, "reserved", unit=article.id, owner=article.shop_id),
            unit=article.id,
            amount=count,
            kind="hold",
            idem=f"redeem:{redemption}:stock",
            txn=f"redeem:{redemption}",
            reason="兑换留货",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except Insufficient:
        # On PostgreSQL somebody else may have taken the last ones since the stock was read.
        is_sold_just_now = article.stock >= count
        left = "刚刚被换走了" if is_sold_just_now else f"只剩 {article.stock} {article.measure}了"
        raise Refused(f"{article.name}{left}。") from None


def _free_code(ctx: Ctx, shop_id: int) -> str:
    for _ in range(CODE_TRIES):
        code = new_pickup_code()
        if not shop.is_code_taken(ctx.tx, shop_id, _hash(ctx, shop_id, code)):
            return code
    raise Refused("取货码暂时用完了，请稍后再试。")


def _hash(ctx: Ctx, shop_id: int, code: str) -> str:
    return keyed(ctx.county.secret, f"pickup:{shop_id}", code)


@command(
    "取消兑换",
    grammar=rf"(?:取货码)?{GAP}(?P<code>{CODE})?",
    usage="取消兑换 取货码",
    about="不要了，积分退回",
)
def cancel(ctx: Ctx, match: re.Match[str]) -> str:
    """Without a code, the one redemption that waits."""
    held = shop.held_of(ctx.tx, ctx.person.id)
    if match["code"] is None and len(held) > 1:
        raise Refused(f"您有 {len(held)} 样商品待领，请写明：取消兑换 取货码。")
    if match["code"] is not None:
        redemption = _by_code(ctx, {one.shop_id for one in held}, match["code"])
    else:
        redemption = held[0] if held else None
    if redemption is None or redemption.person_id != ctx.person.id:
        raise Refused("没有这个取货码，或者已经领取、取消了。")
    shop.end(ctx.tx, redemption, "cancelled", now=ctx.now)
    _give_back(ctx, redemption)
    return f"已取消，{redemption.points} 分退回。"


def give_back_all(ctx: Ctx) -> None:
    """Cancel everything that waits for the speaker."""
    for redemption in shop.held_of(ctx.tx, ctx.person.id):
        shop.end(ctx.tx, redemption, "cancelled", now=ctx.now)
        _give_back(ctx, redemption)


@command(
    "核销",
    "取货",
    grammar=rf"(?:取货码)?{GAP}(?P<code>{CODE})",
    roles=("shop_manager",),
    usage="核销 取货码",
    about="交货给村民",
)
def hand_over(ctx: Ctx, match: re.Match[str]) -> str:
    mine = [one for one in shop.all_shops(ctx.tx) if may(ctx, one.unit_id, "shop_manager")]
    redemption = _by_code(ctx, {one.id for one in mine}, match["code"])
    if redemption is None:
        raise Refused("没有这个取货码，或者已经领取、过期了。")
    if redemption.person_id == ctx.person.id:
        raise Refused("不能给自己核销，请由别人经手。")
    if redemption.expires_at <= ctx.now:
        raise Refused("这个取货码已经过期，积分会自动退回。")
    shop.end(ctx.tx, redemption, "collected", now=ctx.now, clerk_id=ctx.person.id)
    _give(ctx, redemption)
    article = shop.article(ctx.tx, redemption.article_id)
    assert article is not None
    name = people.names(ctx.tx, [redemption.person_id])[redemption.person_id] or "未登记姓名的居民"
    goods = f"{article.name} {redemption.count} {article.measure}"
    return f"核销成功：{name}，{goods}，{redemption.points} 分。请交货。"


def _by_code(ctx: Ctx, shop_ids: set[int], code: str) -> Redemption | None:
    hashes = [_hash(ctx, shop_id, code) for shop_id in shop_ids]
    return shop.held_with_code(ctx.tx, shop_ids, hashes)


@cron(every=600)
def expire(ctx: JobCtx) -> None:
    """Give back what nobody picked up in time."""
    for redemption in shop.overdue(ctx.tx, now=ctx.now, limit=EXPIRE_BATCH):
        shop.end(ctx.tx, redemption, "expired", now=ctx.now)
        _give_back(ctx, redemption)


def _give_back(ctx: Ctx | JobCtx, redemption: Redemption) -> None:
    """Both holds go back to where they came from."""
    wallet = ledger.account(ctx.tx, "wallet", owner=redemption.person_id)
    shelf = _stock(ctx, redemption, "shelf")
    _end_holds(ctx, redemption, "void", points_to=wallet, stock_to=shelf, reason="退回")


def _give(ctx: Ctx, redemption: Redemption) -> None:
    """Both holds are spent: the points are used up, the goods are out of the shop."""
    spent = ledger.account(ctx.tx, "spent")
    given = _stock(ctx, redemption, "given")
    _end_holds(ctx, redemption, "post", points_to=spent, stock_to=given, reason="领取商品")


def _end_holds(
    ctx: Ctx | JobCtx, redemption: Redemption, kind: str, *, points_to: int, stock_to: int, reason: str
) -> None:
    act: dict[str, Any] = {
        "kind": kind,
        "txn": f"redeem:{redemption.id}:{kind}",
        "reason": reason,
        "now": ctx.now,
        "actor_id": ctx.person.id if isinstance(ctx, Ctx) else None,
    }
    ledger.move(
        ctx.tx,
        debit=ledger.account(ctx.tx, "held", owner=redemption.person_id),
        credit=points_to,
        amount=redemption.points,
        idem=f"redeem:{redemption.id}:points:{kind}",
        pending_id=redemption.points_hold,
        **act,
    )
    ledger.move(
        ctx.tx,
        debit=_stock(ctx, redemption, "reserved"),
        credit=stock_to,
        unit=redemption.article_id,
        amount=redemption.count,
        idem=f"redeem:{redemption.id}:stock:{kind}",
        pending_id=redemption.stock_hold,
        **act,
    )


def _stock(ctx: Ctx | JobCtx, redemption: Redemption, kind: str) -> int:
    return ledger.account(ctx.tx, kind, unit=redemption.article_id, owner=redemption.shop_id)
