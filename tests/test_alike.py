"""Doubles: what a new report is told of the open cases that say the same."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.alike import DAY, Index, shingles, similarity

NOW = 1_700_000_000
GRID, NEXT_GRID, VILLAGE = 11, 12, 1


def index() -> Index:
    open_cases = Index()
    open_cases.add(1001, "幸福小区3号楼的路灯坏了", GRID, NOW)
    open_cases.add(1002, "幸福小区3号楼停水一天了", GRID, NOW)
    open_cases.add(1003, "桃花村口路灯坏了没人修", NEXT_GRID, NOW)
    open_cases.add(1004, "村委会旁边垃圾没人清运", VILLAGE, NOW)
    return open_cases


def test_the_case_that_says_the_same_comes_first() -> None:
    assert index().find("幸福小区3号楼前面路灯不亮了,坏了好几天", {GRID, VILLAGE}, NOW) == [(1001, 0.824)]


def test_one_place_and_one_way_of_speaking_are_not_one_matter() -> None:
    open_cases = Index()
    said = "您好，幸福小区3号楼旁边{}，已经好几天了，麻烦派人来看看，谢谢。"
    for case_id, matter in enumerate(("路灯不亮", "污水横流", "有人电鱼"), 1001):
        open_cases.add(case_id, said.format(matter), GRID, NOW, "other")
    found = {
        matter: open_cases.find(said.format(matter), {GRID}, NOW, category="other")
        for matter in ("路灯坏了", "污水流到路上", "楼上漏水", "路灯不亮")
    }
    assert {matter: [case_id for case_id, _ in each] for matter, each in found.items()} == {
        "路灯坏了": [1001],
        "污水流到路上": [1002],
        "楼上漏水": [],
        "路灯不亮": [1001],
    }


def test_only_the_given_units_are_asked() -> None:
    found = index().find("桃花村口路灯坏了", {GRID, VILLAGE}, NOW)
    assert found == []
    assert [case_id for case_id, _ in index().find("桃花村口路灯坏了", {NEXT_GRID}, NOW)] == [1003]


def test_a_case_of_last_season_is_not_the_same_matter() -> None:
    text = "桃花村口路灯坏了没人修"
    assert index().find(text, {NEXT_GRID}, NOW + 30 * DAY) == [(1003, 1.0)]
    assert index().find(text, {NEXT_GRID}, NOW + 30 * DAY + 1) == []
    assert index().find(text, {NEXT_GRID}, NOW + 30 * DAY + 1, days=31) == [(1003, 1.0)]


def test_words_that_differ_are_no_double() -> None:
    assert index().find("楼道里有人吵架", {GRID, NEXT_GRID, VILLAGE}, NOW) == []


def test_a_closed_case_is_no_longer_offered() -> None:
    open_cases = index()
    open_cases.drop(1003)
    open_cases.drop(1003)
    assert (open_cases.find("桃花村口路灯坏了没人修", {NEXT_GRID}, NOW), len(open_cases)) == ([], 3)


def test_a_case_that_was_amended_is_found_by_its_new_words_only() -> None:
    open_cases = index()
    open_cases.add(1004, "河边公厕停电", VILLAGE, NOW)
    assert open_cases.find("村委会旁边垃圾没人清运", {VILLAGE}, NOW) == []
    assert open_cases.find("河边公厕停电", {VILLAGE}, NOW) == [(1004, 1.0)]
    assert len(open_cases) == 4


def test_of_equals_the_oldest_number_comes_first_and_the_limit_holds() -> None:
    open_cases = Index()
    for case_id in (1009, 1007, 1008):
        open_cases.add(case_id, "三组桥头井盖破损", GRID, NOW)
    assert open_cases.find("三组桥头井盖破损", {GRID}, NOW, limit=2) == [(1007, 1.0), (1008, 1.0)]


def test_traditional_full_width_and_stickers_make_no_difference() -> None:
    assert similarity("３號樓路燈壞了[流泪]", "3号楼路灯坏了") == 1.0


def test_function_words_carry_no_likeness() -> None:
    assert similarity("我们这里的", "你们那里的") == 0.0
    assert shingles("我们的路灯") == {"路灯"}


def test_a_rare_name_leads_to_its_case_among_very_many_that_share_the_common_words() -> None:
    open_cases = Index()
    for number in range(5000):
        open_cases.add(number, f"小区门口路灯坏了,第{number}次报", GRID, NOW)
    open_cases.add(9000, "鲤鱼滩码头路灯坏了", GRID, NOW)
    assert open_cases.find("鲤鱼滩码头的路灯还没修好", {GRID}, NOW, limit=1) == [(9000, 0.714)]


def test_the_work_of_a_search_does_not_grow_with_the_number_of_cases() -> None:
    looked_at = {}
    for size in (2000, 8000):
        open_cases = Index()
        for number in range(size):
            open_cases.add(number, f"小区门口路灯坏了,第{number}次报", GRID, NOW)
        asked: list[int] = []
        open_cases._pairs = _Counting(open_cases._pairs, asked)
        open_cases.find("小区门口路灯坏了", {GRID}, NOW)
        looked_at[size] = len(asked)
    assert looked_at[2000] == looked_at[8000]


class _Counting(dict):  # type: ignore[type-arg]
    def __init__(self, pairs: dict[int, object], asked: list[int]) -> None:
        super().__init__(pairs)
        self._asked = asked

    def __getitem__(self, slot: int) -> object:
        self._asked.append(slot)
        return super().__getitem__(slot)


def test_the_same_cases_in_the_same_order_give_the_same_answer_whatever_came_and_went_between() -> None:
    texts = ["东街井盖破损", "西街井盖破损", "东街路灯不亮", "东街垃圾堆积", "东街井盖丢失"]
    plain_index, busy_index = Index(), Index()
    for case_id, text in enumerate(texts):
        plain_index.add(case_id, text, GRID, NOW)
        busy_index.add(900 + case_id, "东街井盖没了", GRID, NOW)
        busy_index.add(case_id, text, GRID, NOW)
        busy_index.drop(900 + case_id)
    for text in texts:
        assert busy_index.find(text, {GRID}, NOW) == plain_index.find(text, {GRID}, NOW)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_two_texts_at_all_can_be_compared(one: str, other: str) -> None:
    assert 0.0 <= similarity(one, other) <= 1.0
    assert similarity(one, other) == similarity(other, one)
    open_cases = Index()
    open_cases.add(1, one, GRID, NOW)
    assert [case_id for case_id, _ in open_cases.find(one, {GRID}, NOW)] == (
        [1] if all(map(len, open_cases._pairs.values())) else []
    )


def test_words_in_another_order_are_still_alike() -> None:
    words = ["路灯坏了", "幸福小区", "三号楼下", "晚上很黑"]
    shuffled = words[:]
    random.Random(3).shuffle(shuffled)
    assert similarity(",".join(words), ",".join(shuffled)) == 1.0
