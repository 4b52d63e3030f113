"""What rules say beyond single words: pairs, whole words, what takes a word back, levels."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlp.around import uncovered
from nlp.classify import Guess, Mark, classify, marked, marks, path
from nlp.plain import plain
from nlp.rules import OTHER, Rules, load_categories
from nlp.scan import Hit
from nlp.words import word_edges
from tests.town_rules import RULES as DEFAULT

ROOT = Path(__file__).parent.parent
FILE = """
margin = 1
distance = 4
[[window]]
side = "before"
words = ["不是"]
but = ["是不是"]
gap = 1
[[window]]
side = "after"
words = ["修好了"]
gap = 2
percent = 50
[[category]]
code = "lamp"
keywords = { "路灯" = 6, "消防" = 1 }
pairs = [["灯|灯泡", "坏|不亮", 4]]
[[category]]
code = "fire"
keywords = { "消防通道" = 5 }
pairs = [["通道", "堵", 3], ["消防", "车", -2, 10]]
[[category]]
code = "parking"
keywords = { "停车" = 2 }
whole = { "车位" = 4, "停车" = 1 }
[[category]]
code = "other"
keywords = {}
"""
ONE = '[[category]]\ncode = "a"\nkeywords = { "路灯" = 3 }\n'


def written(folder: Path, text: str) -> Rules:
    file = folder / "categories.toml"
    file.write_text(text)
    return load_categories(file)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    word_edges("路灯")  # a server of another test may have left the dictionary to load in the background
    return written(tmp_path_factory.mktemp("rules"), FILE)


def lead(code: str, score: float, *words: str) -> Guess:
    return Guess(code, False, score, words, None, margin=score)


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("楼道灯又坏了", lead("lamp", 4, "灯|灯泡…坏|不亮")),
        ("坏了的灯", lead("lamp", 4, "灯|灯泡…坏|不亮")),
        ("灯一二三四坏", lead("lamp", 4, "灯|灯泡…坏|不亮")),
        ("灯一二三四五坏", Guess(OTHER, True, 0, (), None)),
        ("有灯。坏了", Guess(OTHER, True, 0, (), None)),
        ("灯。坏的灯坏", lead("lamp", 4, "灯|灯泡…坏|不亮")),
        # A word of a pair hides nothing and lies in longer words.
        ("路灯不亮", lead("lamp", 10, "路灯", "灯|灯泡…坏|不亮")),
        ("消防通道堵了", lead("fire", 8, "消防通道", "通道…堵")),
    ],
)
def test_two_words_count_together_where_they_stand_near_each_other(
    rules: Rules, text: str, guess: Guess
) -> None:
    assert classify(text, rules) == guess


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("没有车位", lead("parking", 4, "车位")),
        ("自行车位置", Guess(OTHER, True, 0, (), None)),
        ("停车，很难", lead("parking", 3, "停车", "停车")),
    ],
)
def test_a_whole_word_counts_where_jieba_sees_one(rules: Rules, text: str, guess: Guess) -> None:
    assert classify(text, rules) == guess


def test_while_the_dictionary_loads_whole_words_add_nothing_and_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "categories.toml").write_text(FILE)
    story = f"""
import sys, threading
from pathlib import Path
from nlp import words
from nlp.classify import classify
from nlp.rules import load_categories
rules = load_categories(Path({str(tmp_path / "categories.toml")!r}))
held = threading.Lock()
load = words._dictionary.load
def slowly():
    with held:
        load()
words._dictionary.load = slowly
with held:
    words.in_background(now=True)
    print(classify("停车位车位", rules).score, "jieba" in sys.modules)
words._loading().join()
print(classify("停车位，车位", rules).score)
"""
    done = subprocess.run([sys.executable, "-c", story], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "2 False\n6 True\n".replace("6 True", "6"), done.stderr


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("不是路灯", Guess(OTHER, True, 0, (), None)),
        ("不是说路灯", Guess(OTHER, True, 0, (), None)),
        ("不是，路灯", lead("lamp", 6, "路灯")),
        ("是不是路灯", lead("lamp", 6, "路灯")),
        ("不是路灯，是路灯", lead("lamp", 6, "路灯")),
        ("路灯已经修好了", lead("lamp", 3, "路灯")),
        ("路灯早就已经修好了", lead("lamp", 6, "路灯")),
        ("路灯修好了，路灯不是好的", lead("lamp", 6, "路灯")),
        ("消防通道不是堵着", lead("fire", 8, "消防通道", "通道…堵")),
        ("不是通道堵", Guess(OTHER, True, 0, (), None)),
    ],
)
def test_what_is_denied_or_solved_counts_less(rules: Rules, text: str, guess: Guess) -> None:
    assert classify(text, rules) == guess


def test_marks_show_both_words_of_a_pair_and_what_is_left_of_a_word(rules: Rules) -> None:
    assert marks("路燈修好了，燈泡壞了", rules) == [
        Mark("路灯", 0, 2, (("lamp", 3),)),
        Mark("灯|灯泡…坏|不亮", 6, 8, (("lamp", 4),)),
        Mark("灯|灯泡…坏|不亮", 8, 9, (("lamp", 4),)),
    ]
    assert marked("路燈修好了，燈泡\n又壞了", rules) == "【路燈】修好了，【燈泡】\n又【壞】了"


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("路灯已经修好了，现在垃圾没人清运", "sanitation"),
        ("不是停水，是停电了", "utilities"),
        ("没有路灯，晚上看不见", "facility"),
        ("是不是停水了", "utilities"),
    ],
)
def test_the_default_rules_leave_out_what_is_solved_and_keep_what_is_missing(
    text: str, category: str
) -> None:
    assert classify(text, DEFAULT).category == category


LEVELS = """
levels = ["一级", "二级", "三级"]
[[category]]
code = "城乡建设/市政/路灯"
keywords = { "路灯" = 5 }
[[category]]
code = "城乡建设/市政/井盖"
keywords = { "井盖" = 5 }
[[category]]
code = "交通运输/公交/班次"
keywords = { "公交" = 4, "班次" = 2 }
"""


def test_a_taxonomy_with_levels_tells_the_path(tmp_path: Path, rules: Rules) -> None:
    deep = written(tmp_path, LEVELS)
    guess = classify("公交车班次太少", deep)
    assert guess == Guess("交通运输/公交/班次", False, 6, ("公交", "班次"), None, margin=6)
    assert path(guess.category, deep) == (("一级", "交通运输"), ("二级", "公交"), ("三级", "班次"))
    assert path("lamp", rules) == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            ONE + 'pairs = [["灯", "坏"]]\n',
            '[[category]] 1 "a": a pair must be ["this|or this", "that|or that"',
        ),
        (ONE + 'pairs = ["灯"]\n', '[[category]] 1 "a": a pair must be'),
        (ONE + 'pairs = [["灯", "坏", 0]]\n', '[[category]] 1 "a": a pair must be'),
        (ONE + 'pairs = [["灯", "坏", true]]\n', '[[category]] 1 "a": a pair must be'),
        (ONE + 'pairs = [["灯", "坏", 3, 101]]\n', '[[category]] 1 "a": a pair must be'),
        (ONE + 'pairs = [["灯|", "坏", 3]]\n', '[[category]] 1 "a": "" must have 1 to 32 characters'),
        (
            ONE + 'pairs = [["灯", "坏", 3], ["灯", "坏", 3]]\n',
            '[[category]] 1 "a": "pairs" holds 灯…坏 twice',
        ),
        (ONE + 'whole = { "灯" = 0 }\n', '[[category]] 1 "a": the weight of "灯" must be'),
        (ONE + 'whole = { "灯" = 1 }\nexclude = ["灯"]\n', '"灯" is both a keyword and excluded'),
        (
            '[[window]]\nside = "left"\nwords = ["不是"]\n' + ONE,
            '[[window]] 1: "side" must be "before" or "after"',
        ),
        ('[[window]]\nside = "after"\n' + ONE, '[[window]] 1: "words" is missing'),
        (
            '[[window]]\nside = "after"\nwords = ["好"]\npercent = 100\n' + ONE,
            '[[window]] 1: "percent" must be a whole number from 0 to 99',
        ),
        ("distance = 101\n" + ONE, 'head: "distance" must be a whole number from 0 to 100'),
        ('levels = ["大类", "小类"]\n' + ONE, '[[category]] 1 "a": "code" must have the 2 parts 大类/小类'),
    ],
)
def test_a_bad_file_names_block_and_reason(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as refused:
        written(tmp_path, text)
    assert str(refused.value).startswith(f"categories.toml: {complaint}") or (
        complaint in str(refused.value) and str(refused.value).startswith("categories.toml: ")
    )


@given(st.one_of(st.text(max_size=20_000), st.text("不是路灯坏修好了消防通道堵车位停，。", max_size=500)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_sorted_without_error(rules: Rules, text: str) -> None:
    for each in (rules, DEFAULT):
        guess = classify(text, each)
        assert guess.category in each.by_code
        assert [mark.word for mark in marks(text, each)] or not guess.words


WINDOWS = """
margin = 1
opening = 6
[[window]]
side = "before"
words = ["不是", "没有", "灯"]
but = ["是不是"]
gap = 1
[[window]]
side = "after"
words = ["修好了", "好了"]
gap = 2
percent = 50
[[window]]
side = "after"
words = ["好"]
but = ["好的"]
gap = 3
percent = 25
[[category]]
code = "lamp"
keywords = { "路灯" = 8, "消防" = 4, "灯" = 4, "好" = -4 }
exclude = ["不是路", "修好了没有"]
[[category]]
code = "fire"
keywords = { "消防通道" = 12, "路灯" = -4, "不是" = 4 }
"""


@pytest.mark.parametrize("nested", ["true", "false"])
@given(
    st.lists(st.sampled_from([*"路灯不是有好了的，。", "没有", "修好了", "消防通道", "路灯"]), max_size=12)
)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_gets_what_a_reader_with_much_time_would_give_it(
    nested: str, files: dict[str, Rules], parts: list[str]
) -> None:
    text, rules = "".join(parts), files[nested]
    lamp, fire = slowly(plain(text), rules)
    guess = classify(text, rules)
    best, score = ("lamp", lamp) if lamp >= fire else ("fire", fire)
    assert (guess.category, guess.score, guess.margin) == (best, score, abs(lamp - fire))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rules]:
    folder = tmp_path_factory.mktemp("windows")
    return {nested: written(folder, f"nested = {nested}\n{WINDOWS}") for nested in ("true", "false")}


def slowly(text: str, rules: Rules) -> list[int]:
    """What each category gets for the words of a text, by the letter of what a rule file promises."""
    names, windows = rules.scanner.words, {each for of in rules.context.beside.values() for each in of}
    hits = [
        (word, at, at + len(name))
        for word, name in enumerate(names)
        for at in range(len(text))
        if text.startswith(name, at)
    ]

    def inside(hit: Hit, others: Iterable[Hit]) -> bool:
        return any(o != hit and o[1] <= hit[1] and hit[2] <= o[2] for o in others)

    excluded = [hit for hit in hits if hit[0] in rules.hiding]
    words = [hit for hit in hits if hit[0] < rules.beside_from]
    words = [hit for hit in words if not inside(hit, excluded if rules.nested else words)]
    beside = [hit for hit in hits if not inside(hit, excluded)]

    def percent(hit: Hit) -> int:
        left = [100]
        for window in windows:
            buts = {at for word, *span in beside if names[word] in window.but for at in range(*span)}
            for word, start, end in beside:
                between = text[end : hit[1]] if window.side == "before" else text[hit[2] : start]
                in_order = end <= hit[1] if window.side == "before" else hit[2] <= start
                near = in_order and len(between) <= window.gap and not set(between) & set(",。!?;:")
                if names[word] in window.words and near and not buts & {start, end - 1}:
                    left.append(window.percent)
        return min(left)

    totals = [0, 0]
    for word in {word for word, *_ in words}:
        places = [hit for hit in words if hit[0] == word]
        most = max(map(percent, places))
        first = any(percent(hit) == most and hit[2] <= rules.opening for hit in places)
        for which, weight in rules.weights[word]:
            totals[which] += weight * most // 100 * (2 if first else 1)
    return totals


def steps(text: str, rules: Rules) -> int:
    """Lines of ours that sorting a text runs through, and the words found in it."""
    seen = 0

    def count(frame: FrameType, _event: str, _value: object) -> Callable[..., Any] | None:
        nonlocal seen
        seen += 1
        return count if "nlp" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(count)
    try:
        classify(text, rules)
    finally:
        sys.settrace(before)
    return seen + len(rules.scanner.all_hits(plain(text)))


@pytest.mark.parametrize(
    "part",
    [
        "路灯坏了，",
        "不是路灯",
        "灯",
        "坏灯",
        "消防通道堵",
        "是不是是不是路灯修好了",
        "自行车位",
        "救救救我！！",
        "燈壞😀",
        "a",
    ],
)
def test_a_text_twice_as_long_takes_at_most_twice_the_steps(rules: Rules, part: str) -> None:
    half, whole = part * (10_000 // len(part)), part * (20_000 // len(part))
    for each in (rules, DEFAULT):
        assert steps(whole, each) <= 2.1 * steps(half, each) + 100


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(1, 5)), max_size=12, unique=True)
)
def test_what_lies_inside_a_covering_word_is_left_out(drawn: list[tuple[int, int, int]]) -> None:
    hits = sorted({(word, start, start + length) for word, start, length in drawn}, key=lambda hit: hit[2])
    covers = frozenset({0})
    kept = {
        hit
        for hit in hits
        if not any(o[0] in covers and o[1:] != hit[1:] and o[1] <= hit[1] and hit[2] <= o[2] for o in hits)
    }
    # One word stands once at one place, so covers and others of the same span do not occur together.
    if len({hit[1:] for hit in hits}) == len(hits):
        assert set(uncovered(hits, covers)) == kept
