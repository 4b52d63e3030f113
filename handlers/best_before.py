"""保质期: who keeps a shop hears 30 days and 7 days before goods go stale, and when they have."""

from datetime import date

from handlers import keepers
from handlers.ctx import JobCtx, cron
from handlers.days import local
from store import shop
from store.shop import Article

WARNED_DAYS = (-1, 7, 30)


@cron(hour=8, minute=30, catch_up_hours=12)
def warn(ctx: JobCtx) -> None:
    """Each article once for each mark it comes to; with a new date everything begins anew."""
    shops = {one.id: one for one in shop.all_shops(ctx.tx)}
    for article in shop.articles_of(ctx.tx, shops):
        days = _days_left(ctx, article)
        if days is None or days > WARNED_DAYS[-1] or not article.stock:
            continue
        mark = next(mark for mark in WARNED_DAYS if days <= mark)
        told = "已过保质期，已停止兑换，请报损下架" if days < 0 else f"还有 {days} 天到保质期，请尽快安排"
        text = (
            f"【保质期】{shops[article.shop_id].name}：{article.name}（{article.best_before} 到期，"
            f"货架 {article.stock} {article.measure}）{told}。"
        )
        key = f"{article.id}:{article.best_before}:{mark}"
        keepers.tell_keepers(ctx, shops[article.shop_id], text, fact="stock.stale", key=key)


def _days_left(ctx: JobCtx, article: Article) -> int | None:
    """Days until the last good day; below 0 when it has passed."""
    if article.is_service or not article.best_before:
        return None
    return (date.fromisoformat(article.best_before) - local(ctx.now).date()).days
