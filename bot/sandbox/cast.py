"""Who and what the sandbox shows: the people, groups and places of the sample county."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

COUNTY = Path(__file__).parent / "county"
BOT_NAME = "码上办"

ROLES = {
    "newcomer": "未登记居民",
    "resident": "居民",
    "worker": "网格员",
    "micro_leader": "微网格长",
    "volunteer": "志愿者",
    "village_staff": "村（社区）",
    "dispatcher": "指挥中心",
    "department": "部门",
    "leader": "分管领导",
    "shop_manager": "店长",
    "shop_supervisor": "监督员",
    "auditor": "审计",
    "admin": "管理员",
}


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    name: str
    level: str  # county | town | village | grid | micro
    parent: str


@dataclass(frozen=True, slots=True)
class Group:
    """A 企业微信 group chat: people speak in it by its chat id, the bot sends to its webhook key."""

    chat: str
    key: str
    code: str  # of its unit or department
    name: str
    level: str  # county | town | village | department


@dataclass(frozen=True, slots=True)
class Person:
    openid: str
    userid: str  # "" for who is in no work group
    name: str
    role: str
    code: str  # of the unit or department
    place: str
    groups: tuple[str, ...]  # chat ids beside this person's private chat, highest level first


@dataclass(frozen=True, slots=True)
class Place:
    """A spot somebody may send as a location."""

    label: str
    lat: float
    lng: float


PLACES = (
    Place("青河镇幸福路18号", 32.401520, 117.203110),
    Place("幸福社区3号楼", 32.402210, 117.204080),
    Place("河街农贸市场东门", 32.398740, 117.209350),
    Place("新民社区北门公交站", 32.406130, 117.198820),
    Place("桃花村文化广场", 32.421880, 117.231470),
    Place("青石村石拱桥", 32.376450, 117.182260),
    Place("杨柳村小学门口", 32.388070, 117.246930),
    Place("柳塘社区卫生服务站", 32.447610, 117.158340),
)


@dataclass(frozen=True, slots=True)
class Cast:
    people: Mapping[str, Person]  # by openid
    groups: Mapping[str, Group]  # by chat id
    units: Mapping[str, Unit]  # by code

    def group(self, name: str) -> Group:
        """The group of a chat id, a webhook key, or a unit's or department's code; KeyError for no such."""
        for group in self.groups.values():
            if name in (group.chat, group.key, group.code):
                return group
        raise KeyError(name)

    def member(self, userid: str) -> Person:
        """The person a 企业微信 userid belongs to; KeyError for nobody."""
        for person in self.people.values():
            if userid and person.userid == userid:
                return person
        raise KeyError(userid)


def load(folder: Path = COUNTY) -> Cast:
    """The cast of a county folder, as `import-registry` takes it."""
    grids, departments = _rows(folder / "grids.csv"), _rows(folder / "departments.csv")
    units = {row["code"]: Unit(row["code"], row["name"], row["level"], row["parent_code"]) for row in grids}
    groups = [_group(row, row["level"], _GROUP_NAMES[row["level"]]) for row in grids if row["group_webhook"]]
    groups += [_group(row, "department", "{}联络群") for row in departments if row["group_webhook"]]
    by_code = {group.code: group for group in groups}
    departments_by_code = {row["code"]: row for row in departments}
    people = [_newcomer(units, by_code)]
    for row in _rows(folder / "people.csv"):
        department = departments_by_code.get(row["grid_code"])
        people.append(_person(row, department, units, by_code))
    return Cast(
        people=MappingProxyType({person.openid: person for person in people}),
        groups=MappingProxyType({group.chat: group for group in groups}),
        units=MappingProxyType(units),
    )


_GROUP_NAMES = {"county": "{}综治工作群", "town": "{}网格工作群", "village": "{}网格群"}


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _group(row: dict[str, str], level: str, pattern: str) -> Group:
    key = parse_qs(urlsplit(row["group_webhook"]).query)["key"][0]
    return Group(f"wr-{row['code']}", key, row["code"], pattern.format(row["name"]), level)


def _newcomer(units: Mapping[str, Unit], groups: Mapping[str, Group]) -> Person:
    """Somebody the registry does not know: reporting needs no registration."""
    first = next(code for code, unit in units.items() if unit.level == "village")
    chats = _chats(first, units, groups)
    return Person("o-lurenxiaozhao", "", "路人小赵", "newcomer", "", "刚刚扫了墙上的码", chats)


def _person(
    row: dict[str, str],
    department: dict[str, str] | None,
    units: Mapping[str, Unit],
    groups: Mapping[str, Group],
) -> Person:
    code = row["grid_code"]
    chats = _chats(department["unit_code"] if department else code, units, groups)
    if department and code in groups:
        chats = (*chats, groups[code].chat)
    place = department["name"] if department else units[code].name
    return Person(row["openid"], row["wecom_userid"], row["name"], row["role"], code, place, chats)


def _chats(code: str, units: Mapping[str, Unit], groups: Mapping[str, Group]) -> tuple[str, ...]:
    """The groups from the county down to the village of a unit; of a higher unit, to its first village."""
    line = [*reversed(list(_upwards(code, units))), *_downwards(code, units)]
    return tuple(groups[unit.code].chat for unit in line if unit.code in groups)


def _upwards(code: str, units: Mapping[str, Unit]) -> Iterator[Unit]:
    while code:
        yield units[code]
        code = units[code].parent


def _downwards(code: str, units: Mapping[str, Unit]) -> Iterator[Unit]:
    while child := next((unit for unit in units.values() if unit.parent == code), None):
        yield child
        code = child.code
