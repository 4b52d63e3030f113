"""What one person said at one time, and how it is read from a table or from a text without a title."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

TITLE_MAX = 60  # characters of a first sentence
_TOWN = ZoneInfo("Asia/Shanghai")
_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?)?"
)
_SENTENCE = re.compile("[^。！？!?；;\n]+")


@dataclass(frozen=True, slots=True)
class Report:
    """What one person said. Reports of one `user` count as one person, also where it is empty."""

    id: str
    user: str
    title: str  # where there is none: the first sentence
    at: int  # UTC seconds
    detail: str = ""
    up: int = 0  # likes


def report(id: str, user: str, text: str, at: int, *, place: str = "") -> Report:
    """A report of a text without a title: its first sentence stands for one. `place` is what was said
    of the place apart from the text; `at` is UTC seconds."""
    first = _SENTENCE.match(text.strip())
    title = (first[0] if first else "")[:TITLE_MAX]
    detail = text.strip()[len(title) :]
    return Report(id, user, title if place in title else f"{place} {title}", at, detail)


def seconds(text: str) -> int:
    """UTC seconds of a time as tables write it: 2019-02-28 11:25:05, 2019/2/28 11:25, 2019/2/28.

    Times without a zone are of China. Raises ValueError for anything else.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a time: {text!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return int(datetime(year, month, day, hour, minute, second, tzinfo=_TOWN).timestamp())
