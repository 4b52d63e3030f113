"""Emergencies: our own sentences are read as the file says, and why an alarm was raised can be seen."""

import csv
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.alarms import CALLS, examples
from nlp.plain import plain
from nlp.rules import load
from nlp.urgent import evidence, urgent, weigh
from tests.town_rules import RULES

ROOT = Path(__file__).parent.parent
SIGNS_ONLY = replace(RULES, danger=None)
# Sentences that are read wrongly, marked in the file; may only become fewer. No emergency is missed.
FALSE_ALARMS_MAX, OTHER_NUMBERS_MAX = 66, 35


def sentences() -> list[dict[str, str]]:
    with (ROOT / "rules" / "urgent_sentences.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_sentence_is_read_right_or_marked_as_misread() -> None:
    rows = sentences()
    wrong = [
        (row["text"], got)
        for row in rows
        if (got := urgent(row["text"], RULES) or "calm") != (row["misread"] or row["call"])
    ]
    assert wrong == []
    misread = [row for row in rows if row["misread"]]
    assert [row["text"] for row in misread if row["misread"] == "calm"] == []
    false = sum(row["call"] == "calm" for row in misread)
    assert (false <= FALSE_ALARMS_MAX, len(misread) - false <= OTHER_NUMBERS_MAX) == (True, True)
    alarms = sum(row["call"] != "calm" for row in rows)
    assert (len(rows) - alarms > 4_000, alarms > 3_000) == (True, True)


def test_sentences_that_the_rules_never_learned_from_are_read_as_at_first_sight() -> None:
    """All emergencies, and no more false alarms than then. Never add these to the sentences learned."""
    with (ROOT / "tests" / "urgent_unseen.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    alarms = Counter(row["kind"] for row in rows if urgent(row["text"], RULES))
    assert Counter(row["kind"] for row in rows) == {"emergency": 80, "lookalike": 80, "ordinary": 300}
    assert (alarms["emergency"], alarms["lookalike"] <= 2, alarms["ordinary"] <= 3) == (80, True, True)


def test_the_examples_of_the_file_are_read_right() -> None:
    told = list(examples(RULES.alarms))
    assert [(call, text) for call, text in told if urgent(text, RULES) != call] == []


def test_a_word_inside_a_longer_one_counts_unless_that_is_a_calm_phrase() -> None:
    # 痴呆 in 老年痴呆 · 被抢 in 被抢购
    told = ["有老年痴呆，早上出去，还没找到", "口罩被抢购一空"]
    assert [urgent(text, RULES) for text in told] == ["110", None]


def test_nothing_that_is_denied_or_feared_between_two_words_makes_them_a_pair() -> None:
    told = ["窨井盖不见了，有个孩子掉下去了", "窨井盖不见了，担心有人掉下去"]
    assert [weigh(plain(text), SIGNS_ONLY).call for text in told] == ["119", None]
    assert urgent(told[0], RULES) in CALLS


def test_signs_alone_decide_where_a_town_has_no_file_of_words() -> None:
    told = ["著火了！快來人！", "没有着火，是邻居在烧饭", "三楼的窗户一直往外冒黑烟，里面好像有人"]
    assert [urgent(text, SIGNS_ONLY) for text in told] == ["119", None, "119"]
    assert evidence("救命", SIGNS_ONLY) == (("呼救（救命）", 4),)


def test_the_words_that_raised_an_alarm_are_told_the_heaviest_first() -> None:
    told = evidence("后山烧起来了，快来人救火", RULES)
    weights = [abs(weight) for _, weight in told]
    assert ({"火（烧起来）", "呼喊"} <= {what for what, _ in told}, weights) == (True, sorted(weights)[::-1])
    assert evidence("路灯坏了", RULES) == ()


def test_the_file_of_words_must_name_the_numbers_to_call(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    (folder / "urgent_words.toml").write_text('[[category]]\ncode = "119"\nkeywords = { "火" = 3 }\n')
    with pytest.raises(ValueError, match=r"urgent_words\.toml: the codes must be 119, 110, 120, calm"):
        load(folder)


@given(st.text(max_size=300))
def test_any_text_is_weighed_and_evidence_stands_only_beside_an_alarm(text: str) -> None:
    assert (urgent(text, RULES) is not None) == bool(evidence(text, RULES))


def test_calm_words_stay_calm_however_often_they_are_said() -> None:
    assert [urgent("路灯坏了，" * times, RULES) for times in (1, 50, 800, 2_000)] == [None] * 4


def test_words_alone_need_more_than_words_beside_a_sign(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules", folder)
    file = folder / "urgent.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("alone_at = -6\n", ""), encoding="utf-8")
    text = "猫卡在车底，自己出来了"
    assert (urgent(text, RULES), urgent(text, load(folder)) in CALLS) == (None, True)
