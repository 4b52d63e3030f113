"""Rules learned from past work orders: readable, the same each time, run by the same engine."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.classify import Guess, Mark, classify, marks
from nlp.evaluate import evaluate, stats
from nlp.learned import Learned
from nlp.rules import Rules, load_categories

ROOT = Path(__file__).parent.parent
PLACES = ["东风路", "桃花村", "新建小区", "河西菜场", "三号楼", "火车站前"]
MATTERS = {
    '街面 "设施"': ["路灯不亮", "路灯坏了", "井盖破损", "井盖丢了", "路面破损", "护栏坏了"],
    "环境卫生": ["垃圾没人清运", "垃圾成堆", "垃圾桶太臭", "公厕太臭", "污水满地", "污水横流"],
    "劳动保障": ["拖欠工资", "老板欠工资不给", "工资没发", "社保没交", "公司不交社保", "加班没有工资"],
}
ROWS = [
    (place + matter, f"您好，我是这里的居民。{matter}，请尽快处理，谢谢！", label)
    for label, matters in MATTERS.items()
    for place, matter in product(PLACES, matters)
]
TITLES, DETAILS, LABELS = (list(column) for column in zip(*ROWS, strict=True))
UNSEEN = ["北门的路灯不亮了", "垃圾臭得很", "包工头欠我们工资", "井盖又丢了", "污水没人管", "厂里不给交社保"]
UNSEEN_LABELS = [list(MATTERS)[which] for which in (0, 1, 2, 0, 1, 2)]


def learn(columns: list[list[str]], labels: list[str], **options: Any) -> Learned:
    """What learning needs is loaded here, in the one test process that learns."""
    from nlp.learn import learn as learn_rules

    return learn_rules(columns, labels, **options)


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learn([TITLES, DETAILS], LABELS)


def loaded(rules: Learned, folder: Path) -> Rules:
    rules.write(folder / "learned.toml")
    return load_categories(folder / "learned.toml")


def written(folder: Path, text: str) -> Rules:
    file = folder / "rules.toml"
    file.write_text(text)
    return load_categories(file)


def test_what_was_learned_sorts_titles_and_full_texts_nobody_has_seen(
    learned: Learned, tmp_path: Path
) -> None:
    rules = loaded(learned, tmp_path)
    assert tuple(rules.by_code) == tuple(sorted(MATTERS))
    assert [classify(text, rules).category for text in UNSEEN] == UNSEEN_LABELS
    assert [classify(f"{text}\n领导好，请管一管。", rules).category for text in UNSEEN] == UNSEEN_LABELS


def test_a_trial_tells_how_well_the_rules_sort_a_fifth_they_have_not_seen(learned: Learned) -> None:
    assert [(report.texts, report.macro_f1) for report in learned.held_out] == [(21, 1.0), (21, 1.0)]


def test_the_file_shows_the_words_that_people_complained_with() -> None:
    words_only = learn([TITLES, DETAILS], LABELS, parts=0, singles=0)
    strongest = {
        label: max(words_only.weights, key=lambda word: words_only.weights[word][which])
        for which, label in enumerate(words_only.labels)
    }
    assert strongest == {'街面 "设施"': "坏了", "环境卫生": "污水", "劳动保障": "工资"}


def test_the_same_rows_give_the_same_file_whatever_the_hash_seed(learned: Learned, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.test_learn import *\n"
        "learn([TITLES, DETAILS], LABELS).write(Path(sys.argv[1]))"
    )
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"  # than that of this process
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")],
        env=os.environ | {"PYTHONHASHSEED": other},
        cwd=ROOT,
        check=True,
    )
    learned.write(tmp_path / "here")
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes()


def test_there_are_no_more_words_than_asked_for_and_few_of_them_are_fragments(tmp_path: Path) -> None:
    rules = loaded(learn([TITLES], LABELS, max_words=20), tmp_path)
    figures = stats(rules, TITLES)
    assert figures == stats(rules, TITLES)
    assert (figures.words <= 20, figures.whole_numbers, figures.unseen) == (True, True, 0)
    assert (figures.whole_share >= 0.8, figures.whole_words) == (True, stats(rules).whole_words)


def test_words_that_weigh_little_everywhere_may_be_left_out(learned: Learned) -> None:
    kept = learned.without_lighter_than(5).weights
    assert 0 < len(kept) < len(learned.weights)
    assert kept == {word: each for word, each in learned.weights.items() if max(map(abs, each)) >= 5}


def test_without_fragments_every_word_is_one_that_people_recognise(tmp_path: Path) -> None:
    rules = loaded(learn([TITLES, DETAILS], LABELS, parts=0, singles=0), tmp_path)
    assert rules.fragments == frozenset()
    assert stats(rules, ["\n".join(row[:2]) for row in ROWS]).whole_share == 1.0
    assert evaluate(UNSEEN, UNSEEN_LABELS, rules).accuracy == 1.0


def test_only_where_a_title_stands_first_do_words_at_the_start_count_twice(learned: Learned) -> None:
    assert (learned.opening, learn([DETAILS], LABELS).opening) == (30, 0)


def test_progress_rises_to_the_whole(learned: Learned) -> None:
    told: list[tuple[str, float]] = []
    learn([TITLES], LABELS, on_progress=lambda step, share: told.append((step, share)))
    shares = [share for _, share in told]
    assert (shares == sorted(shares), told[0], told[-1]) == (True, ("read", 0.0), ("learn", 1.0))
    assert list(dict(told)) == ["read", "trial", "learn"]


def test_too_few_rows_for_a_trial_still_give_a_file(tmp_path: Path) -> None:
    few = learn([["路灯坏了", "路灯不亮", "垃圾成堆", "垃圾太臭"]], ["灯", "灯", "脏", "脏"])
    assert (few.held_out, few.margin) == ((), 1)
    rules = loaded(few, tmp_path)
    assert [classify(text, rules).category for text in ("一盏路灯", "一堆垃圾")] == ["灯", "脏"]


@pytest.mark.parametrize(
    ("columns", "labels", "complaint"),
    [
        ([], ["a"], "every column needs one text for each label"),
        ([["路灯"], ["路灯", "井盖"]], ["a"], "every column needs one text for each label"),
        ([["路灯", "井盖"]], ["a", " "], "a label is empty"),
        ([["路灯", "井盖"]], ["a", "a"], "there must be at least two different labels"),
        ([["路灯", "井盖", "污水"]], ["a", "b", "b"], "a label needs two texts on average"),
        ([["路灯", "井盖", "污水", "工资"]], ["a", "b", "a", "b"], "no word stands in enough texts"),
    ],
)
def test_rows_that_teach_nothing_are_refused_with_the_reason(
    columns: list[list[str]], labels: list[str], complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"^{complaint}$"):
        learn(columns, labels)


def test_sorting_and_judging_never_load_what_learning_needs() -> None:
    code = "import bot.__main__, nlp.evaluate, sys; sys.exit(bool({'sklearn', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


NESTED = 'nested = true\n[[category]]\ncode = "a"\nkeywords = { "医院" = 2, "人民医院" = 1 }\n'


def test_a_file_may_ask_that_words_count_inside_longer_ones(tmp_path: Path) -> None:
    assert classify("人民医院", written(tmp_path, NESTED)).score == 3
    assert classify("人民医院", written(tmp_path, NESTED.replace("true", "false"))).score == 1
    assert marks("去人民医院", written(tmp_path, NESTED)) == [
        Mark("人民医院", 1, 5, (("a", 1),)),
        Mark("医院", 3, 5, (("a", 2),)),
    ]


def test_an_excluded_word_hides_what_lies_inside_it_also_then(tmp_path: Path) -> None:
    rules = written(tmp_path, NESTED + 'exclude = ["宠物医院"]\n')
    assert classify("宠物医院", rules) == Guess("a", True, 0, (), None)
    assert classify("宠物医院在人民医院旁", rules).words == ("人民医院", "医院")


def test_a_file_may_ask_that_words_count_twice_in_the_opening(tmp_path: Path) -> None:
    text = 'opening = 4\n[[category]]\ncode = "a"\nkeywords = { "路灯" = 2 }\n'
    scores = [
        classify(each, written(tmp_path, text)).score for each in ("修好路灯", "请修好路灯", "路灯，路灯")
    ]
    assert scores == [4, 2, 4]


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ('nested = "yes"\n', '"nested" must be true or false'),
        ("opening = -1\n", '"opening" must be a whole number from 0 to 1000'),
        ('fragments = "校"\n', '"fragments" must be a list of texts, none of them empty'),
    ],
)
def test_a_bad_head_is_refused(tmp_path: Path, head: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^rules.toml: head: {complaint}$"):
        written(tmp_path, head + '[[category]]\ncode = "a"\nkeywords = {}\n')


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("甲乙丙丁"), st.integers(-1000, 1000).filter(bool)), min_size=2)
)
def test_totals_kept_in_one_number_are_those_added_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, weights: list[dict[str, int]]
) -> None:
    blocks = [
        f'[[category]]\ncode = "c{which}"\nbias = {-which}\nkeywords = {{ '
        + ", ".join(f'"{word}" = {weight}' for word, weight in each.items())
        + " }\n"
        for which, each in enumerate(weights)
    ]
    rules = written(tmp_path_factory.mktemp("rules"), "".join(blocks))
    totals = [sum(each.values()) - which for which, each in enumerate(weights)]
    guess = classify("甲乙丙丁", rules)
    assert (guess.category, guess.score) == (f"c{totals.index(max(totals))}", max(totals))


@given(text=st.text("医院人民，", max_size=20))
def test_a_file_with_exclusions_sorts_like_one_without_where_none_applies(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder, head = tmp_path_factory.mktemp("rules"), "opening = 5\n"
    quick = classify(text, written(folder, head + NESTED))
    assert quick == classify(text, written(folder, head + NESTED + 'exclude = ["宠物医院"]\n'))
