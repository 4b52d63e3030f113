"""The same matter reported by several: offered, told, joined and parted by people, never merged silently."""

import asyncio

from bot.house import House
from bot.settings import Settings
from handlers.message import Message
from nlp.alike import Index
from tests.town import Town, openid

LAMP = "幸福社区3号楼门口的路灯坏了，晚上看不见路"


def test_neighbours_are_told_how_many_said_so_and_the_village_sees_it(town: Town) -> None:
    assert "反映同一问题" not in town.say("李秀英", LAMP)
    second = town.say("o-zhou", "幸福社区第二网格3号楼门口路灯坏了好几天，晚上看不见路")
    assert second.splitlines()[1] == "已有 1 人反映同一问题，编号 1001。"
    third = town.say("o-sun", "3号楼门口路灯不亮，坏了几天了，幸福社区第二网格")
    assert third.splitlines()[1] == "已有 2 人反映同一问题，编号 1001。"
    assert town.say("李秀英", LAMP).splitlines()[1] == "已有 2 人反映同一问题，编号 1001。"
    first, *notices = town.heard("QH-XF")
    assert (first.splitlines()[0][:9], len(first.splitlines())) == ("【新事件 1001", 5)
    assert [text.splitlines()[0][:9] for text in notices] == [
        f"【新事件 {number}" for number in (1002, 1003, 1004)
    ], "one notice tells of the case and of its doubles"
    assert [text.splitlines()[5] for text in notices] == [
        "与编号 1001 相似，同一件请发：并案 1002 编号；不是请发：不是同一件 1002",
        "与编号 1001、1002 相似，同一件请发：并案 1003 编号；不是请发：不是同一件 1003",
        "与编号 1001、1002、1003 相似，同一件请发：并案 1004 编号；不是请发：不是同一件 1004",
    ]
    assert "疑似同一问题：编号 1002、1003、1004" in town.say("徐慧敏", "查询 1001").splitlines()
    assert "疑似" not in town.say("李秀英", "查询 1001"), "numbers of others are for those who sort"
    assert {row["state"] for row in town.rows("cases")} == {"opened"}, "nothing is merged by itself"
    town.later(4 * 86_400)
    late = town.say("徐慧敏", "待办").partition("【已超时】\n")[2].splitlines()[0]
    assert late.endswith("（疑似同一问题：1002、1003、1004）")
    assert town.say("徐慧敏", "不是同一件 1004") == "好的，事件 1004 单独办理。"
    assert town.say("徐慧敏", "不是同一件 1004") == "事件 1004 没有疑似同一问题的事件。"
    assert "疑似同一问题：编号 1002、1003" in town.say("徐慧敏", "查询 1001").splitlines()


def test_one_who_says_it_twice_is_told_of_the_own_number(town: Town) -> None:
    town.say("李秀英", LAMP)
    assert town.say("李秀英", LAMP).splitlines()[1] == "您反映过同样的问题，编号 1001。"


def test_what_is_elsewhere_otherwise_or_over_is_no_double(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    assert "同一问题" not in town.say("o-zhou", "幸福社区第二网格5号楼门口的井盖破了"), "another house"
    assert "同一问题" not in town.say("赵爱莲", "桃花村三组3号楼门口的井盖破了"), "another village"
    assert "同一问题" not in town.say("o-zhou", "幸福社区第二网格3号楼门口有人打架"), "another matter"
    assert "同一问题" not in town.say("o-somebody", "井盖破了"), "a place that nobody knows"
    town.say("何春梅", "不属实 1001 井盖完好无损")
    assert "同一问题" not in town.say("o-zhou", "幸福社区第二网格3号楼门口的井盖破了"), "not true, so over"


def test_a_sorter_joins_two_and_both_reporters_hear_the_outcome(town: Town) -> None:
    town.say("李秀英", LAMP)
    town.say("o-sun", f"{LAMP}，幸福社区第二网格")
    assert town.say("徐慧敏", "并案 1002 1001") == (
        "事件 1002 已并入 1001，办理结果会一并告诉上报人。要分开请发：拆案 1002。"
    )
    assert town.told()[-1] == "您反映的事件 1002 与编号 1001 是同一问题，已合并办理，办理结果会告诉您。"
    assert town.heard("QH-XF")[-1].splitlines()[-1] == "已并入编号 1001，不再单独办理"
    assert town.say("何春梅", "签收 1002") == "事件 1002 现在是“已并案”，不能这样操作。"
    assert town.say("o-sun", "查询 1002").splitlines()[0] == (
        "事件 1002：已并案（与编号 1001 一起办理，待派单）"
    )
    assert "又有人反映同一问题" in town.say("徐慧敏", "查询 1001")
    town.say("何春梅", "办结 1001 换了灯泡，当晚恢复照明")
    assert [text.splitlines()[:2] for text in town.told()[-2:]] == [
        ["您反映的事件 1001（市政设施）已办结。", "结果：换了灯泡，当晚恢复照明"],
        ["您反映的事件 1002（市政设施）已办结。", "结果：换了灯泡，当晚恢复照明"],
    ]
    assert town.say("o-sun", "查询 1002").splitlines()[-1].endswith("已办结：换了灯泡，当晚恢复照明")
    town.say("徐慧敏", "核查 1001 通过")
    town.say("顾晓宁", "结案 1001")
    assert town.say("徐慧敏", "拆案 1002") == "事件 1001 已经办完，不能再拆开；没办好请重新上报。"
    assert town.drift() == []


def test_what_was_joined_wrongly_goes_back_to_where_it_was(town: Town) -> None:
    town.say("李秀英", LAMP)
    town.say("o-sun", f"{LAMP}，幸福社区第二网格")
    town.say("何春梅", "签收 1002")
    town.say("徐慧敏", "并案 1002 并入 1001")
    assert town.say("徐慧敏", "拆案 1002") == "事件 1002 已从 1001 拆出，恢复单独办理。"
    assert (town.case(1002)["state"], town.told()[-1].splitlines()[0]) == (
        "signed",
        "您反映的事件 1002 已恢复单独办理。",
    )
    assert town.say("徐慧敏", "拆案 1002") == "事件 1002 没有并案。"
    assert "疑似同一问题：" not in town.say("徐慧敏", "查询 1002"), (
        "whoever parted them has said that they differ"
    )
    told = len(town.told())
    town.say("何春梅", "办结 1001 换了灯泡，当晚恢复照明")
    assert len(town.told()) == told + 1, "the parted case hears nothing of it"


def test_joining_is_refused_where_it_would_lose_something(town: Town) -> None:
    town.say("李秀英", LAMP)
    town.say("o-sun", f"{LAMP}，幸福社区第二网格")
    town.say("o-zhou", "幸福社区第二网格3号楼着火了，快来人")
    town.say("赵爱莲", "桃花村三组的路灯坏了")
    assert town.say("徐慧敏", "并案 1001 1001") == "不能并入自己，请写两个不同的编号。"
    assert town.say("徐慧敏", "并案 1003 1001") == "事件 1003 是紧急事件，请反过来：并案 1001 1003。"
    assert town.say("徐慧敏", "并案 1001 1004") == "没有查到您能看的事件 1004，请核对编号。"
    assert town.say("徐慧敏", "并案 1001 9999") == "没有查到您能看的事件 9999，请核对编号。"
    town.say("徐慧敏", "并案 1002 1001")
    assert town.say("徐慧敏", "并案 1002 1001") == "事件 1002 现在是“已并案”，不能这样操作。"
    assert town.say("徐慧敏", "并案 1001 1002") == "事件 1002 已并入 1001，请发：并案 1001 1001。"
    assert town.say("徐慧敏", "并案 1001 1003").startswith("事件 1001 已并入 1003")
    assert town.say("徐慧敏", "查询 1002").splitlines()[0] == (
        "事件 1002：已并案（与编号 1003 一起办理，待派单）"
    ), "what was joined before goes along"
    assert town.say("何春梅", "并案 1002 1001").startswith("收到，编号 "), "a grid worker does not sort"


def test_another_process_knows_the_case_before_its_next_message(town: Town, county_url: str) -> None:
    """Two servers on one PostgreSQL; on SQLite the second is a reader's view of the one file."""
    town.say("李秀英", LAMP)
    other = House(Settings(_env_file=None, database_url=county_url, secret_key="tests-only-secret-key"))
    with other.db.read() as tx:
        while other.open_cases.load(tx, now=town.now):
            pass
    unit = town.house.county.registry.by_code["QH-XF-2"].id
    assert [number for number, _ in other.open_cases.find(LAMP, {unit}, town.now, 3)] == [1001]
    town.say("o-sun", f"{LAMP}，幸福社区第二网格")
    town.say("何春梅", "不属实 1001 路灯完好，现场亮着")
    asyncio.run(other.catch_up())
    assert [number for number, _ in other.open_cases.find(LAMP, {unit}, town.now, 3)] == [1002]
    other.db.close()


def test_what_was_rolled_back_is_never_offered(town: Town) -> None:
    """A refused message leaves nothing in the index: only committed rows come in."""
    town.say("李秀英", LAMP)
    asyncio.run(town.house.catch_up())
    size = len(town.house.open_cases._index)
    assert town.say("顾晓宁", "派单 1001") == "请写派给谁，例如：派单 1001 派出所。"
    message = Message("same", "official", openid("o-sun"), "text", f"{LAMP}，幸福社区第二网格")
    first = town.send(message)
    assert town.send(message) == first
    asyncio.run(town.house.catch_up())
    assert len(town.house.open_cases._index) == size + 1


def test_which_places_are_not_the_same() -> None:
    differ = [
        ("3号楼井盖破了", "5号楼井盖破了"),
        ("三号楼井盖破了", "5栋井盖破了"),
        ("三组路灯坏了", "二组路灯坏了"),
        ("建设路路灯坏了", "和平路路灯坏了"),
        ("幸福路12号门口路灯坏了", "幸福路140号门口路灯坏了"),
    ]
    same = [
        ("三号楼井盖破了", "3栋井盖破了"),
        ("幸福路12号门口路灯坏了", "12号晚上幸福路路灯坏了"),
        ("3号楼井盖破了", "门口井盖破了"),
        ("幸福小区3号楼井盖破了", "幸福小区井盖破了"),
        ("建设路与和平路交叉口路灯坏了", "和平路路灯坏了"),
    ]

    def is_offered(first: str, second: str) -> bool:
        open_cases = Index()
        open_cases.add(1, first, 1, 0)
        return bool(open_cases.find(second, {1}, 0, category=""))

    assert [pair for pair in differ if is_offered(*pair)] == []
    assert [pair for pair in same if not is_offered(*pair)] == []
