"""An answer that says nothing waits for a person before the reporter hears it; nothing is blocked."""

from tests.town import DAY, HOUR, Town

HINT = (
    "\n答复只有套话，没有说做了什么、结果怎样。先不发给上报人：改写请发“{again} 1001 新的说明”，"
    "不用改请发“照发 1001”，24 小时后自动发出。"
)
EMPTY_WORDS = "办结 1001 已处理"


def test_a_mere_formula_is_held_and_a_better_answer_goes_out(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    answer = town.say("何春梅", EMPTY_WORDS)
    assert answer == "事件 1001 已办结，等村(社区)核查。" + HINT.format(again="办结")
    assert (town.case(1001)["state"], town.told()) == ("resolved", []), "nothing is blocked, nothing is sent"
    assert town.heard("QH-XF")[-1].splitlines()[0] == "【答复待核 1001】市政设施"
    assert "已处理" not in town.say("李秀英", "查询 1001"), "nor shown to the reporter"
    assert "答复待发（答复像套话）：已处理" in town.say("徐慧敏", "查询 1001").splitlines()
    assert town.say("徐慧敏", "待办") == (
        "待核查 1 件\n【待核查】\n1001 市政设施·待核查：3号楼门口的井盖破了（答复像套话，还没发）\n"
        "【答复待发】\n1001 市政设施·待核查：3号楼门口的井盖破了（答复像套话，还没发）"
    )
    assert town.say("徐慧敏", "办结 1001 换了新井盖") == "事件 1001 现在是“待核查”，不能这样操作。"
    assert town.say("何春梅", "办结 1001 已落实整改").startswith("事件 1001 的答复已改写。\n答复只有套话")
    assert town.say("何春梅", "办结 1001 换了新井盖") == "事件 1001 的答复已改写。"
    assert [text.splitlines()[1] for text in town.told()] == ["结果：换了新井盖"]
    assert town.say("何春梅", "办结 1001 换了新井盖") == "事件 1001 现在是“待核查”，不能这样操作。"
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 核查通过。"
    assert len(town.told()) == 1


def test_the_checker_lets_it_go_by_passing_it_or_keeps_it_by_failing_it(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    town.say("何春梅", EMPTY_WORDS)
    town.say("徐慧敏", "核查 1001 不通过 没说怎么修的")
    assert (town.told(), town.say("何春梅", "照发 1001")) == ([], "事件 1001 没有待发的答复。")
    town.say("何春梅", EMPTY_WORDS)
    town.say("徐慧敏", "核查 1001 通过")
    assert [text.splitlines()[:2] for text in town.told()] == [
        ["您反映的事件 1001（市政设施）有了处理结果。", "结果：已处理"]
    ]
    assert "答复：已处理" in town.say("李秀英", "查询 1001")


def test_who_wrote_it_may_send_it_as_it_is_once(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    town.say("顾晓宁", "派单 1001 周建国")
    town.say("周建国", EMPTY_WORDS)
    assert town.say("何春梅", "照发 1001") == "事件 1001 的答复不是您写的。"
    assert town.say("陶春生", "照发 1001") == "没有查到您能看的事件 1001，请核对编号。"
    assert town.say("周建国", "照发 1001") == "事件 1001 的答复已发给上报人。"
    assert town.say("徐慧敏", "照发 1001") == "事件 1001 没有待发的答复。"
    assert len(town.told()) == 1


def test_nobody_waits_longer_than_a_day(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    town.say("何春梅", EMPTY_WORDS)
    town.later(DAY - HOUR)
    town.run_jobs()
    assert town.told() == []
    town.later(HOUR + 601)
    town.run_jobs()
    town.later(600)
    town.run_jobs()
    assert [text.splitlines()[1] for text in town.told()] == ["结果：已处理"]


def test_a_reason_that_says_nothing_is_held_as_well(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    answer = town.say("何春梅", "不属实 1001 情况已了解")
    assert answer == "事件 1001 已记为不属实。" + HINT.format(again="不属实")
    assert (town.case(1001)["state"], town.told()) == ("rejected", [])
    assert "【答复待发】\n1001 市政设施·不属实：" in town.say("徐慧敏", "待办")
    assert town.say("何春梅", "不属实 1001 现场三个井盖都完好") == "事件 1001 的理由已改写。"
    assert [text.splitlines()[1] for text in town.told()] == ["理由：现场三个井盖都完好"]
    assert town.say("何春梅", "不属实 1001 现场三个井盖都完好") == (
        "事件 1001 现在是“不属实”，不能这样操作。"
    )


def test_an_answer_to_another_question_is_flagged(town: Town) -> None:
    town.say("李秀英", "3号楼门口的井盖破了")
    answer = town.say("何春梅", "办结 1001 孩子入学请带户口本到学校报名")
    assert answer.splitlines()[1].startswith("答复说的好像是另一件事，请核对是否答非所问。")


def test_what_one_settled_oneself_is_one_text_and_cannot_be_off_topic(town: Town) -> None:
    assert town.say("何春梅", "自办 清理了3号楼楼道的杂物") == "已登记自办事件 1001，等村(社区)核查。"
    assert town.say("何春梅", "自办 已处理").splitlines()[1].startswith("答复只有套话")
