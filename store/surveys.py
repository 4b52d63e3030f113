"""Surveys (问卷). Who answered is known, and what was answered; which belongs to whom is kept nowhere.

An answer is not a row: each choice has a count, free words lie under a number drawn by lot, and neither they
nor the list of those who answered say when.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.tables import respondents, survey_counts, survey_words, surveys
from store.tx import Tx, change_one

WORD_BITS = 62
GRADES = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class Question:
    """`kind` is choice, grade (1 to 5) or words; only words have no choices."""

    text: str
    kind: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """`last_day` is the last local day it may be answered on; `state` is draft, open, closed or dropped."""

    id: int
    unit_id: int
    author_id: int
    title: str
    last_day: str
    state: str
    questions: tuple[Question, ...]


_COLUMNS = [surveys.c[field.name] for field in fields(Survey)]


def draft(
    tx: Tx,
    *,
    unit_id: int,
    author_id: int,
    title: str,
    last_day: str,
    questions: Sequence[Question],
    now: int,
) -> Survey:
    """A survey that its author still has to confirm; an earlier draft of the same author is dropped."""
    earlier = sa.update(surveys).where(surveys.c.author_id == author_id, surveys.c.state == "draft")
    tx.execute(earlier.values(state="dropped", ended_at=now))
    values = {"unit_id": unit_id, "author_id": author_id, "title": title, "last_day": last_day}
    asked = [asdict(question) for question in questions]
    added = sa.insert(surveys).values(**values, questions=asked, made_at=now).returning(*_COLUMNS)
    return _survey(tx.execute(added).one())


def draft_of(tx: Tx, author_id: int) -> Survey | None:
    query = sa.select(*_COLUMNS).where(surveys.c.author_id == author_id, surveys.c.state == "draft")
    row = tx.execute(query).first()
    return _survey(row) if row else None


def get(tx: Tx, survey_id: int) -> Survey | None:
    row = tx.execute(sa.select(*_COLUMNS).where(surveys.c.id == survey_id)).first()
    return _survey(row) if row else None


def begin(tx: Tx, survey: Survey) -> None:
    """Open a draft for answers. Raises Conflict when it is none any more."""
    still = sa.update(surveys).where(surveys.c.id == survey.id, surveys.c.state == "draft")
    change_one(tx, still.values(state="open"))
    rows = [
        {"survey_id": survey.id, "question": question, "choice": choice}
        for question, asked in enumerate(survey.questions)
        for choice in range(len(asked.choices))
    ]
    if rows:
        tx.execute(sa.insert(survey_counts), rows)


def end(tx: Tx, survey: Survey, *, now: int) -> None:
    """Raises Conflict when it was ended meanwhile."""
    still = sa.update(surveys).where(surveys.c.id == survey.id, surveys.c.state == "open")
    change_one(tx, still.values(state="closed", ended_at=now))


def open_in(tx: Tx, unit_ids: Iterable[int], today: str, limit: int) -> list[Survey]:
    """What may be answered today in one of the units, newest first."""
    now_open = surveys.c.state == "open", surveys.c.last_day >= today
    query = sa.select(*_COLUMNS).where(*now_open, surveys.c.unit_id.in_(list(unit_ids)))
    return [_survey(row) for row in tx.execute(query.order_by(surveys.c.id.desc()).limit(limit))]


def overdue(tx: Tx, today: str) -> list[Survey]:
    query = sa.select(*_COLUMNS).where(surveys.c.state == "open", surveys.c.last_day < today)
    return [_survey(row) for row in tx.execute(query.order_by(surveys.c.id))]


# --- answers


def answer(tx: Tx, survey: Survey, person_id: int, choices: Sequence[int | None], words: str) -> bool:
    """Count what somebody chose in each question (None where words are asked for).

    False for the second time: then nothing is counted.
    """
    row = {"survey_id": survey.id, "person_id": person_id}
    new = insert(respondents).on_conflict_do_nothing().returning(respondents.c.person_id)
    if tx.execute(new, row).scalar() is None:
        return False
    # In the order of the questions: two who answer at once wait for one another, and never in a circle.
    for question, choice in enumerate(choices):
        if choice is not None:
            counted = sa.update(survey_counts).where(
                survey_counts.c.survey_id == survey.id,
                survey_counts.c.question == question,
                survey_counts.c.choice == choice,
            )
            change_one(tx, counted.values(times=survey_counts.c.times + 1))
    if words:
        said = {"id": secrets.randbits(WORD_BITS), "survey_id": survey.id, "text": words}
        tx.execute(sa.insert(survey_words).values(**said))
    return True


def has_answered(tx: Tx, survey_id: int, person_id: int) -> bool:
    who = respondents.c.survey_id == survey_id, respondents.c.person_id == person_id
    return tx.execute(sa.select(respondents.c.person_id).where(*who)).first() is not None


def answers(tx: Tx, survey_id: int) -> int:
    """How many answered."""
    query = sa.select(sa.func.count()).where(respondents.c.survey_id == survey_id)
    return int(tx.execute(query).scalar_one())


def counts(tx: Tx, survey: Survey) -> list[list[int]]:
    """How often each choice of each question was taken."""
    found = [[0] * len(question.choices) for question in survey.questions]
    query = sa.select(survey_counts.c.question, survey_counts.c.choice, survey_counts.c.times)
    for question, choice, times in tx.execute(query.where(survey_counts.c.survey_id == survey.id)):
        found[question][choice] = times
    return found


def words(tx: Tx, survey_id: int, *, after: int = 0, limit: int) -> list[str]:
    """What was said in free words, in no order that means anything: `limit` of it after the first `after`."""
    query = sa.select(survey_words.c.text).where(survey_words.c.survey_id == survey_id)
    return list(tx.execute(query.order_by(survey_words.c.id).offset(after).limit(limit)).scalars())


def count_words(tx: Tx, survey_id: int) -> int:
    query = sa.select(sa.func.count()).where(survey_words.c.survey_id == survey_id)
    return int(tx.execute(query).scalar_one())


def _survey(row: Any) -> Survey:
    kept = Survey(*row)
    asked: Iterable[dict[str, Any]] = row[-1]
    questions = (Question(one["text"], one["kind"], tuple(one["choices"])) for one in asked)
    return replace(kept, questions=tuple(questions))
