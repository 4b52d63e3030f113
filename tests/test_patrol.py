"""巡查: twice a working day, an hour each; short ones do not count, only locations sent are kept."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from handlers import patrol_rules
from handlers.days import DAY_SECONDS
from store import patrols
from store.tx import Tx
from tests.commands import ROOT
from tests.test_clock import MINUTE
from tests.town import DAY, HOUR, NOW, MakeTown, Town, person

MONTH = "本月完成 {} 次（上午 {} 次、下午 {} 次）{}。"


def score(town: Town) -> str:
    return town.say("何春梅", "考核").splitlines()[0]


def tracks(town: Town) -> list[tuple[str, float]]:
    with town.db.read() as tx:
        return [tuple(row) for row in tx.execute(sa.text("SELECT label, lat FROM track ORDER BY id"))]


def jobs(town: Town) -> list[str]:
    return [name for name in town.run_jobs() if name.startswith("patrol")]


def test_two_patrols_of_an_hour_are_a_day_s_work_and_earn_once_each(town: Town) -> None:
    begun = (
        "巡查开始：11月23日 09:00，幸福社区第二网格，上午。\n"
        "满 60 分钟算完成，回来请发“巡查结束 一句话记录”。路上可以发位置：只记您自己发的，90 天后删除。"
    )
    assert town.say("何春梅", "巡查开始") == begun
    town.later(30 * MINUTE)
    out = (
        "您正在巡查：11月23日 09:00 开始，幸福社区第二网格，已 30 分钟。"
        "回来请发“巡查结束”，开始错了请发“撤销巡查”。"
    )
    assert town.say("何春梅", "出发巡查") == town.say("何春梅", "开始巡查了吗？") == out
    town.later(30 * MINUTE)
    assert town.say("何春梅", "巡查结束 河边劝离两名钓鱼的，电话13800001234").splitlines()[:2] == [
        "巡查结束：11月23日 09:00–10:00，幸福社区第二网格，60 分钟，上午的巡查完成。",
        "今天还差：下午。",
    ]
    assert town.say("何春梅", "巡查结束") == "您还没有开始巡查，出发时请发“巡查开始”。"
    assert (town.points("何春梅"), score(town)) == (
        2,
        "【我的考核】2026-11：2 分（2026-10：0 分），按时报平安 0 天",
    )
    # Once more in the same half of the day: kept, and nothing is earned twice.
    town.say("何春梅", "开始巡逻")
    town.later(HOUR)
    assert town.say("何春梅", "结束巡查").splitlines()[0] == (
        "巡查结束：11月23日 10:00–11:00，幸福社区第二网格，60 分钟，上午的早已完成，这次也记下了。"
    )
    town.later(3 * HOUR)
    town.say("何春梅", "巡查开始")
    town.later(75 * MINUTE)
    assert town.say("何春梅", "巡查完成") == (
        "巡查结束：11月23日 14:00–15:15，幸福社区第二网格，75 分钟，下午的巡查完成。\n"
        "今天两次都完成了，辛苦了。"
    )
    assert town.points("何春梅") == 4
    assert town.say("何春梅", "我的巡查") == "\n".join(
        [
            "【我的巡查】2026-11-23",
            "上午 09:00–10:00，60 分钟，完成：河边劝离两名钓鱼的，电话138****1234",
            "上午 10:00–11:00，60 分钟，完成",
            "下午 14:00–15:15，75 分钟，完成",
            "今天两次都完成了，辛苦了。",
            MONTH.format(2, 1, 1, ""),
        ]
    )
    assert town.drift() == []


def test_a_short_one_is_kept_and_does_not_count_and_one_begun_by_mistake_is_undone(town: Town) -> None:
    town.say("何春梅", "巡查开始")
    town.later(HOUR - 1)
    assert town.say("何春梅", "巡查结束") == (
        "巡查结束：11月23日 09:00–09:59，幸福社区第二网格，59 分钟，不足 60 分钟，已记下，但不算完成。\n"
        "今天还差：上午、下午。"
    )
    town.later(1)
    town.say("何春梅", "巡查开始")
    town.send_location("何春梅", "幸福路18号")
    assert town.say("何春梅", "撤销巡查") == "10:00 开始的巡查已撤销，路上发的位置已删除。"
    assert town.say("何春梅", "撤销巡查") == "您还没有开始巡查，出发时请发“巡查开始”。"
    assert (town.points("何春梅"), tracks(town)) == (0, [])
    assert town.say("何春梅", "巡查").splitlines()[1:] == [
        "上午 09:00–09:59，59 分钟，不足时间",
        "今天还差：上午、下午。",
        MONTH.format(0, 0, 0, "，另有 1 次不算完成"),
    ]
    assert town.say("周建国", "我的巡查") == (
        f"【我的巡查】2026-11-23\n今天还没有巡查。\n今天还差：上午、下午。\n{MONTH.format(0, 0, 0, '')}"
    )


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("开始巡查", "结束巡查"),
        ("巡查开始了", "巡查结束了，一路正常"),
        ("出发巡查！", "巡查完成。"),
        ("下午出发巡逻", "下午巡逻完成"),
        ("開始巡查", "巡查結束"),
        ("你好，开始巡逻", "巡防完毕"),
    ],
)
def test_however_it_is_said(town: Town, begins: str, ends: str) -> None:
    town.later(5 * HOUR)
    assert town.say("何春梅", begins).startswith("巡查开始：11月23日 14:00，幸福社区第二网格，下午。"), begins
    town.later(HOUR)
    assert "下午的巡查完成" in town.say("何春梅", ends), ends
    assert town.rows("cases") == []


def test_what_only_sounds_like_it_is_a_report_and_residents_have_no_patrols(town: Town) -> None:
    for number, text in enumerate(
        ("开始巡查以后还是有人偷东西", "巡查结束后发现路灯坏了", "请加强巡查"), 1001
    ):
        assert f"编号 {number}" in town.say("何春梅", text), text
    assert "编号 1004" in town.say("李秀英", "巡查开始")
    assert "编号 1005" in town.say("徐慧敏", "巡查开始")
    with town.db.read() as tx:
        assert patrols.left_open(tx, "2027-01-01") == []


def test_who_comes_back_and_says_that_all_is_well_has_checked_in_too(town: Town) -> None:
    town.say("何春梅", "巡查开始")
    town.later(HOUR)
    assert town.say("何春梅", "巡查完毕，一切正常").splitlines() == [
        "巡查结束：11月23日 09:00–10:00，幸福社区第二网格，60 分钟，上午的巡查完成。",
        "今天还差：下午。",
        "报平安：已记录，辛苦了。",
    ]
    assert (len(town.rows("checkins")), town.points("何春梅")) == (1, 5)
    assert town.say("周建国", "巡查完毕，一切正常") == "已记录，辛苦了。"


def test_an_emergency_in_the_record_is_a_report_and_another_matter_is_asked_for(town: Town) -> None:
    town.say("何春梅", "巡查开始")
    town.later(HOUR)
    answer = town.say("何春梅", "巡查结束 3号楼着火了，快来人").splitlines()
    assert answer[0] == "情况紧急，请马上拨打 119 火警！已同时通知各级。"
    assert answer[-2].endswith("上午的巡查完成。")
    assert [row["urgent"] for row in town.rows("cases")] == ["119"]
    town.say("何春梅", "巡查开始")
    answer = town.say("何春梅", "巡查结束 3号楼井盖破损").splitlines()
    assert answer[-1] == "记录里的问题如果要办理，请再发：上报 内容。"
    assert len(town.rows("cases")) == 1


def test_only_locations_sent_on_the_way_are_kept_and_not_for_ever(town: Town) -> None:
    town.send_location("何春梅", "自己家里", lat=32.1)
    town.say("何春梅", "巡查开始")
    assert town.send_location("何春梅", "幸福路18号", lat=32.2) == (
        "位置已记入巡查（第 1 处）。发现问题，直接说就行。"
    )
    town.say("何春梅", "3号楼路灯不亮")
    assert town.send_location("何春梅", "3号楼门口", lat=32.3).endswith("\n位置已记入巡查（第 2 处）。")
    town.send_location("李秀英", "李秀英家", lat=32.4)
    town.later(HOUR)
    town.say("何春梅", "巡查结束 清理小广告")
    town.send_location("何春梅", "自己家里", lat=32.1)
    kept = [("幸福路18号", 32.2), ("3号楼门口", 32.3)]
    assert tracks(town) == kept
    record = [
        "【巡查记录】何春梅",
        "2026-11-23 上午 09:00–10:00，60 分钟，完成，位置 2 处：清理小广告（幸福路18号、3号楼门口）",
    ]
    assert town.say("徐慧敏", "巡查记录 何春梅").splitlines() == record
    assert town.say("徐慧敏", "巡查记录 罗永强") == "您的辖区里没有叫罗永强的网格员。"
    assert town.say_in_group("徐慧敏", "巡查记录 何春梅") == (
        "巡查记录不在群里显示。请单独发给我：巡查记录 何春梅"
    )
    with town.db.read() as tx:
        looked = list(tx.execute(sa.text("SELECT subject, why FROM looks")))
    assert [tuple(row) for row in looked] == [(f"person:{person(town, '何春梅')}", "巡查记录")]
    town.later(89 * DAY_SECONDS)
    town.run_jobs()
    assert tracks(town) == kept
    town.later(DAY_SECONDS)
    town.run_jobs()
    assert tracks(town) == []


def test_what_is_open_at_midnight_does_not_count_and_its_worker_is_told(town: Town) -> None:
    town.run_jobs()
    town.later(14 * HOUR)
    town.say("何春梅", "巡查开始")
    town.say("周建国", "巡查开始")
    town.later(HOUR - 1)
    assert jobs(town) == []
    town.later(1)
    # Somebody is quicker than the job.
    left = "11月23日 23:00 开始的巡查到半夜没有结束，已记下，但不算完成。"
    assert town.say("周建国", "巡查结束") == left
    assert (jobs(town), jobs(town)) == (["patrol_day.end_day"], [])
    assert town.told() == [left]
    assert town.say("何春梅", "巡查结束") == "您还没有开始巡查，出发时请发“巡查开始”。"
    assert (town.points("何春梅"), town.points("周建国")) == (0, 0)
    town.say("周建国", "巡查开始")
    town.later(DAY)
    assert town.say("周建国", "巡查开始").splitlines()[:2] == [
        "11月24日 00:00 开始的巡查到半夜没有结束，已记下，但不算完成。",
        "巡查开始：11月25日 00:00，幸福社区第一网格，上午。",
    ]


def test_the_village_and_the_town_see_who_is_out_done_and_missing(town: Town) -> None:
    town.say("何春梅", "巡查开始")
    town.say("高志远", "请假 今天")
    town.say("罗永强", "巡查开始")
    town.later(HOUR)
    town.say("何春梅", "巡查结束")
    town.say("周建国", "巡查开始")
    town.say("夏知秋", "巡查开始")  # a volunteer: seen, and never missing
    assert town.say("徐慧敏", "今日巡查") == (
        "【今日巡查】您的辖区 2026-11-23\n"
        "正在巡查 2 人：周建国（幸福社区第一网格，10:00 起）、夏知秋（幸福社区第二网格，10:00 起）\n"
        "上午完成 1 人：何春梅\n上午还没有 1 人：林小芸（幸福社区第四网格）。"
    )
    assert town.say("顾晓宁", "今日巡查 河街社区") == (
        "【今日巡查】河街社区 2026-11-23\n正在巡查 1 人：罗永强（河街社区第一网格，09:00 起）\n"
        "上午完成 0 人\n上午还没有 3 人：梁玉珍（河街社区第二网格）、宋海波（河街社区第三网格）、"
        "唐丽华（河街农贸市场网格）。"
    )
    assert town.say("徐慧敏", "今日巡查 河街社区").startswith("收到，编号 ")
    assert town.say("李秀英", "今日巡查").startswith("收到，编号 ")
    town.later(3 * HOUR)
    assert town.say("徐慧敏", "今日巡查").splitlines()[2:] == [
        "上午完成 1 人：何春梅",
        "上午还没有 1 人：林小芸（幸福社区第四网格）。",
        "下午完成 0 人",
        "下午还没有 2 人：何春梅（幸福社区第二网格）、林小芸（幸福社区第四网格）。",
    ]


def test_who_has_not_walked_is_reminded_in_the_village_group_on_working_days(town: Town) -> None:
    town.run_jobs()
    town.say("何春梅", "巡查开始")
    town.say("高志远", "请假 今天")
    town.later(HOUR)
    assert (jobs(town), jobs(town)) == (["patrol_day.remind_morning"], [])
    town.later(6 * HOUR)
    assert jobs(town) == ["patrol_day.remind_afternoon"]
    reminders = [text for text in town.heard("QH-XF") if "巡查" in text]
    assert reminders == [
        "【提醒】周建国、林小芸：上午的巡查还没有完成，出发时请发“巡查开始”。",
        "【提醒】周建国、林小芸：下午的巡查还没有完成，出发时请发“巡查开始”。",
    ]
    # Saturday: nobody is reminded, who walks is thanked all the same.
    town.time[0] = NOW + 5 * DAY + HOUR
    assert jobs(town) == ["patrol_day.end_day", "patrol_day.remind_morning"]
    town.say("何春梅", "巡查开始")
    town.later(HOUR)
    assert town.say("何春梅", "巡查结束").endswith("上午的巡查完成。")
    assert [text for text in town.heard("QH-XF") if "巡查" in text] == reminders
    assert town.say("徐慧敏", "今日巡查") == (
        "【今日巡查】您的辖区 2026-11-28\n今天不是工作日，不要求巡查。\n上午完成 1 人：何春梅。"
    )


def test_the_database_lets_nobody_be_out_twice(town: Town) -> None:
    town.say("何春梅", "巡查开始")
    who = person(town, "何春梅")

    def again(tx: Tx) -> object:
        row = {"person_id": who, "unit_id": 1, "day": "2026-11-23", "half": "morning", "note": ""}
        assert patrols.start(tx, **row, now=NOW) is None
        columns = "(person_id, unit_id, day, half, started_at)"
        return tx.execute(sa.text(f"INSERT INTO patrols {columns} VALUES ({who}, 1, 'd', 'morning', 1)"))

    with pytest.raises(sa.exc.IntegrityError):
        town.db.write(again)


# --- the town's own numbers and holidays


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("patrol.toml", "[patrol]\nminutes = 0\n", "patrol.toml [patrol]：minutes 要大于 0"),
        ("patrol.toml", "[patrol]\nnoon_hour = 24\n", "patrol.toml [patrol]：noon_hour 要在 1 到 23 之间"),
        ("patrol.toml", "[patrol]\ntrack_days = 0\n", "patrol.toml [patrol]：track_days 要大于 0"),
        ("patrol.toml", '[patrol]\nminutes = "60"\n', "patrol.toml [patrol]：minutes 的值不对"),
        ("patrol.toml", "[walk]\n", "patrol.toml：不认识的块 walk"),
        (
            "calendar.toml",
            'off = ["2027-01-01"]\n',
            "calendar.toml：off 要写成一串日期，例如 [2026-10-01, 2026-10-02]",
        ),
        (
            "calendar.toml",
            "off = [2027-01-01]\nwork = [2027-01-01]\n",
            "calendar.toml：同一天不能既在 off 又在 work",
        ),
    ],
)
def test_a_number_or_a_day_that_cannot_be_is_named(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / name).write_text(text)
    load = patrol_rules.load if name == "patrol.toml" else patrol_rules.load_calendar
    with pytest.raises(ValueError) as refused:
        load(tmp_path / name)
    assert str(refused.value) == why


def test_holidays_are_off_the_weekends_worked_for_them_are_not_and_a_year_unknown_has_its_weeks() -> None:
    days = patrol_rules.load_calendar(ROOT / "rules" / "calendar.toml")
    worked = ("2026-10-10", "2026-11-23", "2031-01-06")
    off = ("2026-10-01", "2026-10-11", "2026-11-28", "2031-01-05")
    assert [day in days for day in worked + off] == [True] * 3 + [False] * 4


def test_a_town_s_own_minutes_decide(make_town: MakeTown, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    (rules / "patrol.toml").write_text("[patrol]\nminutes = 20\nnoon_hour = 9\n")
    town = make_town(rules)
    town.say("何春梅", "巡查开始")
    town.later(20 * MINUTE)
    assert town.say("何春梅", "巡查结束").splitlines()[0].endswith("20 分钟，下午的巡查完成。")
