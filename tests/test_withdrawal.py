"""What becomes of an application that cannot go on: given up under objection, or its rule is gone."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
import sqlalchemy as sa

from store import applications, schema
from store.db import Database
from tests.conftest import ROOT
from tests.invariants import broken
from tests.old_database import at_revision, old_database
from tests.shop import told
from tests.test_application import approved
from tests.town import DAY, HOUR, NOW, MakeTown, Town

PEACE = "申请积分 调解 昨天劝和了楼上楼下两家人"
DROPPED = "您提过异议的积分申请 1 已经撤回，不记分，不用再核实了。"


def test_who_objected_hears_that_the_application_was_given_up(town: Town) -> None:
    approved(town, "李秀英", PEACE)
    assert town.say("王小满", "异议 1 那两家还在吵").startswith("收到您对申请 1 的异议")
    assert town.say("王小满", "撤回申请 1") == "没有查到您能看的申请 1，请核对编号。"
    assert town.say("李秀英", "撤回申请 1") == "申请 1 已撤回。"
    assert told(town, "王小满")[-1] == DROPPED
    assert town.say("徐慧敏", "异议成立 1 查过") == "申请 1 现在是“已撤回”，不能这样操作。"
    assert "提出异议" not in town.say("徐慧敏", "看申请 1")
    assert "公示异议待核实" not in town.say("徐慧敏", "待办")
    assert town.say("李秀英", "撤回申请 1") == "申请 1 现在是“已撤回”，不能这样操作。"
    assert told(town, "王小满").count(DROPPED) == 1
    with town.db.read() as tx:
        states = tx.execute(sa.text("SELECT state, decided_by FROM objections")).all()
    assert ([tuple(row) for row in states], town.drift(), broken(town.db)) == ([("dropped", None)], [], [])


def test_an_application_whose_rule_is_gone_is_told_to_who_signed_and_can_be_ended(
    make_town: MakeTown, tmp_path: Path
) -> None:
    rules = copytree(ROOT / "rules", tmp_path / "rules")
    town = make_town(rules)
    for text in (PEACE, f"{PEACE}，今天又去了"):
        approved(town, "李秀英", text)
    town.say("李秀英", "申请积分 助困 昨天给邻居送饭")
    town.say("何春梅", "初审 3")
    file, whole = rules / "points.toml", (rules / "points.toml").read_text()
    parts = whole.split("[[points]]")
    file.write_text("[[points]]".join(p for p in parts if '"mediation"' not in p and '"helping"' not in p))
    town.house.refresh()
    gone = "积分规则里没有“helping”了，批准了也不能入账。请先恢复规则，或不通过。"
    assert town.say("徐慧敏", "批准 3") == gone
    assert (
        town.say("徐慧敏", "不通过 1 规则没有了")
        == "申请 1 现在是“公示中，到 11月26日 09:00”，不能这样操作。"
    )
    town.later(3 * DAY)
    for _ in range(2):  # told once
        town.run_jobs()
        town.later(HOUR)
    signed = (
        "积分申请 1：公示期满，但积分规则里没有“mediation”了，不能入账。"
        "请管理员在 rules/points.toml 里恢复这一条，恢复后自动入账；不再发放请村(社区)发：不通过 1 理由"
    )
    waits = "公示期满，但这一项的积分规则有变动，还没有入账，已请村(社区)处理。"
    for who in ("何春梅", "徐慧敏"):
        assert [text for text in told(town, who) if text.startswith("积分申请 1：")] == [signed], who
    assert told(town, "李秀英")[-2:] == [
        f"积分申请 {number}，mediation 15 分（11月22日）：{waits}" for number in (1, 2)
    ]
    assert town.say("徐慧敏", "不通过 1 规则没有了") == "申请 1 已记为不通过，理由会告诉申请人。"
    file.write_text(whole)
    town.house.refresh()
    town.run_jobs()
    assert town.points("李秀英") == 15
    assert (town.drift(), broken(town.db)) == ([], [])


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of revision 0010 with an application given up under objection, and one that is not."""
    yield from old_database(request, tmp_path, "objected", _fill)


def _fill(url: str) -> None:
    application = (
        "INSERT INTO applications (rule, revision, person_id, household_id, unit_id, day, text, points,"
        " state, writer_id, at) VALUES ('mediation', 'r', 1, 1, 1, '2026-11-22', '', 15, '{0}', 1, {1})"
    )
    with at_revision(url, "0010") as connection:
        for statement in (
            f"INSERT INTO people (name, created_at) VALUES ('李秀英', {NOW}), ('王小满', {NOW})",
            "INSERT INTO units (code, name, level) VALUES ('QH', '清河镇', 'town')",
            f"INSERT INTO households (code, opened_at) VALUES ('LI', {NOW})",
            application.format("refused", NOW),
            application.format("applied", NOW),
            f"INSERT INTO objections (application_id, person_id, text, at) VALUES (1, 2, '没来', {NOW}),"
            f" (2, 2, '没来', {NOW})",
        ):
            connection.execute(sa.text(statement))


def test_the_upgrade_closes_what_nobody_has_to_judge_and_keeps_the_guards(old_url: str) -> None:
    schema.upgrade(old_url)
    db = Database(old_url)
    with db.read() as tx:
        open_ = [applications.objections_to(tx, number) for number in (1, 2)]
        assert [len(applications.objections_to(tx, number, "dropped")) for number in (1, 2)] == [1, 0]
    assert [len(found) for found in open_] == [0, 1]
    for statement in (
        "DELETE FROM objections",
        "UPDATE objections SET state = 'open' WHERE id = 1",
        "UPDATE objections SET state = 'upheld', decided_by = 2 WHERE id = 2",
        "UPDATE objections SET state = 'dropped', decided_by = 1 WHERE id = 2",
        f"INSERT INTO objections (application_id, person_id, text, at) VALUES (2, 2, '又', {NOW})",
    ):
        with pytest.raises(sa.exc.DBAPIError):
            db.write(lambda tx, said=statement: tx.execute(sa.text(said)))
    db.close()
