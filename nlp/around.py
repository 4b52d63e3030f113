"""What stands around words: pairs near each other, words that stand alone, words that take one back."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from nlp.scan import Hit
from nlp.words import is_whole
from nlp.written import Span

SIDES = ("before", "after")
_SENTENCE_END = re.compile(r"[。!?;]")
_CLAUSE_END = ",。!?;:"
_END = itemgetter(1)


# Something that counts in a text: its number in `Rules.weights`, and where it stands, the two words of
# a pair from left to right.
Cue = tuple[int, tuple[Span, ...]]


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
    beside: Mapping[str, tuple[Window, ...]]  # the windows, by each of their words
    numbers: Mapping[str, int]  # in `Rules.weights`, of pairs and whole words by their keys
    less: Mapping[int, int]  # by percent how much further on stands what is left of something
    # Of the scanner's words those that stand in a pair, among the whole words or in a window, and the
    # excluded ones that hold one of them.
    used: frozenset[int]
    covers: frozenset[int]


def whole_key(word: str) -> str:
    return f"{word}\0"


def cues(
    text: str, words: Sequence[Hit], used: Iterable[Hit], names: Sequence[str], context: Context
) -> list[Cue] | None:
    """All that counts: words, pairs and whole words; what is taken back by the number of its rest.

    None where the `words` count just as they stand: most texts, and quickly seen. `used` are the hits
    of the context's words, `names` the names of all words. Of several occurrences of one cue those
    count that are least taken back.
    """
    places: dict[str, list[Span]] = {}
    for word, start, end in used:
        places.setdefault(names[word], []).append((start, end))
    more = list(_pairs(text, places, context)) if context.pairs else []
    if context.whole:
        more += _whole(text, places, context)
    starts, ends = _taken_back(text, places, context.beside)
    if not more and not (starts or ends):
        return None
    touched = not starts.keys().isdisjoint([start for _, start, _ in words])
    if not more and not touched and ends.keys().isdisjoint([end for _, _, end in words]):
        return None
    found: list[Cue] = [(word, ((start, end),)) for word, start, end in words]
    if more:
        found = sorted([*found, *more], key=lambda cue: cue[1][-1][1])
    return list(_left(found, starts, ends, context.less)) if starts or ends else found


def _left(
    found: Sequence[Cue], starts: Mapping[int, int], ends: Mapping[int, int], less: Mapping[int, int]
) -> Iterator[Cue]:
    touched = {number for number, spans in found if spans[0][0] in starts or spans[-1][1] in ends}
    most = dict.fromkeys(touched, 0)
    percents = []
    for number, spans in found:
        percent = 100
        if number in touched:
            percent = min(starts.get(spans[0][0], 100), ends.get(spans[-1][1], 100))
            most[number] = max(percent, most[number])
        percents.append(percent)
    for cue, percent in zip(found, percents, strict=True):
        number, spans = cue
        if number not in touched:
            yield cue
        elif percent == most[number] > 0:
            yield (number if percent == 100 else number + less[percent]), spans


def _pairs(text: str, places: Mapping[str, list[Span]], context: Context) -> Iterator[Cue]:
    for pair in dict.fromkeys(pair for word in places for pair in context.pairs.get(word, ())):
        firsts, seconds = (
            [span for word in side for span in places.get(word, ())] for side in (pair.firsts, pair.seconds)
        )
        if seconds and (spans := _near(text, firsts, seconds, pair.distance)) is not None:
            yield context.numbers[pair.key], spans


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
                yield context.numbers[whole_key(word)], (span,)
                break


def _taken_back(
    text: str, places: Mapping[str, list[Span]], beside: Mapping[str, tuple[Window, ...]]
) -> tuple[dict[int, int], dict[int, int]]:
    """Where a cue that starts, or one that ends, is taken back, and what is left of it in percent."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for window in dict.fromkeys([window for word in places for window in beside.get(word, ())]):
        hidden = _covered(window.but, places)
        for start, end in [span for word in window.words if word in places for span in places[word]]:
            if hidden and not hidden.isdisjoint((start, end - 1)):
                continue
            if window.side == "before":
                edges, reached = starts, range(end, _reach(text, end, 1, window.gap) + 1)
            else:
                edges, reached = ends, range(_reach(text, start, -1, window.gap), start + 1)
            for at in reached:
                edges[at] = min(window.percent, edges.get(at, 100))
    return starts, ends


def _covered(words: Iterable[str], places: Mapping[str, list[Span]]) -> set[int]:
    return {at for word in words if word in places for span in places[word] for at in range(*span)}


def _reach(text: str, at: int, step: int, gap: int) -> int:
    """How far from `at` a window reaches: `gap` characters, and not out of its clause."""
    for _ in range(gap):
        beside = text[at : at + 1] if step > 0 else text[at - 1 : at]
        if not beside or beside in _CLAUSE_END:
            break
        at += step
    return at


def uncovered(hits: Iterable[Hit], covers: frozenset[int]) -> list[Hit]:
    """The hits, in their order, without those inside a hit of `covers`; linear but for the sorting."""
    hits = list(hits)
    if covers.isdisjoint([hit[0] for hit in hits]):
        return hits
    kept: list[Hit] = []
    lowest: int | None = None  # where the cover begins that ends here or later and reaches back furthest
    for hit in sorted(hits, key=lambda hit: (-hit[2], hit[1])):
        if lowest is not None and lowest <= hit[1]:
            continue
        kept.append(hit)
        if hit[0] in covers:
            lowest = hit[1]
    return sorted(kept, key=lambda hit: (hit[2], hit[1]))
