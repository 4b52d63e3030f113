"""`make demo` ends well with the town's rules, and with a failure as soon as one rule is broken."""

import shutil
from pathlib import Path

from tests.processes import ROOT, mashang


def demo(rules: Path, folder: Path) -> tuple[int, str]:
    """How it ended, and what it told."""
    process = mashang("demo", "--rules", str(rules), cwd=ROOT, env={}, err=folder / "log")
    told = process.stdout.read()
    return process.wait(), told + (folder / "log").read_text(encoding="utf-8")


def test_the_story_ends_well(tmp_path: Path) -> None:
    status, told = demo(ROOT / "rules", tmp_path)
    assert status == 0, told
    assert "全部符合" in told.splitlines()[-1]


def test_one_broken_rule_and_the_story_fails(tmp_path: Path) -> None:
    """A true report that earns 9 points instead of 10 buys no rice."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    points = rules / "points.toml"
    points.write_text(
        points.read_text(encoding="utf-8").replace("points = 10", "points = 9"), encoding="utf-8"
    )
    status, told = demo(rules, tmp_path)
    assert status == 1, told
    assert "回答应为：您现有 10 分。" in told
