"""Which words a set of texts offers to learn from, and which of them people would call words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from nlp.scan import Scanner, fold

WORD_LENGTH = range(2, 9)  # characters of a word that a person recognises
TOKENS_MAX = 4  # 农民工 + 工资: a word may be made of so many of jieba's
PART_LENGTH = (2, 3)
PIECE = 28  # characters: about as long as a title
_LETTERS = re.compile(r"[一-鿿a-z]+")
_CHARACTER = re.compile(r"[一-鿿]")
_CLAUSE = re.compile(r"[^,。!?;:\s]+")


def candidates(texts: Sequence[str], edges: Sequence[list[int]], texts_min: int) -> list[str]:
    """Every word, and every part of one, that stands in at least `texts_min` of the plain texts."""
    counts: Counter[str] = Counter()
    for text, places in zip(texts, edges, strict=True):
        text = fold(text)
        counts.update(set(_words(text, places)) | set(_parts(text)))
    return sorted(word for word, count in counts.items() if count >= texts_min)


def whole_words(
    words: Iterable[str], texts: Sequence[str], edges: Sequence[list[int]]
) -> tuple[frozenset[str], frozenset[str]]:
    """(words of 2 to 8 characters that mostly stand between two word edges, words found at all)."""
    scanner = Scanner(words)
    found, between = Counter[int](), Counter[int]()
    for text, places in zip(texts, edges, strict=True):
        ends = set(places)
        for word, start, end in scanner.all_hits(text):
            found[word] += 1
            between[word] += start in ends and end in ends
    whole = frozenset(
        word
        for which, word in enumerate(scanner.words)
        if len(word) in WORD_LENGTH and between[which] * 2 > found[which]
    )
    return whole, frozenset(scanner.words[which] for which in found)


def pieces(text: str) -> Iterable[str]:
    """The clauses of a plain text, several together where they are no longer than a title."""
    piece = ""
    for clause in _CLAUSE.findall(text):
        if piece and len(piece) + len(clause) > PIECE:
            yield piece
            piece = ""
        piece = f"{piece},{clause}" if piece else clause
    if piece:
        yield piece


def _words(text: str, edges: list[int]) -> Iterable[str]:
    for first, start in enumerate(edges):
        for end in edges[first + 1 : first + 1 + TOKENS_MAX]:
            if end - start in WORD_LENGTH and _LETTERS.fullmatch(text, start, end):
                yield text[start:end]


def _parts(text: str) -> Iterable[str]:
    yield from _CHARACTER.findall(text)
    for run in _LETTERS.findall(text):
        for length in PART_LENGTH:
            for start in range(len(run) - length + 1):
                yield run[start : start + length]
