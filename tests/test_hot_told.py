"""What several residents report is told to the town each morning and to the county each Monday, once."""

from tests.town import DAY, HOUR, MakeTown, Town

PLANT = [
    "幸福社区旁边的搅拌站半夜很吵，电话13812345678",
    "幸福社区门口的搅拌站灰尘大噪音也大，睡不着",
    "搅拌站又开工了，幸福社区这边吵得不行",
]
AGAIN = [
    "请管管幸福社区的搅拌站，天天响到半夜",
    "幸福社区搅拌站噪音扰民，孩子没法睡",
    "搅拌站的灰飘进幸福社区，窗户不敢开",
]
DIFFERENT = ["幸福社区3号楼路灯坏了", "幸福社区垃圾没人清", "幸福社区楼上漏水", "幸福社区电梯老是停运"]


def people_say(town: Town, texts: list[str], who: str = "o-neighbour") -> list[int]:
    """The numbers of the cases that so many different residents open, an hour apart."""
    for number, text in enumerate(texts):
        town.say(f"{who}-{number}", text)
        town.later(HOUR)
    return [row["number"] for row in town.rows("cases")][-len(texts) :]


def told(town: Town, unit: str) -> list[str]:
    return [text for text in town.heard(unit) if "热点】" in text]


def morning(town: Town, days: int = 1) -> None:
    """The morning after so many days, at eight, and the jobs of that hour."""
    eight = (town.now + 8 * HOUR) // DAY * DAY  # midnight in Asia/Shanghai is 16:00 UTC
    town.time[0] = eight + days * DAY
    town.run_jobs()


def test_the_town_hears_once_of_what_several_residents_report_and_again_when_it_doubles(
    make_town: MakeTown,
) -> None:
    town = make_town()
    first = people_say(town, PLANT)
    assert told(town, "AH-QH") == []
    morning(town)
    expected = (
        "【热点】幸福社区：近 30 天有 3 人反映同一件事\n"
        "类别：噪声扰民\n"
        "地点：青河镇幸福社区\n"
        "内容：幸福社区旁边的搅拌站半夜很吵，电话138****5678\n"
        "时间：11月23日至11月23日，共 3 件\n"
        f"编号：{'、'.join(map(str, first))}"
    )
    assert told(town, "AH-QH") == [expected]
    town.house.close()  # a restart, and the same morning again
    numbers, town = town.ids, make_town()
    town.ids = numbers
    morning(town)
    morning(town, 2)
    assert told(town, "AH-QH") == [expected]
    people_say(town, AGAIN[:1], "o-other")
    morning(town)
    assert told(town, "AH-QH") == [expected]
    people_say(town, AGAIN[1:], "o-third")
    morning(town)
    [_, grown] = told(town, "AH-QH")
    assert grown.splitlines()[0] == "【热点】幸福社区：近 30 天有 6 人反映同一件事，比上次通报的 3 人多了一倍"
    assert (told(town, "AH-LW"), town.drift()) == ([], [])


def test_the_county_hears_each_monday_what_the_towns_report(town: Town) -> None:
    first = people_say(town, PLANT)
    morning(town, 7)
    assert told(town, "AH") == []  # not before half past eight
    town.later(HOUR)
    town.run_jobs()
    expected = (
        "【每周热点】近 30 天多人反映、本周仍有人反映的事：\n"
        "1. 青河镇幸福社区：幸福社区旁边的搅拌站半夜很吵，电话138****5678"
        "（噪声扰民，3 人 3 件，11月23日至11月23日）"
    )
    assert told(town, "AH") == [expected]
    town.later(DAY)
    town.run_jobs()
    assert told(town, "AH") == [expected]
    town.later(6 * DAY)  # the next Monday: nobody spoke of it this week
    assert "hot.tell_county" in town.run_jobs()
    assert told(town, "AH") == [expected]
    assert first == [1001, 1002, 1003]


def test_different_matters_of_one_place_and_one_person_who_repeats_are_no_hot_issue(town: Town) -> None:
    people_say(town, DIFFERENT)
    for text in PLANT:
        town.say("o-always-me", text)
    morning(town)
    town.time[0] += 6 * DAY + HOUR
    town.run_jobs()
    assert (told(town, "AH-QH"), told(town, "AH")) == ([], [])


def test_what_was_found_untrue_or_is_older_than_a_month_is_not_counted(town: Town) -> None:
    [_, _, last] = people_say(town, PLANT)
    town.say("徐慧敏", f"不属实 {last} 现场没有搅拌站")
    assert town.case(last)["state"] == "rejected"
    morning(town)
    assert told(town, "AH-QH") == []
    people_say(town, AGAIN[:1], "o-late")
    morning(town, 31)
    assert told(town, "AH-QH") == []
