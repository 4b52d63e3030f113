"""A town learns a keyword file from its own past work orders, judges it and asks why a text was sorted so."""

import csv
import json
from pathlib import Path

import pytest

from tests.commands import run

ROOT = Path(__file__).parent.parent
MATTERS = {
    "路灯": ["路灯不亮了", "路灯坏了没人修", "门口路灯一直闪", "整条街的路灯都灭了", "路灯杆歪了"],
    "噪声": ["半夜施工噪音大", "广场舞声音太吵", "楼下唱歌吵得睡不着", "工地夜里打桩很吵", "音响噪音扰民"],
    "垃圾": ["垃圾没人清运", "垃圾桶满了发臭", "楼道里堆满垃圾", "河边有人倒垃圾", "垃圾站味道太大"],
}
PLACES = ["东街", "西巷", "南路", "北村"]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Sixty past work orders of three labels."""
    file = tmp_path / "history.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["title", "detail", "label"])
        for label, texts in MATTERS.items():
            for place in PLACES:
                for text in texts:
                    writer.writerow([f"{place}{text}", f"我住在{place}，{text}，请尽快处理。", label])
    return file


def test_learned_rules_sort_the_past_and_explain_themselves(history: Path, tmp_path: Path) -> None:
    rules = tmp_path / "learned.toml"
    learned = run("rules", "learn", str(history), "--out", str(rules), "--max-words", "60", cwd=tmp_path)
    assert (learned.status, learned.out.splitlines()[-1]) == (0, f"规则写在 {rules}"), learned.err
    judged = run("rules", "eval", str(history), "--rules", str(rules), cwd=tmp_path)
    assert judged.out.splitlines()[-1].startswith("macro-F1 1.0000，正确率 1.0000"), judged.out
    asked = run("rules", "try", "南路的路灯不亮", "--rules", str(rules), cwd=tmp_path)
    assert asked.out.splitlines()[1].startswith("路灯，") or asked.out.splitlines()[1].startswith("路灯（")
    assert "【" in asked.out.splitlines()[0]
    counted = json.loads(run("rules", "stats", str(rules), "--json", cwd=tmp_path).out)
    assert (counted["whole_numbers"], counted["words"] <= 60) == (True, True)


def test_the_default_rules_show_the_words_that_decided(tmp_path: Path) -> None:
    asked = run("rules", "try", "路灯不亮", cwd=tmp_path)
    assert asked.out == "【路灯不亮】\nfacility，36 分\n路灯不亮：facility +18\n"


def test_two_files_are_compared_text_by_text(history: Path, tmp_path: Path) -> None:
    default = ROOT / "rules" / "categories.toml"
    same = run("rules", "diff", str(default), str(default), str(history), cwd=tmp_path)
    assert same.out == "共 0 条不同\n"


def test_a_column_that_is_not_there_is_named(history: Path, tmp_path: Path) -> None:
    refused = run("rules", "eval", str(history), "--text", "正文", cwd=tmp_path)
    assert refused.status == 2
    assert refused.err == "history.csv 没有 正文 这一列，有：title、detail、label\n"


def test_an_emergency_is_tried_with_the_words_that_raise_it(tmp_path: Path) -> None:
    tried = run("rules", "try", "后山烧起来了，快来人救火", cwd=tmp_path)
    assert (tried.status, "紧急，请拨打 119" in tried.out, "火（烧起来）：+20" in tried.out) == (
        0,
        True,
        True,
    )
