"""The names of places, compounds and firms in a text, by how they end; no register of them is needed."""

import re
from functools import lru_cache

from nlp.address import NAME_STOP, places

NAME_LENGTH_MIN = 3
BEYOND = 2  # characters of a name after its ending: 南山十里天池
STEM_MIN, STEM_MAX = 2, 7  # characters of a place name before its ending

_RUN = re.compile("[\u4e00-\u9fffA-Za-z0-9]+")
# Ends of the names of places and firms. 站 and 厂 are none: 搅拌站 is what people complain about.
_ENDING = re.compile(
    # Of most characters it is seen at once that no ending begins there.
    "(?=[小社新花家公别山国广商大学中幼医市酒饭超车集驾世苑府园路街巷村湾湖岛城郡庭居阁墅洲桥里])"
    "(?:小区|社区|新城|花园|家园|新村|公寓|公馆|别墅|山庄|国际|广场|商城|大厦|大道|大桥|学院|大学|学校|中学|小学|幼儿园|医院|公园"
    "|市场|酒店|饭店|超市|车站|公司|集团|驾校|世家|(?<!政)府|[苑园路街巷村湾湖岛城郡庭居阁墅洲桥]|(?<![家这那哪城村夜院屋手心店校厂公邻园区])里)"
)
_AREA = re.compile(".*(?:[省区县镇乡]|(?<!城)市(?!场|$)|街道)")  # what stands before the name itself
_NO_NAME = re.compile(f".*[{NAME_STOP}在从离与]")  # what holds these characters is more than a name
_COMMON = re.compile(  # taken away from a place, at least two characters of a name must be left
    "许多|有些|我们|你们|他们|自己|这个|那个|整个|全体|全市|全县|全镇|希望|要求|附近|周边|旁边|居民|业主|政府|影响|相关|部门|小区|社区|新城"
    "|花园|家园|新村|公寓|公馆|别墅|山庄|国际|广场|商城|大厦|大道|大桥|学院|大学|学校|中学|小学|初中|高中|幼儿园|医院|公园|市场|农贸"
    "|酒店|饭店|超市|车站|公司|集团|驾校|有限|股份|责任|科技|投资|管理|服务|贸易|工程|建设|建筑|置业|地产|很多|公交|地铁|火车"
    "|汽车|高铁|轻轨|加油|充电|停车|垃圾|污水|中转|变电|收费|人行|天桥|高架|马路|公路|铁路|道路|高速|辅路"
    "|线路|住宅|安置|配套|普惠|公办|民办|私立|公立|公共|地下|物业|商业|开发|职业|技术|外国语|[苑府园路街巷村湾湖岛城郡里庭居阁墅洲桥站厂]"
)


def place_names(text: str) -> frozenset[str]:
    """The place names of a text, each from every possible beginning, none is marked: 在丽水苑, 丽水苑."""
    found: set[str] = set()
    for ending in _ENDING.finditer(text):
        found.update(_beginnings(text[max(0, ending.start() - STEM_MAX) : ending.end()]))
    return frozenset(found)


@lru_cache(maxsize=1 << 16)  # 幼儿园 and the like stand in every tenth text
def _beginnings(name: str) -> tuple[str, ...]:
    name = _RUN.findall(name)[-1]
    name = _NO_NAME.sub("", _AREA.sub("", name[:-1])) + name[-1]
    common = {place for found in _COMMON.finditer(name) for place in range(found.start(), found.end())}
    own = [place for place in range(len(name)) if place not in common]
    if len(own) < STEM_MIN:
        return ()
    last = min(own[-STEM_MIN], len(name) - NAME_LENGTH_MIN)
    return tuple(name[start:] for start in range(last + 1))


def as_place(name: str) -> str:
    """The name of one place this is, without half a word after it; "" for a word for many or for a thing."""
    if _NO_NAME.match(name):
        return ""
    ends = [len(one) for one in place_names(name) if name.startswith(one)]
    ends += [end for start, end in places(name) if start == 0 and end >= NAME_LENGTH_MIN]
    end = max(ends, default=0)
    if end < NAME_LENGTH_MIN or end + BEYOND < len(name):
        return ""
    return name[:end] if len(name) < end + BEYOND else name


def may_be_one(one: str, other: str) -> bool:
    """Whether two places may be one: unknown, or written otherwise, as 瑞丰商业广场 and 瑞丰广场."""
    return not one or not other or one[:NAME_LENGTH_MIN] == other[:NAME_LENGTH_MIN]


def without_area(name: str) -> str:
    """The name without the county or town before it, where something is left: 东湾区云栖新城 is 云栖新城."""
    bare = _AREA.sub("", name[:-1]) + name[-1:]
    return bare if len(bare) >= STEM_MIN else name
