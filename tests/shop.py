"""What stories of the shop share: points to spend, orders, and that the books are right in the end."""

import re

import sqlalchemy as sa

from handlers.earn import household_of
from store import ledger, people
from store.tx import Tx
from tests.invariants import broken
from tests.town import Town, openid


def give_points(town: Town, who: str, points: int) -> None:
    """Points out of a month-end batch, which no daily cap holds back."""
    key = f"batch:{who}:{town.next_id()}"

    def work(tx: Tx) -> None:
        known = people.by_account(tx, "official", openid(who))
        assert known is not None
        household_id = household_of(tx, known[1].id, now=town.now)
        budget = ledger.account(tx, "budget", owner=999)
        moves = {
            "grant": (ledger.account(tx, "issuer"), budget, {}),
            "award": (
                budget,
                ledger.account(tx, "wallet", owner=household_id),
                {"rule": "batch", "cause": key, "day": "2026-11-01", "person_id": known[1].id},
            ),
        }
        for kind, (debit, credit, more) in moves.items():
            ledger.move(
                tx,
                kind=kind,
                debit=debit,
                credit=credit,
                amount=points,
                idem=f"{key}:{kind}",
                txn=f"{key}:{kind}",
                reason="月末奖励",
                now=town.now,
                **more,  # type: ignore[arg-type]
            )

    town.db.write(work)


def order(town: Town, who: str, text: str) -> str:
    """The pick-up code."""
    answer = town.say(who, f"兑换 {text}")
    found = re.search(r"取货码：(\d{6})\n", answer)
    assert found, answer
    return found[1]


def shelf(town: Town, article: str, who: str = "戴满仓") -> str:
    """What a keeper's sheet says of an article."""
    return town.say(who, f"库存 {article}").splitlines()[1]


def told(town: Town, who: str) -> list[str]:
    """The notices queued for somebody, oldest first."""
    query = sa.text("SELECT text FROM outbox WHERE address = :address ORDER BY id")
    with town.db.read() as tx:
        return list(tx.execute(query, {"address": openid(who)}).scalars())


def assert_books_are_right(town: Town) -> None:
    assert town.drift() == []
    assert broken(town.db) == []
