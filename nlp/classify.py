"""Sort a text into a category by the weights of the words found in it."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from nlp.around import Cue, cues, uncovered
from nlp.plain import plain
from nlp.rules import LANE_ZERO, LEVEL_END, OTHER, Rules
from nlp.scan import Scanner, parted
from nlp.written import Span, spans, written


class Guess(NamedTuple):  # made in a third of a dataclass's time
    """What a text is about; `category` is the best guess even where it is `uncertain`."""

    category: str
    uncertain: bool
    score: float
    words: tuple[str, ...]  # that spoke for the category, in the order of the text
    runner_up: str | None
    margin: float = 0  # by how much it leads over the second category


@dataclass(frozen=True, slots=True)
class Mark:
    """A word found in the plain text, or one of a pair's (楼道…堵), and its weight for each category."""

    word: str
    start: int
    end: int
    weights: tuple[tuple[str, int], ...]


def classify(text: str, rules: Rules) -> Guess:
    """The category whose words weigh most; each word counts once, however often it stands there.

    Where the file asks for it, a word also counts inside a longer one, and twice in the opening.
    A lead below the rules' margin, or no word at all, is uncertain: a person decides. Of equals
    the category that stands first in the file wins.
    """
    return classify_plain(plain(text), rules)


def classify_plain(simple: str, rules: Rules) -> Guess:
    """The same for a text that is in its plain form already."""
    found, opening = _found(simple, rules)
    totals = _totals(found, opening, rules)
    ranked = sorted(totals)
    top, second = ranked[-1], ranked[-2] if len(ranked) > 1 else LANE_ZERO
    best = totals.index(top)
    speakers, spelling = rules.speakers[best], rules.spelling
    words = tuple([spelling[number] for number in found if number in speakers])
    if not words and OTHER in rules.by_code:
        return Guess(OTHER, uncertain=True, score=0, words=(), runner_up=None)
    category, margin = rules.categories[best].code, top - second
    uncertain = not words or margin < rules.margin
    runner_up = _runner_up(totals, best, second, rules)
    return Guess(category, uncertain, top - LANE_ZERO, words, runner_up, margin)


def totals(simple: str, rules: Rules) -> dict[str, int]:
    """What each category's words in a plain text add up to, by its code."""
    found, opening = _found(simple, rules)
    lanes = _totals(found, opening, rules)
    return {code: total - LANE_ZERO for code, total in zip(rules.by_code, lanes, strict=True)}


def path(code: str, rules: Rules) -> tuple[tuple[str, str], ...]:
    """(level, its part of a category's code), from the top, in a file with levels; else nothing."""
    return tuple(zip(rules.levels, code.split(LEVEL_END), strict=True)) if rules.levels else ()


def _found(simple: str, rules: Rules) -> tuple[Collection[int], Collection[int]]:
    """The numbers of all that counts in a text, in its order, and of what counts twice in its opening."""
    found: Collection[int]
    early: Collection[int]
    parted = 0 < rules.opening < len(simple)  # a title is all opening
    if rules.nested and not rules.hiding and rules.context is None:
        # No word takes another's place: positions are not needed.
        found = _numbers(simple, rules.scanner)
        early = _numbers(simple[: rules.opening], rules.scanner) if parted else ()
    else:
        counted = _counted(simple, rules)
        found = dict.fromkeys(map(_NUMBER, counted))
        last = bisect_right(counted, rules.opening, key=_END) if parted else 0
        early = set(map(_NUMBER, counted[:last]))
    return found, early if parted or not rules.opening else found


_NUMBER, _END = itemgetter(0), itemgetter(2)


def _numbers(simple: str, scanner: Scanner) -> Collection[int]:
    return list(map(scanner.numbers.__getitem__, dict.fromkeys(scanner.all_words(simple))))


def _counted(simple: str, rules: Rules) -> Sequence[Cue]:
    """All that counts in a text, by rising end."""
    hits, context = rules.scanner.all_hits(simple), rules.context
    if rules.nested:
        words = [hit for hit in hits if hit[0] < rules.beside_from]
        beside = [hit for hit in hits if hit[0] >= rules.beside_from]
        words = uncovered(words, rules.hiding)
    else:
        words, beside = parted(hits, rules.beside_from)
    # Beside the words of nearly every title there is nothing.
    return cues(simple, words, beside, rules.scanner.folded, context) if beside and context else words


def _totals(found: Collection[int], opening: Collection[int], rules: Rules) -> tuple[int, ...]:
    """LANE_ZERO and what each category got."""
    weight, layout = rules.lanes.__getitem__, rules.layout
    total = sum(map(weight, found))
    total += rules.start + (total if opening is found else sum(map(weight, opening)))
    return layout.unpack(total.to_bytes(layout.size, "little"))


def _runner_up(totals: tuple[int, ...], best: int, second: int, rules: Rules) -> str | None:
    """The category with the second highest total, if any word spoke for it."""
    if len(totals) == 1:
        return None
    category = rules.categories[totals.index(second, best + 1 if second == totals[best] else 0)]
    return category.code if second - LANE_ZERO > category.bias else None


def marks(text: str, rules: Rules) -> list[Mark]:
    """Every word that counted in the plain form of `text`, with its position there, to show why.

    `weights` are those of the file, also where the word counted twice; of a word that another takes
    back what is left of them.
    """
    return [
        Mark(
            word=rules.spelling[cue[0]],
            start=start,
            end=end,
            weights=tuple((rules.categories[which].code, weight) for which, weight in weights),
        )
        for cue in _counted(plain(text), rules)
        if (weights := rules.weights[cue[0]])
        for start, end in _spans(*cue)
    ]


def _spans(_: int, start: int, end: int, *between: int) -> Iterable[Span]:
    """Where the words of a cue stand: one, or the two of a pair."""
    edges = (start, *between, end)
    return zip(edges[::2], edges[1::2], strict=True)


def marked(text: str, rules: Rules) -> str:
    """The text as it was written, with 【】 around each word that counted; words that overlap share one."""
    found = marks(text, rules)
    places = spans(text) if found else []
    shown, done = "", 0
    for start, end in _apart(written(mark.start, mark.end, places) for mark in found):
        shown += f"{text[done:start]}【{text[start:end]}】"
        done = end
    return shown + text[done:]


def _apart(words: Iterable[Span]) -> list[Span]:
    """The stretches that words cover, those that overlap as one."""
    stretches: list[Span] = []
    for start, end in sorted(words):
        if stretches and start < stretches[-1][1]:
            stretches[-1] = stretches[-1][0], max(end, stretches[-1][1])
        else:
            stretches.append((start, end))
    return stretches
