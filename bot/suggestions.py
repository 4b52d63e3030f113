"""`mashang rules suggest`: read the corrections, ask nlp/suggest.py, show each proposal with its evidence."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from handlers.days import ZONE
from nlp.rule_edit import edited
from nlp.rules import Rules, load_categories
from nlp.slots import mask_phones
from nlp.suggest import Past, Suggestion, suggest
from store import corrections
from store.db import Database

PAST_MAX = 20_000
EVIDENCE_MAX = 3
CLIP = 40
ACTIONS = {"add": "加词", "drop": "删词", "weigh": "改权重"}


@dataclass(frozen=True)
class Found:
    """The proposals, the texts they rest on by case number, and how many cases were looked at."""

    list: list[Suggestion]
    texts: Mapping[int, str]
    corrected: int
    confirmed: int


def find(database_url: str, rules: Path, since: str) -> Found:
    """Ask the corrections since a day (YYYY-MM-DD, "" for all). Raises ValueError in one line."""
    at = _seconds(since)
    db = Database(database_url)
    try:
        with db.read() as tx:
            wrong = corrections.since(tx, at, PAST_MAX)
            right = corrections.confirmed(tx, at, PAST_MAX)
    finally:
        db.close()
    past = [Past(each.case_id, each.text, each.after, each.before) for each in wrong]
    past += [Past(number, text, category) for number, text, category in right]
    texts = {each.number: _shown(each.text) for each in past}
    proposals = suggest(past, rules.read_text(encoding="utf-8"), _load) if wrong else []
    return Found(proposals, texts, len(wrong), len(right))


def applied(rules: Path, found: Found) -> str:
    """The rule file with every proposal in it."""
    return edited(rules.read_text(encoding="utf-8"), found.list)


def as_json(each: Suggestion, found: Found) -> dict[str, Any]:
    return {**asdict(each), "texts": [found.texts[number] for number in each.evidence[:EVIDENCE_MAX]]}


def show(found: Found) -> None:
    console = Console()
    console.print(f"改类 {found.corrected} 件，类别没有异议的 {found.confirmed} 件。规则没有改动。")
    if not found.list:
        console.print("没有建议：同样的改类至少要有两件。")
        return
    table = Table(show_lines=True)
    for name in ("建议", "类别", "词", "权重", "依据（编号）", "会改对", "会改错", "原话"):
        table.add_column(name)
    for each in found.list:
        weight = f"{each.before or '无'} → {each.after or '无'}"
        texts = "\n".join(found.texts[number] for number in each.evidence[:EVIDENCE_MAX])
        row = [ACTIONS[each.action], each.category, each.word, weight, _numbers(each.evidence)]
        table.add_row(*row, str(len(each.mends)), _numbers(each.breaks) or "0", texts)
    console.print(table)


def _numbers(numbers: tuple[int, ...]) -> str:
    shown = "、".join(map(str, numbers[:EVIDENCE_MAX]))
    return f"{shown} 等 {len(numbers)} 件" if len(numbers) > EVIDENCE_MAX else shown


def _shown(text: str) -> str:
    """A report as it may be shown: one line, clipped, telephones masked."""
    line = " ".join(mask_phones(text).split())
    return line if len(line) <= CLIP else line[: CLIP - 1] + "…"


def _seconds(day: str) -> int:
    if not day:
        return 0
    try:
        start = date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"--since 要写成 2026-11-01 这样，不是 {day}") from None
    return int(datetime(start.year, start.month, start.day, tzinfo=ZONE).timestamp())


def _load(text: str) -> Rules:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.toml"
        file.write_text(text, encoding="utf-8")
        return load_categories(file)
