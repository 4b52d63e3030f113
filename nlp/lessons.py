"""Past texts made ready to learn from: what each says, word by word, and how much it counts."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from nlp.features import pieces
from nlp.plain import plain
from nlp.scan import Scanner, fold
from nlp.words import word_edges

OPENING = 30  # characters: a title, or the first sentence
WHOLE_TEXT, PIECE = 2.0, 0.2  # what a whole text, and a piece of one, counts beside its title
HELD_OUT = 5  # one text in so many

Matrix = Any  # of scipy, which has no types
Floats = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Past:
    """The rows to learn from: each text in its views, plain and folded, the last one with all columns.

    Where a title stands first, each row also has what the other columns say, in pieces as long as a title.
    """

    views: tuple[tuple[str, ...], ...]
    pieces: tuple[tuple[str, ...], ...]
    edges: tuple[list[int], ...]  # of the last view
    labels: tuple[str, ...]  # every label there is
    label: Floats  # for each row, which

    @staticmethod
    def read(
        columns: Sequence[Sequence[str]], labels: Sequence[str], on_progress: Callable[[float], None]
    ) -> "Past":
        everything = ["\n".join(row) for row in zip(*columns, strict=True)]
        views = [columns[0], everything] if len(columns) > 1 else [everything]
        simple = [[plain(text) for text in view] for view in views]
        edges = []
        for row, text in enumerate(simple[-1]):
            edges.append(word_edges(text))
            on_progress(row / len(labels))
        names = tuple(sorted(set(labels)))
        details = ["\n".join(row) for row in zip(*columns[1:], strict=True)] or [""] * len(labels)
        return Past(
            views=tuple(tuple(fold(text) for text in view) for view in simple),
            pieces=tuple(tuple(pieces(fold(plain(text)))) for text in details),
            edges=tuple(edges),
            labels=names,
            label=np.array([names.index(label) for label in labels]),
        )

    def held_out(self) -> Floats:
        """True for the rows of one in five texts of every label; equal titles stay together."""
        held: set[tuple[int, str]] = set()
        for which in range(len(self.labels)):
            texts = {self.views[0][row] for row in np.flatnonzero(self.label == which)}
            lot = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())
            held.update((which, text) for text in lot[: len(lot) // HELD_OUT])
        return np.array([pair in held for pair in zip(self.label, self.views[0], strict=True)])

    def of(self, rows: Floats) -> "Past":
        kept = np.flatnonzero(rows)
        return replace(
            self,
            views=tuple(tuple(view[row] for row in kept) for view in self.views),
            pieces=tuple(self.pieces[row] for row in kept),
            edges=tuple(self.edges[row] for row in kept),
            label=self.label[kept],
        )

    @property
    def opening(self) -> int:
        """Of texts in one column nobody knows whether they begin with the matter or with a greeting."""
        return OPENING if len(self.views) > 1 else 0


@dataclass(frozen=True)
class Lessons:
    """What the machines learn from: rows of texts, the pieces last, and columns of words."""

    found: Matrix
    label: Floats  # of each text
    counts: Floats  # how much each text counts
    given: int  # so many texts are no pieces
    strength: Floats  # of each word for each label
    rarity: Floats  # of each word

    @staticmethod
    def of(past: Past, words: Sequence[str]) -> "Lessons":
        rows, views = len(past.label), len(past.views)
        scanner, opening = Scanner(words), past.opening
        given = sparse.vstack([_found(view, scanner, opening) for view in past.views]).tocsr()
        label = np.tile(past.label, views)
        short = [piece for each in past.pieces for piece in each]
        return Lessons(
            found=sparse.vstack([given, _found(short, scanner, opening)]).tocsr(),
            label=np.concatenate([label, np.repeat(past.label, [len(each) for each in past.pieces])]),
            counts=np.repeat([1, WHOLE_TEXT, PIECE], [rows, rows * (views - 1), len(short)]),
            given=rows * views,
            strength=_strength(given, label, len(past.labels)),
            rarity=_rarity(given[-rows:]),
        )

    def about(self, words: Sequence[int]) -> "Lessons":
        """The same texts, but of the words only these."""
        return replace(
            self,
            found=self.found[:, words],
            strength=self.strength[:, words],
            rarity=self.rarity[words],
        )


def _found(texts: Sequence[str], scanner: Scanner, opening: int) -> Matrix:
    """Rows of texts, columns of words: how often the engine would count each."""
    row_of: list[int] = []
    column_of: list[int] = []
    counts: list[int] = []
    for row, text in enumerate(texts):
        count: dict[int, int] = {}
        for word, _, end in scanner.all_hits(text):
            if word not in count:
                count[word] = 2 if end <= opening else 1
        row_of += [row] * len(count)
        column_of += count.keys()
        counts += count.values()
    shape = (len(texts), len(scanner.words))
    return sparse.csr_matrix((counts, (row_of, column_of)), shape, dtype=float)


def _strength(found: Matrix, label: Floats, labels: int) -> Floats:
    """For each label and word how far the word's odds there differ from elsewhere.

    A machine over columns scaled by it (Wang and Manning 2012, "NBSVM") learns more from few texts:
    what is evenly spread must earn its weight.
    """
    present = found > 0
    rows = []
    for which in range(labels):
        here = 1 + np.asarray(present[label == which].sum(axis=0)).ravel()
        there = 1 + np.asarray(present[label != which].sum(axis=0)).ravel()
        rows.append(np.sqrt(np.abs(np.log(here / here.sum()) - np.log(there / there.sum()))))
    return np.array(rows)


def _rarity(found: Matrix) -> Floats:
    """Inverse document frequency."""
    texts = np.asarray((found > 0).sum(axis=0)).ravel()
    return np.asarray(np.log((1 + found.shape[0]) / (1 + texts)) + 1)
