"""Bring a database to the newest schema, or say how far it is."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from store.sqlite import own_transactions

UPGRADE_LOCK = 0x6D617368616E67  # of pg_advisory_xact_lock; "mashang"
UPGRADE_WAIT_SECONDS = 60  # for another process that is upgrading the same SQLite file
_FOLDER = Path(__file__).with_name("migrations")


def upgrade(url: str) -> None:
    """Run every migration that is missing, all or none. Running it again, or twice at once, is the same."""
    is_sqlite = url.startswith("sqlite")
    engine = sa.create_engine(url, connect_args={"timeout": UPGRADE_WAIT_SECONDS} if is_sqlite else {})
    if is_sqlite:
        own_transactions(engine)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADE_LOCK)))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


@cache
def head() -> str:
    """The revision that this code expects."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(url: str) -> str:
    """The revision that the database has, "" for an empty one. Creates no SQLite file and changes none."""
    if url.startswith("sqlite"):
        path = sa.make_url(url).database
        if not (path and Path(path).exists()):
            return ""
        url = f"sqlite:///file:{path}?mode=ro&uri=true"
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
