"""报平安: every way of saying it, once a day, late until midnight; who forgot is reminded at 18:00."""

import pytest

from tests.town import DAY, HOUR, Town

DONE = "已记录，辛苦了。"
TWICE = "今天已报过平安。"
MINUTE = 60


def days(town: Town) -> list[tuple[str, str, bool]]:
    return [(row["name"], row["day"], row["late"]) for row in town.rows("checkins")]


def reported(number: int, grid: str = "幸福社区第二网格", due: str = "11月26日 09:00") -> str:
    return (
        f"收到，编号 {number}，类别：市政设施。\n已通知{grid}的网格员，{due}前答复。\n"
        f"发“查询 {number}”可看进度。"
    )


PHRASES = (
    """
    报平安|平安|平安！|今日平安|今天平安|一切正常|一切平安。|今日平安无事|辖区一切正常|今日网格平安|巡查正常|
    巡查完毕，一切正常|已报平安|打卡|签到|无异常|目前无异常情况|全部安好|何春梅报平安|何春梅：今日平安|
    我是何春梅，今日平安|大家晚上好，今日平安|第二网格平安|2网格今日平安|幸福社区第二网格何春梅今日平安|
    青河镇幸福社区第二网格 一切正常|報平安|今日平安🌹🌹|[玫瑰]今日平安[玫瑰]|今日平安啦|
    平安，谢谢|今日平安,一切正常
""".replace("\n    ", "")
    .strip()
    .split("|")
)


def test_every_way_of_saying_that_all_is_well(town: Town) -> None:
    for number, phrase in enumerate(PHRASES):
        assert town.say("何春梅", phrase) == DONE, phrase
        assert town.say("何春梅", phrase) == TWICE, phrase
        town.later(DAY)
        assert len(days(town)) == number + 1
    assert town.rows("cases") == []
    assert town.points("何春梅") == 3 * len(PHRASES)
    assert town.drift() == []


ONLY_SOUNDS_LIKE_IT = (
    "今天不平安",
    "小区不安全",
    "网格内安全隐患很多",
    "平安大道路灯坏了",
    "今天平安吗",
    "周建国今日平安",
    "正常上班时间没人接待",
    "安全出口被堵了",
)


def test_what_only_sounds_like_it_is_a_report(town: Town) -> None:
    told = {text: "收到，编号 " in town.say("何春梅", text) for text in ONLY_SOUNDS_LIKE_IT}
    assert told == dict.fromkeys(ONLY_SOUNDS_LIKE_IT, True)
    assert (len(town.rows("cases")), days(town)) == (len(ONLY_SOUNDS_LIKE_IT), [])


@pytest.mark.parametrize(
    "text",
    [
        "今日平安,3号楼井盖破损",
        "今日平安，但是3号楼井盖破损",
        "平安。3号楼井盖破损",
        "一切正常 就是3号楼井盖破损",
        "何春梅：今日平安\n3号楼井盖破损",
    ],
)
def test_a_check_in_with_something_besides_is_both(town: Town, text: str) -> None:
    assert town.say("何春梅", text) == f"{DONE}\n{reported(1001)}"
    assert [row["text"] for row in town.rows("cases")] == ["3号楼井盖破损"]
    assert days(town) == [("何春梅", "2026-11-23", False)]


def test_the_second_check_in_of_a_day_still_takes_the_report(town: Town) -> None:
    town.say("何春梅", "报平安")
    assert town.say("何春梅", "今日平安，3号楼井盖破损") == f"{TWICE}\n{reported(1001)}"


def test_an_urgent_matter_besides_names_the_number_to_call(town: Town) -> None:
    answer = town.say("何春梅", "今日平安，3号楼着火了").splitlines()
    assert (answer[0], answer[-1]) == ("情况紧急，请马上拨打 119 火警！已同时通知各级。", DONE)


def test_in_the_group_and_privately_is_one_check_in(town: Town) -> None:
    assert town.say_in_group("何春梅", "报平安") == DONE
    assert town.say("何春梅", "报平安") == TWICE
    assert town.points("何春梅") == 3


def test_the_day_ends_at_midnight_in_china(town: Town) -> None:
    town.later(15 * HOUR - 1)
    assert town.say("何春梅", "报平安") == DONE
    town.later(1)
    assert town.say("何春梅", "报平安") == DONE
    assert [day for _, day, _ in days(town)] == ["2026-11-23", "2026-11-24"]


def test_leaders_of_micro_grids_and_volunteers_may_check_in_residents_not(town: Town) -> None:
    assert town.say("钟秀兰", "报平安") == DONE
    assert town.say("夏知秋", "报平安") == DONE
    assert town.say("李秀英", "报平安").startswith("收到，编号 1001")
    assert town.say("徐慧敏", "今日平安").startswith("收到，编号 1002")


# --- late


LATE = ("补报", "补报平安", "补报昨天的平安", "补报 11月22日", "補報昨日平安")


def test_yesterday_may_be_made_up_for_and_is_marked_late(town: Town) -> None:
    done = "已补报 2026-11-22 的平安，记为迟报。"
    assert {text: town.would_say("何春梅", text) for text in LATE} == dict.fromkeys(LATE, done)
    assert (days(town), town.say("何春梅", "补报")) == ([], done)
    assert days(town) == [("何春梅", "2026-11-22", True)]
    assert town.say("何春梅", "补报") == "昨天已报过平安，不用补。"
    assert town.say("何春梅", "报平安") == DONE


def test_until_midnight_of_the_next_day_and_not_later(town: Town) -> None:
    town.later(39 * HOUR - 1)
    assert town.say("何春梅", "补报") == "已补报 2026-11-23 的平安，记为迟报。"
    town.later(1)
    assert town.say("周建国", "补报 11月23日") == "只能补报昨天的平安，过了第二天24点就不能补了。"
    assert town.say("周建国", "补报") == "已补报 2026-11-24 的平安，记为迟报。"


def test_making_up_for_something_else_is_a_report(town: Town) -> None:
    assert town.say("何春梅", "补报一下3号楼的井盖破损") == reported(1001)


# --- leave


THREE = "已记请假：2026-11-24 至 2026-11-26，期间不催报平安。"


LEAVES = (
    "请假 11-24 11-26",
    "请假 11月24日 11月26日",
    "请假11月24日至11月26日",
    "请假 11月24日到26日",
    "请假 11月24-26日",
    "请假 11.24-11.26",
    "请假 11/24～11/26",
    "请假 2026-11-24 2026-11-26",
    "请假 2026年11月24日至2026年11月26日",
    "请假 24日 26日",
    "请假 24号到26号",
    "请假 明天 11-26",
    "请假 从明天起 3天",
    "请假 明天三天",
    "請假１１－２４　１１－２６",
    "请假 11-24 11-26 孩子发烧",
    "请假：11月24日至26日，家里有事",
)


def test_leave_is_understood_however_it_is_written(town: Town) -> None:
    assert {text: town.would_say("何春梅", text) for text in LEAVES} == dict.fromkeys(LEAVES, THREE)
    assert town.say("何春梅", LEAVES[0]) == THREE


def test_leave_of_one_day_and_over_the_end_of_the_year(town: Town) -> None:
    assert town.say("何春梅", "请假 明天") == "已记请假：2026-11-24，当天不催报平安。"
    assert town.say("何春梅", "请假 今天") == "已记请假：2026-11-23，当天不催报平安。"
    assert town.say("何春梅", "请假 12月30日到2日") == (
        "已记请假：2026-12-30 至 2027-01-02，期间不催报平安。"
    )
    assert town.say("何春梅", "请假 1月4日 1月5日") == "已记请假：2027-01-04 至 2027-01-05，期间不催报平安。"


def test_leave_that_cannot_be(town: Town) -> None:
    assert town.say("何春梅", "请假 11-26 11-24") == "请假的日期不对，请写：请假 开始日期 结束日期。"
    assert town.say("何春梅", "请假 11-24 2027-11-24") == "请假的日期不对，请写：请假 开始日期 结束日期。"
    assert town.say("何春梅", "请假 11-20 11-21") == "这几天已经过去了，不能再请假。"
    assert town.say("何春梅", "请假 13-40").startswith("收到，编号 1001")
    assert town.say("何春梅", "请假 明天，3号楼井盖破损").startswith("收到，编号 1002")
    assert town.say("何春梅", "请假") == "请这样发：请假 起 止（例如：请假 11-24 11-26）"


# --- a pasted list


def test_a_pasted_list_checks_in_all_it_names(town: Town) -> None:
    pasted = (
        "#接龙\n今日报平安\n例 姓名 平安\n\n1. 周建国 平安\n2. 何春梅平安🌹\n3. 第三网格高志远：今日平安\n"
        "4. 林小芸 3号楼井盖破损\n5. 王二狗 平安"
    )
    assert town.say("徐慧敏", pasted) == (
        "接龙已读：4 人报平安（周建国、何春梅、高志远、林小芸）；没对上人：王二狗 平安。\n"
        + reported(1001, "幸福社区第四网格")
    )
    assert [name for name, _, _ in days(town)] == ["周建国", "何春梅", "高志远", "林小芸"]
    case = town.case(1001)
    assert (case["reporter"], case["text"], case["grid"]) == ("林小芸", "3号楼井盖破损", "QH-XF-4")
    assert town.points("何春梅") == 3
    assert town.say("何春梅", "报平安") == TWICE


LISTS = (  # the first one says which day it is
    "@所有人 #接龙\n幸福社区11月23日平安打卡\n1、周建国\n2、何春梅 ✅",
    "#接龙\n1. 周建国\n2. 何春梅",
    "#接龙 今日平安\n1）周建国 已巡查两次\n2）何春梅 在岗",
    "#接龍\n今日平安\n１．周建国\n２．何春梅",
    "接龙 报平安\n1.幸福一网格 周建国\n2.幸福二网格 何春梅 平安 辛苦了",
    "#接龙\n今日报平安\n\n 1. 周建国 平安\n\n 2. 何春梅 平安\n",
)


def test_lists_as_they_come_from_wechat(town: Town) -> None:
    told = {}
    for pasted in LISTS:
        told[pasted] = town.say_in_group("周建国", pasted)
        town.later(DAY)
    assert told == dict.fromkeys(LISTS, "接龙已读：2 人报平安（周建国、何春梅）。")
    assert (len(days(town)), town.rows("cases")) == (2 * len(LISTS), [])


def test_a_list_pasted_twice_and_by_somebody_else(town: Town) -> None:
    pasted = "#接龙 报平安\n1. 周建国\n2. 何春梅"
    town.say("何春梅", "报平安")
    assert town.say("徐慧敏", pasted) == "接龙已读：1 人报平安（周建国）；何春梅今天已报过。"
    assert town.say("顾晓宁", pasted) == "接龙已读：0 人报平安；周建国、何春梅今天已报过。"
    assert len(days(town)) == 2


def test_a_list_names_only_people_of_the_own_village(town: Town) -> None:
    pasted = "#接龙 报平安\n1. 罗永强\n2. 何春梅"
    assert town.say("何春梅", pasted) == "接龙已读：1 人报平安（何春梅）；没对上人：罗永强。"


def test_a_list_of_something_else_and_a_resident_s_list_are_reports(town: Town) -> None:
    assert "收到，编号 1001" in town.say("何春梅", "#接龙\n团购大米\n1. 周建国 2袋\n2. 何春梅 1袋")
    assert "收到，编号 1002" in town.say("李秀英", "#接龙 报平安\n1. 周建国\n2. 何春梅")
    assert days(town) == []


# --- the clock


def reminders(town: Town, unit: str = "QH-XF") -> list[str]:
    return [text for text in town.heard(unit) if text.startswith("【提醒】")]


def summaries(town: Town, unit: str = "QH-XF") -> list[str]:
    return [text for text in town.heard(unit) if text.startswith("【报平安小结】")]


def checkin_jobs(town: Town) -> list[str]:
    return [name for name in town.run_jobs() if name.startswith("checkin.")]


def test_who_forgot_is_reminded_at_six_and_the_village_hears_a_summary_at_eight(town: Town) -> None:
    town.say("何春梅", "报平安")
    town.say("高志远", "请假 今天")
    town.say("李秀英", "报平安")
    town.later(9 * HOUR - 1)
    assert checkin_jobs(town) == []
    town.later(1)
    assert checkin_jobs(town) == ["checkin.remind_missing"]
    assert checkin_jobs(town) == []
    assert reminders(town) == ["【提醒】周建国、林小芸：今天还没有报平安，请回复“报平安”。"]
    assert reminders(town, "QH-TH") == [
        "【提醒】彭桃生、曾巧云、萧立春、田有粮：今天还没有报平安，请回复“报平安”。"
    ]
    town.say("周建国", "报平安")
    town.later(2 * HOUR)
    assert checkin_jobs(town) == ["checkin.summarize"]
    assert checkin_jobs(town) == []
    assert summaries(town) == [
        "【报平安小结】2026-11-23 幸福社区：应报 4 人，已报 2 人，请假 1 人，未报：林小芸。"
    ]


def test_a_village_where_all_checked_in_is_not_reminded(town: Town) -> None:
    for who in ("周建国", "何春梅", "高志远", "林小芸"):
        town.say(who, "报平安")
    town.later(9 * HOUR)
    town.run_jobs()
    assert reminders(town) == []
    town.later(2 * HOUR)
    town.run_jobs()
    assert summaries(town) == [
        "【报平安小结】2026-11-23 幸福社区：应报 4 人，已报 4 人，请假 0 人，全部到齐。"
    ]


def test_each_day_has_its_own_reminder(town: Town) -> None:
    town.later(9 * HOUR)
    town.run_jobs()
    town.later(DAY)
    town.run_jobs()
    assert len(reminders(town)) == 2


@pytest.mark.parametrize(("hours", "ran"), [(2, ["checkin.remind_missing"]), (3, [])])
def test_a_reminder_is_made_up_for_after_two_hours_of_downtime_not_after_three(
    town: Town, hours: int, ran: list[str]
) -> None:
    town.later((9 + hours) * HOUR)
    assert [name for name in checkin_jobs(town) if name.endswith("remind_missing")] == ran


def test_who_is_missing_may_be_asked_by_staff_of_the_area(town: Town) -> None:
    town.say("何春梅", "报平安")
    town.say("高志远", "请假 今天")
    assert town.say("徐慧敏", "未报") == (
        "今天还有 2 人没报平安：\n幸福社区第一网格：周建国\n幸福社区第四网格：林小芸"
    )
    assert town.say("顾晓宁", "未报").splitlines()[0] == "今天还有 22 人没报平安："
    assert town.say("李秀英", "未报").startswith("收到，编号 1001")
    town.say("周建国", "报平安")
    town.say("林小芸", "报平安")
    assert town.say("徐慧敏", "未报平安") == "今天都报过平安了。"
