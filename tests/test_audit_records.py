"""The audit compares orders, shops, statements, households and decisions with their movements."""

from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa

from handlers.reconcile import check
from store import audit, awards, expiries, ledger
from store.audit import Finding
from store.audit_rules import OF_ACCOUNTS, OF_MOVEMENTS, OF_RECORDS
from store.awards import Award
from store.budgets import Budget
from store.db import Database
from store.tables import acct, articles, freezes, redemption_lines, redemptions, xfer
from store.tx import Tx
from tests.invariants import broken
from tests.test_ledger import NOW, RICE, Books, open_books

COHORT = 20261031


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


def _open(tx: Tx) -> Books:
    """李 had her hair cut and ordered three more; 王's and 华's points expired, but for what was frozen."""
    ids = dict(open_books(tx).ids)
    haircut = {"shop_id": 1, "code": "2", "name": "理发", "price": 10, "is_service": True}
    rice = {"id": RICE, "shop_id": 1, "code": "5", "name": "大米", "price": 10}
    ids["haircut"] = tx.execute(sa.insert(articles).returning(articles.c.id), haircut).scalar_one()
    tx.execute(sa.insert(articles), rice)
    order = {"shop_id": 1, "household_id": ids["li_home"], "channel": "chat", "state": "held"}
    order |= {"reserved_at": NOW, "expires_at": NOW}
    order_id = tx.execute(sa.insert(redemptions).returning(redemptions.c.id), order).scalar_one()
    line = {"redemption_id": order_id, "article_id": ids["haircut"], "price": 10, "at": NOW}
    taken = {"state": "collected", "ended_at": NOW, "clerk_id": ids["zhou_person"], "collector": "member"}
    for name, values in (
        ("taken", {"count": 1, "txn": "collected", **taken}),
        ("waits", {"count": 3, "txn": "open", "state": "held"}),
    ):
        added = sa.insert(redemption_lines).returning(redemption_lines.c.id)
        ids[name] = tx.execute(added, {**line, **values}).scalar_one()
    for name in ("wang", "hua"):
        lapsing = Award(
            rule="试",
            points=7,
            person_id=ids[f"{name}_person"],
            household_id=ids[f"{name}_home"],
            reason="",
            idem=f"lapsing:{name}",
            cause="batch:0",
            day="2026-10-01",
            budget=Budget(ids["town"], 2026, "general", 500),
            revision="r1",
            cohort=COHORT,
        )
        awards.award(tx, lapsing, now=NOW)
    frozen = {"household_id": ids["wang_home"], "reason": "", "by_id": ids["zhou_person"], "at": NOW + 1}
    tx.execute(sa.insert(freezes), frozen)
    expiries.sweep(tx, 20261101, run="1", now=NOW + 2)
    lifted = sa.update(freezes).where(freezes.c.household_id == ids["wang_home"])
    tx.execute(lifted.values(lifted_at=NOW + 3, lifted_by=ids["zhou_person"]))
    ids["freeze"] = tx.execute(
        sa.select(freezes.c.id).where(freezes.c.household_id == ids["wang_home"])
    ).scalar_one()
    ids["lapsed"] = tx.execute(
        sa.select(acct.c.id).where(acct.c.owner == ids["wang_home"], acct.c.cohort == COHORT)
    ).scalar_one()
    ids["swept"] = ledger.of_txn(tx, "expire:1", "expire")[0]
    ids["swept_wallet"] = tx.execute(sa.select(xfer.c.debit).where(xfer.c.id == ids["swept"])).scalar_one()
    return Books(ids)


MEMBER = "INSERT INTO members (household_id, person_id, since, until, ended_by) VALUES "
LIST = (
    "INSERT INTO batches (id, month, rule, digest, state, unit_id, proposer_id, at, lines) "
    "VALUES (77, '2026-11', '试', 'd', 'proposed', {town}, {zhou_person}, 1, '[]'); "
)
APPLICATION = (
    "INSERT INTO applications (id, rule, revision, person_id, household_id, unit_id, day, text, points, "
    "state, writer_id, at, proposer_id, proposed_at) VALUES (77, '试', '', {hua_person}, {hua_home}, {town}, "
    "'2026-11-20', '', 5, 'proposed', {hua_person}, {now}, {mei_person}, {now})"
)
VOUCHER = (
    "INSERT INTO voucher_lists (id, shop_id, device, signed_by, signed_at, expires_at, signature) "
    "VALUES (77, 1, '', {zhou_person}, 1, 1, ''); "
    "INSERT INTO vouchers (id, list_id, household_id, points, txn) VALUES (77, 77, {li_home}, 5, 'v77')"
)
Found = list[tuple[str, str, str]]  # about, name of the number (or the number itself), why
TAMPERINGS: dict[str, tuple[str, Found]] = {
    "nothing": ("SELECT 1", []),
    "one more was given": (
        "UPDATE redemption_lines SET count = 2 WHERE id = {taken}",
        [("line", "taken", "given")],
    ),
    "goods were given that never left the shelf": (
        f"UPDATE redemption_lines SET article_id = {RICE} WHERE id = {{taken}}",
        [("line", "taken", "given"), ("article", str(RICE), "goods")],
    ),
    "an order came back twice": (
        "UPDATE redemption_lines SET returned = 1 WHERE id = {taken}",
        [("line", "taken", "given")],
    ),
    "one fewer is set aside": (
        "UPDATE redemption_lines SET count = 2 WHERE id = {waits}",
        [("line", "waits", "set_aside")],
    ),
    "an order is gone, its points stay held": (
        "UPDATE redemption_lines SET state = 'cancelled' WHERE id = {waits}",
        [("line", "waits", "set_aside")],
    ),
    "the family gave it out": (
        "UPDATE redemption_lines SET clerk_id = {li_person} WHERE id = {taken}",
        [("line", "taken", "handed")],
    ),
    "a count that moved nothing": (
        "UPDATE stock_takes SET counted = counted + 2",
        [("article", "article", "counted")],
    ),
    "a voucher nothing is held for": (VOUCHER, [("voucher", "77", "promised")]),
    "a statement that says more": (
        "UPDATE statements SET closing = 5, other = 5",
        [("household", "li_home", "statement")],
    ),
    "a statement that opens with more than the last closed with": (
        "INSERT INTO statements SELECT household_id, '2026-11', cut, 5, 0, 5, 0, 0, 0, 1 FROM statements",
        [("household", "li_home", "statement")],
    ),
    "who moved out left points": (
        "UPDATE households SET closed_at = {now} WHERE id = {li_home}; "
        "UPDATE members SET until = {now}, ended_by = 'moved' WHERE household_id = {li_home}",
        [("household", "li_home", "left_behind")],
    ),
    "somebody lives twice": (
        MEMBER + "({li_home}, {wang_person}, {now}, {now} + 1, 'moved')",
        [("member", "wang_member", "two_homes")],
    ),
    "somebody proposes for the family": (APPLICATION, [("application", "77", "kin")]),
    "a list that nobody approved": (
        LIST + "UPDATE xfer SET txn = 'batch:77' WHERE id = {award}",
        [
            ("movement", "award", "changed"),
            ("batch", "77", "listed"),
            ("movement", "award", "sealed"),
        ],
    ),
    "a list that was not booked whole": (
        "INSERT INTO booked_lists (id, digest, txn, lines, at) VALUES (77, '', 'award', 2, 1)",
        [("booked_list", "77", "whole")],
    ),
    "a freeze that stopped nothing": (
        "UPDATE freezes SET at = 1 WHERE id = {freeze}",
        [("freeze", "freeze", "moved")],
    ),
    "points for nobody's household": (
        "DELETE FROM members WHERE household_id = {li_home}",
        [("movement", "award", "belongs")],
    ),
    "an objection nobody decided": (
        "INSERT INTO objections (application_id, person_id, text, at) VALUES ({through}, {li_person}, '', 1)",
        [("movement", "applied", "approved")],
    ),
    "points that expired early": (
        "UPDATE posting SET after = 1 WHERE xfer = {swept} AND amount < 0",
        [
            ("movement", "swept", "expires"),
            ("account", "swept_wallet", "chain"),
            ("account", "swept_wallet", "balance"),
        ],
    ),
    "points that a sweep passed by": (
        "UPDATE freezes SET at = lifted_at WHERE id = {freeze}",
        [("account", "lapsed", "lapsed")],
    ),
}


class _Undo(Exception):
    """Ends the transaction of a tampering."""


def _tampered(statements: str, found: list[Finding], told: list[str], tx: Tx) -> None:
    if tx.dialect == "sqlite":
        names = tx.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        disarm = [f"DROP TRIGGER {name}" for name in names]
    else:
        tables = tx.execute(sa.text("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger")).scalars()
        disarm = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables.all()]
    for statement in [*disarm, *statements.split("; ")]:
        tx.execute(sa.text(statement))
    found += audit.drift(tx)
    told += check(lambda: _again(tx))
    raise _Undo


class _again:
    """The transaction itself as something to read in."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx

    def __enter__(self) -> Tx:
        return self.tx

    def __exit__(self, *_: object) -> None: ...


def test_each_record_that_disagrees_with_its_movements_is_named(db: Database) -> None:
    ids = db.write(_open).ids
    with db.read() as tx:
        query = "SELECT id FROM members WHERE person_id = :wang"
        member = tx.execute(sa.text(query), {"wang": ids["wang_person"]}).scalar_one()
    ids |= {"now": NOW, "wang_member": member}
    assert broken(db) == []
    unlike = {}
    for name, (statements, wanted) in TAMPERINGS.items():
        found: list[Finding] = []
        told: list[str] = []
        try:
            db.write(partial(_tampered, statements.format(**ids), found, told))
        except _Undo:
            pass
        expected = [
            Finding(about, int(number) if number.isdecimal() else ids[number], why)
            for about, number, why in wanted
        ]
        if found != expected or bool(told) != bool(wanted):
            unlike[name] = found
    assert unlike == {}


def test_every_rule_of_the_audit_is_broken_here_or_in_the_ledger_s_own_tests() -> None:
    """A rule that no tampering breaks would be a hope."""
    here = {why for _, wanted in TAMPERINGS.values() for _, _, why in wanted}
    of_records = {why for _, rules in OF_RECORDS.values() for why in rules}
    elsewhere = {"units", "resolves", "mirrors", "refunds", "named", "held", "budget"}
    assert of_records <= here
    assert (OF_MOVEMENTS.keys() | OF_ACCOUNTS.keys()) - elsewhere <= here
