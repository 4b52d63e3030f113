"""`mashang cards`: the household cards of a unit as sheets of A4."""

import re
import sqlite3
from pathlib import Path

from tests.commands import COUNTY, RULES, Done, run


def test_the_cards_of_a_village_are_written_as_sheets_to_print(tmp_path: Path) -> None:
    assert run("import-registry", str(COUNTY), cwd=tmp_path).status == 0
    env = {**RULES, "MASHANG_PUBLIC_URL": "https://town.example.cn"}
    assert run("cards", "QH-XF", cwd=tmp_path, env=env) == Done("", "幸福社区还没有积分户。\n", 2)
    unknown = "没有编号为 QH-NO 的单位，请先导入：mashang import-registry 文件夹\n"
    assert run("cards", "QH-NO", cwd=tmp_path, env=env) == Done("", unknown, 2)
    with sqlite3.connect(tmp_path / "mashang.db") as db:
        for name, code in (("李秀英", "ABCD2345"), ("王小满<b>", "EFGH2345")):
            home = "(SELECT id FROM units WHERE code = 'QH-XF-2')"
            person = db.execute("INSERT INTO people (name, created_at) VALUES (?, 1)", (name,)).lastrowid
            family = f"INSERT INTO households (code, name, unit_id, opened_at) VALUES (?, ?, {home}, 1)"
            household = db.execute(family, (code, name)).lastrowid
            member = "INSERT INTO members (household_id, person_id, since) VALUES (?, ?, 1)"
            db.execute(member, (household, person))
    done = run("cards", "AH", "--out", "卡.html", cwd=tmp_path, env=env)
    assert (done.out, done.err) == ("2 张户卡写在 卡.html，用浏览器打开，打印成 A4\n", "")
    sheet = (tmp_path / "卡.html").read_text(encoding="utf-8-sig")
    assert re.findall(r'<b>(.*?)</b><span class="face__number">(.*?)</span>', sheet) == [
        ("李＊", "ABCD-2345"),
        ("王＊", "EFGH-2345"),
    ]
    assert (sheet.count("<svg"), "http" in sheet, (tmp_path / "卡.html").stat().st_mode & 0o777) == (
        2,
        False,
        0o600,
    )
