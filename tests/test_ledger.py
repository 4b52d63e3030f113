"""The ledger refuses what must not be, whoever asks: by its functions, by SQL, sixteen at once."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import DBAPIError

from store import ledger
from store.db import Conflict, Database, Tx
from store.ledger import Insufficient
from tests.invariants import broken

NOW = 1_795_395_600
RICE = 5  # the unit of an article
SHOP = 9


@dataclass(frozen=True)
class Books:
    """Accounts and movements by name, for SQL written by hand."""

    ids: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.ids[name]


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def books(db: Database) -> Books:
    """李 was given 100 points: 30 are held, 10 spent, 10 held and given back. 100 jin are on the shelf."""
    return db.write(_open_books)


def _open_books(tx: Tx) -> Books:
    ids = {
        "issuer": ledger.account(tx, "issuer"),
        "spent": ledger.account(tx, "spent"),
        "li": ledger.account(tx, "wallet", owner=1),
        "li_held": ledger.account(tx, "held", owner=1),
        "wang": ledger.account(tx, "wallet", owner=2),
        "wang_held": ledger.account(tx, "held", owner=2),
        "supplier": ledger.account(tx, "supplier", unit=RICE),
        "shelf": ledger.account(tx, "shelf", unit=RICE, owner=SHOP),
        "reserved": ledger.account(tx, "reserved", unit=RICE, owner=SHOP),
        "given": ledger.account(tx, "given", unit=RICE, owner=SHOP),
    }
    li, held, spent = ids["li"], ids["li_held"], ids["spent"]
    move = partial(ledger.move, tx, reason="试", now=NOW)
    ids["award"] = move(debit=ids["issuer"], credit=li, amount=100, idem="award", txn="award")
    ids["gift"] = move(debit=ids["issuer"], credit=ids["wang"], amount=40, idem="gift", txn="gift")
    ids["undone"] = move(debit=ids["issuer"], credit=ids["wang"], amount=5, idem="undone", txn="undone")
    ids["undoing"] = move(
        debit=ids["wang"],
        credit=ids["issuer"],
        amount=5,
        idem="undoing",
        txn="undoing",
        kind="reverse",
        reverses_id=ids["undone"],
    )
    for name, points in (("open", 30), ("collected", 10), ("cancelled", 10)):
        ids[name] = move(debit=li, credit=held, amount=points, idem=name, txn=name, kind="hold")
    end = partial(move, debit=held, amount=10)
    ids["post"] = end(credit=spent, idem="post", txn="post", kind="post", pending_id=ids["collected"])
    ids["void"] = end(credit=li, idem="void", txn="void", kind="void", pending_id=ids["cancelled"])
    ids["stock"] = move(
        debit=ids["supplier"], credit=ids["shelf"], unit=RICE, amount=100, idem="stock", txn="stock"
    )
    return Books({**ids, "nowhere": 12345})


def entry(
    kind: str, debit: str, credit: str, amount: int, *, verb: str = "INSERT", unit: int = 0, **more: str
) -> str:
    """SQL for one row of the journal; names in braces are filled in from the books."""
    columns = {
        "txn": "'t'",
        "kind": f"'{kind}'",
        "debit": f"{{{debit}}}",
        "credit": f"{{{credit}}}",
        "unit": str(unit),
        "amount": str(amount),
        "idem": "'by hand'",
        "digest": "''",
        "reason": "''",
        "at": "1",
        **more,
    }
    return f"{verb} INTO xfer ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


ATTEMPTS = {
    "change the journal": "UPDATE xfer SET amount = 1 WHERE id = {award}",
    "delete from the journal": "DELETE FROM xfer WHERE id = {award}",
    "book over a row": entry("move", "issuer", "li", 9, idem="'award'")
    + " ON CONFLICT (idem) DO UPDATE SET amount = 9",
    "change a posting": "UPDATE posting SET amount = 1 WHERE acct = {li}",
    "delete a posting": "DELETE FROM posting WHERE acct = {li}",
    "post by hand": "INSERT INTO posting VALUES ({li}, 99, {award}, 100, 200)",
    "change a balance": "UPDATE bal SET posted = 1000000 WHERE acct = {li}",
    "change a balance by an old movement": (
        "UPDATE bal SET posted = posted + 100, ver = ver + 1, last_xfer = {award} WHERE acct = {li}"
    ),
    "take away a floor": "UPDATE bal SET floor = NULL WHERE acct = {li}",
    "delete a balance": "DELETE FROM bal WHERE acct = {li}",
    "open a balance again": "INSERT INTO bal (acct, floor) VALUES ({li}, 0)",
    "open a balance without an account": "INSERT INTO bal (acct, floor) VALUES (12345, NULL)",
    "give an account to somebody": "UPDATE acct SET owner = 7 WHERE id = {li}",
    "delete an account": "DELETE FROM acct WHERE id = {li}",
    "open an account again": "INSERT INTO acct (kind, unit, owner) VALUES ('wallet', 0, 1)",
    "open an account of no kind": "INSERT INTO acct (kind, unit, owner) VALUES ('pocket', 0, 1)",
    "open a wallet for goods": "INSERT INTO acct (kind, unit, owner) VALUES ('wallet', 5, 1)",
    "open a shelf for points": "INSERT INTO acct (kind, unit, owner) VALUES ('shelf', 0, 9)",
    "move nothing": entry("move", "issuer", "li", 0),
    "move backwards": entry("move", "issuer", "li", -5),
    "move to oneself": entry("move", "li", "li", 5),
    "move points onto the shelf": entry("move", "li", "shelf", 5),
    "move goods into a wallet": entry("move", "shelf", "li", 5, unit=RICE),
    "move from nowhere": entry("move", "nowhere", "li", 5),
    "move in a way nobody knows": entry("gift", "issuer", "li", 5),
    "overdraw": entry("move", "li", "wang", 61),
    "hold more than there is": entry("hold", "li", "li_held", 61),
    "reserve more than there is": entry("hold", "shelf", "reserved", 101, unit=RICE),
    "hold for somebody else": entry("hold", "li", "wang_held", 5),
    "hold into a wallet": entry("hold", "li", "wang", 5),
    "move out of what is held": entry("move", "li_held", "wang", 5),
    "move into what is held": entry("move", "li", "li_held", 5),
    "move out of what is reserved": entry("move", "reserved", "given", 5, unit=RICE),
    "hold for a hold": entry("hold", "li", "li_held", 5, pending_id="{open}"),
    "post without a hold": entry("post", "li_held", "spent", 30),
    "post a part": entry("post", "li_held", "spent", 29, pending_id="{open}"),
    "post twice": entry("post", "li_held", "spent", 10, pending_id="{collected}"),
    "post what was given back": entry("post", "li_held", "spent", 10, pending_id="{cancelled}"),
    "post what is no hold": entry("post", "li_held", "spent", 100, pending_id="{award}"),
    "post to a third party": entry("post", "li_held", "wang", 30, pending_id="{open}"),
    "post from a wallet": entry("post", "wang", "spent", 30, pending_id="{open}"),
    "void a part": entry("void", "li_held", "li", 29, pending_id="{open}"),
    "void what was collected": entry("void", "li_held", "li", 10, pending_id="{collected}"),
    "void twice": entry("void", "li_held", "li", 10, pending_id="{cancelled}"),
    "void to a third party": entry("void", "li_held", "wang", 30, pending_id="{open}"),
    "reverse nothing": entry("reverse", "wang", "issuer", 40),
    "reverse a part": entry("reverse", "wang", "issuer", 39, reverses_id="{gift}"),
    "reverse the same way round": entry("reverse", "issuer", "wang", 40, reverses_id="{gift}"),
    "reverse from another wallet": entry("reverse", "li", "issuer", 40, reverses_id="{gift}"),
    "reverse twice": entry("reverse", "wang", "issuer", 5, reverses_id="{undone}"),
    "reverse a reversal": entry("reverse", "issuer", "wang", 5, reverses_id="{undoing}"),
    "reverse a hold": entry("reverse", "li_held", "li", 30, reverses_id="{open}"),
    "reverse what was spent since": entry("reverse", "li", "issuer", 100, reverses_id="{award}"),
    "reverse by a move": entry("move", "wang", "issuer", 40, reverses_id="{gift}"),
    "use a key again": entry("move", "issuer", "li", 100, idem="'award'"),
}
TABLES = {"acct": "id", "bal": "acct", "xfer": "id", "posting": "acct, ver"}  # and the order of their rows
ONLY_POSTGRES = {f"truncate {table}": f"TRUNCATE {table} CASCADE" for table in TABLES}
# SQLite's conflict actions: REPLACE deletes without a trigger, IGNORE may swallow a failed check in one.
ONLY_SQLITE = {
    "replace a movement by its id": entry("move", "issuer", "li", 9, verb="REPLACE", id="{award}"),
    "replace a movement by its key": entry("move", "issuer", "li", 9, verb="REPLACE", idem="'award'"),
    "replace a resolution": entry("void", "li_held", "li", 10, verb="REPLACE", pending_id="{collected}"),
    "replace a reversal": entry("reverse", "wang", "issuer", 5, verb="REPLACE", reverses_id="{undone}"),
    "replace a posting": "REPLACE INTO posting SELECT acct, ver, xfer, 1, after FROM posting LIMIT 1",
    "replace a balance": "REPLACE INTO bal (acct, posted, ver, floor) VALUES ({li}, 0, 0, 0)",
    "replace an account by its id": "REPLACE INTO acct VALUES ({li}, 'wallet', 0, 7)",
    "replace an account by its key": "REPLACE INTO acct (kind, unit, owner) VALUES ('wallet', 0, 1)",
    "change a key over another": "UPDATE OR REPLACE xfer SET idem = 'award' WHERE id = {gift}",
    "overdraw and ignore it": entry("move", "li", "wang", 61, verb="INSERT OR IGNORE"),
    "overdraw and replace it": entry("move", "li", "wang", 61, verb="INSERT OR REPLACE"),
    "overdraw and fail late": entry("move", "li", "wang", 61, verb="INSERT OR FAIL"),
    "set a balance and ignore it": "UPDATE OR IGNORE bal SET posted = 1000000 WHERE acct = {li}",
}


def everything(run: Callable[[str], Any]) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the ledger, read by `run`."""
    return {
        table: [tuple(row) for row in run(f"SELECT * FROM {table} ORDER BY {order}")]
        for table, order in TABLES.items()
    }


def test_no_sql_gets_past_the_guards(db: Database, books: Books) -> None:
    attempts = ATTEMPTS if db.is_sqlite else ATTEMPTS | ONLY_POSTGRES
    before = _read_everything(db)
    done = []
    for name, statement in attempts.items():
        try:
            db.write(partial(_run, statement.format(**books.ids)))
        except DBAPIError:
            continue
        done.append(name)
    assert done == []
    assert _read_everything(db) == before
    assert broken(db) == []


def _run(statement: str, tx: Tx) -> None:
    tx.execute(sa.text(statement))


def _read_everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    with db.read() as tx:
        return everything(lambda query: tx.execute(sa.text(query)))


def test_no_conflict_action_of_sqlite_gets_past_the_guards(sqlite_empty: Path, tmp_path: Path) -> None:
    """Whatever the connection has switched on or off; ours switches foreign keys and recursion on."""
    file = tmp_path / "books.db"
    file.write_bytes(sqlite_empty.read_bytes())
    db = Database(f"sqlite:///{file}")
    books = db.write(_open_books)
    before = _read_everything(db)
    db.close()
    changed = []
    for keys, recursion in product(("ON", "OFF"), repeat=2):
        other = sqlite3.connect(file, isolation_level=None)
        other.execute(f"PRAGMA foreign_keys={keys}")
        other.execute(f"PRAGMA recursive_triggers={recursion}")
        for name, statement in (ATTEMPTS | ONLY_SQLITE).items():
            other.execute("BEGIN")
            try:
                other.execute(statement.format(**books.ids))
            except sqlite3.Error:
                pass
            if everything(other.execute) != before:
                changed.append((name, f"foreign_keys={keys}", f"recursive_triggers={recursion}"))
            other.execute("ROLLBACK")
        other.close()
    assert changed == []


# --- by its functions


def test_the_same_request_is_booked_once_and_another_under_its_key_refused(
    db: Database, books: Books
) -> None:
    request = {"debit": books["issuer"], "credit": books["li"], "amount": 100, "txn": "award", "reason": "试"}
    before = _read_everything(db)
    again = db.write(lambda tx: ledger.move(tx, **request, idem="award", now=NOW + 99))
    assert again == books["award"]
    others: list[dict[str, Any]] = [
        {"amount": 101},
        {"credit": books["wang"]},
        {"reason": "别的"},
        {"txn": "other"},
        {"kind": "hold"},
    ]
    for other in others:
        with pytest.raises(Conflict):
            db.write(partial(_move, {**request, **other, "idem": "award", "now": NOW}))
    assert _read_everything(db) == before


def _move(request: dict[str, Any], tx: Tx) -> int:
    return ledger.move(tx, **request)


def test_too_few_points_are_told_from_every_other_refusal(db: Database, books: Books) -> None:
    request = {"debit": books["li"], "credit": books["wang"], "idem": "x", "txn": "x", "reason": "", "now": 1}
    before = _read_everything(db)
    with pytest.raises(Insufficient):
        db.write(partial(_move, {**request, "amount": 61}))
    with pytest.raises(DBAPIError):
        db.write(partial(_move, {**request, "amount": -1}))
    assert _read_everything(db) == before

    def try_then_go_on(tx: Tx) -> int:
        with pytest.raises(Insufficient), tx.savepoint():
            ledger.move(tx, **request, amount=61)
        return ledger.move(tx, **request, amount=60)

    assert db.write(try_then_go_on) > books["stock"]
    with db.read() as tx:
        assert (ledger.points_of(tx, 1), ledger.held_by(tx, 1), ledger.points_of(tx, 2)) == (0, 30, 100)
    assert broken(db) == []


def test_a_statement_reads_newest_first_with_the_balance_after_each(db: Database, books: Books) -> None:
    with db.read() as tx:
        entries = ledger.entries(tx, 1, 10)
        assert ledger.entries(tx, 1, 2) == entries[:2]
        assert ledger.entries(tx, 777, 10) == []
        assert (ledger.points_of(tx, 777), ledger.held_by(tx, 777)) == (0, 0)
    assert [(one.kind, one.amount, one.after) for one in entries] == [
        ("void", 10, 60),
        ("hold", -10, 50),
        ("hold", -10, 60),
        ("hold", -30, 70),
        ("move", 100, 100),
    ]


def test_sixteen_at_once_under_one_key_make_one_movement(db: Database) -> None:
    def award(tx: Tx) -> None:
        ledger.award(tx, person_id=1, points=10, reason="报平安", idem="checkin:1", now=NOW)

    with ThreadPoolExecutor(16) as callers:
        list(callers.map(lambda _: db.write(award), range(16)))
    with db.read() as tx:
        assert ledger.points_of(tx, 1) == 10
        assert tx.execute(sa.text("SELECT count(*) FROM xfer")).scalar() == 1
    assert broken(db) == []


def test_of_a_hundred_pieces_sixteen_buyers_get_exactly_a_hundred(db: Database, books: Books) -> None:
    tries = count()

    def buy(n: int, tx: Tx) -> None:
        ledger.move(
            tx,
            debit=books["shelf"],
            credit=books["reserved"],
            unit=RICE,
            amount=1,
            kind="hold",
            idem=f"buy:{n}",
            txn=f"buy:{n}",
            reason="",
            now=NOW,
        )

    def keep_buying(_buyer: int) -> int:
        got = 0
        for _ in range(15):
            try:
                db.write(partial(buy, next(tries)))
                got += 1
            except Insufficient:
                pass
        return got

    with ThreadPoolExecutor(16) as callers:
        assert sum(callers.map(keep_buying, range(16))) == 100
    with db.read() as tx:
        assert (ledger.balance(tx, books["shelf"]), ledger.balance(tx, books["reserved"])) == (0, 100)
        assert ledger.drift(tx) == []
    assert broken(db) == []


# --- when somebody had the triggers out of the way

TAMPERING = {
    "an amount": "UPDATE xfer SET amount = amount + 1 WHERE id = {gift}",
    "who gave": "UPDATE xfer SET debit = {spent} WHERE id = {gift}",
    "who got": "UPDATE xfer SET credit = {li} WHERE id = {gift}",
    "what it was": "UPDATE xfer SET kind = 'move' WHERE id = {open}",
    "what it was for": "UPDATE xfer SET reason = '查' WHERE id = {gift}",
    "which act it was of": "UPDATE xfer SET txn = 'gifu' WHERE id = {gift}",
    "its digest": "UPDATE xfer SET digest = 'x' WHERE id = {gift}",
    "the hold it ended": "UPDATE xfer SET pending_id = {open} WHERE id = {post}",
    "what it took back": "UPDATE xfer SET reverses_id = {gift} WHERE id = {undoing}",
    "a posted amount": "UPDATE posting SET amount = amount + 1 WHERE acct = {wang} AND ver = 1",
    "what was left": "UPDATE posting SET after = after + 1 WHERE acct = {wang} AND ver = 1",
    "an order": "UPDATE posting SET ver = 99 WHERE acct = {wang} AND ver = 1",
    "a posting's movement": "UPDATE posting SET xfer = {award} WHERE acct = {wang} AND ver = 1",
    "a posting removed": "DELETE FROM posting WHERE acct = {wang} AND ver = 3",
    "a posting added": "INSERT INTO posting VALUES ({wang}, 4, {gift}, 40, 80)",
    "a balance": "UPDATE bal SET posted = posted + 1 WHERE acct = {wang}",
    "a version": "UPDATE bal SET ver = ver + 1 WHERE acct = {wang}",
    "the last movement": "UPDATE bal SET last_xfer = {award} WHERE acct = {wang}",
    "a floor": "UPDATE bal SET floor = NULL WHERE acct = {wang}",
    "a balance removed": "DELETE FROM bal WHERE acct = {wang_held}",
}


class _Undo(Exception):
    """Ends the transaction of a tampering."""


def test_drift_finds_every_tampering(db: Database, books: Books) -> None:
    def tamper(statement: str, found: list[list[int]], tx: Tx) -> None:
        if db.is_sqlite:
            names = (
                tx.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            )
            disarm = [f"DROP TRIGGER {name}" for name in names]
        else:
            disarm = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES]
        for command in [*disarm, statement]:
            tx.execute(sa.text(command))
        found.append(ledger.drift(tx))
        raise _Undo

    unseen = []
    for name, statement in TAMPERING.items():
        found: list[list[int]] = []
        with pytest.raises(_Undo):
            db.write(partial(tamper, statement.format(**books.ids), found))
        if found == [[]]:
            unseen.append(name)
    assert unseen == []
    with db.read() as tx:
        assert ledger.drift(tx) == []


# --- any order of doing things

_runs = count(1)


class Trade(RuleBasedStateMachine):
    """Three people and a model that adds up; every request may come again, every wrong one is refused."""

    db: Database
    people = st.integers(0, 2)
    points = st.integers(1, 60)

    def __init__(self) -> None:
        super().__init__()
        self.run = next(_runs)
        self.owners = [self.run * 10 + n for n in range(3)]
        self.wallets = [0, 0, 0]
        self.held = [0, 0, 0]
        self.holds: list[tuple[int, int, int]] = []  # movement, person, points
        self.ended: list[tuple[int, int, int]] = []
        self.awards: list[tuple[int, int, int]] = []
        self.requests: list[tuple[dict[str, Any], int]] = []

    def account(self, kind: str, person: int | None = None) -> int:
        owner = 0 if person is None else self.owners[person]
        return self.db.write(lambda tx: ledger.account(tx, kind, owner=owner))

    def request(self, debit: int, credit: int, amount: int, kind: str = "move", **more: Any) -> int:
        idem = f"{self.run}:{len(self.requests)}:{kind}"
        asked = {"debit": debit, "credit": credit, "amount": amount, "kind": kind, "idem": idem, "txn": idem}
        asked |= {"reason": "试", "now": NOW, **more}
        booked = self.db.write(partial(_move, asked))
        self.requests.append((asked, booked))
        return booked

    @rule(person=people, points=points)
    def award(self, person: int, points: int) -> None:
        booked = self.request(self.account("issuer"), self.account("wallet", person), points)
        self.awards.append((booked, person, points))
        self.wallets[person] += points

    @rule(giver=people, taker=people, points=points)
    def give(self, giver: int, taker: int, points: int) -> None:
        legs = self.account("wallet", giver), self.account("wallet", taker)
        if giver == taker:
            with pytest.raises((DBAPIError, Insufficient)):
                self.request(*legs, points)
        elif points > self.wallets[giver]:
            with pytest.raises(Insufficient):
                self.request(*legs, points)
        else:
            self.request(*legs, points)
            self.wallets[giver] -= points
            self.wallets[taker] += points

    @rule(person=people, points=points)
    def hold(self, person: int, points: int) -> None:
        legs = self.account("wallet", person), self.account("held", person)
        if points > self.wallets[person]:
            with pytest.raises(Insufficient):
                self.request(*legs, points, "hold")
            return
        self.holds.append((self.request(*legs, points, "hold"), person, points))
        self.wallets[person] -= points
        self.held[person] += points

    @rule(pick=st.integers(0, 99), kind=st.sampled_from(["post", "void"]))
    def end(self, pick: int, kind: str) -> None:
        if not self.holds:
            return
        hold, person, points = self.holds.pop(pick % len(self.holds))
        to = self.account("spent") if kind == "post" else self.account("wallet", person)
        self.request(self.account("held", person), to, points, kind, pending_id=hold)
        self.ended.append((hold, person, points))
        self.held[person] -= points
        self.wallets[person] += points if kind == "void" else 0

    @rule(pick=st.integers(0, 99), kind=st.sampled_from(["post", "void"]))
    def end_again(self, pick: int, kind: str) -> None:
        if not self.ended:
            return
        hold, person, points = self.ended[pick % len(self.ended)]
        to = self.account("spent") if kind == "post" else self.account("wallet", person)
        with pytest.raises((DBAPIError, Insufficient)):
            self.request(self.account("held", person), to, points, kind, pending_id=hold)

    @rule(pick=st.integers(0, 99))
    def reverse(self, pick: int) -> None:
        if not self.awards:
            return
        award, person, points = self.awards.pop(pick % len(self.awards))
        legs = self.account("wallet", person), self.account("issuer")
        if points > self.wallets[person]:
            with pytest.raises(Insufficient):
                self.request(*legs, points, "reverse", reverses_id=award)
            return
        self.request(*legs, points, "reverse", reverses_id=award)
        self.wallets[person] -= points
        with pytest.raises((DBAPIError, Insufficient)):
            self.request(*legs, points, "reverse", reverses_id=award)

    @rule(pick=st.integers(0, 99))
    def ask_again(self, pick: int) -> None:
        if not self.requests:
            return
        asked, booked = self.requests[pick % len(self.requests)]
        assert self.db.write(partial(_move, {**asked, "now": NOW + 1})) == booked
        with pytest.raises(Conflict):
            self.db.write(partial(_move, {**asked, "amount": asked["amount"] + 1}))

    @invariant()
    def the_books_are_right(self) -> None:
        with self.db.read() as tx:
            assert [ledger.points_of(tx, owner) for owner in self.owners] == self.wallets
            assert [ledger.held_by(tx, owner) for owner in self.owners] == self.held
            assert ledger.drift(tx) == []
        assert broken(self.db) == []


def test_whatever_is_done_in_whatever_order_the_books_are_right(db: Database) -> None:
    machine = type("TradeOnThis", (Trade,), {"db": db})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
