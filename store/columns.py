"""Many rows by column: what is the same in all of them is kept once, so that it is written and sent once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any


@dataclass(frozen=True, slots=True)
class Columns:
    """`size` rows: `shared` has the values that are the same in all, `own` what each row has of its own."""

    size: int
    shared: Mapping[str, Any]
    own: Mapping[str, Sequence[Any]]

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

    def rows(self, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Each row's values of these columns, which are its own."""
        columns = [self.own[name] for name in names]
        return zip(*columns, strict=True) if columns else repeat((), self.size)

    def column(self, name: str) -> Sequence[Any]:
        return self.own[name] if name in self.own else [self.shared[name]] * self.size
