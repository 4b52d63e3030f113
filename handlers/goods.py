"""商品: what the 平安超市 have on their shelves, and which article somebody means."""

import re

from handlers import opening
from handlers.ctx import Ctx, Refused, command
from handlers.days import NUMERALS, local_day
from nlp.plain import plain
from store import shop
from store.shop import Article, Shop

COUNT = rf"[x*×]?(?P<count>\d{{1,4}}|[{NUMERALS}两])"


@command(
    "商品",
    "商品列表",
    "超市商品",
    "平安超市",
    grammar=r"(?P<name>.*?)",
    usage="商品",
    about="看平安超市能换什么",
)
def catalogue(ctx: Ctx, match: re.Match[str]) -> str | None:
    """The goods of the nearest shop, or of the one named; a reply holds one shop's."""
    shops = nearest_shops(ctx)
    name = plain(match["name"])
    shown = next((one for one in shops if name in one.name), None)
    if shown is None:
        return None if name else "平安超市还没有上架商品。"
    articles = shop.articles_of(ctx.tx, [shown.id])
    lines = [_line(one) for one in articles if is_on_offer(ctx, one)]
    hours = [f"领取时间：{opening.told(shown.opening)}"] if shown.opening else []
    others = "、".join(one.name for one in shops if one is not shown)
    more = [f"别处还有{others}，发“商品 超市名”可看。"] if others else []
    return "\n".join([f"【{shown.name}】", *lines, *hours, *more, "要换就发：兑换 商品 数量"])


def _line(one: Article) -> str:
    left = "可预约" if one.is_service else f"余 {one.stock} {one.measure}"
    most = f"，每户每月限 {one.most_a_month}" if one.most_a_month is not None else ""
    return f"{one.name} {one.price} 分/{one.measure}，{left}{most}"


def is_on_offer(ctx: Ctx, one: Article) -> bool:
    return not one.is_withdrawn and not _is_stale(ctx, one)


def _is_stale(ctx: Ctx, one: Article) -> bool:
    return "" < one.best_before < local_day(ctx.now)


def nearest_shops(ctx: Ctx) -> list[Shop]:
    """All shops, those nearest to the speaker's own unit first."""
    own = {unit.id for post in ctx.person.posts for unit in ctx.registry.chain(post.unit_id)}
    if ctx.person.unit_id is not None:
        own |= {unit.id for unit in ctx.registry.chain(ctx.person.unit_id)}

    def distance(one: Shop) -> int:
        chain = [unit.id for unit in ctx.registry.chain(one.unit_id)]
        return next((steps for steps, unit_id in enumerate(chain) if unit_id in own), len(chain))

    return sorted(shop.all_shops(ctx.tx), key=lambda one: (distance(one), one.id))


def find(ctx: Ctx, wanted: str) -> tuple[Article, int] | None:
    """The article named, in the nearest shop that has enough of it, and how many; None for no such article.

    A whole name comes first: 食用油 1.8 L is one bottle, not eight.
    """
    nearest = [one.id for one in nearest_shops(ctx)]
    articles = shop.articles_of(ctx.tx, nearest)
    named = [(one, count) for one in articles if (count := count_of(wanted, one)) is not None]
    if not named and (split := re.fullmatch(rf"(?P<name>.+?)(?:(?<![\d.]){COUNT})?", wanted)):
        number = _number(split["count"])
        named = [(one, number) for one in articles if split["name"] in squeezed(one.name)]
    if len({one.name for one, _ in named}) > 1:
        raise Refused(f"请写全名：{'、'.join(sorted({one.name for one, _ in named}))}")
    named.sort(key=lambda found: (_lacks(ctx, *found), nearest.index(found[0].shop_id), found[0].id))
    return named[0] if named else None


def _lacks(ctx: Ctx, one: Article, count: int) -> bool:
    return not is_on_offer(ctx, one) or (not one.is_service and one.stock < count)


def count_of(wanted: str, article: Article) -> int | None:
    """How many pieces of this article are wanted; None where another one is meant."""
    name = squeezed(article.name)
    if wanted in (name, squeezed(article.code)):
        return 1
    names = sorted({name, squeezed(article.code), squeezed(article.name.split()[0])}, key=len, reverse=True)
    one = "|".join(map(re.escape, names))
    measure = rf"(?:{re.escape(article.measure)}|[个件份])?"
    for form in (rf"(?:{one})(?:{COUNT}{measure})?", rf"{COUNT}{measure}(?:{one})"):
        if match := re.fullmatch(form, wanted):
            return _number(match["count"])
    return None


def squeezed(text: str) -> str:
    return re.sub(r"[\s,:;、。]", "", plain(text)).lower()


def _number(text: str | None) -> int:
    return 1 if text is None else int(text) if text.isdigit() else NUMERALS.find(text) + 1 or 2
