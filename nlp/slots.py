"""Find what a text names: units of the registry, telephone numbers, a place."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from nlp.plain import plain
from nlp.scan import Scanner

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
        text = _numerals(plain(text))
        hits = [hit for hit in self._scanner.hits(text) if _whole_number(text, hit[1], hit[2])]
        return tuple(dict.fromkeys(unit for hit in hits for unit in self._units[hit[0]]))


def has_place(text: str) -> bool:
    """Whether something like an address is named, known to the registry or not."""
    return bool(_PLACE.search(_NO_PLACE.sub(" ", plain(text))))


def phones(text: str) -> tuple[str, ...]:
    """The telephone numbers of a text as plain digits, each once, mobile numbers first."""
    text = _ID_NUMBER.sub(" ", text)
    mobiles = [found["number"] for found in _MOBILE.finditer(text)]
    landlines = [found["area"] + found["number"] for found in _LANDLINE.finditer(_MOBILE.sub(" ", text))]
    return tuple(dict.fromkeys(_digits(number) for number in [*mobiles, *landlines]))


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


def _digits(number: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKC", number) if each.isdigit())


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
