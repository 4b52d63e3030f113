"""Find when something happened, as people say it: 昨晚八点, 11月3日, 每天凌晨."""

import re
from collections.abc import Iterator

_NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|[几数半])"
_DAY_PART = "凌晨|清晨|清早|大早|早上|早晨|上午|中午|正午|下午|傍晚|晚上|晚间|夜里|夜间|半夜|深夜|午夜|通宵"
_CLOCK = (
    rf"(?:\d{{1,2}}[:：][0-5]\d|{_NUMBER}点(?:半|钟|多|左右|整|一刻|三刻|\d{{1,2}}分?|以后|之后|以前|之前)"
    r"|\d{1,2}[点时](?![\d建意小候个间而期]))"
)
_SPAN = "天|个?多?月|个?星期|周|年|个?半?小时|分钟|夜"
_AGO = (
    rf"(?:连续|近|这|已经|过去|前|后|大概|大约|快)?{_NUMBER}(?:多|余|来)?(?:{_SPAN})(?:多|左右)?"
    "(?:以前|之前|前|以来|来|内|之内|后|以后)?"
)
_TIMES = (
    # dates
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{4}}年(?:\d{{1,2}}月(?:份|初|底|中旬|上旬|下旬|\d{{1,2}}[日号])?|初|底|年底|上半年|下半年)?"
    r"|\d{1,2}月(?:份|初|底|中旬|上旬|下旬|\d{1,2}[日号])?|[一二三四五六七八九十]{1,2}月(?:份|初|底|[一二三四五六七八九十]{1,3}[日号])"
    r"|\d{1,2}日|\d{1,2}号(?=早|上|中|下|晚|凌|夜|开|到|至|左|那|停|就|又)|(?:今|明|昨|前|后|大前)(?:天|日|晚|早|夜)(?:早上|上午|中午|下午|晚上|凌晨|夜里|半夜)?"
    # weeks, months, years, days as people say them
    r"|(?:上|下|这|本|每)个?(?:周|星期|礼拜)(?:[一二三四五六日天末])?|(?:周|星期|礼拜)[一二三四五六日天末]|(?:上|下|这|本|每)个?月(?:初|底)?"
    "|去年|今年|前年|明年|往年|每年|每天|每日|每晚|每夜|天天|夜夜|晚晚|整晚|整夜|周末|节假日|最近|近期|近来|近日|刚才|刚刚|目前|现在|长期"
    # the clock, and how long ago
    rf"|(?:{_DAY_PART}|早|晚)?{_CLOCK}|(?:{_DAY_PART}|早|晚)[一二两三四五六七八九十]{{1,2}}点(?:半|钟|多)?|{_DAY_PART}|{_AGO}"
)
# What any of them begins with: a set is looked up faster than so many words are tried.
_STARTS = (
    r"\d一二两三四五六七八九十几数半今明昨前后大上下这本每周星礼去往天夜晚整节最近刚目现长凌"
    "清早中正午傍深通连已过快"
)
_TIME = re.compile(
    rf"(?=[{_STARTS}])(?:{_TIMES})(?:的?(?:到|至|直到|起|~|～|-|—)?(?:第二天|次日)?(?:{_TIMES}|{_NUMBER}点(?!建议|意见)))*+(?:左右|前后)?"
)
# Alone they tell no time.
_NO_TIME = re.compile(rf"^(?:长期|现在|目前|{_NUMBER}年|[几数半]点|半天|几年)$")


def times(text: str) -> Iterator[re.Match[str]]:
    """Each time expression, the longest that hangs together as one: 每天凌晨两点到四点."""
    return (found for found in _TIME.finditer(text) if not _NO_TIME.search(found[0]))
