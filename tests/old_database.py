"""A database of an earlier revision, filled by a test, to see what the migrations make of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import store.migrations
from store.sqlite import own_transactions
from tests.postgres import Cluster


def old_database(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, fill: Callable[[str], None]
) -> Iterator[str]:
    """The URL of a filled database, of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
        fill(url)
        yield url
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.create(name)
    fill(url)
    yield url
    cluster.drop(name)


@contextmanager
def at_revision(url: str, revision: str) -> Iterator[sa.Connection]:
    """A transaction on a database that was empty and is of `revision` now."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        own_transactions(engine)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(store.migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection
    engine.dispose()
