"""Sort a text into a category by the weights of the words found in it."""

from bisect import bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import itemgetter
from struct import unpack

from nlp.plain import plain
from nlp.rules import LANE_BITS, LANE_ZERO, OTHER, Rules
from nlp.scan import Hit
from nlp.written import Span, spans, written


@dataclass(frozen=True, slots=True)
class Guess:
    """What a text is about; `category` is the best guess even where it is `uncertain`."""

    category: str
    uncertain: bool
    score: float
    words: tuple[str, ...]  # that spoke for the category, in the order of the text
    runner_up: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A word found in the plain text, and its weight for each category."""

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
    words = tuple([rules.spelling[word] for word in found if word in speakers])
    if not words and OTHER in rules.by_code:
        return Guess(OTHER, uncertain=True, score=0, words=(), runner_up=None)
    second, runner_up = _runner_up(totals, best, rules)
    return Guess(
        category=rules.categories[best].code,
        uncertain=not words or top - second < rules.margin,
        score=top - LANE_ZERO,
        words=words,
        runner_up=runner_up,
    )


def _found(simple: str, rules: Rules) -> tuple[Collection[str], Collection[str]]:
    """The words of a text in their order, folded, and those of them that stand in its opening."""
    if rules.nested and not rules.hiding:  # no word takes another's place: positions are not needed
        opening = simple[: rules.opening]
        return dict.fromkeys(rules.scanner.all_words(simple)), set(rules.scanner.all_words(opening))
    hits, folded = _hits(simple, rules), rules.scanner.folded
    early = hits[: bisect_right(hits, rules.opening, key=_END)] if rules.opening else []
    return dict.fromkeys([folded[hit[0]] for hit in hits]), {folded[hit[0]] for hit in early}


_END = itemgetter(2)


def _hits(simple: str, rules: Rules) -> list[Hit]:
    if not rules.nested:
        return rules.scanner.hits(simple)
    hits = rules.scanner.all_hits(simple)
    hidden = [hit for hit in hits if hit[0] in rules.hiding]
    return [hit for hit in hits if not any(_inside(hit, cover) for cover in hidden)]


def _inside(hit: Hit, cover: Hit) -> bool:
    return hit[0] != cover[0] and cover[1] <= hit[1] and hit[2] <= cover[2]


def _totals(found: Collection[str], opening: Collection[str], rules: Rules) -> tuple[int, ...]:
    """LANE_ZERO and what each category got."""
    weight = rules.lanes.__getitem__
    total = rules.start + sum(map(weight, found)) + sum(map(weight, opening))
    count = len(rules.categories)
    return unpack(f"<{count}I", total.to_bytes(count * LANE_BITS // 8, "little"))


def _runner_up(totals: tuple[int, ...], best: int, rules: Rules) -> tuple[int, str | None]:
    """The second highest total, and its category if any word spoke for it."""
    others = list(totals)
    others[best] = -1
    second = max(others)
    which = others.index(second)
    if which == best:  # a file with one category
        return LANE_ZERO, None
    category = rules.categories[which]
    return second, category.code if second - LANE_ZERO > category.bias else None


def marks(text: str, rules: Rules) -> list[Mark]:
    """Every word that counted in the plain form of `text`, with its position there, to show why.

    `weights` are those of the file, also where the word counted twice.
    """
    return [
        Mark(
            word=rules.scanner.words[word],
            start=start,
            end=end,
            weights=tuple((rules.categories[which].code, weight) for which, weight in rules.votes[word]),
        )
        for word, start, end in _hits(plain(text), rules)
        if rules.votes[word]
    ]


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
