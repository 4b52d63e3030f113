"""Where a matter is: scanned QR codes, locations, and which unit a report belongs to."""

from handlers.announce import announce, where
from handlers.ctx import Ctx
from handlers.message import Reply
from nlp import Reading
from store import cases, people
from store.cases import Case
from store.people import Person

JOIN_SECONDS = 600  # a photo or location this soon after a report belongs to it
SCAN_SECONDS = 86_400  # a scanned QR tells the place of reports for a day
GRID_LEVELS = ("grid", "micro")
ANSWER_MAX = 40  # characters; longer texts are reports of their own
QUESTION = "请问具体在哪里？直接回复村(社区)、网格名或门牌，也可以发位置。"


def unit_of(ctx: Ctx, reading: Reading, reporter: Person) -> int:
    """The unit of a report: the QR scanned, the reporter's own grid, the place in the text, or the lowest
    unit that surely holds it; at last the county."""
    return (
        _scanned(ctx)
        or _own_grid(ctx, reporter)
        or _lowest(ctx, ctx.registry.common(reading.places), _own_unit(ctx, reporter))
        or _county(ctx)
    )


def is_grid(ctx: Ctx, unit_id: int) -> bool:
    return ctx.registry.units[unit_id].level in GRID_LEVELS


def _scanned(ctx: Ctx) -> int | None:
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


def _lowest(ctx: Ctx, named: int | None, own: int | None) -> int | None:
    """What the text names, unless the reporter's own unit lies below it."""
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
    values = {"lat": message.lat, "lng": message.lng, "place": message.label or case.place}
    case = _amend(ctx, case, ctx.reading, f"位置：{message.label or '已标注'}", values)
    return Reply(f"事件 {case.id} 已补上位置：{where(ctx.county, case)}。", case.id)


def answer(ctx: Ctx) -> Reply | None:
    """Take a short text that only names a place as the answer to our question; None when it is not one."""
    reading = ctx.reading
    names_place = bool(reading.places) or reading.has_place
    if not names_place or reading.score > 0 or reading.urgent or len(reading.plain) > ANSWER_MAX:
        return None
    case = cases.last_of(ctx.tx, ctx.person.id, since=ctx.now - JOIN_SECONDS)
    if case is None or not case.asked or case.state not in cases.BEFORE_RESOLVING:
        return None
    case = _amend(ctx, case, reading, f"地点：{reading.plain}", {"place": reading.plain})
    return Reply(f"事件 {case.id} 的地点已补充：{where(ctx.county, case)}。", case.id)


def _amend(ctx: Ctx, case: Case, reading: Reading, note: str, values: dict[str, object]) -> Case:
    """Add the place, and move the case down when the new words name a unit below the one it lies in."""
    named = ctx.registry.common(reading.places)
    if named is not None and ctx.registry.holds(case.unit_id, named):
        values["unit_id"] = named
    changed = cases.change(ctx.tx, case, asked=False, **values)
    announce(ctx, "case.amended", changed, note=note)
    return changed
