"""A freeze of before appeals came in still holds after the upgrade, and may be appealed against."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from store import households, measures, schema
from store.db import Database
from store.measures import FREEZE, Measure
from tests.old_database import at_revision, old_database

NOW = 1_795_395_600


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of revision 0004 with one household whose points are frozen."""
    yield from old_database(request, tmp_path, "frozen", _fill)


def _fill(url: str) -> None:
    with at_revision(url, "0004") as connection:
        for statement in (
            f"INSERT INTO people (name, created_at) VALUES ('李秀英', {NOW}), ('徐慧敏', {NOW})",
            f"INSERT INTO households (code, opened_at) VALUES ('LI', {NOW})",
            f"INSERT INTO freezes (household_id, reason, by_id, at) VALUES (1, '查', 2, {NOW})",
        ):
            connection.execute(sa.text(statement))


def test_a_freeze_survives_and_its_judge_is_another(old_url: str) -> None:
    schema.upgrade(old_url)
    db = Database(old_url)
    frozen = Measure(FREEZE, 1, 1, "查", 2, NOW, 0, None, "", None, None, None, None)
    with db.read() as tx:
        assert (measures.open_freeze(tx, 1), households.get(tx, 1).is_unlisted) == (frozen, False)
    db.write(lambda tx: measures.appeal(tx, frozen, "冤枉", now=NOW + 1))
    with pytest.raises(DBAPIError):
        db.write(lambda tx: measures.decide(tx, frozen, by_id=2, is_upheld=True, now=NOW + 2))
    with pytest.raises(DBAPIError):
        db.write(lambda tx: tx.execute(sa.text("DELETE FROM freezes")))
    db.write(lambda tx: measures.decide(tx, frozen, by_id=1, is_upheld=False, now=NOW + 2))
    with db.read() as tx:
        assert households.is_frozen(tx, 1)
    db.close()
