"""A message that lists several matters is taken apart; an ordinary one never is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.matters import matters
from tests.town_rules import RULES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1、三号楼路灯不亮 2、小区垃圾没人清运", ("三号楼路灯不亮", "小区垃圾没人清运")),
        ("1、3号楼井盖破了 2、5号楼垃圾没人清", ("3号楼井盖破了", "5号楼垃圾没人清")),
        (
            "幸福小区有几个问题：一是路灯坏了，二是垃圾没人收，三是楼下KTV噪音扰民",
            (
                "幸福小区有几个问题：路灯坏了",
                "幸福小区有几个问题：垃圾没人收",
                "幸福小区有几个问题：楼下KTV噪音扰民",
            ),
        ),
        ("①村口井盖破了②自来水停了三天", ("村口井盖破了", "自来水停了三天")),
        ("（1）广场舞太吵（2）公厕没人打扫", ("广场舞太吵", "公厕没人打扫")),
        ("3号楼路灯不亮，另外5号楼门口垃圾没人收", ("3号楼路灯不亮", "5号楼门口垃圾没人收")),
        ("村里停水了。还有，村口的野狗咬人", ("村里停水了", "村口的野狗咬人")),
        ("1.建设路的路灯坏了\n2.人民路的路灯坏了", ("建设路的路灯坏了", "人民路的路灯坏了")),
    ],
)
def test_a_list_of_matters_is_taken_apart(text: str, expected: tuple[str, ...]) -> None:
    assert matters(text, RULES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "路灯坏了",
        "1、2号楼停水，3号楼没有路灯",
        "1.5米高的围墙倒了",
        "路灯坏了，还有一次差点摔倒",
        "幸福路的路灯坏了，另外幸福路的路灯杆也歪了",
        "物业有三个问题：1、乱收费；2、不公开账目；3、态度差",
        "希望：1、修好路灯；2、赔偿损失",
        "咨询：1、低保要什么条件？2、医保怎么交？",
        "1、路灯坏了",
        "2、路灯坏了 3、垃圾没人收",
        "价格是1.5元，水费2.3元",
        "1、厂房着火了，快来人 2、垃圾没人收",
        "还有路灯",
        "停水了，还有谁家也停了",
    ],
)
def test_an_ordinary_message_is_one_matter(text: str) -> None:
    assert matters(text, RULES) == (text,)


def test_a_letter_that_only_goes_on_telling_is_one_matter() -> None:
    letter = "去年小区的路灯坏了，物业说要等业委会，业委会说要等街道，" * 3 + "另外垃圾也没人收。"
    assert matters(letter, RULES) == (letter,)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="1、2.3一是二①②（）另外还有路灯坏了垃圾没人收停水 ，。\n", max_size=200))
def test_whatever_is_written_no_matter_is_empty(text: str) -> None:
    assert [part for part in matters(text, RULES) if not part.strip()] == [text] * (not text.strip())


@pytest.mark.parametrize("word", ["1、", "另外", "一是路灯坏了", "还有垃圾"])
def test_a_very_long_text_is_one_matter(word: str) -> None:
    assert matters(word * 5_000, RULES) == (word * 5_000,)
