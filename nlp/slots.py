"""Find what a text names: units of the registry, a place, telephones, times, people, plates, ID numbers."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from nlp.address import blanked, places
from nlp.plain import plain
from nlp.scan import Scanner
from nlp.times import times

NAME_LENGTH_MIN = 2
_NUMERAL = re.compile("[零〇一二两三四五六七八九十]+")
_DIGIT = {each: value for value, each in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}

# \d also matches full-width digits: people type 138 in either width.
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXxＸｘ](?![\dA-Za-z])")
_MOBILE = re.compile(
    r"(?<!\d)(?P<country>[+＋]?[8８][6６][-\s]?)?(?P<number>[1１][3-9３-９]\d[-\s]?\d{4}[-\s]?\d{4})(?!\d)"
)
_LANDLINE = re.compile(r"(?<!\d)(?P<area>[(（]?[0０]\d{2,3}[)）]?[-－—\s]?)(?P<number>\d{7,8})(?!\d)")

_PLACE = re.compile(
    "[0-9一二三四五六七八九十]{1,6}(?:号楼|号院|号门|号|栋|幢|单元|楼|层|室|组|队|社|弄|巷|村|街|路|网格)"
    "|[A-Za-z]\\d?(?:栋|座|区)"
    "|[\u4e00-\u9fff]{2}(?:大道|大街|路|街|巷|弄|胡同|村|屯|组|社区|小区|花园|家园|新村|苑|公寓|广场|大桥|桥|镇|乡|街道|网格)"
    "|(?:小区|学校|小学|中学|幼儿园|医院|卫生院|超市|商场|市场|菜场|银行|饭店|宾馆|酒店|厂|公司|车站|站台|公园|广场|村部|村委会|"
    "居委会|政府|派出所|桥|河|水库|路口|公厕|祠堂|庙|公交站|加油站|我家|家)"
    "(?:大门|门口|门前|门外|旁边|旁|边上|边|对面|附近|后面|前面|东边|西边|南边|北边|里面|下面|斜对面|隔壁|头)"
    "|(?:村口|路口|桥头|桥下|巷口|河边|后山|十字路口|三岔路口|地下车库)"
)
# What ends like an address and is none.
_NO_PLACE = re.compile(
    "走投无路|套路|网路|思路|一路|半路|在路|走路|过路|修路|铁路|公路|马路|道路|让路|没有路|一条路|"
    "农村|全村|我们村|本村|乡村|我们小区|整个小区"
)


_STICKS = r"[ \-－—]?"
# A digit is looked for before what stands in front of it: three times faster.
_LONG_ID = re.compile(rf"[1-9１-９](?<!\d.)\d{{5}}{_STICKS}\d{{8}}{_STICKS}\d{{3}}[\dXxＸｘ](?![\dA-Za-z])")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
_ID_CHECKS = "10X98765432"
REMOVED = "***"

_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-Za-hj-z]"
    r"[·•. -]?(?=[A-Za-z]{0,5}\d)"
    r"[A-HJ-NP-Za-hj-np-z\d]{4,5}[A-HJ-NP-Za-hj-np-z\d挂学警港澳](?![A-Za-z\d])"
)

_COUNT = r"(?:\d{1,6}(?:[,，]\d{3})?|[一二两三四五六七八九十百千万几数]{1,8}|好几|许多|上百|上千|成百上千)"
_WHO = (
    "人次|人家|人|居民|业主|群众|村民|家庭|学生|工人|农民工|老人|孩子|小孩|住户|职工|员工|师生|老师|教师|"
    "老百姓|农户|同学|司机|村干部|患者|病人"
)
_PEOPLE = re.compile(
    rf"(?<![\d第.:：年月])(?:约|大约|近|将近|超过|至少|上|共|一共|总共)?{_COUNT}(?:多|余|来|几)?(?:万|千|百)?"
    rf"(?:(?:个|名|位|口)(?:{_WHO})|户(?:{_WHO})?|{_WHO})(?![民大行才工均员头手份月公社区])"
)
_ONE = re.compile("[一1](?:个|名|位|口)?[^\\d户]+")  # one is no number of people

Kind = Literal["place", "time", "people", "phone", "plate", "id"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Something a text names, as written there: `text[start:end]`."""

    kind: Kind
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Places:
    """The names of the registry's units, ready to be found in texts; built once, never changed."""

    _scanner: Scanner
    _units: tuple[tuple[int, ...], ...]  # for each name

    @classmethod
    def build(cls, names: Iterable[tuple[str, int]]) -> "Places":
        """From (name, unit id); several units may bear one name, one unit several names.

        Names of one character are ignored.
        """
        units: dict[str, list[int]] = {}
        for name, unit in names:
            folded = _numerals(plain(name)).lower()
            if len(plain(name)) >= NAME_LENGTH_MIN and unit not in units.setdefault(folded, []):
                units[folded].append(unit)
        return cls(Scanner(units), tuple(tuple(each) for each in units.values()))

    def find(self, text: str) -> tuple[int, ...]:
        """The ids of all units named in `text`, each once, in the order of the text.

        A name inside a longer one is not counted; 第三网格, 三网格 and 3网格 are one name, and
        2组 is not found in 12组.
        """
        hits = self._hits(_numerals(plain(text)))
        return tuple(dict.fromkeys(unit for hit in hits for unit in self._units[hit[0]]))

    def names(self, text: str) -> tuple[str, ...]:
        """The names found in `text`, as `_numerals` writes them."""
        return tuple(self._scanner.words[which] for which, _, _ in self._hits(_numerals(plain(text))))

    def close(self, text: str) -> bool:
        """Whether `text` ends with a name."""
        folded = _numerals(plain(text))
        return any(end == len(folded) for _, _, end in self._hits(folded))

    def _hits(self, text: str) -> list[tuple[int, int, int]]:
        return [hit for hit in self._scanner.hits(text) if _whole_number(text, hit[1], hit[2])]


def has_place(text: str) -> bool:
    """Whether something like an address is named, known to the registry or not."""
    return bool(_PLACE.search(_NO_PLACE.sub(" ", plain(text))))


def slots(text: str) -> tuple[Slot, ...]:
    """Every place, time, number of people, telephone, plate and ID number, from left to right.

    Positions are those of the text given: for what was written in full-width or traditional
    characters give the plain text. Telephones and ID numbers stand there unmasked.
    """
    ids = [found for found in _LONG_ID.finditer(text) if _is_id(found[0])]
    # What lies inside an ID number is nothing of its own.
    rest = blanked(text, ids)
    found: list[tuple[Kind, int, int]] = [("id", *one.span()) for one in ids]
    found += [("phone", *one.span()) for pattern in (_MOBILE, _LANDLINE) for one in pattern.finditer(rest)]
    found += [("plate", *one.span()) for one in _PLATE.finditer(rest)]
    found += [("time", *one.span()) for one in times(rest)]
    found += [("people", *one.span()) for one in _PEOPLE.finditer(rest) if not _ONE.fullmatch(one[0])]
    found += [("place", start, end) for start, end in places(rest)]
    by_place = sorted(dict.fromkeys(found), key=lambda one: (one[1], -one[2]))
    return tuple(Slot(kind, text[start:end], start, end) for kind, start, end in by_place)


def place_phrase(text: str) -> str | None:
    """The fullest name of a place (幸福小区3号楼2单元, 村委会东边), known to the registry or not."""
    return max((text[start:end] for start, end in places(text)), key=len, default=None)


def remove_ids(text: str) -> tuple[str, bool]:
    """The text with *** for each ID number whose check digit is right, and whether there was one."""
    clean = _LONG_ID.sub(lambda found: REMOVED if _is_id(found[0]) else found[0], text)
    return clean, clean != text


def mask_phones(text: str) -> str:
    """The text with telephone and ID numbers made unreadable, all else as it was written.

    13812345678 becomes 138****5678, 0818-7654321 becomes 0818-****321, of an ID number the first
    three and the last two characters stay.
    """
    text = _ID_NUMBER.sub(lambda found: found[0][:3] + "*" * 13 + found[0][-2:], text)
    text = _MOBILE.sub(_masked_mobile, text)
    return _LANDLINE.sub(lambda found: found["area"] + "****" + found["number"][-3:], text)


def _masked_mobile(found: re.Match[str]) -> str:
    digits = [each for each in found["number"] if each.isdigit()]
    return (found["country"] or "") + "".join(digits[:3]) + "****" + "".join(digits[-4:])


def _numerals(text: str) -> str:
    """Chinese numerals as digits, without 第, so that 第十二组 and 12组 meet."""
    return _NUMERAL.sub(lambda found: _value(found[0]), text.replace("第", ""))


def _value(numeral: str) -> str:
    if "十" not in numeral:
        return "".join(str(_DIGIT[each]) for each in numeral)
    tens, _, ones = numeral.partition("十")
    if len(tens) > 1 or len(ones) > 1:  # 十十, 二三十: no number that a name holds
        return numeral
    return str(10 * _DIGIT.get(tens, 1) + _DIGIT.get(ones, 0))


def _whole_number(text: str, start: int, end: int) -> bool:
    """Whether the name at `start` to `end` does not cut a number in two."""
    cut_left = start > 0 and text[start].isdigit() and text[start - 1].isdigit()
    cut_right = end < len(text) and text[end - 1].isdigit() and text[end].isdigit()
    return not cut_left and not cut_right


def _is_id(written: str) -> bool:
    """Whether 18 characters are an ID number: a date of birth, and the check digit of GB 11643."""
    number = "".join(each for each in unicodedata.normalize("NFKC", written).upper() if each.isalnum())
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, number, strict=False))
    return _ID_CHECKS[total % 11] == number[17]
