"""What chat, page and counter do alike with an order: set goods and points aside, hand over, give back."""

from collections.abc import Sequence

from handlers import keepers, low_stock, opening
from handlers.codes import Told, keyed, told
from handlers.ctx import Ctx, JobCtx, Refused, may
from handlers.days import DAY_SECONDS, local_day, month_start
from store import cards, holds, households, ledger, redemptions, stock, wallets
from store.ledger import Frozen, Insufficient
from store.redemptions import Line, Redemption
from store.shop import Article

PICKUP_SECONDS = 7 * DAY_SECONDS
COUNT_MAX = 99
CODE_TRIES = 20

Basket = Sequence[tuple[Article, int]]


def place(ctx: Ctx, household_id: int, basket: Basket, *, channel: str) -> tuple[int, Told]:
    """Order a basket of one shop: (redemption, pick-up code). All of it or nothing.

    The code is kept only as an HMAC.
    """
    shop_id = basket[0][0].shop_id
    # Two orders at once must not both find room in what a household may have a month.
    cards.hold_still(ctx.tx, household_id)
    _check(ctx, household_id, basket)
    code = _free_code(ctx, shop_id)
    until = opening.pick_up_until(keepers.shop_of(ctx, shop_id).opening, ctx.now, PICKUP_SECONDS)
    redemption_id = redemptions.add(
        ctx.tx,
        shop_id=shop_id,
        household_id=household_id,
        # At the counter, and after a sale without network, the clerk speaks.
        person_id=None if channel in ("counter", "offline") else ctx.person.id,
        channel=channel,
        code_hash=code_hash(ctx, shop_id, code.value),
        state="held",
        reserved_at=ctx.now,
        expires_at=until,
    )
    for which, (article, count) in enumerate(basket):
        set_aside(ctx, redemption_id, household_id, which, article, count, ordered_at=ctx.now)
    return redemption_id, code


def _check(ctx: Ctx, household_id: int, basket: Basket) -> None:
    """Say what is missing before anything moves: a failed movement leaves PostgreSQL no way to ask."""
    if not all(1 <= count <= COUNT_MAX for _, count in basket):
        raise Refused(f"数量要在 1 到 {COUNT_MAX} 之间。")
    price = sum(article.price * count for article, count in basket)
    have = wallets.points(ctx.tx, household_id)
    if price > have:
        raise Refused(f"积分不够：需要 {price} 分，您现有 {have} 分。")
    for article, count in basket:
        if article.is_withdrawn:
            raise Refused(f"{article.name}已经下架。")
        if "" < article.best_before < local_day(ctx.now):
            raise Refused(f"{article.name}过了保质期，不能兑换。")
        if not article.is_service and article.stock < count:
            raise Refused(f"{article.name}只剩 {article.stock} {article.measure}了。")
        if article.most_a_month is not None:
            since = month_start(ctx.now)
            taken = redemptions.taken_this_month(ctx.tx, household_id, article.id, since=since)
            if taken + count > article.most_a_month:
                most = f"{article.most_a_month} {article.measure}"
                raise Refused(f"{article.name}每户每月限 {most}，本月已换 {taken} {article.measure}。")


def set_aside(
    ctx: Ctx,
    redemption_id: int,
    household_id: int,
    which: int,
    article: Article,
    count: int,
    *,
    ordered_at: int,
) -> None:
    """Line `which` (from 0) of an order: points and goods of `count` pieces are held together."""
    txn = f"redeem:{redemption_id}:{which}"
    redemptions.add_line(
        ctx.tx,
        redemption_id=redemption_id,
        article_id=article.id,
        count=count,
        price=article.price,
        state="held",
        txn=txn,
        now=ordered_at,
    )
    _hold_points(ctx, household_id, article.price * count, txn=txn, reason=f"兑换{article.name}")
    if not article.is_service:
        _hold_goods(ctx, article, count, txn=txn)


def _hold_points(ctx: Ctx, household_id: int, points: int, *, txn: str, reason: str) -> None:
    try:
        wallets.spend(
            ctx.tx,
            household_id,
            points,
            kind="hold",
            credit=ledger.account(ctx.tx, "held", owner=household_id),
            txn=txn,
            reason=reason,
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except Insufficient:
        raise Refused("积分不够，刚刚有变动，请重新查询。") from None
    except Frozen:
        raise Refused("您家的积分已被冻结，暂时不能使用。有疑问请联系村(社区)。") from None


def _hold_goods(ctx: Ctx, article: Article, count: int, *, txn: str) -> None:
    try:
        ledger.move(
            ctx.tx,
            kind="hold",
            debit=stock_account(ctx, article.id, article.shop_id, "shelf"),
            credit=stock_account(ctx, article.id, article.shop_id, "reserved"),
            unit=article.id,
            amount=count,
            idem=f"{txn}:hold:goods",
            txn=txn,
            reason="兑换留货",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except Insufficient:
        # On PostgreSQL somebody else may have taken the last ones since the stock was read.
        raise Refused(f"{article.name}刚刚被换走了。") from None
    low_stock.warn(ctx, article, count, key=txn)


def stock_account(ctx: Ctx | JobCtx, article_id: int, shop_id: int, kind: str) -> int:
    return ledger.account(ctx.tx, kind, unit=article_id, owner=shop_id)


def give_back(ctx: Ctx | JobCtx, redemption: Redemption, state: str) -> int:
    """Cancel or expire an order: points to the wallet, goods to the shelf. The points that came back."""
    redemptions.end(ctx.tx, redemption, state, now=ctx.now)
    actor_id = ctx.person.id if isinstance(ctx, Ctx) else None
    points = 0
    for line in redemptions.lines_of(ctx.tx, redemption.id):
        if line.state == "held":
            redemptions.end(ctx.tx, line, state, now=ctx.now)
            try:
                holds.void_all(ctx.tx, line.txn, reason="退回", now=ctx.now, actor_id=actor_id)
            except Frozen:
                raise Refused("您家的积分已被冻结，暂时不能取消，货先留着。") from None
            points += line.points
    return points


def hand_over(
    ctx: Ctx,
    redemption: Redemption,
    *,
    collector: str,
    proxy_id: int | None = None,
    lines: Sequence[Line] | None = None,
) -> list[Line]:
    """What still waits, or only these `lines` of it, is given out by the speaker; the lines given.

    The order and its code go on while something is left.
    """
    check_hand_over(ctx, redemption, is_delivery=collector == "delivery")
    # Two clerks who hand over a part each must not both leave it to the other to end the order.
    redemptions.hold_still(ctx.tx, redemption)
    waiting = [line for line in redemptions.lines_of(ctx.tx, redemption.id) if line.state == "held"]
    given = waiting if lines is None else list(lines)
    try:
        for line in given:
            hand_over_line(ctx, redemption, line, collector=collector, proxy_id=proxy_id)
    except Frozen:
        raise Refused("这户的积分已被冻结，暂时不能领取。") from None
    if {line.id for line in waiting} <= {line.id for line in given}:
        redemptions.end(
            ctx.tx,
            redemption,
            "collected",
            now=ctx.now,
            clerk_id=ctx.person.id,
            collector=collector,
            proxy_id=proxy_id,
        )
    return given


def check_hand_over(ctx: Ctx, redemption: Redemption, *, is_delivery: bool = False) -> None:
    """Refuse who would serve the own household, who only watches, and what lies outside the opening hours."""
    if redemption.household_id == households.of(ctx.tx, ctx.person.id):
        raise Refused("不能给自己核销，请由别人经手。")
    one = keepers.shop_of(ctx, redemption.shop_id)
    if may(ctx, one.unit_id, "shop_supervisor"):
        raise Refused("监督员不能经手交货，请店长办理。")
    goes_out_now = (
        not is_delivery and redemption.channel != "offline"
    )  # those went out before they were booked
    if goes_out_now and one.opening is not None and not opening.is_open(one.opening, ctx.now):
        raise Refused(
            f"现在不是{one.name}的领取时间（{opening.told(one.opening)}），"
            f"请在 {opening.next_told(one.opening, ctx.now)} 来领。"
        )


def hand_over_line(
    ctx: Ctx, redemption: Redemption, line: Line, *, collector: str = "member", proxy_id: int | None = None
) -> None:
    """Both holds of a line are spent: the points are used up, the goods are out of the shop."""
    clerk_id = ctx.person.id
    redemptions.end(
        ctx.tx,
        line,
        "collected",
        now=ctx.now,
        clerk_id=clerk_id,
        collector=collector,
        proxy_id=proxy_id,
    )
    for hold in holds.open_holds(ctx.tx, line.txn):
        if hold.unit == ledger.POINTS:
            credit = ledger.account(ctx.tx, "spent", owner=redemption.shop_id)
        else:
            credit = stock_account(ctx, line.article_id, redemption.shop_id, "given")
        holds.resolve(ctx.tx, hold, "post", credit=credit, reason="领取商品", now=ctx.now, actor_id=clerk_id)


def goods_told(ctx: Ctx, lines: Sequence[Line]) -> str:
    """大米 2 斤、肥皂 1 块."""
    known = stock.names(ctx.tx, [line.article_id for line in lines])
    return "、".join(
        f"{known[line.article_id][0]} {line.count} {known[line.article_id][1]}" for line in lines
    )


def new_code_for(ctx: Ctx, redemption: Redemption) -> Told:
    """A new pick-up code; the old one is dead."""
    code = _free_code(ctx, redemption.shop_id)
    redemptions.change_code(ctx.tx, redemption, code_hash(ctx, redemption.shop_id, code.value))
    return code


def _free_code(ctx: Ctx, shop_id: int) -> Told:
    for turn in range(CODE_TRIES):
        code = told(ctx.county.secret, ctx.message, "pickup", turn)
        if not redemptions.is_code_taken(ctx.tx, shop_id, code_hash(ctx, shop_id, code.value)):
            return code
    raise Refused("取货码暂时用完了，请稍后再试。")


def code_hash(ctx: Ctx, shop_id: int, code: str) -> str:
    return keyed(ctx.county.secret, f"pickup:{shop_id}", code)
