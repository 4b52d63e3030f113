"""A transaction as a work sees it: execute statements, try something, do something after the commit."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, overload

import sqlalchemy as sa

from store.prepared import Prepared, Rows, without_values

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
log = logging.getLogger("mashang.db")


class Conflict(Exception):
    """Somebody else changed the row first: show it again and let the person decide."""


class Retry(Exception):
    """Two transactions met at a row that neither saw; run the work once more."""


class LostTransaction(Exception):
    """SQLite rolled the whole transaction back by itself (disk full, I/O error)."""


class Tx:
    """What a work may do: execute statements, and try something behind a savepoint."""

    __slots__ = ("_after", "_connection", "_driver", "_is_sqlite")

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._driver: Any = connection.connection.driver_connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._after: list[Callable[[], None]] = []

    @property
    def dialect(self) -> str:
        return self._connection.dialect.name

    @overload
    def execute(self, statement: Prepared, parameters: Parameters | None = None) -> Rows: ...
    @overload
    def execute(
        self, statement: sa.Executable, parameters: Parameters | None = None
    ) -> sa.CursorResult[*tuple[Any, ...]]: ...
    def execute(self, statement: Prepared | sa.Executable, parameters: Parameters | None = None) -> Any:
        if not isinstance(statement, Prepared):
            return self._connection.execute(statement, parameters)
        self._stay_inside()
        return statement.run(self._driver, self._connection.dialect, parameters or {})

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Append rows by PostgreSQL's COPY, which is its alone. Raises as `execute` does."""
        sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        dialect = self._connection.dialect
        try:
            with self._driver.cursor() as cursor, cursor.copy(sql) as sent:
                for row in rows:
                    sent.write_row(row)
        except dialect.loaded_dbapi.Error as error:
            raise without_values(sql, error, dialect) from error

    def _stay_inside(self) -> None:
        # After a full disk SQLite may have rolled back: what followed would be committed on its own.
        if self._is_sqlite and not self._driver.in_transaction:
            raise LostTransaction

    @contextmanager
    def savepoint(self, name: str = "attempt") -> Iterator[None]:
        """Undo what the block did, and only that, when it raises."""
        run, so_far = self._driver.execute, len(self._after)
        run(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            del self._after[so_far:]
            self._stay_inside()
            run(f"ROLLBACK TO SAVEPOINT {name}")
            run(f"RELEASE SAVEPOINT {name}")
            raise
        self._stay_inside()
        run(f"RELEASE SAVEPOINT {name}")

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do this, which must be quick, once what was written is durable and before the caller hears of it.

        Never where it was undone, nor twice where the work ran twice.
        """
        self._after.append(act)

    def committed(self) -> None:
        """Do what waits for the commit; only for whoever has just made it."""
        for act in self._after:
            try:
                act()
            except Exception:
                log.exception("a commit is not known everywhere")


def change_one(tx: Tx, statement: sa.Executable, parameters: Parameters | None = None) -> None:
    """Run an update whose WHERE names what the caller saw; raise Conflict unless it hit exactly one row."""
    if tx.execute(statement, parameters).rowcount != 1:
        raise Conflict
