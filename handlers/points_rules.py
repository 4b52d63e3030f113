"""rules/points.toml: who earns what from which fact, within which limits, out of which budget."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

PATHS = ("self", "application", "batch")
UNITS = ("shop", "score")
SUBJECTS = ("person", "household")
PERIODS = ("day", "month")
GRANT = 1_000_000  # points a town, year and group where a file names no budget


@dataclass(frozen=True, slots=True)
class PointsRule:
    """One block [[points]]; the head of the file says what each key is for. 0 stands for no limit."""

    name: str
    points: int
    reason: str
    fact: str = ""
    who: str = "actor"
    unit: str = "shop"
    group: str = "general"
    path: str = "self"
    title: str = ""
    evidence: str = "none"
    public_days: int = 3
    person_day: int = 0
    person_month: int = 0
    household_day: int = 0
    household_month: int = 0


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """What a town may give in a year to the rules of a group."""

    group: str
    points: int
    unit: str = "shop"


@dataclass(frozen=True, slots=True)
class Limits:
    """For all rules of shop points together; `expiry_months` 0: points are good for ever."""

    person_day: int = 45
    person_month: int = 1350
    household_day: int = 0
    household_month: int = 0
    expiry_months: int = 0


@dataclass(frozen=True, slots=True)
class PointsRules:
    rules: tuple[PointsRule, ...]
    budgets: tuple[BudgetRule, ...]
    limits: Limits

    def of_fact(self, fact: str) -> tuple[PointsRule, ...]:
        return tuple(rule for rule in self.rules if rule.fact == fact)

    def named(self, name: str) -> PointsRule | None:
        return next((rule for rule in self.rules if name in (rule.name, rule.title)), None)

    def first_grant(self, rule: PointsRule) -> int:
        """Points a year of the budget that the rule is paid from."""
        of = (one.points for one in self.budgets if (one.group, one.unit) == (rule.group, rule.unit))
        return next(of, GRANT)


def load(file: Path, facts: frozenset[str]) -> PointsRules:
    """Raises ValueError that names file, block and reason."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file.name}：{error}") from None
    if unknown := set(content) - {"points", "budget", "limits"}:
        raise ValueError(f"{file.name}：不认识的块 {'、'.join(sorted(unknown))}")
    limits: Limits = _build(f"{file.name} [limits]", Limits, content.get("limits", {}))
    budgets = _blocks(file, content, "budget", BudgetRule)
    rules = _blocks(file, content, "points", PointsRule)
    for place, budget in budgets:
        _check(place, budget.points > 0, "points 要大于 0")
        _check(place, budget.unit in UNITS, f"unit 可用：{'、'.join(UNITS)}")
    keys = [(one.group, one.unit) for _, one in budgets]
    _check(file.name, len(set(keys)) == len(keys), "同一组的 budget 写了两次")
    for place, rule in rules:
        _check_rule(place, rule, facts, set(keys))
    names = [rule.name for _, rule in rules] + [rule.title for _, rule in rules if rule.title]
    for name in names:
        _check(file.name, names.count(name) == 1, f"名称 {name} 重复")
    return PointsRules(tuple(rule for _, rule in rules), tuple(one for _, one in budgets), limits)


def _check_rule(place: str, rule: PointsRule, facts: frozenset[str], budgets: set[tuple[str, str]]) -> None:
    _check(place, rule.path in PATHS, f"path 可用：{'、'.join(PATHS)}")
    if rule.path == "self":
        _check(place, rule.fact in facts, f"fact = {rule.fact!r} 不对，可用：{'、'.join(sorted(facts))}")
        _check(place, rule.who in ("reporter", "actor"), f"who = {rule.who!r} 不对，可用：actor、reporter")
    else:
        _check(place, not rule.fact, "不是 path = “self” 的规则不写 fact")
        _check(place, bool(rule.title), "缺少 title（申请时说的名称）")
    _check(place, rule.unit in UNITS, f"unit 可用：{'、'.join(UNITS)}")
    _check(place, rule.evidence in ("none", "photo"), "evidence 可用：none、photo")
    _check(place, rule.points > 0, "points 要大于 0")
    _check(place, rule.public_days >= 0, "public_days 不能小于 0")
    _check(
        place,
        not budgets or (rule.group, rule.unit) in budgets,
        f"没有 group = {rule.group!r} 的 [[budget]]",
    )
    for subject in SUBJECTS:
        for period in PERIODS:
            _check(place, getattr(rule, f"{subject}_{period}") >= 0, f"{subject}_{period} 不能小于 0")
    try:
        rule.reason.format(number=1)
    except (KeyError, IndexError, ValueError):
        raise ValueError(f"{place}：reason 里只能用 {{number}}") from None


def _blocks(file: Path, content: dict[str, Any], key: str, kind: type[Any]) -> list[tuple[str, Any]]:
    found = []
    for number, block in enumerate(content.get(key, []), 1):
        named = block.get("name") or block.get("group") or "未命名"
        place = f"{file.name} {'预算' if key == 'budget' else ''}第 {number} 块（{named}）"
        found.append((place, _build(place, kind, block)))
    return found


def _build(place: str, kind: type[Any], block: dict[str, Any]) -> Any:
    known = {field.name: field for field in fields(kind)}
    for name, value in block.items():
        _check(place, name in known, f"不认识的项 {name}")
        _check(place, type(value) is known[name].type, f"{name} 的值不对")
    try:
        return kind(**block)
    except TypeError:
        missing = [
            name for name in ("name", "group", "points", "reason") if name in known and name not in block
        ]
        raise ValueError(f"{place}：缺少 {'、'.join(missing)}") from None


def _check(place: str, is_right: bool, reason: str) -> None:
    if not is_right:
        raise ValueError(f"{place}：{reason}")
