"""Every guard of the schema is missed when it is gone: dropped in turn, some attempt gets through."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from store.db import Database
from tests import mutants
from tests.mutants import IMPLIED, NOTHING, Mutant
from tests.postgres import Cluster
from tests.test_ledger import open_books

# A few for each run of the suite; all of them in the long run.
HANDFUL = {"xfer_resolves", "bal_moves", "xfer_no_update", "acct_opens", "uq_freezes_open"}
HANDFUL_POSTGRES = {
    "ck_bal_floor",
    "uq_xfer_pending_id",
    "xfer_books",
    "posting_no_insert",
    "posting_no_truncate",
}


@pytest.fixture(scope="module")
def file(sqlite_empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("mutants") / "books.db"
    shutil.copy(sqlite_empty, copy)
    return copy


@pytest.fixture(scope="module")
def sqlite_ids(file: Path) -> dict[str, int]:
    return _open(f"sqlite:///{file}")


@pytest.fixture(scope="module")
def connection(cluster: Cluster, postgres_empty: str) -> Iterator[psycopg.Connection[Any]]:
    cluster.create("mutants", postgres_empty)
    with psycopg.connect(f"host=127.0.0.1 port={cluster.port} user=mashang dbname=mutants") as opened:
        yield opened
    cluster.drop("mutants")


@pytest.fixture(scope="module")
def postgres_ids(connection: psycopg.Connection[Any], cluster: Cluster) -> dict[str, int]:
    return _open(cluster.url("mutants"))


def _open(url: str) -> dict[str, int]:
    db = Database(url)
    ids = db.write(open_books).ids
    db.close()
    return ids


def _on_sqlite(file: Path, ids: dict[str, int], chosen: set[str]) -> list[str]:
    found = [each for each in mutants.of_sqlite(file) if not chosen or each.name in chosen]
    assert len(found) >= len(chosen)
    assert mutants.noticed_on_sqlite(file, Mutant("nothing", NOTHING), ids) == ""
    return [each.name for each in found if not mutants.noticed_on_sqlite(file, each, ids)]


def _on_postgres(connection: psycopg.Connection[Any], ids: dict[str, int], chosen: set[str]) -> list[str]:
    every: list[Mutant] = mutants.of_postgres(lambda query: connection.execute(query.encode()).fetchall())
    found = [each for each in every if not chosen or each.name in chosen]
    assert len(found) >= len(chosen)
    assert mutants.noticed_on_postgres(connection, Mutant("nothing", NOTHING), ids) == ""
    return [each.name for each in found if not mutants.noticed_on_postgres(connection, each, ids)]


def test_a_handful_of_guards_is_missed_on_sqlite(file: Path, sqlite_ids: dict[str, int]) -> None:
    assert _on_sqlite(file, sqlite_ids, HANDFUL) == []


def test_a_handful_of_guards_is_missed_on_postgresql(
    connection: psycopg.Connection[Any], postgres_ids: dict[str, int]
) -> None:
    assert _on_postgres(connection, postgres_ids, HANDFUL_POSTGRES) == []


@pytest.mark.long
def test_every_guard_is_missed_on_sqlite(file: Path, sqlite_ids: dict[str, int]) -> None:
    assert set(_on_sqlite(file, sqlite_ids, set())) == IMPLIED["sqlite"].keys()


@pytest.mark.long
def test_every_guard_is_missed_on_postgresql(
    connection: psycopg.Connection[Any], postgres_ids: dict[str, int]
) -> None:
    assert set(_on_postgres(connection, postgres_ids, set())) == IMPLIED["postgresql"].keys()
