"""改类: a person puts a category right and it is kept; 依据: why it was sorted so."""

from pathlib import Path

from store import corrections
from tests.town import DAY, MakeTown, Town


def kept(town: Town) -> list[tuple[int, str, str]]:
    with town.db.read() as tx:
        return [(each.case_id, each.before, each.after) for each in corrections.since(tx, 0, 100)]


def test_a_dispatcher_puts_a_category_right(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    assert town.say("顾晓宁", "改类 1001") == "请写改成哪一类，例如：改类 1001 市政设施。"
    assert town.say("顾晓宁", "改类 1001 市政设施") == "事件 1001 已经是“市政设施”。"
    before = len(town.heard("QH-XF"))
    answer = town.say("顾晓宁", "改类 1001 为 噪声扰民")
    department = answer.partition("主管部门是")[2].partition("，")[0]
    noise = town.house.county.rules.reading.by_code["noise"]
    assert (department, town.case(1001)["category"]) == (noise.department, "noise")
    assert town.case(1001)["due_at"] == town.case(1001)["opened_at"] + noise.due_hours * 3600
    assert town.heard("QH-XF")[before].splitlines()[0] == "【改类 1001】市政设施 → 噪声扰民"
    assert town.say("顾晓宁", "改类 1001 noise") == "事件 1001 已经是“噪声扰民”。", "twice changes nothing"
    assert (kept(town), len(town.heard("QH-XF"))) == ([(1001, "facility", "noise")], before + 1)
    assert town.say("徐慧敏", "改类 1001 市政设施").startswith("事件 1001 已改为“市政设施”")
    assert kept(town) == [], "what was put back is no correction to learn from"


def test_a_name_nobody_knows_is_answered_with_the_near_ones(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    answer = town.say("顾晓宁", "改类 1001 噪音扰民")
    assert answer.startswith("没有叫“噪音扰民”的类别，相近的有：噪声扰民、")
    assert town.say("顾晓宁", "改类 1001 噪声").startswith("事件 1001 已改为“噪声扰民”"), (
        "a beginning will do"
    )


def test_an_emergency_keeps_its_deadline(town: Town) -> None:
    town.say("李秀英", "3号楼着火了，快来人")
    due = town.case(1001)["due_at"]
    assert town.say("徐慧敏", "改类 1001 市政设施").startswith("事件 1001 已改为“市政设施”")
    assert town.case(1001)["due_at"] == due


def test_who_may_not_and_what_is_over(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    assert town.say("陶春生", "改类 1001 噪声扰民") == "没有查到您能看的事件 1001，请核对编号。"
    assert town.say("何春梅", "改类 1001 噪声扰民").startswith("收到，编号 "), "a worker does not sort"
    town.say("何春梅", "不属实 1001 井盖完好无损")
    assert town.say("徐慧敏", "改类 1001 噪声扰民") == "事件 1001 现在是“不属实”，不能这样操作。"


def test_what_the_rules_are_not_sure_of_is_a_pile_of_its_own(town: Town) -> None:
    town.say("李秀英", "那个东西还是老样子，麻烦来人看看")
    assert town.case(1001)["uncertain"]
    assert "【拿不准类别】\n1001 " in town.say("徐慧敏", "待办")
    code = town.case(1001)["category"]
    name = town.house.county.rules.reading.by_code[code].name
    assert town.say("徐慧敏", f"改类 1001 {code}") == f"事件 1001 的类别确认为“{name}”。"
    assert "拿不准类别" not in town.say("徐慧敏", "待办")
    assert town.say("徐慧敏", f"改类 1001 {code}") == f"事件 1001 已经是“{name}”。"
    assert kept(town) == []


def test_why_it_was_sorted_so(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了，电话13800000001")
    revision = town.house.county.rules.revision
    lines = town.say("何春梅", "依据 1001").splitlines()
    assert lines[0].startswith("事件 1001 分到“市政设施”，")
    assert lines[1].startswith("原文：") and "【井盖" in lines[1] and "138****0001" in lines[1]
    assert (lines[2][:2], lines[-1]) == ("井盖", f"规则版本 {revision}")
    town.later(DAY)
    town.say("顾晓宁", "改类 1001 噪声扰民")
    assert town.say("徐慧敏", "依据 1001").splitlines()[0] == lines[0], "the rules' own choice is explained"
    assert town.say("徐慧敏", "依据 1001").splitlines()[-1] == (
        "11月24日 09:00 顾晓宁 改类：市政设施 → 噪声扰民"
    )
    assert town.say("李秀英", "依据 1001").splitlines()[-1] == "11月24日 09:00 改类：市政设施 → 噪声扰民"
    assert town.say("孙桂芳", "依据 1001") == "没有查到您能看的事件 1001，请核对编号。"


def test_rules_that_changed_since_are_named(make_town: MakeTown, tmp_path: Path) -> None:
    town = make_town()
    town.say("李秀英", "3号楼门口的井盖破了")
    town.house.close()
    for file in (Path(__file__).parent.parent / "rules").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(text + "# changed\n", encoding="utf-8")
    later = make_town(rules=tmp_path)
    old, new = town.house.county.rules.revision, later.house.county.rules.revision
    assert later.say("徐慧敏", "依据 1001", message_id="later").splitlines()[-1] == (
        f"当时的规则版本 {old}；上面的词按现在的版本 {new} 标出"
    )
