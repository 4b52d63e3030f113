"""Caps: what each subject may still earn in a period, of one award or of many at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store import bulk
from store.columns import Columns
from store.ledger import POINTS
from store.people import in_parts
from store.prepared import Prepared
from store.tables import caps
from store.tx import Tx

UNBOUNDED = 2**62
Key = tuple[str, str, int, str, int]  # rule, subject, its number, period, unit


@dataclass(frozen=True, slots=True)
class Use:
    """`points` under the cap of one rule ("" for all), subject (person, household) and period."""

    rule: str
    subject: str
    subject_id: int
    period: str
    unit: int
    most: int
    points: int


class Exceeded(Exception):
    """Some subjects have no room; `subjects` are (person or household, number). Nothing may be kept."""

    def __init__(self, subjects: Collection[tuple[str, int]]) -> None:
        super().__init__(f"{len(subjects)} caps are full")
        self.subjects = frozenset(subjects)


_KEY = ("rule", "subject", "subject_id", "period", "unit")
_raised = insert(caps)
# The row is there and, on PostgreSQL, locked; a lower limit never falls below what was used.
_OPEN = Prepared(
    _raised.on_conflict_do_update(
        index_elements=_KEY,
        set_={
            "most": sa.case((caps.c.used > _raised.excluded.most, caps.c.used), else_=_raised.excluded.most)
        },
    ).returning(caps.c.used, caps.c.most)
)
_USE = Prepared(
    sa.update(caps)
    .where(*(caps.c[name] == sa.bindparam(f"key_{name}") for name in _KEY))
    .values(used=caps.c.used + sa.bindparam("points"))
)
_FIELDS = (*_KEY, "most", "points")
_AS_ROWS = ", ".join(f"value ->> '$.{name}' AS {name}" for name in _FIELDS)
_ROWS = {
    "sqlite": f"(SELECT {_AS_ROWS} FROM json_each(:rows)) AS r",  # noqa: S608
    "postgresql": "json_to_recordset(CAST(:rows AS json)) AS r(rule text, subject text, subject_id bigint, "
    "period text, unit bigint, most bigint, points bigint)",
}
# In one order everywhere, so that two lists at once wait for each other instead of for ever.
_USE_ALL = {
    name: bulk.prepared(
        f"""
    INSERT INTO caps ({", ".join(_KEY)}, used, most)
    SELECT {", ".join(f"r.{key}" for key in _KEY)}, r.points, r.most FROM {rows}
    WHERE r.points <= r.most ORDER BY {", ".join(f"r.{key}" for key in _KEY)}
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET used = caps.used + excluded.used, most = excluded.most
    WHERE caps.used + excluded.used <= excluded.most
    RETURNING rule, subject, subject_id
    """,  # noqa: S608
        caps.c.rule,
        caps.c.subject,
        caps.c.subject_id,
    )
    for name, rows in _ROWS.items()
}


def room(tx: Tx, limits: Sequence[tuple[Key, int]]) -> int:
    """The least that these caps leave, each given with its most; locked, on PostgreSQL, until the end."""
    left = UNBOUNDED
    for key, most in limits:
        named = dict(zip(_KEY, key, strict=True))
        row = tx.execute(_OPEN, {**named, "used": 0, "most": most}).first()
        assert row is not None, "an upsert returns its row"
        left = min(left, row[1] - row[0])
    return max(left, 0)


def use(tx: Tx, keys: Iterable[Key], points: int) -> None:
    """Use so many points of each of these caps, which were found to leave room."""
    for key in keys:
        named = {f"key_{name}": value for name, value in zip(_KEY, key, strict=True)}
        tx.execute(_USE, {**named, "points": points})


def use_all(tx: Tx, uses: Iterable[Use]) -> None:
    """Use all of these caps. Raises Exceeded where one has no room: then undo what this wrote."""
    together: dict[tuple[object, ...], Use] = {}
    for use in uses:
        key = tuple(getattr(use, name) for name in _KEY)
        points = use.points + (together[key].points if key in together else 0)
        together[key] = Use(use.rule, use.subject, use.subject_id, use.period, use.unit, use.most, points)
    if not together:
        return
    rows = bulk.as_json(Columns.of(list(together.values()), _FIELDS), _FIELDS)
    used = set(tx.execute(_USE_ALL[tx.dialect], {"rows": rows}))
    full = [use for use in together.values() if (use.rule, use.subject, use.subject_id) not in used]
    if full:
        raise Exceeded({(use.subject, use.subject_id) for use in full})


def used(tx: Tx, rule: str, subject: str, ids: Iterable[int], period: str) -> dict[int, int]:
    """Shop points used of a cap, by subject; whoever used none may be left out."""
    found: dict[int, int] = {}
    for part in in_parts(sorted(ids)):
        query = sa.select(caps.c.subject_id, caps.c.used).where(
            caps.c.rule == rule,
            caps.c.subject == subject,
            caps.c.subject_id.in_(part),
            caps.c.period == period,
            caps.c.unit == POINTS,
        )
        found |= {row[0]: row[1] for row in tx.execute(query)}
    return found
