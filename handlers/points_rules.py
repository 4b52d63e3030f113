"""rules/points.toml: who earns what from which fact, within which limits, out of which budget."""

from dataclasses import dataclass
from pathlib import Path

from handlers.rule_file import blocks, build, check, content

PATHS = ("self", "application", "batch")
UNITS = ("shop", "score")
WHO = ("actor", "reporter", "handler")
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
    words: str = ""
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
    """For all rules of shop points together; `expiry_months` 0: points are good for ever.

    `appeal_days` a freeze or penalty may be appealed against; an award above `reverse_alone` points is
    taken back by two people.
    """

    person_day: int = 45
    person_month: int = 1350
    household_day: int = 0
    household_month: int = 0
    expiry_months: int = 0
    appeal_days: int = 15
    reverse_alone: int = 100


@dataclass(frozen=True, slots=True)
class PointsRules:
    rules: tuple[PointsRule, ...]
    budgets: tuple[BudgetRule, ...]
    limits: Limits

    def of_fact(self, fact: str) -> tuple[PointsRule, ...]:
        return tuple(rule for rule in self.rules if rule.fact == fact)

    def named(self, name: str) -> PointsRule | None:
        return next((rule for rule in self.rules if name in (rule.name, rule.title)), None)

    def of_path(self, path: str) -> tuple[PointsRule, ...]:
        return tuple(rule for rule in self.rules if rule.path == path)

    def caps(self) -> str:
        """All that is limited and how: another text when a limit was changed."""
        limited = [("", self.limits), *((rule.name, rule) for rule in self.rules)]
        names = [f"{subject}_{period}" for subject in SUBJECTS for period in PERIODS]
        return " ".join(
            f"{name}.{limit}={most}"
            for name, of in limited
            for limit in names
            if (most := getattr(of, limit))
        )

    def first_grant(self, rule: PointsRule) -> int:
        """Points a year of the budget that the rule is paid from."""
        of = (one.points for one in self.budgets if (one.group, one.unit) == (rule.group, rule.unit))
        return next(of, GRANT)


def load(file: Path, facts: frozenset[str]) -> PointsRules:
    """Raises ValueError that names file, block and reason."""
    found = content(file, {"points", "budget", "limits"})
    limits = build(f"{file.name} [limits]", Limits, found.get("limits", {}))
    for name in Limits.__dataclass_fields__:
        check(f"{file.name} [limits]", getattr(limits, name) >= 0, f"{name} 不能小于 0")
    budgets, rules = blocks(file, found, "budget", BudgetRule), blocks(file, found, "points", PointsRule)
    for place, budget in budgets:
        check(place, budget.points > 0, "points 要大于 0")
        check(place, budget.unit in UNITS, f"unit 可用：{'、'.join(UNITS)}")
    keys = [(one.group, one.unit) for _, one in budgets]
    check(file.name, len(set(keys)) == len(keys), "同一组的 budget 写了两次")
    for place, rule in rules:
        _check_rule(place, rule, facts, set(keys))
    names = [rule.name for _, rule in rules] + [rule.title for _, rule in rules if rule.title]
    for name in names:
        check(file.name, names.count(name) == 1, f"名称 {name} 重复")
    return PointsRules(tuple(rule for _, rule in rules), tuple(one for _, one in budgets), limits)


def _check_rule(place: str, rule: PointsRule, facts: frozenset[str], budgets: set[tuple[str, str]]) -> None:
    check(place, rule.path in PATHS, f"path 可用：{'、'.join(PATHS)}")
    if rule.path == "self":
        check(place, rule.fact in facts, f"fact = {rule.fact!r} 不对，可用：{'、'.join(sorted(facts))}")
        check(place, rule.who in WHO, f"who = {rule.who!r} 不对，可用：{'、'.join(WHO)}")
    else:
        check(place, not rule.fact, "不是 path = “self” 的规则不写 fact")
        check(place, bool(rule.title), "缺少 title（申请时说的名称）")
        check(place, rule.unit == "shop", "申请和批次发放的是积分，unit 要写 shop")
    check(place, rule.unit in UNITS, f"unit 可用：{'、'.join(UNITS)}")
    check(place, rule.evidence in ("none", "photo"), "evidence 可用：none、photo")
    check(place, rule.points > 0, "points 要大于 0")
    check(place, rule.public_days >= 0, "public_days 不能小于 0")
    check(
        place,
        not budgets or (rule.group, rule.unit) in budgets,
        f"没有 group = {rule.group!r} 的 [[budget]]",
    )
    for subject in SUBJECTS:
        for period in PERIODS:
            check(place, getattr(rule, f"{subject}_{period}") >= 0, f"{subject}_{period} 不能小于 0")
    try:
        rule.reason.format(number=1)
    except (KeyError, IndexError, ValueError):
        raise ValueError(f"{place}：reason 里只能用 {{number}}") from None
