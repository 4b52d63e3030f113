"""考核: workers' own score, and their leaders' list of it, for the own area alone."""

from pathlib import Path
from shutil import copytree

import sqlalchemy as sa

from tests.conftest import ROOT
from tests.invariants import broken
from tests.shop import told
from tests.town import DAY, MakeTown, Town

CHECK_IN = 'name = "checkin_score"\n'


def test_score_is_earned_by_rule_and_seen_by_the_worker_and_the_leaders(
    make_town: MakeTown, tmp_path: Path
) -> None:
    file = copytree(ROOT / "rules", tmp_path / "rules") / "points.toml"
    rules = file.read_text(encoding="utf-8")
    file.write_text(rules.replace(CHECK_IN, f"{CHECK_IN}person_month = 2\n"), encoding="utf-8")
    town = make_town(file.parent)
    assert town.say("何春梅", "考核") == "【我的考核】2026-11：0 分（2026-10：0 分），按时报平安 0 天"
    town.say("李秀英", "3号楼井盖破了")
    town.say("何春梅", "签收 1001")
    town.say("何春梅", "办结 1001 已换新井盖")
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 核查通过。"
    for _ in range(3):
        assert town.say("何春梅", "报平安") == "已记录，辛苦了。"
        town.later(DAY)
    own = [
        "【我的考核】2026-11：7 分（2026-10：0 分），按时报平安 3 天",
        "办结并核查通过 1 次 5 分",
        "报平安 2 次 2 分",
    ]
    assert town.say("何春梅", "考核").splitlines() == own
    assert town.say("何春梅", "积分") == "您现有 9 分。"
    assert town.say("徐慧敏", "考核").splitlines() == [
        "【考核】2026-11，4 人",
        "幸福社区第一网格 周建国 0 分，报平安 0 天",
        "幸福社区第二网格 何春梅 7 分，报平安 3 天",
        "幸福社区第三网格 高志远 0 分，报平安 0 天",
        "幸福社区第四网格 林小芸 0 分，报平安 0 天",
    ]
    assert "何春梅" not in town.say("陶春生", "考核")
    assert town.say("徐慧敏", "考核 幸福社区第二网格").splitlines() == [
        "【考核】2026-11，1 人",
        "幸福社区第二网格 何春梅 7 分，报平安 3 天",
    ]
    assert town.say("徐慧敏", "考核 桃花村").startswith("收到，编号")
    assert town.say("顾晓宁", "考核").splitlines()[-1] == "……共 29 人，可写明村(社区)：考核 村名"
    assert "何春梅 7 分" in town.say("顾晓宁", "考核 2026-11 幸福社区")
    assert town.say("徐慧敏", "考核 2026-12") == "月份请写成 2026-11，不能晚于本月。"
    town.later(10 * DAY)
    assert town.say("何春梅", "考核").splitlines() == [
        "【我的考核】2026-12：0 分（2026-11：7 分），按时报平安 0 天"
    ]
    assert town.say("何春梅", "考核 上月").splitlines() == own
    assert town.say("李秀英", "考核 上月").startswith("收到，编号")
    assert (town.drift(), broken(town.db)) == ([], [])


def test_a_score_that_should_not_have_been_is_taken_back_once(town: Town) -> None:
    town.say("何春梅", "报平安")
    with town.db.read() as tx:
        number = tx.execute(sa.text("SELECT id FROM xfer WHERE rule = 'checkin_score'")).scalar_one()
    listed = f"【考核明细】何春梅\n{number} 11月23日 09:00 +1 分 报平安"
    for who, said in (("何春梅", "考核明细"), ("徐慧敏", "考核明细 何春梅"), ("顾晓宁", "考核明细何春梅")):
        assert town.say(who, said) == listed, who
    assert town.say("陶春生", "考核明细 何春梅") == "您的辖区里没有叫何春梅的网格员。"
    assert town.say("周建国", "考核明细 何春梅") == "您的辖区里没有叫何春梅的网格员。"
    nobody = "您的辖区里没有这个流水号的考核分。流水号请用“考核明细 姓名”查看。"
    for who, text, refused in (
        ("陶春生", f"更正考核 {number} 没到岗", nobody),
        ("徐慧敏", "更正考核 1 没到岗" if number != 1 else "更正考核 2 没到岗", nobody),
        ("徐慧敏", f"更正考核 {number}", f"请写明理由，例如：更正考核 {number} 照片是旧的。"),
    ):
        assert town.say(who, text) == refused, (who, text)
    assert (
        town.say("徐慧敏", f"更正考核 {number} 人不在村里") == f"已收回何春梅的考核分 1 分（流水 {number}）。"
    )
    assert town.say("顾晓宁", f"更正考核 {number} 人不在村里") == f"流水 {number} 已经更正过了。"
    assert told(town, "何春梅")[-1] == (
        "您 11月23日 09:00 的考核分 1 分（报平安）已收回：人不在村里。经办人：徐慧敏。有疑问请联系村(社区)。"
    )
    assert town.say("何春梅", "考核明细") == f"{listed}（已更正）"
    assert town.say("何春梅", "考核").splitlines()[0] == (
        "【我的考核】2026-11：0 分（2026-10：0 分），按时报平安 1 天"
    )
    assert town.say("何春梅", "积分") == "您现有 3 分。"  # what the household earned is another unit
    assert (town.drift(), broken(town.db)) == ([], [])
