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


# Something that counts in a text: like a Hit, by its number in `Rules.weights`; of a pair start and end
# are those of both words together, and the end of the left one and the start of the right one follow.
Cue = tuple[int, ...]


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
    covers: frozenset[
        int
    ]  # the scanner's numbers of excluded words: what lies inside one is no word here either


def whole_key(word: str) -> str:
    return f"{word}\0"


def cues(
    text: str, words: Sequence[Hit], beside: Iterable[Hit], names: Sequence[str], context: Context
) -> Sequence[Cue]:
    """All that counts, by rising end: words, pairs and whole words; what is taken back by its rest.

    `words` are those that count by themselves, `beside` the hits of the context's words, `names` the names
    of all words. Of several occurrences of one cue those count that are least taken back.
    """
    places: dict[str, list[Span]] = {}
    for word, start, end in uncovered(beside, context.covers) if context.covers else beside:
        places.setdefault(names[word], []).append((start, end))
    found: Sequence[Cue] = words
    if context.pairs or context.whole:
        more = [*_pairs(text, places, context), *_whole(text, places, context)]
        found = sorted([*words, *more], key=_END)
    starts, ends = _taken_back(text, places, context.beside)
    touched = [cue for cue in found if cue[1] in starts] if starts else []
    if ends:
        touched += [cue for cue in found if cue[2] in ends]
    if not touched:  # as mostly
        return found
    left = {cue: min(starts.get(cue[1], 100), ends.get(cue[2], 100)) for cue in touched}
    return _left(found, left, context.less)


_END = itemgetter(2)


def _left(found: Sequence[Cue], left: Mapping[Cue, int], less: Mapping[int, int]) -> Sequence[Cue]:
    """What counts where of some cues only so many percent are `left`."""
    most = dict.fromkeys([cue[0] for cue in left], 0)
    for cue in found:
        if cue[0] in most:
            most[cue[0]] = max(most[cue[0]], left.get(cue, 100))
    kept: list[Cue] = []
    for cue in found:
        if cue[0] not in most:
            kept.append(cue)
        elif (percent := left.get(cue, 100)) == most[cue[0]] > 0:
            kept.append((cue[0] + less[percent], *cue[1:]))
    return kept


def _pairs(text: str, places: Mapping[str, list[Span]], context: Context) -> Iterator[Cue]:
    for pair in dict.fromkeys(pair for word in places for pair in context.pairs.get(word, ())):
        firsts, seconds = (
            [span for word in side for span in places.get(word, ())] for side in (pair.firsts, pair.seconds)
        )
        if seconds and (near := _near(text, firsts, seconds, pair.distance)) is not None:
            (start, left_end), (right_start, end) = near
            yield context.numbers[pair.key], start, end, left_end, right_start


_SPAN_END = itemgetter(1)


def _near(text: str, firsts: list[Span], seconds: list[Span], distance: int) -> tuple[Span, Span] | None:
    """The first place where two words stand near each other in one sentence, in either order."""
    by_start, by_end = sorted(seconds), sorted(seconds, key=_SPAN_END)
    for one in sorted(firsts, key=lambda span: (span[0], -span[1])):
        after = bisect_left(by_start, (one[1], 0))
        before = bisect_right(by_end, one[0], key=_SPAN_END)
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
                yield context.numbers[whole_key(word)], *span
                break


def _taken_back(
    text: str, places: Mapping[str, list[Span]], beside: Mapping[str, tuple[Window, ...]]
) -> tuple[dict[int, int], dict[int, int]]:
    """Where a cue that starts, or one that ends, is taken back, and what is left of it in percent."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for word, spans in places.items():
        for window in beside.get(word, ()):
            hidden = set() if places.keys().isdisjoint(window.but) else _covered(window.but, places)
            edges, step = (starts, 1) if window.side == "before" else (ends, -1)
            for start, end in spans:
                if hidden and not hidden.isdisjoint((start, end - 1)):
                    continue
                for at in _reached(text, end if step > 0 else start, step, window.gap):
                    edges[at] = min(window.percent, edges.get(at, 100))
    return starts, ends


def _covered(words: Iterable[str], places: Mapping[str, list[Span]]) -> set[int]:
    return {at for word in words if word in places for span in places[word] for at in range(*span)}


def _reached(text: str, at: int, step: int, gap: int) -> Iterator[int]:
    """Where a window reaches from `at` on: over `gap` characters, and not out of its clause."""
    yield at
    for _ in range(gap):
        beside = text[at : at + 1] if step > 0 else text[at - 1 : at]
        if not beside or beside in _CLAUSE_END:
            break
        at += step
        yield at


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
