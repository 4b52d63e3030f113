"""A case from the first word to the end: who is told, who may do what, and each way it can go wrong."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from handlers.message import Message
from store import journal
from tests.town import Town, openid

CHANGED = "刚刚有人先处理了，请重新查询后再试。"
STATES = ("opened", "dispatched", "signed", "resolved", "verified", "closed", "rejected")
CALLED = {
    "opened": "待派单",
    "dispatched": "已派单",
    "signed": "办理中",
    "resolved": "待核查",
    "verified": "待结案",
    "closed": "已结案",
    "rejected": "不属实",
}


def lines(town: Town, number: int = 1001) -> list[tuple[str, str, str, str, str]]:
    """The journal of a case: fact, from, to, note, actor."""
    with town.db.read() as tx:
        found = journal.of_case(tx, number)
    return [(line.fact, line.from_state, line.to_state, line.note, line.actor) for line in found]


def bring(town: Town, state: str) -> None:
    """Open case 1001 in the grid of 何春梅 and bring it to this state."""
    town.say("李秀英", "井盖破了")
    if state == "rejected":
        town.say("何春梅", "不属实 1001 井盖完好")
        return
    steps = {
        "dispatched": ("顾晓宁", "派单 1001 何春梅"),
        "signed": ("何春梅", "签收 1001"),
        "resolved": ("何春梅", "办结 1001 已换"),
        "verified": ("徐慧敏", "核查 1001 通过"),
        "closed": ("顾晓宁", "结案 1001"),
    }
    for name in STATES[1 : STATES.index(state) + 1]:
        town.say(*steps[name])
    assert town.case(1001)["state"] == state


def test_a_broken_manhole_cover_goes_the_whole_road(town: Town) -> None:
    answer = town.say("李秀英", "3号楼前面的井盖破了")
    assert answer.splitlines()[0] == "收到，编号 1001，类别：市政设施。"
    assert town.heard("QH-XF") == [
        "【新事件 1001】市政设施\n地点：青河镇幸福社区第二网格\n内容：3号楼前面的井盖破了\n"
        "请网格员签收：签收 1001\n时限：11月26日 09:00"
    ]
    assert town.say("顾晓宁", "派单 1001 何春梅") == "事件 1001 已派给何春梅，11月26日 09:00前办结。"
    assert town.say("何春梅", "签收 1001") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"
    assert town.say("何春梅", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.points("李秀英") == 10
    assert town.say("何春梅", "办结 1001 已换新井盖") == "事件 1001 已办结，等村(社区)核查。"
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 核查通过。"
    assert town.say("顾晓宁", "结案 1001") == "事件 1001 已结案。"
    assert town.case(1001)["state"] == "closed"
    assert lines(town) == [
        ("case.opened", "", "opened", "", "李秀英"),
        ("case.dispatched", "opened", "dispatched", "何春梅", "顾晓宁"),
        ("case.signed", "dispatched", "signed", "", "何春梅"),
        ("case.confirmed", "signed", "signed", "", "何春梅"),
        ("case.resolved", "signed", "resolved", "已换新井盖", "何春梅"),
        ("case.verified", "resolved", "verified", "", "徐慧敏"),
        ("case.closed", "verified", "closed", "", "顾晓宁"),
    ]
    assert [text.splitlines()[0] for text in town.told()] == [
        "您反映的事件 1001 已核实属实，感谢您。发“积分”可以查看积分。",
        "您反映的事件 1001（市政设施）已办结。",
        "您反映的事件 1001 已结案，感谢您的参与。",
    ]
    assert town.say("李秀英", "查询 1001") == (
        "事件 1001：已结案\n类别：市政设施　时限：11月26日 09:00\n地点：青河镇幸福社区第二网格\n"
        "11月23日 09:00 已派单\n11月23日 09:00 已签收，正在办理\n11月23日 09:00 核实属实\n"
        "11月23日 09:00 已办结：已换新井盖\n11月23日 09:00 核查通过\n11月23日 09:00 已结案"
    )
    assert town.say("李秀英", "兑换 肥皂 1").startswith("已兑换肥皂 1 块，用 10 分。\n取货码：")
    assert town.say("李秀英", "积分") == "您现有 0 分。另有 10 分已换商品，等待领取。"
    assert town.drift() == []


def test_each_step_is_refused_from_each_state_that_does_not_lead_to_it(town: Town) -> None:
    """Every illegal step, tried by somebody who may take the legal one."""
    may_follow = {
        "派单 1001 第二网格": ("opened", "dispatched", "signed"),
        "派单 1001 QH-XF-2": ("opened", "dispatched", "signed"),
        "签收 1001": ("opened", "dispatched"),
        "办结 1001 已换": ("opened", "dispatched", "signed"),
        "属实 1001": ("opened", "dispatched", "signed"),
        "不属实 1001 完好": ("opened", "dispatched", "signed"),
        "核查 1001 通过": ("resolved",),
        "核查 1001 不通过": ("resolved",),
        "结案 1001": ("verified",),
    }
    speakers = {"派单": "顾晓宁", "核查": "徐慧敏", "结案": "顾晓宁"}
    for number, state in enumerate(STATES, 1001):
        _bring_next(town, number, state)
        for text, states in may_follow.items():
            if state not in states:
                said = text.replace("1001", str(number))
                answer = town.say(speakers.get(text[:2], "何春梅"), said)
                expected = f"事件 {number} 现在是“{CALLED[state]}”，不能这样操作。"
                if said == f"签收 {number}" and state == "signed":
                    expected = f"事件 {number} 您已经签收了。"
                assert answer == expected, (state, said)
        assert town.case(number)["state"] == state


def _bring_next(town: Town, number: int, state: str) -> None:
    town.say("李秀英", "井盖破了")
    steps = [
        ("顾晓宁", f"派单 {number} 何春梅"),
        ("何春梅", f"签收 {number}"),
        ("何春梅", f"办结 {number} 已换"),
        ("徐慧敏", f"核查 {number} 通过"),
        ("顾晓宁", f"结案 {number}"),
    ]
    rejected = [("何春梅", f"不属实 {number} 井盖完好")]
    for who, said in rejected if state == "rejected" else steps[: STATES.index(state)]:
        town.say(who, said)


def test_nobody_outside_the_area_moves_a_case(town: Town) -> None:
    """Workers, staff and dispatchers of elsewhere get what a stranger gets: not even that it exists."""
    bring(town, "opened")
    unknown = "没有查到您能看的事件 1001，请核对编号。"
    for who, text in (
        ("周建国", "签收 1001"),
        ("周建国", "属实 1001"),
        ("周建国", "不属实 1001 没有"),
        ("周建国", "办结 1001 已换"),
        ("陶春生", "派单 1001 彭桃生"),
        ("陶春生", "核查 1001 通过"),
        ("江卫平", "签收 1001"),
        ("钟秀兰", "签收 1001"),
    ):
        assert town.say(who, text) == unknown, (who, text)
    assert (town.case(1001)["state"], len(lines(town))) == ("opened", 1)


def test_a_reporter_with_a_role_elsewhere_may_look_but_not_act(town: Town) -> None:
    """周建国 reports in 何春梅's grid by her QR: he sees the case, and may not judge, take or check it."""
    town.scan("周建国", "QH-TH-2")
    town.say("周建国", "井盖破了")
    assert town.say("周建国", "查询 1001").splitlines()[0] == "事件 1001：待派单"
    assert town.say("周建国", "签收 1001") == "事件 1001 没有派给您。"
    assert town.say("周建国", "属实 1001") == "事件 1001 不在您的辖区。"
    assert town.say("周建国", "办结 1001 好了") == "事件 1001 没有派给您。"


def test_two_workers_sign_at_once_and_one_wins(town: Town) -> None:
    """桃花村三组 has a worker and micro-grid leaders; both reach for the same case."""
    town.say("赵爱莲", "桃花村三组村口片的井盖破了")
    for number in range(1001, 1006):
        if number > 1001:
            town.say("赵爱莲", "桃花村三组村口片的井盖破了")
        barrier = Barrier(2)

        def sign(who: str, number: int = number, barrier: Barrier = barrier) -> str:
            message = Message(f"{who}{number}", "official", openid(who), "text", f"签收 {number}")
            barrier.wait()
            return asyncio.run(town.house.receive(message)).text

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(sign, ("萧立春", "钟秀兰")))
        doubled = ["case.doubled"] if number > 1001 else []
        signed = f"事件 {number} 已签收，办好后发：办结 {number} 怎么处理的。"
        late = f"事件 {number} 现在是“办理中”，不能这样操作。"
        assert answers.count(signed) == 1, answers
        assert set(answers) <= {signed, late, CHANGED}
        assert [line[0] for line in lines(town, number)] == ["case.opened", *doubled, "case.signed"]


def test_whoever_signed_alone_resolves(town: Town) -> None:
    town.say("赵爱莲", "桃花村三组村口片的井盖破了")
    town.say("钟秀兰", "签收 1001")
    assert town.say("萧立春", "办结 1001 好了") == "事件 1001 没有派给您。"
    assert town.say("陶春生", "办结 1001 好了") == "事件 1001 没有派给您。"
    assert town.say("钟秀兰", "办结 1001 换好了") == "事件 1001 已办结，等村(社区)核查。"


def test_signing_twice_is_said_so(town: Town) -> None:
    bring(town, "signed")
    assert town.say("何春梅", "签收 1001") == "事件 1001 您已经签收了。"


def test_resolving_without_signing_signs_too(town: Town) -> None:
    bring(town, "opened")
    assert town.say("何春梅", "办结 1001 已换新井盖。") == "事件 1001 已办结，等村(社区)核查。"
    assert lines(town)[1:] == [
        ("case.signed", "opened", "signed", "", "何春梅"),
        ("case.resolved", "signed", "resolved", "已换新井盖", "何春梅"),
    ]


def test_resolving_needs_a_word_on_how(town: Town) -> None:
    bring(town, "signed")
    for text in ("办结 1001", "办结1001。", "办结 1001 ，"):
        assert town.say("何春梅", text) == "请写明怎么处理的，例如：办结 1001 已换新井盖。", text


def test_a_matter_settled_by_oneself_is_opened_signed_and_resolved_in_one_step(town: Town) -> None:
    answer = town.say("何春梅", "自办：清理了3号楼的小广告，")
    assert answer == "已登记自办事件 1001，等村(社区)核查。"
    assert lines(town) == [
        ("case.opened", "", "opened", "自办", "何春梅"),
        ("case.signed", "opened", "signed", "", "何春梅"),
        ("case.resolved", "signed", "resolved", "清理了3号楼的小广告，", "何春梅"),
    ]
    assert [text.splitlines()[0] for text in town.heard("QH-XF")] == ["【已办结 1001】城市管理"]
    assert town.say("徐慧敏", "核查 1001 通过") == "事件 1001 核查通过。"
    assert town.points("何春梅") == 0


def test_nobody_checks_what_he_settled(town: Town) -> None:
    town.say("徐慧敏", "自办 调解了邻居吵架")
    assert town.say("徐慧敏", "核查 1001 通过") == "不能核查自己办结的事件，请由别人核查。"
    assert town.say("顾晓宁", "核查 1001 通过") == "事件 1001 核查通过。"


def test_commands_are_understood_however_they_are_written(town: Town) -> None:
    bring(town, "opened")
    assert town.say("何春梅", "簽收 １００１！") == "事件 1001 已签收，办好后发：办结 1001 怎么处理的。"
    assert town.say("何春梅", "属实1001号") == "事件 1001 属实，已给上报人记积分。"
    assert town.say("何春梅", "办结：1001号事件，已换新井盖") == "事件 1001 已办结，等村(社区)核查。"
    assert lines(town)[-1][3] == "已换新井盖"
    assert town.say_in_group("徐慧敏", "核查1001不通过，井盖松动") == "事件 1001 核查未通过，已退回办理人。"
    assert town.say("何春梅", "办结 1001 加固") == "事件 1001 已办结，等村(社区)核查。"
    assert town.say("徐慧敏", "核查 1001 合格") == "事件 1001 核查通过。"
    assert town.say_in_group("顾晓宁", "结案 #1001", "wr-AH-QH") == "事件 1001 已结案。"


def test_numbers_that_are_none(town: Town) -> None:
    assert town.say("何春梅", "签收 0") == "没有查到您能看的事件 0，请核对编号。"
    assert town.say("何春梅", "签收 999999999999999999") == (
        "没有查到您能看的事件 999999999999999999，请核对编号。"
    )
    assert town.say("何春梅", "签收 00001001") == "没有查到您能看的事件 1001，请核对编号。"
