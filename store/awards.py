"""Earning: an award comes out of a budget, within the caps of its rule, once per key; or waits until it can.

A town has one budget account a year and group of rules; its floor is 0, so what was not granted cannot be
given. What a cap leaves no room for was not earned. What cannot be paid just now (the household is frozen,
awards are halted, the budget is used up) is withheld and paid as soon as the obstacle is gone.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from store import budgets, caps, households, ledger, tables, wallets, withheld
from store.budgets import Budget
from store.digest import digest_of
from store.ledger import POINTS, SCORE, Frozen, Insufficient
from store.prepared import Prepared
from store.tables import acct, bal, freezes, xfer
from store.tx import Conflict, Retry, Tx

HALTED = "awards_halted"  # key of meta: the reconciliation that found something wrong


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` points for one subject (person, household) in a period (day, month).

    `rule` is "" for all rules together.
    """

    rule: str
    subject: str
    period: str
    most: int


@dataclass(frozen=True, slots=True)
class Award:
    """What somebody earned. Shop points (POINTS) go to the household, a worker's score to the person.

    `day` is the local day it counts for, as 2026-11-23; `cause` names what it is for (case:1001).
    """

    rule: str
    points: int
    person_id: int
    household_id: int | None
    reason: str
    idem: str
    cause: str
    day: str
    budget: Budget
    revision: str
    unit: int = POINTS
    caps: tuple[Cap, ...] = ()
    cohort: int = 0
    actor_id: int | None = None
    case_id: int | None = None
    application_id: int | None = None
    txn: str = ""  # of a batch; "" stands for the key


@dataclass(frozen=True, slots=True)
class Outcome:
    """The points booked; `why` they are fewer than asked: capped, frozen, halted, budget, or "".

    `settled` of them paid a debt at once.
    """

    points: int
    why: str = ""
    settled: int = 0


_wallet_key = [
    acct.c[name] == sa.bindparam(f"wallet_{name}", type_=acct.c[name].type)
    for name in ("kind", "unit", "owner", "cohort")
]
_debt, _owed = acct.alias("debt"), bal.alias("owed")
_budget, _of = acct.alias("budget"), tables.budgets.alias("of")
# All that decides about an award, in one look.
_STANDING = Prepared(
    sa.select(
        sa.select(xfer.c.amount).where(xfer.c.idem == sa.bindparam("idem")).scalar_subquery(),
        sa.select(xfer.c.digest).where(xfer.c.idem == sa.bindparam("idem")).scalar_subquery(),
        sa.select(tables.withheld.c.why)
        .where(tables.withheld.c.idem == sa.bindparam("idem"), tables.withheld.c.paid_at.is_(None))
        .scalar_subquery(),
        sa.select(tables.meta.c.value).where(tables.meta.c.key == HALTED).scalar_subquery(),
        sa.select(freezes.c.id)
        .where(freezes.c.household_id == sa.bindparam("household_id"), freezes.c.lifted_at.is_(None))
        .scalar_subquery(),
        sa.select(_budget.c.id)
        .join(_of, sa.and_(_budget.c.owner == _of.c.id, _budget.c.unit == _of.c.unit))
        .where(
            _budget.c.kind == "budget",
            _of.c.unit_id == sa.bindparam("town_id"),
            _of.c.year == sa.bindparam("year"),
            _of.c.rule_group == sa.bindparam("rule_group"),
            _of.c.unit == sa.bindparam("wallet_unit"),
        )
        .scalar_subquery(),
        sa.select(acct.c.id).where(*_wallet_key).scalar_subquery(),
        sa.select(_owed.c.posted)
        .join(_debt, _debt.c.id == _owed.c.acct)
        .where(_debt.c.kind == "debt", _debt.c.unit == POINTS, _debt.c.owner == sa.bindparam("household_id"))
        .scalar_subquery(),
    )
)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is known of an award before it is booked; accounts that were never opened are None."""

    booked: int | None
    digest: str | None
    waits: str | None
    halted: str | None
    freeze: int | None
    budget: int | None
    wallet: int | None
    debt: int | None

    @property
    def obstacle(self) -> str:
        return "halted" if self.halted else "frozen" if self.freeze is not None else ""


def award(tx: Tx, asked: Award, *, now: int) -> Outcome:
    """Give somebody what was earned, once per `asked.idem`; the same again tells the same.

    Raises Conflict when the key stands for another request, Retry when another transaction books it now.
    """
    known = _standing(tx, asked)
    if known.waits is not None:
        return Outcome(0, known.waits)
    budget = known.budget or budgets.account(tx, asked.budget, asked.unit, now)
    request = request_of(asked, budget, known.wallet or _wallet(tx, asked))
    if known.booked is not None:
        if known.digest != digest_of(request):
            raise Conflict
        return Outcome(known.booked, "capped" if known.booked < asked.points else "")
    if known.obstacle:
        return withhold(tx, asked, known.obstacle, now)
    try:
        with tx.savepoint("award"):
            points = _book(tx, asked, request, now)
    except Insufficient:
        return withhold(tx, asked, "budget", now)
    except Frozen:
        return withhold(tx, asked, "frozen", now)
    settled = 0
    if points and known.debt and asked.household_id is not None and asked.unit == POINTS:
        settled = wallets.settle(tx, asked.household_id, key=asked.idem, now=now)
    return Outcome(points, "capped" if points < asked.points else "", settled)


def _standing(tx: Tx, asked: Award) -> _Standing:
    is_score = asked.unit == SCORE
    row = tx.execute(
        _STANDING,
        {
            "idem": asked.idem,
            "household_id": asked.household_id or 0,
            "town_id": asked.budget.town_id,
            "year": asked.budget.year,
            "rule_group": asked.budget.group,
            "wallet_kind": "score" if is_score else "wallet",
            "wallet_unit": asked.unit,
            "wallet_owner": asked.person_id if is_score else asked.household_id,
            "wallet_cohort": asked.cohort,
        },
    ).first()
    assert row is not None, "a row of subqueries"
    return _Standing(*row)


def _book(tx: Tx, asked: Award, request: dict[str, Any], now: int) -> int:
    """Book what the caps leave room for; the points.

    The caps are locked first: of two transactions with one key the second waits there, finds the key
    taken and runs again.
    """
    limits = _limits(asked)
    points = min(asked.points, caps.room(tx, limits))
    if points:
        caps.use(tx, [key for key, _ in limits], points)
        booked = ledger.book(
            tx,
            request,
            digest=digest_of(request),
            amount=points,
            idem=asked.idem,
            revision=asked.revision,
            now=now,
        )
        if booked is None:
            raise Retry
    return points


def request_of(asked: Award, budget: int, wallet: int) -> dict[str, Any]:
    """The movement that an award asks for, as ledger.move takes it."""
    return {
        "kind": "award",
        "debit": budget,
        "credit": wallet,
        "unit": asked.unit,
        "asked": asked.points,
        "txn": asked.txn or asked.idem,
        "reason": asked.reason,
        "actor_id": asked.actor_id,
        "case_id": asked.case_id,
        "pending_id": None,
        "reverses_id": None,
        "refunds_id": None,
        "rule": asked.rule,
        "cause": asked.cause,
        "day": asked.day,
        "person_id": asked.person_id,
        "application_id": asked.application_id,
    }


def _wallet(tx: Tx, asked: Award) -> int:
    if asked.unit == SCORE:
        return ledger.account(tx, "score", unit=SCORE, owner=asked.person_id)
    assert asked.household_id is not None, "shop points belong to a household"
    return ledger.account(tx, "wallet", owner=asked.household_id, cohort=asked.cohort)


# --- caps


def _limits(asked: Award) -> list[tuple[caps.Key, int]]:
    """The caps that count for an award, each with the most it allows; in one order everywhere."""
    limits = [(cap_key(cap, asked), cap.most) for cap in asked.caps]
    return sorted(limit for limit in limits if limit[0][2] is not None)


def cap_key(cap: Cap, asked: Award) -> caps.Key:
    """The row of `caps` in which this cap of an award is counted."""
    subject_id = asked.person_id if cap.subject == "person" else asked.household_id
    period = asked.day if cap.period == "day" else asked.day[:7]
    return cap.rule, cap.subject, subject_id, period, asked.unit  # type: ignore[return-value]


# --- what has to wait


def withhold(tx: Tx, asked: Award, why: str, now: int) -> Outcome:
    withheld.add(tx, idem=asked.idem, household_id=asked.household_id, award=asdict(asked), why=why, now=now)
    return Outcome(0, why)


def pay_withheld(tx: Tx, *, now: int, limit: int) -> int:
    """Book what waited and can be paid now, what was tried longest ago first; how many were booked."""
    paid = 0
    for row_id in withheld.waiting(tx, limit):
        kept = withheld.take(tx, row_id, now=now)
        if kept is None:  # another transaction pays it
            continue
        outcome = award(tx, _at_home(tx, _of_json(kept)), now=now)
        if outcome.why in ("frozen", "halted", "budget"):
            withheld.put_back(tx, row_id, outcome.why, now=now)
        else:
            paid += 1
    return paid


def _at_home(tx: Tx, asked: Award) -> Award:
    """The award for where the people of its household live now."""
    if asked.household_id is None:
        return asked
    return replace(asked, household_id=households.successor(tx, asked.household_id))


def _of_json(kept: dict[str, Any]) -> Award:
    budget, limits = Budget(**kept["budget"]), tuple(Cap(**cap) for cap in kept["caps"])
    return Award(**{**kept, "budget": budget, "caps": limits})
