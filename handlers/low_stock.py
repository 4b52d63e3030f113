"""库存预警: the shop's group and its supervisor hear once when a shelf falls to its mark."""

from handlers import keepers
from handlers.ctx import Ctx
from store import stock
from store.shop import Article


def warn(ctx: Ctx, article: Article, taken: int, *, key: str) -> None:
    """Warn where the `taken` pieces, gone from the shelf just now, were those that brought it to the mark.

    The movement holds the shelf's balance until the end of the transaction, so that of two that take at
    once one alone sees it fall.
    """
    if article.is_service or not article.low_stock:
        return
    left = stock.levels(ctx.tx, [article.id])[article.id].shelf
    if left <= article.low_stock < left + taken:
        one = keepers.shop_of(ctx, article.shop_id)
        text = (
            f"【库存预警】{one.name}：{article.name}只剩 {left} {article.measure}"
            f"（预警线 {article.low_stock} {article.measure}），请补货。"
        )
        keepers.tell_group(ctx, one, text, fact="stock.low", key=key)
        keepers.tell_supervisors(ctx, one, text, fact="stock.low", key=key)
