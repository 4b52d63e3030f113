"""Learn a keyword rule file from a town's own past work orders; nothing else here needs scikit-learn."""

import tempfile
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from nlp.evaluate import Report, evaluate
from nlp.features import candidates, whole_words
from nlp.learned import Learned
from nlp.lessons import Floats, Lessons, Past
from nlp.rule_file import WEIGHT_MAX
from nlp.rules import Rules, load_categories

# The figures below were chosen by cross-validation on 4,008 complaints; their neighbours do as well.
PARTS = 0.1  # of the words may be parts of words: two or three characters
SINGLES = 0.05  # and so many single characters: 校 and 医 speak in words that nobody wrote before
WEIGHT_TOP = 20
SPREAD = 0.9995  # the quantile of all weights that becomes WEIGHT_TOP
SURE_AT_SELECTION, SURE_AT_FIT = 0.05, 0.15  # C of the support vector machines
TEXTS_MIN, ROWS_PER_TEXTS_MIN = (2, 5), 500  # a word stands in 2 texts at least, in 5 from 2,500 rows on
ALWAYS = 10.0  # how often a text holds the bias, in the measure of `_rarity` (ordinary words: 2 to 8)
UNCERTAIN = 0.1  # the share of held-out texts that a person should look at

Progress = Callable[[str, float], None]  # (step, share of the whole work that is done)


def learn(
    columns: Sequence[Sequence[str]],
    labels: Sequence[str],
    *,
    max_words: int = 3_000,
    parts: float = PARTS,
    singles: float = SINGLES,
    sure: float = SURE_AT_FIT,
    texts_min: int | None = None,
    least: int = 1,
    on_progress: Progress = lambda _step, _share: None,
) -> Learned:
    """Learn from texts given column by column, as (titles, details): the first alone must do, too.

    At most the shares `parts` and `singles` of the words are fragments of words; the surer, the closer
    the weights follow the texts (1 suits sentences written to learn from). A word stands in `texts_min`
    texts, without it in 2 to 5, the more rows the more, and weighs `least` in some category. It learns twice,
    first without a fifth of the texts, to tell how well the file sorts what it has not seen. The
    same rows give the same file, byte by byte. Raises ValueError naming what is wrong with them.
    Cost: a minute and 1 GB for 4,008 complaints of 230 characters.
    """
    _check(columns, labels, max_words)
    past = Past.read(columns, labels, lambda share: on_progress("read", share * 0.2))
    mix = _Mix(max_words, parts, singles, sure, texts_min, least)
    held = past.held_out()
    on_progress("trial", 0.2)
    trial = _fit(past.of(~held), mix, lambda share: on_progress("trial", 0.2 + share * 0.35))
    held_out, margin = _try(trial, past.of(held))
    on_progress("learn", 0.55)
    learned = _fit(past, mix, lambda share: on_progress("learn", 0.55 + share * 0.45))
    on_progress("learn", 1.0)
    return replace(learned, margin=margin, held_out=held_out)


@dataclass(frozen=True)
class _Mix:
    """How many words, which shares of them fragments, how surely to fit, how rare and light a word."""

    words: int
    parts: float
    singles: float
    sure: float
    texts_min: int | None
    least: int


def _check(columns: Sequence[Sequence[str]], labels: Sequence[str], max_words: int) -> None:
    if not columns or any(len(column) != len(labels) for column in columns):
        raise ValueError("every column needs one text for each label")
    if not all(label.strip() for label in labels):
        raise ValueError("a label is empty")
    if len(set(labels)) < 2:
        raise ValueError("there must be at least two different labels")
    if len(set(labels)) * 2 > len(labels):
        raise ValueError("a label needs two texts on average")
    if max_words < 1:
        raise ValueError("there must be room for at least one word")


def _fit(past: Past, mix: _Mix, on_progress: Callable[[float], None]) -> Learned:
    rows = len(past.label)
    low, high = TEXTS_MIN
    texts_min = mix.texts_min or max(low, min(high, rows // ROWS_PER_TEXTS_MIN))
    words = candidates(past.views[-1], past.edges, texts_min)
    if not words:
        raise ValueError("no word stands in enough texts")
    on_progress(0.2)
    whole, _ = whole_words(words, past.views[-1], past.edges)
    on_progress(0.35)
    lessons = Lessons.of(past, words)
    weights, _ = _machines(lessons, SURE_AT_SELECTION, lambda share: on_progress(0.55 + share * 0.4))
    kept = _choose(words, whole, _importance(weights, lessons), mix)
    weights, biases = _machines(lessons.about(kept), mix.sure, lambda share: on_progress(0.95 + share * 0.05))
    learned = _whole_numbers([words[which] for which in kept], whole, weights, biases, past)
    return learned.without_lighter_than(mix.least)


def _machines(lessons: Lessons, sure: float, on_progress: Callable[[float], None]) -> tuple[Floats, Floats]:
    """One linear machine for each label: its weights of the words, and its bias.

    The bias is learned as the weight of a word that stands in every text, because the engine adds it
    to a total that grows with the text, while a machine sees all texts with the same length.
    """
    always = sparse.csr_matrix(np.full((lessons.found.shape[0], 1), ALWAYS))
    texts = normalize(sparse.hstack([lessons.found.multiply(lessons.rarity), always]).tocsr())
    columns = []
    for which, scale in enumerate(np.pad(lessons.strength, ((0, 0), (0, 1)), constant_values=1)):
        machine = LinearSVC(C=sure, fit_intercept=False, random_state=0)
        machine.fit(texts.multiply(scale).tocsr(), lessons.label == which, sample_weight=lessons.counts)
        columns.append(machine.coef_[0] * scale)
        on_progress(len(columns) / len(lessons.strength))
    weights = np.array(columns)
    return weights[:, :-1] * lessons.rarity, weights[:, -1] * ALWAYS


def _importance(weights: Floats, lessons: Lessons) -> Floats:
    """How much each word moves the totals apart, over all texts as they were given."""
    texts = normalize(lessons.found[: lessons.given].multiply(lessons.rarity).tocsr())
    use = np.sqrt(np.asarray(texts.power(2).sum(axis=0)).ravel()) / lessons.rarity
    return np.asarray(np.sqrt(((weights - weights.mean(axis=0)) ** 2).sum(axis=0)) * use)


def _choose(words: Sequence[str], whole: frozenset[str], importance: Floats, mix: _Mix) -> list[int]:
    """The most important words, with no larger a share of fragments among them than the mix allows."""
    room = min(mix.words, int(len(whole) / max(1 - mix.parts - mix.singles, 1e-9)))
    parts, singles = int(room * mix.parts), int(room * mix.singles)
    chosen: list[int] = []
    for which in np.argsort(-importance, kind="stable").tolist():
        single = len(words[which]) == 1
        part = not single and words[which] not in whole
        if len(chosen) == room or (single and not singles) or (part and not parts):
            continue
        chosen.append(which)
        parts, singles = parts - part, singles - single
    return sorted(chosen)


def _whole_numbers(
    words: Sequence[str], whole: frozenset[str], weights: Floats, biases: Floats, past: Past
) -> Learned:
    """Shift each word so that the category in the middle gets 0, scale, round, drop what became 0."""
    weights = weights - np.median(weights, axis=0)
    scale = WEIGHT_TOP / max(np.quantile(np.abs(weights), SPREAD), 1e-9)
    rounded = np.clip(np.rint(weights * scale), -WEIGHT_TOP, WEIGHT_TOP).astype(int)
    biases = np.clip(np.rint((biases - np.median(biases)) * scale), -WEIGHT_MAX, WEIGHT_MAX)
    return Learned(
        labels=past.labels,
        weights={
            word: tuple(map(int, column))
            for word, column in zip(words, rounded.T, strict=True)
            if any(column)
        },
        biases=tuple(map(int, biases)),
        fragments=frozenset(words) - whole,
        opening=past.opening,
        margin=1,
        rows=len(past.label),
        held_out=(),
    )


def _try(trial: Learned, unseen: Past) -> tuple[tuple[Report, ...], int]:
    """How the trial sorts what it has not seen, view by view, and the lead below which it is uncertain."""
    if not len(unseen.label):
        return (), 1
    labels = [unseen.labels[which] for which in unseen.label]
    rules = _rules(trial)
    margin = _margin(rules, unseen.views[-1], labels)
    sure = replace(rules, margin=margin)
    return tuple(evaluate(view, labels, sure) for view in unseen.views), margin


def _margin(rules: Rules, texts: Sequence[str], labels: Sequence[str]) -> int:
    """The smallest lead to ask for that leaves the wanted share of texts uncertain."""

    def certain(margin: int) -> float:
        return evaluate(texts, labels, replace(rules, margin=margin)).certain

    return bisect_left(range(WEIGHT_MAX), UNCERTAIN - 1, key=lambda margin: -certain(margin))


def _rules(learned: Learned) -> Rules:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "learned.toml"
        learned.write(file)
        return load_categories(file)
