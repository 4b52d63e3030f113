"""A town's own lists held against each other and the registry: all that is wrong, before a row is written."""

import re
from collections.abc import Callable, Mapping

from handlers import opening
from handlers.ctx import ROLES
from handlers.days import written_date
from handlers.registry_lists import BadFiles, Lists, Row, parse
from handlers.rules import LEVELS
from nlp.slots import NAME_LENGTH_MIN
from store.units import Registry

CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
PHONE = re.compile(r"\+?[0-9][0-9 -]{4,19}")
WEBHOOK = re.compile(r"https?://[^\s/]+/\S+")
KINDS = ("", "general", "dedicated")
YES, NO = ("是", "1", "yes"), ("", "否", "0", "no")


def read(files: Mapping[str, str], known: Registry, shop_codes: set[str]) -> Lists:
    """The rows of the files, ready to be written. Raises BadFiles with everything that is wrong."""
    lists = parse(files)
    levels = _check_grids(lists, known)
    _check_the_rest(lists, levels, known, shop_codes)
    if lists.errors:
        raise BadFiles(lists.errors)
    return lists


# --- grids


def _check_grids(lists: Lists, known: Registry) -> dict[str, str]:
    """Check grids.csv and fill in parents left empty; the level of every unit, known or new, by code."""
    name = "grids.csv"
    levels = {unit.code: unit.level for unit in known.units.values()}
    for line, row in lists.of(name):
        _check_grid(lists, line, row)
        if row["level"] in LEVELS:
            levels[row["code"]] = row["level"]
    _check_unique(lists, name, lambda row: row["code"])
    _find_parents(lists, known, levels)
    for line, row in lists.of(name):
        parent, level = row["parent_code"], row["level"]
        if parent and parent not in levels:
            lists.bad(name, line, f"上级 {parent} 不存在")
        elif parent and level in LEVELS and LEVELS.index(levels[parent]) >= LEVELS.index(level):
            lists.bad(name, line, f"上级 {parent} 的级别（{levels[parent]}）要比 {level} 高")
    return levels


def _check_grid(lists: Lists, line: int, row: Row) -> None:
    name = "grids.csv"
    if not CODE.fullmatch(row["code"]):
        lists.bad(name, line, f"编码 {row['code']} 不对：1 到 32 个字母、数字、- 或 _")
    if row["level"] not in LEVELS:
        lists.bad(name, line, f"level {row['level']} 不对，可用：{'、'.join(LEVELS)}")
    if row["kind"] not in KINDS:
        lists.bad(name, line, f"kind {row['kind']} 不对，可用：general、dedicated 或不填")
    _check_webhook(lists, name, line, row)
    for column in ("households", "people"):
        _check_number(lists, name, line, row, column)


def _find_parents(lists: Lists, known: Registry, levels: dict[str, str]) -> None:
    """A parent left empty stays what it was, or is the lowest unit that surely holds the new one."""
    name = "grids.csv"
    tops = {known.top.code} if known.top else set()
    for line, row in lists.of(name):
        if row["parent_code"] or row["level"] not in LEVELS:
            tops -= {row["code"]}
            continue
        unit = known.by_code.get(row["code"])
        if unit and unit.parent_id:
            row["parent_code"] = known.units[unit.parent_id].code
        elif parent := _lowest_sure(row["level"], levels):
            row["parent_code"] = parent
            lists.notes.append(f"{name} 第 {line} 行：没有填 parent_code，{row['name']}归到 {parent}")
            tops -= {row["code"]}
        else:
            tops.add(row["code"])
    if len(tops) > 1:
        for line, row in lists.of(name):
            if row["code"] in tops:
                lists.bad(name, line, f"只能有一个没有上级的单位，现有 {'、'.join(sorted(tops))}")
    elif not tops:
        lists.errors.append(f"{name}：没有一个单位是最高的（没有上级的）")


def _lowest_sure(level: str, levels: dict[str, str]) -> str:
    """The one unit of the nearest level above that has just one, "" where there is none."""
    for above in reversed(LEVELS[: LEVELS.index(level)]):
        codes = [code for code, its in levels.items() if its == above]
        if len(codes) == 1:
            return codes[0]
    return ""


# --- the other files


def _check_the_rest(lists: Lists, levels: dict[str, str], known: Registry, shop_codes: set[str]) -> None:
    departments = {department.code for department in known.departments.values()}
    for line, row in lists.of("departments.csv"):
        _check_unit(lists, "departments.csv", line, row["unit_code"], levels)
        _check_webhook(lists, "departments.csv", line, row)
        departments.add(row["code"])
    _check_unique(lists, "departments.csv", lambda row: row["code"])
    for line, row in lists.of("places.csv"):
        _check_unit(lists, "places.csv", line, row["unit_code"], levels)
        if len(row["name"]) < NAME_LENGTH_MIN:
            lists.bad("places.csv", line, f"name 至少 {NAME_LENGTH_MIN} 个字")
    _check_unique(lists, "places.csv", lambda row: f"{row['name']} {row['unit_code']}")
    for line, row in lists.of("people.csv"):
        _check_person(lists, line, row, levels, departments)
    for column in ("wecom_userid", "openid"):
        _check_same_person(lists, column)
    _check_shops(lists, levels, shop_codes)


def _check_shops(lists: Lists, levels: dict[str, str], shop_codes: set[str]) -> None:
    name, shops = "shops.csv", set(shop_codes)
    for line, row in lists.of(name):
        _check_unit(lists, name, line, row["unit_code"], levels)
        shops.add(row["code"])
        try:
            opening.parse(row["opening"] or "随时")
        except ValueError as error:
            lists.bad(name, line, f"opening 不对：{error}")
    _check_unique(lists, name, lambda row: row["code"])
    name = "articles.csv"
    for line, row in lists.of(name):
        if row["shop_code"] not in shops:
            lists.bad(name, line, f"没有编码为 {row['shop_code']} 的超市")
        for column, lowest in (("price", 1), ("stock", 0), ("most_a_month", 1), ("low_stock", 0)):
            _check_number(lists, name, line, row, column, lowest)
        _check_article(lists, line, row)
    _check_unique(lists, name, lambda row: f"{row['shop_code']} {row['code']}")


def _check_article(lists: Lists, line: int, row: Row) -> None:
    if row["service"] not in YES + NO:
        lists.bad("articles.csv", line, "service 要写 是、否 或不填")
    if row["service"] in YES and row["stock"] not in ("", "0"):
        lists.bad("articles.csv", line, "服务不计库存，stock 不要填")
    if row["best_before"] and written_date(row["best_before"]) is None:
        lists.bad("articles.csv", line, "best_before 要写成 2027-01-31")


def _check_person(lists: Lists, line: int, row: Row, levels: dict[str, str], departments: set[str]) -> None:
    """Check one person; the phone becomes plain digits, so that the same number is the same person."""
    name = "people.csv"
    if row["role"] not in ROLES:
        lists.bad(name, line, f"role {row['role']} 不对，可用：{'、'.join(ROLES)}")
    if row["phone"] and not PHONE.fullmatch(row["phone"]):
        lists.bad(name, line, "phone 不对")
    row["phone"] = re.sub(r"^\+?86(?=1\d{10}$)", "", re.sub(r"[ -]", "", row["phone"]))
    if row["role"] != "department" or row["grid_code"] not in departments:
        _check_unit(lists, name, line, row["grid_code"], levels)


def _check_unit(lists: Lists, name: str, line: int, code: str, levels: dict[str, str]) -> None:
    if code not in levels:
        lists.bad(name, line, f"没有编码为 {code} 的单位")


def _check_webhook(lists: Lists, name: str, line: int, row: Row) -> None:
    if row["group_webhook"] and not WEBHOOK.fullmatch(row["group_webhook"]):
        lists.bad(name, line, "group_webhook 要是完整的网址")


def _check_number(lists: Lists, name: str, line: int, row: Row, column: str, lowest: int = 0) -> None:
    value = row[column]
    if value and not (value.isascii() and value.isdigit() and lowest <= int(value) < 10**9):
        lists.bad(name, line, f"{column} 要是 {lowest} 以上的整数")


def _check_unique(lists: Lists, name: str, key: Callable[[Row], str]) -> None:
    seen: dict[str, int] = {}
    for line, row in lists.of(name):
        first = seen.setdefault(key(row), line)
        if first != line:
            lists.bad(name, line, f"编码 {key(row)} 与第 {first} 行重复")


def _check_same_person(lists: Lists, column: str) -> None:
    """One account belongs to one person, however many posts; one row with the phone is enough."""
    seen: dict[str, Row] = {}
    for line, row in lists.of("people.csv"):
        first = seen.setdefault(row[column], row)
        phones = {first["phone"], row["phone"]} - {""}
        if row[column] and (row["name"] != first["name"] or len(phones) > 1):
            lists.bad("people.csv", line, f"{column} {row[column]} 已属于另一个人")
