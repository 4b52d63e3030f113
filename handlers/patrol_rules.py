"""rules/patrol.toml and rules/calendar.toml: what counts as a patrol, and which days are worked."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from handlers.rule_file import build, check, content

SATURDAY = 6


@dataclass(frozen=True, slots=True)
class PatrolRules:
    """The block [patrol]; the head of the file says what each key is for."""

    minutes: int = 60
    noon_hour: int = 12
    track_days: int = 90


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Monday to Friday, but for days `off`; and the weekends of `work`."""

    off: frozenset[date]
    work: frozenset[date]

    def __contains__(self, day: str) -> bool:
        """Whether a local day (2026-11-23) is worked."""
        one = date.fromisoformat(day)
        return one in self.work or (one.isoweekday() < SATURDAY and one not in self.off)


def load(file: Path) -> PatrolRules:
    """Raises ValueError that names file and reason."""
    place = f"{file.name} [patrol]"
    rules = build(place, PatrolRules, content(file, {"patrol"}).get("patrol", {}))
    check(place, rules.minutes > 0, "minutes 要大于 0")
    check(place, 0 < rules.noon_hour < 24, "noon_hour 要在 1 到 23 之间")
    check(place, rules.track_days > 0, "track_days 要大于 0")
    return rules


def load_calendar(file: Path) -> WorkingDays:
    """Raises ValueError that names file and reason."""
    found = content(file, {"off", "work"})
    for key, days in found.items():
        is_right = isinstance(days, list) and all(type(day) is date for day in days)
        check(file.name, is_right, f"{key} 要写成一串日期，例如 [2026-10-01, 2026-10-02]")
    days = WorkingDays(frozenset(found.get("off", ())), frozenset(found.get("work", ())))
    check(file.name, not days.off & days.work, "同一天不能既在 off 又在 work")
    return days
