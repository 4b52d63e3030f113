"""Find the matters many people report over a period: one place or thing, one matter, several people."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappushpop
from itertools import chain, compress
from math import sqrt
from statistics import median
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from nlp.alike import DAY
from nlp.notes import PEOPLE_MIN, RUN, Notes, Progress, Written
from nlp.place_names import is_place
from nlp.reports import Report

WINDOW_DAYS = 30
NAME_LENGTH_MIN, NAME_LENGTH_MAX = 3, 8
LIFT_MIN = 3  # a matter's pair is that many times as frequent among its reports as elsewhere
SHARED_MIN = 0.3  # of a matter's people have a pair that belongs to its profile
FITS_MIN = 0.4  # of the median score makes a report one of the matter
COHESION_MIN = 0.13  # of what its reports say, by weight, is said in common
TITLE_COHESION_MIN, TEXT_COHESION_MIN = 0.2, 0.04  # one of them at least
COHESION_FEW = 0.3  # more is asked of few people, who may agree by chance: divided by their number
ELSEWHERE_MAX = 1 / 3  # of its people may name another place
PROFILE_MAX = 12  # pairs; more would be the wording of one copied letter
MATTERS_MAX = 4  # looked for at one name
NAMED_MIN = 0.6  # of the reports with a name that is no place's speak of the matter
ROUNDS = 2
SAMPLE_MAX = 50  # reports of one name that are split
NAMES_MAX = 1500  # most used names looked at
NAMES_LEAST = 3  # names a report; so many names shared out evenly, each is held by as many as a name needs
HERE_MIN = 0.35  # of the median score lets a report join that names the place
JOINS_MIN = 0.8  # of the median score lets a report join without the name
TOGETHER_MIN = 0.12  # so alike two matters of one place are one
UNPLACED_MIN = 0.25  # where it is not known that their place is one
TITLE_LENGTH = 8  # pairs a title may have without being long


@dataclass(frozen=True, slots=True)
class Issue:
    """A matter several people reported, as the public may read it."""

    rank: int  # from 1, by the people of its fullest window
    title: str  # of the report that says most of what all say
    place: str  # the name they share; empty where none is
    category: str
    people: int
    reports: int
    likes: int  # shown, never ranked by
    start: int  # UTC seconds of the first and the last report
    end: int
    ids: tuple[str, ...]  # by time
    peak: int  # people within the fullest window


class _Matter(NamedTuple):
    """Reports that name one thing and say the same of it."""

    ids: frozenset[int]  # positions of notes
    name: str
    profile: dict[int, int]  # pair -> what sharing it is worth; none of the place's own pairs
    cohesion: float
    peak: int  # people in the fullest window


def cluster(
    reports: Iterable[Report],
    *,
    since: int | None = None,
    until: int | None = None,
    window_days: int = WINDOW_DAYS,
    people_min: int = PEOPLE_MIN,
    category: Callable[[str], str] | None = None,
    on_progress: Progress | None = None,
) -> list[Issue]:
    """The issues of the reports in [since, until) UTC seconds, the hottest first.

    An issue is hotter the more different people report it within `window_days`; likes and the
    same person's repetitions do not count. `category` sorts a text; `on_progress` hears
    (done, total). The order of `reports` does not matter; of several with one id one counts.
    """
    by_id = {each.id: each for each in sorted(reports, key=_order)}
    kept = [
        each
        for each in sorted(by_id.values(), key=_order)
        if (since is None or each.at >= since) and (until is None or each.at < until)
    ]
    search = _Search(Notes(kept, on_progress or _unheard), window_days * DAY, people_min)
    matters = search.apart(search.matters())
    return [_issue(search, matter, rank, category) for rank, matter in enumerate(matters, start=1)]


def _order(report: Report) -> tuple[int, str, str, str]:
    return report.at, report.id, report.user, report.title


def _unheard(_done: int, _total: int) -> None:
    pass


class _Search:
    """Looks for the matters in the reports of a period."""

    def __init__(self, notes: Notes, window: int, people_min: int) -> None:
        self.notes, self.window, self.people_min = notes, window, people_min

    def matters(self) -> list[_Matter]:
        """What holds together among the reports of each name; one matter may come under several names."""
        groups = self._groups()
        found = []
        for name in self.notes.steps(sorted(groups), 60, 100):
            found += self._matters_of(name, groups[name])
        return found

    def apart(self, matters: list[_Matter]) -> list[_Matter]:
        """Each matter once, the hottest first, each report in one matter at most."""
        taken: set[int] = set()
        kept: list[_Matter] = []
        for matter in sorted(matters, key=_weight):
            mine = matter.ids - taken
            if 2 * len(mine) > len(matter.ids) and self._peak(mine) >= self.people_min:
                taken |= mine
                kept.append(matter._replace(ids=mine))
        # What was put together says more than its parts, so others are known by it.
        for _ in range(ROUNDS):
            kept = self._joined(self._together(kept))
        return kept

    def _together(self, matters: list[_Matter]) -> list[_Matter]:
        """Those that are told in the same words of one place as one: each told a part of it."""
        names = sorted({self.notes.place(matter.ids) for matter in matters} - {""})
        automaton = AhoCorasick(names)
        whole: list[_Matter] = []
        at: dict[str, set[int]] = defaultdict(set)  # by place: which of `whole`
        saying: dict[int, set[int]] = defaultdict(set)  # by pair of a profile
        for matter in matters:
            place = self.notes.place(matter.ids)
            here = set().union(*(at[each] for each in self._written(automaton, names, matter.ids)))
            others = {
                which
                for which in set().union(*(saying[pair] for pair in matter.profile)) - here
                if _may_be_one(place, self.notes.place(whole[which].ids))
            }
            alike = [(self._alike(whole[which], matter) / TOGETHER_MIN, -which) for which in here]
            alike += [(self._alike(whole[which], matter) / UNPLACED_MIN, -which) for which in others]
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

    def _written(self, automaton: AhoCorasick, names: Sequence[str], ids: Collection[int]) -> list[str]:
        """The places that half of the people write."""
        by_user: dict[int, set[int]] = defaultdict(set)
        for each in ids:
            hits = automaton.find_matches_as_indexes(self.notes[each].text, overlapping=True)
            by_user[self.notes.users[each]].update(hit[0] for hit in hits)
        counts = Counter(chain.from_iterable(by_user.values()))
        return [names[which] for which, many in sorted(counts.items()) if 2 * many >= len(by_user)]

    def _alike(self, one: _Matter, other: _Matter) -> float:
        """How much of what several people say of one several say of the other, 0 to 1 (cosine)."""
        own = self._own(one, one.ids | other.ids) | self._own(other, one.ids | other.ids)
        mine, theirs = self._told(one.ids, own), self._told(other.ids, own)
        common = sum([worth * theirs[pair] for pair, worth in mine.items() if pair in theirs])
        squares = [sum([worth * worth for worth in told.values()]) for told in (mine, theirs)]
        return common / (sqrt(squares[0]) * sqrt(squares[1]) or 1)

    def _own(self, matter: _Matter, ids: Collection[int]) -> set[int]:
        """The pairs that come with its name and its place."""
        return self.notes.own(matter.name, ids) | self.notes.own(self.notes.place(matter.ids), ids)

    def _told(self, ids: Collection[int], own: Collection[int]) -> dict[int, int]:
        """What each pair that more than one person uses is worth: its rarity, by the share who use it."""
        people = len(self.notes.people_of(ids))
        return {
            pair: many * self.notes.rarity[pair] // people
            for pair, many in self.notes.counts(ids).items()
            if many > 1 and pair not in own
        }

    def _joined(self, matters: list[_Matter]) -> list[_Matter]:
        """The reports of each matter with those that say the same, though none of its words most often."""
        wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
        middles = []
        for which, matter in enumerate(matters):
            told = self._told(matter.ids, self._own(matter, matter.ids))
            middles.append(median([self._score(told, each) for each in sorted(matter.ids)]))
            for pair, worth in told.items():
                wanted[pair].append((which, worth))
        places = [self.notes.place(matter.ids) for matter in matters]
        joined = [set(matter.ids) for matter in matters]
        taken = set().union(*joined)
        for position in range(len(self.notes)):
            if position in taken:
                continue
            text = self.notes[position].text
            scores: dict[int, int] = defaultdict(int)
            for pair in filter(wanted.__contains__, self.notes[position].pairs):
                for which, worth in wanted[pair]:
                    scores[which] += worth
            fits = []
            for which, score in scores.items():
                if not middles[which] or score < HERE_MIN * middles[which]:
                    continue
                name, place = matters[which].name, places[which]
                is_here = (place[:NAME_LENGTH_MIN] or name) in text
                if is_here or (
                    place
                    and score >= JOINS_MIN * middles[which]
                    and not self._is_elsewhere(position, name, place)
                ):
                    fits.append((score / middles[which], -which))
            if fits:
                joined[-max(fits)[1]].add(position)
        grown = [
            matter._replace(ids=frozenset(ids), peak=self._peak(ids))
            for matter, ids in zip(matters, joined, strict=True)
        ]
        return sorted(grown, key=_heat)

    def _groups(self) -> dict[str, list[int]]:
        """The positions of the reports that hold each name, for the names most people use in one window."""
        names = self._names()
        automaton = AhoCorasick(names)
        groups: list[list[int]] = [[] for _ in names]
        for position in self.notes.steps(range(len(self.notes)), 45, 60):
            text = self.notes[position].text
            for which in {hit[0] for hit in automaton.find_matches_as_indexes(text, overlapping=True)}:
                groups[which].append(position)
        # Of names that stand in the very same reports the longest is enough.
        distinct = {tuple(ids): name for name, ids in sorted(zip(names, groups, strict=True), key=_by_length)}
        return {name: list(ids) for name, ids in self._most_used(distinct)}

    def _most_used(self, named: Mapping[tuple[int, ...], str]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The names most people use in one window, with the reports that hold them."""
        peaks: list[tuple[int, str, tuple[int, ...]]] = []
        enough = [self.people_min] * NAMES_MAX  # a heap: the peaks of the names that would be taken so far
        for ids in sorted(named, key=len, reverse=True):
            if len(ids) < enough[0]:
                break
            peak = self._peak(ids)
            heappushpop(enough, peak)
            peaks.append((-peak, named[ids], ids))
        for peak, name, ids in sorted(peaks)[:NAMES_MAX]:
            if -peak >= self.people_min:
                yield name, ids

    def _names(self) -> list[str]:
        """Places, and whatever several titles have in common: a firm, a scheme, a road works."""
        # In many reports what few hold is not among the most used: 20 of 100,000.
        least = max(self.people_min, len(self.notes) // (NAMES_MAX * NAMES_LEAST))
        counts = Counter(place for note in self.notes for place in note.places)
        names = {name: many for name, many in counts.items() if many >= least}
        runs = [run for note in self.notes for run in RUN.findall(note.text.partition("\n")[0])]
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
            if many >= 0.8 * names.get(part, many * 2)
        }
        return sorted(names.keys() - parts)

    def _matters_of(self, name: str, ids: list[int]) -> list[_Matter]:
        """Split the reports that hold a name by what they say beside it.

        Of a name in very many reports an even sample is split; the rest is asked whether it fits.
        """
        sample = set(ids[:: 1 + (len(ids) - 1) // SAMPLE_MAX])
        rest, written = set(sample), self.notes.common(sample, self.people_min)
        found = []
        for _ in range(MATTERS_MAX):
            said = self._said(rest, self.notes.own(name, rest) | self.notes.of_places, written)
            if not said:
                break
            seed = max(
                said, key=lambda pair: (said[pair] ** 2 * self.notes.rarity[pair], self.notes.spelled[pair])
            )
            core = {each for each in rest if seed in written[each]}
            matter = self._grown(name, core, rest, written)
            rest -= matter.ids
            if self._is_one(matter, sample):
                if len(sample) < len(ids):
                    matter = matter._replace(ids=self._fitting(matter.profile, matter.ids, ids))
                peak = self._peak(matter.ids)
                if peak >= self.people_min:
                    found.append(matter._replace(peak=peak))
        return found

    def _grown(self, name: str, core: set[int], rest: set[int], written: Written) -> _Matter:
        """The matter the core reports speak of, with all others of `rest` that fit its profile.

        What they share only by naming one place does not count: a place with many matters is none.
        """
        for _ in range(ROUNDS):
            own = self.notes.own(name, core) | self.notes.own(self.notes.widened(name, core), core)
            own |= self.notes.own(self.notes.place(frozenset(core)), core) | self.notes.of_places
            profile = self._profile(core, own, written)
            fitting = self._fitting(profile, core, rest)
            if not fitting:
                return _Matter(frozenset(core), name, {}, 0, 0)
            if fitting == core:
                break
            core = set(fitting)
        return _Matter(frozenset(core), name, profile, self._cohesion(core, profile, own), 0)

    def _fitting(
        self, profile: Mapping[int, int], core: Collection[int], ids: Iterable[int]
    ) -> frozenset[int]:
        """Those of `ids`, among them the core, whose score is near enough to the middle of the core's."""
        scores = {each: self._score(profile, each) for each in ids}
        needed = max(1, FITS_MIN * median([scores[each] for each in core]))
        return frozenset(each for each, score in scores.items() if score >= needed)

    def _cohesion(self, ids: Collection[int], profile: Mapping[int, int], own: Collection[int]) -> float:
        """How much of what a report of these says is said in common: of its title and of it all."""
        titles, texts = [], []
        for each in ids:
            note = self.notes[each]
            title = [pair for pair in note.title_pairs if pair not in own]
            common = sum([profile.get(pair, 0) for pair in title])
            titles.append(common / (sum([self.notes.rarity[pair] for pair in title]) or 1))
            texts.append(self._score(profile, each) / (note.weight or 1))
        of_title, of_text = median(titles), median(texts)
        telling = of_title >= TITLE_COHESION_MIN or of_text >= TEXT_COHESION_MIN
        return of_title + of_text if telling else 0.0

    def _is_one(self, matter: _Matter, group: Collection[int]) -> bool:
        """Whether these reports are one issue and not what many places have in common.

        Where no place is shared, the name itself must stand for the matter: of what is said with
        it a good part is this.
        """
        people = len(self.notes.people_of(matter.ids))
        agreed = self._agreed(matter)
        if 2 * agreed < people:
            return False
        if people < self.people_min or matter.cohesion < COHESION_MIN + COHESION_FEW / people:
            return False
        place = self.notes.place(matter.ids)
        if not place and (agreed < self.people_min or len(matter.ids) < NAMED_MIN * len(group)):
            return False
        return self._elsewhere(matter, place) <= ELSEWHERE_MAX

    def _said(
        self, ids: Collection[int], own: Collection[int], written: Written | None = None
    ) -> dict[int, int]:
        """How many people use each pair that enough of them use, far more often than others do."""
        people = len(self.notes.people_of(ids))
        expected = LIFT_MIN * people / max(1, self.notes.people - people)
        return {
            pair: many
            for pair, many in self.notes.counts(ids, written).items()
            if many >= self.people_min
            and many >= expected * (self.notes.frequency[pair] - many)
            and pair not in own
        }

    def _profile(
        self, ids: Collection[int], own: Collection[int], written: Written | None = None
    ) -> dict[int, int]:
        """What sharing each of a matter's pairs is worth: its rarity, much less where few use it."""
        many = len(self.notes.people_of(ids))
        worth = {
            pair: self.notes.rarity[pair] * users * users // (many * many)
            for pair, users in self._said(ids, own, written).items()
            if users >= SHARED_MIN * many
        }
        strongest = sorted(worth, key=lambda pair: (-worth[pair], self.notes.spelled[pair]))[:PROFILE_MAX]
        return {pair: worth[pair] for pair in strongest}

    def _score(self, profile: Mapping[int, int], position: int) -> int:
        pairs = self.notes.pairs(position)
        return sum(compress(profile.values(), map(pairs.__contains__, profile)))

    def _agreed(self, matter: _Matter) -> int:
        """How many people use the pair of the profile that is used second most: one alone is chance."""
        by_user: dict[int, set[int]] = defaultdict(set)
        for each in matter.ids:
            by_user[self.notes.users[each]] |= matter.profile.keys() & self.notes.pairs(each)
        counts = Counter(chain.from_iterable(by_user.values()))
        return sorted(counts.values())[-2] if len(counts) > 1 else 0

    def _elsewhere(self, matter: _Matter, place: str) -> float:
        """The share of people who speak of another place."""
        elsewhere = [each for each in matter.ids if self._is_elsewhere(each, matter.name, place)]
        return len(self.notes.people_of(elsewhere)) / len(self.notes.people_of(matter.ids))

    def _is_elsewhere(self, position: int, name: str, place: str) -> bool:
        """Whether the title names a place and the text not the shared one."""
        note = self.notes[position]
        if not note.title_places or (place and place in note.text):
            return False
        return not any(
            name in each or each in name or (place and _may_be_one(each, place)) for each in note.title_places
        )

    def _peak(self, ids: Collection[int]) -> int:
        return self.notes.peak(ids, self.window)

    def place(self, matter: _Matter) -> str:
        """The place as the public may read it; empty where the matter is of none."""
        name = self.notes.place(matter.ids) or self.notes.widened(matter.name, matter.ids)
        return name if is_place(name) else ""

    def central(self, ids: Collection[int]) -> int:
        """The report whose title says most of what all say in fewest words, of equals the first."""
        profile = self._profile(ids, ())
        return max(
            sorted(ids),
            key=lambda each: (
                sum([profile.get(pair, 0) for pair in self.notes[each].title_pairs])
                / (TITLE_LENGTH + len(self.notes[each].title_pairs))
            ),
        )


def _may_be_one(one: str, other: str) -> bool:
    """Whether two places may be one: unknown, or written otherwise, as 瑞丰商业广场 and 瑞丰广场."""
    return not one or not other or one[:NAME_LENGTH_MIN] == other[:NAME_LENGTH_MIN]


def _weight(matter: _Matter) -> tuple[float, int, str]:
    """Most people first, but what hangs together closely before what merely takes in more."""
    return -matter.peak * matter.cohesion**0.5, min(matter.ids), matter.name


def _heat(matter: _Matter) -> tuple[int, float, int, str]:
    return -matter.peak, -matter.cohesion, min(matter.ids), matter.name


def _by_length(named: tuple[str, list[int]]) -> tuple[int, str]:
    return len(named[0]), named[0]


def _issue(search: _Search, matter: _Matter, rank: int, category: Callable[[str], str] | None) -> Issue:
    reports = [search.notes[each].report for each in sorted(matter.ids)]
    title = search.notes[search.central(matter.ids)].report.title
    return Issue(
        rank=rank,
        title=title,
        place=search.place(matter),
        category=category(title) if category else "",
        people=len(search.notes.people_of(matter.ids)),
        reports=len(reports),
        likes=sum(report.up for report in reports),
        start=reports[0].at,
        end=reports[-1].at,
        ids=tuple(report.id for report in reports),
        peak=matter.peak,
    )
