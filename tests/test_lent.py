"""A lent PostgreSQL database comes back as it was, or not at all."""

import pytest

from store import people
from store.db import Database
from tests.postgres import Cluster


def meet_somebody(url: str) -> int:
    """Write a row; its number."""
    db = Database(url)
    try:
        return db.write(lambda tx: people.add(tx, now=1))
    finally:
        db.close()


def test_what_was_written_is_gone_and_numbers_begin_again(cluster: Cluster, postgres_empty: str) -> None:
    with cluster.lent(postgres_empty) as first:
        number = meet_somebody(first)
    with cluster.lent(postgres_empty) as again:
        assert again == first
        assert cluster.run("SELECT count(*) FROM people", name_of(again)) == [(0,)]
        assert meet_somebody(again) == number


def test_it_comes_back_from_a_test_that_failed_too(cluster: Cluster, postgres_empty: str) -> None:
    with pytest.raises(AssertionError), cluster.lent(postgres_empty) as first:
        meet_somebody(first)
        raise AssertionError
    with cluster.lent(postgres_empty) as again:
        assert again == first
        assert cluster.run("SELECT count(*) FROM people", name_of(again)) == [(0,)]


def test_one_whose_tables_were_changed_is_thrown_away(cluster: Cluster, postgres_empty: str) -> None:
    with cluster.lent(postgres_empty) as first:
        cluster.run("CREATE TABLE of_a_test (id bigint)", name_of(first))
    exists = f"SELECT count(*) FROM pg_database WHERE datname = '{name_of(first)}'"
    assert cluster.run(exists) == [(0,)]
    with cluster.lent(postgres_empty) as another:
        assert another != first


def name_of(url: str) -> str:
    return url.rpartition("/")[2]
