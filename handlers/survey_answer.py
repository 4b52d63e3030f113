"""What somebody writes to answer a survey becomes choices and free words. Pure functions."""

import re

from handlers.ctx import Refused
from handlers.survey_text import LETTERS
from nlp.plain import plain
from store.surveys import Question, Survey

WORDS_MAX = 200  # characters
# Words people use for a grade, longest first.
_GRADE_WORDS = {
    "非常不满意": 0,
    "很不满意": 0,
    "非常满意": 4,
    "基本满意": 2,
    "比较满意": 3,
    "很满意": 4,
    "不满意": 1,
    "满意": 3,
    "一般": 2,
}
_BETWEEN = re.compile(r"[\s,.、;:。]*")


def example(survey: Survey) -> str:
    """How an answer is written: 问卷 3 A 5 想说的话."""
    each = {"choice": "A", "grade": "5", "words": "想说的话"}
    return f"问卷 {survey.id} {' '.join(each[question.kind] for question in survey.questions)}"


def answers(survey: Survey, text: str) -> tuple[list[int | None], str]:
    """The choice in each question, and free words. Raises Refused where it does not fit the questions."""
    rest = plain(text)
    found: list[int | None] = []
    for number, question in enumerate(survey.questions, 1):
        rest = rest[_BETWEEN.match(rest).end() :]  # type: ignore[union-attr]
        if question.kind == "words":
            return [*found, None], rest[:WORDS_MAX]
        length, choice = _chosen(number, question, rest)
        if choice is None:
            raise Refused(f"第 {number} 题的回答没看懂。请这样回答：{example(survey)}")
        rest = rest[length:]
        found.append(choice)
    if _BETWEEN.fullmatch(rest) is None:
        raise Refused(
            f"一共 {len(found)} 题，多出来的“{rest.strip()[:10]}”没看懂。请这样回答：{example(survey)}"
        )
    return found, ""


def _chosen(number: int, question: Question, text: str) -> tuple[int, int | None]:
    """(characters read, choice) of the answer that a text begins with."""
    if question.kind == "grade":
        match = re.match(rf"(?:{number}\s*[、.:)]\s*)?([1-5])分?", text)
        if match:
            return match.end(), int(match[1]) - 1
        return next(
            ((len(word), grade) for word, grade in _GRADE_WORDS.items() if text.startswith(word)), (0, None)
        )
    said = [plain(choice) for choice in question.choices]
    match = re.match(rf"(?:{number}\W?)?\s*([A-Fa-f])(?![A-Za-z]{{2}})", text)
    if match and LETTERS.index(match[1].upper()) < len(said):
        choice = LETTERS.index(match[1].upper())
        # A知道: the letter and what it stands for.
        after = re.match(rf"\W?\s*{re.escape(said[choice])}", text[match.end() :])
        return match.end() + (after.end() if after else 0), choice
    for one in sorted(said, key=len, reverse=True):
        if text.startswith(one):
            return len(one), said.index(one)
    return 0, None
