"""Reports of a period made ready to be compared: their character pairs, places and people."""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, compress, count, pairwise
from math import log
from typing import NamedTuple, TypeVar

from nlp.alike import shingles, spoken
from nlp.place_names import place_names
from nlp.plain import plain
from nlp.reports import Report

PEOPLE_MIN = 3  # fewer people saying the same are no issue
DETAIL_LENGTH = 150  # characters read after the title: what follows is story
PLACES_LENGTH = 100  # of them places are looked for in
COMMON_MAX = 0.4  # a pair more people use than this share has nothing to say
PEOPLE_FEW = 30  # of fewer than so many it is not known which words are common
PLACES_MIN = 0.5  # of the reports with a pair have it in the name of a place
_KEPT_MAX = 4096  # sets of pairs: those of the reports that are compared just now
_NAMES_KEPT_MAX = 1 << 16  # many texts name the same places

# Where each step begins and ends, of a hundred parts of the work on 100,000 reports.
TEXTS, PAIRS, PLACES, NAMES, MATTERS = (0, 5), (5, 22), (25, 36), (44, 48), (51, 70)
GATHERING = ((73, 83), (86, 94), (96, 98))
ISSUES = (98, 100)

T = TypeVar("T")
Progress = Callable[[int, int], None]
# Pairs that say nothing of a matter: of numbers, of an area's name, of what letters to an office are full
# of whatever they are about. A month is too short to see by counting how common these are.
EMPTY = re.compile(
    "[0-9]|.[省县镇乡]|尊敬|敬的|领导|导您|您好|你好|书记|市长|政府|部门|单位|有关|相关|关于|问题|情况|请问|咨询|询问|想问|投诉|举报"
    "|反映|建议|希望|要求|请求|恳请|强烈|解决|处理|回复|答复|谢谢|感谢|我们|他们|你们|我是|大家|一个|这个|一直|目前|现在|时间|多次"
    "|严重|影响|违规|可以|不能|没有|附近|周边|小区|社区|居民|业主|市民|百姓|工作|人员"
)
RUN = re.compile("[\u4e00-\u9fffA-Za-z0-9]+")
_DOTS = re.compile("[·•・‧]")


class Note(NamedTuple):
    """A report as it is compared."""

    report: Report
    text: str
    pairs: "array[int]"  # numbers of its character pairs
    title_pairs: "array[int]"
    weight: int  # of all pairs
    places: frozenset[str]
    title_places: frozenset[str]


class Notes:
    """The reports of a period by time; a position among them stands for a report."""

    def __init__(self, reports: list[Report], on_progress: Progress, *, window: int, people_min: int) -> None:
        self.on_progress, self.window, self.people_min = on_progress, window, people_min
        self.numbers: dict[str, int] = defaultdict(count().__next__)  # of character pairs
        self.times = [report.at for report in reports]
        numbers: dict[str, int] = {}
        self.users = [numbers.setdefault(report.user, len(numbers)) for report in reports]
        self.people = len(numbers)
        texts = [_text(report) for report in self.steps(reports, TEXTS)]
        said = [self._read(text) for text in self.steps(texts, PAIRS)]
        self.frequency = [0] * len(self.numbers)  # people, by pair
        for pair in chain.from_iterable(self._of_each((pairs for _, pairs in said), range(len(said)))):
            self.frequency[pair] += 1
        self.spelled = list(self.numbers)
        # Whole numbers: a sum of them does not depend on the order of a set. 0: says nothing.
        people = max(PEOPLE_FEW, self.people)
        self.rarity = [
            round(1000 * log(people / many))
            if PEOPLE_MIN <= many <= COMMON_MAX * people and not EMPTY.search(pair)
            else 0
            for pair, many in zip(self.spelled, self.frequency, strict=True)
        ]
        both = list(zip(reports, texts, said, strict=True))
        self._notes = [self._note(*each) for each in self.steps(both, PLACES)]
        self.made_of = lru_cache(_NAMES_KEPT_MAX)(self._made_of)
        self.of_places = self._of_places()
        self.edges = lru_cache(_KEPT_MAX)(self._edges)
        self.known_places: dict[frozenset[int], str] = {}  # by reports: what nlp.shared_place found

    def __len__(self) -> int:
        return len(self._notes)

    def __iter__(self) -> Iterator[Note]:
        return iter(self._notes)

    def __getitem__(self, position: int) -> Note:
        return self._notes[position]

    def steps(self, items: Sequence[T], part: tuple[float, float]) -> Iterator[T]:
        """The items, telling how far the work is between two parts of a hundred."""
        begin, end = part
        for number, item in enumerate(items):
            if number % 256 == 0:
                self.on_progress(int(begin + (end - begin) * number / len(items)), 100)
            yield item
        self.on_progress(int(end), 100)

    def _read(self, text: str) -> "tuple[array[int], array[int]]":
        """The numbers of the pairs in the title, and of those in all the text."""
        title, _, detail = text.partition("\n")
        numbered = self.numbers.__getitem__
        in_title = set(map(numbered, spoken(title)))
        return array("I", in_title), array("I", in_title.union(map(numbered, spoken(detail))))

    def _note(self, report: Report, text: str, said: "tuple[array[int], array[int]]") -> Note:
        title, _, detail = text.partition("\n")
        rarity = self.rarity.__getitem__
        in_title, in_all = said
        worth = list(map(rarity, in_all))
        places = place_names(title)
        return Note(
            report=report,
            text=text,
            pairs=array("I", compress(in_all, worth)),
            title_pairs=array("I", compress(in_title, map(rarity, in_title))),
            weight=sum(worth),
            places=places | place_names(detail[:PLACES_LENGTH]),
            title_places=places,
        )

    def _of_places(self) -> frozenset[int]:
        """The pairs that mostly stand in names of places: none of a matter's."""
        inside: Counter[int] = Counter()
        for note in self._notes:
            # The shortest of its beginnings is the name: the others begin with what leads up to it.
            names = [name for name in note.places if name[1:] not in note.places]
            inside.update(frozenset().union(*map(self.made_of, names)))
        return frozenset(
            pair
            for pair, many in inside.items()
            if self.rarity[pair] and many >= PLACES_MIN * self.frequency[pair]
        )

    def people_of(self, ids: Collection[int]) -> set[int]:
        """The numbers of those who wrote these."""
        return {self.users[each] for each in ids}

    def counts(self, ids: Collection[int]) -> Counter[int]:
        """How many people use each pair."""
        written = [self._notes[each].pairs for each in ids]
        return Counter(chain.from_iterable(self._of_each(written, ids)))

    def _of_each(
        self, written: Iterable["array[int]"], ids: Collection[int]
    ) -> Iterator["array[int] | set[int]"]:
        """What each person wrote, every pair once."""
        by_user: dict[int, list[array[int]]] = defaultdict(list)
        for each, pairs in zip(ids, written, strict=True):
            by_user[self.users[each]].append(pairs)
        return (said[0] if len(said) == 1 else set().union(*said) for said in by_user.values())

    def score(self, worth: Mapping[int, int], position: int) -> int:
        """What the pairs of a report are worth together."""
        return sum(map(worth.__getitem__, filter(worth.__contains__, self._notes[position].pairs)))

    def peak(self, ids: Collection[int]) -> int:
        """The most different people within one window."""
        seconds = self.window
        in_order = sorted(ids)
        times = [self.times[each] for each in in_order]
        users = [self.users[each] for each in in_order]
        if not times or times[-1] < times[0] + seconds:
            return len(set(users))
        within: dict[int, int] = dict.fromkeys(users, 0)
        first = people = most = 0
        for at, user in zip(times, users, strict=True):
            people += not within[user]
            within[user] += 1
            while times[first] <= at - seconds:
                within[users[first]] -= 1
                people -= not within[users[first]]
                first += 1
            if people > most:  # max() is slow, and this is asked of every name
                most = people
        return most

    def says_something(self, name: str) -> bool:
        """Whether a name has a pair that is not of numbers or of what any letter may say."""
        return any(map(self.rarity.__getitem__, self.made_of(name)))

    def _made_of(self, name: str) -> frozenset[int]:
        """The numbers of the pairs of a name, of those that any report holds."""
        return frozenset(self.numbers[pair] for pair in shingles(name) if pair in self.numbers)

    def own(self, name: str, ids: Collection[int]) -> set[int]:
        """The pairs a name is made of, and those it makes with what stands beside it."""
        return set(self.made_of(name)).union(*(self.edges(name, each) for each in ids)) if name else set()

    def _edges(self, name: str, position: int) -> frozenset[int]:
        """The pairs a name makes with what stands beside it in a report."""
        pairs: set[str] = set()
        for before, after in pairwise(self._notes[position].text.split(name)):
            pairs |= {(before[-1:] + name[0]).lower(), (name[-1] + after[:1]).lower()}
        return frozenset(self.numbers[pair] for pair in pairs if pair in self.numbers)


def _text(report: Report) -> str:
    """Title and opening of the detail in plain form, a line each."""
    opening = plain(report.detail[:DETAIL_LENGTH])
    return _DOTS.sub("", f"{plain(report.title)}\n{opening}")
