"""The lists that anybody may read and an office prints: applications, points of a month, goods of a shop.

Each ends with the hash of the books at a month's end (`proof`, "" where nothing was sealed yet): on paper,
nobody can change what was booked before it unseen.
"""

from dataclasses import dataclass

from handlers import blocks
from handlers.application_notices import called
from handlers.ctx import County, JobCtx
from handlers.days import clock_time, local_day, month_bounds
from handlers.names import masked
from store import applications, people, published, shop
from store.published import Stock
from store.tx import Tx
from store.units import Unit

APPLICATIONS_MAX = 500
ROWS_A_PAGE = 1_000
PAGES_MAX = 50
FIRST_YEAR = 2020
ABOVE = ("county", "town")  # too many households for one list: they show their villages instead


@dataclass(frozen=True, slots=True)
class Place:
    """A unit and where else to look: lists of the units below, shops near by."""

    unit: Unit
    below: list[Unit]
    shops: list[tuple[str, str]]  # code, name


@dataclass(frozen=True, slots=True)
class Shown:
    """One application that is public: under a masked name, without what was written."""

    number: int
    name: str
    unit: str
    called: str
    until: str


@dataclass(frozen=True, slots=True)
class Publicity:
    place: Place
    day: str
    applications: list[Shown]
    proof: str


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    unit: str
    what: str
    times: int
    points: int


@dataclass(frozen=True, slots=True)
class Points:
    """A page of the month's points; `before` and `after` are the months beside it, "" for one to come."""

    place: Place
    month: str
    before: str
    after: str
    lines: list[Line]
    households: int
    points: int
    page: int
    has_more: bool
    proof: str


@dataclass(frozen=True, slots=True)
class Goods:
    shop: str
    code: str
    unit: Unit
    month: str
    before: str
    after: str
    lines: list[tuple[str, str, Stock]]  # article, measure
    proof: str


def publicity(tx: Tx, county: County, code: str, *, now: int) -> Publicity | None:
    """What is public now in a unit and below; None for no such unit."""
    unit = county.registry.by_code.get(code)
    if unit is None:
        return None
    found = []
    if unit.level not in ABOVE:
        units = county.registry.under(unit.id)
        found = applications.in_units(tx, units, ("public", "disputed"), APPLICATIONS_MAX)
    names = people.names(tx, [one.person_id for one in found])
    ctx = JobCtx(tx, now, now, county)
    shown = [
        Shown(
            one.id,
            masked(names[one.person_id]),
            county.registry.units[one.unit_id].name,
            called(ctx, one),
            "有异议，核实中" if one.state == "disputed" else f"到 {clock_time(one.public_until or now)}",
        )
        for one in found
    ]
    return Publicity(_place(tx, county, unit), local_day(now), shown, blocks.proof(tx, now))


def points(tx: Tx, county: County, code: str, month: str, page: int, *, now: int) -> Points | None:
    """Page `page` (from 1) of what the households of a unit earned in a month, "" for this one.

    None for no such unit, month or page.
    """
    unit = county.registry.by_code.get(code)
    month = month or local_day(now)[:7]
    if unit is None or not is_month(month, now=now) or not 1 <= page <= PAGES_MAX:
        return None
    lines: list[published.Earned] = []
    together = (0, 0)
    if unit.level not in ABOVE:
        units = county.registry.under(unit.id)
        skip = (page - 1) * ROWS_A_PAGE
        lines = published.earned(tx, units, month, skip=skip, limit=ROWS_A_PAGE + 1)
        together = published.earned_together(tx, units, month)
    before, after = beside(month, now=now)
    return Points(
        _place(tx, county, unit),
        month,
        before,
        after,
        [
            Line(
                masked(line.name),
                county.registry.units[line.unit_id].name,
                _what(county, line),
                line.times,
                line.points,
            )
            for line in lines[:ROWS_A_PAGE]
        ],
        *together,
        page,
        len(lines) > ROWS_A_PAGE,
        _proof(tx, month, now=now),
    )


def goods(tx: Tx, county: County, code: str, month: str, *, now: int) -> Goods | None:
    """Goods in and out of a shop in a month, "" for this one; None for no such shop or month."""
    one = next((one for one in shop.all_shops(tx) if one.code == code), None)
    month = month or local_day(now)[:7]
    if one is None or not is_month(month, now=now):
        return None
    articles = [article for article in shop.articles_of(tx, [one.id]) if not article.is_service]
    since, until = month_bounds(month)
    moved = published.stock(tx, [article.id for article in articles], since=since, until=until)
    unit = county.registry.units[one.unit_id]
    before, after = beside(month, now=now)
    lines = [(article.name, article.measure, moved[article.id]) for article in articles]
    return Goods(one.name, one.code, unit, month, before, after, lines, _proof(tx, month, now=now))


def _place(tx: Tx, county: County, unit: Unit) -> Place:
    registry = county.registry
    below = registry.under(unit.id) if unit.level in ABOVE else []
    villages = [registry.units[one] for one in below if registry.units[one].level == "village"]
    near = [
        (one.code, one.name)
        for one in shop.all_shops(tx)
        if registry.holds(one.unit_id, unit.id) or registry.holds(unit.id, one.unit_id)
    ]
    return Place(unit, villages, near)


def _what(county: County, line: published.Earned) -> str:
    """What a household earned points for; no number of a case or an application."""
    rule = county.rules.points.named(line.rule)
    if rule is not None and rule.title:
        return rule.title
    return line.reason.partition("（")[0]


# --- months


def _proof(tx: Tx, month: str, *, now: int) -> str:
    """The hash at the end of a month; of one that still runs, at the end of the one before."""
    _, end = month_bounds(month)
    return blocks.proof(tx, min(now, end))


def is_month(text: str, *, now: int) -> bool:
    """Whether it is a month like 2026-11 that has begun."""
    year, _, month = text.partition("-")
    digits = len(text) == 7 and f"{year}{month}".isascii() and f"{year}{month}".isdigit()
    if not digits or not (1 <= int(month) <= 12 and int(year) >= FIRST_YEAR):
        return False
    return text <= local_day(now)[:7]


def beside(month: str, *, now: int) -> tuple[str, str]:
    """The month before and the one after; "" for one that has not begun."""
    year, number = map(int, month.split("-"))
    before = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"
    after = f"{year + number // 12}-{number % 12 + 1:02}"
    return before, after if after <= local_day(now)[:7] else ""
