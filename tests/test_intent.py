"""What a person wants: every example is read as its kind, and in doubt it is a report."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlp.answers
import nlp.rules
from nlp.intent import IN_FILE, LENGTH_MAX, intent, load
from nlp.plain import plain
from nlp.slots import Places
from tests.town_rules import ANSWERS, INTENTS, RULES

EXAMPLES = [(wish.name, text) for wish in INTENTS.wishes for text in wish.examples]
COUNTER = [(wish.name, text) for wish in INTENTS.wishes for text in wish.counter_examples]


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_every_example_is_read_as_its_kind(name: str, text: str) -> None:
    assert intent(plain(text), INTENTS) == name


@pytest.mark.parametrize(("name", "text"), COUNTER)
def test_what_only_looks_like_a_kind_is_not_read_as_it(name: str, text: str) -> None:
    assert intent(plain(text), INTENTS) not in (name, "points", "progress", "praise", "check_in")


def test_the_file_holds_every_kind_with_examples_on_both_sides() -> None:
    poor = [each.name for each in INTENTS.wishes if len(each.examples) < 5 or len(each.counter_examples) < 4]
    # Complaints have a second block, of what is enough in a short message.
    assert (tuple(dict.fromkeys(each.name for each in INTENTS.wishes)), poor) == (IN_FILE, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "井盖破了",
        "我妈的养老社保手续多久才办得下来？",
        "感谢帮忙解决邮局的欠款，剩余一万多元也希望讨回",
        "为什么停水不通知？",
        "楼道灯什么时候能修好",
        "你好，三组的自来水又停了",
        "谢谢领导，请派人看看我家的危房",
        "路灯",
        "能不能管管半夜跳广场舞的",
        "积分",
        "查",
        "我们反映的事",
    ],
)
def test_in_doubt_it_is_a_report(text: str) -> None:
    assert intent(plain(text), INTENTS) == "report"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all_has_an_intent(text: str) -> None:
    assert intent(text, INTENTS) in (*IN_FILE, "report")


@pytest.mark.parametrize("word", ["反映", "没人管", "请", "感谢", "建议", "你好", "领导"])
def test_a_very_long_text_is_read_without_getting_stuck(word: str) -> None:
    assert intent(word * (LENGTH_MAX // len(word)), INTENTS) in (*IN_FILE, "report")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            '[[intent]]\nname = "joke"\n',
            'intent.toml: [[intent]] 1: "name" must be one of check_in, patrol, progress, points, '
            "complaint, praise, suggestion, question",
        ),
        ("[[intent]]\n", 'intent.toml: [[intent]] 1: "name" is missing'),
        ('[[intent]]\nname = "praise"\nword = []\n', 'intent.toml: [[intent]] 1: unknown key "word"'),
    ],
)
def test_a_bad_intent_file_names_file_block_and_reason(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "intent.toml"
    file.write_text(text)
    with pytest.raises(ValueError) as refused:
        load(file)
    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("著火了，快来人", ("emergency", None, ())),
        ("谢谢您", ("thanks", None, ())),
        ("你好", ("greeting", None, ())),
        ("建议在村口装一个路灯", ("suggestion", None, ())),
        ("積分還剩多少？", ("points", None, ())),
        ("一是路灯坏了，二是垃圾没人收", ("report", None, ("路灯坏了", "垃圾没人收"))),
        ("領取碼多久有效", ("report", "领取码", ())),
    ],
)
def test_a_reading_says_what_is_wanted_what_answers_it_and_how_many_matters_it_holds(
    text: str, expected: tuple[str, str | None, tuple[str, ...]]
) -> None:
    reading = nlp.read(text, RULES, Places.build([]), INTENTS, ANSWERS)
    named = next((block.name for block in ANSWERS.blocks if block.text == reading.answer), None)
    assert (reading.intent, named, reading.matters) == expected
