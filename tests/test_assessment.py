"""考核: workers' own score, and their leaders' list of it, for the own area alone."""

from pathlib import Path
from shutil import copytree

from tests.conftest import ROOT
from tests.invariants import broken
from tests.town import DAY, MakeTown

CHECK_IN = """
[[points]]
name = "checkin_score"
fact = "checkin.made"
unit = "score"
group = "assessment"
points = 1
person_month = 2
reason = "报平安"
"""


def test_score_is_earned_by_rule_and_seen_by_the_worker_and_the_leaders(
    make_town: MakeTown, tmp_path: Path
) -> None:
    file = copytree(ROOT / "rules", tmp_path / "rules") / "points.toml"
    file.write_text(file.read_text(encoding="utf-8") + CHECK_IN, encoding="utf-8")
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
