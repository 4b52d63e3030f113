"""What stands around words: pairs near each other, words that stand alone, words that take one back."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from nlp.scan import Hit
from nlp.words import is_whole
from nlp.written import Span

SIDES = ("before", "after")
_SENTENCE_END = re.compile(r"[。!?;]")
_CLAUSE_END = re.compile(r"[,。!?;:]")
_END = itemgetter(1)


class Cue(NamedTuple):
    """Something that counts in a text, by its key in `Rules.weights`, and where it stands."""

    key: str
    spans: tuple[Span, ...]  # one, or the two words of a pair from left to right


@dataclass(frozen=True, slots=True)
class Pair:
    """Words, folded, that count once where one of either side stands at most `distance` characters apart."""

    firsts: tuple[str, ...]
    seconds: tuple[str, ...]
    weight: int
    distance: int

    @property
    def key(self) -> str:
        """As its row in the file reads: 灯|灯泡…坏|不亮."""
        return f"{'|'.join(self.firsts)}…{'|'.join(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Window:
    """Words beside which another counts less: `percent` of its weight, 0 to 99."""

    side: str  # of SIDES: where they stand
    words: tuple[str, ...]
    but: tuple[str, ...]  # longer words that only look like it: 是不是 is no 不是
    gap: int  # characters that may stand between, all of one clause
    percent: int


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule file asks for beyond single words."""

    pairs: Mapping[str, tuple[Pair, ...]]  # by each of their first words
    whole: frozenset[str]  # words that count more, or only, where jieba sees a word
    windows: tuple[Window, ...]
    silent: frozenset[int]  # words of the scanner that do not count by themselves and hide nothing
    used: frozenset[int]  # words of the scanner that stand in a pair, among the whole words or in a window


def whole_key(word: str) -> str:
    return f"{word}\0"


def less_key(key: str, percent: int) -> str:
    return f"{key}\0{percent}"


def cues(text: str, words: Sequence[Cue], used: Iterable[tuple[str, Span]], context: Context) -> list[Cue]:
    """All that counts: `words`, pairs and whole words, those that are taken back by their lesser key.

    `used` are the words of the context and where they stand, from left to right. Of several
    occurrences of one cue those count that are least taken back.
    """
    places: dict[str, list[Span]] = {}
    for word, span in used:
        places.setdefault(word, []).append(span)
    found = [*words, *_pairs(text, places, context), *_whole(text, places, context)]
    found.sort(key=lambda cue: cue.spans[-1][1])
    stops = list(_stops(places, context.windows))
    if not stops:
        return found
    left: dict[str, list[tuple[int, Cue]]] = {}
    for cue in found:
        left.setdefault(cue.key, []).append((_percent(text, cue, stops), cue))
    return list(_least_taken_back(left))


def _pairs(text: str, places: Mapping[str, list[Span]], context: Context) -> Iterator[Cue]:
    for pair in dict.fromkeys(pair for word in places for pair in context.pairs.get(word, ())):
        firsts, seconds = (
            [span for word in side for span in places.get(word, ())] for side in (pair.firsts, pair.seconds)
        )
        if seconds and (spans := _near(text, firsts, seconds, pair.distance)) is not None:
            yield Cue(pair.key, spans)


def _near(text: str, firsts: list[Span], seconds: list[Span], distance: int) -> tuple[Span, Span] | None:
    """The first place where two words stand near each other in one sentence, in either order."""
    by_start, by_end = sorted(seconds), sorted(seconds, key=_END)
    for one in sorted(firsts, key=lambda span: (span[0], -span[1])):
        after = bisect_left(by_start, (one[1], 0))
        before = bisect_right(by_end, one[0], key=_END)
        neighbours = [(each, one) for each in by_end[max(0, before - 1) : before]]
        neighbours += [(one, each) for each in by_start[after : after + 1]]
        for left, right in neighbours:
            between = text[left[1] : min(right[0], left[1] + distance + 1)]
            if len(between) <= distance and not _SENTENCE_END.search(between):
                return left, right
    return None


def _whole(text: str, places: Mapping[str, list[Span]], context: Context) -> Iterator[Cue]:
    """Whole words; each is asked for once or twice only, as cutting costs more than all the rest."""
    for word in [word for word in places if word in context.whole]:
        for span in places[word][:2]:
            if is_whole(text, *span):
                yield Cue(whole_key(word), (span,))
                break


_Stop = tuple[Window, dict[int, int]]  # and, by the edge that looks at the cue, the other one


def _stops(places: Mapping[str, list[Span]], windows: Iterable[Window]) -> Iterator[_Stop]:
    """The windows that stand in a text, and where."""
    for window in windows:
        hidden = {at for word in window.but for span in places.get(word, ()) for at in range(*span)}
        spans = [
            span
            for word in window.words
            for span in places.get(word, ())
            if hidden.isdisjoint((span[0], span[1] - 1))
        ]
        if spans:
            yield window, {end if window.side == "before" else start: end for start, end in spans}


def _percent(text: str, cue: Cue, stops: Iterable[_Stop]) -> int:
    """What is left of a cue beside the windows around it, in percent."""
    start, end = cue.spans[0][0], cue.spans[-1][1]
    left = 100
    for window, edges in stops:
        for gap in range(window.gap + 1):
            edge = start - gap if window.side == "before" else end + gap
            between = text[edge:start] if window.side == "before" else text[end:edge]
            if edge in edges and not _CLAUSE_END.search(between):
                left = min(left, window.percent)
                break
    return left


def _least_taken_back(left: Mapping[str, list[tuple[int, Cue]]]) -> Iterator[Cue]:
    for key, occurrences in left.items():
        most = max(percent for percent, _ in occurrences)
        for percent, cue in occurrences:
            if percent == most == 100:
                yield cue
            elif percent == most > 0:
                yield Cue(less_key(key, percent), cue.spans)


def uncovered(hits: Iterable[Hit], covers: frozenset[int]) -> list[Hit]:
    """The hits, in their order, without those inside a hit of `covers`; linear but for the sorting."""
    kept: list[Hit] = []
    lowest: int | None = None  # where the cover begins that ends here or later and reaches back furthest
    for hit in sorted(hits, key=lambda hit: (-hit[2], hit[1])):
        if lowest is not None and lowest <= hit[1]:
            continue
        kept.append(hit)
        if hit[0] in covers:
            lowest = hit[1]
    return sorted(kept, key=lambda hit: (hit[2], hit[1]))
