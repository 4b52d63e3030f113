"""Opening windows of a shop: on which days and hours goods are handed out, as its people write it.

`shops.opening` holds {"windows": [...], "extra": [...]}. A window names weekdays (1 Monday … 7) or dates of
the month (of some months only, for a quarterly 兑换日) and hours; an extra one names a single day and why.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers.days import ZONE, clock_time, local
from nlp.plain import plain

Opening = dict[str, Any]
WEEKDAYS = "一二三四五六日"
SEARCH_DAYS = 400  # the rarest window comes once a year
WINDOWS_MAX = 14
QUARTERS = [1, 4, 7, 10]
_CLOCK = r"\d{1,2}(?:[:点时](?:\d{2}|半)?分?)?"
_PART = re.compile(rf"(?P<days>.+?) ?(?P<start>{_CLOCK}) ?(?:-|~|—|–|至|到) ?(?P<end>{_CLOCK})")
_WEEKDAY = r"(?:周|星期|礼拜)?(?P<{0}>[一二三四五六日天])"
_SPAN = re.compile(rf"{_WEEKDAY.format('first')}(?:(?:-|~|—|至|到){_WEEKDAY.format('last')})?")
_DATES = re.compile(
    r"(?:每个?月|(?P<quarter>每个?季度?(?:首月|第一个月)?)|(?P<months>(?:\d{1,2}月?[、,和])*\d{1,2}月))的?"
    r"(?P<dates>(?:\d{1,2}[日号]?[、,和])*\d{1,2}[日号])"
)
HOW = "请写成：周一至周五 9:00-17:00；每月5日 9:00-16:00；每季度15日 9:00-16:00"


def parse(text: str) -> Opening | None:
    """The windows of a text such as 周一至周五 9:00-17:00;每月5日 9-16; None for 随时, at any time.

    Raises ValueError with what is wrong, in Chinese.
    """
    text = plain(text)
    if text in ("随时", "不限", "全天"):
        return None
    windows = [_window(part.strip()) for part in re.split(r"[;。\n]", text) if part.strip()]
    if not 1 <= len(windows) <= WINDOWS_MAX:
        raise ValueError(f"营业时间没看懂，{HOW}")
    return {"windows": windows}


def _window(text: str) -> dict[str, Any]:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(f"营业时间“{text}”没看懂，{HOW}")
    start, end = _clock(match["start"]), _clock(match["end"])
    if start is None or end is None or start >= end:
        raise ValueError(f"营业时间“{text}”的钟点不对")
    return {**_days(match["days"]), "from": start, "to": end}


def _clock(text: str) -> str | None:
    """HH:MM; None for no time of the day."""
    hour, _, minute = re.sub("[点时]", ":", text.rstrip("分")).partition(":")
    whole = int(hour) * 60 + (30 if minute == "半" else int(minute or 0))
    return f"{whole // 60:02}:{whole % 60:02}" if whole <= 24 * 60 and int(hour) <= 24 else None


def _days(text: str) -> dict[str, Any]:
    text = text.replace(" ", "")
    if text in ("每天", "每日", "天天"):
        return {"weekdays": list(range(1, 8))}
    if match := _DATES.fullmatch(text):
        return _dates(text, match)
    weekdays: set[int] = set()
    for part in re.split("[、,和]", text.removeprefix("每")):
        span = _SPAN.fullmatch(part)
        if span is None:
            raise ValueError(f"营业时间里的日子“{text}”没看懂，{HOW}")
        first = _weekday(span["first"])
        last = _weekday(span["last"] or span["first"])
        if first > last:
            raise ValueError(f"营业时间里的日子“{text}”前后反了")
        weekdays |= set(range(first, last + 1))
    return {"weekdays": sorted(weekdays)}


def _weekday(text: str) -> int:
    return WEEKDAYS.index(text.replace("天", "日")) + 1


def _dates(text: str, match: re.Match[str]) -> dict[str, Any]:
    months = [int(each) for each in re.findall(r"\d+", match["months"] or "")]
    dates = sorted({int(each) for each in re.findall(r"\d+", match["dates"])})
    if not all(1 <= one <= 12 for one in months) or not all(1 <= one <= 31 for one in dates):
        raise ValueError(f"营业时间里的日子“{text}”不对")
    found: dict[str, Any] = {"dates": dates}
    if months or match["quarter"]:
        found["months"] = sorted(set(months)) or QUARTERS
    return found


def told(opening: Opening | None) -> str:
    """The windows as people read them; `parse` reads it again."""
    if opening is None:
        return "随时"
    return "；".join(f"{_days_told(one)} {one['from']}-{one['to']}" for one in opening["windows"])


def _days_told(window: dict[str, Any]) -> str:
    if "weekdays" not in window:
        dates = "、".join(f"{one}日" for one in window["dates"])
        months = window.get("months")
        if months == QUARTERS:
            return f"每季度首月{dates}"
        return (f"{'、'.join(f'{one}月' for one in months)}" if months else "每月") + dates
    days = window["weekdays"]
    if len(days) == 7:
        return "每天"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"周{WEEKDAYS[days[0] - 1]}至周{WEEKDAYS[days[-1] - 1]}"
    return "、".join(f"周{WEEKDAYS[one - 1]}" for one in days)


def is_open(opening: Opening | None, now: int) -> bool:
    return opening is None or any(start <= now < end for start, end in _on(opening, local(now).date()))


def next_window(opening: Opening, now: int) -> tuple[int, int] | None:
    """(start, end) of the first window that begins after now; None where there is none in 400 days."""
    today = local(now).date()
    for later in range(SEARCH_DAYS):
        for start, end in _on(opening, today + timedelta(days=later)):
            if start > now:
                return start, end
    return None


def pick_up_until(opening: Opening | None, now: int, seconds: int) -> int:
    """When an order made now is given up: after so many seconds, never before the next window has ended."""
    coming = next_window(opening, now) if opening is not None else None
    return max(now + seconds, coming[1] if coming else 0)


def next_told(opening: Opening, now: int) -> str:
    """When it opens next: 11月28日 09:00."""
    coming = next_window(opening, now)
    return clock_time(coming[0]) if coming else "店里通知的时间"


def extended(opening: Opening, now: int, until: int, reason: str) -> Opening:
    """The same, and open from now until `until` of the same day; what was extended on past days goes."""
    today = local(now).date().isoformat()
    kept = [one for one in opening.get("extra", []) if one["date"] >= today]
    clocks = {"from": f"{local(now):%H:%M}", "to": f"{local(until):%H:%M}"}
    return {**opening, "extra": [*kept, {"date": today, **clocks, "reason": reason}]}


def _on(opening: Opening, day: date) -> Iterator[tuple[int, int]]:
    """(start, end) in UTC seconds of each window of a day, earliest first."""
    windows = [one for one in opening["windows"] if _falls_on(one, day)]
    windows += [one for one in opening.get("extra", []) if one["date"] == day.isoformat()]
    yield from sorted((_at(day, one["from"]), _at(day, one["to"])) for one in windows)


def _falls_on(window: dict[str, Any], day: date) -> bool:
    if "weekdays" in window:
        return day.isoweekday() in window["weekdays"]
    return day.day in window["dates"] and day.month in window.get("months", [day.month])


def _at(day: date, clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    midnight = datetime.combine(day, time(), ZONE)
    return int(midnight.timestamp()) + hour * 3600 + minute * 60
