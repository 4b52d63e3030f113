"""上报: whatever a resident says becomes a case at once, in the right place, and only once."""

import pytest

from handlers import report
from handlers.ctx import Refused
from handlers.import_registry import import_registry
from handlers.message import Message
from handlers.report import Form, Receipt
from tests.town import DAY, HOUR, NOW, Town

MINUTE = 60
GREETED = "您好！直接说哪里有什么问题就行，例如：幸福社区3号楼井盖破了。发“帮助”看还能做什么。"
THANKED = "不客气！有问题随时告诉我，发“查询 编号”可以看进度。"


def unit(town: Town, number: int = 1001) -> str:
    return str(town.case(number)["grid"])


def numbers(town: Town) -> list[int]:
    return [row["number"] for row in town.rows("cases")]


REPORTS = (
    "我妈的养老社保手续多久才办得下来？",
    "感谢帮忙解决拖欠的工钱，剩余一万多元也希望讨回",
    "积分怎么换不了大米？",
    "查询一下我的低保",
    "兑换的东西质量太差了",
    "兑换的东西坏了3个",
    "帮助一下老人",
    "请假条怎么开",
    "平安超市几点开门都没人",
    "平安大道路灯坏了",
    "一切正常吗",
    "领取养老金要什么材料",
    "绑定手机号怎么弄",
    "商品质量太差",
    "待办的事项在哪里看",
    "明细账什么时候公开",
    "取消兑换活动了吗",
    "查1栋楼道的灯",
    "我的任务完成了吗？有人管吗",
    "属实吗",
)


def test_what_only_begins_like_a_command_is_a_report(town: Town) -> None:
    for text in REPORTS:
        assert town.say("李秀英", text).splitlines()[0].startswith("收到，编号 "), text
    assert [row["text"] for row in town.rows("cases")] == list(REPORTS)


def test_the_same_texts_are_reports_from_a_worker_and_from_staff(town: Town) -> None:
    for text in REPORTS:
        assert "收到，编号 " in town.say("何春梅", text), text
        assert "收到，编号 " in town.say_in_group("徐慧敏", text), text
    assert len(numbers(town)) == 2 * len(REPORTS)
    assert town.rows("checkins") == []


def test_a_command_of_a_role_the_speaker_has_not_is_a_report(town: Town) -> None:
    for text in (
        "报平安",
        "签收 1001",
        "派单 1001 何春梅",
        "核销 123456",
        "待办",
        "请假 11-24",
        "自办 扫了雪",
    ):
        assert town.say("李秀英", text).startswith("收到，编号 "), text
    assert town.case(1001)["state"] == "opened"


def test_nothing_but_a_greeting_or_thanks_opens_no_case(town: Town) -> None:
    for text in ("你好", "您好！", "在吗？", "有人吗", "😀👍", "[微笑]", "。。。", "", "  "):
        assert town.say("李秀英", text) == GREETED, text
    for text in ("谢谢", "非常感谢！", "辛苦了", "好的，收到", "謝謝"):
        assert town.say("李秀英", text) == THANKED, text
    assert numbers(town) == []


def test_thanks_with_something_left_is_a_report(town: Town) -> None:
    answer = (
        "收到，编号 1001，类别：劳动社保。\n已通知幸福社区第二网格的网格员，11月30日 09:00前答复。\n"
        "发“查询 1001”可看进度。"
    )
    assert town.say("李秀英", "谢谢你们，但是工资还有一万多没有发") == answer


def test_a_bare_command_word_is_told_how_it_is_written(town: Town) -> None:
    assert town.say("李秀英", "查询") == "请这样发：查询 编号（看事件办到哪一步）"
    assert town.say("李秀英", "上报！") == "请这样发：上报 内容（反映一个问题）"
    assert town.say("何春梅", "签收") == "请这样发：签收 编号（接下一件事）"
    assert numbers(town) == []


def test_report_forced_with_the_word_is_a_report_whatever_it_says(town: Town) -> None:
    assert town.say("李秀英", "上报 积分").startswith("收到，编号 1001")
    assert town.say("李秀英", "上报：谢谢").startswith("收到，编号 1002")
    assert [row["text"] for row in town.rows("cases")] == ["积分", "谢谢"]


def test_traditional_characters_are_understood(town: Town) -> None:
    assert town.say("李秀英", "樓道裡的路燈壞了").splitlines()[0] == "收到，编号 1001，类别：市政设施。"
    assert town.case(1001)["text"] == "樓道裡的路燈壞了"


def test_very_long_and_odd_texts_are_kept_as_written(town: Town) -> None:
    odd = "井盖破了]]></Content><MsgType>x</MsgType> {number} %s 'OR 1=1 --"
    assert town.say("李秀英", odd).splitlines()[0] == "收到，编号 1001，类别：市政设施。"
    long = "路灯坏了，" * 2_000
    assert town.say("李秀英", long).splitlines()[0] == "收到，编号 1002，类别：市政设施。"
    assert [row["text"] for row in town.rows("cases")] == [odd, long[:4_000]]
    assert town.heard("QH-XF")[0] == (
        f"【新事件 1001】市政设施\n地点：青河镇幸福社区第二网格\n内容：{odd}\n"
        "请网格员签收：签收 1001\n时限：11月26日 09:00"
    )
    shown = town.heard("QH-XF")[1].splitlines()[2]
    assert shown == "内容：" + long[:119] + "…"


# --- which unit


def test_the_scanned_qr_comes_before_the_own_grid(town: Town) -> None:
    assert town.scan("李秀英", "QH-TH-2") == (
        "您在青河镇桃花村二组。\n请直接说有什么问题，可以发照片，马上给您编号。"
    )
    town.say("李秀英", "幸福社区第三网格的路灯坏了")
    assert unit(town) == "QH-TH-2"


def test_a_scan_holds_for_a_day(town: Town) -> None:
    town.scan("李秀英", "QH-TH-2")
    town.later(DAY + 1)
    town.say("李秀英", "路灯坏了")
    assert unit(town) == "QH-XF-2"


def test_a_qr_that_is_no_unit_changes_nothing(town: Town) -> None:
    assert town.scan("李秀英", "NO-SUCH").startswith("您好，这里是码上办。")
    town.say("李秀英", "路灯坏了")
    assert unit(town) == "QH-XF-2"


def test_the_own_grid_comes_before_the_place_in_the_text(town: Town) -> None:
    town.say("李秀英", "河街社区第三网格的路灯坏了")
    assert unit(town) == "QH-XF-2"


def test_a_micro_grid_named_within_the_own_grid_is_found(town: Town) -> None:
    town.say("赵爱莲", "桃花村三组河沿片的路灯坏了")
    assert unit(town) == "QH-TH-3-2"


PLACES = {
    "幸福社区三网格的路灯坏了": "QH-XF-3",
    "幸福社区的路灯坏了": "QH-XF",
    "青河镇的路灯坏了": "AH-QH",
    "路灯坏了": "AH",
    "柳湾镇月亮湾村2组路灯坏了": "LW-YL-2",
    "桃花村和青石村之间的路灯坏了": "AH-QH",
    "月亮湾村和茶园村的路灯坏了": "AH",
    # Names of places.csv: a compound of one grid, a road through two, a firm in words of its own.
    "锦绣花苑3号楼的路灯坏了": "QH-XF-2",
    "長虹路的路燈壞了": "QH-XF",
    "青河机械厂门口路灯坏了": "QH-XM-1",
    "锦绣花苑和柳塘渡口的路灯坏了": "AH",
}


def test_a_stranger_is_placed_by_the_text_or_by_the_lowest_unit_that_surely_holds_it(town: Town) -> None:
    for number, text in enumerate(PLACES):
        town.say(f"o-stranger-{number}", text)
    assert {row["text"]: row["grid"] for row in town.rows("cases")} == PLACES


def test_somebody_above_the_grids_is_placed_by_the_text_within_the_own_unit(town: Town) -> None:
    town.say("徐慧敏", "路灯坏了")
    town.say("徐慧敏", "第三网格的路灯坏了，在幸福社区第三网格")
    town.say("徐慧敏", "青河镇的路灯坏了")
    assert [row["grid"] for row in town.rows("cases")] == ["QH-XF", "QH-XF-3", "QH-XF"]


def test_two_villages_of_one_name_are_told_apart_by_the_town(town: Town) -> None:
    twins = {
        "grids.csv": "code,name,level,parent_code\nLW-PQ,平桥村,village,AH-LW\nYL-PQ,平桥村,village,AH-YL\n",
        "people.csv": "name,role,grid_code\n",
    }
    town.db.write(lambda tx: import_registry(tx, twins, secret=b"", now=NOW))
    town.house.refresh()
    town.say("o-stranger", "柳湾镇平桥村路灯坏了")
    town.say("o-stranger", "云岭乡平桥村路灯坏了")
    town.say("o-stranger", "平桥村路灯坏了")
    assert [row["grid"] for row in town.rows("cases")] == ["LW-PQ", "YL-PQ", "AH"]


def test_a_place_is_known_from_the_import_that_names_it_on(town: Town) -> None:
    town.say("o-stranger", "老粮站旁边的路灯坏了")
    more = {
        "grids.csv": "code,name,level\n",
        "people.csv": "name,role,grid_code\n",
        "places.csv": "name,unit_code\n老粮站,QH-HJ-2\n",
    }
    town.db.write(lambda tx: import_registry(tx, more, secret=b"", now=NOW))
    town.house.refresh()
    town.say("o-passer-by", "老粮站旁边的路灯坏了")
    assert [row["grid"] for row in town.rows("cases")] == ["AH", "QH-HJ-2"]


# --- the question back


QUESTION = "请问具体在哪里？直接回复村(社区)、网格名或门牌，也可以发位置。"


def test_a_report_from_nowhere_is_asked_once_and_the_answer_moves_it_down(town: Town) -> None:
    assert town.say("o-stranger", "路灯坏了") == (
        "收到，编号 1001，类别：市政设施。\n已转安禾县分拣，11月26日 09:00前答复。\n"
        f"{QUESTION}\n发“查询 1001”可看进度。"
    )
    assert town.heard("AH") == [
        "【待分拣 1001】市政设施\n地点：安禾县\n内容：路灯坏了\n请派单：派单 1001 镇、村或部门"
    ]
    town.later(9 * MINUTE)
    assert town.say("o-stranger", "幸福社区三网格") == (
        "事件 1001 的地点已补充：青河镇幸福社区第三网格（幸福社区三网格）。"
    )
    assert unit(town) == "QH-XF-3"
    assert town.heard("QH-XF") == [
        "【新事件 1001】市政设施\n地点：青河镇幸福社区第三网格（幸福社区三网格）\n内容：路灯坏了\n"
        "请网格员签收：签收 1001\n时限：11月26日 09:00"
    ]
    assert numbers(town) == [1001]


def test_an_answer_in_two_parts_goes_down_step_by_step(town: Town) -> None:
    town.say("o-stranger", "路灯坏了")
    assert town.say("o-stranger", "桃花村") == "事件 1001 的地点已补充：青河镇桃花村（桃花村）。"
    assert town.say("o-stranger", "三组") == "事件 1001 的地点已补充：青河镇桃花村三组（桃花村，三组）。"
    assert town.say("o-stranger", "村口超市旁边") == (
        "事件 1001 的地点已补充：青河镇桃花村三组（桃花村，三组，村口超市旁边）。"
    )
    assert unit(town) == "QH-TH-3"


def test_a_place_whose_name_holds_a_matter_is_still_an_answer(town: Town) -> None:
    town.say("o-stranger", "路灯坏了")
    town.say("o-stranger", "河街农贸市场网格")
    assert (numbers(town), unit(town)) == ([1001], "QH-HJ-4")


LANDMARKS = ("医院对面", "就在学校门口", "3号楼2单元501", "老王饭店旁边那里", "桃花村 三组。")


def test_a_landmark_is_an_answer(town: Town) -> None:
    town.say("o-stranger", "路灯坏了")
    told = {text: town.would_say("o-stranger", text).partition("：")[0] for text in LANDMARKS}
    assert told == dict.fromkeys(LANDMARKS, "事件 1001 的地点已补充")


def test_an_answer_outside_the_unit_of_the_case_does_not_move_it_up(town: Town) -> None:
    town.say("o-stranger", "桃花村的路灯坏了")
    town.say("o-stranger", "青河镇")
    assert unit(town) == "QH-TH"


def test_after_ten_minutes_or_with_a_matter_of_its_own_it_is_a_new_report(town: Town) -> None:
    town.say("o-stranger", "路灯坏了")
    for text in ("桃花村口的井盖破了", "3号楼又漏了", "桃花村三组怎么走"):
        town.say("o-stranger", text)
    town.later(10 * MINUTE + 1)
    town.say("o-stranger", "桃花村三组")
    assert numbers(town) == [1001, 1002, 1003, 1004, 1005]


def test_an_answer_after_the_case_was_rejected_is_a_new_report(town: Town) -> None:
    town.say("o-stranger", "桃花村的路灯坏了")
    town.say("陶春生", "不属实 1001 灯是好的")
    town.say("o-stranger", "桃花村三组")
    assert numbers(town) == [1001, 1002]


def test_a_location_within_ten_minutes_joins_the_report_just_made(town: Town) -> None:
    town.say("o-stranger", "路灯坏了")
    answer = town.send_location("o-stranger", "青河镇桃花村二组文化广场", 32.42, 117.23)
    assert answer == "事件 1001 已补上位置：青河镇桃花村二组（青河镇桃花村二组文化广场）。"
    assert unit(town) == "QH-TH-2"


def test_a_location_ahead_of_the_report_is_used_by_it(town: Town) -> None:
    assert town.send_location("o-stranger", "青河镇桃花村二组文化广场") == "位置收到了，请再说说是什么问题。"
    town.later(10 * MINUTE)
    assert town.say("o-stranger", "路灯坏了") == (
        "收到，编号 1001，类别：市政设施。\n已通知桃花村二组的网格员，11月26日 09:10前答复。\n"
        "发“查询 1001”可看进度。"
    )


def test_a_location_of_eleven_minutes_ago_is_forgotten(town: Town) -> None:
    town.send_location("o-stranger", "青河镇桃花村二组文化广场")
    town.later(10 * MINUTE + 1)
    town.say("o-stranger", "路灯坏了")
    assert unit(town) == "AH"


def test_photos_before_and_after_join_the_report(town: Town) -> None:
    assert town.send_photo("李秀英", "m1") == "照片收到了，请再说说是什么问题、在哪里。"
    town.say("李秀英", "井盖破了")
    assert town.send_photo("李秀英", "m2") == "照片已加到事件 1001。"
    assert town.heard("QH-XF")[1] == (
        "【补充 1001】市政设施\n补充了照片\n地点：青河镇幸福社区第二网格\n内容：井盖破了"
    )
    for number in range(3, 10):
        town.send_photo("李秀英", f"m{number}")
    assert town.send_photo("李秀英", "m10") == "事件 1001 已有 9 张照片，够用了，谢谢。"
    town.later(10 * MINUTE + 1)
    assert town.send_photo("李秀英", "m11") == "照片收到了，请再说说是什么问题、在哪里。"


def test_a_photo_of_somebody_else_does_not_join(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    assert town.send_photo("王小满") == "照片收到了，请再说说是什么问题、在哪里。"


# --- urgent


def test_an_urgent_report_is_told_to_all_levels_at_once_with_the_number_to_call(town: Town) -> None:
    assert town.say("李秀英", "2号楼着火了，快来人") == (
        "情况紧急，请马上拨打 119 火警！已同时通知各级。\n收到，编号 1001，类别：消防安全。\n"
        "已通知幸福社区第二网格的网格员，11月23日 11:00前答复。\n发“查询 1001”可看进度。"
    )
    notice = (
        "【紧急 1001】消防安全\n地点：青河镇幸福社区第二网格\n内容：2号楼着火了，快来人\n"
        "已提示拨打 119，请立即到场并签收：签收 1001"
    )
    assert {unit: town.heard(unit) for unit in ("QH-XF", "AH-QH", "AH", "QH-TH")} == {
        "QH-XF": [notice],
        "AH-QH": [notice],
        "AH": [notice],
        "QH-TH": [],
    }


def test_an_urgent_report_from_nowhere_is_told_again_when_its_place_is_known(town: Town) -> None:
    town.say("o-stranger", "着火了，快来人")
    assert (len(town.heard("AH")), town.heard("QH-TH")) == (1, [])
    town.say("o-stranger", "桃花村三组")
    assert town.heard("QH-TH") == town.heard("AH-QH") == town.heard("AH")[1:]
    assert town.heard("QH-TH")[0].splitlines()[:2] == [
        "【紧急 1001·地点已明确】消防安全",
        "地点：青河镇桃花村三组（桃花村三组）",
    ]


# --- for somebody else


def test_a_report_for_somebody_else_names_reporter_and_writer(town: Town) -> None:
    answer = town.say("徐慧敏", "代报 张奶奶 13900001111 幸福社区第一网格家门口的路灯坏了")
    assert answer.splitlines()[0] == "收到，编号 1001，类别：市政设施。"
    case = town.case(1001)
    assert (case["reporter"], case["text"], case["grid"]) == (
        "张奶奶",
        "幸福社区第一网格家门口的路灯坏了",
        "QH-XF-1",
    )


@pytest.mark.parametrize(
    "text",
    [
        "代报张奶奶13900001111路灯坏了",
        "代报：张奶奶，139 0000 1111，路灯坏了",
        "代报 张奶奶 电话 139-0000-1111 路灯坏了",
        "代報 張奶奶 １３９００００１１１１ 路燈壞了",
        "代报 张奶奶 无电话 路灯坏了",
        "代报 张奶奶 0818-7654321 路灯坏了",
    ],
)
def test_a_report_for_somebody_else_is_understood_however_it_is_written(town: Town, text: str) -> None:
    assert town.say("何春梅", text).splitlines()[0] == "收到，编号 1001，类别：市政设施。"
    assert (town.case(1001)["reporter"], unit(town)) == ("张奶奶", "QH-XF-2")


def test_the_same_name_and_phone_is_the_same_person_without_a_phone_it_is_not(town: Town) -> None:
    town.say("何春梅", "代报 李秀英 13800000001 路灯坏了")
    town.say("周建国", "属实 1001")
    town.say("周建国", "代报 王奶奶 无 路灯坏了")
    town.say("周建国", "代报 王奶奶 无 井盖破了")
    assert town.say("何春梅", "属实 1001") == "不能核实自己上报的事件，请由别人核实。"
    assert town.say("徐慧敏", "属实 1001") == "事件 1001 属实，已给上报人记积分。"
    assert town.points("李秀英") == 10
    town.say("徐慧敏", "属实 1002")
    town.say("徐慧敏", "属实 1003")
    earners = {row["credit_owner"] for row in town.rows("ledger") if row["reason"].startswith("上报属实")}
    assert len(earners) == 3
    assert town.drift() == []


# --- privacy


def test_phone_numbers_are_masked_in_groups(town: Town) -> None:
    town.say("李秀英", "井盖破了，联系我13800000001或0818-7654321，身份证512345199001011234")
    assert town.heard("QH-XF")[0].splitlines()[2] == (
        "内容：井盖破了，联系我138****0001或0818-****321，身份证512*************34"
    )
    town.say("何春梅", "办结 1001 已换新井盖，电话 13800000001")
    assert town.heard("QH-XF")[1].splitlines()[2] == "结果：已换新井盖，电话 138****0001"


def test_asking_tells_a_stranger_the_same_of_a_number_that_exists_and_of_one_that_does_not(
    town: Town,
) -> None:
    town.say("李秀英", "井盖破了")
    for who in ("王小满", "o-stranger", "周建国", "陶春生", "戴满仓", "江卫平"):
        assert town.say(who, "查询 1001") == "没有查到您能看的事件 1001，请核对编号。", who
        assert town.say(who, "查询 1002") == "没有查到您能看的事件 1002，请核对编号。", who


def test_those_in_charge_may_ask(town: Town) -> None:
    town.say("李秀英", "井盖破了，在3号楼")
    told = (
        "事件 1001：待派单\n类别：市政设施　时限：11月26日 09:00\n地点：青河镇幸福社区第二网格\n"
        "11月23日 09:00 已受理"
    )
    assert town.say("李秀英", "查询 1001") == told
    reason = told.replace("\n11月23日", "\n要点：地点 3号楼\n判断依据：井盖破、破了\n11月23日")
    for who in ("何春梅", "徐慧敏", "顾晓宁", "秦颖", "陆长安", "沈一清"):
        assert town.say(who, "查询 1001") == reason, who


QUESTIONS = (
    "查询1001",
    "查询：1001号",
    "查询 编号：1001",
    "查１００１",
    "查詢 1001！",
    "查询一下1001号事件的进度",
    "进度 1001",
)


def test_asking_is_understood_however_it_is_written(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    told = {text: town.say("李秀英", text).splitlines()[0] for text in QUESTIONS}
    assert told == dict.fromkeys(QUESTIONS, "事件 1001：待派单")


# --- the page of a QR


def form(id: str = "f1", **values: object) -> Form:
    return Form(**{"id": id, "unit_code": "QH-TH-2", "text": "路灯坏了", **values})  # type: ignore[arg-type]


def open_page(town: Town, page: Form) -> Receipt:
    county = town.house.county
    return town.db.write(lambda tx: report.from_page(tx, county, page, now=town.now))


def test_a_form_sent_twice_acts_once_and_answers_the_same(town: Town) -> None:
    first = open_page(town, form())
    assert (first.number, first.category, first.question, first.hotline) == (1001, "市政设施", "", "")
    assert open_page(town, form()) == first
    assert (numbers(town), unit(town)) == ([1001], "QH-TH-2")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"text": "  "}, "请写一句话，说说是什么问题。"),
        ({"unit_code": "NO-SUCH"}, "没有这个二维码对应的网格。"),
        ({"phone": "12345"}, "电话号码不对，请检查，或者不填。"),
    ],
)
def test_a_form_with_something_missing_is_refused(town: Town, values: dict[str, object], why: str) -> None:
    with pytest.raises(Refused) as refused:
        open_page(town, form(**values))
    assert str(refused.value) == why
    assert numbers(town) == []


def test_the_qr_of_a_village_asks_where_and_takes_the_place_that_is_given(town: Town) -> None:
    assert open_page(town, form(unit_code="QH-TH")).question == QUESTION
    assert open_page(town, form("f2", unit_code="QH-TH", place="桃花村三组李家门口")).question == ""
    assert open_page(town, form("f3", unit_code="QH-TH", text="柳塘社区路灯坏了")).question == QUESTION
    assert [row["grid"] for row in town.rows("cases")] == ["QH-TH", "QH-TH-3", "QH-TH"]


def test_a_form_with_characters_no_database_takes_is_kept_without_them(town: Town) -> None:
    assert open_page(town, form(text="路灯\x00坏了\ud83d", place="门口\x07")).number == 1001
    assert (town.case(1001)["text"], town.case(1001)["place"]) == ("路灯坏了", "门口")


# --- sent again


def test_a_message_sent_again_gets_the_same_answer_and_acts_once(town: Town) -> None:
    first = town.say("李秀英", "井盖破了", message_id="same")
    town.later(5)
    assert town.say("李秀英", "井盖破了", message_id="same") == first
    assert (numbers(town), len(town.heard("QH-XF"))) == ([1001], 1)


def test_a_refused_message_sent_again_is_refused_again_even_where_it_would_now_be_done(town: Town) -> None:
    refused = town.say("李秀英", "查询 1001", message_id="same")
    town.say("李秀英", "井盖破了")
    assert town.say("李秀英", "查询 1001", message_id="same") == refused
    assert town.say("李秀英", "查询 1001").splitlines()[0] == "事件 1001：待派单"


def test_a_voice_message_is_read_where_wechat_understood_it(town: Town) -> None:
    assert town.send(Message("v1", "official", "o-lixiuying", "voice", "路灯坏了")).startswith(
        "收到，编号 1001"
    )
    assert town.send(Message("v2", "official", "o-lixiuying", "voice")) == (
        "没听清，请用文字说一说，或发一张照片。"
    )


def test_the_deadline_is_that_of_the_category(town: Town) -> None:
    town.say("李秀英", "井盖破了")
    assert town.case(1001)["due_at"] - NOW == 72 * HOUR


LIKE_COMMANDS = {
    "李秀英": (
        "送货上门的三轮车撞坏了小区围栏",
        "异议3号楼加装电梯，没征求我们意见",
        "积分申请交上去一个月没消息",
        "公示栏的玻璃碎了",
        "账单有问题，水费多收了两百块",
        "加入业主群被踢出来了，物业不讲理",
        "我家门口的井盖丢了",
    ),
    "徐慧敏": (
        "冻结的水管爆了，三号楼没水",
        "解冻后路面塌陷，村口过不了车",
        "扣分太狠了5分，环卫工有意见",
        "恢复成员的事没人管",
        "户明细账不公开",
        "挂失的牌子掉在路上",
        "开通密码锁的门禁坏了",
        "代申请低保的老人没人管，房子漏雨",
    ),
    "戴满仓": (
        "上架的货架倒了，砸到小孩",
        "营业时间太短，群众有意见",
        "盘点仓库时发现电线老化冒烟",
        "流水沟堵了，臭气熏天",
    ),
}


def test_a_report_may_begin_like_a_command(town: Town) -> None:
    said = [(who, text) for who, texts in LIKE_COMMANDS.items() for text in texts]
    for who, text in said:
        town.later(HOUR)
        town.say(who, text)
    assert [row["text"] for row in town.rows("cases")] == [text for _, text in said]
    # Written apart, or with a name that is known, it is the command that was meant.
    assert town.say("徐慧敏", "冻结 水管").startswith("请写明理由")
    assert town.say("徐慧敏", "冻结李秀英").startswith("请写明理由")
    assert town.say("徐慧敏", "挂失 王五") == "您的片区里没有这一户，请核对卡号或户主姓名。"
