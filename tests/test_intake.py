"""What a message wants: answers, praise, suggestions, complaints, matters, ID numbers, rules reloaded."""

import re
import shutil
import threading
from pathlib import Path

from tests.conftest import ROOT
from tests.town import MakeTown, Town

ID = "11010519491231002X"  # the example of GB 11643
ID_REMOVED = "为保护您的隐私，身份证号已删除，请不要在这里发身份证号。"


def test_a_question_is_answered_only_where_the_answer_covers_it_and_own_affairs_are_shown(town: Town) -> None:
    assert town.say("李秀英", "领取码多久有效").endswith("如果是要反映问题，请发“上报 内容”，马上给您编号。")
    assert town.say("李秀英", "我反映的事怎么样了").startswith("您还没有反映过问题。")
    assert town.say("李秀英", "我有多少积分") == "您现有 0 分。"
    assert town.rows("cases") == town.rows("checkins") == []
    for text in ("路灯什么时候修?", "谢谢领导，3号楼的路灯坏了", "请问路灯坏了找谁"):
        assert town.say("李秀英", text).startswith("收到，编号 "), text
    assert town.say("王小满", "你好，请问厨房着火了怎么办").startswith("情况紧急，请马上拨打 119 火警！")
    assert [row["kind"] for row in town.rows("cases")] == ["report"] * 4


def test_praise_is_passed_on_and_a_suggestion_answered(town: Town) -> None:
    assert town.say("李秀英", "感谢网格员小李帮我奶奶修好了水管").startswith("谢谢您的表扬！编号 1001")
    assert town.heard("QH-XF")[0].startswith("【表扬 1001】")
    assert town.say("徐慧敏", "属实 1001") == "表扬不用核实，转达后请发：转达 1001。"
    assert town.say("徐慧敏", "转达 1001") == "表扬 1001 已转达，结案。"
    assert town.say("徐慧敏", "转达 1001") == "事件 1001 现在是“已结案”，不能这样操作。"
    assert town.say("李秀英", "建议在村口装一个路灯").startswith("谢谢您的建议！编号 1002")
    assert town.say("徐慧敏", "采纳 1002").startswith("请写明打算或理由")
    assert town.say("徐慧敏", "转达 1002") == "事件 1002 不是表扬。"
    assert town.say("徐慧敏", "采纳 1002 下月安装") == "建议 1002 已采纳，答复会告诉建议人。"
    assert town.told()[-1] == "您的建议（编号 1002）已采纳。\n答复：下月安装"
    assert [(row["kind"], row["state"]) for row in town.rows("cases")] == [
        ("praise", "closed"),
        ("suggestion", "closed"),
    ]


def test_a_complaint_goes_one_level_up_and_never_to_who_is_complained_of(town: Town) -> None:
    town.say("李秀英", "3号楼路灯坏了")
    town.say("何春梅", "签收 1001")
    assert town.say("李秀英", "1001路灯坏了反映了三次都没人管").startswith("收到您的投诉，编号 1002")
    assert (town.case(1002)["kind"], town.case(1002)["grid"]) == ("complaint", "QH-XF")
    assert [text for text in town.heard("QH-XF") if "1002" in text] == []
    assert town.heard("AH-QH")[-1].startswith("【投诉 1002】")
    assert town.say("何春梅", "查询 1002") == "没有查到您能看的事件 1002，请核对编号。"
    assert town.say("徐慧敏", "派单 1002 何春梅") == "投诉不能派给被投诉的人。"


def test_several_matters_are_one_case_until_taken_apart_once(town: Town) -> None:
    said = "1、三号楼路灯不亮 2、小区垃圾没人清运"
    assert "您说了 2 件事，先记在一起；回复“分开”就分别登记。" in town.say("李秀英", said)
    told = "已分成 2 件：\n1001 三号楼路灯不亮\n1002 小区垃圾没人清运\n发“查询 编号”可看进度。"
    assert town.say("李秀英", "分开") == told
    assert town.say("李秀英", "分开") == "10 分钟内没有一次说了几件事的上报，不用分开。"
    assert [(row["text"], row["grid"]) for row in town.rows("cases")] == [
        ("三号楼路灯不亮", "QH-XF-2"),
        ("小区垃圾没人清运", "QH-XF-2"),
    ]


def test_jokes_open_cases_and_marks_alone_are_greeted(town: Town) -> None:
    assert town.say("李秀英", "？？？").startswith("您好！直接说哪里有什么问题就行")
    for text in ("哈哈哈你们真逗", "讲个笑话", "楼下王大爷说要给路灯颁奖，它终于亮了一回"):
        assert town.say("李秀英", text).startswith("收到，编号 "), text
    assert [row["urgent"] for row in town.rows("cases")] == ["", "", ""]


def test_a_question_that_no_answer_covers_as_a_whole_opens_a_case(town: Town) -> None:
    assert town.say("李秀英", "领取码多久有效").endswith("马上给您编号。")
    for text in (
        "领取码多久有效，另外3号楼的路灯坏了",
        "领取码多久有效，超市的人不给兑",
        "为什么我的领取码无效",
    ):
        assert town.say("李秀英", text).startswith("收到，编号 "), text
    assert len(town.rows("cases")) == 3


def test_thanks_with_a_report_is_a_report(town: Town) -> None:
    for text in ("谢谢小李，上次的灯修好了，但是2号楼又停水了", "感谢社区，请再派人看看化粪池"):
        assert town.say("李秀英", text).startswith("收到，编号 "), text
    assert [row["kind"] for row in town.rows("cases")] == ["report", "report"]


def test_a_suggestion_is_declined_once_and_with_a_reason(town: Town) -> None:
    town.say("李秀英", "建议在村口装一个路灯")
    assert town.say("徐慧敏", "不采纳 1001").startswith("请写明打算或理由")
    assert town.say("徐慧敏", "不采纳 1001 。").startswith("请写明打算或理由")
    assert town.say("徐慧敏", "不采纳 1001 今年没有这笔预算") == "建议 1001 不采纳，理由会告诉建议人。"
    assert "今年没有这笔预算" in town.told()[-1]
    assert town.say("徐慧敏", "采纳 1001 下月装") == "事件 1001 现在是“已结案”，不能这样操作。"


def test_a_complaint_about_departments_goes_one_level_up(town: Town) -> None:
    assert town.say("李秀英", "城管和社区互相踢皮球，投诉了三次没人管").startswith("收到您的投诉，编号 1001")
    assert [(row["kind"], row["grid"]) for row in town.rows("cases")] == [("complaint", "QH-XF")]


def test_two_people_take_apart_only_their_own_matters_and_twice_changes_nothing(town: Town) -> None:
    said = "1、三号楼路灯不亮 2、小区垃圾没人清运"
    town.say("李秀英", said)
    assert town.say("王小满", "分开") == "10 分钟内没有一次说了几件事的上报，不用分开。"
    town.say("王小满", said)
    answers: list[str] = []
    both = [
        threading.Thread(target=lambda name=name: answers.append(town.say(name, "分开")))
        for name in ("李秀英", "王小满", "李秀英", "王小满")
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    done = [answer.startswith("已分成 2 件") for answer in answers]
    assert (sorted(done), len(town.rows("cases"))) == ([False, False, True, True], 4)


def test_an_emergency_shows_why_it_is_one(town: Town) -> None:
    town.say("李秀英", "2号楼着火了，快来人")
    told = town.say("徐慧敏", "依据 1001")
    assert re.search(r"\n紧急（119）：.*火（着火了） \+20", told), told
    town.say("李秀英", "3号楼路灯坏了")
    assert "紧急" not in town.say("徐慧敏", "依据 1002")


def test_an_id_number_is_kept_nowhere_and_the_person_warned(town: Town) -> None:
    assert town.say("李秀英", f"井盖破了，我的身份证{ID}").endswith(ID_REMOVED)
    town.say("何春梅", f"办结 1001 已联系{ID}")
    assert ID not in repr([town.rows("cases"), town.rows("notices"), town.say("李秀英", "查询 1001")])


def test_rules_reload_under_load_and_a_bad_file_is_refused(make_town: MakeTown, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    town = make_town(rules)
    file, first = rules / "answers.toml", town.house.county.rules.revision
    good = file.read_text(encoding="utf-8")
    answers: list[str] = []
    writers = [
        threading.Thread(target=lambda: answers.extend(town.say("李秀英", "路灯坏了") for _ in range(10)))
        for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for text in (
        good + "\n# one\n",
        "[[answer]]\n",
        good + "\n# two, longer\n",
        "[[",
        good + "\n# the last one\n",
    ):
        file.write_text(text, encoding="utf-8")
        town.house.refresh()
        error = town.house.county.rules_error
        assert error.startswith("answers.toml") is not text.startswith(good)
        assert error == "" or error in town.say("顾晓宁", "待办")
    for writer in writers:
        writer.join()
    assert [answer for answer in answers if not answer.startswith("收到，编号 ")] == []
    assert (len(answers), len(town.rows("cases"))) == (40, 40)
    assert town.house.county.rules.revision != first
