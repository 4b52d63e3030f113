"""Where a matter is: scanned QR codes, locations, and which unit a report belongs to."""

import re

from handlers.announce import announce, where
from handlers.ctx import BARE, Ctx
from handlers.message import Reply
from nlp import Reading
from store import cases, people
from store.cases import Case
from store.people import Person
from store.units import Unit

JOIN_SECONDS = 600  # a photo or location this soon after a report belongs to it
SCAN_SECONDS = 86_400  # a scanned QR tells the place of reports for a day
GRID_LEVELS = ("grid", "micro")
PLACE_MAX = 120  # characters
BESIDE = r"的?(?:$|[大正东西南北]?门|旁|边|对面|附近|前|后|里|内|外|下|上|隔壁|斜对|[东西南北]边)"
# What the answer to “where?” ends with; a matter ends otherwise: 3号楼又漏了.
PLACE_END = re.compile(
    r"(?:[楼院门号栋幢元层室组队社巷村街路格区园苑场桥镇乡厂店家口边旁面近里处头前后上下内外角站这那\d]|\d弄|[这那]儿)$"
)
ANSWER_MAX = 25  # characters; longer texts are reports of their own
QUESTION = "请问具体在哪里？直接回复村(社区)、网格名或门牌，也可以发位置。"


def unit_of(ctx: Ctx, reading: Reading, reporter: Person) -> int:
    """The unit of a report: the QR scanned, the reporter's own grid, the place in the text, or the lowest
    unit that surely holds it; at last the county. Who writes for somebody unknown lends the own unit."""
    named = _named(ctx, _told(ctx, reading))
    sure = _scanned(ctx) or _own_grid(ctx, reporter)
    if sure is not None:
        return named if named is not None and ctx.registry.holds(sure, named) else sure
    return _lowest(ctx, named, _own_unit(ctx, reporter) or _own_unit(ctx, ctx.person)) or _county(ctx)


def charged(ctx: Ctx, kind: str, unit_id: int) -> int:
    """Who answers for a case whose matter lies in a unit: for a report that unit.

    For praise and suggestions the village above a grid. For a complaint the level above whoever is
    complained of; a grid's worker does not sit in the village.
    """
    chain = ctx.registry.chain(unit_id)
    above = [unit.id for unit in chain if unit.level not in GRID_LEVELS]
    if kind == "report" or not above:
        return unit_id
    is_own = above[0] == unit_id
    return above[1] if kind == "complaint" and is_own and len(above) > 1 else above[0]


def is_grid(ctx: Ctx, unit_id: int) -> bool:
    return ctx.registry.units[unit_id].level in GRID_LEVELS


def _scanned(ctx: Ctx) -> int | None:
    """The unit whose QR opened the page, or was scanned with this account today."""
    if ctx.message.scene in ctx.registry.by_code:
        return ctx.registry.by_code[ctx.message.scene].id
    account = ctx.account
    if account is None or account.scanned_unit_id not in ctx.registry.units:
        return None
    return account.scanned_unit_id if ctx.now - account.scanned_at <= SCAN_SECONDS else None


def _own_grid(ctx: Ctx, reporter: Person) -> int | None:
    own = [post.unit_id for post in reporter.posts] + [reporter.unit_id]
    return next((unit_id for unit_id in own if unit_id in ctx.registry.units and is_grid(ctx, unit_id)), None)


def _own_unit(ctx: Ctx, reporter: Person) -> int | None:
    """The unit of somebody who works above grid level, such as a village or a town."""
    own = [post.unit_id for post in reporter.posts] + [reporter.unit_id]
    return next((unit_id for unit_id in own if unit_id in ctx.registry.units), None)


def _told(ctx: Ctx, reading: Reading) -> tuple[int, ...]:
    """The units named in the text; where it names none, those of the location sent with it."""
    return reading.places or ctx.county.places.find(ctx.message.label or location(ctx)[2])


def location(ctx: Ctx) -> tuple[float | None, float | None, str]:
    """The location sent with a report or shortly before it, if any."""
    message, account = ctx.message, ctx.account
    if message.lat is not None:
        return message.lat, message.lng, message.label
    if account is None or ctx.now - account.located_at > JOIN_SECONDS:
        return None, None, ""
    return account.lat, account.lng, account.label


def _named(ctx: Ctx, unit_ids: tuple[int, ...]) -> int | None:
    """The lowest unit that holds all that was named. Of two with one name, the one below another that
    was named is meant: 柳湾镇幸福村 is not the 幸福村 of the next town."""
    found = [ctx.registry.units[unit_id] for unit_id in unit_ids]

    def is_meant(unit: Unit) -> bool:
        twins = {other.id for other in found if other.name == unit.name}
        above = {one.id for one in ctx.registry.chain(unit.id)} - twins
        return len(twins) == 1 or any(other.id in above for other in found)

    return ctx.registry.common(unit.id for unit in found if is_meant(unit)) or ctx.registry.common(unit_ids)


def _lowest(ctx: Ctx, named: int | None, own: int | None) -> int | None:
    """What was named, unless the reporter's own unit lies below it."""
    if named is not None and own is not None and ctx.registry.holds(named, own):
        return own
    return named if named is not None else own


def _county(ctx: Ctx) -> int:
    assert ctx.registry.top is not None, "bot/house.py serves no database without a county"
    return ctx.registry.top.id


def scanned(ctx: Ctx) -> str | None:
    """Answer a scanned grid QR; None when the code is no unit's."""
    unit = ctx.registry.by_code.get(ctx.message.scene)
    if unit is None or ctx.account is None:
        return None
    people.scanned(ctx.tx, ctx.account.id, unit_id=unit.id, now=ctx.now)
    return f"您在{ctx.registry.full_name(unit.id)}。\n请直接说有什么问题，可以发照片，马上给您编号。"


def receive(ctx: Ctx) -> Reply:
    """A location joins the report just made, or waits for the one to come."""
    message = ctx.message
    assert ctx.account is not None and message.lat is not None and message.lng is not None
    case = cases.last_of(ctx.tx, ctx.person.id, since=ctx.now - JOIN_SECONDS)
    if case is None or case.state not in cases.BEFORE_RESOLVING:
        people.located(
            ctx.tx, ctx.account.id, lat=message.lat, lng=message.lng, label=message.label, now=ctx.now
        )
        return Reply("位置收到了，请再说说是什么问题。")
    label = message.label or "已标注"
    changed = _amend(ctx, case, message.label, note=f"位置：{label}", lat=message.lat, lng=message.lng)
    return Reply(f"事件 {case.id} 已补上位置：{where(ctx.county, changed)}。", case.id)


def answer(ctx: Ctx) -> Reply | None:
    """Take a short text that only names a place as the answer to our question; None when it is not one."""
    said = ctx.reading.plain
    if len(said) > ANSWER_MAX or ctx.reading.urgent or not _is_place(ctx):
        return None
    case = cases.last_of(ctx.tx, ctx.person.id, since=ctx.now - JOIN_SECONDS)
    if case is None or not case.asked or case.state not in cases.BEFORE_RESOLVING:
        return None
    changed = _amend(ctx, case, said, note=f"地点：{said}")
    return Reply(f"事件 {case.id} 的地点已补充：{where(ctx.county, changed)}。", case.id)


def _is_place(ctx: Ctx) -> bool:
    """Whether a place is named, and no matter. A matter's word may stand in a unit's name (河街农贸市场网格)
    or be a landmark (医院对面)."""
    reading = ctx.reading
    names = ctx.county.places.names(reading.plain)
    said = reading.plain.strip(BARE)
    if not (names or reading.has_place) or not (PLACE_END.search(said) or ctx.county.places.close(said)):
        return False
    return all(
        any(word in name for name in names) or re.search(re.escape(word) + BESIDE, reading.plain)
        for word in reading.words
    )


def _amend(ctx: Ctx, case: Case, place: str, *, note: str, **values: object) -> Case:
    """Add the place, and move the case down when it names a unit below the one the case lies in."""
    # Within 幸福社区 people say 第二网格.
    within = ctx.registry.units[case.unit_id].name + place
    places = ctx.county.places
    named = _named(ctx, places.find(place)) or ctx.registry.common(places.find(within))
    named = None if named is None else charged(ctx, case.kind, named)
    is_below = named is not None and named != case.unit_id and ctx.registry.holds(case.unit_id, named)
    if is_below:
        values["unit_id"] = named
    if place:
        values["place"] = "，".join(filter(None, (case.place, place)))[:PLACE_MAX]
    changed = cases.change(ctx.tx, case, **values)
    announce(ctx, "case.placed" if is_below else "case.amended", changed, note=note)
    return changed
