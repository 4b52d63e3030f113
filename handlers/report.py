"""上报: any text that is no command opens a case at once, from chat, by a QR page or for somebody else."""

import re
from dataclasses import dataclass, replace

from handlers import doubles, place
from handlers.announce import announce, called
from handlers.codes import derived_code, derived_token, keyed, new_token
from handlers.ctx import GAP, County, Ctx, Refused, command
from handlers.days import clock_time
from handlers.message import ID_REMOVED, Message, Reply, without_ids
from handlers.rules import KINDS
from handlers.typed import PHONE, UNSTORABLE
from nlp import Reading
from nlp.plain import plain
from nlp.slots import remove_ids
from store import cases, inbox, people, photos
from store.cases import Case
from store.people import Person
from store.tx import Tx

HOUR = 3600
ANSWER_HOURS = 15 * 24  # praise and suggestions: 13 working days are some 15 days (domain.md)
URGENT_HOURS = 2  # danger to life or property: an answer within two hours (domain.md)
TEXT_MAX = 4_000
OWN_MAX = 20  # of the own cases, among which a complaint looks for its matter
CLAIM_SECONDS = 15 * 86_400
HOTLINES = {"119": "119 火警", "110": "110 报警", "120": "120 急救"}


@dataclass(frozen=True, slots=True)
class Form:
    """What the page behind a QR sends. `id` is drawn when the form opens: sent twice, it acts once."""

    id: str
    unit_code: str
    text: str
    place: str = ""
    phone: str = ""
    photos: tuple[bytes, ...] = ()
    lat: float | None = None
    lng: float | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the page shows. `question`, `hotline` and `warning` are "" where there is none."""

    number: int
    token: str
    claim_code: str
    question: str
    hotline: str
    category: str
    warning: str


def receive(ctx: Ctx, text: str, reporter: Person) -> Reply:
    """Open the case of what somebody said and say so."""
    reading = ctx.reading if text == ctx.message.text else ctx.county.read(text)
    return answer_of(ctx, *open_case(ctx, reading, reporter), reading)


@command("上报", "我要上报", "我要反映", grammar=r"(?P<text>.*\w.*)", usage="上报 内容", about="反映一个问题")
def force(ctx: Ctx, match: re.Match[str]) -> Reply:
    """A report, whatever it sounds like."""
    reading = replace(ctx.county.read(match["text"]), intent="report")
    return answer_of(ctx, *open_case(ctx, reading, ctx.person), reading)


@command(
    "代报",
    grammar=rf"(?P<name>[^\s\d,，、:：]{{2,10}}?){GAP}(?:电话|手机)?{GAP}"
    rf"(?P<phone>{PHONE.pattern}|无电话|没有电话|没电话|无){GAP}(?P<text>.+)",
    usage="代报 姓名 电话 内容",
    about="替没有手机的人反映",
)
def on_behalf(ctx: Ctx, match: re.Match[str]) -> Reply:
    """The person named is the reporter and earns the points; the case and its journal name the writer."""
    phone = "".join(each for each in plain(match["phone"]) if each.isdigit())
    # Without a phone nobody can tell two 王奶奶 apart: each is a new person.
    person_id = people.by_name_and_phone(ctx.tx, match["name"], phone) if phone else None
    if person_id is None:
        person_id = people.add(ctx.tx, now=ctx.now, name=match["name"], phone=phone)
    reporter = people.by_id(ctx.tx, person_id)
    assert reporter is not None
    reading = ctx.county.read(match["text"])
    opened = open_case(ctx, reading, reporter, note=f"替{match['name']}代报")
    return answer_of(ctx, *opened, reading)


def open_case(
    ctx: Ctx,
    reading: Reading,
    reporter: Person,
    *,
    note: str = "",
    spot: str = "",
    token: str = "",
    claim_hash: str | None = None,
    silent: bool = False,
    beside: Case | None = None,
) -> tuple[Case, str]:
    """Open a case for what was read, in the unit that answers for it, with the deadline of its category.

    With it comes what its reporter is told of its doubles, "" where it has none. A `silent` case, and one
    that was told `beside` another, is not compared.
    `spot` is a place given apart from the text; `token` and `claim_hash` come from a page;
    a `silent` case sends no notices (it is settled already); a matter that names no place of its
    own lies where the case `beside` it lies.
    """
    if not reading.text.strip():
        raise Refused("请写一句话，说说是什么问题。")
    kind = reading.intent if reading.intent in KINDS else "report"
    about = _complained_of(ctx, reading, reporter) if kind == "complaint" else beside
    matter_at = about.unit_id if about and not reading.places else place.unit_of(ctx, reading, reporter)
    category = ctx.county.rules.reading.by_code[reading.category]
    hours = category.due_hours if kind in ("report", "complaint") else ANSWER_HOURS
    lat, lng, label = place.location(ctx)
    values = {
        "state": "opened",
        "category": category.code,
        "uncertain": reading.uncertain,
        "score": reading.score,
        "words": list(reading.words),
        "runner_up": reading.runner_up or "",
        "rules_revision": ctx.county.rules.revision,
        "urgent": reading.urgent or "",
        "unit_id": _charged(ctx, kind, about, matter_at),
        "text": _storable(reading.text)[:TEXT_MAX],
        "place": _storable(spot or label),
        "lat": lat,
        "lng": lng,
        "channel": ctx.message.channel,
        "reporter_id": reporter.id,
        "writer_id": ctx.person.id if ctx.person.id != reporter.id else None,
        "handler_id": None,
        "department_id": None,
        "asked": _is_to_ask(ctx, kind, matter_at) and not (spot or label),
        "confirmed": False,
        "token": token or new_token(),
        "claim_hash": claim_hash,
        "opened_at": ctx.now,
        "due_at": ctx.now + (URGENT_HOURS if reading.urgent else hours) * HOUR,
        "resolved_at": None,
        "closed_at": None,
        "kind": kind,
        "accused_id": about.handler_id if about and kind == "complaint" else None,
    }
    case_id = cases.add(ctx.tx, **values)
    case = Case(id=case_id, **{name: values[name] for name in Case.__dataclass_fields__ if name != "id"})  # type: ignore[arg-type]
    since = ctx.now - place.JOIN_SECONDS
    if ctx.account is not None and ctx.account.photo_at >= since:
        photos.join(ctx.tx, case_id=case_id, account_id=ctx.account.id, since=since)
    likely = doubles.NOTHING if silent or beside else doubles.look(ctx, case)
    announce(ctx, "case.opened", case, note=note, doubles=likely.numbers, silent=silent)
    return case, doubles.offer(ctx, case, likely)


def _storable(text: str) -> str:
    """Without what no database takes: a page's form may carry anything, a chat's channel has cleaned it."""
    return UNSTORABLE.sub("", text)


def _charged(ctx: Ctx, kind: str, about: Case | None, matter_at: int) -> int:
    """Who answers for the case; for one that complains of a department, whoever that is a department of."""
    if kind == "complaint" and about is not None and about.department_id is not None:
        return ctx.registry.departments[about.department_id].unit_id
    return place.charged(ctx, kind, matter_at)


def _is_to_ask(ctx: Ctx, kind: str, unit_id: int) -> bool:
    """Whether the place is worth a question. Praise and suggestions are welcome from anywhere."""
    return kind in ("report", "complaint") and not place.is_grid(ctx, unit_id)


def _complained_of(ctx: Ctx, reading: Reading, reporter: Person) -> Case | None:
    """The own case whose handling is complained of: the one named, or the last of that category."""
    own = [case for case in cases.of_reporter(ctx.tx, reporter.id, OWN_MAX) if case.kind == "report"]
    numbers = {int(number) for number in re.findall(r"\d{4,18}", reading.plain)}
    named = [case for case in own if case.id in numbers]
    alike = [case for case in own if case.category == reading.category]
    return next(iter([*named, *alike]), None)


def person_of(ctx: Ctx, case: Case) -> Person:
    """Who reported a case."""
    reporter = people.by_id(ctx.tx, case.reporter_id)
    assert reporter is not None, "a case has a reporter"
    return reporter


def answer_of(ctx: Ctx, case: Case, told_before: str, reading: Reading) -> Reply:
    """What the reporter is told: whom to call, the number, who has it, and what we still need to know."""
    lines = []
    if case.urgent:
        lines.append(f"情况紧急，请马上拨打 {HOTLINES[case.urgent]}！已同时通知各级。")
    first, *rest = _receipt_lines(ctx, case)
    lines += filter(None, [first, told_before, *rest])
    if case.asked:
        lines.append(place.QUESTION)
    if reading.matters:
        lines.append(f"您说了 {len(reading.matters)} 件事，先记在一起；回复“分开”就分别登记。")
    lines.append(f"发“查询 {case.id}”可看进度。")
    return Reply("\n".join(lines), case.id)


def _receipt_lines(ctx: Ctx, case: Case) -> list[str]:
    unit = ctx.registry.units[case.unit_id].name
    match case.kind:
        case "praise":
            return [f"谢谢您的表扬！编号 {case.id}，已转{unit}，会转达给本人。"]
        case "suggestion":
            return [
                f"谢谢您的建议！编号 {case.id}，已转{unit}，采纳不采纳{clock_time(case.due_at)}前答复您。"
            ]
        case "complaint":
            return [
                f"收到您的投诉，编号 {case.id}，类别：{called(ctx.county, case)}。",
                f"已转上一级{unit}处理，{clock_time(case.due_at)}前答复。",
            ]
    told = f"收到，编号 {case.id}，类别：{called(ctx.county, case)}。"
    if place.is_grid(ctx, case.unit_id):
        return [told, f"已通知{unit}的网格员，{clock_time(case.due_at)}前答复。"]
    return [told, f"已转{unit}分拣，{clock_time(case.due_at)}前答复。"]


def from_page(tx: Tx, county: County, form: Form, *, now: int) -> Receipt:
    """Open the case of a form, once per form id; raises Refused when something is missing.

    The reporter is a person of its own until somebody brings the claim code.
    """
    row = inbox.arrive(tx, channel="web", message_id=form.id, now=now)
    if row is None:
        return _receipt_again(tx, county, form)
    unit = county.registry.by_code.get(form.unit_code)
    if unit is None:
        raise Refused("没有这个二维码对应的网格。")
    if form.phone and not PHONE.fullmatch(form.phone):
        raise Refused("电话号码不对，请检查，或者不填。")
    reporter_id = people.add(tx, now=now, phone=form.phone, unit_id=unit.id)
    reporter = Person(reporter_id, "", form.phone, unit.id, ())
    message = without_ids(
        Message(
            form.id,
            "web",
            "",
            "text",
            form.text,
            scene=form.unit_code,
            lat=form.lat,
            lng=form.lng,
            label=form.place,
        )
    )
    reading = county.read(form.text)
    ctx = Ctx(tx, now, county, reporter, None, message, reading)
    code = derived_code(county.secret, "claim", form.id)
    case, _ = open_case(
        ctx,
        reading,
        reporter,
        spot=message.label,
        token=derived_token(county.secret, "case", form.id),
        claim_hash=keyed(county.secret, "claim", code),
    )
    for jpeg in form.photos:
        photos.add(tx, case_id=case.id, jpeg=jpeg, now=now)
    inbox.answer(tx, row, reply="", case_id=case.id)
    return _receipt(county, case, code, form)


def _receipt_again(tx: Tx, county: County, form: Form) -> Receipt:
    kept = inbox.kept(tx, channel="web", message_id=form.id)
    case = cases.get(tx, kept.case_id) if kept and kept.case_id else None
    if case is None:
        raise Refused("这次提交没有成功，请重新打开页面再试。")
    return _receipt(county, case, derived_code(county.secret, "claim", form.id), form)


def _receipt(county: County, case: Case, code: str, form: Form) -> Receipt:
    return Receipt(
        case.id,
        case.token,
        code,
        place.QUESTION if case.asked else "",
        case.urgent,
        called(county, case),
        ID_REMOVED if remove_ids(form.text + form.place)[1] else "",
    )
