"""The town's rule files as one immutable value: what reads messages, who hears of what, what earns points."""

import hashlib
import string
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import nlp.answers
import nlp.intent
import nlp.rules
from handlers import patrol_rules, points_rules
from handlers.patrol_rules import PatrolRules, WorkingDays
from handlers.points_rules import PointsRules
from handlers.rule_file import blocks, check, content
from nlp.answers import Answers
from nlp.intent import Intents

LEVELS = ("county", "town", "village", "grid", "micro")
CASE_FACTS = frozenset(
    f"case.{verb}"
    for verb in (
        "opened",
        "amended",
        "placed",
        "dispatched",
        "signed",
        "confirmed",
        "rejected",
        "resolved",
        "verified",
        "failed",
        "closed",
        "sorted",
        "doubled",
        "merged",
        "joined",
        "parted",
        "left",
        "held",
        "answered",
        "split",
        "passed_on",
        "adopted",
        "declined",
    )
)
FACTS = CASE_FACTS | {"checkin.made", "checkin.late", "patrol.done", "survey.answered"}
KINDS = ("report", "suggestion", "praise", "complaint")
SEVERITIES = ("normal", "urgent")
# Group levels, or whom the case concerns.
TARGETS = frozenset({*LEVELS, "all", "department", "reporter"})
PLACEHOLDERS = frozenset(
    {"number", "category", "where", "text", "due", "note", "actor", "hotline", "link", "doubles"}
)


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """Who hears of a fact. An empty condition matches everything."""

    name: str
    fact: str
    to: str
    text: str
    category: str = ""
    severity: str = ""
    level: str = ""
    kind: str = ""
    format: str = "text"


@dataclass(frozen=True)
class Rules:
    reading: nlp.rules.Rules
    intents: Intents
    answers: Answers
    notices: tuple[NoticeRule, ...]
    points: PointsRules
    patrol: PatrolRules
    working_days: WorkingDays
    revision: str

    @cached_property
    def notices_by_fact(self) -> dict[str, list[NoticeRule]]:
        """fact -> its notices, in the order of the file."""
        by_fact: dict[str, list[NoticeRule]] = {}
        for notice in self.notices:
            by_fact.setdefault(notice.fact, []).append(notice)
        return by_fact


def load(folder: Path) -> Rules:
    """Read every rule file of a town. Raises ValueError that names file, block and reason.

    The same files a second time are the same value, read once.
    """
    files = sorted(folder.glob("*.toml"))
    content = b"\0".join(part for file in files for part in (file.name.encode(), file.read_bytes()))
    return _load(folder, hashlib.sha256(content).digest())


@lru_cache(maxsize=2)
def _load(folder: Path, _content: bytes) -> Rules:
    reading = nlp.rules.load(folder)
    intents = nlp.intent.load(folder / "intent.toml")
    answers = nlp.answers.load(folder / "answers.toml")
    notices = _notices(folder / "notices.toml")
    points = points_rules.load(folder / "points.toml", FACTS)
    patrol = patrol_rules.load(folder / "patrol.toml")
    working_days = patrol_rules.load_calendar(folder / "calendar.toml")
    seen = hashlib.sha256(reading.revision.encode())
    for name in (
        "intent.toml",
        "answers.toml",
        "notices.toml",
        "points.toml",
        "patrol.toml",
        "calendar.toml",
    ):
        seen.update((folder / name).read_bytes())
    return Rules(reading, intents, answers, notices, points, patrol, working_days, seen.hexdigest()[:12])


def _notices(file: Path) -> tuple[NoticeRule, ...]:
    listed = blocks(file, content(file, {"notice"}), "notice", NoticeRule)
    names = set()
    for place, rule in listed:
        try:
            _check_notice(rule)
        except ValueError as error:
            raise ValueError(f"{place}：{error}") from None
        check(place.partition("（")[0], rule.name not in names, f"名称 {rule.name} 重复")
        names.add(rule.name)
    return tuple(rule for _, rule in listed)


def _check_notice(rule: NoticeRule) -> None:
    _check_in("fact", rule.fact, CASE_FACTS)
    _check_in("to", rule.to, TARGETS)
    _check_in("severity", rule.severity, {"", *SEVERITIES})
    _check_in("level", rule.level, {"", *LEVELS})
    _check_in("kind", rule.kind, {"", *KINDS})
    _check_in("format", rule.format, {"text", "markdown"})
    _check_template(rule.text)


def _check_in(name: str, value: str, allowed: frozenset[str] | set[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} = {value!r} 不对，可用：{'、'.join(sorted(allowed - {''}))}")


def _check_template(text: str) -> None:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"text 的括号不对：{error}") from None
    if unknown := names - PLACEHOLDERS:
        raise ValueError(f"text 里不认识的占位 {'、'.join(sorted(unknown))}")
