"""Each matter once: what tells parts of one is put together, and what says enough of it joins."""

from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import chain
from math import sqrt

from ahocorasick_rs import AhoCorasick

from nlp.joining import joined
from nlp.notes import GATHERING, Notes
from nlp.place_names import may_be_one
from nlp.same_matter import Matter
from nlp.shared_place import place_of

TOGETHER_MIN = 0.12  # so alike two matters of one place are one
UNPLACED_MIN = 0.25  # where it is not known that their place is one


def gathered(notes: Notes, matters: list[Matter]) -> list[Matter]:
    """Each matter once, the hottest first, each report in one matter at most."""
    taken: set[int] = set()
    kept: list[Matter] = []
    for matter in sorted(matters, key=_weight):
        mine = matter.ids - taken
        if 2 * len(mine) > len(matter.ids) and notes.peak(mine) >= notes.people_min:
            taken |= mine
            kept.append(matter._replace(ids=mine))
    known: set[frozenset[int]] = set()
    for part in GATHERING:  # what has grown says more, so others are known by it
        whole = _together(notes, kept)
        kept = sorted(joined(notes, whole, known, part), key=_heat)
        known |= {matter.ids for matter in whole}
    return kept


def _together(notes: Notes, matters: list[Matter]) -> list[Matter]:
    """Those that are told in the same words of one place as one: each told a part of it."""
    automaton = AhoCorasick({place_of(notes, matter.ids) for matter in matters} - {""})
    whole: list[Matter] = []
    at: dict[str, set[int]] = defaultdict(set)  # by place: which of `whole`
    saying: dict[int, set[int]] = defaultdict(set)  # by pair of a profile
    for matter in matters:
        place = place_of(notes, matter.ids)
        here = set().union(*(at[each] for each in _written(notes, automaton, matter.ids)))
        others = {
            which
            for which in set().union(*(saying[pair] for pair in matter.profile)) - here
            if may_be_one(place, place_of(notes, whole[which].ids))
        }
        alike = [(_alike(notes, whole[which], matter) / TOGETHER_MIN, -which) for which in here]
        alike += [(_alike(notes, whole[which], matter) / UNPLACED_MIN, -which) for which in others]
        best, found = max(alike, default=(0.0, 0))
        if best < 1:
            found = -len(whole)
            whole.append(matter)
            at[place].add(-found)
        else:
            whole[-found] = whole[-found]._replace(ids=whole[-found].ids | matter.ids)
        for pair in matter.profile:
            saying[pair].add(-found)
    return whole


def _written(notes: Notes, automaton: AhoCorasick, ids: Collection[int]) -> list[str]:
    """The places that half of the people write."""
    by_user: dict[int, set[str]] = defaultdict(set)
    for each in ids:
        by_user[notes.users[each]].update(
            automaton.find_matches_as_strings(notes[each].text, overlapping=True)
        )
    counts = Counter(chain.from_iterable(by_user.values()))
    return [name for name, many in counts.items() if 2 * many >= len(by_user)]


def _alike(notes: Notes, one: Matter, other: Matter) -> float:
    """How much of what several people say of one several say of the other, 0 to 1 (cosine)."""
    own = _own(notes, one, one.ids | other.ids) | _own(notes, other, one.ids | other.ids)
    mine, theirs = _told(notes, one.ids, own), _told(notes, other.ids, own)
    common = sum([worth * theirs[pair] for pair, worth in mine.items() if pair in theirs])
    squares = [sum([worth * worth for worth in told.values()]) for told in (mine, theirs)]
    return common / (sqrt(squares[0]) * sqrt(squares[1]) or 1)


def _own(notes: Notes, matter: Matter, ids: Collection[int]) -> set[int]:
    """The pairs that come with its name and its place."""
    return notes.own(matter.name, ids) | notes.own(place_of(notes, matter.ids), ids)


def _told(notes: Notes, ids: Collection[int], own: Collection[int]) -> dict[int, int]:
    """What each pair that more than one person uses is worth: its rarity, by the share who use it."""
    people = len(notes.people_of(ids))
    return {
        pair: many * notes.rarity[pair] // people
        for pair, many in notes.counts(ids).items()
        if many > 1 and pair not in own
    }


def _weight(matter: Matter) -> tuple[float, int, str]:
    """Most people first, but what hangs together closely before what merely takes in more."""
    return -matter.peak * matter.cohesion**0.5, min(matter.ids), matter.name


def _heat(matter: Matter) -> tuple[int, float, int, str]:
    return -matter.peak, -matter.cohesion, min(matter.ids), matter.name
