"""Month-end lists of points: every wrong line is told, two people sign, what is posted is posted once."""

import csv
from contextlib import nullcontext
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import sqlalchemy as sa

from bot import batch_command
from store import households, wallets
from store.audit import findings
from store.tables import batches, freezes, xfer
from tests.commands import run, serving
from tests.conftest import ROOT
from tests.invariants import broken
from tests.town import DAY, MakeTown, Town, person

MONTH = "2026-11"


def home(town: Town, who: str) -> int | None:
    number = person(town, who)
    with town.db.read() as tx:
        return households.of(tx, number)


def hand_in(town: Town, *rows: tuple[Any, ...], by: str = "徐慧敏", month: str = MONTH) -> dict[str, Any]:
    """What the server answers to `mashang points batch --propose`; rows are (who, points, reason)."""
    listed = [[line, str(who), str(points), *reason] for line, (who, points, *reason) in enumerate(rows, 2)]
    for row in listed:
        row.extend([""] * (4 - len(row)))
    return batch_command.propose(town.house, {"rule": "月度评议", "month": month, "rows": listed, "by": by})


def awards_booked(town: Town) -> int:
    with town.db.read() as tx:
        return tx.execute(sa.select(sa.func.count()).where(xfer.c.kind == "award")).scalar_one()


def test_a_list_is_proposed_by_one_approved_by_another_and_posted_once(town: Town) -> None:
    li, wang = person(town, "李秀英"), person(town, "王小满")
    rows = ((li, 20, "庭院整洁"), (wang, 15))
    assert hand_in(town, *rows) == {"errors": [], "number": 1}
    assert town.heard("QH-XF") == [
        "【积分批次待批准 1】2026-11 月度评议：2 户，共 35 分\n提交：徐慧敏，11月23日 09:00\n"
        "请另一位村(社区)或指挥中心的同志批准：批准批次 1，或：作废批次 1"
    ]
    again = "这张表已经提交过：批次 1，待批准。不会重复发放。"
    assert hand_in(town, *reversed(rows)) == {"errors": [again]}
    assert town.say("徐慧敏", "批准批次 1") == "这批是您提交的，要由另一个人批准。"
    assert "积分批次" not in town.say("徐慧敏", "待办")
    assert "【积分批次待批准】\n批次 1 2026-11 月度评议 2 户 35 分" in town.say("顾晓宁", "待办")
    assert town.say("陶春生", "批准批次 1") == "没有查到您能看的批次 1，请核对编号。"
    private = "名单不在群里显示。请单独发给我：看批次 1"
    assert town.say_in_group("顾晓宁", "看批次 1") == private
    assert town.say("顾晓宁", "看批次 1") == (
        "批次 1 2026-11 月度评议 2 户 35 分：待批准\n提交：徐慧敏，11月23日 09:00\n"
        "李秀英 20 分 庭院整洁\n王小满 15 分 月度评议"
    )
    told = "批次 1 2026-11 月度评议 2 户 35 分：已入账 2 户。"
    assert town.say("顾晓宁", "批准批次 1") == told
    assert town.say("顾晓宁", "批准批次 1") == "批次 1 2026-11 月度评议 2 户 35 分：11月23日 09:00 已经入账。"
    assert (town.points("李秀英"), town.points("王小满"), awards_booked(town)) == (20, 15, 2)
    assert town.heard("QH-XF")[-1] == (
        "【积分发放】批次 1 2026-11 月度评议 2 户 35 分\n"
        "名单（姓名隐去）：http://127.0.0.1:8000/g/QH-XF/points/2026-11"
    )
    assert town.say("徐慧敏", "作废批次 1").endswith("：已入账，不能这样操作。")
    assert hand_in(town, *rows) == {"errors": [again.replace("待批准", "已入账")]}
    more = hand_in(town, (li, 5), (person(town, "高志远"), 5))
    assert more == {"errors": ["第 2 行：这户 2026-11 的月度评议已经记过 20 分"]}
    assert (town.drift(), broken(town.db)) == ([], [])


def test_every_wrong_line_is_told_and_nothing_is_kept(town: Town) -> None:
    li, xu, tang = person(town, "李秀英"), person(town, "徐慧敏"), person(town, "郑晓禾")
    town.say("李秀英", "3号楼井盖破了")
    town.say("何春梅", "属实 1001")
    with town.db.read() as tx:
        code = tx.execute(sa.text("SELECT code FROM households")).scalar_one()
    wrong = hand_in(
        town,
        (li, 20),
        (code.lower(), 20),
        (999999, 20),
        ("NOSUCH99", 20),
        ("", 20),
        (person(town, "王小满"), "二十"),
        (person(town, "何春梅"), 51),
        (person(town, "周建国"), 0),
        (person(town, "高志远"), 5, "长" * 101),
        (xu, 5),
        (tang, 5),
    )
    assert wrong == {
        "errors": [
            "第 3 行：和第 2 行是同一户",
            "第 4 行：没有户号或人员编号 999999",
            "第 5 行：没有户号或人员编号 NOSUCH99",
            "第 6 行：没有写户号或人员编号",
            "第 7 行：分数 二十 不对，要写大于 0 的整数",
            "第 8 行：分数 51 超过上限，每户最多 50 分",
            "第 9 行：分数 0 不对，要写大于 0 的整数",
            "第 10 行：事由最多 100 个字",
            "第 11 行：是提交人自己家，请由别人另交",
            "第 12 行：不在青河镇，请另交一张表",
        ]
    }
    for month, why in (
        ("2026-12", "月份 2026-12 不对：只能是本月或前 12 个月"),
        ("2025-10", "月份 2025-10 不对：只能是本月或前 12 个月"),
        ("11月", "月份 11月 不对，请写成 2026-11"),
    ):
        assert hand_in(town, (li, 5), month=month) == {"errors": [why]}
    assert hand_in(town) == {"errors": ["表里没有一行写了分数"]}
    assert hand_in(town, (li, 5), by="路人") == {"errors": ["村(社区)工作人员和指挥中心里没有 路人"]}
    assert hand_in(town, (li, 5), by="") == {"errors": ["请用 --by 写谁提交"]}
    elsewhere = "陶春生不是幸福社区第二网格的村(社区)工作人员或指挥中心"
    assert hand_in(town, (li, 5), by="陶春生") == {"errors": [elsewhere]}
    with town.db.read() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(batches)).scalar_one() == 0


def test_a_list_with_the_approver_s_household_needs_somebody_else(town: Town) -> None:
    gu, li = person(town, "顾晓宁"), person(town, "李秀英")
    assert hand_in(town, (gu, 5), (li, 5)) == {"errors": [], "number": 1}
    assert town.say("顾晓宁", "批准批次 1") == "这批里有您家，要由另一个人批准。"
    for signed in ({"approver_id": gu}, {"approver_id": person(town, "徐慧敏")}):
        posted = sa.update(batches).values(state="posted", ended_at=1, **signed)
        with pytest.raises(sa.exc.IntegrityError):
            town.db.write(lambda tx, posted=posted: tx.execute(posted))
    for changed in ({"lines": []}, {"digest": "x"}, {"rule": "x"}):
        with pytest.raises(sa.exc.IntegrityError):
            town.db.write(lambda tx, to=changed: tx.execute(sa.update(batches).values(**to)))
    with pytest.raises(sa.exc.IntegrityError):
        town.db.write(lambda tx: tx.execute(sa.delete(batches)))
    assert town.say("顾晓宁", "作废批次 1").endswith("：已作废，什么都没有记。")
    assert town.say("顾晓宁", "批准批次 1").endswith("：已作废，不能这样操作。")
    assert hand_in(town, (gu, 5), (li, 5)) == {"errors": [], "number": 2}
    assert awards_booked(town) == 0


def test_a_household_that_went_into_another_is_paid_there_and_its_people_do_not_approve(town: Town) -> None:
    li, wang = person(town, "李秀英"), person(town, "王小满")
    assert hand_in(town, (li, 20), (wang, 15)) == {"errors": [], "number": 1}
    code = town.say("顾晓宁", "邀请家人").split("邀请码：")[1][:8]
    assert town.say("王小满", f"加入 {code}").startswith("已加入顾晓宁家。")
    assert town.say("顾晓宁", "批准批次 1") == "这批里有您家，要由另一个人批准。"
    assert town.say("秦颖", "批准批次 1") == "批次 1 2026-11 月度评议 2 户 35 分：已入账 2 户。"
    assert (town.points("王小满"), town.points("李秀英")) == (15, 20)
    assert (town.drift(), broken(town.db)) == ([], [])


def test_what_a_budget_a_cap_a_freeze_or_another_list_forbids(make_town: MakeTown, tmp_path: Path) -> None:
    file = copytree(ROOT / "rules", tmp_path / "rules") / "points.toml"
    text = file.read_text(encoding="utf-8").replace("points = 2_000_000", "points = 70", 1)
    file.write_text(text.replace("person_month = 1350", "person_month = 45"), encoding="utf-8")
    town = make_town(file.parent)
    li, wang, zhou = (person(town, who) for who in ("李秀英", "王小满", "周建国"))
    town.say("李秀英", "3号楼井盖破了")
    town.say("何春梅", "属实 1001")
    assert hand_in(town, (li, 36)) == {"errors": ["第 2 行：超过每人每月 45 分的上限，2026-11 已有 10 分"]}
    assert hand_in(town, (li, 30), (wang, 40))["number"] == 1
    short = "本镇今年的积分预算不够，什么都没有记。请先追加预算。"
    assert town.say("顾晓宁", "批准批次 1") == short
    assert town.points("王小满") == 0
    assert hand_in(town, (li, 20), (wang, 20))["number"] == 2
    held = {"household_id": home(town, "王小满"), "reason": "查", "by_id": zhou, "at": town.now}
    town.db.write(lambda tx: tx.execute(sa.insert(freezes), held))
    assert town.say("顾晓宁", "批准批次 2") == (
        "批次 2 2026-11 月度评议 2 户 40 分：已入账 1 户。"
        "其中 1 户暂缓发放（冻结或正在核对账目），可以发放时自动补记。"
    )
    other = "表里有的户已由别的批次记过，什么都没有记。请作废这批，核对后重新提交。"
    assert town.say("顾晓宁", "批准批次 1") == other
    town.db.write(lambda tx: tx.execute(sa.update(freezes).values(lifted_at=town.now, lifted_by=zhou)))
    town.later(DAY)
    town.run_jobs()
    assert (town.points("李秀英"), town.points("王小满")) == (30, 20)
    # A mistake is taken back; then the household may be given the month's points anew.
    with town.db.read() as tx:
        award = tx.execute(sa.select(xfer.c.id).where(xfer.c.cause == "list:2:2")).scalar_one()
    undo = {"reason": "记错了", "now": town.now, "actor_id": None}
    town.db.write(lambda tx: wallets.take_back(tx, award, home(town, "李秀英"), **undo))
    assert hand_in(town, (li, 5)) == {"errors": [], "number": 3}
    assert town.say("顾晓宁", "批准批次 3").endswith("已入账 1 户。")
    assert (town.points("李秀英"), town.drift(), broken(town.db)) == (15, [], [])


def test_what_a_month_allows_holds_for_lists_and_for_all_else_together(
    make_town: MakeTown, tmp_path: Path
) -> None:
    file = copytree(ROOT / "rules", tmp_path / "rules") / "points.toml"
    text = file.read_text(encoding="utf-8").replace("person_month = 1350", "person_month = 45")
    text = text.replace('title = "月度评议"\n', 'title = "月度评议"\nhousehold_month = 40\n')
    file.write_text(text.replace("person_day = 45", "person_day = 12"), encoding="utf-8")
    town = make_town(file.parent)
    li, wang = person(town, "李秀英"), person(town, "王小满")
    over = "第 2 行：超过月度评议每户每月 40 分的上限，2026-11 已有 0 分"
    assert hand_in(town, (li, 41), (wang, 40)) == {"errors": [over]}
    assert hand_in(town, (wang, 5), (li, 40))["number"] == 1
    for number in (1001, 1002):  # the day allows 12, the list is not asked for that
        town.say("李秀英", "3号楼井盖破了")
        town.say("何春梅", f"属实 {number}")
    assert town.points("李秀英") == 12
    full = "第 3 行超过每月上限了，什么都没有记。请作废这批，改好表再提交。"
    assert town.say("顾晓宁", "批准批次 1") == full
    assert (town.points("李秀英"), town.points("王小满")) == (12, 0)
    assert town.say("顾晓宁", "作废批次 1").endswith("已作废，什么都没有记。")
    assert hand_in(town, (li, 34)) == {"errors": ["第 2 行：超过每人每月 45 分的上限，2026-11 已有 12 分"]}
    assert hand_in(town, (wang, 5), (li, 30))["number"] == 2
    assert town.say("顾晓宁", "批准批次 2").endswith("已入账 2 户。")
    # What is left of the month is 3, whatever the next day would allow.
    town.later(DAY)
    town.say("李秀英", "3号楼路灯不亮")
    town.say("何春梅", "属实 1003")
    assert (town.points("李秀英"), town.points("王小满")) == (45, 5)
    # What waits for a frozen household is counted when it is paid.
    held = {"household_id": home(town, "王小满"), "reason": "查", "by_id": li, "at": town.now}
    assert hand_in(town, (person(town, "周建国"), 40), (wang, 5), month="2026-10")["number"] == 3
    town.db.write(lambda tx: tx.execute(sa.insert(freezes), held))
    assert "已入账 1 户。其中 1 户暂缓发放" in town.say("顾晓宁", "批准批次 3")
    town.db.write(lambda tx: tx.execute(sa.update(freezes).values(lifted_at=town.now, lifted_by=li)))
    town.later(DAY)
    town.run_jobs()
    assert (town.points("王小满"), town.drift(), broken(town.db)) == (10, [], [])
    with town.db.read() as tx:
        assert list(findings(lambda: nullcontext(tx))) == []


def test_the_command_previews_and_hands_in_to_the_running_server(sandbox: Path) -> None:
    with serving(sandbox):
        assert run("points", "batch", "样表.csv", "--sample", "--unit", "QH-XF", cwd=sandbox).out == (
            "样表写在 样表.csv，10 户。填好分数再运行，没写分数的行不算。\n"
        )
        with (sandbox / "样表.csv").open(encoding="utf-8-sig", newline="") as file:
            head, *lines = csv.reader(file)
        assert head == ["户号", "人员编号", "姓名", "网格", "分数", "事由"]
        names = {line[2]: line for line in lines}
        names["李秀英"][4:] = ["20", "庭院整洁"]
        names["何春梅"][4] = "x"
        with (sandbox / "表.csv").open("w", encoding="gb18030", newline="") as file:
            csv.writer(file).writerows([head, *lines])
        asked = ("points", "batch", "表.csv", "--month", _this_month(), "--rule", "月度评议")
        done = run(*asked, cwd=sandbox)
        assert done.status == 2
        assert [line for line in done.err.splitlines() if "行" in line] == [
            "提醒：8 行没有写分数，没有算",
            f"第 {lines.index(names['何春梅']) + 2} 行：分数 x 不对，要写大于 0 的整数",
        ]
        names["何春梅"][4] = "10"
        with (sandbox / "表.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *lines])
        done = run(*asked, cwd=sandbox)
        assert "2 户，共 30 分" in done.out
        assert "没有错。要提交就加上 --propose --by 姓名。" in done.out
        done = run(*asked, "--propose", "--by", "徐慧敏", cwd=sandbox)
        assert done.out.splitlines()[-1] == "已提交，批次 1。请另一个人在公众号里发：批准批次 1"
        done = run(*asked, "--propose", "--by", "徐慧敏", cwd=sandbox)
        assert done.status == 2
        assert "这张表已经提交过：批次 1，待批准。不会重复发放。" in done.err
        assert run("points", "batch", "没有.csv", cwd=sandbox).status == 2
        assert "可用：月度评议" in run("points", "batch", "表.csv", "--rule", "x", cwd=sandbox).err


def _this_month() -> str:
    import time

    from handlers.days import local_day

    return local_day(int(time.time()))[:7]


def test_a_workbook_is_read_like_a_csv_file(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    file = tmp_path / "表.xlsx"
    batch_command._save(file, [("分数", "户号或人员编号"), (20, "7KX2M9QP"), (15.0, 12), (None, 13)])
    assert load_workbook(file).active.max_row == 4
    assert batch_command.read(file) == (
        [[2, "7KX2M9QP", "20", ""], [3, "12", "15", ""]],
        ["1 行没有写分数，没有算"],
    )
    batch_command._save(file, [("姓名",), ("李",)])
    with pytest.raises(ValueError, match="第一行要有：户号"):
        batch_command.read(file)
