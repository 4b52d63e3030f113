"""Places, times, people, plates and ID numbers are found where they stand."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.slots import place_phrase, remove_ids, slots


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("我家住在幸福小区3号楼2单元501室，漏水", "幸福小区3号楼2单元501室"),
        ("村委会东边的路灯不亮", "村委会东边"),
        ("人民路与建设路交叉口红绿灯坏了", "人民路与建设路交叉口"),
        ("昨晚十点左右和平路积水", "和平路"),
        ("投诉宏达建筑有限公司拖欠工资", "宏达建筑有限公司"),
        ("请问桃花村三组张家门口的沟谁修", "桃花村三组张家门口"),
        ("反映青河镇桃花村没有路灯", "青河镇桃花村"),
        ("滨江大道中段有个坑", "滨江大道中段"),
        ("3栋2单元电梯坏了", "3栋2单元"),
        ("县人民医院对面乱停车", "县人民医院对面"),
        ("位于实验小学门口的斑马线磨没了", "实验小学门口"),
        ("路灯坏了", None),
        ("我们小区停水", None),
        ("走投无路了", None),
        ("农村医保怎么报", None),
        ("提三点建议", None),
        ("", None),
    ],
)
def test_the_fullest_place_of_a_text_is_found_without_what_leads_up_to_it(
    text: str, phrase: str | None
) -> None:
    assert place_phrase(text) == phrase


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("昨晚八点就停水了", ["昨晚八点"]),
        ("11月3日，每天凌晨两点到四点施工", ["11月3日", "每天凌晨两点到四点"]),
        ("2019年10月5日晚上10点半左右", ["2019年10月5日晚上10点半左右"]),
        ("上周五下午3点到5点", ["上周五下午3点到5点"]),
        ("停电三天了", ["三天"]),
        ("连续两个月没发工资", ["连续两个月"]),
        ("22:30还在放音乐", ["22:30"]),
        ("半夜跳舞", ["半夜"]),
        ("有几点意见，3号楼，一点都不好", []),
        ("长期没人管", []),
    ],
)
def test_times_are_found_as_people_say_them(text: str, times: list[str]) -> None:
    assert [slot.text for slot in slots(text) if slot.kind == "time"] == times


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("20多户居民停水", ["20多户居民"]),
        ("三四十人聚集", ["三四十人"]),
        ("上百名业主签字", ["上百名业主"]),
        ("一家五口人没地方住", ["五口人"]),
        ("共1200余户", ["共1200余户"]),
        ("一个人在家", []),
        ("人民路，工人路，第三人民医院", []),
        ("两个月", []),
    ],
)
def test_numbers_of_people_are_found(text: str, people: list[str]) -> None:
    assert [slot.text for slot in slots(text) if slot.kind == "people"] == people


def test_every_slot_says_where_it_stands() -> None:
    text = "昨晚川A12345堵在幸福小区门口，30多户出不去，电话13812345678"
    assert [(slot.kind, text[slot.start : slot.end], slot.text) for slot in slots(text)] == [
        ("time", "昨晚", "昨晚"),
        ("plate", "川A12345", "川A12345"),
        ("place", "幸福小区门口", "幸福小区门口"),
        ("people", "30多户", "30多户"),
        ("phone", "13812345678", "13812345678"),
    ]


@pytest.mark.parametrize(
    ("text", "clean", "found"),
    [
        ("我的身份证11010519491231002X，帮我查", "我的身份证***，帮我查", True),
        ("１１０１０５１９４９１２３１００２ｘ", "***", True),
        ("110105 19491231 002X", "***", True),
        ("110105194912310021", "110105194912310021", False),  # the check digit is wrong
        ("110105194913310021", "110105194913310021", False),  # there is no month 13
        ("单号11010519491231002X9", "单号11010519491231002X9", False),
        ("电话13812345678", "电话13812345678", False),
    ],
)
def test_an_id_number_is_taken_out_so_that_the_person_can_be_warned(
    text: str, clean: str, found: bool
) -> None:
    assert remove_ids(text) == (clean, found)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=300))
def test_in_any_text_at_all_the_slots_stand_where_they_say(text: str) -> None:
    assert [slot.text for slot in slots(text)] == [text[slot.start : slot.end] for slot in slots(text)]


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="幸福小区3号楼二点半昨晚在的与到路口20多户人年月日川A1-: ,，X", max_size=200))
def test_in_any_text_of_such_words_too(text: str) -> None:
    clean, found = remove_ids(text)
    assert [slot.text for slot in slots(text)] == [text[slot.start : slot.end] for slot in slots(text)]
    assert (found, remove_ids(clean)[0]) == (clean != text, clean)


@pytest.mark.parametrize(
    "word", ["幸", "3号", "路", "一", "1", "幸福小区", "昨天", "家", "人民路与", "川A1", "X"]
)
def test_a_text_twice_as_long_takes_about_twice_as_long(word: str) -> None:
    def seconds(length: int) -> float:
        text = (word * length)[:length]
        started = time.process_time()
        slots(text)
        return time.process_time() - started

    short = min(seconds(2_500) for _ in range(3))
    assert min(seconds(20_000) for _ in range(2)) < 20 * short + 0.05
