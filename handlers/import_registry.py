"""Bring a town's own lists in: grids, places, people, departments, shops, articles.

Everything is checked first; one bad row and nothing changes. The same files a second time change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.codes import keyed, new_code
from handlers.ctx import ROLES
from handlers.days import DAY_SECONDS
from handlers.import_shops import import_shops
from handlers.registry_files import read
from handlers.registry_lists import COLUMNS, BadFiles, Lists, Row
from handlers.roll import Roll
from handlers.rules import LEVELS
from store import invitations, shop, units
from store.people import Post
from store.tx import Tx
from store.units import Registry

__all__ = ["BadFiles", "Imported", "Invitation", "import_registry"]

INVITATION_DAYS = 7


@dataclass
class Invitation:
    name: str
    role: str
    unit: str
    code: str


@dataclass
class Imported:
    """How many rows were new or changed, by file; what to tell; the invitations that were asked for."""

    added: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))
    changed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COLUMNS, 0))
    notes: list[str] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)


def import_registry(
    tx: Tx, files: Mapping[str, str], *, secret: bytes, now: int, invite: bool = False
) -> Imported:
    """Import the text of the CSV files, by name. Raises BadFiles and then leaves everything as it was.

    With `invite` every person who holds a role gets a one-time invitation, told here and kept hashed.
    """
    known = units.load(tx)
    lists = read(files, known, {one.code for one in shop.all_shops(tx)})
    done = Imported(notes=lists.notes)
    _grids(tx, lists, known, done)
    registry = units.load(tx)
    _departments(tx, lists, registry, done)
    registry = units.load(tx)
    _places(tx, lists, registry, done)
    holders = _people(tx, lists, registry, done, now)
    import_shops(tx, lists, registry, added=done.added, changed=done.changed, now=now)
    if any(done.added.values()) or any(done.changed.values()):
        units.touch(tx)
    if invite:
        _invite(tx, holders, registry, done, secret, now)
    return done


def _grids(tx: Tx, lists: Lists, known: Registry, done: Imported) -> None:
    """Level by level, so that every parent has its id."""
    ids = {unit.code: unit.id for unit in known.units.values()}
    for level in LEVELS:
        fresh: list[dict[str, object]] = []
        for _, row in lists.of("grids.csv"):
            if row["level"] != level:
                continue
            values = _unit(row, ids)
            old = known.by_code.get(row["code"])
            if old is None:
                fresh.append({"code": row["code"], **values})
            elif any(getattr(old, name) != value for name, value in values.items()):
                units.change(tx, old.id, **values)
                done.changed["grids.csv"] += 1
        ids |= units.add_all(tx, fresh)
        done.added["grids.csv"] += len(fresh)


def _unit(row: Row, ids: Mapping[str, int]) -> dict[str, object]:
    return {
        "name": row["name"],
        "level": row["level"],
        "parent_id": ids.get(row["parent_code"]),
        "kind": row["kind"],
        "households": int(row["households"]) if row["households"] else None,
        "people": int(row["people"]) if row["people"] else None,
        "group_webhook": row["group_webhook"],
    }


def _departments(tx: Tx, lists: Lists, registry: Registry, done: Imported) -> None:
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


def _places(tx: Tx, lists: Lists, registry: Registry, done: Imported) -> None:
    """A name in a unit is a place; what an import no longer names stays, as everywhere."""
    known = {(place.name, place.unit_id): place for place in registry.places}
    fresh: list[dict[str, object]] = []
    for _, row in lists.of("places.csv"):
        unit_id = registry.by_code[row["unit_code"]].id
        values = {"code": row["code"], "kind": row["kind"]}
        old = known.get((row["name"], unit_id))
        if old is None:
            fresh.append({"name": row["name"], "unit_id": unit_id, **values})
        elif any(getattr(old, name) != value for name, value in values.items()):
            units.change_place(tx, old.id, **values)
            done.changed["places.csv"] += 1
    units.add_places(tx, fresh)
    done.added["places.csv"] += len(fresh)


# --- people


def _people(tx: Tx, lists: Lists, registry: Registry, done: Imported, now: int) -> list[tuple[int, Row]]:
    """Add who is new, with posts and accounts; (person id, row) of all who hold a role."""
    rows = [row for _, row in lists.of("people.csv")]
    departments = {department.code: department for department in registry.departments.values()}
    roll = Roll(tx, rows)
    holders = []
    for row in rows:
        department = departments.get(row["grid_code"]) if row["role"] == "department" else None
        unit_id = department.unit_id if department else registry.by_code[row["grid_code"]].id
        post = Post(row["role"], unit_id, department.id if department else None)
        number, is_fresh, is_changed = roll.enter(row, post)
        done.added["people.csv"] += is_fresh
        done.changed["people.csv"] += is_changed and not is_fresh
        if row["role"] != "resident":
            holders.append((number, row))
    ids = roll.write(tx, now)
    return [(ids[number], row) for number, row in holders]


def _invite(
    tx: Tx, holders: list[tuple[int, Row]], registry: Registry, done: Imported, secret: bytes, now: int
) -> None:
    """One invitation a person, however many posts."""
    names = {unit.code: unit.name for unit in registry.units.values()}
    names |= {department.code: department.name for department in registry.departments.values()}
    first: dict[int, Row] = {}
    for person_id, row in holders:
        first.setdefault(person_id, row)
    rows: list[dict[str, object]] = []
    for person_id, row in first.items():
        code = new_code()
        rows.append(
            {
                "person_id": person_id,
                "code_hash": keyed(secret, "invite", code),
                "expires_at": now + INVITATION_DAYS * DAY_SECONDS,
            }
        )
        done.invitations.append(Invitation(row["name"], ROLES[row["role"]], names[row["grid_code"]], code))
    invitations.add_all(tx, rows)
