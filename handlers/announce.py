"""Say what happened once: a journal line, the points and the notices that the town's rules attach to it."""

from dataclasses import dataclass

from handlers.ctx import County, Ctx, JobCtx
from handlers.days import clock_time
from handlers.earn import earn, home_of
from handlers.rules import NoticeRule
from nlp.slots import mask_phones
from store import journal, merges, outbox, people
from store.awards import Outcome
from store.cases import Case
from store.tx import Tx
from store.units import Unit

TEXT_MAX = 120  # characters of a report shown in a group
DOUBLES = "\n与编号 {doubles} 相似，同一件请发：并案 {number} 编号；不是请发：不是同一件 {number}"
# What becomes of a case, and with it of the cases that were joined to it.
OUTCOMES = frozenset({"case.rejected", "case.resolved", "case.answered", "case.closed"})
KIND_NAMES = {"suggestion": "建议", "complaint": "投诉"}


@dataclass(frozen=True, slots=True)
class _Teller:
    """What rules are applied with, the same for a message, a page and a job."""

    tx: Tx
    now: int
    county: County
    actor_id: int | None
    actor: str


def announce(
    ctx: Ctx | JobCtx,
    fact: str,
    case: Case,
    *,
    from_state: str = "",
    note: str = "",
    doubles: str = "",
    silent: bool = False,
) -> list[Outcome]:
    """Write the journal line of `fact` and apply the rules that match it; what was earned by them.

    `fact` is "<noun>.<past verb>"; `note` is what the actor said, `doubles` the numbers of what the case
    is likely the same as; a `silent` fact sends no notices. Twice means two lines: call it once.
    """
    person = ctx.person if isinstance(ctx, Ctx) else None
    teller = _Teller(
        ctx.tx, ctx.now, ctx.county, person.id if person else None, person.name if person else "系统"
    )
    line = journal.add(
        ctx.tx,
        case_id=case.id,
        fact=fact,
        actor_id=teller.actor_id,
        now=ctx.now,
        from_state=from_state,
        to_state=case.state,
        note=note,
    )
    ctx.tx.after_commit(lambda: ctx.county.open_cases.take(case))
    earned = []
    for rule in ctx.county.rules.points.of_fact(fact):
        earner = {"reporter": case.reporter_id, "handler": case.handler_id}.get(rule.who, teller.actor_id)
        if earner is not None:
            outcome = earn(
                ctx,
                rule,
                person_id=earner,
                unit_id=case.unit_id,
                idem=f"award:{rule.name}:{case.id}:{earner}",
                cause=f"case:{case.id}",
                number=case.id,
                case_id=case.id,
            )
            earned.append(outcome)
    if not silent:
        _notify(teller, fact, case, line, note, doubles)
    return earned


def award_actor(
    ctx: Ctx, fact: str, *, person_id: int, day: str, key: str = "", number: object = ""
) -> list[Outcome]:
    """Apply the points rules of a fact that belongs to no case: what somebody did on a local day.

    Once per person and `key`, the day where none is given; what was earned by it.
    """
    key = key or day
    return [
        earn(
            ctx,
            rule,
            person_id=person_id,
            unit_id=home_of(ctx, person_id),
            idem=f"{rule.name}:{person_id}:{key}",
            cause=f"{fact}:{person_id}:{key}",
            number=number,
            day=day,
        )
        for rule in ctx.county.rules.points.of_fact(fact)
        if rule.who == "actor"
    ]


def _notify(teller: _Teller, fact: str, case: Case, line: int, note: str, doubles: str) -> None:
    severity = "urgent" if case.urgent else "normal"
    level = teller.county.registry.units[case.unit_id].level
    rows = []
    for rule in teller.county.rules.notices_by_fact.get(fact, ()):
        if rule.category not in ("", case.category):
            continue
        if rule.kind not in ("", case.kind):
            continue
        if rule.severity not in ("", severity) or rule.level not in ("", level):
            continue
        text = _fill(teller, rule.text, case, note, doubles)
        rows += _rows_of(teller, rule, case, text, f"{fact}:{line}:{rule.name}")
        if rule.to == "reporter" and fact in OUTCOMES:
            rows += _to_joint_reporters(teller, rule, case, note, f"{fact}:{line}:{rule.name}")
    outbox.add(teller.tx, rows)


def _rows_of(teller: _Teller, rule: NoticeRule, case: Case, text: str, idem: str) -> list[dict[str, object]]:
    if rule.to == "reporter":
        return _to_reporter(teller, case, text, idem)
    if rule.to == "department":
        if case.department_id is None:
            return []
        department = teller.county.registry.departments[case.department_id]
        return [_group_row(teller, rule, case, text, idem, department.group_webhook, department.unit_id)]
    groups = [unit for unit in teller.county.registry.chain(case.unit_id) if _has_group(unit, rule.to)]
    return [
        _group_row(teller, rule, case, text, f"{idem}:{unit.code}", unit.group_webhook, unit.id)
        for unit in groups
    ]


def _has_group(unit: Unit, to: str) -> bool:
    """A level's group; below the village there is a group only where the registry names one."""
    if to == "all":
        return bool(unit.group_webhook) or unit.level in ("county", "town", "village")
    return unit.level == to


def _group_row(
    teller: _Teller, rule: NoticeRule, case: Case, text: str, idem: str, address: str, unit_id: int
) -> dict[str, object]:
    return outbox.row(
        channel="group",
        address=address,
        unit_id=unit_id,
        text=text,
        format=rule.format if address else "text",
        fact=rule.fact,
        case_id=case.id,
        idem=idem,
        now=teller.now,
    )


def _to_reporter(teller: _Teller, case: Case, text: str, idem: str) -> list[dict[str, object]]:
    """The reporter hears in the official account; who has none there sees it on the progress page."""
    openid = people.accounts_of(teller.tx, [case.reporter_id], "official").get(case.reporter_id)
    if openid is None:
        return []
    return [
        outbox.row(
            channel="official",
            address=openid,
            text=text,
            fact="reporter",
            case_id=case.id,
            idem=idem,
            now=teller.now,
        )
    ]


def _to_joint_reporters(
    teller: _Teller, rule: NoticeRule, case: Case, note: str, idem: str
) -> list[dict[str, object]]:
    """Who reported what was joined to the case hears its outcome too, each under the own number and once."""
    rows, told = [], {case.reporter_id}
    for joined in merges.into(teller.tx, case.id):
        if joined.reporter_id not in told:
            told.add(joined.reporter_id)
            text = _fill(teller, rule.text, joined, note)
            rows += _to_reporter(teller, joined, text, f"{idem}:{joined.id}")
    return rows


def _fill(teller: _Teller, template: str, case: Case, note: str, doubles: str = "") -> str:
    county = teller.county
    return template.format(
        number=case.id,
        category=called(county, case),
        where=where(county, case),
        text=clip(mask_phones(case.text)),
        due=clock_time(case.due_at),
        note=clip(mask_phones(note)) or "（无）",
        actor=teller.actor or "居民",
        hotline=case.urgent,
        link=f"{county.base_url}/p/{case.token}",
        doubles=DOUBLES.format(doubles=doubles, number=case.id) if doubles else "",
    )


def category_name(county: County, code: str) -> str:
    """The name of a category; its code where the rules no longer know it."""
    category = county.rules.reading.by_code.get(code)
    return category.name if category else code


def called(county: County, case: Case) -> str:
    """What kind of case it is, then its category: 表扬, 建议·市政设施, 投诉·市政设施."""
    name = category_name(county, case.category)
    return {"report": name, "praise": "表扬"}.get(case.kind) or f"{KIND_NAMES[case.kind]}·{name}"


def where(county: County, case: Case) -> str:
    """The units from the town down, then what the reporter said of the place."""
    unit = county.registry.full_name(case.unit_id)
    return f"{unit}（{mask_phones(case.place)}）" if case.place else unit


def clip(text: str, limit: int = TEXT_MAX) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
