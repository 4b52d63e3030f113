"""Who keeps a shop (店长, 监督员), which of its articles a text names, who is told what happens there."""

import re

from handlers import notify, whom
from handlers.ctx import GAP, Ctx, JobCtx, Refused, is_set_apart, may
from handlers.goods import squeezed
from nlp.plain import plain
from store import people, shop
from store.shop import Article, Shop

MANAGER = ("shop_manager",)
SUPERVISOR = ("shop_supervisor",)
KEEPERS = MANAGER + SUPERVISOR
TOPIC = "管店"  # of a keeper's commands in 帮助
_BETWEEN = r"[\s,:;、。]*"


def kept(ctx: Ctx, *roles: str) -> list[Shop]:
    """The shops that the speaker keeps in one of these roles, as manager where none is named."""
    return [one for one in shop.all_shops(ctx.tx) if may(ctx, one.unit_id, *(roles or MANAGER))]


def the_shop(ctx: Ctx, text: str, *roles: str) -> tuple[Shop, str]:
    """The shop that a text begins with, or the only one the speaker keeps; and the rest of the text."""
    mine = kept(ctx, *roles)
    if not mine:
        raise Refused("您没有管理的平安超市。")
    for one in sorted(mine, key=lambda one: -len(one.name)):
        if match := re.match(rf"{_spelled(one.name)}{GAP}", text):
            return one, text[match.end() :]
    if len(mine) > 1:
        raise Refused(f"您管几个店，请先写店名：{'、'.join(one.name for one in mine)}。")
    return mine[0], text


def the_article(ctx: Ctx, one: Shop, text: str) -> tuple[Article, str]:
    """The article of a shop that a text begins with, by its whole name or code, and the rest of the text.

    The longest name counts: 食用油 1.8 L 20 is twenty of that oil.
    """
    found: list[tuple[int, Article]] = []
    for article in shop.articles_of(ctx.tx, [one.id]):
        # A number may follow a name at once (大米20), never a code.
        labels = {article.name: "A-Za-z", article.name.split()[0]: "A-Za-z", article.code: r"A-Za-z\d"}
        for label, goes_on in labels.items():
            if match := re.match(rf"{_spelled(label)}(?![{goes_on}])", text, re.IGNORECASE):
                found.append((match.end(), article))
    longest = max((end for end, _ in found), default=0)
    named = {article.id: article for end, article in found if end == longest}
    if not named:
        raise Refused(f"{one.name}没有这样商品，发“库存”看名称。")
    if len(named) > 1:
        raise Refused(f"请写全名：{'、'.join(sorted(article.name for article in named.values()))}")
    return next(iter(named.values())), text[longest:]


def _spelled(name: str) -> str:
    """A pattern for a name, however its parts are set apart."""
    return _BETWEEN.join(map(re.escape, squeezed(name)))


def of_the_shop(ctx: Ctx, match: re.Match[str]) -> tuple[Shop, Article, str] | None:
    """The speaker's shop, one of its articles, and what else the `text` of a manager's command says.

    None where it names no article and is not written like a command: 盘点的时候灯坏了 is a report.
    """
    try:
        one, rest = the_shop(ctx, plain(match["text"]))
        article, rest = the_article(ctx, one, rest)
    except Refused:
        if not is_set_apart(match, "text"):
            return None
        raise
    return one, article, re.sub(rf"^{GAP}", "", rest).strip()


def shop_of(ctx: Ctx | JobCtx, shop_id: int) -> Shop:
    return next(one for one in shop.all_shops(ctx.tx) if one.id == shop_id)


# --- who is told


def tell_supervisors(ctx: Ctx | JobCtx, one: Shop, text: str, *, fact: str, key: object) -> None:
    """What a supervisor must see, once per `key`."""
    notify.persons(ctx, _holding(ctx, one, "shop_supervisor"), text, fact=fact, key=key)


def tell_keepers(ctx: Ctx | JobCtx, one: Shop, text: str, *, fact: str, key: object) -> None:
    """What both the manager and the supervisor of a shop must know."""
    holders = [person_id for role in KEEPERS for person_id in _holding(ctx, one, role)]
    notify.persons(ctx, list(dict.fromkeys(holders)), text, fact=fact, key=key)


def tell_household(ctx: Ctx | JobCtx, household_id: int, text: str, *, fact: str, key: object) -> None:
    """Everybody of the household who has WeChat."""
    whom.tell(ctx, household_id, text, fact=fact, key=key)


def tell_group(ctx: Ctx | JobCtx, one: Shop, text: str, *, fact: str, key: object) -> None:
    """The group of the unit that the shop stands in."""
    notify.group(ctx, ctx.registry.units[one.unit_id], text, fact=fact, key=key)


def _holding(ctx: Ctx | JobCtx, one: Shop, role: str) -> list[int]:
    """Those who hold the role nearest to the shop: its village's, else its town's, else the county's."""
    for unit in ctx.registry.chain(one.unit_id):
        if holders := people.holding(ctx.tx, role, [unit.id]):
            return [person_id for person_id, _, _ in holders]
    return []
