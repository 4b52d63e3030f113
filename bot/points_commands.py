"""`mashang points budgets, grant`: what towns may give in a year, what is left of it, and adding to it."""

from typing import Any

from bot.house import House
from store import budgets, units
from store.db import Database
from store.ledger import POINTS, SCORE
from store.tx import Conflict

UNIT_NAMES = {POINTS: "积分", SCORE: "考核分"}


def budget_rows(db: Database) -> list[str]:
    """A line a budget: its number, town, year, group, and the points left."""
    with db.read() as tx:
        registry = units.load(tx)
        return [
            f"{number}　{registry.units[town].name}　{year} 年　{group}　{UNIT_NAMES[unit]}　余 {left} 分"
            for number, town, year, group, unit, left in budgets.lines(tx)
        ]


def grant(house: House, given: dict[str, Any]) -> dict[str, Any]:
    """Add {"points"} to the budget {"number"}, once per {"key"}: {"left"} or {"error"}."""
    number, now = given["number"], house.now()
    with house.db.read() as tx:
        kinds = {line[0]: line[4] for line in budgets.lines(tx)}
    if number not in kinds:
        return {"error": f"没有编号 {number} 的预算，请先看 mashang points budgets"}
    try:
        house.db.write(
            lambda tx: budgets.grant(
                tx,
                number,
                kinds[number],
                given["points"],
                key=given["key"],
                reason=f"追加预算 {given['key']}",
                now=now,
            )
        )
    except Conflict:
        return {"error": f"文号 {given['key']} 已经追加过，分数不同，什么都没有改。"}
    with house.db.read() as tx:
        return {"left": next(line[5] for line in budgets.lines(tx) if line[0] == number)}
