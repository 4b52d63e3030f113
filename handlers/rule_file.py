"""Read a TOML rule file block by block into frozen dataclasses, and name what is wrong where it stands."""

import tomllib
from collections.abc import Collection
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def content(file: Path, keys: Collection[str]) -> dict[str, Any]:
    """The file's blocks by key. Raises ValueError where it cannot be read or has other keys."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file.name}：{error}") from None
    if unknown := set(found) - set(keys):
        raise ValueError(f"{file.name}：不认识的块 {'、'.join(sorted(unknown))}")
    return found


def blocks(file: Path, found: dict[str, Any], key: str, kind: type[T]) -> list[tuple[str, T]]:
    """(where it stands, the rule) of every block [[key]], in the order of the file."""
    listed = []
    for number, block in enumerate(found.get(key, []), 1):
        named = block.get("name") or block.get("group") or "未命名"
        place = f"{file.name} 第 {number} 块（{named}）"
        listed.append((place, build(place, kind, block)))
    return listed


def build(place: str, kind: type[T], block: dict[str, Any]) -> T:
    """One block as a dataclass `kind`, whose fields say which keys there are, their types, which must be."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(block) - set(known))
    check(place, not unknown, f"不认识的项 {'、'.join(unknown)}")
    for name, value in block.items():
        check(place, type(value) is known[name].type, f"{name} 的值不对")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in block]
    check(place, not missing, f"缺少 {'、'.join(missing)}")
    return kind(**block)


def check(place: str, is_right: bool, reason: str) -> None:
    if not is_right:
        raise ValueError(f"{place}：{reason}")
