"""Bring a town's own lists in: grids, people, departments, shops, articles, from CSV files.

Everything is checked first; one bad row and nothing changes. The same files a second time change nothing.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from handlers.codes import keyed, new_code
from handlers.ctx import ROLES
from handlers.days import DAY_SECONDS
from handlers.rules import LEVELS
from store import invitations, ledger, people, shop, units
from store.db import Tx
from store.units import Registry

FILES = {
    "grids.csv": ("code", "name", "level"),
    "departments.csv": ("code", "name", "unit_code"),
    "people.csv": ("name", "role", "grid_code"),
    "shops.csv": ("code", "name", "unit_code"),
    "articles.csv": ("shop_code", "code", "name", "price"),
}
COLUMNS = {
    "grids.csv": {"code", "name", "level", "parent_code", "kind", "households", "people", "group_webhook"},
    "departments.csv": {"code", "name", "unit_code", "group_webhook"},
    "people.csv": {"name", "phone", "role", "grid_code", "wecom_userid", "openid"},
    "shops.csv": {"code", "name", "unit_code", "address"},
    "articles.csv": {"shop_code", "code", "name", "price", "stock", "unit"},
}
NEEDED = ("grids.csv", "people.csv")
CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
PHONE = re.compile(r"[0-9+ -]{5,20}")
KINDS = ("", "general", "dedicated")
INVITATION_DAYS = 7
Row = dict[str, str]


class BadFiles(Exception):
    """What is wrong, line by line; nothing was imported."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("；".join(errors))
        self.errors = errors


@dataclass
class Invitation:
    name: str
    role: str
    unit: str
    code: str


@dataclass
class Imported:
    """How many rows were new or changed, by file, and the invitations that were asked for."""

    added: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FILES, 0))
    changed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FILES, 0))
    invitations: list[Invitation] = field(default_factory=list)


@dataclass
class _Lists:
    """The rows of all files, each with its line number, and what is wrong so far."""

    rows: dict[str, list[tuple[int, Row]]]
    errors: list[str]

    def of(self, name: str) -> list[tuple[int, Row]]:
        return self.rows.get(name, [])

    def bad(self, name: str, line: int, why: str) -> None:
        self.errors.append(f"{name} 第 {line} 行：{why}")


def import_registry(
    tx: Tx, files: Mapping[str, str], *, secret: bytes, now: int, invite: bool = False
) -> Imported:
    """Import the text of the CSV files, by name. Raises BadFiles and then leaves everything as it was.

    With `invite` every person who holds a role gets a one-time invitation, told here and kept hashed.
    """
    lists = _parse(files)
    known = units.load(tx)
    _check(lists, known, _shop_codes(tx))
    if lists.errors:
        raise BadFiles(lists.errors)
    done = Imported()
    _grids(tx, lists, known, done)
    registry = units.load(tx)
    _departments(tx, lists, registry, done)
    registry = units.load(tx)
    holders = _people(tx, lists, registry, done, now)
    _shops(tx, lists, registry, done)
    _articles(tx, lists, done, now)
    if any(done.added.values()) or any(done.changed.values()):
        units.touch(tx)
    if invite:
        _invite(tx, holders, registry, done, secret, now)
    return done


# --- reading and checking


def _parse(files: Mapping[str, str]) -> _Lists:
    lists = _Lists({}, [])
    for name in files:
        if name not in FILES:
            lists.errors.append(f"{name}：不认识的文件，可用：{'、'.join(FILES)}")
    for name in FILES:
        if name in files:
            lists.rows[name] = list(_rows(name, files[name], lists))
        elif name in NEEDED:
            lists.errors.append(f"缺少 {name}")
    return lists


def _rows(name: str, text: str, lists: _Lists) -> Iterator[tuple[int, Row]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    columns = {(column or "").strip() for column in reader.fieldnames or ()}
    if missing := [column for column in FILES[name] if column not in columns]:
        lists.errors.append(f"{name}：缺少列 {'、'.join(missing)}")
        return
    if unknown := sorted(columns - COLUMNS[name]):
        lists.errors.append(f"{name}：不认识的列 {'、'.join(unknown)}")
        return
    try:
        for raw in reader:
            if None in raw:
                lists.bad(name, reader.line_num, "列数比表头多")
                continue
            row = {key.strip(): (value or "").strip() for key, value in raw.items()}
            if not any(row.values()):
                continue
            row = {column: row.get(column, "") for column in COLUMNS[name]}
            if empty := [column for column in FILES[name] if not row[column]]:
                lists.bad(name, reader.line_num, f"{'、'.join(empty)} 没有填")
                continue
            yield reader.line_num, row
    except csv.Error as error:
        lists.bad(name, reader.line_num, f"不是正确的 CSV（{error}）")


def _check(lists: _Lists, known: Registry, shop_codes: set[str]) -> None:
    levels = _check_grids(lists, known)
    departments = {d.code for d in known.departments.values()}
    for line, row in lists.of("departments.csv"):
        _check_unit(lists, "departments.csv", line, row["unit_code"], levels)
        departments.add(row["code"])
    _check_unique(lists, "departments.csv", lambda row: row["code"], "编码")
    for line, row in lists.of("people.csv"):
        _check_person(lists, line, row, levels, departments)
    for column in ("wecom_userid", "openid"):
        _check_same_person(lists, column)
    shops = set(shop_codes)
    for line, row in lists.of("shops.csv"):
        _check_unit(lists, "shops.csv", line, row["unit_code"], levels)
        shops.add(row["code"])
    _check_unique(lists, "shops.csv", lambda row: row["code"], "编码")
    for line, row in lists.of("articles.csv"):
        if row["shop_code"] not in shops:
            lists.bad("articles.csv", line, f"没有编码为 {row['shop_code']} 的超市")
        _check_number(lists, "articles.csv", line, row, "price", lowest=1)
        _check_number(lists, "articles.csv", line, row, "stock")
    _check_unique(lists, "articles.csv", lambda row: f"{row['shop_code']} {row['code']}", "编码")


def _check_grids(lists: _Lists, known: Registry) -> dict[str, str]:
    """Check grids.csv; the level of each unit code that is known now or comes with it."""
    name = "grids.csv"
    levels = {unit.code: unit.level for unit in known.units.values()}
    parents = {u.code: known.units[u.parent_id].code for u in known.units.values() if u.parent_id}
    for line, row in lists.of(name):
        if not CODE.fullmatch(row["code"]):
            lists.bad(name, line, f"编码 {row['code']} 不对：1 到 32 个字母、数字、- 或 _")
        if row["level"] not in LEVELS:
            lists.bad(name, line, f"level {row['level']} 不对，可用：{'、'.join(LEVELS)}")
        if row["kind"] not in KINDS:
            lists.bad(name, line, f"kind {row['kind']} 不对，可用：general、dedicated 或不填")
        if row["group_webhook"] and not row["group_webhook"].startswith(("https://", "http://")):
            lists.bad(name, line, "group_webhook 要是完整的网址")
        for column in ("households", "people"):
            _check_number(lists, name, line, row, column)
        levels[row["code"]] = row["level"]
        parents[row["code"]] = row["parent_code"]
    _check_unique(lists, name, lambda row: row["code"], "编码")
    for line, row in lists.of(name):
        parent = row["parent_code"]
        if parent and parent not in levels:
            lists.bad(name, line, f"上级 {parent} 不存在")
        elif (
            parent
            and {row["level"], levels[parent]} <= set(LEVELS)
            and LEVELS.index(levels[parent]) >= LEVELS.index(row["level"])
        ):
            lists.bad(name, line, f"上级 {parent} 的级别（{levels[parent]}）要比 {row['level']} 高")
    tops = [code for code, parent in parents.items() if not parent] + [
        code for code in levels if code not in parents
    ]
    if len(set(tops)) != 1 and levels:
        lists.errors.append(
            f"{name}：只能有一个没有上级的单位，现有 {'、'.join(sorted(set(tops))) or '0 个'}"
        )
    return levels


def _check_person(lists: _Lists, line: int, row: Row, levels: dict[str, str], departments: set[str]) -> None:
    if row["role"] not in ROLES:
        lists.bad("people.csv", line, f"role {row['role']} 不对，可用：{'、'.join(ROLES)}")
    if row["phone"] and not PHONE.fullmatch(row["phone"]):
        lists.bad("people.csv", line, "phone 不对")
    if row["role"] == "department" and row["grid_code"] in departments:
        return
    _check_unit(lists, "people.csv", line, row["grid_code"], levels)


def _check_unit(lists: _Lists, name: str, line: int, code: str, levels: dict[str, str]) -> None:
    if code not in levels:
        lists.bad(name, line, f"没有编码为 {code} 的单位")


def _check_number(lists: _Lists, name: str, line: int, row: Row, column: str, lowest: int = 0) -> None:
    value = row[column]
    if value and not (value.isascii() and value.isdigit() and lowest <= int(value) < 10**9):
        lists.bad(name, line, f"{column} 要是 {lowest} 以上的整数")


def _check_unique(lists: _Lists, name: str, key: Callable[[Row], str], what: str) -> None:
    seen: dict[str, int] = {}
    for line, row in lists.of(name):
        first = seen.setdefault(key(row), line)
        if first != line:
            lists.bad(name, line, f"{what} {key(row)} 与第 {first} 行重复")


def _check_same_person(lists: _Lists, column: str) -> None:
    """One account belongs to one person, however many posts that person holds."""
    seen: dict[str, tuple[str, str]] = {}
    for line, row in lists.of("people.csv"):
        account = row[column]
        if account and seen.setdefault(account, (row["name"], row["phone"])) != (row["name"], row["phone"]):
            lists.bad("people.csv", line, f"{column} {account} 已属于另一个人")


# --- writing


def _grids(tx: Tx, lists: _Lists, known: Registry, done: Imported) -> None:
    ids = {unit.code: unit.id for unit in known.units.values()}
    rows = sorted((row for _, row in lists.of("grids.csv")), key=lambda row: LEVELS.index(row["level"]))
    for row in rows:
        values = {
            "name": row["name"],
            "level": row["level"],
            "parent_id": ids.get(row["parent_code"]),
            "kind": row["kind"],
            "households": int(row["households"]) if row["households"] else None,
            "people": int(row["people"]) if row["people"] else None,
            "group_webhook": row["group_webhook"],
        }
        old = known.by_code.get(row["code"])
        if old is None:
            ids[row["code"]] = units.add(tx, code=row["code"], **values)
            done.added["grids.csv"] += 1
        elif any(getattr(old, name) != value for name, value in values.items()):
            units.change(tx, old.id, **values)
            done.changed["grids.csv"] += 1


def _departments(tx: Tx, lists: _Lists, registry: Registry, done: Imported) -> None:
    by_code = {department.code: department for department in registry.departments.values()}
    for _, row in lists.of("departments.csv"):
        values = {
            "name": row["name"],
            "unit_id": registry.by_code[row["unit_code"]].id,
            "group_webhook": row["group_webhook"],
        }
        old = by_code.get(row["code"])
        if old is None:
            units.add_department(tx, code=row["code"], **values)
            done.added["departments.csv"] += 1
        elif any(getattr(old, name) != value for name, value in values.items()):
            units.change_department(tx, old.id, **values)
            done.changed["departments.csv"] += 1


def _people(tx: Tx, lists: _Lists, registry: Registry, done: Imported, now: int) -> list[tuple[int, Row]]:
    """Add who is new, with posts and accounts; (person id, row) of all who hold a role."""
    holders = []
    departments = {department.code: department for department in registry.departments.values()}
    for _, row in lists.of("people.csv"):
        department = departments.get(row["grid_code"]) if row["role"] == "department" else None
        unit_id = department.unit_id if department else registry.by_code[row["grid_code"]].id
        person_id = _known_person(tx, row, unit_id)
        fresh = person_id is None
        if person_id is None:
            person_id = people.add(tx, now=now, name=row["name"], phone=row["phone"], unit_id=unit_id)
        changed = _accounts(tx, row, person_id)
        if row["role"] != "resident":
            changed |= _post(tx, person_id, row["role"], unit_id, department.id if department else None)
            holders.append((person_id, row))
        done.added["people.csv"] += fresh
        done.changed["people.csv"] += changed and not fresh
    return holders


def _known_person(tx: Tx, row: Row, unit_id: int) -> int | None:
    """Who the row speaks of: by account, else by name and phone, else by name and place."""
    for channel, column in (("aibot", "wecom_userid"), ("official", "openid")):
        known = people.by_account(tx, channel, row[column]) if row[column] else None
        if known is not None and known[1].name == row["name"]:
            return known[1].id
    if row["phone"]:
        return people.by_name_and_phone(tx, row["name"], row["phone"])
    return people.by_name_and_unit(tx, row["name"], unit_id)


def _accounts(tx: Tx, row: Row, person_id: int) -> bool:
    changed = False
    for channel, column in (("aibot", "wecom_userid"), ("official", "openid")):
        if not row[column]:
            continue
        known = people.by_account(tx, channel, row[column])
        if known is None:
            people.add_account(tx, channel=channel, account=row[column], person_id=person_id)
            changed = True
        elif known[1].id != person_id:
            people.bind(tx, known[0].id, person_id)
            changed = True
    return changed


def _post(tx: Tx, person_id: int, role: str, unit_id: int, department_id: int | None) -> bool:
    person = people.by_id(tx, person_id)
    assert person is not None
    post = people.Post(role, unit_id, department_id)
    if post in person.posts:
        return False
    people.add_post(tx, person_id=person_id, role=role, unit_id=unit_id, department_id=department_id)
    return True


def _shop_codes(tx: Tx) -> set[str]:
    return {one.code for one in shop.all_shops(tx)}


def _shops(tx: Tx, lists: _Lists, registry: Registry, done: Imported) -> None:
    known = {one.code: one for one in shop.all_shops(tx)}
    for _, row in lists.of("shops.csv"):
        values = {
            "name": row["name"],
            "unit_id": registry.by_code[row["unit_code"]].id,
            "address": row["address"],
        }
        old = known.get(row["code"])
        if old is None:
            shop.add_shop(tx, code=row["code"], **values)
            done.added["shops.csv"] += 1
        elif any(getattr(old, name) != value for name, value in values.items()):
            shop.change_shop(tx, old.id, **values)
            done.changed["shops.csv"] += 1


def _articles(tx: Tx, lists: _Lists, done: Imported, now: int) -> None:
    shop_ids = {one.code: one.id for one in shop.all_shops(tx)}
    known = {(a.shop_id, a.code): a for a in shop.articles_of(tx, shop_ids.values())}
    for _, row in lists.of("articles.csv"):
        shop_id = shop_ids[row["shop_code"]]
        values = {"name": row["name"], "price": int(row["price"]), "measure": row["unit"] or "件"}
        old = known.get((shop_id, row["code"]))
        if old is None:
            article_id = shop.add_article(tx, shop_id=shop_id, code=row["code"], **values)
            _first_stock(tx, shop_id, article_id, int(row["stock"] or 0), now)
            done.added["articles.csv"] += 1
        elif any(getattr(old, name) != value for name, value in values.items()):
            shop.change_article(tx, old.id, **values)
            done.changed["articles.csv"] += 1


def _first_stock(tx: Tx, shop_id: int, article_id: int, pieces: int, now: int) -> None:
    """The stock a new article opens with. Later stock comes in by stock movements, never by an import."""
    shelf = ledger.account(tx, "shelf", unit=article_id, owner=shop_id)
    ledger.account(tx, "reserved", unit=article_id, owner=shop_id)
    if pieces:
        ledger.move(
            tx,
            debit=ledger.account(tx, "supplier", unit=article_id),
            credit=shelf,
            unit=article_id,
            amount=pieces,
            idem=f"stock:first:{article_id}",
            txn=f"stock:first:{article_id}",
            reason="期初库存",
            now=now,
        )


def _invite(
    tx: Tx, holders: list[tuple[int, Row]], registry: Registry, done: Imported, secret: bytes, now: int
) -> None:
    """One invitation a person, however many posts."""
    names = {unit.code: unit.name for unit in registry.units.values()}
    names |= {department.code: department.name for department in registry.departments.values()}
    invited = set()
    for person_id, row in holders:
        if person_id in invited:
            continue
        invited.add(person_id)
        code = new_code()
        invitations.add(
            tx,
            person_id=person_id,
            code_hash=keyed(secret, "invite", code),
            expires_at=now + INVITATION_DAYS * DAY_SECONDS,
        )
        done.invitations.append(Invitation(row["name"], ROLES[row["role"]], names[row["grid_code"]], code))
