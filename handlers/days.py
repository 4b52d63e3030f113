"""Local days of Asia/Shanghai: what day it is, and what people write for one."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
DAY_SECONDS = 86_400
_WORDS = {"今天": 0, "今日": 0, "明天": 1, "明日": 1, "后天": 2, "昨天": -1, "昨日": -1}
NUMERALS = "一二三四五六七八九十"
# How people write a day; what of it parse_day understands depends on what stands there.
DAY = rf"(?:{'|'.join(_WORDS)}|(?:\d{{4}}[-./年])?(?:\d{{1,2}}[-./月])?\d{{1,2}}[日号]?)"
_WRITTEN = re.compile(r"(?:(?P<year>\d{4})[-./年])?(?:(?P<month>\d{1,2})[-./月])?(?P<day>\d{1,2})[日号]?")


def local(now: int) -> datetime:
    return datetime.fromtimestamp(now, ZONE)


def local_day(now: int) -> str:
    """The local date as YYYY-MM-DD."""
    return local(now).date().isoformat()


def month_start(now: int) -> int:
    """When the local month began, in UTC seconds."""
    return int(local(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())


def month_bounds(month: str) -> tuple[int, int]:
    """[when a local month (2026-11) begins, when the next one does) in UTC seconds."""
    begin = datetime.fromisoformat(f"{month}-01").replace(tzinfo=ZONE)
    return int(begin.timestamp()), int((begin + timedelta(days=31)).replace(day=1).timestamp())


def day_bounds(day: date) -> tuple[int, int]:
    """[when a local day begins, when the next one does) in UTC seconds."""
    begin = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    return int(begin.timestamp()), int((begin + timedelta(days=1)).timestamp())


def day_before(now: int) -> str:
    return (local(now).date() - timedelta(days=1)).isoformat()


@lru_cache(maxsize=1_024)
def clock_time(at: int) -> str:
    """11月23日 18:05, for people."""
    moment = local(at)
    return f"{moment.month}月{moment.day}日 {moment:%H:%M}"


def time_of_day(at: int) -> str:
    """18:05, where the day is known."""
    return f"{local(at):%H:%M}"


def past_day(text: str, now: int) -> date | None:
    """The day that `text` names as the newest one that is not to come; None when it names none."""
    today = local(now).date()
    if text in _WORDS:
        return today + timedelta(days=_WORDS[text])
    match = _WRITTEN.fullmatch(text)
    if match is None or match["month"] is None:
        return None
    year = int(match["year"] or today.year)
    try:
        day = date(year, int(match["month"]), int(match["day"]))
        return day.replace(year=year - 1) if match["year"] is None and day > today else day
    except ValueError:
        return None


def parse_day(text: str, now: int, *, since: date | None = None) -> date | None:
    """The day that `text` names (今天, 11-24, 11月24日, 2026-11-24, 24日); None when it names none.

    A day without a month is the next one to come, today included. With `since` it is counted from that
    day instead, and a bare number will do: in 11月24至26 the second is 26.
    """
    today = local(now).date()
    if text in _WORDS:
        return today + timedelta(days=_WORDS[text])
    match = _WRITTEN.fullmatch(text)
    if match is None or (match["month"] is None and since is None and not text.endswith(("日", "号"))):
        return None
    base = since or today
    month = int(match["month"] or base.month)
    year = int(match["year"] or base.year)
    try:
        day = date(year, month, int(match["day"]))
        if match["month"] is None and day < base:
            day = date(year + month // 12, month % 12 + 1, int(match["day"]))
        elif match["year"] is None and day < base - timedelta(days=180):
            day = date(year + 1, month, int(match["day"]))
    except ValueError:
        return None
    return day


def written_date(text: str) -> date | None:
    """The day that a whole date (2027-1-31, 2027年1月31日) names."""
    match = _WRITTEN.fullmatch(text)
    if match is None or match["year"] is None or match["month"] is None:
        return None
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None
