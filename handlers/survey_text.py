"""What a clerk writes for a survey becomes questions, and questions become text. Pure functions."""

import re
from datetime import date, timedelta

from handlers.ctx import Refused
from handlers.days import local, parse_day
from nlp.plain import plain
from store.surveys import GRADES, Question

QUESTIONS_MAX = 5
CHOICES_MAX = 6
LETTERS = "ABCDEF"
TITLE_MAX, TEXT_MAX, CHOICE_MAX = 40, 80, 20  # characters
DAYS, DAYS_MAX = 7, 60  # a survey stays open: where no end is written, and at most
HOW = (
    "请这样写：\n发起问卷 标题：反诈宣传 截止：11月30日\n问题1：您知道96110吗？ A知道 B不知道\n"
    "问题2：您对宣传满意吗？ 满意度\n问题3：您有什么建议？ 文字"
)
_NUMERAL = "1-9一二三四五六七八九"
_QUESTION = re.compile(rf"(?:(?:问题|题目)\s*|(?:^|\n)\s*第?)[{_NUMERAL}]\s*[题问]?\s*[:：.、．]\s*")
_END = re.compile(r"截止(?:日期|时间|到|于)?\s*[:：]?\s*(\S+)")
_TITLE = re.compile(r"^[\s,，:：]*(?:(?:标题|题目)\s*[:：]?)?")
_CHOICE = re.compile(r"(?:^|(?<=[\s,，;；。?？:：、)）]))([A-FＡ-Ｆ])\s*[.、．:：)）]?\s*(?=\S)")
_MARK = r"(?P<before>^|[\s(（\[【,，。?？:：;；])?(?:{})[)）\]】]?[\s。]*$"
_GRADE = re.compile(_MARK.format(r"满意度|打分|评分|1\s*[-~～—–至到]\s*5\s*分?"))
_WORDS = re.compile(_MARK.format("文字|填空|自由(?:回答|填写)|意见|建议"))
_EDGES = " \u3000\t\n,，;；、。:：(（[【"


def read(text: str, now: int) -> tuple[str, str, tuple[Question, ...]]:
    """(title, last day, questions) of a survey as a clerk writes it. Raises Refused with what is wrong."""
    head, *bodies = _QUESTION.split(text.strip())
    if not bodies:
        raise Refused(f"没有看到问题。{HOW}")
    if len(bodies) > QUESTIONS_MAX:
        raise Refused(f"一份问卷最多 {QUESTIONS_MAX} 个问题，这里有 {len(bodies)} 个。")
    ends = _END.search(head)
    title = _TITLE.sub("", _END.sub("", head)).strip(_EDGES)
    if not 2 <= len(title) <= TITLE_MAX:
        raise Refused(f"标题请写 2 到 {TITLE_MAX} 个字。{HOW}")
    questions = tuple(_question(number, body.strip()) for number, body in enumerate(bodies, 1))
    if any(question.kind == "words" for question in questions[:-1]):
        raise Refused("写文字的问题请放在最后，只能有一个。")
    return title, _last_day(ends[1] if ends else "", now), questions


def _last_day(text: str, now: int) -> str:
    today = local(now).date()
    last: date | None = today + timedelta(days=DAYS)
    if text:
        last = parse_day(plain(text).strip(",.;。、"), now)
    if last is None or not today <= last <= today + timedelta(days=DAYS_MAX):
        raise Refused(f"截止日期没看懂，请写成 11月30日，从今天起最多 {DAYS_MAX} 天。")
    return last.isoformat()


def _question(number: int, body: str) -> Question:
    choices, text = _choices(number, body)
    if choices:
        kind = "choice"
    elif found := _GRADE.search(body):
        kind, text, choices = "grade", _without(body, found), GRADES
    elif found := _WORDS.search(body):
        kind, text = "words", _without(body, found)
    else:
        raise Refused(f"问题 {number} 怎么回答没看懂：请写选项（A… B…）、“满意度”，或者“文字”。")
    if not 2 <= len(text) <= TEXT_MAX:
        raise Refused(f"问题 {number} 请写 2 到 {TEXT_MAX} 个字。")
    return Question(text, kind, choices)


def _choices(number: int, body: str) -> tuple[tuple[str, ...], str]:
    """The choices A, B, … that a question ends with, and its text before them."""
    marks: list[re.Match[str]] = []
    for mark in _CHOICE.finditer(body):
        if len(marks) < CHOICES_MAX and plain(mark[1]) == LETTERS[len(marks)]:
            marks.append(mark)
    if not marks:
        return (), body
    ends = [mark.start() for mark in marks[1:]] + [len(body)]
    said = tuple(body[mark.end() : end].strip(_EDGES) for mark, end in zip(marks, ends, strict=True))
    if len(said) < 2 or not all(1 <= len(one) <= CHOICE_MAX for one in said) or len(set(said)) < len(said):
        raise Refused(
            f"问题 {number} 的选项请写 2 到 {CHOICES_MAX} 个，各不相同，每个不超过 {CHOICE_MAX} 个字。"
        )
    return said, body[: marks[0].start()].strip(_EDGES)


def _without(body: str, mark: re.Match[str]) -> str:
    """The question without the word for how it is answered, unless that is part of the sentence."""
    if mark["before"] is None:
        return body.strip(_EDGES)
    keeps = mark["before"] if mark["before"] in "?？" else ""
    return (body[: mark.start()] + keeps).strip(_EDGES)


def shown(questions: tuple[Question, ...]) -> list[str]:
    """The questions as people read them, a line each."""
    lines = []
    for number, question in enumerate(questions, 1):
        if question.kind == "choice":
            rest = " " + " ".join(
                f"{letter} {one}" for letter, one in zip(LETTERS, question.choices, strict=False)
            )
        else:
            rest = "（1 到 5 分，5 最满意）" if question.kind == "grade" else "（写在最后，可以不写）"
        lines.append(f"{number}. {question.text}{rest}")
    return lines
