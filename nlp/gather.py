"""Each matter once: what tells parts of one is put together, and what says enough of it joins."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from math import sqrt
from statistics import median

from ahocorasick_rs import AhoCorasick

from nlp.notes import GATHERING, Notes
from nlp.place_names import NAME_LENGTH_MIN, may_be_one
from nlp.same_matter import Matter

TOGETHER_MIN = 0.12  # so alike two matters of one place are one
UNPLACED_MIN = 0.25  # where it is not known that their place is one
HERE_MIN = 0.35  # of the median score lets a report join that names the place
JOINS_MIN = 0.8  # of the median score lets a report join without the name
PROFILE_SHARE_MIN = 1 / 3  # of the pairs of its profile make a report worth to be compared


def gathered(notes: Notes, matters: list[Matter]) -> list[Matter]:
    """Each matter once, the hottest first, each report in one matter at most."""
    taken: set[int] = set()
    kept: list[Matter] = []
    for matter in sorted(matters, key=_weight):
        mine = matter.ids - taken
        if 2 * len(mine) > len(matter.ids) and notes.peak(mine) >= notes.people_min:
            taken |= mine
            kept.append(matter._replace(ids=mine))
    for part in GATHERING:  # what was put together says more than its parts, so others are known by it
        kept = _joined(notes, _together(notes, kept), part)
    return kept


def _together(notes: Notes, matters: list[Matter]) -> list[Matter]:
    """Those that are told in the same words of one place as one: each told a part of it."""
    names = sorted({notes.place(matter.ids) for matter in matters} - {""})
    automaton = AhoCorasick(names)
    whole: list[Matter] = []
    at: dict[str, set[int]] = defaultdict(set)  # by place: which of `whole`
    saying: dict[int, set[int]] = defaultdict(set)  # by pair of a profile
    for matter in matters:
        place = notes.place(matter.ids)
        here = set().union(*(at[each] for each in _written(notes, automaton, names, matter.ids)))
        others = {
            which
            for which in set().union(*(saying[pair] for pair in matter.profile)) - here
            if may_be_one(place, notes.place(whole[which].ids))
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


def _written(notes: Notes, automaton: AhoCorasick, names: Sequence[str], ids: Collection[int]) -> list[str]:
    """The places that half of the people write."""
    by_user: dict[int, set[int]] = defaultdict(set)
    for each in ids:
        hits = automaton.find_matches_as_indexes(notes[each].text, overlapping=True)
        by_user[notes.users[each]].update(hit[0] for hit in hits)
    counts = Counter(chain.from_iterable(by_user.values()))
    return [names[which] for which, many in sorted(counts.items()) if 2 * many >= len(by_user)]


def _alike(notes: Notes, one: Matter, other: Matter) -> float:
    """How much of what several people say of one several say of the other, 0 to 1 (cosine)."""
    own = _own(notes, one, one.ids | other.ids) | _own(notes, other, one.ids | other.ids)
    mine, theirs = _told(notes, one.ids, own), _told(notes, other.ids, own)
    common = sum([worth * theirs[pair] for pair, worth in mine.items() if pair in theirs])
    squares = [sum([worth * worth for worth in told.values()]) for told in (mine, theirs)]
    return common / (sqrt(squares[0]) * sqrt(squares[1]) or 1)


def _own(notes: Notes, matter: Matter, ids: Collection[int]) -> set[int]:
    """The pairs that come with its name and its place."""
    return notes.own(matter.name, ids) | notes.own(notes.place(matter.ids), ids)


def _told(notes: Notes, ids: Collection[int], own: Collection[int]) -> dict[int, int]:
    """What each pair that more than one person uses is worth: its rarity, by the share who use it."""
    people = len(notes.people_of(ids))
    return {
        pair: many * notes.rarity[pair] // people
        for pair, many in notes.counts(ids).items()
        if many > 1 and pair not in own
    }


def _joined(notes: Notes, matters: list[Matter], part: tuple[float, float]) -> list[Matter]:
    """The matters with what says enough of the same: where it names their place, else much of it."""
    taken = set().union(*(matter.ids for matter in matters))
    free = [position for position in range(len(notes)) if position not in taken]
    half = sum(part) / 2
    here = _naming(notes, matters, notes.steps(free, (part[0], half)))
    elsewhere = _saying(notes, matters, notes.steps(free, (half, part[1])))
    fits: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for which, matter in enumerate(matters):
        told = _told(notes, matter.ids, _own(notes, matter, matter.ids))
        middle = max(1, median([notes.score(told, each) for each in sorted(matter.ids)]))
        place = notes.place(matter.ids)
        for positions, share in ((here[which], HERE_MIN), (elsewhere[which] - here[which], JOINS_MIN)):
            for position in positions:
                score = notes.score(told, position)
                if score >= share * middle and (
                    share == HERE_MIN or not notes.is_elsewhere(position, matter.name, place)
                ):
                    fits[position].append((score / middle, -which))
    joined = [set(matter.ids) for matter in matters]
    for position, each in fits.items():
        joined[-max(each)[1]].add(position)
    grown = [
        matter._replace(ids=frozenset(ids), peak=notes.peak(ids))
        for matter, ids in zip(matters, joined, strict=True)
    ]
    return sorted(grown, key=_heat)


def _naming(notes: Notes, matters: list[Matter], free: Iterable[int]) -> list[set[int]]:
    """Of each matter the reports, of those still free, that write its place or at least how it begins."""
    places = [notes.place(matter.ids)[:NAME_LENGTH_MIN] or matter.name for matter in matters]
    by_name: dict[str, list[int]] = defaultdict(list)
    for which, name in enumerate(places):
        by_name[name].append(which)
    names = sorted(by_name)
    automaton = AhoCorasick(names)
    found: list[set[int]] = [set() for _ in matters]
    for position in free:
        hits = automaton.find_matches_as_indexes(notes[position].text, overlapping=True)
        for which in {which for hit in hits for which in by_name[names[hit[0]]]}:
            found[which].add(position)
    return found


def _saying(notes: Notes, matters: list[Matter], free: Iterable[int]) -> list[set[int]]:
    """Of each matter with a place the reports, of those still free, that hold a third of its profile."""
    wanted: dict[int, list[int]] = defaultdict(list)
    for which, matter in enumerate(matters):
        if notes.place(matter.ids):
            for pair in matter.profile:
                wanted[pair].append(which)
    found: list[set[int]] = [set() for _ in matters]
    for position in free:
        pairs = filter(wanted.__contains__, notes[position].pairs)
        counts = Counter(chain.from_iterable(map(wanted.__getitem__, pairs)))
        for which, many in counts.items():
            if many >= PROFILE_SHARE_MIN * len(matters[which].profile):
                found[which].add(position)
    return found


def _weight(matter: Matter) -> tuple[float, int, str]:
    """Most people first, but what hangs together closely before what merely takes in more."""
    return -matter.peak * matter.cohesion**0.5, min(matter.ids), matter.name


def _heat(matter: Matter) -> tuple[int, float, int, str]:
    return -matter.peak, -matter.cohesion, min(matter.ids), matter.name
