"""The rules of the house that a machine can see."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from bot.__main__ import app

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
PACKAGES = ("bot", "handlers", "nlp", "store")


def files(*suffixes: str) -> list[Path]:
    """Every file that git knows or would add, so that no build folder is searched."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [
        path for path in paths if path.suffix in suffixes and path.is_file() and "vendor" not in path.parts
    ]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_only_the_database_begins_and_ends_transactions() -> None:
    ends = {"commit", "rollback"}
    found = {
        name_of(path)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ends
    }
    assert found <= {"store/sqlite.py"}


def test_every_python_file_opens_with_what_it_is_for() -> None:
    silent = [name_of(path) for path in files(".py") if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert silent == []


def test_no_page_fetches_anything_from_a_third_party() -> None:
    address = re.compile(r"""(?:src|href|action|url\(|import|fetch\()\s*[=(]?\s*["']?\s*(?:https?:)?//""")
    shown = [
        path
        for path in files(".html", ".css", ".js", ".svg")
        if name_of(path).startswith(("bot/templates/", "bot/static/", "bot/sandbox/page/"))
    ]
    assert len(shown) > 10
    assert [name_of(path) for path in shown if address.search(path.read_text(encoding="utf-8"))] == []


def test_no_file_names_a_person_s_machine_or_a_leftover_task() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX)\b|/home/\w+/|/Users/\w+/")
    texts = files(".py", ".toml", ".md", ".js", ".html", ".css", ".yml", ".sh")
    found = [name_of(path) for path in texts if marks.search(path.read_text(encoding="utf-8"))]
    assert [name for name in found if name != "tests/test_house_rules.py"] == []


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_the_readme_exists(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    known = set(_commands())
    named = {
        match[1].strip()
        for match in re.finditer(r"(?:(?<![\w/.-])|\.venv/bin/)mashang ((?:[a-z][a-z-]*)(?: [a-z]+)?)", text)
    }
    assert {words for words in named if not {words, words.split()[0]} & known} == set()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"\bmake ([a-z-]+)", _code(text))) <= targets
    assert {"run", "test"} <= set(re.findall(r"\bmake ([a-z-]+)", _code(text)))


@pytest.mark.parametrize("readme", READMES)
def test_every_file_and_picture_that_the_readme_points_at_is_there(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text) + re.findall(
        r'(?:src|href)="(?!https?://|#)([^"]+)"', text
    )
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_that_the_readme_names_exists(readme: str) -> None:
    example = set(re.findall(r"^(MASHANG_\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M))
    switches = {"MASHANG_REQUIRE_BROWSER", "MASHANG_REQUIRE_POSTGRES", "MASHANG_REQUIRE_NODE"}
    named = set(re.findall(r"\bMASHANG_[A-Z_]+[A-Z]\b", (ROOT / readme).read_text(encoding="utf-8")))
    assert named - example - switches == set()


def test_every_target_of_the_makefile_says_what_it_is_for() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.M)
    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*##", makefile, re.M))
    assert set(phony[1].split()) - explained <= {"format"}


def _code(text: str) -> str:
    """What stands in code: between backticks."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.S))


def _commands() -> Iterator[str]:
    """Every command of the command line: serve, import-registry, inbox retry …"""
    group = typer.main.get_group(app)
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        yield from [f"{name} {sub}" for sub in below] if below else [name]
