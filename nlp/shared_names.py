"""The names that many reports of a period have in common: places, firms, schemes, road works."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappushpop
from itertools import chain

from ahocorasick_rs import AhoCorasick

from nlp.notes import NAMES, RUN, Notes
from nlp.place_names import NAME_LENGTH_MIN

NAME_LENGTH_MAX = 8
NAMES_MAX = 1200  # most used names looked at
NAMES_LEAST = 3  # names a report; so many names shared out evenly, each is held by as many as a name needs
MUCH_MIN = 0.8  # of the reports of two names are the same: one of them is enough
PART_MIN = 0.8  # of the reports with a part of a name hold the name


def shared_names(notes: Notes) -> dict[str, list[int]]:
    """The positions of the reports that hold each name, for the names most people use in one window."""
    names = _names(notes)
    automaton = AhoCorasick(names)
    groups: dict[str, list[int]] = {name: [] for name in names}
    for position in notes.steps(range(len(notes)), NAMES):
        for name in set(automaton.find_matches_as_strings(notes[position].text, overlapping=True)):
            groups[name].append(position)
    # Of names that stand in the very same reports the longest is enough.
    distinct = {tuple(ids): name for name, ids in sorted(groups.items(), key=_by_length)}
    groups_kept: dict[str, list[int]] = {}
    known: dict[int, list[set[int]]] = defaultdict(list)
    for name, ids in _most_used(notes, distinct):
        mine = set(ids)
        # Of much the same reports nearly all have the same smallest mixed number.
        smallest = min(map(_mixed, ids))
        if all(len(mine & other) < MUCH_MIN * len(mine | other) for other in known[smallest]):
            known[smallest].append(mine)
            groups_kept[name] = list(ids)
    return groups_kept


def _most_used(notes: Notes, named: Mapping[tuple[int, ...], str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names most people use in one window, with the reports that hold them."""
    peaks: list[tuple[int, str, tuple[int, ...]]] = []
    enough = [notes.people_min] * NAMES_MAX  # a heap: the peaks of the names that would be taken so far
    for ids in sorted(named, key=len, reverse=True):
        if len(ids) < enough[0]:
            break
        peak = notes.peak(ids)
        heappushpop(enough, peak)
        peaks.append((-peak, named[ids], ids))
    for peak, name, ids in sorted(peaks)[:NAMES_MAX]:
        if -peak >= notes.people_min:
            yield name, ids


def _names(notes: Notes) -> list[str]:
    """Places, and whatever several titles have in common: a firm, a scheme, a road works."""
    # In many reports what few hold is not among the most used: 20 of 100,000.
    least = max(notes.people_min, len(notes) // (NAMES_MAX * NAMES_LEAST))
    counts = Counter(chain.from_iterable(note.places for note in notes))
    names = {name: many for name, many in counts.items() if many >= least}
    runs = [run for note in notes for run in RUN.findall(note.text.partition("\n")[0])]
    # What is often said goes on as something often said: only there a longer name is looked for.
    starts: list[Sequence[int]] = [range(len(run) - NAME_LENGTH_MIN + 1) for run in runs]
    for length in range(NAME_LENGTH_MIN, NAME_LENGTH_MAX + 1):
        grams = Counter(
            run[start : start + length] for run, each in zip(runs, starts, strict=True) for start in each
        )
        often = {gram: many for gram, many in grams.items() if many >= least}
        names |= {gram: many for gram, many in often.items() if gram not in names}
        going_on = (
            (
                run,
                [
                    start
                    for start in each
                    if start + length < len(run) and run[start : start + length] in often
                ],
            )
            for run, each in zip(runs, starts, strict=True)
        )
        kept = [(run, each) for run, each in going_on if each]
        runs, starts = [run for run, _ in kept], [each for _, each in kept]
    # A name that nearly always is part of a longer one is not asked for by itself.
    parts = {
        part
        for name, many in names.items()
        for part in (name[1:], name[:-1])
        if many >= PART_MIN * names.get(part, many * 2)
    }
    return sorted(filter(notes.says_something, names.keys() - parts))


def _mixed(number: int) -> int:
    return number * 2654435761 & 0xFFFFFFFF


def _by_length(named: tuple[str, list[int]]) -> tuple[int, str]:
    return len(named[0]), named[0]
