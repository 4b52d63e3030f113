"""Opening windows: read as people write them, told again, and when the next one comes."""

import pytest

from handlers import opening
from handlers.days import clock_time
from tests.town import DAY, HOUR, NOW

WEEKDAYS = "周一至周五 09:00-17:00"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("周一至周五 9:00-17:00", WEEKDAYS),
        ("星期一到星期五９点－１７点", WEEKDAYS),
        ("周一到五 9点至17时", WEEKDAYS),
        ("周六、周日 9:30—12:00", "周六、周日 09:30-12:00"),
        ("每周三 14点半-16:00", "周三 14:30-16:00"),
        ("每天 8-24点", "每天 08:00-24:00"),
        ("每月5日、20号 9:00-16:00", "每月5日、20日 09:00-16:00"),
        ("每季度15日 9-16", "每季度首月15日 09:00-16:00"),
        ("每季度首月15日 9-16", "每季度首月15日 09:00-16:00"),
        ("3月、6月、9月、12月的20日 9-16", "3月、6月、9月、12月20日 09:00-16:00"),
        ("周二、周四 9-11；周六 9-17；", "周二、周四 09:00-11:00；周六 09:00-17:00"),
        ("随时", "随时"),
    ],
)
def test_windows_are_read_as_they_are_written(written: str, read: str) -> None:
    told = opening.told(opening.parse(written))
    assert told == read
    assert opening.told(opening.parse(told)) == read


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", f"营业时间没看懂，{opening.HOW}"),
        ("工作日", f"营业时间“工作日”没看懂，{opening.HOW}"),
        ("工作日 9-17", f"营业时间里的日子“工作日”没看懂，{opening.HOW}"),
        ("周五至周一 9-17", "营业时间里的日子“周五至周一”前后反了"),
        ("周一 17:00-9:00", "营业时间“周一 17:00-9:00”的钟点不对"),
        ("周一 9:00-25:00", "营业时间“周一 9:00-25:00”的钟点不对"),
        ("每月32日 9-16", "营业时间里的日子“每月32日”不对"),
        ("13月5日 9-16", "营业时间里的日子“13月5日”不对"),
    ],
)
def test_what_is_no_window_is_said(written: str, why: str) -> None:
    with pytest.raises(ValueError) as bad:
        opening.parse(written)
    assert str(bad.value) == why


def test_a_window_begins_and_ends_to_the_second() -> None:
    weekdays = opening.parse(WEEKDAYS)
    shut, opens, last, ends = NOW - 1, NOW, NOW + 8 * HOUR - 1, NOW + 8 * HOUR  # Monday, 09:00 to 17:00
    assert [opening.is_open(weekdays, at) for at in (shut, opens, last, ends)] == [False, True, True, False]
    assert not opening.is_open(weekdays, NOW + 5 * DAY)  # Saturday
    assert opening.is_open(None, shut)


@pytest.mark.parametrize(
    ("written", "since", "start", "end"),
    [
        (WEEKDAYS, NOW - 1, "11月23日 09:00", "11月23日 17:00"),
        (WEEKDAYS, NOW, "11月24日 09:00", "11月24日 17:00"),
        (WEEKDAYS, NOW + 4 * DAY, "11月30日 09:00", "11月30日 17:00"),
        ("周一 9-11；周一 14-16", NOW, "11月23日 14:00", "11月23日 16:00"),
        ("每月5日 9-16", NOW, "12月5日 09:00", "12月5日 16:00"),
        ("每月31日 9-16", NOW, "12月31日 09:00", "12月31日 16:00"),
        ("每季度15日 9-16", NOW, "1月15日 09:00", "1月15日 16:00"),
    ],
)
def test_the_next_window_is_the_first_that_begins_later(
    written: str, since: int, start: str, end: str
) -> None:
    windows = opening.parse(written)
    assert windows is not None
    found = opening.next_window(windows, since)
    assert found is not None
    assert (clock_time(found[0]), clock_time(found[1])) == (start, end)


def test_an_order_waits_seven_days_and_never_less_than_until_the_next_window_ends() -> None:
    def until(written: str) -> str:
        return clock_time(opening.pick_up_until(opening.parse(written), NOW, 7 * DAY))

    assert until("随时") == until(WEEKDAYS) == "11月30日 09:00"
    assert until("每月5日 9-16") == "12月5日 16:00"
    assert until("每月23日 9-16") == "12月23日 16:00"  # ordered on the day itself, the next one counts


def test_a_day_may_be_extended_and_the_extension_ends_with_it() -> None:
    saturday = opening.parse("周六 9-12")
    assert saturday is not None
    longer = opening.extended(saturday, NOW, NOW + 2 * HOUR, "集中兑换")
    assert longer["extra"] == [{"date": "2026-11-23", "from": "09:00", "to": "11:00", "reason": "集中兑换"}]
    assert [opening.is_open(longer, NOW + after) for after in (0, 2 * HOUR - 1, 2 * HOUR, DAY)] == [
        True,
        True,
        False,
        False,
    ]
    again = opening.extended(longer, NOW + DAY, NOW + DAY + HOUR, "补兑换")
    assert [one["reason"] for one in again["extra"]] == ["补兑换"]
