"""A case from the first word to the end: who is told, who may do what, and each way it can go wrong."""

from tests.town import Town


def test_a_broken_manhole_cover_goes_the_whole_road(town: Town) -> None:
    answer = town.say("李秀英", "3号楼前面的井盖破了")
    assert answer.splitlines()[0] == "收到，编号 1001，类别：市政设施。"
    assert town.heard("QH-XF") == [
        "【新事件 1001】市政设施\n地点：青河镇幸福社区第二网格\n内容：3号楼前面的井盖破了\n"
        "请网格员签收：签收 1001\n时限：11月26日 09:00"
    ]
    assert town.say("顾晓宁", "派单 1001 何春梅").startswith("事件 1001 已派给何春梅")
    assert town.say("何春梅", "签收 1001") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"
    assert town.say("何春梅", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.points("李秀英") == 10
    assert town.say("何春梅", "办结 1001 已换新井盖") == "事件 1001 已办结，等村(社区)核查。"
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 核查通过。"
    assert town.say("顾晓宁", "结案 1001") == "事件 1001 已结案。"
    assert town.case(1001)["state"] == "closed"
    assert town.say("李秀英", "兑换 肥皂 1").startswith("已兑换肥皂 1 块，用 10 分。\n取货码：")
    assert town.say("李秀英", "积分") == "您现有 0 分。另有 10 分已换商品，等待领取。"
    assert town.drift() == []
