"""Sort a text into a category by the weights of the words found in it."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from struct import unpack

from nlp.plain import plain
from nlp.rules import LANE_BITS, LANE_ZERO, OTHER, Rules
from nlp.scan import Hit


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
    hits = _hits(simple, rules)
    found = dict.fromkeys([hit[0] for hit in hits])
    totals = _totals(found, hits, rules)
    top = max(totals)
    best = totals.index(top)
    words = tuple([rules.scanner.words[word] for word in found if best in rules.voters[word]])
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


def _hits(simple: str, rules: Rules) -> list[Hit]:
    if not rules.nested:
        return rules.scanner.hits(simple)
    hits = rules.scanner.all_hits(simple)
    if not rules.hiding:
        return hits
    hidden = [hit for hit in hits if hit[0] in rules.hiding]
    return [hit for hit in hits if not any(_inside(hit, cover) for cover in hidden)]


def _inside(hit: Hit, cover: Hit) -> bool:
    return hit[0] != cover[0] and cover[1] <= hit[1] and hit[2] <= cover[2]


def _totals(found: Iterable[int], hits: list[Hit], rules: Rules) -> list[int]:
    """LANE_ZERO and what each category got."""
    lanes = rules.lanes
    total = rules.start + sum([lanes[word] for word in found])
    if rules.opening:
        opening = hits[: bisect_right(hits, rules.opening, key=_END)]
        total += sum([lanes[word] for word in {hit[0] for hit in opening}])
    count = len(rules.categories)
    return list(unpack(f"<{count}I", total.to_bytes(count * LANE_BITS // 8, "little")))


_END = itemgetter(2)


def _runner_up(totals: list[int], best: int, rules: Rules) -> tuple[int, str | None]:
    """The second highest total, and its category if any word spoke for it."""
    others = totals.copy()
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
