"""上架, 下架, 改价 and what else a manager says of an article; its stock is changed by movements alone."""

import re
from collections.abc import Callable

from handlers import keepers, restock
from handlers.codes import new_code
from handlers.ctx import Ctx, Refused, command, is_set_apart
from handlers.days import written_date
from handlers.keepers import MANAGER, TOPIC
from nlp.plain import plain
from store import photos, shop, stock
from store.shop import Article, Shop

NAME_MAX = 30  # characters
PRICE_MAX = 100_000  # points
PHOTO_SECONDS = 3600  # how long a photo sent ahead is the article's
# A measure stands at its number; only one that is known as such may stand apart from it.
MEASURE = r"\s?(?:公斤|千克|[斤袋瓶把盒块条支提个张包双次件桶箱只台套份罐])|[^\d\s,，]{1,3}"
NEW = re.compile(
    rf"(?P<name>.+?)[\s,，]+(?P<price>\d{{1,6}})\s*分?[\s,，]+"
    rf"(?:(?P<service>服务)|(?P<count>\d{{1,6}})(?P<measure>{MEASURE})?(?![^\s,，]))(?:[\s,，]+(?P<supplier>.+))?"
)
HOW_NEW = (
    "请这样发：上架 名称 价格 数量 来源，例如：上架 酱油 500 ml 15分 20瓶 供销社；服务写：上架 理发 30分 服务"
)


@command(
    "上架",
    grammar=r"(?P<text>.+)",
    roles=MANAGER,
    usage="上架 名称 价格 数量 来源",
    about="添一样商品或服务",
    topic=TOPIC,
)
def put_up(ctx: Ctx, match: re.Match[str]) -> str | None:
    """A new article with its first stock, or one that was withdrawn before."""
    one, text = keepers.the_shop(ctx, plain(match["text"]))
    known = {article.name: article for article in shop.articles_of(ctx.tx, [one.id])}
    if text in known:
        return _again(ctx, known[text])
    new = NEW.fullmatch(text)
    if new is None:
        if not is_set_apart(match, "text"):
            return None  # 上架的货架倒了
        raise Refused(HOW_NEW)
    name, price = new["name"].strip(), int(new["price"])
    if name in known:
        return _again(ctx, known[name])
    if len(name) > NAME_MAX or not 1 <= price <= PRICE_MAX:
        raise Refused(f"名称最多 {NAME_MAX} 个字，价格要在 1 到 {PRICE_MAX} 分之间。")
    return _add(ctx, one, name, price, new)


def _again(ctx: Ctx, article: Article) -> str:
    if not article.is_withdrawn:
        raise Refused(f"{article.name}已经在架，补货请发“入库”，调价请发“改价”。")
    shop.change_article(ctx.tx, article.id, is_withdrawn=False)
    left = f"余 {article.stock} {article.measure}"
    return f"{article.name}重新上架，{article.price} 分/{article.measure}，{left}。"


def _add(ctx: Ctx, one: Shop, name: str, price: int, new: re.Match[str]) -> str:
    is_service, supplier = bool(new["service"]), (new["supplier"] or "").strip()
    measure = (new["measure"] or "").strip() or ("次" if is_service else "件")
    article_id = shop.add_article(
        ctx.tx,
        shop_id=one.id,
        code=new_code(),
        name=name,
        price=price,
        measure=measure,
        is_service=is_service,
        supplier=supplier,
    )
    article = shop.article(ctx.tx, article_id)
    assert article is not None
    told = f"已上架{name}，{price} 分/{measure}"
    if is_service:
        text = f"{told}，是服务，不计库存。"
    else:
        count = int(new["count"])
        if count:
            restock.book(ctx, article, count, source=supplier or "首批", key=f"stock:first:{article_id}")
        text = f"{told}，{count} {measure}。"
    keepers.tell_supervisors(
        ctx, one, f"【上架】{one.name}：{text}经手{ctx.person.name}。", fact="shop.article", key=article_id
    )
    return text


@command(
    "下架",
    grammar=r"(?P<text>.+)",
    roles=MANAGER,
    usage="下架 商品",
    about="不再换，再发上架可恢复",
    topic=TOPIC,
)
def withdraw(ctx: Ctx, match: re.Match[str]) -> str | None:
    """What was ordered before is still handed over."""
    named = keepers.of_the_shop(ctx, match)
    if named is None:
        return None
    _, article, rest = named
    if rest:
        raise Refused("请这样发：下架 商品")
    if article.is_withdrawn:
        raise Refused(f"{article.name}已经下架了。")
    shop.change_article(ctx.tx, article.id, is_withdrawn=True)
    left = stock.levels(ctx.tx, [article.id]).get(article.id, stock.Level())
    waiting = f"，待领的 {left.reserved} {article.measure}照常领取" if left.reserved else ""
    on_shelf = f"货架上还有 {left.shelf} {article.measure}"
    return f"{article.name}已下架，{on_shelf}{waiting}。恢复请发：上架 {article.name}"


# --- 改价, 限购, 预警, 保质期, 供应商: one article, one value


def _price(text: str, article: Article) -> tuple[dict[str, object], str]:
    price = _number(text, "分", 1, PRICE_MAX)
    return {"price": price}, f"{article.price} 分改为 {price} 分，已经下单的不变"


def _most(text: str, article: Article) -> tuple[dict[str, object], str]:
    if text in ("不限", "0", "取消"):
        return {"most_a_month": None}, "不再限购"
    most = _number(text, article.measure, 1, 9_999)
    return {"most_a_month": most}, f"每户每月限 {most} {article.measure}"


def _mark(text: str, article: Article) -> tuple[dict[str, object], str]:
    mark = _number(text, article.measure, 0, 99_999)
    if not mark:
        return {"low_stock": 0}, "不再预警"
    return {"low_stock": mark}, f"剩 {mark} {article.measure}时预警"


def _best_before(text: str, _article: Article) -> tuple[dict[str, object], str]:
    if text in ("不限", "无", "取消"):
        return {"best_before": ""}, "没有保质期"
    day = written_date(re.sub(r"^到\s*", "", text))
    if day is None:
        raise Refused("日期请写成 2027-01-31。")
    return {"best_before": day.isoformat()}, f"保质期到 {day.isoformat()}"


def _supplier(text: str, _article: Article) -> tuple[dict[str, object], str]:
    if not 1 <= len(text) <= NAME_MAX:
        raise Refused(f"供应商或捐赠人最多 {NAME_MAX} 个字。")
    return {"supplier": text}, f"由{text}供应"


CHANGES: dict[str, Callable[[str, Article], tuple[dict[str, object], str]]] = {
    "改价": _price,
    "限购": _most,
    "预警": _mark,
    "保质期": _best_before,
    "供应商": _supplier,
}


@command(
    *CHANGES,
    grammar=r"(?P<text>.+)",
    roles=MANAGER,
    usage="改价/限购/预警/保质期/供应商 商品 新值",
    about="改一样商品",
    topic=TOPIC,
)
def change(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Sent again with the old value it is undone; the supervisor hears of each."""
    word = next(word for word in CHANGES if match[0].startswith(word))
    named = keepers.of_the_shop(ctx, match)
    if named is None:
        return None
    one, article, value = named
    values, told = CHANGES[word](value, article)
    shop.change_article(ctx.tx, article.id, **values)
    text = f"{article.name}：{told}。"
    key = f"{ctx.message.channel}:{ctx.message.id}"
    keepers.tell_supervisors(
        ctx, one, f"【{word}】{one.name}{text}经手{ctx.person.name}。", fact="shop.article", key=key
    )
    return text


def _number(text: str, measure: str, lowest: int, most: int) -> int:
    match = re.fullmatch(rf"(?:为|成|到)?\s*(\d{{1,6}})\s*(?:{re.escape(measure)}|[分个件份])?", text)
    if match is None or not lowest <= int(match[1]) <= most:
        raise Refused(f"要写 {lowest} 到 {most} 之间的整数。")
    return int(match[1])


@command(
    "配图", grammar=r"(?P<text>.+)", roles=MANAGER, usage="配图 商品", about="先发照片，再发这句", topic=TOPIC
)
def picture(ctx: Ctx, match: re.Match[str]) -> str | None:
    """The newest photo that the manager sent and that belongs to no report becomes the article's."""
    named = keepers.of_the_shop(ctx, match)
    if named is None:
        return None
    _, article, rest = named
    if rest:
        raise Refused("请这样发：配图 商品")
    assert ctx.account is not None
    found = photos.newest_waiting(ctx.tx, account_id=ctx.account.id, since=ctx.now - PHOTO_SECONDS)
    if found is None:
        raise Refused("请先发一张照片，再发：配图 商品")
    photo_id, jpeg = found
    if jpeg is None:
        raise Refused("照片还在取，请过一分钟再发一次这句。")
    shop.change_article(ctx.tx, article.id, photo=jpeg)
    photos.drop(ctx.tx, photo_id)
    return f"{article.name}的图片换好了。"
