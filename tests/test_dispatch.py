"""派单: to a person, a unit, a department; 待办 and 我的: what waits for whom."""

import pytest

from handlers.import_registry import import_registry
from tests.town import DAY, NOW, Town


def dispatched(town: Town, text: str, who: str = "顾晓宁") -> str:
    return town.say(who, text)


def test_to_a_person_of_the_area_who_then_may_act_outside_the_own_grid(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    assert dispatched(town, "派单 1001 周建国") == "事件 1001 已派给周建国，11月26日 09:00前办结。"
    assert town.heard("QH-XF")[1] == (
        "【派单 1001】市政设施\n地点：青河镇幸福社区第二网格\n内容：井盖破了\n"
        "承办：周建国\n时限：11月26日 09:00"
    )
    assert town.say("何春梅", "签收 1001") == "事件 1001 没有派给您。"
    assert town.say("周建国", "签收 1001") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"
    assert town.say("周建国", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.say("周建国", "办结 1001 已换") == "事件 1001 已办结，等村(社区)核查。"


def test_to_a_unit_whose_people_may_take_it(town: Town) -> None:
    town.say("o-stranger", "路灯坏了")
    assert dispatched(town, "派单 1001 青河镇", "秦颖") == "事件 1001 已派给青河镇，11月26日 09:00前办结。"
    assert town.heard("AH-QH") == [
        "【派单 1001】市政设施\n地点：青河镇\n内容：路灯坏了\n承办：青河镇\n时限：11月26日 09:00"
    ]
    assert dispatched(town, "派单 1001 给 桃花村三组") == "事件 1001 已派给桃花村三组，11月26日 09:00前办结。"
    assert town.case(1001)["grid"] == "QH-TH-3"
    assert town.say("萧立春", "签收1001") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"
    assert dispatched(town, "派单 1001 QH-TH-2") == "事件 1001 已派给桃花村二组，11月26日 09:00前办结。"
    assert town.say("曾巧云", "签收 1001") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"


def test_to_a_department_whose_liaison_settles_it(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    assert dispatched(town, "派单 1001 市政管理所") == "事件 1001 已派给市政管理所，11月26日 09:00前办结。"
    assert [text.splitlines()[-1] for text in town.heard("AH-QH")] == ["时限：11月26日 09:00"]
    assert town.heard("AH-QH")[0].splitlines()[3] == "请签收：签收 1001"
    assert town.say("何春梅", "签收 1001") == "事件 1001 没有派给您。"
    assert town.say("江卫平", "签收 1001") == "没有查到您能看的事件 1001，请核对编号。"
    assert town.say("章建华", "我的") == "【要办的】\n1001 市政设施·已派单：井盖破了"
    assert town.say("章建华", "签收 1001") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"
    assert town.say("章建华", "属实 1001").startswith("收到，编号 1002"), "a liaison judges no report"
    assert town.say("何春梅", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.say("章建华", "办结 1001 已换") == "事件 1001 已办结，等村(社区)核查。"
    assert town.say("徐慧敏", "核查 1001 不通过 还在响") == "事件 1001 核查未通过，已退回办理人。"
    assert town.heard("AH-QH")[-1] == (
        "【核查未通过 1001】市政设施\n地点：青河镇幸福社区第二网格\n原因：还在响\n请重新处理"
    )
    assert town.say("章建华", "办结 1001 已加胶垫") == "事件 1001 已办结，等村(社区)核查。"
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 核查通过。"


def test_a_village_dispatches_within_itself(town: Town) -> None:
    town.say("o-stranger", "幸福社区的路灯坏了")
    assert town.say("徐慧敏", "派单 1001 市政管理所") == (
        "辖区里没有叫“市政管理所”的部门、网格、村或网格员。"
    )
    assert town.say("徐慧敏", "派单 1001 桃花村一组") == (
        "辖区里没有叫“桃花村一组”的部门、网格、村或网格员。"
    )
    assert town.say("徐慧敏", "派单 1001 林小芸") == "事件 1001 已派给林小芸，11月26日 09:00前办结。"
    assert town.case(1001)["grid"] == "QH-XF-4", "a person takes the case down to the own grid"


def test_nobody_and_nothing_of_that_name(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    for target in ("张三丰", "李秀英", "程江月", "柳湾镇", "AH-LW"):
        assert dispatched(town, f"派单 1001 {target}") == (
            f"辖区里没有叫“{target}”的部门、网格、村或网格员。"
        ), target
    assert dispatched(town, "派单 1001") == "请写派给谁，例如：派单 1001 派出所。"
    assert dispatched(town, "派单") == "请这样发：派单 编号 对象（派给部门、网格、村或某个人）"
    assert town.case(1001)["state"] == "opened"


def test_of_two_of_one_name_the_nearer_is_meant_else_it_is_asked(town: Town) -> None:
    twins = {
        "grids.csv": "code,name,level\n",
        "people.csv": "name,phone,role,grid_code\n"
        "王强,1,worker,QH-XF-1\n王强,2,worker,QH-XM-1\n赵亮,3,worker,QH-XF-1\n赵亮,4,worker,QH-XF-3\n",
    }
    with pytest.raises(Exception, match="phone"):
        town.db.write(lambda tx: import_registry(tx, twins, secret=b"", now=NOW))
    for short, long in ((",1,", ",13900000001,"), (",2,", ",13900000002,"), (",3,", ",13900000003,")):
        twins["people.csv"] = twins["people.csv"].replace(short, long)
    twins["people.csv"] = twins["people.csv"].replace(",4,", ",13900000004,")
    town.db.write(lambda tx: import_registry(tx, twins, secret=b"", now=NOW))
    town.house.refresh()
    town.say("o-stranger", "幸福社区的路灯坏了")
    assert dispatched(town, "派单 1001 赵亮") == "“赵亮”不止一个，请写编码，或写全名。"
    assert dispatched(town, "派单 1001 王强") == "事件 1001 已派给王强，11月26日 09:00前办结。"
    assert town.case(1001)["grid"] == "QH-XF-1"


def test_the_pile_of_a_dispatcher(town: Town) -> None:
    assert town.say("顾晓宁", "待办") == "没有待办，都处理完了。"
    town.say("李秀英", "井盖破了，电话13800000001")
    town.say("o-stranger", "青河镇的路灯坏了")
    town.say("何春梅", "办结 1001 已换")
    assert town.say("顾晓宁", "待办") == (
        "待派单 1 件；待核查 1 件\n【待分拣】\n1002 市政设施·待派单：青河镇的路灯坏了\n"
        "【待核查】\n1001 市政设施·待核查：井盖破了，电话138****0001"
    )
    town.say("徐慧敏", "核查 1001 通过")
    town.later(4 * DAY)
    assert town.say("顾晓宁", "待办") == (
        "待派单 1 件；待结案 1 件\n【待分拣】\n1002 市政设施·待派单：青河镇的路灯坏了\n"
        "【待结案】\n1001 市政设施·待结案：井盖破了，电话138****0001\n"
        "【已超时】\n1002 市政设施·待派单：青河镇的路灯坏了"
    )
    assert town.say("陶春生", "待办") == "没有待办，都处理完了。"


def test_what_waits_for_whom(town: Town) -> None:
    assert town.say("李秀英", "我的") == "您还没有任务，也没有反映过问题。"
    town.say("李秀英", "井盖破了")
    town.say("o-stranger", "幸福社区的路灯坏了")
    assert town.say("李秀英", "我的") == "【我反映的】\n1001 市政设施·待派单：井盖破了"
    assert town.say("何春梅", "我的") == "【要办的】\n1001 市政设施·待派单：井盖破了"
    assert town.say("徐慧敏", "我的") == "【要办的】\n1002 市政设施·待派单：幸福社区的路灯坏了"
    town.say("顾晓宁", "派单 1001 周建国")
    assert town.say("何春梅", "我的") == "您还没有任务，也没有反映过问题。"
    assert town.say("周建国", "我的任务") == "【要办的】\n1001 市政设施·已派单：井盖破了"


def test_a_grid_worker_sees_and_takes_what_lies_in_the_micro_grids(town: Town) -> None:
    town.say("赵爱莲", "桃花村三组村口片的井盖破了")
    answer = "【要办的】\n1001 市政设施·待派单：桃花村三组村口片的井盖破了"
    assert town.say("萧立春", "我的") == answer
    assert town.say("钟秀兰", "我的") == answer
    assert town.say("卢水生", "我的") == "您还没有任务，也没有反映过问题。"
