"""Change weights in the text of a rule file as a person would: comments and order stay."""

import json
import re
from collections.abc import Iterable
from typing import Protocol

_BLOCK = re.compile(r"^\[\[category\]\][ \t]*(?:#.*)?$", re.MULTILINE)
_CODE = re.compile(r"^code\s*=\s*(\"[^\"\n]*\"|'[^'\n]*')", re.MULTILINE)
_KEYWORDS = re.compile(r"^\[category\.keywords\][ \t]*(?:#.*)?\n", re.MULTILINE)
_HEAD = re.compile(r"^\[", re.MULTILINE)


class Change(Protocol):
    """The weight that a word is to have in a category; 0 takes it out."""

    @property
    def category(self) -> str: ...
    @property
    def word(self) -> str: ...
    @property
    def after(self) -> int: ...


def edited(source: str, changes: Iterable[Change]) -> str:
    """The text of a rule file with these weights changed.

    Raises ValueError for a category whose keywords are not written as lines below [category.keywords].
    """
    for change in changes:
        start, end = _keywords_of(source, change.category)
        source = source[:start] + _table(source[start:end], change.word, change.after) + source[end:]
    return source


def _table(table: str, word: str, weight: int) -> str:
    """The keyword lines of one category; a new word comes first, for nobody has weighed it yet."""
    quoted = json.dumps(word, ensure_ascii=False)
    known = re.compile(
        rf"^(?:{re.escape(quoted)}|'{re.escape(word)}')[ \t]*=[ \t]*-?\d+([^\n]*)\n?", re.MULTILINE
    )
    if not weight:
        return known.sub("", table, count=1)
    line = f"{quoted} = {weight}"
    if known.search(table):
        return known.sub(lambda found: f"{line}{found[1]}\n", table, count=1)
    return f"{line}\n{table}"


def _keywords_of(source: str, code: str) -> tuple[int, int]:
    """Where the keyword lines of a category begin and end."""
    starts = [found.end() for found in _BLOCK.finditer(source)]
    for start, end in zip(starts, [*starts[1:], len(source)], strict=True):
        named = _CODE.search(source, start, end)
        if named and named[1][1:-1] == code:
            table = _KEYWORDS.search(source, start, end)
            if table is None:
                raise ValueError(f"{code}: the keywords do not stand in lines below [category.keywords]")
            after = _HEAD.search(source, table.end(), end)
            return table.end(), after.start() if after else end
    raise ValueError(f"there is no category {code}")
