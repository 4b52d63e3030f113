"""派单: a case goes to a department, a person or a unit; 签收: it is taken; 待办: the pile."""

import re

from handlers import approval, batch_approval
from handlers.announce import announce, called, clip
from handlers.ctx import GAP, NUMBER, Ctx, Refused, areas, command, may
from handlers.days import clock_time
from nlp.plain import plain
from nlp.slots import mask_phones
from store import cases, doubles, held_answers, inbox, people
from store.cases import Case
from store.units import Department, Unit

SORTERS = ("dispatcher", "village_staff")
GRID_STAFF = ("worker", "micro_leader", "village_staff")
TAKERS = (*GRID_STAFF, "department")
LIST_MAX = 10
CLIP = 24  # characters of a report shown in a list
STATES = {
    "opened": "待派单",
    "dispatched": "已派单",
    "signed": "办理中",
    "resolved": "待核查",
    "verified": "待结案",
    "closed": "已结案",
    "rejected": "不属实",
    "merged": "已并案",
}
ANSWERS = {"empty": "答复是空的", "formula": "答复像套话", "off_topic": "答复像答非所问"}


def find(ctx: Ctx, number: str) -> Case:
    """The case of this number; the same refusal whether there is none or the speaker may not see it."""
    case = cases.get(ctx.tx, int(number))
    if case is None or not may_see(ctx, case):
        raise Refused(f"没有查到您能看的事件 {int(number)}，请核对编号。")
    return case


def may_see(ctx: Ctx, case: Case) -> bool:
    """The reporter, the writer, who it lies with, and staff of an area that holds it."""
    if ctx.person.id in (case.reporter_id, case.writer_id, case.handler_id):
        return True
    if ctx.person.id == case.accused_id:
        return False
    return is_liaison(ctx, case) or may(
        ctx,
        case.unit_id,
        *GRID_STAFF,
        "dispatcher",
        "leader",
        "auditor",
        "admin",
    )


def is_liaison(ctx: Ctx, case: Case) -> bool:
    """Whether the case lies with a department that the speaker answers for."""
    return case.department_id is not None and any(
        post.department_id == case.department_id for post in ctx.person.posts
    )


def lies_with(ctx: Ctx, case: Case) -> bool:
    """Whether the speaker may take and settle the case: the person it was given to, or those of its place."""
    if ctx.person.id == case.accused_id:
        return False
    if case.handler_id is not None:
        return case.handler_id == ctx.person.id
    if case.department_id is not None:
        return is_liaison(ctx, case)
    return may(ctx, case.unit_id, *GRID_STAFF)


def must_be(case: Case, *states: str) -> None:
    if case.state not in states:
        raise Refused(f"事件 {case.id} 现在是“{STATES[case.state]}”，不能这样操作。")


@command(
    "派单",
    "派给",
    "指派",
    grammar=rf"{NUMBER}(?:{GAP}(?:派?给|到)?\s*(?P<target>.+?))?",
    roles=SORTERS,
    usage="派单 编号 对象",
    about="派给部门、网格、村或某个人",
)
def dispatch(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    if not may(ctx, case.unit_id, *SORTERS):
        raise Refused(f"事件 {case.id} 不在您的辖区。")
    must_be(case, *cases.BEFORE_RESOLVING)
    if not match["target"]:
        raise Refused(f"请写派给谁，例如：派单 {case.id} 派出所。")
    name, values = _target(ctx, case, plain(match["target"]))
    moved = cases.move(ctx.tx, case, "dispatched", **values)
    announce(ctx, "case.dispatched", moved, from_state=case.state, note=name)
    return f"事件 {case.id} 已派给{name}，{clock_time(case.due_at)}前办结。"


def _target(ctx: Ctx, case: Case, target: str) -> tuple[str, dict[str, object]]:
    """What `target` names within the speaker's area, and how the case then lies."""
    area = areas(ctx, *SORTERS)
    departments = [d for d in ctx.registry.departments.values() if target in (d.code, d.name)]
    departments = [d for d in departments if d.unit_id in area]
    units = [u for u in ctx.registry.units.values() if target in (u.code, u.name) and u.id in area]
    persons = {
        person_id: unit_id
        for role in GRID_STAFF
        for person_id, name, unit_id in people.holding(ctx.tx, role, area)
        if name == target
    }
    if case.accused_id in persons:
        raise Refused("投诉不能派给被投诉的人。")
    if len(departments) + len(units) + len(persons) > 1:
        units, departments, persons = _nearest(ctx, case, units, departments, persons)
    if len(departments) + len(units) + len(persons) > 1:
        raise Refused(f"“{target}”不止一个，请写编码，或写全名。")
    if departments:
        return departments[0].name, {"department_id": departments[0].id, "handler_id": None}
    if units:
        return units[0].name, {"unit_id": units[0].id, "department_id": None, "handler_id": None}
    if persons:
        [(person_id, unit_id)] = persons.items()
        below = ctx.registry.holds(case.unit_id, unit_id)
        lies = {"unit_id": unit_id if below else case.unit_id}
        return target, {**lies, "department_id": None, "handler_id": person_id}
    raise Refused(f"辖区里没有叫“{target}”的部门、网格、村或网格员。")


def _nearest(
    ctx: Ctx,
    case: Case,
    units: list[Unit],
    departments: list[Department],
    persons: dict[int, int],
) -> tuple[list[Unit], list[Department], dict[int, int]]:
    """Of several with one name, those that the case's own unit holds or that hold it."""

    def near(unit_id: int) -> bool:
        return ctx.registry.holds(case.unit_id, unit_id) or ctx.registry.holds(unit_id, case.unit_id)

    return (
        [unit for unit in units if near(unit.id)],
        [department for department in departments if near(department.unit_id)],
        {person_id: unit_id for person_id, unit_id in persons.items() if near(unit_id)},
    )


@command("签收", grammar=NUMBER, roles=TAKERS, usage="签收 编号", about="接下一件事")
def sign(ctx: Ctx, match: re.Match[str]) -> str:
    case = find(ctx, match["number"])
    taken = take(ctx, case)
    return f"事件 {taken.id} 已签收，办好后发：办结 {taken.id} 怎么处理的。"


def take(ctx: Ctx, case: Case) -> Case:
    """Sign for a case that lies with the speaker; raises Refused where it does not."""
    if case.state == "signed" and case.handler_id == ctx.person.id:
        raise Refused(f"事件 {case.id} 您已经签收了。")
    must_be(case, "opened", "dispatched")
    if not lies_with(ctx, case):
        raise Refused(f"事件 {case.id} 没有派给您。")
    signed = cases.move(ctx.tx, case, "signed", handler_id=ctx.person.id)
    announce(ctx, "case.signed", signed, from_state=case.state)
    return signed


@command(
    "待办",
    roles=(*SORTERS, "worker", "micro_leader"),
    usage="待办",
    about="看等我办的事件和积分申请",
)
def to_do(ctx: Ctx, _match: re.Match[str]) -> str:
    if not ctx.person.has(*SORTERS):
        own = _listed(ctx, "要办的", _tasks(ctx))
        return "\n".join([*own, *approval.waiting(ctx)]) or "没有待办，都处理完了。"
    area = areas(ctx, *SORTERS)
    counts = cases.count_in_units(ctx.tx, area, cases.OPEN)
    above = [unit_id for unit_id in area if ctx.registry.units[unit_id].level not in ("grid", "micro")]
    pile = cases.in_units(ctx.tx, above, ("opened",), LIST_MAX)
    lines = ["；".join(f"{STATES[state]} {counts[state]} 件" for state in STATES if counts.get(state))]
    if ctx.person.has("dispatcher"):
        lines += _failed(ctx)
        if ctx.county.rules_error:
            lines.append(f"【规则文件有错，仍用原来的规则】{ctx.county.rules_error}")
    lines += _listed(ctx, "待分拣", pile)
    lines += _listed(ctx, "拿不准类别", cases.uncertain_in_units(ctx.tx, area, LIST_MAX))
    lines += _listed(ctx, "待核查", cases.in_units(ctx.tx, area, ("resolved",), LIST_MAX))
    lines += _listed(ctx, "答复待发", held_answers.in_units(ctx.tx, area, LIST_MAX))
    lines += _listed(ctx, "待结案", cases.in_units(ctx.tx, area, ("verified",), LIST_MAX))
    late = [
        case
        for case in cases.in_units(ctx.tx, area, cases.BEFORE_RESOLVING, LIST_MAX)
        if case.due_at < ctx.now
    ]
    lines += _listed(ctx, "已超时", late)
    lines += [*approval.waiting(ctx), *batch_approval.waiting(ctx)]
    return "\n".join(line for line in lines if line) or "没有待办，都处理完了。"


def _failed(ctx: Ctx) -> list[str]:
    """Messages that our own code could not handle: nobody else will look after them."""
    count = inbox.count_failed(ctx.tx)
    if not count:
        return []
    texts = [message["text"] or message["kind"] for _, message in inbox.failed(ctx.tx, LIST_MAX)]
    title = f"【没能自动处理 {count} 条】请管理员运行 mashang inbox retry"
    return [title, *(clip(mask_phones(text), CLIP) for text in texts)]


@command("我的", "我的事件", "我的任务", usage="我的", about="我的任务和我反映的事")
def mine(ctx: Ctx, _match: re.Match[str]) -> str:
    lines = [*_listed(ctx, "要办的", _tasks(ctx)), reported(ctx)]
    return "\n".join(filter(None, lines)) or "您还没有任务，也没有反映过问题。"


def _tasks(ctx: Ctx) -> list[Case]:
    """What lies with the speaker. A village sorts its own pile; what lies in its grids is theirs."""
    units = areas(ctx, "worker", "micro_leader")
    units += [post.unit_id for post in ctx.person.posts if post.role == "village_staff"]
    departments = [p.department_id for p in ctx.person.posts if p.department_id is not None]
    return cases.lying_with(ctx.tx, ctx.person.id, units, departments, LIST_MAX)


def reported(ctx: Ctx) -> str:
    """The list of what the speaker reported, "" for nothing."""
    return "\n".join(_listed(ctx, "我反映的", cases.of_reporter(ctx.tx, ctx.person.id, LIST_MAX)))


def _listed(ctx: Ctx, title: str, found: list[Case]) -> list[str]:
    """The cases of a list; sorters also see which others are likely the same, and which answer waits."""
    if not found:
        return []
    numbers = [case.id for case in found]
    is_sorter = ctx.person.has(*SORTERS)
    alike = doubles.of_cases(ctx.tx, numbers) if is_sorter else {}
    waiting = held_answers.of_cases(ctx.tx, numbers) if is_sorter else {}
    lines = [f"【{title}】"]
    for case in found:
        remark = f"（疑似同一问题：{'、'.join(map(str, alike[case.id]))}）" if case.id in alike else ""
        remark += f"（{ANSWERS[waiting[case.id].kind]}，还没发）" if case.id in waiting else ""
        lines.append(_line(ctx, case) + remark)
    return lines


def _line(ctx: Ctx, case: Case) -> str:
    return f"{case.id} {called(ctx.county, case)}·{STATES[case.state]}：{clip(mask_phones(case.text), CLIP)}"
