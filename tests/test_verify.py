"""属实 and 不属实: nobody gives himself points; 核查 and 结案: nobody checks himself."""

from tests.town import Town

SELF = "不能核实自己上报的事件，请由别人核实。"


def test_a_true_report_earns_its_points_once(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    assert town.say("何春梅", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.say("何春梅", "属实 1001") == "事件 1001 已经核实过了。"
    assert town.say("徐慧敏", "属实 1001") == "事件 1001 已经核实过了。"
    assert town.points("李秀英") == 10
    assert town.told() == ["您反映的事件 1001 已核实属实，感谢您。发“积分”可以查看积分。"]
    assert town.drift() == []


def test_any_time_before_resolving_and_not_after(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    town.say("何春梅", "办结 1001 已换")
    assert town.say("徐慧敏", "属实 1001") == "事件 1001 现在是“待核查”，不能这样操作。"
    town.say("徐慧敏", "核查 1001 不通过")
    assert town.say("徐慧敏", "属实 1001") == "事件 1001 属实，已给上报人记积分。"


def test_an_untrue_report_is_rejected_and_its_reporter_is_told_why(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    assert town.say("何春梅", "不属实 1001") == "请写明理由，例如：不属实 1001 现场井盖完好。"
    assert town.say("何春梅", "不属实 1001，井盖完好，已电话13800000001说明") == (
        "事件 1001 已记为不属实，理由会告诉上报人。"
    )
    assert town.told() == [
        "您反映的事件 1001 经核实不属实。\n理由：井盖完好，已电话138****0001说明\n"
        "如有异议，请补充情况后再次反映。"
    ]
    assert town.say("何春梅", "不属实 1001 完好") == "事件 1001 现在是“不属实”，不能这样操作。"
    assert (town.case(1001)["state"], town.points("李秀英")) == ("rejected", 0)
    assert town.say("李秀英", "查询 1001").splitlines()[-1] == (
        "11月23日 09:00 核实不属实：井盖完好，已电话138****0001说明"
    )


def test_what_was_confirmed_cannot_be_called_untrue(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    town.say("何春梅", "属实 1001")
    assert town.say("徐慧敏", "不属实 1001 没有破") == "事件 1001 已核实属实，不能再改为不属实。"


def test_nobody_confirms_the_own_report(town: Town) -> None:
    town.say("何春梅", "井盖破了")
    town.say("何春梅", "代报 李奶奶 13900002222 路灯坏了")
    town.say("徐慧敏", "代报 何春梅 13800000012 电线断了")
    assert town.say("何春梅", "属实 1001") == SELF
    assert town.say("何春梅", "属实 1002") == SELF
    assert town.say("何春梅", "不属实 1002 没坏") == SELF
    assert town.say("徐慧敏", "属实 1003") == SELF
    assert town.say("徐慧敏", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.points("何春梅") == 10


def test_not_even_from_another_account_of_the_same_person(town: Town) -> None:
    """何春梅 reports by @bot in the group and confirms in the official account: one person."""
    town.say_in_group("何春梅", "井盖破了")
    assert town.say("何春梅", "属实 1001") == SELF


def test_only_worker_or_village_of_the_area_judge(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    for who in ("李秀英", "顾晓宁", "陆长安", "戴满仓", "夏知秋"):
        assert town.say(who, "属实 1001").startswith("收到，编号 "), who
    assert town.say("周建国", "属实 1001") == "没有查到您能看的事件 1001，请核对编号。"
    assert town.points("李秀英") == 0


def test_a_case_that_fails_the_check_goes_back_to_who_handled_it(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    town.say("何春梅", "办结 1001 已换")
    assert town.say("徐慧敏", "核查 1001 不通过 井盖还在响") == "事件 1001 核查未通过，已退回办理人。"
    assert town.heard("QH-XF")[-1] == (
        "【核查未通过 1001】市政设施\n地点：青河镇幸福社区第二网格\n原因：井盖还在响\n请重新处理"
    )
    assert town.say("何春梅", "我的") == "【要办的】\n1001 市政设施·办理中：井盖破了"
    case = town.case(1001)
    assert (case["state"], case["resolved_at"]) == ("signed", None)
    assert town.say("何春梅", "办结 1001 加了胶垫") == "事件 1001 已办结，等村(社区)核查。"


def test_only_village_or_town_of_the_area_check(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    town.say("周建国", "核查 1001 通过")
    town.say("何春梅", "办结 1001 已换")
    assert town.say("何春梅", "核查 1001 通过").startswith("收到，编号 ")
    assert town.say("陶春生", "核查 1001 通过") == "没有查到您能看的事件 1001，请核对编号。"
    assert town.say("顾晓宁", "核查 1001 通过") == "事件 1001 核查通过。"
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 现在是“待结案”，不能这样操作。"


def test_only_a_dispatcher_closes(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    town.say("何春梅", "办结 1001 已换")
    town.say("徐慧敏", "核查 1001 通过")
    assert town.say("徐慧敏", "结案 1001").startswith("收到，编号 ")
    assert town.say("秦颖", "结案 1001") == "事件 1001 已结案。"
    assert town.case(1001)["closed_at"] == town.now
