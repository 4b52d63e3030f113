"""库存 and 盘点: what should be in the shop, what somebody counted, and the difference with its reason."""

import re

from handlers import keepers, low_stock
from handlers.ctx import Ctx, Refused, command
from handlers.goods import squeezed
from handlers.keepers import KEEPERS, MANAGER, TOPIC
from handlers.restock import account, counted
from nlp.plain import plain
from store import ledger, shop, stock
from store.ledger import Insufficient
from store.shop import Article, Shop

USAGE = "盘点 商品 实数 理由"


@command(
    "库存",
    "盘点表",
    grammar=r"(?P<text>.*)",
    roles=KEEPERS,
    usage="库存",
    about="看每样还有多少、待领多少",
    topic=TOPIC,
)
def sheet(ctx: Ctx, match: re.Match[str]) -> str | None:
    one, rest = keepers.the_shop(ctx, plain(match["text"]), *KEEPERS)
    listed = [a for a in shop.articles_of(ctx.tx, [one.id]) if not a.is_service]
    if rest:
        listed = [article for article in listed if squeezed(rest) in squeezed(article.name)]
    if not listed:
        return None if rest else f"{one.name}还没有商品。"
    levels = stock.levels(ctx.tx, [article.id for article in listed])
    return "\n".join([f"【{one.name}库存】", *(_line(a, levels.get(a.id, stock.Level())) for a in listed)])


def _line(article: Article, level: stock.Level) -> str:
    extra = [
        f"待领 {level.reserved}" if level.reserved else "",
        f"报损 {level.damaged}" if level.damaged else "",
        "已下架" if article.is_withdrawn else "",
        f"{article.best_before} 到期" if article.best_before else "",
    ]
    told = "，".join(filter(None, extra))
    return f"{article.name} {level.shelf} {article.measure}" + (f"（{told}）" if told else "")


@command(
    "盘点",
    grammar=r"(?P<text>.+)",
    roles=MANAGER,
    usage=USAGE,
    about="数一数，差多少记下来，告诉监督员",
    topic=TOPIC,
)
def take(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Counted is everything that lies in the shop, also what waits to be picked up."""
    named = keepers.of_the_shop(ctx, match)
    if named is None:
        return None
    one, article, rest = named
    found = counted(article, rest)
    if article.is_service or found is None:
        raise Refused(f"请这样发：{USAGE}（数店里全部，包括待领的）")
    number, reason = found
    level = stock.levels(ctx.tx, [article.id]).get(article.id, stock.Level())
    difference = number - level.here
    if difference and not reason:
        raise Refused(f"账上应有 {level.here} {article.measure}，差 {difference:+d}，请写明理由：{USAGE}")
    if number < level.reserved:
        raise Refused(
            f"比待领的 {level.reserved} {article.measure}还少，请先和下单的村民说好取消兑换，再盘点。"
        )
    taken = stock.add_take(
        ctx.tx,
        article_id=article.id,
        expected=level.here,
        counted=number,
        reason=reason,
        by_id=ctx.person.id,
        now=ctx.now,
    )
    if not difference:
        return f"{article.name}账实相符，{number} {article.measure}。"
    booked = _book(ctx, article, difference, taken, reason)
    _tell(ctx, one, article, level, number, reason, taken)
    return (
        f"{article.name}账上 {level.here}，实数 {number}，差 {difference:+d} {article.measure}，"
        f"已记账并告诉监督员。记错了请发：撤销流水 {booked}"
    )


def _book(ctx: Ctx, article: Article, difference: int, taken: int, reason: str) -> int:
    shelf, gone = account(ctx, article, "shelf"), account(ctx, article, "counted")
    key = f"count:{taken}"
    try:
        booked = ledger.move(
            ctx.tx,
            kind="count",
            debit=gone if difference > 0 else shelf,
            credit=shelf if difference > 0 else gone,
            unit=article.id,
            amount=abs(difference),
            idem=key,
            txn=key,
            reason=f"盘点：{reason}",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except Insufficient:
        raise Refused(f"{article.name}刚刚有人下单，请重新盘点。") from None
    if difference < 0:
        low_stock.warn(ctx, article, -difference, key=key)
    return booked


def _tell(
    ctx: Ctx, one: Shop, article: Article, level: stock.Level, number: int, reason: str, taken: int
) -> None:
    difference = f"差 {number - level.here:+d} {article.measure}"
    text = (
        f"【盘点差异】{one.name}：{article.name}账上 {level.here}，实数 {number}，{difference}。"
        f"理由：{reason}，经手{ctx.person.name}。"
    )
    keepers.tell_supervisors(ctx, one, text, fact="stock.counted", key=taken)
