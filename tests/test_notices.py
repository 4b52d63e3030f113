"""Who hears of what: the town's rule rows, groups with a robot and groups without one."""

from pathlib import Path

import pytest

from handlers import rules
from handlers.import_registry import import_registry
from tests.conftest import ROOT
from tests.town import MakeTown, Town


def firsts(town: Town, unit: str) -> list[str]:
    return [text.splitlines()[0] for text in town.heard(unit)]


@pytest.mark.parametrize(
    ("text", "unit", "group", "first"),
    [
        ("桃花村三组的路灯坏了", "QH-TH-3", "QH-TH", "【新事件 1001】市政设施"),
        ("桃花村三组河沿片的路灯坏了", "QH-TH-3-2", "QH-TH", "【新事件 1001】市政设施"),
        ("桃花村的路灯坏了", "QH-TH", "QH-TH", "【待分拣 1001】市政设施"),
        ("青河镇的路灯坏了", "AH-QH", "AH-QH", "【待分拣 1001】市政设施"),
        ("路灯坏了", "AH", "AH", "【待分拣 1001】市政设施"),
    ],
)
def test_an_ordinary_report_is_told_to_the_group_that_has_to_act(
    town: Town, text: str, unit: str, group: str, first: str
) -> None:
    town.say("o-stranger", text)
    assert town.case(1001)["grid"] == unit
    notices = town.rows("notices")
    assert [(row["unit"], row["channel"], row["state"]) for row in notices] == [(group, "group", "due")]
    assert firsts(town, group) == [first]


def test_a_case_of_the_town_is_told_to_the_town_at_each_step(town: Town) -> None:
    town.say("o-stranger", "青河镇的路灯坏了")
    town.say("顾晓宁", "派单 1001 市政管理所")
    town.say("章建华", "办结 1001 已换灯泡")
    town.say("顾晓宁", "核查 1001 不通过 还是不亮")
    assert town.rows("notices")[1]["unit"] == "AH-QH"
    assert firsts(town, "AH-QH") == [
        "【待分拣 1001】市政设施",
        "【派单 1001】市政设施",
        "【派单 1001】市政设施",
        "【已办结 1001】市政设施",
        "【核查未通过 1001】市政设施",
    ]


def test_a_group_without_a_robot_is_forwarded_by_hand_and_each_notice_once(town: Town) -> None:
    no_robot = {
        "grids.csv": "code,name,level,parent_code,group_webhook\nQH-XF,幸福社区,village,AH-QH,\n",
        "people.csv": "name,role,grid_code\n",
    }
    town.db.write(lambda tx: import_registry(tx, no_robot, secret=b"", now=town.now))
    town.house.refresh()
    town.say("李秀英", "井盖破了，电话13800000001")
    [notice] = town.rows("notices")
    assert notice["state"] == "forward"
    assert town.say("陶春生", "待转发") == "没有要转发的通知。"
    assert town.say("徐慧敏", "待转发") == (
        "【新事件 1001】市政设施\n地点：青河镇幸福社区第二网格\n内容：井盖破了，电话138****0001\n"
        "请网格员签收：签收 1001\n时限：11月26日 09:00"
    )
    assert town.say("徐慧敏", "待转发") == "没有要转发的通知。"
    assert town.rows("notices")[0]["state"] == "forwarded"


def test_the_reporter_hears_in_the_official_account_only_where_there_is_one(town: Town) -> None:
    town.say("徐慧敏", "代报 张奶奶 13900001111 幸福社区第一网格路灯坏了")
    town.say("周建国", "不属实 1001 灯是亮的")
    assert town.told() == []


def test_a_town_s_own_rules_decide(make_town: MakeTown, tmp_path: Path) -> None:
    """A rule by category, severity and level; points for who checks in late."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for file in (ROOT / "rules").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "notices.toml").write_text(
        '[[notice]]\nname = "lamps"\nfact = "case.opened"\ncategory = "facility"\nseverity = "normal"\n'
        'level = "grid"\nto = "town"\ntext = "{actor}说：{text} {{{number}}}"\n'
    )
    (folder / "points.toml").write_text(
        '[[points]]\nname = "late"\nfact = "checkin.late"\nwho = "actor"\npoints = 1\nreason = "补报"\n'
    )
    town = make_town(rules=folder)
    town.say("李秀英", "井盖破了{x}")
    town.say("李秀英", "着火了，快来人")
    town.say("李秀英", "工资没发")
    town.say("o-stranger", "井盖破了")
    assert [(row["unit"], row["text"]) for row in town.rows("notices")] == [
        ("AH-QH", "李秀英说：井盖破了{x} {1001}")
    ]
    town.say("何春梅", "报平安")
    town.say("何春梅", "补报")
    assert town.points("何春梅") == 1
    town.say("周建国", "补报")
    assert (town.points("周建国"), town.drift()) == (1, [])


NOTICE = 'name = "a"\nfact = "case.opened"\nto = "town"\ntext = "x"\n'
POINTS = 'name = "a"\nfact = "case.confirmed"\nwho = "actor"\npoints = 1\nreason = "x"\n'


@pytest.mark.parametrize(
    ("block", "old", "new", "why"),
    [
        (NOTICE, "case.opened", "case.x", "notices.toml 第 1 块（a）：fact = 'case.x' 不对"),
        (NOTICE, "town", "nobody", "notices.toml 第 1 块（a）：to = 'nobody' 不对"),
        (NOTICE, '"x"', '"{x}"', "notices.toml 第 1 块（a）：text 里不认识的占位 x"),
        (NOTICE, '"x"', '"{"', "notices.toml 第 1 块（a）：text 的括号不对"),
        (NOTICE, '"x"', "1", "notices.toml 第 1 块（a）：text 的值不对"),
        (NOTICE, 'to = "town"\n', "", "notices.toml 第 1 块（a）：缺少 to"),
        (NOTICE, "to =", "from =", "notices.toml 第 1 块（a）：不认识的项 from"),
        (NOTICE, '"x"\n', f'"x"\n[[notice]]\n{NOTICE}', "notices.toml 第 2 块：名称 a 重复"),
        (POINTS, "= 1", "= 0", "points.toml 第 1 块（a）：points 要大于 0"),
        (POINTS, "= 1", "= true", "points.toml 第 1 块（a）：points 的值不对"),
        (POINTS, "actor", "me", "points.toml 第 1 块（a）：who = 'me' 不对"),
    ],
)
def test_a_bad_rule_row_names_its_file_its_block_and_what_is_wrong(
    tmp_path: Path, block: str, old: str, new: str, why: str
) -> None:
    for one in (ROOT / "rules").iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    kind = "notice" if block == NOTICE else "points"
    name = "notices.toml" if block == NOTICE else "points.toml"
    (tmp_path / name).write_text(f"[[{kind}]]\n{block.replace(old, new)}")
    with pytest.raises(ValueError, match=name) as error:
        rules.load(tmp_path)
    assert str(error.value).startswith(why)
