"""A TOML rule file of the reading and its blocks: each reader checks what it hands out."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nlp.scan import fold

WEIGHT_MAX = 1_000
WORD_LENGTH_MAX = 32


class File:
    """A TOML file, its bytes, and how to name it in a complaint."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self.raw = path.read_bytes()
            self.content: dict[str, Any] = tomllib.loads(self.raw.decode())
        except OSError as error:
            raise ValueError(f"{self.name}: cannot be read: {error.strerror}") from error
        except ValueError as error:  # not UTF-8, not TOML
            raise ValueError(f"{self.name}: {error}") from error

    def block(self, where: str, content: Any, keys: set[str], needed: set[str]) -> "Block":
        return Block(f"{self.name}: {where}", content, keys, needed)

    def blocks(self, name: str, keys: set[str], needed: set[str]) -> "list[Block]":
        """The blocks [[name]] in the order of the file."""
        found = self.content.get(name, [])
        if not isinstance(found, list):
            raise ValueError(f"{self.name}: write [[{name}]], not [{name}]")
        label = "code" if "code" in keys else "call"
        blocks = []
        for number, content in enumerate(found, 1):
            named = f' "{content[label]}"' if isinstance(content, dict) and label in content else ""
            blocks.append(self.block(f"[[{name}]] {number}{named}", content, keys, needed))
        return blocks


class Block:
    """One block of a rule file; each reader checks what it hands out."""

    def __init__(self, where: str, content: Any, keys: set[str], needed: set[str]) -> None:
        self.where = where
        if not isinstance(content, dict):
            self.refuse("is not a block of keys")
        self.content: dict[str, Any] = content
        for key in content:
            if key not in keys:
                self.refuse(f'unknown key "{key}"')
        for key in sorted(needed):
            if key not in content:
                self.refuse(f'"{key}" is missing')

    def refuse(self, reason: str) -> None:
        raise ValueError(f"{self.where}: {reason}")

    def text(self, key: str, otherwise: str = "") -> str:
        value = self.content.get(key, otherwise)
        if not isinstance(value, str) or (key in self.content and not value.strip()):
            self.refuse(f'"{key}" must be a text and not empty')
        return str(value)

    def number(self, key: str, otherwise: int, low: int, high: int) -> int:
        value = self.content.get(key, otherwise)
        if type(value) is not int or not low <= value <= high:
            self.refuse(f'"{key}" must be a whole number from {low} to {high}')
        return int(value)

    def flag(self, key: str) -> bool:
        value = self.content.get(key, False)
        if type(value) is not bool:
            self.refuse(f'"{key}" must be true or false')
        return bool(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            self.refuse(f'"{key}" must be a list of texts, none of them empty')
        return tuple(value)

    def words(self, key: str) -> tuple[str, ...]:
        """The words of a list, in the case in which texts are scanned."""
        words = tuple(fold(word) for word in self.texts(key))
        for word in words:
            self.check_word(word)
        if len(set(words)) != len(words):
            self.refuse(f'"{key}" holds a word twice')
        return words

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Each [first, second], where either side may be several words parted by "|"."""
        pairs: list[tuple[str, str]] = []
        value = self.content.get(key, [])
        for pair in value if isinstance(value, list) else [value]:
            match pair:
                case [str(first), str(second)]:
                    sides = fold(first).split("|"), fold(second).split("|")
                    for word in [*sides[0], *sides[1]]:
                        self.check_word(word)
                    pairs += [(one, other) for one in sides[0] for other in sides[1]]
                case _:
                    self.refuse(f'"{key}" must be a list of pairs ["this|or this", "that|or that"]')
        return tuple(pairs)

    def together(
        self, key: str, named: Mapping[str, tuple[str, ...]]
    ) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """Each ["<人>", "掉|跌", "<水>"]: the parts, each a named list or words parted by "|"."""
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(way, list) and way for way in value):
            self.refuse(f'"{key}" must be a list of lists ["<a list>", "this|or this"]')
        return tuple(tuple(self._part(part, named) for part in way) for way in value)

    def _part(self, part: Any, named: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        if not isinstance(part, str):
            self.refuse(f"{part!r} must be a text")
        words: list[str] = []
        for word in fold(part).split("|"):
            if word.startswith("<") and word not in named:
                self.refuse(f'there is no list "{word}"')
            self.check_word(word)
            words += named.get(word, (word,))
        return tuple(dict.fromkeys(words))

    def weights(self, key: str) -> Mapping[str, int]:
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            self.refuse(f'"{key}" must be a table of word = weight')
        for word, weight in value.items():
            self.check_word(word)
            if type(weight) is not int or not 0 < abs(weight) <= WEIGHT_MAX:
                self.refuse(
                    f'the weight of "{word}" must be a whole number from 1 to {WEIGHT_MAX}, or below 0'
                )
        return MappingProxyType(value)

    def check_word(self, word: str) -> None:
        if not word or word != word.strip() or len(word) > WORD_LENGTH_MAX:
            self.refuse(f'"{word}" must have 1 to {WORD_LENGTH_MAX} characters and no space at its ends')
