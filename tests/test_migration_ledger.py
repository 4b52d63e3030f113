"""A database of the first schema keeps its points, holds and goods when households come in."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import audit, holds, households, ledger, redemptions, schema, wallets
from store.db import Database
from store.tx import Tx
from tests.invariants import broken
from tests.old_database import at_revision, old_database

NOW = 1_795_395_600

# 李 was awarded 100 points and got 20 of a neighbour's: 30 are on hold for rice, 20 were spent, 10 came back.
ACCOUNTS = [
    (1, "issuer", 0, 0),
    (2, "spent", 0, 0),
    (3, "wallet", 0, 1),
    (4, "held", 0, 1),
    (5, "wallet", 0, 2),
    (6, "supplier", 7, 0),
    (7, "shelf", 7, 9),
    (8, "reserved", 7, 9),
    (9, "given", 7, 9),
]
# idem, txn, kind, debit, credit, unit, amount, pending, case
MOVEMENTS = [
    ("stock:first:7", "stock:first:7", "move", 6, 7, 7, 100, None, None),
    ("award:true_report:1001:1", "award:true_report:1001:1", "move", 1, 3, 0, 97, None, 1001),
    ("checkin:1:2026-11-23", "checkin:1:2026-11-23", "move", 1, 3, 0, 3, None, None),
    ("award:true_report:1002:2", "award:true_report:1002:2", "move", 1, 5, 0, 20, None, 1002),
    ("claim:1002", "claim:1002", "move", 5, 3, 0, 20, None, None),
    *(
        row
        for n, points in ((1, 30), (2, 20), (3, 10))
        for row in (
            (f"redeem:{n}:points", f"redeem:{n}", "hold", 3, 4, 0, points, None, None),
            (f"redeem:{n}:stock", f"redeem:{n}", "hold", 7, 8, 7, points // 10, None, None),
        )
    ),
    ("redeem:2:points:post", "redeem:2:post", "post", 4, 2, 0, 20, 10, None),
    ("redeem:2:stock:post", "redeem:2:post", "post", 8, 9, 7, 2, 11, None),
    ("redeem:3:points:void", "redeem:3:void", "void", 4, 3, 0, 10, 12, None),
    ("redeem:3:stock:void", "redeem:3:void", "void", 8, 7, 7, 1, 13, None),
]
BALANCES = {1: -120, 2: 20, 3: 70, 4: 30, 5: 0, 6: -100, 7: 95, 8: 3, 9: 2}


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of revision 0001 with these books."""
    yield from old_database(request, tmp_path, "old", _fill)


def _fill(url: str) -> None:
    with at_revision(url, "0001") as connection:

        def add(table: str, **values: object) -> None:
            columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
            connection.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), values)

        add("units", code="T", name="镇", level="town")
        for name in ("李秀英", "", "戴满仓"):
            add("people", name=name, unit_id=1, created_at=NOW)
        for number in (1001, 1002):
            about = {"category": "other", "score": 0, "words": "[]", "rules_revision": "", "text": "路灯不亮"}
            who = {"channel": "official", "reporter_id": number - 1000, "token": str(number), "unit_id": 1}
            add("cases", id=number, state="closed", **about, **who, opened_at=NOW, due_at=NOW)
        add("shops", id=9, code="S", name="平安超市", unit_id=1)
        add("articles", id=7, shop_id=9, code="RICE", name="大米", price=10, measure="斤")
        for number, kind, unit, owner in ACCOUNTS:
            add("acct", id=number, kind=kind, unit=unit, owner=owner)
        for number, (idem, txn, kind, debit, credit, unit, amount, pending, case) in enumerate(MOVEMENTS, 3):
            legs = {"debit": debit, "credit": credit, "unit": unit, "amount": amount}
            more = {"pending_id": pending, "case_id": case, "digest": "old", "reason": "试", "at": NOW}
            add("xfer", id=number, idem=idem, txn=txn, kind=kind, **legs, **more)
        for n, (state, points) in enumerate((("held", 30), ("collected", 20), ("cancelled", 10)), 1):
            ended = {"ended_at": None if n == 1 else NOW, "clerk_id": 3 if n == 2 else None}
            what = {"person_id": 1, "article_id": 7, "count": points // 10, "points": points}
            when = {"reserved_at": NOW, "expires_at": NOW + 9, "code_hash": f"h{n}"}
            add("redemptions", id=n, shop_id=9, state=state, **what, **when, **ended)


def test_every_balance_hold_and_order_is_carried_over(old_url: str) -> None:
    schema.upgrade(old_url)
    db = Database(old_url)
    with db.read() as tx:
        posted = {row[0]: row[1] for row in tx.execute(sa.text("SELECT acct, posted FROM bal"))}
        assert posted == BALANCES
        assert audit.drift(tx) == []
        home = households.of(tx, 1)
        assert home is not None
        assert (wallets.points(tx, home), wallets.held(tx, home), wallets.owed(tx, home)) == (70, 30, 0)
        kinds = tx.execute(sa.text("SELECT kind, rule, cause, day, person_id FROM xfer ORDER BY id")).all()
        assert [tuple(row) for row in kinds[:5]] == [
            ("restock", "", "", "", None),
            ("award", "true_report", "case:1001", "2026-11-23", 1),
            ("award", "checkin", "checkin:1:2026-11-23", "2026-11-23", 1),
            ("award", "true_report", "case:1002", "2026-11-23", 2),
            ("family", "", "", "", None),
        ]
        assert len(kinds) == len(MOVEMENTS)
        orders = [redemptions.get(tx, number) for number in (1, 2, 3)]
        lines = [redemptions.lines_of(tx, number) for number in (1, 2, 3)]
        assert [(one.state, one.household_id, one.collector) for one in orders if one] == [
            ("held", home, ""),
            ("collected", home, "member"),
            ("cancelled", home, ""),
        ]
        found = [
            [(one.count, one.price, one.state, one.clerk_id, one.collector) for one in of] for of in lines
        ]
        assert found == [
            [(3, 10, "held", None, "")],
            [(2, 10, "collected", 3, "member")],
            [(1, 10, "cancelled", None, "")],
        ]
    assert broken(db) == []

    # The open order can be given back, the collected one refunded, and numbering goes on.
    def give_back(tx: Tx) -> None:
        holds.void_all(tx, "redeem:1", reason="退回", now=NOW, actor_id=None)
        redemptions.end(tx, lines[0][0], "cancelled", now=NOW)
        redemptions.give_back_pieces(tx, lines[1][0], 2)

    db.write(give_back)
    for unit, amount in ((0, 20), (7, 2)):
        back = partial(holds.refund, txn="redeem:2", amount=amount, unit=unit, key="r", reason="退货")
        db.write(lambda tx, back=back: back(tx, now=NOW, actor_id=None))
    with db.read() as tx:
        assert (wallets.points(tx, home), wallets.held(tx, home)) == (120, 0)
        assert ledger.balance(tx, 7) == 100
        assert audit.drift(tx) == []
    # The orders' own rows were left as they are: here the ledger alone acts.
    assert [name for name in broken(db) if not name.startswith("I26")] == []
    db.close()
