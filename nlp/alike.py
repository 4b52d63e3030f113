"""How alike two texts are by their character pairs, and the open cases most like a new one."""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection
from itertools import compress
from operator import add

from nlp.address import places
from nlp.plain import plain

HEAD_LENGTH = 80  # characters read of a text: place and matter stand at its beginning
DAYS = 30  # how near in time two reports of one matter lie
DAY = 86400
ALIKE_MIN = 0.3
_LOOKED_AT_MAX = 600  # cases of one search, the newest first: bounds its time whatever people write
_COMPARED_MAX = 12

# Characters that stand between the words that matter; no pair reaches across them.
_RUN = re.compile(
    "[^\\W_的了是在我们你他她它有和与及或也都很就还又再才已被把将让给从为对向到等等这那哪什么吗呢吧啊呀请您且而但因所着过]{2,}"
)

_HOUSE = re.compile("([0-9a-z]{1,5}|[一二三四五六七八九十]{1,3})(号楼|号院|栋|幢|座|单元|组|队|社)")
_KINDS = {"栋": "号楼", "幢": "号楼", "座": "号楼", "队": "组", "社": "组"}
_DIGITS = str.maketrans("一二三四五六七八九", "123456789")


def shingles(text: str) -> set[str]:
    """The character pairs of a text in its plain form, without those of function words."""
    pairs: set[str] = set()
    for run in _RUN.findall(text.lower()):
        pairs.update(map(add, run, run[1:]))
    return pairs


def similarity(one: str, other: str) -> float:
    """The share of character pairs two texts have in common, 0 to 1 (Dice), whatever their order."""
    first, second = shingles(plain(one)), shingles(plain(other))
    return 2 * len(first & second) / ((len(first) + len(second)) or 1)


def apart(one: str, other: str) -> bool:
    """Whether two texts that are alike name different places: 1号楼 and 5号楼, 东街 and 西街."""
    first, second = plain(one), plain(other)
    mine, theirs = _houses(first), _houses(second)
    if any(mine[kind].isdisjoint(theirs[kind]) for kind in mine.keys() & theirs.keys()):
        return True
    near, far = _place_pairs(first), _place_pairs(second)
    return bool(near and far) and near.isdisjoint(far)


def _houses(simple: str) -> dict[str, set[str]]:
    """The numbers of houses, entrances and village groups, by kind."""
    found: dict[str, set[str]] = {}
    for number, kind in _HOUSE.findall(simple[: 2 * HEAD_LENGTH]):
        found.setdefault(_KINDS.get(kind, kind), set()).add(number.translate(_DIGITS))
    return found


def _place_pairs(simple: str) -> set[str]:
    head = simple[: 2 * HEAD_LENGTH]
    names = [_HOUSE.sub(" ", head[start:end]) for start, end in places(head)]
    return {
        name[at : at + 2] for name in names for at in range(len(name) - 1) if " " not in name[at : at + 2]
    }


class Index:
    """The open cases of a county, to be asked for those a new report may repeat.

    Holds no text, only pairs. It proposes; merging is for a person to decide. Not safe to change
    in one thread while another searches.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}  # pair -> its number
        self._with: list[array[int]] = []  # by pair number: slots of cases, rising
        self._slots: dict[int, int] = {}  # case -> slot; a slot is never used twice
        # By slot. Arrays, not objects: a search jumps about in them and must stay in the cache.
        self._cases, self._units, self._times = array("q"), array("q"), array("q")
        self._pairs: dict[int, array[int]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, case_id: int, text: str, unit_id: int, at: int) -> None:
        """Add a case that came `at` UTC seconds, or put new words in the place of old ones."""
        self.drop(case_id)
        slot = self._slots[case_id] = len(self._cases)
        self._cases.append(case_id)
        self._units.append(unit_id)
        self._times.append(at)
        self._pairs[slot] = array("I", [self._number(pair) for pair in sorted(_head(text))])
        for number in self._pairs[slot]:
            self._with[number].append(slot)

    def drop(self, case_id: int) -> None:
        """Forget a case that is closed; one that is not here changes nothing."""
        slot = self._slots.pop(case_id, None)
        if slot is None:
            return
        for number in self._pairs.pop(slot):
            del self._with[number][bisect_left(self._with[number], slot)]

    def find(
        self, text: str, unit_ids: Collection[int], at: int, limit: int = 3, *, days: int = DAYS
    ) -> list[tuple[int, float]]:
        """(case id, similarity 0 to 1) of the cases most alike, best first, of equals the lowest id.

        Only cases of the units given (the grid, what lies above and beside it) that came within
        `days` of `at` (UTC seconds) and are at least ALIKE_MIN alike.
        """
        pairs = _head(text)
        known = {self._numbers[pair] for pair in pairs if pair in self._numbers}
        found = []
        for slot in self._candidates(known, frozenset(unit_ids), at, days * DAY):
            theirs = self._pairs[slot]
            alike = 2 * len(known.intersection(theirs)) / (len(pairs) + len(theirs))
            if alike >= ALIKE_MIN:
                found.append((self._cases[slot], round(alike, 3)))
        return sorted(found, key=lambda each: (-each[1], each[0]))[:limit]

    def _candidates(self, known: set[int], unit_ids: frozenset[int], at: int, seconds: int) -> list[int]:
        """Slots of the near cases that share most of the rarest pairs: a name leads to few, 小区 to all."""
        looked_at = array("I")
        for slots in sorted([self._with[number] for number in sorted(known)], key=len):
            looked_at += slots[len(looked_at) - _LOOKED_AT_MAX :]
            if len(looked_at) >= _LOOKED_AT_MAX:
                break
        inside = map(unit_ids.__contains__, map(self._units.__getitem__, looked_at))
        shared = Counter(compress(looked_at, inside))
        for slot in [slot for slot in shared if abs(self._times[slot] - at) > seconds]:
            del shared[slot]
        return [slot for slot, _ in shared.most_common(_COMPARED_MAX)]

    def _number(self, pair: str) -> int:
        number = self._numbers.setdefault(pair, len(self._with))
        if number == len(self._with):
            self._with.append(array("I"))
        return number


def _head(text: str) -> set[str]:
    return shingles(plain(text[: 2 * HEAD_LENGTH])[:HEAD_LENGTH])
