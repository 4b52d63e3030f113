"""The reports that hold one name, as bits of whole numbers: counting those who say a thing is one step."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from itertools import compress

from nlp.notes import Notes

Bits = int  # some of them: bit 0 is set for the first of its positions


class Namesakes:
    """Some of these reports, to be asked again and again which of them say the same."""

    def __init__(self, notes: Notes, ids: Collection[int]) -> None:
        self.notes, self.positions = notes, sorted(ids)
        self.all: Bits = (1 << len(self.positions)) - 1
        by_user: dict[int, Bits] = defaultdict(int)
        for place, position in enumerate(self.positions):
            by_user[notes.users[position]] |= 1 << place
        self._several = [bits for bits in by_user.values() if bits.bit_count() > 1]  # of one person each
        self._single = self.all & ~sum(self._several)
        self.holding = self._holding()

    def _holding(self) -> dict[int, Bits]:
        """Who holds each pair that enough people hold: no other can matter, nor can those of places."""
        counts = self.notes.counts(self.positions)
        used = {pair for pair, many in counts.items() if many >= self.notes.people_min} - self.notes.of_places
        holding: dict[int, Bits] = defaultdict(int)
        for place, position in enumerate(self.positions):
            for pair in filter(used.__contains__, self.notes[position].pairs):
                holding[pair] |= 1 << place
        return holding

    def people(self, bits: Bits) -> int:
        """How many people wrote these."""
        if self._single == self.all:
            return bits.bit_count()
        return (bits & self._single).bit_count() + sum([1 for theirs in self._several if bits & theirs])

    def counts(self, bits: Bits) -> dict[int, int]:
        """How many people use each pair that enough of them use."""
        enough = self.notes.people_min
        counts = {
            pair: reports
            for pair, held in self.holding.items()
            if (reports := (held & bits).bit_count()) >= enough
        }
        if self._single == self.all:
            return counts
        return {pair: many for pair in counts if (many := self.people(self.holding[pair] & bits)) >= enough}

    def scores(self, worth: Mapping[int, int], bits: Bits) -> dict[int, int]:
        """What the pairs of each of these reports are worth together, by its position."""
        scores = dict.fromkeys(self._each(bits), 0)
        for pair, value in worth.items():
            for position in self._each(self.holding[pair] & bits):
                scores[position] += value
        return scores

    def ids(self, bits: Bits) -> frozenset[int]:
        """The positions of these among all notes."""
        return frozenset(self._each(bits))

    def bits(self, ids: Collection[int]) -> Bits:
        """Those of them that stand at these positions."""
        chosen = frozenset(ids)
        return sum([1 << place for place, each in enumerate(self.positions) if each in chosen])

    def _each(self, bits: Bits) -> Iterator[int]:
        """The positions, in order."""
        return compress(self.positions, map("1".__eq__, reversed(f"{bits:b}")))
