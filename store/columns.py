"""Many rows by column: what is the same in all of them is kept once, so that it is written and sent once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any


@dataclass(frozen=True, slots=True)
class Columns:
    """`size` rows: `shared` has the values that are the same in all, `own` what each row has of its own."""

    size: int
    shared: Mapping[str, Any]
    own: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, rows: Sequence[object], names: Sequence[str]) -> "Columns":
        """These attributes of each row."""
        return cls(len(rows), {}, {}).plus({name: list(map(attrgetter(name), rows)) for name in names})

    def plus(self, columns: Mapping[str, Sequence[Any]]) -> "Columns":
        """With these columns too, one value a row."""
        same = {name for name, values in columns.items() if values.count(values[0]) == len(values)}
        shared = {name: columns[name][0] for name in same}
        own = {name: values for name, values in columns.items() if name not in same}
        return Columns(self.size, {**self.shared, **shared}, {**self.own, **own})

    def where(self, keep: Sequence[bool]) -> "Columns":
        """Only the rows that `keep` says."""
        if all(keep):
            return self
        own = {name: tuple(compress(values, keep)) for name, values in self.own.items()}
        return Columns(sum(keep), self.shared, own)

    def column(self, name: str) -> Sequence[Any]:
        return self.own[name] if name in self.own else [self.shared[name]] * self.size

    def rows(self, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Each row's values of these columns, in their order."""
        return zip(*map(self.column, names), strict=True)

    def written(self, names: Sequence[str]) -> Iterator[str]:
        """Each row as JSON with these names, in their order; what all rows share is written once."""
        own = [name for name in names if name in self.own]
        values = {
            name: "%s" if name in own else json_of(self.shared[name]).replace("%", "%%") for name in names
        }
        form = "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"
        rows: Iterable[tuple[Any, ...]] = zip(*(_written(self.own[name]) for name in own), strict=True)
        return map(form.__mod__, rows if own else repeat((), self.size))


def json_of(value: object) -> str:
    """A text, a whole number or None."""
    if value is None:
        return "null"
    return encode_basestring(value) if isinstance(value, str) else str(value)


def _written(values: Sequence[Any]) -> Sequence[Any]:
    kinds = set(map(type, values))
    if kinds == {int}:
        return values  # written as they are
    return list(map(encode_basestring if kinds == {str} else json_of, values))
