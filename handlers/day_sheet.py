"""The day's sheet of a shop: every hand-over with its clerk and who came, for the supervisor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers import keepers
from handlers.ctx import Ctx, Refused
from handlers.days import ZONE, local_day
from handlers.names import masked
from store import cards, people, stock
from store.shop import Shop
from store.stock import Given

LINES_MAX = 1_000
COLLECTORS = {"member": "凭取货码", "card": "凭户卡", "proxy": "代领", "delivery": "送货上门"}


@dataclass(frozen=True, slots=True)
class HandOver:
    """One line that was given out; names are masked, but for the clerk's."""

    number: int
    at: int
    what: str
    points: int
    who: str
    collector: str
    clerk: str


@dataclass(frozen=True, slots=True)
class DaySheet:
    """`goods` is (article, pieces, points) of the whole day, most points first."""

    shop: Shop
    others: list[Shop]
    day: str
    lines: list[HandOver]
    goods: list[tuple[str, int, int]]

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def orders(self) -> int:
        return len({line.number for line in self.lines})


def of(ctx: Ctx, shop_code: str, day: str) -> DaySheet:
    """The sheet of a shop the speaker keeps, the first where none is named, for a day, or today."""
    mine = keepers.kept(ctx, *keepers.KEEPERS)
    if not mine:
        raise Refused("您没有管理或监督的平安超市。")
    one = next((each for each in mine if each.code == shop_code), mine[0])
    first = _day(ctx, day)
    since, until = _midnight(first), _midnight(first + timedelta(days=1))
    given = stock.given(ctx.tx, one.id, since=since, until=until, limit=LINES_MAX)
    articles = stock.names(ctx.tx, {each.article_id for each in given})
    lines = _lines(ctx, given[::-1], articles)
    others = [each for each in mine if each is not one]
    return DaySheet(one, others, first.isoformat(), lines, _totals(given, articles))


def _lines(ctx: Ctx, given: Sequence[Given], articles: Mapping[int, tuple[str, str]]) -> list[HandOver]:
    whose = {one.household_id: cards.of(ctx.tx, one.household_id).name for one in given}
    names = people.names(ctx.tx, {one.clerk_id for one in given} | {one.proxy_id or 0 for one in given})
    return [
        HandOver(
            number=one.redemption_id,
            at=one.at,
            what=f"{articles[one.article_id][0]} {one.count} {articles[one.article_id][1]}",
            points=one.points,
            who=masked(whose[one.household_id]),
            collector=COLLECTORS[one.collector]
            + (f"（{masked(names[one.proxy_id])}）" if one.proxy_id is not None else ""),
            clerk=names[one.clerk_id],
        )
        for one in given
    ]


def _totals(given: Sequence[Given], articles: Mapping[int, tuple[str, str]]) -> list[tuple[str, int, int]]:
    sums: dict[int, tuple[int, int]] = {}
    for one in given:
        pieces, points = sums.get(one.article_id, (0, 0))
        sums[one.article_id] = pieces + one.count, points + one.points
    totals = [(articles[article_id][0], *total) for article_id, total in sums.items()]
    return sorted(totals, key=lambda row: (-row[2], row[0]))


def _day(ctx: Ctx, written: str) -> date:
    today = local_day(ctx.now)
    try:
        return min(date.fromisoformat(written or today), date.fromisoformat(today))
    except ValueError:
        raise Refused("日期要写成 2026-11-23 这样。") from None


def _midnight(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), ZONE).timestamp())
