"""Find many words in a text in one pass; where words lie inside one another, the longest wins."""

from collections.abc import Iterable, Sequence
from sys import maxsize

from ahocorasick_rs import AhoCorasick, MatchKind

Hit = tuple[int, int, int]  # (which word, start, end)


class Scanner:
    """An automaton over `words`; built once, never changed, safe to share between threads."""

    __slots__ = ("_automaton", "folded", "numbers", "words")

    def __init__(self, words: Iterable[str], beside: Iterable[str] = ()) -> None:
        """Those `beside` are found as well: numbered after the `words`, among which they may stand again.

        Raises ValueError for an empty word or one that stands twice (also in another case).
        """
        own = tuple(words)
        self.numbers = {fold(word): number for number, word in enumerate(own)}
        if len(self.numbers) != len(own):
            raise ValueError("a word stands twice")
        self.words: Sequence[str] = (*own, *beside)
        self.folded: Sequence[str] = tuple(map(fold, self.words))
        self._automaton = (
            AhoCorasick(self.folded, matchkind=MatchKind.Standard, store_patterns=True)
            if self.folded
            else None
        )

    def hits(self, text: str) -> list[Hit]:
        """Every word found in `text`, from left to right, without those inside a longer one.

        Two words that only overlap both count. Latin letters match in either case.
        """
        return longest(self.all_hits(text))

    def all_hits(self, text: str) -> list[Hit]:
        """Every word found in `text`, also inside a longer one: by rising end, the longest first."""
        if self._automaton is None:
            return []
        found: list[Hit] = self._automaton.find_matches_as_indexes(fold(text), overlapping=True)
        return found

    def all_words(self, text: str) -> list[str]:
        """The words of `all_hits`, folded: a third cheaper where nobody asks for positions."""
        if self._automaton is None:
            return []
        found: list[str] = self._automaton.find_matches_as_strings(fold(text), overlapping=True)
        return found


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Of all hits, by rising end and of one end the longest first, those not inside a longer one."""
    return parted(hits, maxsize)[0]


def parted(hits: Iterable[Hit], own: int) -> tuple[list[Hit], list[Hit]]:
    """The longest of the words numbered below `own`, and all hits of the others, which hide nothing."""
    kept: list[Hit] = []
    others: list[Hit] = []
    last_start = last_end = -1
    # What a new hit contains is at the end of `kept`, and only its last entry can contain it.
    for hit in hits:
        word, start, end = hit
        if word >= own:
            others.append(hit)
            continue
        if end == last_end:
            continue
        if start <= last_start:
            while kept and kept[-1][1] >= start:
                kept.pop()
        kept.append(hit)
        last_start, last_end = start, end
    return kept, others


def fold(text: str) -> str:
    """Lower case, every character staying at its place ("İ" alone would become two)."""
    low = text.lower()
    return low if len(low) == len(text) else text.replace("İ", "I").lower()
