"""How alike two texts are by their character pairs, and the open cases most like a new one."""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import chain, islice
from operator import add
from typing import NamedTuple

from nlp.address import places
from nlp.plain import plain

HEAD_LENGTH = 80  # characters read of a text: place and matter stand at its beginning
DAYS = 30  # how near in time two reports of one matter lie
DAY = 86400
ALIKE_MIN = 0.4  # within one category
MATTER_MIN = 0.2  # of what is said beside the place: one street has many matters
OTHERWISE_MIN = 0.7  # the rules may have sorted one of the two wrongly
_LOOKED_AT_MAX = 200  # cases of one search, the newest first: bounds its time whatever people write
_COMPARED_MAX = 12
UNIT_BITS = 32
UNIT = (1 << UNIT_BITS) - 1  # the part of a slot that is its unit
# A report is looked for when it comes in and taken in once it is kept: so many may be on their way.
_ON_THEIR_WAY = 128

House = tuple[str, str]  # 号楼, 3

# Characters that stand between the words that matter; no pair reaches across them.
_RUN = re.compile(
    "[^\\W_的了是在我们你他她它有和与及或也都很就还又再才已被把将让给从为对向到等等这那哪什么吗呢吧啊呀请您且而但因所着过]{2,}"
)

# What any report may say, whatever its matter is.
_FORMULA = re.compile(
    "[您你]好|请问|麻烦|谢谢|感谢|辛苦|尽快|尽早|赶紧|派人|来?看看|看一下|处理|解决|反映|问题|情况|希望|请求|恳请|已经|现在|一直"
    "|好?几天|好久|没人管|没人来|有人|有件事|怎么办|帮帮忙?|旁边|门口|附近|前面|后面|对面|边上|里面|村口|路口"
)

_HOUSE = re.compile("([0-9a-z]{1,5}|[一二三四五六七八九十]{1,3})(号楼|号院|栋|幢|座|单元|组|队|社)")
_OF_A_STREET = re.compile("[路街巷弄道]([0-9]{1,5})号(?![楼院])")
_KINDS = {"栋": "号楼", "幢": "号楼", "座": "号楼", "队": "组", "社": "组"}
_DIGITS = str.maketrans("一二三四五六七八九", "123456789")


def shingles(text: str) -> set[str]:
    """The character pairs of a text in its plain form, without those of function words."""
    return set(spoken(text))


def spoken(text: str) -> Iterator[str]:
    """The character pairs of a text in their order, each as often as it is there."""
    return chain.from_iterable([map(add, run, run[1:]) for run in _RUN.findall(text.lower())])


def similarity(one: str, other: str) -> float:
    """The share of character pairs two texts have in common, 0 to 1 (Dice), whatever their order."""
    first, second = shingles(plain(one)), shingles(plain(other))
    return 2 * len(first & second) / ((len(first) + len(second)) or 1)


def _other_house(mine: Collection[House], theirs: Collection[House]) -> bool:
    """Whether both have a number of one kind and none of it is the same."""
    both = {kind for kind, _ in mine}.intersection([kind for kind, _ in theirs])
    same = {kind for kind, _ in set(mine).intersection(theirs)}
    return not both <= same


def _other_name(mine: Collection[str], theirs: Collection[str]) -> bool:
    return bool(mine and theirs) and set(mine).isdisjoint(theirs)


@lru_cache(maxsize=_ON_THEIR_WAY)
def _houses(text: str) -> frozenset[House]:
    """The numbers of houses, also along a street, of entrances and village groups."""
    simple = plain(text)
    along = {("号", number) for number in _OF_A_STREET.findall(simple)}
    return frozenset(
        {(_KINDS.get(kind, kind), number.translate(_DIGITS)) for number, kind in _HOUSE.findall(simple)}
        | along
    )


def _named(text: str) -> frozenset[str]:
    """The character pairs of the places a text names, without those of houses."""
    simple = plain(text)
    parts = [part for start, end in places(simple) for part in _HOUSE.sub(" ", simple[start:end]).split()]
    return frozenset(pair for part in parts for pair in map(add, part, part[1:]))


class _Said(NamedTuple):
    """A case as it was told."""

    case_id: int
    head: str  # the beginning of its text
    unit_id: int
    at: int
    category: str


class Index:
    """The open cases of a county, to be asked for those a new report may repeat.

    It proposes; merging is for a person to decide. Not safe to use in two threads at once.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}  # pair -> its number
        self._with: list[array[int]] = []  # by pair number: slots of cases, rising
        # Case -> slot, a number that rises and is never used twice. Its lower half is the unit: a search
        # asks hundreds for theirs, and would wait for the memory each time.
        self._slots: dict[int, int] = {}
        self._newest = 0
        self._pairs: dict[int, array[int]] = {}
        self._said: dict[int, _Said] = {}
        self._same: dict[str, array[int]] = {}  # the beginning of a text -> slots, rising
        # Of the few that were ever compared, dear to find: what they name as a place, and what they say.
        self._told: dict[int, tuple[frozenset[str], frozenset[str]]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, case_id: int, text: str, unit_id: int, at: int, category: str = "") -> None:
        """Add a case that came `at` UTC seconds, or put new words in the place of old ones."""
        said = _Said(case_id, text[: 2 * HEAD_LENGTH], unit_id, at, category)
        if self._said.get(self._slots.get(case_id, -1)) == said:
            return
        self.drop(case_id)
        self._newest += 1
        slot = self._slots[case_id] = self._newest << UNIT_BITS | unit_id
        self._said[slot] = said
        self._same.setdefault(said.head, array("Q")).append(slot)
        self._pairs[slot] = array("I", [self._number(pair) for pair in sorted(_head(text))])
        for number in self._pairs[slot]:
            self._with[number].append(slot)

    def drop(self, case_id: int) -> None:
        """Forget a case that is closed; one that is not here changes nothing."""
        slot = self._slots.pop(case_id, None)
        if slot is None:
            return
        same = self._same[head := self._said.pop(slot).head]
        del same[bisect_left(same, slot)]
        if not same:
            del self._same[head]
        self._told.pop(slot, None)
        for number in self._pairs.pop(slot):
            del self._with[number][bisect_left(self._with[number], slot)]

    def find(
        self,
        text: str,
        unit_ids: Collection[int],
        at: int,
        limit: int = 3,
        *,
        category: str = "",
        days: int = DAYS,
    ) -> list[tuple[int, float]]:
        """(case id, similarity 0 to 1) of the cases most alike, best first, of equals the lowest id.

        Only cases of the units given (the grid, what lies above and beside it) that came within
        `days` of `at` (UTC seconds), name no other place, and are at least ALIKE_MIN alike, or
        OTHERWISE_MIN where they are of another category.
        """
        units = frozenset(unit_ids)
        said_again = self._word_for_word(text, units, at, days * DAY, limit)
        if len(said_again) == limit:
            return said_again
        pairs = _head(text)
        known = {self._numbers[pair] for pair in pairs if pair in self._numbers}
        alike = []
        for slot in self._candidates(known, units, at, days * DAY):
            theirs = self._pairs[slot]
            share = 2 * len(known.intersection(theirs)) / (len(pairs) + len(theirs))
            said = self._said[slot]
            if share >= (ALIKE_MIN if said.category == category else OTHERWISE_MIN):
                alike.append((-round(share, 3), said.case_id, slot))
        head = text[: 2 * HEAD_LENGTH]
        near = ((case_id, -share) for share, case_id, slot in sorted(alike) if self._is_near(slot, head))
        return list(islice(near, limit))

    def _word_for_word(
        self, text: str, unit_ids: frozenset[int], at: int, seconds: int, limit: int
    ) -> list[tuple[int, float]]:
        """The oldest near cases with the very same text: where there are enough, no more need be compared."""
        slots = islice(self._same.get(text[: 2 * HEAD_LENGTH], ()), _LOOKED_AT_MAX)
        near = (self._said[slot] for slot in slots if slot & UNIT in unit_ids)
        return sorted((said.case_id, 1.0) for said in near if abs(said.at - at) <= seconds)[:limit]

    def _candidates(self, known: set[int], unit_ids: frozenset[int], at: int, seconds: int) -> Iterator[int]:
        """Slots of the near cases that share most of the rarest pairs: a name leads to few, 小区 to all."""
        looked_at = array("Q")
        for slots in sorted([self._with[number] for number in sorted(known)], key=len):
            looked_at += slots[len(looked_at) - _LOOKED_AT_MAX :]
            if len(looked_at) >= _LOOKED_AT_MAX:
                break
        shared = Counter([slot for slot in looked_at if slot & UNIT in unit_ids])
        likely = sorted(shared, key=shared.__getitem__, reverse=True)
        said = self._said
        return islice((slot for slot in likely if abs(said[slot].at - at) <= seconds), _COMPARED_MAX)

    def _is_near(self, slot: int, head: str) -> bool:
        """Whether the case names no other place and says enough of the same beside it."""
        theirs = self._said[slot].head
        if theirs == head:  # word for word
            return True
        if _other_house(_houses(head), _houses(theirs)):  # soon known, and most often it decides
            return False
        if slot not in self._told:
            self._told[slot] = _told(theirs)
        (named, matter), (their_named, their_matter) = _told(head), self._told[slot]
        if _other_name(named, their_named):
            return False
        # What both name as a place is none of the matter; what one alone does may be one: 污水流到路.
        shared = (matter & their_matter) - (named & their_named)
        said = len(shared | (matter - named)) + len(shared | (their_matter - their_named))
        return 2 * len(shared) >= MATTER_MIN * said

    def _number(self, pair: str) -> int:
        number = self._numbers.setdefault(pair, len(self._with))
        if number == len(self._with):
            self._with.append(array("Q"))
        return number


@lru_cache(maxsize=_ON_THEIR_WAY)
def _head(text: str) -> frozenset[str]:
    """The pairs a report is found by: of its place and its matter."""
    return frozenset(shingles(_FORMULA.sub(" ", plain(text[: 2 * HEAD_LENGTH])[:HEAD_LENGTH])))


@lru_cache(maxsize=_ON_THEIR_WAY)
def _told(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The pairs of the places a text names, and those of all it says but numbers of houses."""
    said = _HOUSE.sub(" ", _FORMULA.sub(" ", plain(text)[:HEAD_LENGTH]))
    return _named(text), frozenset(shingles(said))
