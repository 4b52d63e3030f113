"""Month-end lists of points (批次): proposed by one person, approved by another."""

import calendar
from datetime import date
from typing import Any

from handlers.applied import APPROVERS
from handlers.batch_sheet import Checked, Line
from handlers.codes import new_code
from handlers.ctx import County
from handlers.days import clock_time, local
from handlers.points_rules import PointsRule
from store import batches, households, outbox, people
from store.people import Person
from store.tx import Tx

STATES = {"proposed": "待批准", "posted": "已入账", "dropped": "已作废"}


def find_proposer(tx: Tx, county: County, called: str) -> Person | str:
    """Who proposes, by name or number; why nobody can be meant."""
    holders = {
        person_id: name
        for role in APPROVERS
        for person_id, name, _ in people.holding(tx, role, list(county.registry.units))
    }
    found = [person_id for person_id, name in holders.items() if called in (name, str(person_id))]
    if len(found) != 1:
        many = f"有 {len(found)} 位{called}，请写人员编号：{'、'.join(map(str, sorted(found)))}"
        return many if found else f"村(社区)工作人员和指挥中心里没有 {called}"
    person = people.by_id(tx, found[0])
    assert person is not None
    return person


def propose(
    tx: Tx, county: County, rule: PointsRule, month: str, checked: Checked, proposer: Person, *, now: int
) -> int:
    """Keep a sheet that was found right, for another person to approve; its number."""
    assert checked.unit_id is not None and not checked.errors
    new = [line for line in checked.lines if line.household is None]
    opened = households.open_all(
        tx, [(line.person, new_code(), line.name, line.unit_id) for line in new], now=now
    )
    lines = [_kept(line, line.household or opened[line.person], month, rule) for line in checked.lines]
    number = batches.add(
        tx,
        month=month,
        rule=rule.name,
        digest=checked.digest,
        state="proposed",
        unit_id=checked.unit_id,
        proposer_id=proposer.id,
        at=now,
        lines=lines,
    )
    unit = next(
        (u for u in county.registry.chain(checked.unit_id) if u.level in ("village", "town")),
        county.registry.units[checked.unit_id],
    )
    row = outbox.row(
        channel="group",
        address=unit.group_webhook,
        unit_id=unit.id,
        text=f"【积分批次待批准 {number}】{month} {rule.title}：{len(lines)} 户，共 {checked.points} 分\n"
        f"提交：{proposer.name}，{clock_time(now)}\n"
        f"请另一位村(社区)或指挥中心的同志批准：批准批次 {number}，或：作废批次 {number}",
        fact="batch.proposed",
        idem=f"batch.proposed:{number}",
        now=now,
    )
    outbox.add(tx, [row])
    return number


def _kept(line: Line, household: int, month: str, rule: PointsRule) -> dict[str, Any]:
    return {
        "line": line.line,
        "household": household,
        "person": line.person,
        "points": line.points,
        "reason": line.reason,
        "idem": line.idem if line.household else f"month:{month}:{rule.name}:{household}",
    }


def day_of(month: str, now: int) -> str:
    """The day a month's awards count for: its last, or today while it runs."""
    year, number = map(int, month.split("-"))
    last = date(year, number, calendar.monthrange(year, number)[1])
    return min(last, local(now).date()).isoformat()
