"""What else speaks of an issue: reports, and lesser matters, that say enough of what its people tell."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from statistics import median
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from nlp.notes import Notes
from nlp.place_names import NAME_LENGTH_MIN, may_be_one
from nlp.same_matter import Matter
from nlp.shared_place import place_of

HERE_MIN, HERE_FEW = 0.15, 0.7  # of the middle score lets a report join that names the place,
JOINS_MIN, JOINS_FEW = 0.4, 2  # and one that names none: of few people more is asked, divided by their number
UNPLACED_FEW = 4  # where the issue is of no place
NAMED_MIN = 0.2  # of an issue's people call the place so
SIGN_SHARE = 0.2  # of all people who use a pair: so many speak of the issue it tells
SIGNS_MAX, SIGNS_MIN = 12, 2  # of its most telling pairs make a report worth to be compared


class Told(NamedTuple):
    """What an issue's people say, by which others are known to speak of it."""

    names: frozenset[str]  # of its place
    worth: dict[int, int]  # pair -> what sharing it is worth; none of the names'
    middle: float  # score of its own reports
    signs: list[int]  # the pairs worth most
    here: float  # the score that is asked where a name of its place stands, and where none does
    joins: float


def _told_by(notes: Notes, matter: Matter) -> Told:
    """What more than one of its people say beside the place, each pair by its rarity and how many use it."""
    names = _names(notes, matter)
    own = set().union(*(notes.own(name, matter.ids) for name in names))
    people = len(notes.people_of(matter.ids))
    counts = notes.counts(matter.ids)
    worth = {
        pair: many * notes.rarity[pair] // people
        for pair, many in counts.items()
        if many > 1 and pair not in own
    }
    middle = max(1, median([notes.score(worth, each) for each in matter.ids]))
    rare = [pair for pair in worth if SIGN_SHARE * notes.frequency[pair] <= counts[pair]]
    signs = sorted(rare, key=lambda pair: (-worth[pair] * counts[pair], notes.spelled[pair]))[:SIGNS_MAX]
    return Told(
        names,
        worth,
        middle,
        signs,
        here=(HERE_MIN + HERE_FEW / people) * middle,
        joins=(JOINS_MIN + (JOINS_FEW if place_of(notes, matter.ids) else UNPLACED_FEW) / people) * middle,
    )


def _names(notes: Notes, matter: Matter) -> frozenset[str]:
    """What its people call the place: 玉景园滨江苑, 玉景园, 滨江苑."""
    by_user: dict[int, set[str]] = defaultdict(set)
    for each in matter.ids:
        by_user[notes.users[each]] |= notes[each].title_places
    counts = Counter(chain.from_iterable(by_user.values()))
    needed = max(notes.people_min, NAMED_MIN * len(by_user))
    place = place_of(notes, matter.ids)
    often = {name for name, many in counts.items() if many >= needed}
    return frozenset(often | {place[:NAME_LENGTH_MIN] or matter.name})


def _nearness(notes: Notes, told: Told, position: int, here: bool) -> float:
    """How much of what is asked a report says of an issue: from 1 it is of it. `here`: it names the place."""
    score = notes.score(told.worth, position)
    if here or score < told.joins:
        return score / (told.here if here else told.joins)
    places = notes[position].title_places
    elsewhere = places and not any(may_be_one(place, name) for place in places for name in told.names)
    return 0 if elsewhere else score / told.joins


def joined(
    notes: Notes, matters: list[Matter], known: Collection[frozenset[int]], part: tuple[float, float]
) -> list[Matter]:
    """The matters, hottest first, with what says enough of the same: reports of none, and lesser ones.

    Nothing is looked for that speaks of those `known`: it was found before.
    """
    told = {which: _told_by(notes, matter) for which, matter in enumerate(matters) if matter.ids not in known}
    home = {position: which for which, matter in enumerate(matters) for position in matter.ids}
    found = [set(matter.ids) for matter in matters]
    agreeing: list[Counter[int]] = [Counter() for _ in matters]  # of each: reports that speak of a hotter one
    for position, likely in _likely(notes, told, notes.steps(range(len(notes)), part)):
        at = home.get(position, len(matters))
        near = {
            which: _nearness(notes, told[which], position, here)
            for which, here in likely.items()
            if which < at
        }
        fitting = [which for which in near if near[which] >= 1]
        if at < len(matters):
            agreeing[at].update(fitting)
        elif fitting:
            found[max(fitting, key=lambda which: (near[which], -which))].add(position)
    for which in reversed(range(len(matters))):
        hotter = max(agreeing[which], key=lambda other: (agreeing[which][other], -other), default=None)
        if hotter is not None and 2 * agreeing[which][hotter] >= len(matters[which].ids):
            found[hotter] |= found[which]
            found[which].clear()
    return [
        matter._replace(ids=frozenset(ids), peak=notes.peak(ids))
        for matter, ids in zip(matters, found, strict=True)
        if ids
    ]


def _likely(
    notes: Notes, told: Mapping[int, Told], positions: Iterable[int]
) -> Iterator[tuple[int, dict[int, bool]]]:
    """The reports that name an issue's place or hold enough of its signs: by issue, whether they name it."""
    naming: dict[str, list[int]] = defaultdict(list)
    saying: dict[int, list[int]] = defaultdict(list)
    for which, each in told.items():
        for name in each.names:
            naming[name].append(which)
        for pair in each.signs:
            saying[pair].append(which)
    automaton = AhoCorasick(naming.keys(), implementation=Implementation.DFA)
    signs = frozenset(saying)
    for position in positions:
        note = notes[position]
        likely: dict[int, bool] = {}
        if len(held := signs.intersection(note.pairs)) >= SIGNS_MIN:
            counts = Counter(chain.from_iterable(map(saying.__getitem__, held)))
            likely = {which: False for which, many in counts.items() if many >= SIGNS_MIN}
        for name in automaton.find_matches_as_strings(note.text, overlapping=True):
            likely |= dict.fromkeys(naming[name], True)
        if likely:
            yield position, likely
