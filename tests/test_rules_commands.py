"""A town learns a keyword file from its own past work orders, judges it and asks why a text was sorted so."""

import csv
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot import past_orders
from nlp.rules import load_categories
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


def test_a_workbook_of_another_taxonomy_teaches_too_even_a_label_that_stands_once(tmp_path: Path) -> None:
    rows = [
        (f"{place}{text}", label) for label, texts in MATTERS.items() for place in PLACES for text in texts
    ]
    book = Workbook()
    for row in [
        ("诉求", "三级类别"),
        *((text, f"城管/市容/{label}") for text, label in rows),
        ("开证明", "政务"),
    ]:
        book.active.append(row)
    book.save(tmp_path / "工单.xlsx")
    asked = ("--text", "诉求", "--label", "三级类别")
    learned = run("rules", "learn", "工单.xlsx", *asked, "--out", "rules.toml", cwd=tmp_path)
    assert (learned.status, learned.out.splitlines()[-1]) == (0, "规则写在 rules.toml"), learned.err
    assert list(load_categories(tmp_path / "rules.toml").by_code) == [
        *(f"城管/市容/{label}" for label in sorted(MATTERS)),
        "政务",
    ]
    judged = run("rules", "eval", "工单.xlsx", *asked, "--rules", "rules.toml", cwd=tmp_path)
    assert (judged.status, "macro-F1 " in judged.out) == (0, True), judged.err


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("路灯坏了,灯\n路灯不亮,灯\n", "至少要有两个不同的类别"),
        ("路灯坏了,1\n路灯不亮,2\n井盖丢了,3\n", "平均一个类别不到两条文本，类别那一列选对了吗？"),
        ("路灯,灯\n井盖,盖\n污水,灯\n工资,盖\n", "没有一个词出现在足够多的文本里，文本太少了"),
    ],
)
def test_a_table_that_teaches_nothing_is_refused_with_the_reason(
    tmp_path: Path, rows: str, complaint: str
) -> None:
    (tmp_path / "few.csv").write_text(f"title,label\n{rows}", encoding="utf-8")
    refused = run("rules", "learn", "few.csv", "--text", "title", "--out", "rules.toml", cwd=tmp_path)
    assert (refused.status, refused.err.splitlines()[-1]) == (2, f"学不了：{complaint}")
    assert not (tmp_path / "rules.toml").exists()


def test_only_line_ends_end_a_row(tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_bytes("title,label\r\n路灯\u2028坏了,灯\r\n井盖\v丢了,盖\r\n".encode())
    names, lines = past_orders.rows(file)
    assert (names, [tuple(line.values()) for line in lines]) == (
        ["title", "label"],
        [("路灯\u2028坏了", "灯"), ("井盖\v丢了", "盖")],
    )


def test_the_default_rules_show_the_words_that_decided(tmp_path: Path) -> None:
    asked = run("rules", "try", "路灯不亮", cwd=tmp_path)
    assert asked.out == "【路灯不亮】\nfacility，36 分\n路灯不亮：facility +18\n"


def test_a_category_of_several_levels_is_told_level_by_level(tmp_path: Path) -> None:
    rules = tmp_path / "deep.toml"
    rules.write_text(
        """levels = ["一级", "二级", "三级"]
        [[category]]
        code = "城乡建设/市政/路灯"
        keywords = { "路灯" = 5 }
        """,
        encoding="utf-8",
    )
    asked = run("rules", "try", "路灯不亮", "--rules", str(rules), cwd=tmp_path)
    assert asked.out.splitlines()[1:3] == [
        "城乡建设/市政/路灯，5 分",
        "一级 城乡建设，二级 市政，三级 路灯",
    ], asked.err


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
    assert (tried.status, "紧急，请拨打 119" in tried.out, "火（烧起来）：+" in tried.out) == (
        0,
        True,
        True,
    )
