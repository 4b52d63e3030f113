"""A learned rule file before it is written: TOML of the same form as rules/categories.toml."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nlp.evaluate import Report

_HEAD = """\
# Keyword rules learned from {rows} past texts. Anybody may edit them: add, drop or re-weigh words,
# then compare with `mashang rules diff OLD NEW FILE`.
#
# Every word found adds its weight to its category once, however often it stands there; the highest
# total wins, of equals the block that stands first. A weight is a whole number from {top} down to
# -{top}; below 0 it speaks against. A word may stand in several categories.
#
#   margin      a lead smaller than this is uncertain: a person decides
#   nested      true: a word counts also inside a longer one (医院 in 人民医院); false: the longest wins
#   opening     in so many characters at the start, the title, a word counts twice
#   fragments   keywords below that are parts of words and single characters: they count like any other
#               and help with words that nobody has written before
#   code        the label, as it stood in the texts
#   bias        what every text starts with in this category
#   keywords    word = weight, the strongest first
"""
_PER_LINE = 12


@dataclass(frozen=True)
class Learned:
    """What was learned, and how a trial on four fifths of the texts sorted the rest."""

    labels: tuple[str, ...]
    weights: Mapping[str, tuple[int, ...]]  # of each word, for each label
    biases: tuple[int, ...]  # for each label
    fragments: frozenset[str]
    opening: int
    margin: int
    rows: int
    held_out: tuple[Report, ...]  # by the first column, then by all; none where there are too few texts

    def without_lighter_than(self, least: int) -> "Learned":
        """Without the words that weigh less in every category: they are many, and turn next to nothing."""
        kept = {word: weights for word, weights in self.weights.items() if max(map(abs, weights)) >= least}
        return replace(self, weights=kept)

    def write(self, file: Path) -> None:
        """Write the rule file; the same rules give the same bytes."""
        file.write_text("\n".join(self._lines()) + "\n", encoding="utf-8", newline="\n")

    def _lines(self) -> Iterable[str]:
        top = max((abs(weight) for weights in self.weights.values() for weight in weights), default=0)
        yield _HEAD.format(rows=self.rows, top=top)
        yield f"margin = {self.margin}"
        yield "nested = true"
        yield f"opening = {self.opening}"
        yield "fragments = ["
        fragments = sorted(self.fragments & self.weights.keys())
        for start in range(0, len(fragments), _PER_LINE):
            yield "    " + " ".join(f"{_quoted(word)}," for word in fragments[start : start + _PER_LINE])
        yield "]"
        for which, label in enumerate(self.labels):
            yield from ("", "[[category]]", f"code = {_quoted(label)}", f"bias = {self.biases[which]}")
            yield "[category.keywords]"
            spoken = [(word, weights[which]) for word, weights in self.weights.items() if weights[which]]
            for word, weight in sorted(spoken, key=lambda pair: (-pair[1], pair[0])):
                yield f"{_quoted(word)} = {weight}"


def _quoted(text: str) -> str:
    """A TOML string: JSON's, and DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
