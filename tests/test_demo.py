"""`make demo` ends well with the town's rules, and with a failure as soon as one rule is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def demo(rules: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", "demo", "--rules", str(rules)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_story_ends_well() -> None:
    told = demo(ROOT / "rules")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "全部符合" in told.stdout.splitlines()[-1]


def test_one_broken_rule_and_the_story_fails(tmp_path: Path) -> None:
    """A true report that earns 9 points instead of 10 buys no rice."""
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    points = rules / "points.toml"
    points.write_text(
        points.read_text(encoding="utf-8").replace("points = 10", "points = 9"), encoding="utf-8"
    )
    told = demo(rules)
    assert told.returncode == 1, told.stdout + told.stderr
    assert "回答应为：您现有 10 分。" in told.stdout
