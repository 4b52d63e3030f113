"""The plain form of a text, and where in what was written each of its characters comes from."""

import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.classify import marked, marks
from nlp.plain import AGAIN, EMOJI, SETTLED_MAX, STICKER, UNSEEN, plain, said, simplified
from nlp.rules import Rules, load_categories
from nlp.written import spans, written

TRICKY = st.text(
    "救我哈人一〇著藉覆口答复薴苧裡里裏 \n\t!！?？…。、-—[]微笑Smile"
    "éae\u0301\u0308ﾞカ😀\ufe0f\u200b가ᄀ\u1161\u11a8ﷺ㍿①１二"
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    file = tmp_path_factory.mktemp("rules") / "categories.toml"
    file.write_text(
        '[[category]]\ncode = "a"\nkeywords = { "路灯" = 2, "灯坏" = 1, "救我" = 3, "株式" = 1 }\n'
    )
    return load_categories(file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("救救救救我！！！！", "救救我!"),
        ("哈哈哈哈哈，，，谢谢谢谢", "哈哈,谢谢"),
        ("人人都说天天停水……", "人人都说天天停水."),
        ("电话13811112222，110、119、www.12345.cn", "电话13811112222,110、119、www.12345.cn"),
        ("二〇〇〇年，三三三号，AAAA级", "二〇〇〇年,三三三号,AAAA级"),
        ("138****5678 http://a.cn", "138****5678 http://a.cn"),
        ("裡裡裏里", "里里"),
        ("[微笑]路😀燈[捂脸][捂脸]", "路 灯"),
        ("［哈哈哈哈哈哈哈哈哈哈哈］好", "好"),
    ],
)
def test_what_is_said_again_and_again_is_said_once_or_twice_and_numbers_stay(
    text: str, expected: str
) -> None:
    assert plain(text) == expected


@given(st.one_of(TRICKY, st.text(max_size=300)))
@settings(max_examples=500, deadline=None)
@example("救救救救我！！！！")
@example("藉藉藉口")
def test_plain_twice_is_plain_once_and_every_character_has_its_place(text: str) -> None:
    simple = plain(text)
    places = spans(text)
    assert (plain(simple), len(places)) == (simple, len(simple))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


@given(st.one_of(TRICKY, st.text(max_size=300)))
@settings(max_examples=500, deadline=None)
@example("二〇二〇年！！乾著覆藉[微笑]…")
@example("ﾞ\u200b\u0301")
def test_a_text_that_skips_steps_comes_out_as_by_all_of_them(text: str) -> None:
    slowly = unicodedata.normalize("NFKC", UNSEEN.sub("", text))
    for _ in range(SETTLED_MAX):
        slowly = AGAIN.sub(said, simplified(slowly))
    for picture in (STICKER, EMOJI):
        slowly = picture.sub(" ", slowly)
    assert plain(text) == " ".join(slowly.split())


@pytest.mark.long
def test_every_single_character_is_plain_after_one_pass() -> None:
    restless = [code for code in range(sys.maxunicode + 1) if plain(plain(chr(code))) != plain(chr(code))]
    assert restless == []


@given(
    TRICKY.map(lambda noise: noise[:5]),
    TRICKY.map(lambda noise: noise[:5]),
    st.sampled_from(["路燈", "路\u200b灯", "救救救我"]),
)
@settings(max_examples=300, deadline=None)
def test_the_part_written_for_a_word_reads_as_that_word(
    rules: Rules, before: str, after: str, word: str
) -> None:
    text = f"{before}{word}{after}"
    places = spans(text)
    for mark in marks(text, rules):
        start, end = written(mark.start, mark.end, places)
        assert mark.word in plain(text[start:end])


@given(st.one_of(TRICKY, st.text()))
@settings(deadline=None)
def test_without_its_marks_a_marked_text_is_what_was_written(rules: Rules, text: str) -> None:
    text = text.replace("【", "").replace("】", "")
    assert marked(text, rules).replace("【", "").replace("】", "") == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我家門口的路燈\n壞了", "我家門口的【路燈】\n壞了"),
        ("路灯坏，路\u200b灯😀", "【路灯坏】，【路\u200b灯】😀"),
        ("［捂脸］救救救救我", "［捂脸］救救救【救我】"),
        ("㍿", "【㍿】"),
        ("没有", "没有"),
    ],
)
def test_the_words_that_counted_are_shown_in_what_was_written(rules: Rules, text: str, shown: str) -> None:
    assert marked(text, rules) == shown
