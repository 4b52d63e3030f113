"""Vendored front-end files are exactly what was reviewed, named by version, with their licences."""

import hashlib
import re
from pathlib import Path

from bot.pages import assets

ROOT = Path(__file__).parents[1]
VENDOR = assets.FOLDER / "vendor"


def listed() -> dict[str, str]:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def test_every_vendored_file_has_the_hash_that_was_written_down() -> None:
    files = [file for file in VENDOR.iterdir() if file.name != "SHA256SUMS"]
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == listed()


def test_every_vendored_file_bears_its_version_and_comes_with_a_licence() -> None:
    packages = set()
    for name in listed():
        match = re.match(r"[a-z0-9-]+?-\d+\.\d+\.\d+(?=\.)", name)
        assert match is not None, f"{name} bears no version"
        packages.add(match[0])
    assert {f"{package}.LICENSE.txt" for package in packages} <= set(listed())


def test_the_script_that_refreshes_them_names_the_same_versions() -> None:
    script = (ROOT / "deploy" / "vendor.sh").read_text()
    pinned = {
        f"{name.lower()}-{version}" for name, version in re.findall(r"^([A-Z]+)=([\d.]+)$", script, re.M)
    }
    assert pinned == {re.split(r"(?<=\d)\.(?=[a-zA-Z])", name)[0] for name in listed()}


def test_pages_name_only_static_files_that_are_there() -> None:
    templates = "".join(file.read_text() for file in (ROOT / "bot" / "templates").rglob("*.html"))
    names = set(re.findall(r"asset\('([^']+)'\)", templates))
    for sheet in assets.FOLDER.glob("*.css"):
        names |= set(re.findall(r"url\(([\w./-]+)\)", sheet.read_text()))
    assert len(names) >= 5
    assert [name for name in sorted(names) if not (assets.FOLDER / name).is_file()] == []
