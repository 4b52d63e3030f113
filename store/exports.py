"""What `mashang export` writes: one query a kind, oldest first, streamed."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from store.tables import acct, cases, checkins, outbox, people, units, xfer
from store.tx import Tx

_REPORTER = sa.func.coalesce(sa.func.nullif(people.c.name, ""), "居民").label("reporter")
_debit, _credit = acct.alias(), acct.alias()

QUERIES: dict[str, sa.Select[Any]] = {
    "cases": sa.select(
        cases.c.id.label("number"),
        cases.c.kind,
        cases.c.state,
        cases.c.category,
        cases.c.uncertain,
        cases.c.words,
        cases.c.urgent,
        units.c.code.label("grid"),
        cases.c.text,
        cases.c.place,
        cases.c.channel,
        _REPORTER,
        cases.c.reporter_id,
        cases.c.opened_at,
        cases.c.due_at,
        cases.c.resolved_at,
        cases.c.closed_at,
    )
    .join(units, units.c.id == cases.c.unit_id)
    .join(people, people.c.id == cases.c.reporter_id)
    .order_by(cases.c.id),
    "notices": sa.select(
        outbox.c.id,
        outbox.c.channel,
        units.c.code.label("unit"),
        outbox.c.fact,
        outbox.c.case_id.label("number"),
        outbox.c.text,
        outbox.c.state,
        outbox.c.tries,
        outbox.c.created_at,
        outbox.c.sent_at,
        outbox.c.error,
    )
    .select_from(outbox.outerjoin(units, units.c.id == outbox.c.unit_id))
    .order_by(outbox.c.id),
    "checkins": sa.select(
        checkins.c.day, people.c.name, units.c.code.label("grid"), checkins.c.late, checkins.c.at
    )
    .select_from(
        checkins.join(people, people.c.id == checkins.c.person_id).outerjoin(
            units, units.c.id == people.c.unit_id
        )
    )
    .order_by(checkins.c.id),
    "ledger": sa.select(
        xfer.c.id,
        xfer.c.txn,
        xfer.c.kind,
        _debit.c.kind.label("debit"),
        _debit.c.owner.label("debit_owner"),
        _credit.c.kind.label("credit"),
        _credit.c.owner.label("credit_owner"),
        xfer.c.unit,
        xfer.c.amount,
        xfer.c.reason,
        xfer.c.case_id.label("number"),
        xfer.c.at,
    )
    .join(_debit, _debit.c.id == xfer.c.debit)
    .join(_credit, _credit.c.id == xfer.c.credit)
    .order_by(xfer.c.id),
}


def columns(kind: str) -> list[str]:
    return list(QUERIES[kind].selected_columns.keys())


def rows(tx: Tx, kind: str) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries; times are UTC seconds."""
    for row in tx.execute(QUERIES[kind]).yield_per(1000).mappings():
        yield dict(row)
