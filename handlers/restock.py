"""入库, 报损 and 撤销流水: goods come in, go bad, and what was booked by mistake is taken back."""

import re

from handlers import keepers, low_stock
from handlers.ctx import GAP, Ctx, Refused, command
from handlers.days import DAY_SECONDS
from handlers.keepers import MANAGER, TOPIC
from store import ledger, shop, stock
from store.ledger import Insufficient
from store.shop import Article

PIECES_MAX = 99_999
UNDO_SECONDS = 7 * DAY_SECONDS
KINDS = {"restock": "入库", "damage": "报损", "count": "盘点", "reverse": "撤销", "refund": "退货"}


def counted(article: Article, text: str) -> tuple[int, str] | None:
    """(pieces, what else is said) of what follows an article's name; None where no number does."""
    measure = re.escape(article.measure)
    match = re.fullmatch(rf"[x*×]?(\d{{1,5}})\s*(?:{measure}|[个件份])?(?:{GAP}(.*))?", text, re.DOTALL)
    return (int(match[1]), (match[2] or "").strip()) if match else None


def book(ctx: Ctx, article: Article, pieces: int, *, source: str, key: str) -> int:
    """Goods come onto the shelf, once per `key`; the movement's number."""
    return ledger.move(
        ctx.tx,
        kind="restock",
        debit=ledger.account(ctx.tx, "supplier", unit=article.id),
        credit=account(ctx, article, "shelf"),
        unit=article.id,
        amount=pieces,
        idem=key,
        txn=key,
        reason=f"入库：{source}",
        now=ctx.now,
        actor_id=ctx.person.id,
    )


def account(ctx: Ctx, article: Article, kind: str) -> int:
    return ledger.account(ctx.tx, kind, unit=article.id, owner=article.shop_id)


def key_of(ctx: Ctx, what: str, article: Article) -> str:
    """A message books once, however often it is sent."""
    return f"{what}:{article.id}:{ctx.message.channel}:{ctx.message.id}"


@command(
    "入库",
    "进货",
    grammar=r"(?P<text>.+)",
    roles=MANAGER,
    usage="入库 商品 数量 来源",
    about="到了一批货",
    topic=TOPIC,
)
def receive(ctx: Ctx, match: re.Match[str]) -> str | None:
    named = keepers.of_the_shop(ctx, match)
    if named is None:
        return None
    _, article, rest = named
    pieces, source = _pieces(article, rest, "入库 商品 数量 来源（供应商或捐赠人）")
    number = book(ctx, article, pieces, source=source, key=key_of(ctx, "restock", article))
    shop.change_article(ctx.tx, article.id, supplier=source)
    return f"已入库{article.name} {pieces} {article.measure}，{_left(ctx, article)}{_undo(number)}"


@command(
    "报损",
    grammar=r"(?P<text>.+)",
    roles=MANAGER,
    usage="报损 商品 数量 理由",
    about="坏了、过期了的货",
    topic=TOPIC,
)
def write_off(ctx: Ctx, match: re.Match[str]) -> str | None:
    named = keepers.of_the_shop(ctx, match)
    if named is None:
        return None
    one, article, rest = named
    pieces, reason = _pieces(article, rest, "报损 商品 数量 理由")
    if article.stock < pieces:
        raise Refused(f"货架上只有 {article.stock} {article.measure}{article.name}。")
    key = key_of(ctx, "damage", article)
    try:
        number = ledger.move(
            ctx.tx,
            kind="damage",
            debit=account(ctx, article, "shelf"),
            credit=account(ctx, article, "damaged"),
            unit=article.id,
            amount=pieces,
            idem=key,
            txn=key,
            reason=f"报损：{reason}",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except Insufficient:
        raise Refused(f"{article.name}刚刚被换走了，请重新查看库存。") from None
    low_stock.warn(ctx, article, pieces, key=key)
    text = f"{article.name} {pieces} {article.measure}，{reason}，经手{ctx.person.name}。"
    keepers.tell_supervisors(ctx, one, f"【报损】{one.name}：{text}", fact="stock.damaged", key=number)
    return f"已报损{article.name} {pieces} {article.measure}，{_left(ctx, article)}{_undo(number)}"


def _pieces(article: Article, rest: str, usage: str) -> tuple[int, str]:
    found = counted(article, rest)
    if article.is_service:
        raise Refused(f"{article.name}是服务，不计库存。")
    if found is None or not 1 <= found[0] <= PIECES_MAX or not found[1]:
        raise Refused(f"请这样发：{usage}，数量要在 1 到 {PIECES_MAX} 之间。")
    return found


def _left(ctx: Ctx, article: Article) -> str:
    return f"货架现有 {stock.levels(ctx.tx, [article.id])[article.id].shelf} {article.measure}。"


def _undo(number: int) -> str:
    return f"记错了请发：撤销流水 {number}"


@command(
    "撤销流水",
    grammar=r"(?P<number>\d{1,18})\s*号?",
    roles=MANAGER,
    usage="撤销流水 号码",
    about="入库、报损、盘点记错了，7 天内可撤销",
    topic=TOPIC,
)
def undo(ctx: Ctx, match: re.Match[str]) -> str:
    """A counter-movement: nothing is ever taken out of the books."""
    number = int(match["number"])
    found = stock.movement(ctx.tx, number) if number < 2**63 else None
    article = shop.article(ctx.tx, found.article_id) if found else None
    mine = {one.id: one for one in keepers.kept(ctx)}
    if found is None or article is None or article.shop_id not in mine:
        raise Refused(f"您的店里没有第 {number} 号流水。")
    if found.kind not in ("restock", "damage", "count"):
        raise Refused("只有入库、报损、盘点可以撤销。")
    if found.is_reversed:
        raise Refused("这笔流水已经撤销过了。")
    if found.at < ctx.now - UNDO_SECONDS:
        raise Refused("超过 7 天的流水不能撤销，请用盘点更正。")
    try:
        ledger.reverse(ctx.tx, number, reason=f"撤销{KINDS[found.kind]}", now=ctx.now, actor_id=ctx.person.id)
    except Insufficient:
        raise Refused(f"{article.name}已经换出去了，货架上不够撤销，请用盘点更正。") from None
    if found.pieces > 0:
        low_stock.warn(ctx, article, found.pieces, key=f"reverse:{number}")
    what = f"{KINDS[found.kind]}{article.name} {abs(found.pieces)} {article.measure}"
    one = mine[article.shop_id]
    text = f"【撤销】{one.name}：{what}，经手{ctx.person.name}。"
    keepers.tell_supervisors(ctx, one, text, fact="stock.undone", key=number)
    return f"已撤销{what}，{_left(ctx, article)}"
