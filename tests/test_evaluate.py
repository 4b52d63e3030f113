"""How a rule file is judged: figures, what a change re-sorts, how readable its words are."""

from pathlib import Path

import pytest

from nlp.classify import Guess
from nlp.evaluate import Change, Figures, Mistake, Report, Stats, diff, evaluate, stats
from nlp.rules import Rules, load_categories

LAMPS = """
margin = 1
fragments = ["灯", "破"]
[[category]]
code = "灯"
keywords = { "路灯" = 3, "灯" = 1 }
[[category]]
code = "路"
keywords = { "破" = 2, "路面" = 3, "路灯" = -1 }
[[category]]
code = "other"
keywords = {}
"""
TEXTS = ["路灯坏了", "路面破了", "灯罩破了", "谢谢"]
LABELS = ["灯", "路", "灯", "噪声"]


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return written(tmp_path, LAMPS)


def written(folder: Path, text: str) -> Rules:
    file = folder / "rules.toml"
    file.write_text(text)
    return load_categories(file)


def test_a_report_counts_each_category_and_keeps_every_mistake(rules: Rules) -> None:
    missed = Guess("路", False, 2, ("破",), "灯", margin=1)
    nothing = Guess("other", True, 0, (), None)
    assert evaluate(TEXTS, LABELS, rules) == Report(
        texts=4,
        macro_f1=pytest.approx((2 / 3 + 2 / 3 + 0 + 0) / 4),
        accuracy=0.5,
        coverage=0.75,
        certain=0.75,
        categories=(
            Figures("灯", 2, 1.0, 0.5, pytest.approx(2 / 3)),
            Figures("路", 1, 0.5, 1.0, pytest.approx(2 / 3)),
            Figures("other", 0, 0.0, 0.0, 0.0),
            Figures("噪声", 1, 0.0, 0.0, 0.0),
        ),
        confusion={("灯", "灯"): 1, ("路", "路"): 1, ("灯", "路"): 1, ("噪声", "other"): 1},
        mistakes=(Mistake(2, "灯罩破了", "灯", missed), Mistake(3, "谢谢", "噪声", nothing)),
    )


def test_every_text_is_told_as_it_is_judged(rules: Rules) -> None:
    told: list[int] = []
    evaluate(TEXTS, LABELS, rules, on_text=lambda: told.append(1))
    assert len(told) == 4


def test_nothing_to_judge_is_refused(rules: Rules) -> None:
    with pytest.raises(ValueError, match=r"^there is no text to evaluate$"):
        evaluate([], [], rules)


def test_a_difference_names_the_texts_that_would_move_and_those_no_longer_sure(
    rules: Rules, tmp_path: Path
) -> None:
    after = written(tmp_path, LAMPS.replace('"灯" = 1', '"灯" = 3'))
    assert diff(rules, rules, TEXTS) == []
    assert diff(rules, after, TEXTS) == [
        Change(
            2,
            "灯罩破了",
            Guess("路", False, 2, ("破",), "灯", margin=1),
            Guess("灯", False, 3, ("灯",), "路", margin=1),
        )
    ]
    tie = written(tmp_path, LAMPS.replace("margin = 1", "margin = 2"))
    assert [(change.row, change.after.uncertain) for change in diff(rules, tie, TEXTS)] == [(2, True)]


def test_words_are_counted_once_and_fragments_are_no_words(rules: Rules) -> None:
    assert stats(rules) == Stats(
        words=4,
        weights=5,
        whole_numbers=True,
        lowest=-1,
        highest=3,
        whole_words=2,
        whole_share=0.5,
        unseen=None,
    )


def test_with_texts_a_word_is_one_where_most_of_its_hits_stand_between_word_edges(tmp_path: Path) -> None:
    rules = written(
        tmp_path, '[[category]]\ncode = "a"\nkeywords = { "医院" = 1, "民医" = 1, "看病" = 1, "校车" = 1 }\n'
    )
    figures = stats(rules, ["人民医院看病", "这家医院看病贵", "医院里看病"])
    assert (figures.words, figures.whole_words, figures.unseen) == (4, 2, 1)
