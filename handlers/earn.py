"""Earning by rule: an award with its budget and caps, as rules/points.toml says."""

import calendar
from datetime import date

from handlers.codes import new_code
from handlers.ctx import County, Ctx, JobCtx, cron
from handlers.days import local_day
from handlers.points_rules import PERIODS, SUBJECTS, PointsRule, PointsRules
from store import awards, households, people
from store.awards import Award, Cap, Outcome
from store.budgets import Budget
from store.ledger import POINTS, SCORE
from store.tx import Tx

WITHHELD_BATCH = 100


def household_of(tx: Tx, person_id: int, *, now: int) -> int:
    """The household somebody belongs to; whoever has none yet gets one alone."""
    found = households.of(tx, person_id)
    if found is not None:
        return found
    person = people.by_id(tx, person_id)
    assert person is not None, f"no person {person_id}"
    return households.open_for(
        tx, person_id, code=new_code(), name=person.name, unit_id=person.unit_id, now=now
    )


def home_of(ctx: Ctx | JobCtx, person_id: int) -> int:
    """The unit somebody works or lives in; the county where none is known."""
    is_speaker = isinstance(ctx, Ctx) and ctx.person.id == person_id
    person = ctx.person if isinstance(ctx, Ctx) and is_speaker else people.by_id(ctx.tx, person_id)
    assert person is not None and ctx.registry.top is not None
    own = [post.unit_id for post in person.posts] + [person.unit_id]
    return next((unit_id for unit_id in own if unit_id in ctx.registry.units), ctx.registry.top.id)


def earn(
    ctx: Ctx | JobCtx,
    rule: PointsRule,
    *,
    person_id: int,
    unit_id: int,
    idem: str,
    cause: str,
    number: object = "",
    day: str = "",
    case_id: int | None = None,
    application_id: int | None = None,
    points: int | None = None,
    household_id: int | None = None,
) -> Outcome:
    """Give somebody what a rule says, once per `idem`, out of the budget of the town that holds `unit_id`.

    `day` is the local day it counts for, today where none is given; `household_id` who gets shop points,
    where it was settled before.
    """
    rules = ctx.county.rules.points
    day = day or local_day(ctx.now)
    is_shop = rule.unit == "shop"
    if is_shop and household_id is None:
        household_id = household_of(ctx.tx, person_id, now=ctx.now)
    asked = Award(
        rule=rule.name,
        points=rule.points if points is None else points,
        person_id=person_id,
        household_id=household_id if is_shop else None,
        reason=rule.reason.format(number=number),
        idem=idem,
        cause=cause,
        day=day,
        budget=Budget(town_of(ctx, unit_id), int(day[:4]), rule.group, rules.first_grant(rule)),
        revision=ctx.county.rules.revision,
        unit=POINTS if is_shop else SCORE,
        caps=caps_of(rules, rule),
        cohort=cohort_of(rules, day) if is_shop else 0,
        actor_id=ctx.person.id if isinstance(ctx, Ctx) else None,
        case_id=case_id,
        application_id=application_id,
    )
    return awards.award(ctx.tx, asked, now=ctx.now)


@cron(every=600)
def pay_withheld(ctx: JobCtx) -> None:
    """Book what could not be booked when it was earned: the freeze is lifted, the budget was raised."""
    awards.pay_withheld(ctx.tx, now=ctx.now, limit=WITHHELD_BATCH)


def caps_of(rules: PointsRules, rule: PointsRule) -> tuple[Cap, ...]:
    """The rule's own caps, and for shop points those of all rules together."""
    scopes: list[tuple[str, object]] = [(rule.name, rule)]
    if rule.unit == "shop":
        scopes.append(("", rules.limits))
    return tuple(
        Cap(name, subject, period, most)
        for name, source in scopes
        for subject in SUBJECTS
        for period in PERIODS
        if (most := getattr(source, f"{subject}_{period}"))
    )


def cohort_of(rules: PointsRules, day: str) -> int:
    """The last day points earned on `day` are good, as 20271231: the end of a month; 0 where none expire."""
    months = rules.limits.expiry_months
    if not months:
        return 0
    earned = date.fromisoformat(day)
    year, month = divmod(earned.year * 12 + earned.month - 1 + months, 12)
    month += 1
    return year * 10_000 + month * 100 + calendar.monthrange(year, month)[1]


def town_of(ctx: Ctx | JobCtx | County, unit_id: int) -> int:
    """The town that holds a unit; what lies above the towns is its own."""
    return next((unit.id for unit in ctx.registry.chain(unit_id) if unit.level == "town"), unit_id)
