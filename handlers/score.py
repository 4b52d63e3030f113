"""考核明细, 更正考核: each award of a worker's score with its number, and one that should not have been."""

import re

from handlers import notify
from handlers.applied import TOPIC
from handlers.assessment import LEADERS
from handlers.checkin import WORKERS
from handlers.ctx import GAP, Ctx, Refused, areas, command, refuse_in_group
from handlers.days import clock_time
from handlers.whom import WHY
from store import ledger, people, scores
from store.scores import Given

CORRECTORS = ("village_staff", "dispatcher", "leader")
LISTED_MAX = 20


@command(
    "考核明细",
    grammar=rf"{GAP}(?P<name>[一-鿿·]{{2,10}})?",
    roles=(*WORKERS, *LEADERS),
    usage="考核明细 姓名",
    about="每一笔考核分和流水号，不写姓名看自己的",
    topic=TOPIC,
)
def entries(ctx: Ctx, match: re.Match[str]) -> str:
    refuse_in_group(ctx, match, "考核分")
    person_id, name = ctx.person.id, ctx.person.name
    if match["name"] and match["name"] != name:
        person_id, name = worker_called(ctx, match["name"])
    lines = [
        f"{one.xfer} {clock_time(one.at)} +{one.points} 分 {one.reason}"
        + ("（已更正）" if one.is_undone else "")
        for one in scores.awards_of(ctx.tx, person_id, LISTED_MAX)
    ]
    return "\n".join([f"【考核明细】{name}", *(lines or ["还没有考核分。"])])


def worker_called(ctx: Ctx, name: str) -> tuple[int, str]:
    """(person id, name) of a worker in the speaker's area; Refused where nobody or several have the name."""
    found = {
        person_id: called
        for role in WORKERS
        for person_id, called, _ in people.holding(ctx.tx, role, areas(ctx, *LEADERS))
        if called == name
    }
    if len(found) != 1:
        raise Refused(f"您的辖区里{'有几位' if found else '没有'}叫{name}的网格员。")
    return next(iter(found.items()))


@command(
    "更正考核",
    grammar=rf"(?:流水号?)?{GAP}(?P<number>\d{{1,18}}){WHY}",
    roles=CORRECTORS,
    usage="更正考核 流水号 理由",
    about="收回一笔不该记的考核分",
    topic=TOPIC,
)
def correct(ctx: Ctx, match: re.Match[str]) -> str:
    """By reversal, as all that is booked; the worker is told who took it back and why."""
    given = _given(ctx, int(match["number"]))
    reason = (match["reason"] or "").strip()
    if not reason:
        raise Refused(f"请写明理由，例如：更正考核 {given.xfer} 照片是旧的。")
    if given.is_undone:
        raise Refused(f"流水 {given.xfer} 已经更正过了。")
    ledger.reverse(ctx.tx, given.xfer, reason=f"更正：{reason}", now=ctx.now, actor_id=ctx.person.id)
    told = (
        f"您 {clock_time(given.at)} 的考核分 {given.points} 分（{given.reason}）已收回：{reason}。"
        f"经办人：{ctx.person.name}。有疑问请联系村(社区)。"
    )
    notify.persons(ctx, [given.person_id], told, fact="score.reversed", key=given.xfer)
    name = people.names(ctx.tx, [given.person_id])[given.person_id]
    return f"已收回{name}的考核分 {given.points} 分（流水 {given.xfer}）。"


def _given(ctx: Ctx, number: int) -> Given:
    """The award of a worker in the speaker's area, of somebody else."""
    given = scores.award(ctx.tx, number)
    area = areas(ctx, *CORRECTORS)
    held = {one for role in WORKERS for one, _, _ in people.holding(ctx.tx, role, area)}
    if given is None or given.person_id not in held:
        raise Refused("您的辖区里没有这个流水号的考核分。流水号请用“考核明细 姓名”查看。")
    if given.person_id == ctx.person.id:
        raise Refused("不能更正自己的考核分，请由别人经手。")
    return given
