"""流水: what a shop gave out and what came in on a day, for its manager and its supervisor."""

import re

from handlers import keepers
from handlers.ctx import Ctx, Refused, command, refuse_in_group, saw
from handlers.days import DAY, day_bounds, local, parse_day
from handlers.keepers import KEEPERS, TOPIC
from handlers.restock import KINDS
from nlp.plain import plain
from store import households, people, stock
from store.stock import Given, Movement

READ_MAX = 500  # of a day
GIVEN_MAX, MOVED_MAX = 15, 10  # lines of one answer
COLLECTORS = {"member": "本户领", "card": "刷卡领", "proxy": "代领", "delivery": "送货"}


@command(
    "流水",
    "超市流水",
    grammar=rf"(?P<text>.*?)\s*(?P<day>{DAY})?",
    roles=KEEPERS,
    usage="流水 [日期]",
    about="看一天交了什么货、进出了什么货",
    topic=TOPIC,
)
def show(ctx: Ctx, match: re.Match[str]) -> str | None:
    one, rest = keepers.the_shop(ctx, plain(match["text"]), *KEEPERS)
    if rest:
        return None
    refuse_in_group(ctx, match, "流水里有姓名，")
    saw(ctx, f"unit:{one.unit_id}", "流水")
    day = parse_day(match["day"], ctx.now) if match["day"] else local(ctx.now).date()
    if day is None or day > local(ctx.now).date():
        raise Refused("请写过去的日期，例如：流水 11-23")
    since, until = day_bounds(day)
    given = stock.given(ctx.tx, one.id, since=since, until=until, limit=READ_MAX)
    moved = stock.movements(ctx.tx, one.id, since=since, until=until, limit=READ_MAX)
    ids = {each.article_id for each in given} | {each.article_id for each in moved}
    named = stock.names(ctx.tx, ids)
    return "\n".join(
        [
            f"【{one.name}流水】{day.month}月{day.day}日",
            f"交货 {len(given)} 笔，{sum(each.points for each in given)} 分" + _only(given, GIVEN_MAX),
            *_given(ctx, given[:GIVEN_MAX], named),
            f"进出 {len(moved)} 笔" + _only(moved, MOVED_MAX),
            *(_moved(each, named) for each in moved[:MOVED_MAX]),
        ]
    )


def _only(found: list[Given] | list[Movement], most: int) -> str:
    return f"（只列最近 {most} 笔）" if len(found) > most else ""


def _given(ctx: Ctx, given: list[Given], named: dict[int, tuple[str, str]]) -> list[str]:
    ids = {person for each in given for person in (each.person_id, each.clerk_id, each.proxy_id)}
    names = people.names(ctx.tx, ids - {None})  # type: ignore[arg-type]
    homes = households.names(ctx.tx, {each.household_id for each in given})
    lines = []
    for each in given:
        who = names.get(each.person_id or 0) or homes[each.household_id][0] or "未登记姓名"
        proxy = names.get(each.proxy_id or 0, "")
        goods, measure = named[each.article_id]
        lines.append(
            f"单号 {each.redemption_id} {local(each.at):%H:%M} {who} {goods} {each.count} {measure} "
            f"{each.points} 分，{COLLECTORS[each.collector]}{proxy}，经手{names[each.clerk_id]}"
        )
    return lines


def _moved(each: Movement, named: dict[int, tuple[str, str]]) -> str:
    goods, measure = named[each.article_id]
    undone = "（已撤销）" if each.is_reversed else ""
    kind = "" if each.reason.startswith(KINDS[each.kind]) else KINDS[each.kind]
    by = f"，经手{each.actor}" if each.actor else ""
    what = f"{goods} {each.pieces:+d} {measure}，{kind}{each.reason}"
    return f"{each.id} 号 {local(each.at):%H:%M} {what}{by}{undone}"
