"""What people put right in the sorting (改类), kept for `mashang rules suggest`."""

from dataclasses import dataclass

import sqlalchemy as sa

from store.tables import cases, corrections, people
from store.tx import Tx


@dataclass(frozen=True, slots=True)
class Correction:
    """The last correction of a case, with the text of the case."""

    case_id: int
    text: str
    before: str
    after: str
    at: int


def add(
    tx: Tx,
    *,
    case_id: int,
    before: str,
    after: str,
    words: list[str],
    rules_revision: str,
    person_id: int,
    now: int,
) -> None:
    """Keep who moved a case from which category to which, and the words that had decided."""
    row = {
        "case_id": case_id,
        "before": before,
        "after": after,
        "words": words,
        "rules_revision": rules_revision,
        "person_id": person_id,
        "at": now,
    }
    tx.execute(sa.insert(corrections), row)


def since(tx: Tx, at: int, limit: int) -> list[Correction]:
    """Of each case that was corrected at or after `at`: from its first category to its last, newest first.

    What was put back where it came from is no correction.
    """
    query = (
        sa.select(
            corrections.c.case_id, cases.c.text, corrections.c.before, corrections.c.after, corrections.c.at
        )
        .join(cases, cases.c.id == corrections.c.case_id)
        .where(corrections.c.at >= at)
        .order_by(corrections.c.id.desc())
        .limit(limit)
    )
    found: dict[int, Correction] = {}
    for case_id, text, before, after, when in tx.execute(query):
        last = found.get(case_id)
        found[case_id] = Correction(
            case_id, text, before, last.after if last else after, last.at if last else when
        )
    return [each for each in found.values() if each.before != each.after]


def confirmed(tx: Tx, at: int, limit: int) -> list[tuple[int, str, str]]:
    """(case, text, category) of cases opened at or after `at` whose category people worked with and left."""
    corrected = sa.select(corrections.c.case_id)
    query = (
        sa.select(cases.c.id, cases.c.text, cases.c.category)
        .where(
            cases.c.opened_at >= at,
            cases.c.uncertain.is_(False),
            cases.c.state.in_(("signed", "resolved", "verified", "closed")),
            cases.c.id.not_in(corrected),
        )
        .order_by(cases.c.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def of_case(tx: Tx, case_id: int) -> list[tuple[int, str, str, str]]:
    """(at, who, before, after) of each correction of a case, oldest first."""
    query = (
        sa.select(corrections.c.at, people.c.name, corrections.c.before, corrections.c.after)
        .join(people, people.c.id == corrections.c.person_id)
        .where(corrections.c.case_id == case_id)
        .order_by(corrections.c.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query)]
