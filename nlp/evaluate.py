"""How well a rule file sorts: figures against labelled texts, differences of two files, its words."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nlp.classify import Guess, classify
from nlp.features import WORD_LENGTH, whole_words
from nlp.plain import plain
from nlp.rules import Rules
from nlp.scan import fold
from nlp.words import word_edges


@dataclass(frozen=True)
class Figures:
    """How one category fares; what divides by nothing is 0."""

    code: str
    texts: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Mistake:
    """A text that came out elsewhere; `row` counts from 0 in the order given."""

    row: int
    text: str
    label: str
    guess: Guess


@dataclass(frozen=True)
class Report:
    """What a rule file made of labelled texts."""

    texts: int
    macro_f1: float  # the mean over all categories that are a label or a guess
    accuracy: float
    coverage: float  # share of texts in which a word spoke for the guess
    certain: float  # share of texts that no person need look at
    categories: tuple[Figures, ...]  # in the order of the file, then labels it does not know
    confusion: Mapping[tuple[str, str], int]  # (label, guess): texts
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Change:
    """A text that two rule files sort differently, or of which only one is certain."""

    row: int
    text: str
    before: Guess
    after: Guess


@dataclass(frozen=True)
class Stats:
    """What a rule file is made of."""

    words: int
    weights: int  # a word may speak for several categories
    whole_numbers: bool
    lowest: int
    highest: int
    whole_words: int  # 2 to 8 characters, in most of their hits between two word edges
    whole_share: float
    unseen: int | None  # words that stand in none of the texts; None where no texts were given


def evaluate(
    texts: Sequence[str], labels: Sequence[str], rules: Rules, on_text: Callable[[], None] = lambda: None
) -> Report:
    """Sort every text and compare with its label; raises ValueError where there is no text."""
    if not texts:
        raise ValueError("there is no text to evaluate")
    confusion: Counter[tuple[str, str]] = Counter()
    mistakes: list[Mistake] = []
    covered = certain = 0
    for row, (text, label) in enumerate(zip(texts, labels, strict=True)):
        guess = classify(text, rules)
        on_text()
        confusion[label, guess.category] += 1
        covered += bool(guess.words)
        certain += not guess.uncertain
        if guess.category != label:
            mistakes.append(Mistake(row, text, label, guess))
    figures = tuple(_figures(code, confusion) for code in _codes(confusion, rules))
    return Report(
        texts=len(texts),
        macro_f1=sum(each.f1 for each in figures) / len(figures),
        accuracy=1 - len(mistakes) / len(texts),
        coverage=covered / len(texts),
        certain=certain / len(texts),
        categories=figures,
        confusion=dict(confusion),
        mistakes=tuple(mistakes),
    )


def diff(before: Rules, after: Rules, texts: Sequence[str]) -> list[Change]:
    """What putting `after` in the place of `before` would re-sort."""
    changes = []
    for row, text in enumerate(texts):
        old, new = classify(text, before), classify(text, after)
        if (old.category, old.uncertain) != (new.category, new.uncertain):
            changes.append(Change(row, text, old, new))
    return changes


def stats(rules: Rules, texts: Sequence[str] | None = None) -> Stats:
    """Count words and weights, and the share of words that a person recognises.

    With texts that share is measured in them; a word that stands in none is not recognised.
    Without, it is what the file says: all words of 2 to 8 characters except its `fragments`.
    """
    words = [word for word, votes in zip(rules.scanner.words, rules.votes, strict=True) if votes]
    weights = [weight for votes in rules.votes for _, weight in votes]
    folded = [fold(word) for word in words]
    if texts is None:
        whole = {word for word in folded if len(word) in WORD_LENGTH and word not in rules.fragments}
        unseen = None
    else:
        simple = [plain(text) for text in texts]
        edges = [word_edges(text) for text in simple]
        whole, found = map(set, whole_words(folded, simple, edges))
        unseen = len(words) - len(found)
    return Stats(
        words=len(words),
        weights=len(weights),
        whole_numbers=all(type(weight) is int for weight in weights),
        lowest=min(weights, default=0),
        highest=max(weights, default=0),
        whole_words=len(whole),
        whole_share=len(whole) / max(1, len(words)),
        unseen=unseen,
    )


def _codes(confusion: Mapping[tuple[str, str], int], rules: Rules) -> list[str]:
    """The categories that are a label or a guess."""
    seen = {code for pair in confusion for code in pair}
    return [code for code in rules.by_code if code in seen] + sorted(seen - set(rules.by_code))


def _figures(code: str, confusion: Mapping[tuple[str, str], int]) -> Figures:
    right = confusion.get((code, code), 0)
    labelled = sum(count for (label, _), count in confusion.items() if label == code)
    guessed = sum(count for (_, guess), count in confusion.items() if guess == code)
    return Figures(
        code=code,
        texts=labelled,
        precision=right / max(1, guessed),
        recall=right / max(1, labelled),
        f1=2 * right / max(1, labelled + guessed),
    )
