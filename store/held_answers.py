"""Answers held back: what looked empty or off topic, until a person rewrites it or lets it go."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from store.cases import Case, columns
from store.prepared import Prepared
from store.tables import cases, held_answers
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Held:
    case_id: int
    kind: str  # empty | formula | off_topic
    answer: str
    person_id: int
    at: int


_COLUMNS = [held_answers.c[name] for name in Held.__dataclass_fields__]
_GET = Prepared(sa.select(*_COLUMNS).where(held_answers.c.case_id == sa.bindparam("case_id")))
_DROP = Prepared(sa.delete(held_answers).where(held_answers.c.case_id == sa.bindparam("id")))


def put(tx: Tx, case_id: int, *, kind: str, answer: str, person_id: int, now: int) -> None:
    """Hold this answer, in the place of one that was held before."""
    drop(tx, case_id)
    row = {"case_id": case_id, "kind": kind, "answer": answer, "person_id": person_id, "at": now}
    tx.execute(sa.insert(held_answers), row)


def get(tx: Tx, case_id: int) -> Held | None:
    row = tx.execute(_GET, {"case_id": case_id}).first()
    return Held(*row) if row else None


def drop(tx: Tx, case_id: int) -> bool:
    """Hold nothing back any more; whether something was held. Of two at once only one is told so."""
    return tx.execute(_DROP, {"id": case_id}).rowcount == 1


def of_cases(tx: Tx, case_ids: Iterable[int]) -> dict[int, Held]:
    query = sa.select(*_COLUMNS).where(held_answers.c.case_id.in_(list(case_ids)))
    return {row[0]: Held(*row) for row in tx.execute(query)}


def before(tx: Tx, at: int, limit: int) -> list[tuple[Case, Held]]:
    """What has been held since before `at`, the longest first."""
    query = (
        sa.select(*columns(), *_COLUMNS)
        .join(held_answers, held_answers.c.case_id == cases.c.id)
        .where(held_answers.c.at < at)
        .order_by(held_answers.c.at, held_answers.c.case_id)
    )
    width = len(columns())
    return [(Case(*row[:width]), Held(*row[width:])) for row in tx.execute(query.limit(limit))]


def in_units(tx: Tx, unit_ids: Iterable[int], limit: int) -> list[Case]:
    """Cases of the units whose answer is held, the longest first."""
    query = (
        sa.select(*columns())
        .join(held_answers, held_answers.c.case_id == cases.c.id)
        .where(cases.c.unit_id.in_(list(unit_ids)))
        .order_by(held_answers.c.at, cases.c.id)
    )
    return [Case(*row) for row in tx.execute(query.limit(limit))]
