"""Find the matters many people report over a period: one place or thing, one matter, several people."""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from math import log
from statistics import median
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from ahocorasick_rs import AhoCorasick

from nlp.alike import DAY, shingles
from nlp.plain import plain

WINDOW_DAYS = 30
PEOPLE_MIN = 3  # fewer people saying the same are no issue
DETAIL_LENGTH = 180  # characters read after the title: what follows is story
PLACES_LENGTH = 100  # of them places are looked for in
NAME_LENGTH_MIN, NAME_LENGTH_MAX = 3, 8
COMMON_MAX = 0.4  # a pair more reports than this share have says nothing
LIFT_MIN = 3  # a matter's pair is that many times as frequent among its reports as elsewhere
SHARED_MIN = 0.3  # of a matter's people have a pair that belongs to its profile
FITS_MIN = 0.4  # of the median score makes a report one of the matter
COHESION_MIN = 0.13  # of what its reports say, by weight, is said in common
TITLE_COHESION_MIN, TEXT_COHESION_MIN = 0.2, 0.04  # one of them at least
COHESION_FEW = 0.3  # more is asked of few people, who may agree by chance: divided by their number
ELSEWHERE_MAX = 1 / 3  # of its people may name another place
PROFILE_MAX = 12  # pairs; more would be the wording of one copied letter
MATTERS_MAX = 4  # looked for at one name
NAMED_MIN = 0.3  # of the reports with a name that is no place's speak of the matter
ROUNDS = 2
SAMPLE_MAX = 50  # reports of one name that are split
NAMES_MAX = 1500  # most used names looked at
STEM_MIN, STEM_MAX = 2, 7  # characters of a place name before its ending
JOINS_MIN = 0.5  # of the median score lets a report join without the name
OFTEN_MIN = 0.6  # as often as the place most people share, the longest name is taken
SAME_MIN = 0.8  # of those who write a name write its next character alike
PLACE_LENGTH_MAX = 12
TITLE_MAX = 60  # characters of a first sentence
PEOPLE_FEW = 30  # of fewer than so many it is not known which words are common
TITLE_LENGTH = 8  # pairs a title may have without being long

T = TypeVar("T")
_TOWN = ZoneInfo("Asia/Shanghai")
_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?)?"
)
_SENTENCE = re.compile("[^。！？!?；;\n]+")
_DOTS = re.compile("[·•・‧]")
_RUN = re.compile("[\u4e00-\u9fffA-Za-z0-9]+")
# Ends of the names of places and firms. 站 and 厂 are none: 搅拌站 is what people complain about.
_ENDING = re.compile(
    "(?:小区|社区|新城|花园|家园|新村|公寓|公馆|别墅|山庄|国际|广场|商城|大厦|大道|大桥|学院|大学|学校|中学|小学|幼儿园|医院|公园"
    "|市场|酒店|饭店|超市|车站|公司|集团|驾校|[苑府园路街巷村湾湖岛城郡里庭居阁墅洲桥])"
)
_AREA = re.compile(".*(?:[省区县镇乡]|(?<!城)市|街道)")  # what stands before the name itself
_COMMON = re.compile(  # taken away from a place, at least two characters of a name must be left
    "我们|你们|他们|自己|这个|那个|整个|全体|全市|全县|全镇|希望|要求|附近|周边|旁边|居民|业主|政府|影响|相关|部门|小区|社区|新城"
    "|花园|家园|新村|公寓|公馆|别墅|山庄|国际|广场|商城|大厦|大道|大桥|学院|大学|学校|中学|小学|初中|高中|幼儿园|医院|公园|市场|农贸"
    "|酒店|饭店|超市|车站|公司|集团|驾校|有限|股份|责任|科技|投资|管理|服务|贸易|工程|建设|建筑|置业|地产|很多|公交|地铁|火车"
    "|汽车|高铁|轻轨|加油|充电|停车|垃圾|污水|中转|变电|收费|人行|天桥|高架|马路|公路|铁路|道路|高速|辅路"
    "|线路|住宅|安置|配套|普惠|公办|民办|私立|公立|公共|地下|物业|商业|开发|职业|技术|外国语|[苑府园路街巷村湾湖岛城郡里庭居阁墅洲桥站厂]"
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What one person said. Reports of one `user` count as one person, also where it is empty."""

    id: str
    user: str
    title: str  # where there is none: the first sentence
    at: int  # UTC seconds
    detail: str = ""
    up: int = 0  # likes


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


class _Note(NamedTuple):
    """A report as it is compared."""

    report: Report
    text: str
    pairs: "array[int]"  # numbers of its character pairs
    title_pairs: "array[int]"
    weight: int  # of all pairs
    places: frozenset[str]
    title_places: frozenset[str]


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
    period = _Period(kept, window_days * DAY, people_min, on_progress or _unheard)
    matters = period.apart(period.matters())
    return [_issue(period, matter, rank, category) for rank, matter in enumerate(matters, start=1)]


def report(id: str, user: str, text: str, at: int, *, place: str = "") -> Report:
    """A report of a text without a title: its first sentence stands for one. `place` is what was said
    of the place apart from the text; `at` is UTC seconds."""
    first = _SENTENCE.match(text.strip())
    title = (first[0] if first else "")[:TITLE_MAX]
    detail = text.strip()[len(title) :]
    return Report(id, user, title if place in title else f"{place} {title}", at, detail)


def seconds(text: str) -> int:
    """UTC seconds of a time as tables write it: 2019-02-28 11:25:05, 2019/2/28 11:25, 2019/2/28.

    Times without a zone are of China. Raises ValueError for anything else.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a time: {text!r}")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    return int(datetime(year, month, day, hour, minute, second, tzinfo=_TOWN).timestamp())


def _order(report: Report) -> tuple[int, str, str, str]:
    return report.at, report.id, report.user, report.title


def _unheard(_done: int, _total: int) -> None:
    pass


class _Period:
    """The reports of a period by time, ready to be compared; a position in it stands for a report."""

    def __init__(self, reports: list[Report], window: int, people_min: int, on_progress: Progress) -> None:
        self.window, self.people_min, self.on_progress = window, people_min, on_progress
        self.numbers: dict[str, int] = {}  # of character pairs
        texts = [_text(report) for report in self._steps(reports, 0, 15)]
        said = [self._read(text) for text in self._steps(texts, 15, 30)]
        by_user: dict[str, list[array[int]]] = defaultdict(list)
        for report, (_, pairs) in zip(reports, said, strict=True):
            by_user[report.user].append(pairs)
        self.people = len(by_user)
        counts: Counter[int] = Counter()
        for written in by_user.values():
            counts.update(written[0] if len(written) == 1 else set().union(*written))
        self.frequency = [counts[number] for number in range(len(self.numbers))]  # people
        self.spelled = list(self.numbers)
        # Whole numbers: a sum of them does not depend on the order of a set. 0: says nothing.
        people = max(PEOPLE_FEW, self.people)
        most = COMMON_MAX * people
        self.rarity = [
            round(1000 * log(people / many)) if PEOPLE_MIN <= many <= most else 0 for many in self.frequency
        ]
        both = list(zip(reports, texts, said, strict=True))
        self.notes = [self._note(*each) for each in self._steps(both, 30, 45)]

    def _steps(self, items: Sequence[T], begin: int, end: int) -> Iterator[T]:
        """The items, telling how far the work is between two parts of a hundred."""
        for number, item in enumerate(items):
            if number % 256 == 0:
                self.on_progress(begin + (end - begin) * number // len(items), 100)
            yield item
        self.on_progress(end, 100)

    def _read(self, text: str) -> "tuple[array[int], array[int]]":
        """The numbers of the pairs in the title, and of those in all the text."""
        title, _, detail = text.partition("\n")
        in_title = shingles(title)
        numbers = self.numbers
        title_pairs, pairs = (
            array("I", [numbers.setdefault(pair, len(numbers)) for pair in each])
            for each in (in_title, in_title | shingles(detail))
        )
        return title_pairs, pairs

    def _note(self, report: Report, text: str, said: "tuple[array[int], array[int]]") -> _Note:
        title, _, detail = text.partition("\n")
        title_pairs, pairs = (array("I", [pair for pair in each if self.rarity[pair]]) for each in said)
        places = _places(title)
        return _Note(
            report=report,
            text=text,
            pairs=pairs,
            title_pairs=title_pairs,
            weight=sum([self.rarity[pair] for pair in pairs]),
            places=places | _places(detail[:PLACES_LENGTH]),
            title_places=places,
        )

    def matters(self) -> list[_Matter]:
        """What holds together among the reports of each name; one matter may come under several names."""
        groups = self._groups()
        found = []
        for name in self._steps(sorted(groups), 60, 100):
            found += self._matters_of(name, groups[name])
        return found

    def apart(self, matters: list[_Matter]) -> list[_Matter]:
        """Each matter once, the hottest first, each report in one matter at most."""
        taken: set[int] = set()
        kept: list[_Matter] = []
        for matter in sorted(matters, key=_weight):
            mine = matter.ids - taken
            if 2 * len(mine) > len(matter.ids) and self.peak(mine) >= self.people_min:
                taken |= mine
                kept.append(matter._replace(ids=mine))
        joined = [
            matter._replace(ids=ids, peak=self.peak(ids))
            for matter, ids in zip(kept, self._joined(kept, taken), strict=True)
        ]
        return sorted(joined, key=_heat)

    def _joined(self, matters: list[_Matter], taken: set[int]) -> list[frozenset[int]]:
        """The reports of each matter with those that say the same but write the name otherwise."""
        wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
        needed = []
        for which, matter in enumerate(matters):
            profile = self._profile(matter.ids, ())
            needed.append(
                (JOINS_MIN * self._middle(profile, matter), FITS_MIN * self._middle(matter.profile, matter))
            )
            for pair, worth in profile.items():
                wanted[pair].append((which, worth))
        places = [self.place(matter.ids) for matter in matters]
        joined = [set(matter.ids) for matter in matters]
        for position in range(len(self.notes)):
            if position in taken:
                continue
            scores: dict[int, int] = defaultdict(int)
            for pair in self.notes[position].pairs:
                for which, worth in wanted.get(pair, ()):
                    scores[which] += worth
            fits = [
                (score / needed[which][0], -which)
                for which, score in scores.items()
                if score >= needed[which][0]
                and self._score(matters[which].profile, position) >= needed[which][1]
                and self._may_join(position, matters[which].name, places[which])
            ]
            if fits:
                joined[-max(fits)[1]].add(position)
        return [frozenset(ids) for ids in joined]

    def _may_join(self, position: int, name: str, place: str) -> bool:
        """What belongs to no place is held together by its name alone."""
        if not place:
            return name in self.notes[position].text
        return not self._is_elsewhere(position, name, place)

    def _middle(self, profile: Mapping[int, int], matter: _Matter) -> float:
        return median([self._score(profile, each) for each in sorted(matter.ids)])

    def _groups(self) -> dict[str, list[int]]:
        """The positions of the reports that hold each name, for the names most people use in one window."""
        names = self._names()
        automaton = AhoCorasick(names)
        groups: list[list[int]] = [[] for _ in names]
        for position, note in enumerate(self._steps(self.notes, 45, 60)):
            for which in {hit[0] for hit in automaton.find_matches_as_indexes(note.text, overlapping=True)}:
                groups[which].append(position)
        # Of names that stand in the very same reports the longest is enough.
        distinct = {tuple(ids): name for name, ids in sorted(zip(names, groups, strict=True), key=_by_length)}
        peaks = sorted((-self.peak(ids), name, ids) for ids, name in distinct.items())
        return {name: list(ids) for peak, name, ids in peaks[:NAMES_MAX] if -peak >= self.people_min}

    def _names(self) -> list[str]:
        """Places, and whatever several titles have in common: a firm, a scheme, a road works."""
        counts = Counter(place for note in self.notes for place in note.places)
        names = {name: many for name, many in counts.items() if many >= self.people_min}
        runs = [run for note in self.notes for run in _RUN.findall(note.text.partition("\n")[0])]
        shorter: Mapping[str, int] | None = None
        for length in range(NAME_LENGTH_MIN, NAME_LENGTH_MAX + 1):
            grams = Counter(
                gram
                for run in runs
                for gram in [run[start : start + length] for start in range(len(run) - length + 1)]
                if shorter is None or (gram[1:] in shorter and gram[:-1] in shorter)
            )
            shorter = {gram: many for gram, many in grams.items() if many >= self.people_min}
            names |= {gram: many for gram, many in shorter.items() if gram not in names}
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
        rest = set(sample)
        found = []
        for _ in range(MATTERS_MAX):
            said = self._said(rest, self._own(name, rest))
            if not said:
                break
            seed = max(said, key=lambda pair: (said[pair] ** 2 * self.rarity[pair], self.spelled[pair]))
            matter = self._grown(name, {each for each in rest if seed in self.notes[each].pairs}, rest)
            rest -= matter.ids
            if self._is_one(matter, sample):
                if len(sample) < len(ids):
                    matter = matter._replace(ids=self._fitting(matter.profile, matter.ids, ids))
                peak = self.peak(matter.ids)
                if peak >= self.people_min:
                    found.append(matter._replace(peak=peak))
        return found

    def _grown(self, name: str, core: set[int], rest: set[int]) -> _Matter:
        """The matter the core reports speak of, with all others of `rest` that fit its profile.

        What they share only by naming one place does not count: a place with many matters is none.
        """
        for _ in range(ROUNDS):
            own = self._own(name, core) | self._own(self.widened(name, core), core)
            own |= self._own(self.place(core), core)
            profile = self._profile(core, own)
            fitting = self._fitting(profile, core, rest)
            if not fitting:
                return _Matter(frozenset(core), name, {}, 0, 0)
            core = set(fitting)
        return _Matter(frozenset(core), name, profile, self._cohesion(core, profile, own), 0)

    def _fitting(
        self, profile: Mapping[int, int], core: Collection[int], ids: Iterable[int]
    ) -> frozenset[int]:
        """Those of `ids` whose score is near enough to the middle of the core's."""
        needed = max(1, FITS_MIN * median([self._score(profile, each) for each in core]))
        return frozenset(each for each in ids if self._score(profile, each) >= needed)

    def _own(self, name: str, ids: Collection[int]) -> set[int]:
        """The pairs a name is made of, and those it makes with what stands beside it."""
        own = set(shingles(name))
        for each in ids:
            parts = self.notes[each].text.split(name) if name else []
            for before, after in pairwise(parts):
                own |= {(before[-1:] + name[0]).lower(), (name[-1] + after[:1]).lower()}
        return {self.numbers[pair] for pair in own if pair in self.numbers}

    def _cohesion(self, ids: Collection[int], profile: Mapping[int, int], own: Collection[int]) -> float:
        """How much of what a report of these says is said in common: of its title and of it all."""
        titles, texts = [], []
        for each in ids:
            note = self.notes[each]
            title = [pair for pair in note.title_pairs if pair not in own]
            common = sum([profile.get(pair, 0) for pair in title])
            titles.append(common / (sum([self.rarity[pair] for pair in title]) or 1))
            texts.append(self._score(profile, each) / (note.weight or 1))
        of_title, of_text = median(titles), median(texts)
        telling = of_title >= TITLE_COHESION_MIN or of_text >= TEXT_COHESION_MIN
        return of_title + of_text if telling else 0.0

    def _is_one(self, matter: _Matter, group: Collection[int]) -> bool:
        """Whether these reports are one issue and not what many places have in common.

        Where no place is shared, the name itself must stand for the matter: of what is said with
        it a good part is this.
        """
        people = len({self.notes[each].report.user for each in matter.ids})
        if people < self.people_min or matter.cohesion < COHESION_MIN + COHESION_FEW / people:
            return False
        place = self.place(matter.ids)
        if not place and len(matter.ids) < NAMED_MIN * len(group):
            return False
        return self._elsewhere(matter, place) <= ELSEWHERE_MAX

    def _said(self, ids: Collection[int], own: Collection[int]) -> dict[int, int]:
        """How many people use each pair that enough of them use, far more often than others do."""
        people: dict[str, list[array[int]]] = defaultdict(list)
        for each in ids:
            people[self.notes[each].report.user].append(self.notes[each].pairs)
        counts: Counter[int] = Counter()
        for said in people.values():
            counts.update(said[0] if len(said) == 1 else set().union(*said))
        others = max(1, self.people - len(people))
        expected = LIFT_MIN * len(people) / others
        return {
            pair: many
            for pair, many in counts.items()
            if many >= self.people_min
            and many >= expected * (self.frequency[pair] - many)
            and pair not in own
        }

    def _profile(self, ids: Collection[int], own: Collection[int]) -> dict[int, int]:
        """What sharing each of a matter's pairs is worth: its rarity, much less where few use it."""
        many = len({self.notes[each].report.user for each in ids})
        worth = {
            pair: self.rarity[pair] * users * users // (many * many)
            for pair, users in self._said(ids, own).items()
            if users >= SHARED_MIN * many
        }
        strongest = sorted(worth, key=lambda pair: (-worth[pair], self.spelled[pair]))[:PROFILE_MAX]
        return {pair: worth[pair] for pair in strongest}

    def _score(self, profile: Mapping[int, int], position: int) -> int:
        return sum([profile[pair] for pair in self.notes[position].pairs if pair in profile])

    def _elsewhere(self, matter: _Matter, place: str) -> float:
        """The share of people who speak of another place."""
        users = {self.notes[each].report.user for each in matter.ids}
        elsewhere = {
            self.notes[each].report.user
            for each in matter.ids
            if self._is_elsewhere(each, matter.name, place)
        }
        return len(elsewhere) / len(users)

    def _is_elsewhere(self, position: int, name: str, place: str) -> bool:
        """Whether the title names a place and the text not the shared one."""
        note = self.notes[position]
        if not note.title_places or (place and place in note.text):
            return False
        return not any(name in each or each in name for each in note.title_places)

    def place(self, ids: Collection[int]) -> str:
        """The place name half of the people share, in titles if possible; empty where there is none."""
        in_titles: dict[str, set[str]] = defaultdict(set)
        anywhere: dict[str, set[str]] = defaultdict(set)
        for each in ids:
            user = self.notes[each].report.user
            in_titles[user] |= self.notes[each].title_places
            anywhere[user] |= self.notes[each].places
        for named in (in_titles, anywhere):
            counts = Counter(place for places in named.values() for place in places)
            most = max(counts.values(), default=0)
            if most and 2 * most >= len(named):
                often = [place for place, many in counts.items() if many >= OFTEN_MIN * most]
                return self.widened(max(often, key=lambda place: (len(place), place)), ids)
        return ""

    def widened(self, name: str, ids: Collection[int]) -> str:
        """The name with what nearly all who write it write before and after: 南山十里 is 南山十里天池."""
        texts = [self.notes[each].text for each in sorted(ids) if name in self.notes[each].text]
        while len(name) < PLACE_LENGTH_MAX:
            longer = Counter(wider for text in texts for wider in _wider(text, name))
            best, many = max(longer.items(), key=lambda item: (item[1], item[0]), default=("", 0))
            if many < SAME_MIN * len(texts) or len(texts) < 2:
                break
            name = best
        bare = _AREA.sub("", name[:-1]) + name[-1:]
        return bare if len(bare) >= STEM_MIN else name

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

    def peak(self, ids: Collection[int]) -> int:
        """The most different people within one window."""
        within: Counter[str] = Counter()
        in_order = sorted(ids)
        first = most = 0
        for each in in_order:
            report = self.notes[each].report
            within[report.user] += 1
            while self.notes[in_order[first]].report.at <= report.at - self.window:
                gone = self.notes[in_order[first]].report.user
                within[gone] -= 1
                if not within[gone]:
                    del within[gone]
                first += 1
            most = max(most, len(within))
        return most


def _weight(matter: _Matter) -> tuple[float, int, str]:
    """Most people first, but what hangs together closely before what merely takes in more."""
    return -matter.peak * matter.cohesion**0.5, min(matter.ids), matter.name


def _heat(matter: _Matter) -> tuple[int, float, int, str]:
    return -matter.peak, -matter.cohesion, min(matter.ids), matter.name


def _wider(text: str, name: str) -> list[str]:
    """The name with the character before it and with the one after it, where it first stands."""
    start = text.find(name)
    if start < 0:
        return []
    end = start + len(name)
    before, after = text[start - 1 : start], text[end : end + 1]
    return [
        wider
        for char, wider in ((before, before + name), (after, name + after))
        if char and _RUN.fullmatch(char)
    ]


def _text(report: Report) -> str:
    """Title and opening of the detail in plain form, a line each."""
    opening = plain(report.detail[:DETAIL_LENGTH])
    return _DOTS.sub("", f"{plain(report.title)}\n{opening}")


def _places(text: str) -> frozenset[str]:
    """The place names of a text, each from every possible beginning, none is marked: 在丽水苑, 丽水苑."""
    found: set[str] = set()
    for run in _RUN.findall(text):
        for ending in _ENDING.finditer(run):
            found.update(_beginnings(run[max(0, ending.start() - STEM_MAX) : ending.end()]))
    return frozenset(found)


@lru_cache(maxsize=1 << 16)  # 幼儿园 and the like stand in every tenth text
def _beginnings(name: str) -> tuple[str, ...]:
    name = _AREA.sub("", name[:-1]) + name[-1]
    common = {place for found in _COMMON.finditer(name) for place in range(found.start(), found.end())}
    own = [place for place in range(len(name)) if place not in common]
    if len(own) < STEM_MIN:
        return ()
    last = min(own[-STEM_MIN], len(name) - NAME_LENGTH_MIN)
    return tuple(name[start:] for start in range(last + 1))


def _by_length(named: tuple[str, list[int]]) -> tuple[int, str]:
    return len(named[0]), named[0]


def _issue(period: _Period, matter: _Matter, rank: int, category: Callable[[str], str] | None) -> Issue:
    reports = [period.notes[each].report for each in sorted(matter.ids)]
    title = period.notes[period.central(matter.ids)].report.title
    return Issue(
        rank=rank,
        title=title,
        place=period.place(matter.ids) or period.widened(matter.name, matter.ids),
        category=category(title) if category else "",
        people=len({report.user for report in reports}),
        reports=len(reports),
        likes=sum(report.up for report in reports),
        start=reports[0].at,
        end=reports[-1].at,
        ids=tuple(report.id for report in reports),
        peak=matter.peak,
    )
