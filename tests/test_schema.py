"""The schema: what the migrations make is what store/tables.py says, and nothing that could break a group."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from store import cases, people, schema
from store.db import Database
from store.tables import FIRST_CASE, metadata, units
from store.tx import Tx
from tests.postgres import Cluster

ROOT = Path(__file__).parent.parent
# Where PostgreSQL departs from the code: keys that its triggers make superfluous (migrations 0009, 0012, 0014
# and 0015), and unique columns whose index holds only the rows that have a value (0014).
ON_POSTGRES = sorted(
    [
        ("add_constraint", "uq_acct_id_unit"),
        ("add_fk", "fk_bal_acct"),
        ("add_fk", "fk_posting_acct"),
        ("add_fk", "fk_posting_xfer"),
        *(("add_fk", f"fk_xfer_{name}_unit") for name in ("credit", "debit")),
        *(
            ("add_fk", f"fk_xfer_{name}_id")
            for name in ("actor", "application", "pending", "person", "refunds", "reverses")
        ),
        *(
            (what, f"uq_xfer_{name}_id")
            for name in ("application", "pending", "reverses")
            for what in ("add_constraint", "remove_index")
        ),
    ]
)


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    yield cluster.create("bare")
    cluster.drop("bare")


@pytest.fixture
def engine(empty_url: str) -> Iterator[sa.Engine]:
    made = sa.create_engine(empty_url)
    yield made
    made.dispose()


def test_the_migrations_make_the_tables_of_the_code(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        # Alembic reads SQLite's identity columns as defaults; the next test compares those to the letter.
        options = {"compare_type": True, "compare_server_default": engine.dialect.name != "sqlite"}
        context = MigrationContext.configure(connection, opts=options)
        differences = [(what, constraint.name) for what, constraint in compare_metadata(context, metadata)]
        assert sorted(differences) == ([] if engine.dialect.name == "sqlite" else ON_POSTGRES)
        assert _checks(connection) == {
            (table.name, constraint.name)
            for table in metadata.tables.values()
            for constraint in table.constraints
            if isinstance(constraint, sa.CheckConstraint)
        }


def _checks(connection: sa.Connection) -> set[tuple[str, str | None]]:
    inspector = sa.inspect(connection)
    return {
        (table, check["name"])
        for table in inspector.get_table_names()
        for check in inspector.get_check_constraints(table)
    }


def test_each_table_on_sqlite_is_written_as_the_code_would_write_it(
    sqlite_empty: Path, tmp_path: Path
) -> None:
    """SQLite keeps the text of each CREATE, with every default, check and partial index."""
    direct = tmp_path / "direct.db"
    engine = sa.create_engine(f"sqlite:///{direct}")
    metadata.create_all(engine)
    engine.dispose()
    assert _creates(sqlite_empty) == _creates(direct)


def _creates(file: Path) -> dict[str, set[str]]:
    """Name -> the parts of the statement that made it; constraints may stand in another order."""
    query = "SELECT name, sql FROM sqlite_master WHERE type <> 'trigger' AND name <> 'alembic_version'"
    with sqlite3.connect(file) as connection:
        rows = connection.execute(query + " AND sql IS NOT NULL").fetchall()
    return {name: _parts(" ".join(text.split())) for name, text in rows}


def _parts(create: str) -> set[str]:
    """The columns and constraints; one that SQLite was given with a column added later as if at the end."""
    head, _, body = create.partition("(")
    pieces, depth = [""], 0
    for each in body.rpartition(")")[0]:
        depth += (each == "(") - (each == ")")
        if each == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += each
    parts = {head.strip()}
    for piece in pieces:
        column, named, constraint = piece.strip().partition(" CONSTRAINT ")
        name = column.partition(" ")[0]
        parts |= (
            {column, f"CONSTRAINT {constraint}".replace(" REF", f" FOREIGN KEY({name}) REF")}
            if named
            else {column}
        )
    return parts


def test_the_ledger_has_its_guards(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        else:
            query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        found = set(connection.execute(sa.text(query)).scalars())
    appended = {"xfer", "posting", "acct", "blocks", "block_items", "statements", "reconciliations", "looks"}
    appended |= {"stock_takes", "booked_lists"}
    kept = {"bal", "members", "applications", "objections", "freezes", "penalties", "batches"} | appended
    kept |= {"splits", "reversals"}
    both = {f"{table}_no_update" for table in appended} | {f"{table}_no_delete" for table in kept}
    both |= {"xfer_books", "acct_opens"}
    written_once = appended - {"posting"} | {"applications", "objections", "batches"}
    sqlite = {f"{table}_once" for table in written_once}
    sqlite |= {f"xfer_{does}" for does in ("joins", "frozen", "resolves", "mirrors", "refunds", "applied")}
    sqlite |= {"xfer_covered", "xfer_fits", "xfer_home", "bal_moves", "bal_opens", "posting_follows"}
    sqlite |= {"applications_kin_new", "applications_kin", "applications_final"}
    sqlite |= {"objections_judge_new", "objections_judge", "objections_final"}
    sqlite |= {"batches_listed_new", "batches_listed", "batches_final"}
    postgres = {f"{table}_no_truncate" for table in kept}
    postgres |= {"posting_no_insert", "bal_no_insert", "bal_no_update", "applications_check"}
    postgres |= {"objections_check", "batches_check", "people_no_delete"}
    assert found == both | (sqlite if engine.dialect.name == "sqlite" else postgres)


def test_nothing_in_the_sqlite_schema_can_end_the_transaction_of_a_group(sqlite_empty: Path) -> None:
    """One deferred constraint, one ROLLBACK as a conflict action would take the work of others with it."""
    with sqlite3.connect(sqlite_empty) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    assert len(rows) > 40
    ends = re.compile(r"DEFERR|ON\s+CONFLICT\s+ROLLBACK|OR\s+ROLLBACK|RAISE\s*\(\s*ROLLBACK", re.IGNORECASE)
    assert [name for name, text in rows if ends.search(text)] == []


def test_nothing_in_the_postgres_schema_is_deferred(cluster: Cluster, postgres_empty: str) -> None:
    engine = sa.create_engine(cluster.create("deferred", postgres_empty))
    with engine.connect() as connection:
        query = "SELECT conname FROM pg_constraint WHERE condeferrable"
        assert connection.execute(sa.text(query)).all() == []
    engine.dispose()
    cluster.drop("deferred")


def test_upgrading_twice_changes_nothing(bare_url: str) -> None:
    assert schema.current(bare_url) == ""
    schema.upgrade(bare_url)
    before = _everything(bare_url)
    assert schema.current(bare_url) == schema.head()
    schema.upgrade(bare_url)
    assert _everything(bare_url) == before


def _everything(url: str) -> object:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            found: object = connection.execute(sa.text("SELECT * FROM sqlite_master")).all()
        else:
            found = connection.execute(sa.text("SELECT oid, relname FROM pg_class ORDER BY oid")).all()
    engine.dispose()
    return found


UPGRADE = """
import sys
from store import schema
print("ready", flush=True)
sys.stdin.readline()
schema.upgrade(sys.argv[1])
"""


def test_four_processes_upgrade_an_empty_database_at_once(bare_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, bare_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    told = []
    for process in processes:  # all have imported what they need
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        told.append(process.communicate(timeout=60)[1])
    assert ([process.returncode for process in processes], told) == ([0] * 4, [""] * 4)
    assert schema.current(bare_url) == schema.head()


def test_an_upgrade_that_fails_leaves_nothing_behind(bare_url: str) -> None:
    """A table in the way stands for a crash: the second try must find the database as it was."""
    engine = sa.create_engine(bare_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE xfer (in_the_way INTEGER)"))
    with pytest.raises(DBAPIError):
        schema.upgrade(bare_url)
    assert sa.inspect(engine).get_table_names() == ["xfer"]
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE xfer"))
    engine.dispose()
    schema.upgrade(bare_url)
    assert schema.current(bare_url) == schema.head()


def test_asking_for_the_revision_creates_no_file(tmp_path: Path) -> None:
    assert schema.current(f"sqlite:///{tmp_path / 'none.db'}") == ""
    assert list(tmp_path.iterdir()) == []


def test_case_numbers_start_at_1001_and_are_never_given_again(empty_url: str) -> None:
    """No function deletes a case; even one deleted by hand does not give its number to the next."""
    db = Database(empty_url)
    first = db.write(_open_case)
    second = db.write(_open_case)
    db.write(lambda tx: tx.execute(sa.text("DELETE FROM cases WHERE id = 1002")) and None)
    third = db.write(_open_case)
    with pytest.raises(ZeroDivisionError):
        db.write(lambda tx: _open_case(tx) // 0)
    fourth = db.write(_open_case)
    db.close()
    assert (first, second, third) == (FIRST_CASE, 1002, 1003)
    assert fourth in (1004, 1005)  # PostgreSQL leaves a gap where one was rolled back


def _open_case(tx: Tx) -> int:
    row = {"code": f"U{time.monotonic_ns()}", "name": "", "level": "county"}
    unit = tx.execute(sa.insert(units).returning(units.c.id), row).scalar_one()
    person = people.add(tx, now=1)
    values: dict[str, Any] = {"unit_id": unit, "reporter_id": person, "token": f"t{time.monotonic_ns()}"}
    values |= {"state": "opened", "category": "other", "score": 0.0, "words": [], "rules_revision": "1"}
    return cases.add(tx, text="井盖破了", channel="official", opened_at=1, due_at=2, **values)
