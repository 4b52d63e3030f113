"""Take a message apart that lists several matters, so that each can become a case of its own."""

import re

from nlp.classify import classify
from nlp.rules import OTHER, Rules
from nlp.slots import place_phrase
from nlp.urgent import urgent

MATTERS_MAX = 9
ITEM_LENGTH_MIN = 4  # characters: less names no matter
ITEM_LENGTH_MAX = 80  # a longer item argues; lists of matters are short
TURN_LENGTH_MAX = 100  # characters of a message whose 还有 is looked at: in a letter it only goes on telling
HEAD_LENGTH_MAX = 40  # characters before the first item that are said of all
TEXT_LENGTH_MAX = 1_000

_N = "[1-9１-９一二三四五六七八九]"
_MARK = re.compile(
    rf"(?:(?:^|(?<=[\s。;；:：!！,，?？]))(?:第?(?P<a>{_N})(?:[、)）]|[.．:：,，](?!\d))|(?P<b>[一二三四五六七八九])是)"
    rf"|[(（](?P<c>{_N})[)）]|(?P<d>[①-⑨]))\s*"
)
_ROWS = ("123456789", "１２３４５６７８９", "一二三四五六七八九", "①②③④⑤⑥⑦⑧⑨")
_DIGITS = {each: value for row in _ROWS for value, each in enumerate(row, 1)}
_TURN = re.compile(
    r"(?:[\s,，。;；!！?？])(?:另外|还有就是|还有(?!一[次个]|的|人|很|没|更|什么|多少|几|谁)|此外|再就是|顺便(?:反映|说)?(?:一下)?|再反映一下)[,，、:：]?"
)
# What asks for something to be done about a matter is no further matter.
_DEMAND = re.compile(
    "^(?:希望|请|恳请|要求|建议|强烈|最后|为什么|为何|是否|能否|如果|这样|这|那里|那|本人|我)|[?？]|吗$|请问|为什么|还是|不作为|谢谢|望"
)
_ENDS = " \n,，。;；、:：!！"


def matters(text: str, rules: Rules) -> tuple[str, ...]:
    """The matters of a message, each with what was said before the list; the text alone where it is one.

    Lists (1、… 2、…; 一是… 二是…) and what follows 另外 or 还有 are taken apart only where each part
    surely is a matter by itself and no two agree in category and place: arguments for one complaint
    are often numbered too. An emergency is never taken apart.
    """
    if len(text) > TEXT_LENGTH_MAX:
        return (text,)
    head, items = _listed(text) or _turned(text) or ("", [])
    if not 2 <= len(items) <= MATTERS_MAX or not _are_several(items, rules) or urgent(text, rules):
        return (text,)
    if len(head) > HEAD_LENGTH_MAX:
        head = place_phrase(head) or ""
    return tuple(f"{head}：{item}" if head else item for item in items)


def _listed(text: str) -> tuple[str, list[str]] | None:
    """What stands before a list that counts 1, 2, …, and its items."""
    marks: list[re.Match[str]] = []
    for mark in _MARK.finditer(text):
        if _DIGITS[next(filter(None, mark.groups()))] == len(marks) + 1:
            marks.append(mark)
    if len(marks) < 2:
        return None
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    items = [text[mark.end() : end].strip(_ENDS) for mark, end in zip(marks, ends, strict=True)]
    return text[: marks[0].start()].strip(_ENDS), items


def _turned(text: str) -> tuple[str, list[str]] | None:
    turn = _TURN.search(text)
    if turn is None or len(text) > TURN_LENGTH_MAX:
        return None
    return "", [text[: turn.start()].strip(_ENDS), text[turn.end() :].strip(_ENDS)]


def _are_several(items: list[str], rules: Rules) -> bool:
    if any(not ITEM_LENGTH_MIN <= len(item) <= ITEM_LENGTH_MAX or _DEMAND.search(item) for item in items):
        return False
    guesses = [classify(item, rules) for item in items]
    if any(guess.uncertain or guess.category == OTHER for guess in guesses):
        return False
    kinds = [(guess.category, place_phrase(item)) for guess, item in zip(guesses, items, strict=True)]
    return all(_differ(one, other) for which, one in enumerate(kinds) for other in kinds[:which])


def _differ(one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
    """By category, or by two places that are both named."""
    return one[0] != other[0] or (None not in (one[1], other[1]) and one[1] != other[1])
