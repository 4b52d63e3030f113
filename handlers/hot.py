"""热点: what many people report is told to the town's group each morning, to the county's each Monday."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handlers.announce import category_name, clip
from handlers.ctx import JobCtx, cron
from handlers.days import DAY_SECONDS, local, local_day
from nlp.hot import WINDOW_DAYS, Issue, cluster
from nlp.notes import PEOPLE_MIN
from nlp.reports import report
from nlp.slots import mask_phones
from store import outbox, reported
from store.reported import Reported

FACT = "hot.found"
REPORTS_MAX = 20_000  # of the last 30 days, the newest; some six seconds of thinking
TOLD_MAX = 5  # issues a town hears of in one morning
LISTED_MAX = 10
TITLE_MAX = 40  # characters
NUMBERS_MAX = 5
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class _Hot:
    """An issue and the cases it is made of, oldest first."""

    issue: Issue
    cases: list[Reported]

    @property
    def newest(self) -> int:
        return max(case.id for case in self.cases)

    def people_until(self, case_id: int) -> int:
        return len({case.reporter_id for case in self.cases if case.id <= case_id})


def _news_of_towns(ctx: JobCtx) -> list[dict[str, object]]:
    """Notices of the issues each town has not heard of, or that more than twice as many report since.

    An issue is known by its newest case when it was told.
    """
    by_town: dict[int, list[Reported]] = defaultdict(list)
    for case in _reported(ctx):
        town = next((unit for unit in ctx.registry.chain(case.unit_id) if unit.level == "town"), None)
        if town is not None:
            by_town[town.id].append(case)
    rows = []
    for town_id, cases in sorted(by_town.items()):
        news = []
        for hot in _found(cases):
            told = reported.told(ctx.tx, FACT, town_id, [case.id for case in hot.cases])
            before = hot.people_until(told)
            if hot.issue.people >= max(PEOPLE_MIN, 2 * before):
                news.append(_row(ctx, town_id, _told(ctx, hot, before), f"hot:{hot.newest}", hot.newest))
        rows += news[:TOLD_MAX]
    return rows


def _week_of_the_county(ctx: JobCtx) -> list[dict[str, object]]:
    """One notice that lists the issues somebody reported within the week; none where there are none."""
    county = ctx.registry.top
    if county is None:
        return []
    since = ctx.planned - WEEK_DAYS * DAY_SECONDS
    hot = [each for each in _found(_reported(ctx)) if each.issue.end >= since][:LISTED_MAX]
    if not hot:
        return []
    lines = [f"{number}. {_line(ctx, each)}" for number, each in enumerate(hot, 1)]
    text = "\n".join([f"【每周热点】近 {WINDOW_DAYS} 天多人反映、本周仍有人反映的事：", *lines])
    return [_row(ctx, county.id, text, f"hot.week:{local_day(ctx.planned)}", None)]


@cron(hour=8, prepare=_news_of_towns)
def tell_towns(ctx: JobCtx, rows: list[dict[str, object]]) -> None:
    outbox.add(ctx.tx, rows)


@cron(hour=8, minute=30, weekday=1, catch_up_hours=24, prepare=_week_of_the_county)
def tell_county(ctx: JobCtx, rows: list[dict[str, object]]) -> None:
    outbox.add(ctx.tx, rows)


def _reported(ctx: JobCtx) -> list[Reported]:
    """The cases of the last 30 days."""
    since = ctx.planned - WINDOW_DAYS * DAY_SECONDS
    return reported.within(ctx.tx, since, ctx.planned, limit=REPORTS_MAX)


def _found(cases: Iterable[Reported]) -> list[_Hot]:
    by_id = {str(case.id): case for case in cases}
    reports = [
        report(number, str(case.reporter_id), case.text, case.at, place=case.place)
        for number, case in by_id.items()
    ]
    return [_Hot(issue, [by_id[number] for number in issue.ids]) for issue in cluster(reports)]


def _row(ctx: JobCtx, unit_id: int, text: str, idem: str, case_id: int | None) -> dict[str, object]:
    unit = ctx.registry.units[unit_id]
    return outbox.row(
        channel="group",
        address=unit.group_webhook,
        unit_id=unit_id,
        text=text,
        fact=FACT,
        case_id=case_id,
        idem=f"{idem}:{unit.code}",
        now=ctx.now,
    )


def _told(ctx: JobCtx, hot: _Hot, before: int) -> str:
    """The notice to a town. It names no reporter; what they wrote is one line with its phones masked."""
    issue = hot.issue
    grown = f"，比上次通报的 {before} 人多了一倍" if before else ""
    numbers = "、".join(issue.ids[-NUMBERS_MAX:])
    place = f"{issue.place}：" if issue.place else ""
    return "\n".join(
        [
            f"【热点】{place}近 {WINDOW_DAYS} 天有 {issue.people} 人反映同一件事{grown}",
            f"类别：{_category(ctx, hot)}",
            f"地点：{_area(ctx, hot)}",
            f"内容：{_title(issue)}",
            f"时间：{_day(issue.start)}至{_day(issue.end)}，共 {issue.reports} 件",
            f"编号：{numbers}{' 等' if issue.reports > NUMBERS_MAX else ''}",
        ]
    )


def _line(ctx: JobCtx, hot: _Hot) -> str:
    issue = hot.issue
    return (
        f"{_area(ctx, hot)}：{_title(issue)}（{_category(ctx, hot)}，{issue.people} 人 {issue.reports} 件，"
        f"{_day(issue.start)}至{_day(issue.end)}）"
    )


def _title(issue: Issue) -> str:
    return clip(mask_phones(issue.title), TITLE_MAX)


def _category(ctx: JobCtx, hot: _Hot) -> str:
    """What most of the cases are sorted as, of equals the one that came first."""
    return category_name(ctx.county, _most(Counter(case.category for case in hot.cases)))


def _most(counts: Mapping[str, int]) -> str:
    return max(counts, key=lambda code: counts[code])


def _area(ctx: JobCtx, hot: _Hot) -> str:
    """The lowest unit that holds all the cases."""
    common = ctx.registry.common({case.unit_id for case in hot.cases})
    return ctx.registry.full_name(common or hot.cases[0].unit_id)


def _day(at: int) -> str:
    moment = local(at)
    return f"{moment.month}月{moment.day}日"
