"""Statements that never change: compiled once by SQLAlchemy, then run on the driver itself.

SQLAlchemy's own way through a statement costs some 40 µs each time, SQLite's a tenth of that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]
Row = tuple[Any, ...]
Convert = Callable[[Any], Any]
Converts = tuple[tuple[int, Convert], ...]


class Rows(list[Row]):
    """What a prepared statement returned, all of it; asked as SQLAlchemy's own result is asked."""

    __slots__ = ("rowcount",)

    def __init__(self, rows: Iterable[Row], rowcount: int) -> None:
        super().__init__(rows)
        self.rowcount = rowcount

    def first(self) -> Row | None:
        return self[0] if self else None

    def all(self) -> list[Row]:
        return self

    def scalar(self) -> Any:
        return self[0][0] if self else None

    def scalar_one(self) -> Any:
        ((value,),) = self
        return value

    def scalars(self) -> list[Any]:
        return [row[0] for row in self]


class Prepared:
    """A statement of the module, its values given by name; its SQL is the same each time it runs.

    An insert without values takes its columns from the names of the parameters.
    """

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def run(self, driver: Any, dialect: sa.Dialect, parameters: Values | Sequence[Values]) -> Rows:
        """Run it on the driver's connection; several sets of values at once return no rows.

        Raises DBAPIError and its kinds, as SQLAlchemy does; their text holds no values.
        """
        # A dict is seen at once, any other Mapping is not.
        first = parameters if isinstance(parameters, (dict, Mapping)) else parameters[0]
        form = self._forms.get((dialect.name, *first)) or self._prepare(dialect, first)
        try:
            if not isinstance(parameters, (dict, Mapping)):
                cursor = driver.cursor()
                cursor.executemany(form.sql, [form.values(each) for each in parameters])
                return Rows((), cursor.rowcount)
            cursor = driver.execute(form.sql, form.values(parameters))
            return Rows(form.rows(cursor, dialect), cursor.rowcount)
        except dialect.loaded_dbapi.Error as error:
            raise without_values(form.sql, error, dialect) from error

    def _prepare(self, dialect: sa.Dialect, names: Iterable[str]) -> "_Form":
        form = self._forms[(dialect.name, *names)] = _Form.of(self._statement, dialect, names)
        return form


def without_values(sql: str, error: Any, dialect: sa.Dialect) -> DBAPIError:
    # PostgreSQL's DETAIL shows the row that was refused, with names and telephone numbers.
    if primary := getattr(getattr(error, "diag", None), "message_primary", None):
        error.args = (primary,)
    kind = dialect.loaded_dbapi.Error
    shown = DBAPIError.instance(sql, None, error, kind, hide_parameters=True, dialect=dialect)
    assert isinstance(shown, DBAPIError)
    return shown


@dataclass(slots=True)
class _Form:
    """The statement in the words of one dialect."""

    sql: str
    names: tuple[str, ...] | None  # of the SQL's places for values; None where they go by position
    keys: tuple[str, ...]  # the parameter that goes to each place
    constants: Values  # what the statement itself sets
    inward: Converts  # by place, what makes its value one for the driver
    columns: list[sa.types.TypeEngine[Any]]
    outward: Converts | None = None  # by column; known once the driver has described a result

    @classmethod
    def of(cls, statement: Any, dialect: sa.Dialect, parameters: Iterable[str]) -> "_Form":
        compiled = statement.compile(dialect=dialect, column_keys=list(parameters) or None)
        if compiled.post_compile_params:
            raise ValueError("the SQL of this statement depends on its values")
        names = tuple(compiled.positiontup if compiled.positional else compiled.binds)
        binds = [compiled.binds[name] for name in names]
        return cls(
            sql=str(compiled),
            names=None if compiled.positional else names,
            keys=tuple(bind.key for bind in binds),
            constants={bind.key: bind.effective_value for bind in binds if not bind.required},
            inward=_needed(bind.type.dialect_impl(dialect).bind_processor(dialect) for bind in binds),
            columns=[column.type.dialect_impl(dialect) for column in statement.exported_columns],
        )

    def values(self, given: Values) -> Any:
        known = {**self.constants, **given} if self.constants else given
        values = [known[key] for key in self.keys]
        for place, convert in self.inward:
            values[place] = convert(values[place])
        return values if self.names is None else dict(zip(self.names, values, strict=True))

    def rows(self, cursor: Any, dialect: sa.Dialect) -> list[Row]:
        if not self.columns:
            return []
        if self.outward is None:
            described = zip(self.columns, cursor.description, strict=True)
            self.outward = _needed(column.result_processor(dialect, seen[1]) for column, seen in described)
        raw: list[Row] = cursor.fetchall()
        return [self._converted(row) for row in raw] if self.outward else raw

    def _converted(self, row: Row) -> Row:
        values = list(row)
        for column, convert in self.outward or ():
            values[column] = convert(values[column])
        return tuple(values)


def _needed(converts: Iterable[Convert | None]) -> Converts:
    return tuple((place, convert) for place, convert in enumerate(converts) if convert is not None)
