"""Sort a text into a category by the weights of the words found in it."""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from struct import Struct

from nlp.around import Context, Cue, cues, uncovered
from nlp.plain import plain
from nlp.rules import LANE_ZERO, LEVEL_END, OTHER, Rules
from nlp.scan import Hit, longest
from nlp.written import Span, spans, written


@dataclass(frozen=True, slots=True)
class Guess:
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
    top = max(totals)
    best = totals.index(top)
    speakers = rules.speakers[best]
    words = tuple([rules.spelling[key] for key in found if key in speakers])
    if not words and OTHER in rules.by_code:
        return Guess(OTHER, uncertain=True, score=0, words=(), runner_up=None)
    second, runner_up = _runner_up(totals, best, rules)
    return Guess(
        category=rules.categories[best].code,
        uncertain=not words or top - second < rules.margin,
        score=top - LANE_ZERO,
        words=words,
        runner_up=runner_up,
        margin=top - second,
    )


def totals(simple: str, rules: Rules) -> dict[str, int]:
    """What each category's words in a plain text add up to, by its code."""
    found, opening = _found(simple, rules)
    codes = (category.code for category in rules.categories)
    return {
        code: total - LANE_ZERO for code, total in zip(codes, _totals(found, opening, rules), strict=True)
    }


def path(code: str, rules: Rules) -> tuple[tuple[str, str], ...]:
    """(level, its part of a category's code), from the top, in a file with levels; else nothing."""
    return tuple(zip(rules.levels, code.split(LEVEL_END), strict=True)) if rules.levels else ()


def _found(simple: str, rules: Rules) -> tuple[Collection[str], Collection[str]]:
    """The keys of all that counts in a text, in its order, and of what counts twice in its opening."""
    scanner, context = rules.scanner, rules.context
    if rules.nested and not rules.hiding and context is None:
        # No word takes another's place: positions are not needed.
        opening = simple[: rules.opening]
        return dict.fromkeys(scanner.all_words(simple)), set(scanner.all_words(opening))
    hits = scanner.all_hits(simple)
    counted = _counted(hits, rules)
    if context is not None and (found := _in_context(simple, hits, counted, context, rules)) is not None:
        first = {key for key, spans in found if spans[-1][1] <= rules.opening}
        return dict.fromkeys([key for key, _ in found]), first
    names = scanner.folded
    words = dict.fromkeys([names[hit[0]] for hit in counted])
    if len(simple) <= rules.opening:  # a title: all counts twice
        return words, words
    early = counted[: bisect_right(counted, rules.opening, key=_END)] if rules.opening else ()
    return words, {names[hit[0]] for hit in early}


_END = itemgetter(2)


def _counted(hits: list[Hit], rules: Rules) -> list[Hit]:
    """Of all hits those that count by themselves: the longest, or where the file is nested all."""
    if rules.silent_from is not None:
        hits = [hit for hit in hits if hit[0] < rules.silent_from]
    if not rules.nested:
        return longest(hits)
    return uncovered(hits, rules.hiding) if rules.hiding else hits


def _in_context(
    simple: str, hits: list[Hit], counted: list[Hit], context: Context, rules: Rules
) -> list[Cue] | None:
    used = [hit for hit in hits if hit[0] in context.used]
    if not used:
        return None
    if rules.hiding:  # a word inside an excluded one is none in a pair either
        covers = [hit for hit in hits if hit[0] in rules.hiding]
        used = [hit for hit in uncovered(covers + used, rules.hiding) if hit[0] in context.used]
    return cues(simple, counted, used, rules.scanner.folded, context)


def _totals(found: Collection[str], opening: Collection[str], rules: Rules) -> tuple[int, ...]:
    """LANE_ZERO and what each category got."""
    weight = rules.lanes.__getitem__
    total = sum(map(weight, found))
    total += rules.start + (total if opening is found else sum(map(weight, opening)))
    lanes = _lanes(len(rules.categories))
    return lanes.unpack(total.to_bytes(lanes.size, "little"))


@cache
def _lanes(count: int) -> Struct:
    return Struct(f"<{count}I")


def _runner_up(totals: tuple[int, ...], best: int, rules: Rules) -> tuple[int, str | None]:
    """The second highest total, and its category if any word spoke for it."""
    if len(totals) == 1:
        return LANE_ZERO, None
    second = sorted(totals)[-2]
    category = rules.categories[totals.index(second, best + 1 if second == totals[best] else 0)]
    return second, category.code if second - LANE_ZERO > category.bias else None


def marks(text: str, rules: Rules) -> list[Mark]:
    """Every word that counted in the plain form of `text`, with its position there, to show why.

    `weights` are those of the file, also where the word counted twice; of a word that another takes
    back what is left of them.
    """
    return [
        Mark(
            word=rules.spelling[key],
            start=start,
            end=end,
            weights=tuple((rules.categories[which].code, weight) for which, weight in weights),
        )
        for key, places in _cues(plain(text), rules)
        if (weights := rules.weights[key])
        for start, end in places
    ]


def _cues(simple: str, rules: Rules) -> list[Cue]:
    hits = rules.scanner.all_hits(simple)
    counted = _counted(hits, rules)
    if rules.context is not None:
        found = _in_context(simple, hits, counted, rules.context, rules)
        if found is not None:
            return found
    names = rules.scanner.folded
    return [(names[word], ((start, end),)) for word, start, end in counted]


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
