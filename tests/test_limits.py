"""What may be earned: caps a day, a town's budget, and what waits until it can be paid."""

from pathlib import Path
from shutil import copytree

import sqlalchemy as sa

from bot.points_commands import budget_rows, grant
from handlers.days import local_day
from handlers.reconcile import check
from tests.invariants import broken
from tests.town import DAY, MakeTown, Town


def report_and_confirm(town: Town, what: str) -> str:
    number = town.say("李秀英", what).split("编号 ")[1].split("，")[0]
    return town.say("何春梅", f"属实 {number}").removeprefix(f"事件 {number} ")


def test_a_resident_earns_at_most_45_points_a_day_and_again_the_next_day(town: Town) -> None:
    whats = [
        "3号楼前面的井盖破了",
        "3号楼路灯不亮",
        "2号楼垃圾没人清",
        "5号楼自来水管漏水",
        "4号楼楼道堆满杂物",
    ]
    told = [report_and_confirm(town, what) for what in whats]
    assert told == ["属实，已给上报人记积分。"] * 4 + ["属实，上报人的积分已到上限，记 5 分。"]
    assert town.points("李秀英") == 45
    assert report_and_confirm(town, "7号楼下水道堵了") == "属实，上报人的积分已到上限，记 0 分。"
    town.later(DAY)
    assert report_and_confirm(town, "8号楼门禁坏了") == "属实，已给上报人记积分。"
    assert town.points("李秀英") == 55
    assert (town.drift(), broken(town.db)) == ([], [])


def test_what_the_budget_does_not_hold_waits_for_a_grant(make_town: MakeTown, tmp_path: Path) -> None:
    for file in Path("rules").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(text.replace("2_000_000", "15"), encoding="utf-8")
    town = make_town(rules=tmp_path)
    assert report_and_confirm(town, "3号楼前面的井盖破了") == "属实，已给上报人记积分。"
    waiting = "属实，积分暂缓发放，可以发放时自动补记。"
    assert report_and_confirm(town, "3号楼路灯不亮") == waiting
    assert town.points("李秀英") == 10
    assert budget_rows(town.db) == ["1　青河镇　2026 年　general　积分　余 5 分"]

    asked = {"number": 1, "points": 20, "key": "青财〔2026〕8号"}
    assert [grant(town.house, asked) for _ in range(2)] == [{"left": 25}] * 2
    assert grant(town.house, {**asked, "points": 21}) == {
        "error": "文号 青财〔2026〕8号 已经追加过，分数不同，什么都没有改。"
    }
    assert grant(town.house, {**asked, "number": 9}) == {
        "error": "没有编号 9 的预算，请先看 mashang points budgets"
    }
    town.run_jobs()
    assert town.points("李秀英") == 20
    town.later(DAY)
    town.run_jobs()
    assert town.points("李秀英") == 20
    assert budget_rows(town.db) == ["1　青河镇　2026 年　general　积分　余 15 分"]
    assert (town.drift(), broken(town.db)) == ([], [])


def test_a_movement_changed_behind_the_databases_back_is_named_and_halts_awards(town: Town) -> None:
    report_and_confirm(town, "3号楼前面的井盖破了")
    assert "blocks.seal" in town.run_jobs()
    assert books(town) == []
    with town.db.read() as tx:
        award = tx.execute(sa.text("SELECT MAX(id) FROM xfer WHERE kind = 'award'")).scalar_one()
    kept = "上报属实（事件 1001）"
    tamper(town, f"UPDATE xfer SET reason = '上报属实（事件 1002）' WHERE id = {award}")
    assert books(town) == [f"流水 {award}：内容和入账时不一样；内容和封存时不一样"]

    town.later(18 * 3600)  # three in the morning
    assert "reconcile.nightly" in town.run_jobs()
    alarm = [text for text in town.heard("AH") if "红色警报" in text]
    assert alarm == [
        "【红色警报】积分账目核对发现 1 处不对，已暂停发放积分，兑换照常。"
        "请管理员运行 mashang reconcile 看是哪几笔。"
    ]
    waiting = "属实，积分暂缓发放，可以发放时自动补记。"
    assert report_and_confirm(town, "3号楼路灯不亮") == waiting
    assert town.points("李秀英") == 10

    tamper(town, f"UPDATE xfer SET reason = '{kept}' WHERE id = {award}")
    assert books(town) == []
    town.later(DAY)
    town.run_jobs()
    town.later(600)
    town.run_jobs()
    assert town.points("李秀英") == 20


def books(town: Town) -> list[str]:
    return check(town.db.read)


def tamper(town: Town, statement: str) -> None:
    """As somebody could who owns the database: the guard is taken away and put back."""
    if town.db.is_sqlite:
        with town.db.read() as tx:
            query = "SELECT sql FROM sqlite_master WHERE name = 'xfer_no_update'"
            guard = tx.execute(sa.text(query)).scalar_one()
        steps = ["DROP TRIGGER xfer_no_update", statement, guard]
    else:
        on = "ALTER TABLE xfer {} TRIGGER USER"
        steps = [on.format("DISABLE"), statement, on.format("ENABLE")]
    for step in steps:
        town.db.write(lambda tx, step=step: tx.execute(sa.text(step)))


def test_a_limit_switched_off_and_on_in_the_middle_of_a_day_is_no_fault_of_the_books(
    make_town: MakeTown, tmp_path: Path
) -> None:
    file = copytree("rules", tmp_path / "rules") / "points.toml"
    limited = file.read_text(encoding="utf-8")
    town = make_town(rules=file.parent)

    def limits(text: str) -> None:
        file.write_text(text, encoding="utf-8")
        town.house.refresh()

    report_and_confirm(town, "3号楼前面的井盖破了")
    limits(limited.replace("person_day = 45\n", "person_day = 0\n"))
    report_and_confirm(town, "3号楼路灯不亮")
    assert books(town) == []
    limits(limited.replace("person_day = 45", "person_day = 12"))
    assert report_and_confirm(town, "2号楼垃圾没人清") == "属实，上报人的积分已到上限，记 2 分。"
    assert (town.points("李秀英"), books(town)) == (22, [])
    # Of the days after the change every cap must know all that was earned, and never more on any day.
    town.later(DAY)
    report_and_confirm(town, "5号楼自来水管漏水")

    def count(change: str, day: str) -> None:
        changed = f"used = used {change}, most = most {change}"
        tamper(town, f"UPDATE caps SET {changed} WHERE period = '{day}' AND subject = 'person'")

    for day, change, found in ((0, "- 1", 1), (0, "+ 1", 0), (-1, "- 1", 0), (-1, "+ 12", 1)):
        count(change, local_day(town.now + day * DAY))
        assert len(books(town)) == found
