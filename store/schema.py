"""Bring a database to the newest schema, or say how far it is."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

_FOLDER = Path(__file__).with_name("migrations")


def upgrade(url: str) -> None:
    """Run every migration that is missing. Running it again changes nothing."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def head() -> str:
    """The revision that this code expects."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(url: str) -> str:
    """The revision that the database has, "" for an empty one. Creates no SQLite file."""
    path = sa.make_url(url).database
    if url.startswith("sqlite") and not (path and Path(path).exists()):
        return ""
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
