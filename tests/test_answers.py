"""The answer file answers a question only when it is the whole of what was said."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.answers import answer, load
from nlp.courtesy import Cover
from nlp.plain import plain
from tests.town_rules import ANSWERS

EXAMPLES = [(block.text, text) for block in ANSWERS.blocks for text in block.examples]
COUNTER = [text for block in ANSWERS.blocks for text in block.counter_examples]


@pytest.mark.parametrize(("expected", "question"), EXAMPLES)
def test_every_example_gets_its_own_answer(expected: str, question: str) -> None:
    assert answer(plain(question), ANSWERS) == expected


@pytest.mark.parametrize("question", COUNTER)
def test_what_only_looks_like_such_a_question_opens_a_case(question: str) -> None:
    assert answer(plain(question), ANSWERS) is None


def test_every_answer_has_five_examples_and_three_counter_examples() -> None:
    poor = [each.name for each in ANSWERS.blocks if len(each.examples) < 5 or len(each.counter_examples) < 3]
    assert (poor, len(ANSWERS.blocks)) == ([], 12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "你好",
        "谢谢",
        "怎么办",
        "积分",
        "我要怎么才能把路修好",
        "社保多久能办好",
        "超市",
        "几点",
        "停水什么时候来水",
        "怎么投诉" * 11,
    ],
)
def test_courtesy_alone_and_everything_else_gets_no_answer(text: str) -> None:
    assert answer(plain(text), ANSWERS) is None


def test_a_phrase_covers_a_text_only_with_a_word_of_each_group_in_any_order() -> None:
    cover = Cover(["积分|分数 怎么赚|挣", "营业时间"])
    told = [
        "请问积分怎么赚呀？",
        "怎么挣分数",
        "积分",
        "积分怎么赚营业时间",
        "营业时间！",
        "积分怎么赚得这么少",
    ]
    assert [cover.find(text) for text in told] == [0, 0, None, None, 1, None]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all_can_be_looked_up(text: str) -> None:
    known = {block.text for block in ANSWERS.blocks} | {None}
    assert answer(text, ANSWERS) in known


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[answer]]\nname = "a"\n', 'answers.toml: [[answer]] 1: "phrases" is missing'),
        ("colour = 1\n", 'answers.toml: head: unknown key "colour"'),
        (
            '[[answer]]\nname = "a"\nphrases = ["b"]\ntext = " "\n',
            'answers.toml: [[answer]] 1: "text" must be a text and not empty',
        ),
    ],
)
def test_a_bad_answer_file_names_file_block_and_reason(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "answers.toml"
    file.write_text(text)
    with pytest.raises(ValueError) as refused:
        load(file)
    assert str(refused.value) == complaint
