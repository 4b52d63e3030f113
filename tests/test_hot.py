"""Hot issues: what many people report of one place is found, and nothing else is taken for it."""

import random
from dataclasses import replace
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.alike import DAY
from nlp.hot import Issue, cluster
from nlp.notes import Notes
from nlp.place_names import as_place, place_names
from nlp.reports import Report, seconds

START = seconds("2024-03-01 08:00:00")

PLANT_TITLES = [
    "云栖新城旁边的搅拌站太吵",
    "投诉云栖新城附近搅拌站噪音扰民",
    "东湾区云栖新城小区搅拌站灰尘污染",
    "云栖新城楼下建水泥搅拌站,没人管吗",
    "请查处云栖·新城对面的违建搅拌站",
    "云栖新城三期搅拌站半夜施工",
    "家门口的搅拌站什么时候搬走",
    "反映东湾区搅拌站粉尘大、空气差",
]
PLANT_DETAILS = [
    "云栖新城离搅拌站只有几十米,粉尘飘进家里,窗户都不敢开。",
    "我住云栖新城,搅拌站机器声从晚上响到凌晨,老人睡不着。",
    "云栖新城业主多次反映搅拌站的噪音和扬尘,一直没有人处理。",
    "搅拌站的罐车整天从云栖新城门口过,灰尘噪音都很大,孩子咳嗽。",
    "请环保部门到云栖新城看看,搅拌站的污染已经半年了。",
]
PARKING_TITLES = [
    "滨江花苑捆绑销售车位",
    "滨江花苑买房必须买车位",
    "投诉滨江花苑开发商强卖车位",
    "西岭区滨江花苑不买车位不让签合同",
    "滨江花苑车位捆绑销售合理吗",
    "滨江·花苑购房强制搭售车位",
    "请制止捆绑车位的霸王条款",
]
PARKING_DETAILS = [
    "滨江花苑要求购房同时认购一个车位,否则不给选房。",
    "在滨江花苑交了定金,开发商才说车位要一起买,十二万一个。",
    "滨江花苑销售说车位和房子捆绑,职工也没有办法。",
    "希望房管局查查滨江花苑强制搭售车位的事,我们不需要车位。",
]
STREETS = ["青竹巷", "白鹭路", "石桥街", "晨光苑", "金桂园", "望月楼", "沙洲村", "杏林里", "长堤路", "北门桥"]
MATTERS = [
    "路灯坏了三盏",
    "下水道堵得厉害",
    "有人养鸡打鸣",
    "电梯总是停运",
    "自来水发黄",
    "广场舞声音大",
    "树枝挡住信号灯",
    "楼上漏雨",
    "快递柜收费",
    "公交班次少",
    "燃气催缴有误",
    "宽带安装被拒",
]


def plant(people: int = 40, days: int = 50) -> list[Report]:
    return _told("plant", PLANT_TITLES, PLANT_DETAILS, people, START, days)


def parking(people: int = 28, days: int = 40) -> list[Report]:
    return _told("parking", PARKING_TITLES, PARKING_DETAILS, people, START + 20 * DAY, days)


def everyday() -> list[Report]:
    """One report of each matter in each street: 120 people with nothing in common but their town."""
    return [
        Report(f"daily-{number}", f"neighbour-{number}", f"{street}{matter}", START + number % 90 * DAY)
        for number, (street, matter) in enumerate(product(STREETS, MATTERS))
    ]


def _told(name: str, titles: list[str], details: list[str], people: int, at: int, days: int) -> list[Report]:
    phrasings = list(product(titles, details))
    random.Random(name).shuffle(phrasings)
    return [
        Report(
            f"{name}-{number}", f"{name}-person-{number}", title, at + number * days // people * DAY, detail
        )
        for number, (title, detail) in enumerate((phrasings * 2)[:people])
    ]


def ids(reports: list[Report]) -> set[str]:
    return {report.id for report in reports}


def test_the_two_most_reported_issues_come_first_and_second_with_their_places() -> None:
    issues = cluster(everyday() + plant() + parking())
    assert [(issue.rank, issue.place) for issue in issues[:2]] == [(1, "云栖新城"), (2, "滨江花苑")]
    assert [set(issue.ids) for issue in issues[:2]] == [ids(plant()), ids(parking())]


def test_an_issue_says_how_many_people_when_and_what() -> None:
    first = cluster(everyday() + plant())[0]
    assert first == Issue(
        rank=1,
        title=first.title,
        place="云栖新城",
        category="",
        people=40,
        reports=40,
        likes=0,
        start=plant()[0].at,
        end=plant()[-1].at,
        ids=tuple(report.id for report in plant()),
        peak=24,
    )
    assert first.title in PLANT_TITLES


def test_other_matters_of_the_same_compound_stay_apart() -> None:
    others = [
        Report(
            f"other-{number}",
            f"o-{number}",
            f"云栖新城{matter}",
            START + number * DAY,
            f"{matter},请派人来看。",
        )
        for number, matter in enumerate(MATTERS)
    ]
    assert set(cluster(everyday() + plant() + others)[0].ids) == ids(plant())


def test_a_district_with_94_different_matters_is_no_issue() -> None:
    words = [
        "井盖",
        "围墙",
        "水管",
        "站牌",
        "垃圾桶",
        "健身器材",
        "花坛",
        "雨棚",
        "门禁",
        "护栏",
        "标线",
        "公厕",
    ]
    wrongs = ["破损", "缺失", "倾斜", "生锈", "太旧", "不够用", "被占用", "漏水"]
    district = [
        Report(f"d-{number}", f"d-{number}", f"东湾区{word}{wrong}", START + number % 30 * DAY)
        for number, (word, wrong) in enumerate(list(product(words, wrongs))[:94])
    ]
    assert cluster(everyday() + district) == []


METRO = [
    "轻轨2号线延长段哪天动工",
    "请问轻轨环线怎样换乘",
    "轻轨4号线施工夜里吵得睡不着",
    "轻轨3号线桥下又脏又臭",
    "修轻轨5号线的农民工还没有拿到工钱",
    "轻轨6号线开通后公交车少了两路",
    "轻轨8号线末班车能不能晚一点",
    "轻轨1号线车厢冷气太足",
    "轻轨7号线为什么绕开老城",
]
OFFICE = [
    "东湾区河口镇办事处不发高龄补贴",
    "投诉东湾区河口镇办事处门前乱停车",
    "东湾区河口镇办事处对面的楼违规加层",
    "反映东湾区河口镇办事处旁边的烧烤摊",
    "请东湾区河口镇办事处修一修村口的桥",
]


@pytest.mark.parametrize("titles", [METRO, OFFICE])
def test_an_institution_with_many_matters_is_no_issue(titles: list[str]) -> None:
    detail = "尊敬的领导您好，请有关部门解决这个问题，希望尽快回复，谢谢。"
    told = _told("many", titles, [detail], len(titles), START, 20)
    assert cluster(everyday() + told) == []
    assert [issue.place for issue in cluster(everyday() + told + plant())] == ["云栖新城"]


ROADS = [
    "咨询楚柳路新增的公交线路何时开通",
    "楚柳路楼顶公寓装修噪音扰民",
    "楚柳路货车扬尘影响附近居民",
    "楚柳路边的空地建不建公园",
    "楚柳路餐馆音乐声太大",
]


def test_neighbouring_roads_named_together_are_no_matter() -> None:
    details = [
        "泉塘路口的车越来越多,东四路也堵。",
        "从东四路走到泉塘路要二十分钟。",
        "泉塘路上学校多,东四路那边超市多。",
        "东四路泉塘路一带晚上很黑。",
        "泉塘路以南的人都知道,东四路也一样。",
    ]
    assert cluster(everyday() + _told("roads", ROADS, details, len(ROADS), START, 20)) == []


LEARNING = [
    ("云栖新城小学学区突然变更", "开发商承诺云栖新城的孩子就读育才三小,现在却划到石坝小学。"),
    ("云栖新城孩子上学要走三公里", "石坝小学要过两条大马路,孩子上学很不安全。"),
    ("质疑教育局对云栖新城的学区划分", "育才三小与云栖新城只有一墙之隔,学区划分没有征求意见。"),
    ("就近入学在云栖新城成了空话", "义务教育法规定就近入学,育才三小就在门口却不能读。"),
    ("云栖新城入学难", "今年一百多个孩子要上一年级,学区至今没有公布。"),
    ("请兑现云栖新城配套学校的承诺", "合同写明配套育才三小,教育局说没有这回事。"),
]


def test_parts_of_one_matter_that_each_tells_in_other_words_are_put_together() -> None:
    titles, details = map(list, zip(*LEARNING, strict=True))
    said = _told("learning", titles, details, 36, START, 24)
    issues = cluster(everyday() + plant(12, 20) + said)
    assert [set(issue.ids) for issue in issues] == [ids(said), ids(plant(12, 20))]


CALLED = ["滨江花苑", "玉景园滨江花苑", "玉景园"]
FORCED = [
    "{}捆绑销售车位",
    "{}不买车位不让选房",
    "投诉{}强卖车位",
    "{}车位捆绑销售合理吗",
    "关于{}强制搭售车位",
]
TOLD = [
    "购房必须同时认购一个车位,十二万一个。",
    "交了定金才说车位要一起买,捆绑销售违反规定。",
    "不买车位就视为放弃购房资格,职工负担不起。",
]


def test_whoever_calls_the_place_otherwise_or_names_none_speaks_of_the_same_issue() -> None:
    titles = [title.format(name) for name, title in product(CALLED, FORCED)]
    said = [
        *_told("forced", titles, TOLD, 30, START, 24),
        Report("forced-unnamed", "u-1", "家里没有车,为什么强制搭售车位", START + 3 * DAY, TOLD[1]),
    ]
    lift = Report("lift", "u-2", "玉景园电梯老是坏", START + 5 * DAY, "电梯三天两头停运。")
    issues = cluster([*everyday(), *said, lift, *plant(12, 20)])
    assert [set(issue.ids) for issue in issues] == [ids(said), ids(plant(12, 20))]


def test_a_report_that_shares_only_the_place_or_only_a_common_word_does_not_join() -> None:
    others = [
        Report("noise", "u-1", "夜里施工噪音扰民", START + 2 * DAY, "工地半夜还在打桩。"),
        Report("lamp", "u-2", "云栖新城门口路灯不亮", START + 3 * DAY, "晚上漆黑一片。"),
        Report("dust", "u-3", "道路灰尘大", START + 4 * DAY, "洒水车一天不来一次。"),
    ]
    assert [set(issue.ids) for issue in cluster(everyday() + plant() + others)] == [ids(plant())]


def test_what_is_no_name_of_a_place_is_not_given_as_one() -> None:
    titles = ["应聘教练员要交押金", "驾校收取教练员押金不退", "教练员押金几时退", "应聘教练员被收押金"]
    details = ["应聘教练员先交五千元押金,离职也不退。", "教练员的押金是劳动法禁止的。"]
    told = _told("deposits", titles, details, 12, START, 20)
    assert [(issue.place, issue.people) for issue in cluster(everyday() + told)] == [("", 12)]
    given = {
        "云栖新城": "云栖新城",
        "云栖新城项": "云栖新城",
        "南山十里天池": "南山十里天池",
        "青山菜市场": "青山菜市场",
        "云锦世家二期": "云锦世家二期",
        "许多村": "",
        "幼儿园": "",
        "飘进家里": "",
    }
    assert {name: as_place(name) for name in given} == given
    assert place_names("胸脯说政府") == frozenset()


def test_one_message_is_no_issue_however_many_like_it() -> None:
    liked = Report("liked", "somebody", "关于金海湾配套入学的问题", START, "孩子没有学校读书。", 1762)
    assert cluster([*everyday(), liked]) == []


def test_the_same_trouble_in_many_streets_is_no_issue() -> None:
    noise = [
        Report(f"n-{number}", f"n-{number}", f"{street}工地夜间施工噪音扰民", START + number * DAY)
        for number, street in enumerate(STREETS)
    ]
    assert cluster(everyday() + noise) == []


def test_one_person_who_writes_twenty_times_is_one_person() -> None:
    again = [replace(report, user="always me") for report in plant(20)]
    assert cluster(everyday() + again) == []
    with_others = cluster(everyday() + again + parking(8))
    assert [(issue.place, issue.people) for issue in with_others] == [("滨江花苑", 8)]


def test_repetitions_do_not_lift_an_issue_over_one_that_more_people_report() -> None:
    loud = [replace(report, id=f"{report.id}-{n}") for report in parking(9, 20) for n in range(4)]
    issues = cluster(everyday() + plant(14, 20) + loud)
    assert [(issue.place, issue.people, issue.reports) for issue in issues] == [
        ("云栖新城", 14, 14),
        ("滨江花苑", 9, 36),
    ]


def test_likes_are_shown_and_do_not_rank() -> None:
    liked = [replace(report, up=500) for report in parking(10, 20)]
    issues = cluster(everyday() + plant(20, 20) + liked)
    assert [(issue.place, issue.likes) for issue in issues] == [("云栖新城", 0), ("滨江花苑", 5000)]


def test_many_people_within_a_month_are_hotter_than_more_over_a_year() -> None:
    issues = cluster(everyday() + plant(30, 360) + parking(12, 24))
    assert [(issue.place, issue.peak) for issue in issues] == [("滨江花苑", 12), ("云栖新城", 3)]


def test_the_order_of_the_reports_makes_no_difference() -> None:
    reports = everyday() + plant() + parking()
    expected = cluster(reports)
    for seed in range(3):
        shuffled = reports[:]
        random.Random(seed).shuffle(shuffled)
        assert cluster(shuffled) == expected


def test_a_report_delivered_twice_counts_once() -> None:
    assert cluster(everyday() + plant() + plant()) == cluster(everyday() + plant())


def test_only_the_period_asked_for_is_read() -> None:
    until = START + 25 * DAY
    first = cluster(everyday() + plant(), since=START, until=until)[0]
    assert set(first.ids) == {report.id for report in plant() if report.at < until}
    assert cluster(everyday() + plant(), since=START + 900 * DAY) == []


def test_a_category_is_asked_for_by_the_title() -> None:
    asked = []

    def environment(text: str) -> str:
        asked.append(text)
        return "environment"

    issues = cluster(everyday() + plant(), category=environment)
    assert [(issue.category, issue.title) for issue in issues] == [("environment", title) for title in asked]


def test_progress_rises_to_the_end() -> None:
    heard: list[tuple[int, int]] = []
    cluster(everyday() + plant(), on_progress=lambda done, total: heard.append((done, total)))
    assert heard == sorted(heard)
    assert heard[-1] == (100, 100)
    assert max(after[0] - before[0] for before, after in pairwise(heard)) <= 25


def test_of_nothing_there_is_no_issue() -> None:
    assert cluster([]) == []
    assert cluster([Report("1", "a", "", START)]) == []


@pytest.mark.parametrize(
    "written", ["2019-02-28 11:25:05", "2019/2/28 11:25:05", "2019-02-28T11:25:05", " 2019/02/28  11:25:05 "]
)
def test_times_are_read_as_tables_write_them(written: str) -> None:
    assert seconds(written) == 1551324305


def test_times_may_lack_seconds_or_hours_and_nothing_else_is_a_time() -> None:
    assert (seconds("2019/2/28 11:25"), seconds("2019/2/28")) == (1551324300, 1551283200)
    for wrong in ("", "昨天", "2019-13-01", "28.2.2019 11:25"):
        with pytest.raises(ValueError):
            seconds(wrong)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=120), st.sampled_from("abcd")), max_size=12))
def test_any_texts_at_all_can_be_clustered(written: list[tuple[str, str, str]]) -> None:
    reports = [
        Report(str(number), user, title, START + number, detail)
        for number, (title, detail, user) in enumerate(written * 2)
    ]
    seen = [each for issue in cluster(reports) for each in issue.ids]
    assert len(seen) == len(set(seen))


def test_each_report_is_compared_a_few_times_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = [0]
    score = Notes.score

    def counting(self: Notes, worth: dict[int, int], position: int) -> int:
        compared[0] += 1
        return score(self, worth, position)

    monkeypatch.setattr(Notes, "score", counting)
    for size in (1000, 8000):
        compared[0] = 0
        cluster(_town(size))
        assert compared[0] <= 4 * size


@pytest.mark.long
def test_four_times_the_reports_take_about_four_times_as_long() -> None:
    from bench import hot as bench

    few, many = bench.measure(10_000), bench.measure(40_000)
    assert many["seconds"] <= 8 * few["seconds"], (few, many)


def _town(size: int) -> list[Report]:
    """So many reports of a town that is busier, not more varied, the larger the number."""
    chosen = random.Random(7)
    return [
        Report(
            str(number),
            f"u{number}",
            f"{chosen.choice(STREETS)}{chosen.choice(MATTERS)}",
            START + chosen.randrange(300) * DAY,
            f"{chosen.choice(PLANT_DETAILS + PARKING_DETAILS)}{chosen.choice(MATTERS)}",
        )
        for number in range(size)
    ]
