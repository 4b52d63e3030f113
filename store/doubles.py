"""Likely doubles: which older cases a new one was found to be like, and which of them a person let go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from store.cases import OPEN
from store.prepared import Prepared
from store.tables import cases, doubles, merges
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an open case lies, and the oldest open one that it is like itself, or its own number."""

    unit_id: int
    oldest_id: int


_ADD = Prepared(sa.insert(doubles))
_case = cases.alias()
_seen = sa.and_(
    doubles.c.dismissed_by.is_(None), _case.c.state.in_([sa.literal_column(f"'{s}'") for s in OPEN])
)
_older = (
    sa.select(sa.func.min(doubles.c.other_id))
    .join(_case, _case.c.id == doubles.c.other_id)
    .where(doubles.c.case_id == cases.c.id, _seen)
    .scalar_subquery()
)
STANDING_MAX = 3
_PLACES = [f"case_{place}" for place in range(STANDING_MAX)]
_STANDING = Prepared(
    sa.select(cases.c.id, cases.c.unit_id, sa.func.coalesce(_older, cases.c.id)).where(
        cases.c.id.in_([sa.bindparam(place, type_=cases.c.id.type) for place in _PLACES]),
        cases.c.state.in_([sa.literal_column(f"'{state}'") for state in OPEN]),
    )
)

_matter = sa.union(
    sa.select(sa.bindparam("head_id", type_=cases.c.id.type).label("id")),
    sa.select(doubles.c.case_id).where(
        doubles.c.other_id == sa.bindparam("head_id"), doubles.c.dismissed_by.is_(None)
    ),
    sa.select(merges.c.case_id).where(merges.c.into_id == sa.bindparam("head_id")),
).subquery()
_OTHERS = Prepared(
    sa.select(sa.func.count(cases.c.reporter_id.distinct()))
    .join(_matter, _matter.c.id == cases.c.id)
    .where(cases.c.state != sa.literal_column("'rejected'"), cases.c.reporter_id != sa.bindparam("person_id"))
)


def add(tx: Tx, case_id: int, others: Mapping[int, float], *, now: int) -> None:
    """Keep the older cases that `case_id` is like, each with how much (0 to 1). Once per case."""
    rows = [
        {"case_id": case_id, "other_id": other, "alike": alike, "at": now, "dismissed_by": None}
        for other, alike in others.items()
    ]
    if rows:
        tx.execute(_ADD, rows)


def standing(tx: Tx, numbers: Iterable[int]) -> dict[int, Standing]:
    """Those of the cases, at most STANDING_MAX of them, that are still open."""
    asked = list(numbers)
    asked += asked[:1] * (STANDING_MAX - len(asked))  # the statement is the same for fewer
    rows = tx.execute(_STANDING, dict(zip(_PLACES, asked, strict=True)))
    return {case_id: Standing(unit_id, oldest_id) for case_id, unit_id, oldest_id in rows}


def of_cases(tx: Tx, case_ids: Iterable[int]) -> dict[int, list[int]]:
    """For each case the open ones it is like, older and younger, lowest number first."""
    wanted = list(case_ids)
    found: dict[int, list[int]] = {case_id: [] for case_id in wanted}
    for mine, theirs in ((doubles.c.case_id, doubles.c.other_id), (doubles.c.other_id, doubles.c.case_id)):
        query = sa.select(mine, theirs).join(_case, _case.c.id == theirs).where(mine.in_(wanted), _seen)
        for case_id, other in tx.execute(query):
            found[case_id].append(other)
    return {case_id: sorted(others) for case_id, others in found.items() if others}


def dismiss(tx: Tx, case_id: int, person_id: int) -> int:
    """Offer nothing as a double of this case any more; how many were let go. Twice changes nothing."""
    mine = sa.or_(doubles.c.case_id == case_id, doubles.c.other_id == case_id)
    let_go = sa.update(doubles).where(mine, doubles.c.dismissed_by.is_(None)).values(dismissed_by=person_id)
    return tx.execute(let_go).rowcount


def other_reporters(tx: Tx, head_id: int, person_id: int) -> int:
    """How many people beside this one reported the matter of a case: its own reporter and those of what is
    like it or joined to it."""
    return int(tx.execute(_OTHERS, {"head_id": head_id, "person_id": person_id}).scalar_one())
