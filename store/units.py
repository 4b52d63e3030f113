"""The registry: units of any depth (county, town, village, grid, micro …) and departments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa

from store import meta
from store.tables import departments, places, units
from store.tx import Tx

_REVISION = "registry_revision"


@dataclass(frozen=True, slots=True)
class Unit:
    id: int
    code: str
    name: str
    level: str
    parent_id: int | None
    kind: str
    households: int | None
    people: int | None
    group_webhook: str


@dataclass(frozen=True, slots=True)
class Department:
    id: int
    code: str
    name: str
    unit_id: int
    group_webhook: str


@dataclass(frozen=True, slots=True)
class Place:
    """A road, a compound, a firm: a name by which people know where something is."""

    id: int
    code: str
    name: str
    kind: str
    unit_id: int


class Registry:
    """All units, departments and named places as one immutable value, passed around, not looked up."""

    def __init__(
        self,
        units: Iterable[Unit],
        departments: Iterable[Department],
        revision: str,
        places: Iterable[Place] = (),
    ) -> None:
        self.units = {unit.id: unit for unit in units}
        self.departments = {department.id: department for department in departments}
        self.places = tuple(places)
        self.revision = revision

    @cached_property
    def by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units.values()}

    @cached_property
    def top(self) -> Unit | None:
        """The county: the unit without a parent. None while nothing is imported."""
        return next((unit for unit in self.units.values() if unit.parent_id is None), None)

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = {}
        for unit in self.units.values():
            if unit.parent_id is not None:
                children.setdefault(unit.parent_id, []).append(unit.id)
        return children

    def chain(self, unit_id: int) -> list[Unit]:
        """The unit and those above it, lowest first."""
        chain = []
        unit = self.units.get(unit_id)
        while unit is not None:
            chain.append(unit)
            unit = self.units.get(unit.parent_id) if unit.parent_id is not None else None
        return chain

    def village_of(self, unit_id: int) -> int:
        """The village that holds a unit; outside of one the unit itself."""
        return next((unit.id for unit in self.chain(unit_id) if unit.level == "village"), unit_id)

    def holds(self, area_id: int, unit_id: int) -> bool:
        """Whether `unit_id` is `area_id` or lies below it."""
        return any(unit.id == area_id for unit in self.chain(unit_id))

    def full_name(self, unit_id: int) -> str:
        """From the town down: 青河镇幸福社区第二网格; a name that the next one begins with is left out."""
        names = [unit.name for unit in reversed(self.chain(unit_id))]
        names = names[1:] or names
        kept = [
            name for name, lower in zip(names, [*names[1:], ""], strict=True) if not lower.startswith(name)
        ]
        return "".join(kept)

    def under(self, unit_id: int) -> list[int]:
        """Ids of the unit and everything below it."""
        found, waiting = [], [unit_id]
        while waiting:
            current = waiting.pop()
            found.append(current)
            waiting.extend(self._children.get(current, ()))
        return sorted(found)

    def children(self, unit_id: int) -> list[int]:
        return self._children.get(unit_id, [])

    def common(self, unit_ids: Iterable[int]) -> int | None:
        """The lowest unit that holds them all; a unit that holds the others gives way to the lower one."""
        chains = [[unit.id for unit in self.chain(unit_id)] for unit_id in unit_ids]
        chains = [c for c in chains if not any(c[0] in other[1:] for other in chains)]
        if not chains:
            return None
        return next((unit_id for unit_id in chains[0] if all(unit_id in c for c in chains)), None)


_UNITS = sa.select(units).order_by(units.c.id)
_DEPARTMENTS = sa.select(departments).order_by(departments.c.id)
_PLACES = sa.select(places).order_by(places.c.id)


def load(tx: Tx) -> Registry:
    """The whole registry; some hundred rows, read at start and after each import."""
    return Registry(
        [Unit(*row) for row in tx.execute(_UNITS)],
        [Department(*row) for row in tx.execute(_DEPARTMENTS)],
        revision(tx),
        [Place(*row) for row in tx.execute(_PLACES)],
    )


def revision(tx: Tx) -> str:
    """Changes with every import that changed something."""
    return meta.get(tx, _REVISION) or "0"


def touch(tx: Tx) -> None:
    meta.put(tx, _REVISION, str(int(revision(tx)) + 1))


def change(tx: Tx, unit_id: int, **values: object) -> None:
    tx.execute(sa.update(units).where(units.c.id == unit_id).values(**values))


def add_department(tx: Tx, **values: object) -> int:
    return int(tx.execute(sa.insert(departments).returning(departments.c.id), values).scalar_one())


def change_department(tx: Tx, department_id: int, **values: object) -> None:
    tx.execute(sa.update(departments).where(departments.c.id == department_id).values(**values))


def add_all(tx: Tx, rows: Sequence[dict[str, object]]) -> dict[str, int]:
    """Add units; the id of each by its code."""
    added = sa.insert(units).returning(units.c.code, units.c.id)
    return {row[0]: row[1] for row in tx.execute(added, rows)} if rows else {}


def add_places(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        tx.execute(sa.insert(places), rows)


def change_place(tx: Tx, place_id: int, **values: object) -> None:
    tx.execute(sa.update(places).where(places.c.id == place_id).values(**values))
