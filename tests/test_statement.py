"""对账单: each month of a household closes with what the next one opens with; any past day can be asked."""

import csv
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from bot import statement_sheet
from handlers import statement
from store import households, people, statements
from store.statements import Statement
from store.tables import statements as table
from tests.commands import run
from tests.test_discipline import books_are_right
from tests.test_expiry import go_to
from tests.test_family import invite
from tests.test_redeem import earn
from tests.town import Town, openid


def home_of(town: Town, who: str) -> int:
    with town.db.read() as tx:
        known = people.by_account(tx, "official", openid(who))
        found = households.of(tx, known[1].id) if known else None
    assert found is not None
    return found


def close_months(town: Town) -> int:
    """Let the month-end job run until it has nothing left to do; the rows there are then."""
    before = -1
    with town.db.read() as tx:
        rows = tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    while rows != before:
        before = rows
        for _ in range(2):
            town.later(600)
            assert "statement.month_end" in town.run_jobs()
        with town.db.read() as tx:
            rows = tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    return int(rows)


def test_three_months_of_a_household(town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(statement, "SLICE", 2)
    earn(town, "李秀英", 3)
    earn(town, "王小满", 1)
    code = town.say("李秀英", "兑换 肥皂").split("取货码：")[1][:6]
    assert town.say("李秀英", "账单").splitlines() == [
        "2026年11月对账单（本月未结，截至现在）",
        "期初 0 分",
        "得 30 分，用 10 分",
        "11月23日 09:00 +10 分 上报属实（事件 1001）",
        "11月23日 09:00 +10 分 上报属实（事件 1002）",
        "11月23日 09:00 +10 分 上报属实（事件 1003）",
        "11月23日 09:00 -10 分 兑换肥皂",
        "期末 20 分",
    ]
    go_to(town, "2026-12-01", hour=2)
    town.say("李秀英", f"取消兑换 {code}")
    town.say("徐慧敏", "扣分 李秀英 5 乱倒垃圾")
    assert close_months(town) == 0  # too early: what began yesterday may still be on its way
    go_to(town, "2026-12-01", hour=3)
    made = close_months(town)
    li, wang = home_of(town, "李秀英"), home_of(town, "王小满")
    with town.db.read() as tx:
        first = statements.of(tx, li, "2026-11")
        assert first == Statement(li, "2026-11", first.cut if first else 0, 0, 30, 10, 0, 0, 20)
        count = tx.execute(sa.text("SELECT COUNT(*) FROM households")).scalar_one()
    assert made == count >= 2
    assert town.say("李秀英", "对账单").splitlines()[:3] == [
        "2026年11月对账单",
        "期初 0 分",
        "得 30 分，用 10 分",
    ]
    assert town.say("李秀英", "对账单 12月").splitlines() == [
        "2026年12月对账单（本月未结，截至现在）",
        "期初 20 分",
        "得 0 分，用 -10 分，其他 -5 分",
        "12月1日 02:15 +10 分 退回",
        "12月1日 02:15 -5 分 扣分：乱倒垃圾",
        "期末 25 分",
    ]
    town.say("王小满", f"加入 {invite(town, '李秀英')}")
    # Nobody was there for two months: what is missing is made, month after month.
    go_to(town, "2027-02-01", hour=4)
    close_months(town)
    with town.db.read() as tx:
        months = [statements.of(tx, li, month) for month in ("2026-12", "2027-01")]
        assert [(one.opening, one.other, one.closing) for one in months if one] == [(20, 5, 35), (35, 0, 35)]
        last = statements.of(tx, wang, "2026-12")
        assert last is not None and (last.opening, last.other, last.closing) == (10, -10, 0)
        assert statements.of(tx, wang, "2027-01") is None  # it had ended, and empty
        sheet = statement.sheet(tx, li, "2026-12")
        assert sheet is not None and [line.after for line in sheet.lines] == [30, 25, 35]
    for text, points in (
        ("积分 2026-11-22", 0),
        ("积分 11-23", 20),
        ("积分 2026年11月30日", 20),
        ("积分 12-1", 35),
        ("积分 昨天", 35),
    ):
        assert town.say("李秀英", text).endswith(f"结束时，您有 {points} 分。"), text
    assert town.say("李秀英", "积分 2027-03-01") == "请写过去的一天，例如：积分 2026-10-31"
    assert town.say("李秀英", "对账单 2025-01") == "您家 2025年1月没有对账单。"
    assert town.say("李秀英", "对账单 13月") == "没有这个月份，请写：对账单 2026-11"
    assert town.say("陈桂芳", "对账单").startswith("您还没有积分记录。")
    books_are_right(town)
    _exported(town, tmp_path)


def _exported(town: Town, folder: Path) -> None:
    """The same as tables, for a clerk at a desk."""
    assert statement_sheet.write(town.db, "2026-10", folder / "none.csv") == 0
    files = folder / "a.csv", folder / "a.xlsx"
    counts = [statement_sheet.write(town.db, "2026-11", file) for file in files]
    rows = list(csv.reader(StringIO(files[0].read_text(encoding="utf-8-sig"))))
    sheet = [list(row) for row in load_workbook(files[1]).active.iter_rows(values_only=True)]
    assert rows[0] == sheet[0] == list(statement_sheet.HEADS.values())
    li = next(row for row in sheet if row[1] == "李秀英")
    assert li[2:] == ["幸福社区第二网格", "2026-11", 0, 30, 10, 0, 0, 20]
    assert [[str(cell) for cell in row] for row in sheet[1:]] == rows[1:]
    assert counts == [len(sheet) - 1] * 2


def test_the_command_line_says_what_it_cannot_do(tmp_path: Path) -> None:
    assert run("migrate", cwd=tmp_path).status == 0
    for words, err in (
        (("--month", "2026-13"), "没有 2026-13 这个月份，请写成 2026-11\n"),
        (("--month", "2026-11", "--out", "a.pdf"), "文件名请以 .xlsx 或 .csv 结尾\n"),
        (("--month", "2026-11"), "2026-11 还没有对账单：月底过后由运行中的服务生成。\n"),
    ):
        done = run("points", "statements", *words, cwd=tmp_path)
        assert (done.status, done.out, done.err.replace("\r", "").splitlines()[-1] + "\n") == (2, "", err)
