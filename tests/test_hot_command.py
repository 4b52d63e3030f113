"""`mashang hot` as an operator meets it: a table or the county's own cases, a text table or JSON lines."""

import csv
import gc
import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.collector import kept_away
from tests.commands import run
from tests.test_hot_told import DIFFERENT, PLANT

HEADER = ["id", "user", "title", "time", "detail", "up"]
ROWS = [
    [
        "7",
        "a",
        "云栖新城旁边的搅拌站太吵",
        "2026-11-01 08:00:00",
        "搅拌站机器声从晚上响到凌晨。电话13812345678",
        "3",
    ],
    ["8", "b", "投诉云栖新城搅拌站噪音", "2026/11/3 9:30", "云栖新城的老人被搅拌站吵得睡不着。", "0"],
    ["9", "c", "云栖新城搅拌站13812345678灰尘大", "2026/11/5", "搅拌站的粉尘飘进云栖新城家里。", ""],
    ["10", "d", "金桂园电梯停运", "2026/11/5", "请来修电梯。", "1762"],
]
ISSUE = {
    "rank": 1,
    "title": "云栖新城旁边的搅拌站太吵",
    "place": "云栖新城",
    "category": "noise",
    "people": 3,
    "reports": 3,
    "likes": 3,
    "from": "2026-11-01 08:00:00",
    "to": "2026-11-05 00:00:00",
    "ids": ["7", "8", "9"],
}


def table(file: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    with file.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(rows)
    return file


def sheet(file: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file


def found(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_table_becomes_one_line_of_json_an_issue_and_only_the_bar_is_on_stderr(tmp_path: Path) -> None:
    file = table(tmp_path / "messages.csv", [HEADER, *ROWS])
    done = run("hot", str(file), "--format", "jsonl", cwd=tmp_path)
    assert (done.status, found(done.out)) == (0, [ISSUE])
    assert "找热点" in done.err
    shown = run("hot", str(file), cwd=tmp_path)
    assert [word in shown.out for word in ("热点问题 1 个", "云栖新城旁边的搅拌站太吵", "噪声扰民")] == [
        True
    ] * 3
    until = run("hot", str(file), "--until", "2026-11-04", cwd=tmp_path)
    assert (until.status, until.out) == (0, "没有多人反映的同一件事。\n")
    since = run(
        "hot", str(file), "--since", "2026-11-01", "--until", "2026-11-05", "--format", "jsonl", cwd=tmp_path
    )
    assert found(since.out) == [ISSUE]  # the last day belongs to it


def test_chinese_column_names_gbk_and_excel_are_read_too(tmp_path: Path) -> None:
    chinese = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "点赞数"]
    gbk = table(tmp_path / "留言.csv", [chinese, *ROWS], "gb18030")
    assert found(run("hot", str(gbk), "--format", "jsonl", cwd=tmp_path).out) == [ISSUE]
    first = [7.0, "a", *ROWS[0][2:3], datetime(2026, 11, 1, 8), *ROWS[0][4:5], 3]
    excel = sheet(tmp_path / "留言.xlsx", [chinese, first, *ROWS[1:]])
    assert found(run("hot", str(excel), "--format", "jsonl", cwd=tmp_path).out) == [ISSUE]


def test_rows_that_cannot_be_read_and_a_table_without_users_are_said(tmp_path: Path) -> None:
    rows = [[row[0], *row[2:5]] for row in ROWS]
    file = table(tmp_path / "m.csv", [["id", "title", "time", "detail"], *rows, ["11", "x", "昨天", "y"], []])
    done = run("hot", str(file), "--format", "jsonl", cwd=tmp_path)
    assert (done.status, [issue["people"] for issue in found(done.out)]) == (0, [3])
    assert done.err.splitlines()[:2] == [
        "提醒：m.csv 没有 user 这一列，每一行都当作不同的人",
        "提醒：1 行的时间读不懂，没有算（第 6 行）",
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "给一个文件，或者用 --since 2026-11-01 看这天以来本县的事件"),
        (["none.csv"], "读不了 none.csv：No such file or directory"),
        (["no-time.csv"], "no-time.csv 没有 time 这一列，有：id、title"),
        (["no-text.csv"], "no-text.csv 没有 title 或 detail 这一列，有：id、time"),
        (["bad-time.csv"], "bad-time.csv 没有一行的时间读得懂，请写成 2026-11-01 09:30"),
        (["bad.xlsx"], "bad.xlsx 不是 Excel 的 .xlsx 文件"),
        (["good.csv", "--format", "xml"], "没有 xml 这种格式，可用：text、jsonl"),
        (["good.csv", "--since", "上周"], "读不懂日期 上周，请写成 2026-11-01"),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "--since 2026-11-02 比 --until 2026-11-01 晚"),
    ],
)
def test_what_cannot_be_done_ends_with_one_clear_line_and_status_2(
    tmp_path: Path, words: list[str], reason: str
) -> None:
    table(tmp_path / "good.csv", [HEADER, *ROWS])
    table(tmp_path / "no-time.csv", [["id", "title"], ["1", "x"]])
    table(tmp_path / "no-text.csv", [["id", "time"], ["1", "2026-11-01"]])
    table(tmp_path / "bad-time.csv", [HEADER, ["1", "a", "x", "昨天", "y", "0"]])
    (tmp_path / "bad.xlsx").write_text("no workbook", encoding="utf-8")
    done = run("hot", *words, cwd=tmp_path)
    lines = [line for line in done.err.splitlines() if not line.startswith("提醒：")]
    assert (done.status, done.out, lines[-1]) == (2, "", reason)


def test_the_countys_own_cases_of_a_period_are_read_while_nothing_is_changed(
    sqlite_county: Path, tmp_path: Path
) -> None:
    from bot.house import House
    from bot.settings import Settings
    from tests.conftest import ROOT
    from tests.town import NOW, Town

    file = Path(shutil.copy(sqlite_county, tmp_path / "mashang.db"))
    settings = Settings(_env_file=None, database_url=f"sqlite:///{file}", rules_dir=ROOT / "rules")
    house = House(settings, clock=lambda: NOW)
    house.open()
    town = Town(house, [NOW])
    for number, text in enumerate(PLANT + DIFFERENT):
        town.say(f"o-{number}", text)
    house.close()
    before = file.read_bytes()
    day = ("--since", "2026-11-23", "--until", "2026-11-23", "--format", "jsonl")
    done = run("hot", *day, cwd=tmp_path)
    assert (done.status, [(issue["people"], issue["ids"]) for issue in found(done.out)]) == (
        0,
        [(3, ["1001", "1002", "1003"])],
    ), done.err
    assert "138****5678" in found(done.out)[0]["title"]
    assert (
        run("hot", "--since", "2026-11-24", "--until", "2026-11-24", cwd=tmp_path).out
        == "没有多人反映的同一件事。\n"
    )
    assert file.read_bytes() == before


def test_the_collector_is_away_for_the_work_and_back_after_it() -> None:
    with pytest.raises(ValueError), kept_away():
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()
