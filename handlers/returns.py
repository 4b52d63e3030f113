"""退货: faulty goods come back, the points go to the cohort they came from."""

import re
from functools import partial

from handlers import household, keepers
from handlers.ctx import GAP, Ctx, Refused, command
from handlers.days import DAY_SECONDS
from handlers.keepers import MANAGER, TOPIC
from handlers.restock import account, counted
from nlp.plain import plain
from store import holds, households, redemptions
from store.ledger import POINTS, Frozen
from store.redemptions import Line, Redemption
from store.shop import Article

RETURN_DAYS = 15
SOUND = re.compile("完好|没拆|未拆|未开封|没开封|回架|能再卖")
USAGE = "退货 单号 商品 数量 理由"


@command(
    "退货",
    grammar=rf"(?:单号)?{GAP}(?P<number>\d{{1,18}})\s*号?{GAP}(?P<text>.+)",
    roles=MANAGER,
    usage=USAGE,
    about=f"{RETURN_DAYS} 天内的次品退回，积分退还；写“完好”就放回货架",
    topic=TOPIC,
)
def give_back(ctx: Ctx, match: re.Match[str]) -> str:
    redemption = find(ctx, int(match["number"]))
    line, article, rest = _bought(ctx, redemption, plain(match["text"]))
    found = counted(article, rest)
    if found is None or not found[0] or not found[1]:
        raise Refused(f"请这样发：{USAGE}")
    pieces, reason = found
    to_shelf = bool(SOUND.search(reason))
    points = take_back(ctx, redemption, line, article, pieces, reason=reason, to_shelf=to_shelf)
    where = "" if article.is_service else "货放回货架。" if to_shelf else "货记为报损。"
    return f"已退{article.name} {pieces} {article.measure}，{points} 分退还。{where}"


def find(ctx: Ctx, number: int) -> Redemption:
    """An order of a shop that the speaker manages."""
    mine = {one.id for one in keepers.kept(ctx)}
    found = redemptions.get(ctx.tx, number) if number < 2**63 else None
    if found is None or found.shop_id not in mine:
        raise Refused(f"您的店里没有第 {number} 号单。")
    return found


def _bought(ctx: Ctx, redemption: Redemption, text: str) -> tuple[Line, Article, str]:
    """The line that a text names, the one with most left to return where several do."""
    lines = [line for line in redemptions.lines_of(ctx.tx, redemption.id) if line.state == "collected"]
    article, rest = keepers.the_article(ctx, keepers.shop_of(ctx, redemption.shop_id), text)
    named = [line for line in lines if line.article_id == article.id]
    if not named:
        raise Refused(f"第 {redemption.id} 号单没有领过{article.name}。")
    line = max(named, key=lambda line: line.count - line.returned)
    return line, article, re.sub(rf"^{GAP}", "", rest).strip()


def take_back(
    ctx: Ctx,
    redemption: Redemption,
    line: Line,
    article: Article,
    pieces: int,
    *,
    reason: str,
    to_shelf: bool,
) -> int:
    """Give points for pieces of a collected line that come back, never more than were bought; the points.

    The goods go to the shelf or among what is spoiled; household and supervisor are told. Points of a
    household that went into another follow it there.
    """
    _check(ctx, redemption, line)
    returned = redemptions.give_back_pieces(ctx.tx, line, pieces)
    if returned is None:
        left = line.count - line.returned
        raise Refused(
            f"{article.name}买了 {line.count} {article.measure}，最多还能退 {left} {article.measure}。"
        )
    points, key = pieces * line.price, f"{line.id}:{returned}"
    refund = partial(
        holds.refund,
        ctx.tx,
        line.txn,
        key=key,
        reason=f"退货：{reason}",
        now=ctx.now,
        actor_id=ctx.person.id,
    )
    try:
        refund(points, unit=POINTS)
    except Frozen:
        raise Refused("这户的积分已被冻结，暂时不能退货。") from None
    if not article.is_service:
        refund(pieces, unit=article.id, credit=account(ctx, article, "shelf" if to_shelf else "damaged"))
    household.settle_in(ctx, redemption.household_id, key=f"return:{key}", reason="退货")
    _tell(ctx, redemption, f"{article.name} {pieces} {article.measure}", points, reason, key)
    return points


def _check(ctx: Ctx, redemption: Redemption, line: Line) -> None:
    if households.successor(ctx.tx, redemption.household_id) == households.of(ctx.tx, ctx.person.id):
        raise Refused("不能给自己退货，请由别人经手。")
    if line.ended_at is None or line.ended_at < ctx.now - RETURN_DAYS * DAY_SECONDS:
        raise Refused(f"领取超过 {RETURN_DAYS} 天，不能退货。")


def _tell(ctx: Ctx, redemption: Redemption, goods: str, points: int, reason: str, key: str) -> None:
    one = keepers.shop_of(ctx, redemption.shop_id)
    text = f"【退货】您家在{one.name}退了{goods}，{points} 分已退还。"
    home = households.successor(ctx.tx, redemption.household_id)
    keepers.tell_household(ctx, home, text, fact="shop.returned", key=key)
    text = (
        f"【退货】{one.name}：第 {redemption.id} 号单退{goods}，{points} 分，"
        f"{reason}，经手{ctx.person.name}。"
    )
    keepers.tell_supervisors(ctx, one, text, fact="shop.return", key=key)
