"""Where in a text as it was written each character of its plain form comes from."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from nlp.plain import AGAIN, EMOJI, SETTLED_MAX, STICKER, UNSEEN, joins, said, simplified

Span = tuple[int, int]  # [start, end) in the text as written
_Traced = list[tuple[str, Span]]  # characters, and what each was made of


def spans(text: str) -> list[Span]:
    """For each character of `plain(text)` the part of `text` it stands for.

    Takes the steps of `plain` once more, one character at a time: 20 times slower, so only for what
    is shown to somebody. What was left out lies between the spans: of 救救救救 the first and the last
    stay, of ！！！ all that is one mark now.
    """
    traced = [(each, (at, at + 1)) for at, each in enumerate(text) if not UNSEEN.match(each)]
    traced = _settled(list(_composed(traced)))
    for blank in (STICKER, EMOJI, re.compile(r"\s+")):
        traced = _replaced(traced, blank, lambda _: " ")
    while traced and traced[-1][0] == " ":
        traced.pop()
    return [span for _, span in (traced[1:] if traced and traced[0][0] == " " else traced)]


def written(start: int, end: int, places: list[Span]) -> Span:
    """The part of a text that its plain characters [start, end) stand for; `places` are its `spans`."""
    return places[start][0], places[end - 1][1]


def _composed(traced: _Traced) -> Iterator[tuple[str, Span]]:
    """Unicode's normal form, which makes one character of e and its accent, and three of …"""
    cluster: _Traced = []
    for each in traced:
        if cluster and not joins(each[0]):
            yield from _normal(cluster)
            cluster = []
        cluster.append(each)
    if cluster:
        yield from _normal(cluster)


def _normal(cluster: _Traced) -> Iterable[tuple[str, Span]]:
    span = cluster[0][1][0], cluster[-1][1][1]
    return [(each, span) for each in unicodedata.normalize("NFKC", _text(cluster))]


def _settled(traced: _Traced) -> _Traced:
    for _ in range(SETTLED_MAX):
        before = _text(traced)
        simple = [(each, span) for each, (_, span) in zip(simplified(before), traced, strict=True)]
        traced = _replaced(simple, AGAIN, said)
        if _text(traced) == before:
            break
    return traced


def _replaced(traced: _Traced, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> _Traced:
    """`pattern.sub(by, text)`, where what is put in has one or two characters or is what stood there."""
    result: _Traced = []
    done = 0
    for found in pattern.finditer(_text(traced)):
        if (new := by(found)) == found[0]:
            continue
        (_, first), (_, last) = traced[found.start()], traced[found.end() - 1]
        places = [(first[0], last[1])] if len(new) == 1 else [first, last]
        result += [*traced[done : found.start()], *zip(new, places, strict=True)]
        done = found.end()
    return result + traced[done:]


def _text(traced: _Traced) -> str:
    return "".join(each for each, _ in traced)
