"""Sort a text into a category by the weights of the words found in it."""

from dataclasses import dataclass

from nlp.plain import plain
from nlp.rules import OTHER, Rules


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
    """A word found in the plain text, and how much it gave to each category."""

    word: str
    start: int
    end: int
    weights: tuple[tuple[str, int], ...]


def classify(text: str, rules: Rules) -> Guess:
    """The category whose words weigh most; each word counts once, however often it stands there.

    A lead below the rules' margin, or no word at all, is uncertain: a person decides. Of equals
    the category that stands first in the file wins.
    """
    found = dict.fromkeys([hit[0] for hit in rules.scanner.hits(plain(text))])
    totals = list(rules.biases)
    for word in found:
        for which, weight in rules.votes[word]:
            totals[which] += weight
    top = max(totals)
    best = totals.index(top)
    words = tuple(rules.scanner.words[word] for word in found if best in rules.voters[word])
    if not words and OTHER in rules.by_code:
        return Guess(OTHER, uncertain=True, score=0, words=(), runner_up=None)
    second, runner_up = _runner_up(totals, best, rules)
    return Guess(
        category=rules.categories[best].code,
        uncertain=not words or top - second < rules.margin,
        score=top,
        words=words,
        runner_up=runner_up,
    )


def _runner_up(totals: list[int], best: int, rules: Rules) -> tuple[int, str | None]:
    """The second highest total, and its category if any word spoke for it."""
    others = totals.copy()
    others[best] = min(totals) - 1
    second = max(others)
    which = others.index(second)
    if which == best:  # a file with one category
        return 0, None
    return second, rules.categories[which].code if second > rules.biases[which] else None


def marks(text: str, rules: Rules) -> list[Mark]:
    """Every word that counted in the plain form of `text`, with its position there, to show why."""
    return [
        Mark(
            word=rules.scanner.words[word],
            start=start,
            end=end,
            weights=tuple((rules.categories[which].code, weight) for which, weight in rules.votes[word]),
        )
        for word, start, end in rules.scanner.hits(plain(text))
        if rules.votes[word]
    ]
