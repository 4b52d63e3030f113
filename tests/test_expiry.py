"""Points that expire: the earliest are spent first, people are told before, nothing is lost or invented."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.days import ZONE
from store import awards, expiries, holds, households, ledger, wallets
from store.awards import Award
from store.budgets import Budget
from store.db import Database
from store.tables import people, units
from store.tx import Tx
from tests.conftest import ROOT
from tests.invariants import broken
from tests.test_discipline import books_are_right, told
from tests.test_redeem import earn
from tests.town import DAY, MakeTown, Town


@pytest.fixture
def expiring(make_town: MakeTown, tmp_path: Path) -> Town:
    """The town where points are good to the end of the next month."""
    rules = Path(shutil.copytree(ROOT / "rules", tmp_path / "rules"))
    file = rules / "points.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[limits]\n", "[limits]\nexpiry_months = 1\n"), encoding="utf-8")
    return make_town(rules)


def go_to(town: Town, day: str, hour: int = 9) -> None:
    moment = date.fromisoformat(day)
    at = int(datetime(moment.year, moment.month, moment.day, hour, 15, tzinfo=ZONE).timestamp())
    assert at >= town.now
    town.later(at - town.now)


def test_a_household_is_told_and_what_it_does_not_use_goes(expiring: Town) -> None:
    town = expiring
    earn(town, "李秀英", 2)  # on 23 November: good to the end of December
    earn(town, "王小满", 1)
    go_to(town, "2026-11-30")
    town.run_jobs()
    assert [one for one in told(town, "李秀英") if "为止有效" in one] == []
    go_to(town, "2026-12-01", hour=7)
    earn(town, "李秀英", 1)  # good to the end of January
    town.run_jobs()
    assert [one for one in told(town, "李秀英") if "为止有效" in one] == []  # people sleep
    for _ in range(3):
        town.later(3600)
        town.run_jobs()
    warned = (
        "您家有 20 分到 2026年12月31日 为止有效，过期作废，请及时兑换。"
        "发“商品”看能换什么，发“积分”看现有多少。"
    )
    assert [one for one in told(town, "李秀英") if "为止有效" in one] == [warned]
    assert town.say("李秀英", "积分") == "您现有 30 分。其中 20 分到 2026年12月31日 为止有效。"
    # The earliest are spent first; an order that is cancelled after the day comes back to its cohort.
    code = town.say("李秀英", "兑换 肥皂").split("取货码：")[1][:6]
    assert town.say("李秀英", "积分").startswith("您现有 20 分。其中 10 分到 2026年12月31日 为止有效。")
    town.say("戴满仓", f"核销 {code}")
    go_to(town, "2026-12-30")
    code = town.say("王小满", "兑换 肥皂").split("取货码：")[1][:6]
    town.say("徐慧敏", "冻结积分 李秀英 查")
    go_to(town, "2027-01-01", hour=0)
    assert "expiry.sweep" in town.run_jobs()
    assert town.points("李秀英") == 20  # frozen: nothing moves
    town.say("徐慧敏", "解冻 李秀英 查清")
    assert town.say("王小满", f"取消兑换 {code}") == "已取消，10 分退回。"
    go_to(town, "2027-01-02", hour=0)
    town.run_jobs()
    assert town.say("李秀英", "积分") == "您现有 10 分。其中 10 分到 2027年1月31日 为止有效。"
    assert town.points("王小满") == 0
    assert town.say("李秀英", "明细").splitlines()[0] == "1月2日 00:15 -10 分 积分到期，余 10 分"
    town.later(DAY)
    town.run_jobs()
    assert town.points("李秀英") == 10
    books_are_right(town)


def test_where_points_are_good_for_ever_nobody_is_told_anything(town: Town) -> None:
    earn(town, "李秀英", 1)
    go_to(town, "2027-12-31")
    town.run_jobs()
    assert town.say("李秀英", "积分") == "您现有 10 分。"
    assert [one for one in told(town, "李秀英") if "有效" in one] == []
    books_are_right(town)


# --- an oracle that knows single points and nothing of accounts

NOW = 1_795_395_600
COHORTS = (20261231, 20270131, 20270228, 0)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("award"), st.sampled_from(COHORTS), st.integers(1, 30)),
        st.tuples(st.just("spend"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("refund"), st.integers(0, 5), st.integers(1, 40)),
        st.tuples(st.just("expire"), st.sampled_from((20270101, 20270201, 20270301)), st.just(0)),
    ),
    max_size=14,
)


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def first(db: Database) -> Award:
    """An award of one point for a household of one; the examples of a property share it."""
    return db.write(_open)


def _open(tx: Tx) -> Award:
    town = {"code": "T", "name": "镇", "level": "town"}
    town_id = tx.execute(sa.insert(units).returning(units.c.id), town).scalar_one()
    row = {"name": "li", "created_at": NOW}
    person = tx.execute(sa.insert(people).returning(people.c.id), row).scalar_one()
    home = households.open_for(tx, person, code="li", name="li", unit_id=town_id, now=NOW)
    return Award(
        rule="report",
        points=1,
        person_id=person,
        household_id=home,
        reason="上报属实",
        idem="",
        cause="case:1",
        day="2026-11-23",
        budget=Budget(town_id, 2026, "general", 1_000_000),
        revision="r1",
    )


def _in_order(points: list[int]) -> list[int]:
    return sorted(points, key=lambda cohort: cohort or 99999999)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_cohorts_hold_what_single_points_would(
    db: Database, first: Award, numbers: Iterator[int], steps: list[tuple[str, int, int]]
) -> None:
    """The oracle is a pocket of coins, each with its last day; the oldest is taken out first."""
    home = first.household_id or 0
    with db.read() as tx:
        pocket = [c for c, _, n in wallets.cohorts(tx, home) for _ in range(n)]
    expired, bought = 0, []
    with db.read() as tx:
        before = _expired(tx)
    for what, a, b in steps:
        key = f"step:{next(numbers)}"
        if what == "award":
            db.write(
                lambda tx, a=a, b=b, key=key: awards.award(
                    tx, replace(first, cohort=a, points=b, idem=key), now=NOW
                )
            )
            pocket += [a] * b
        elif what == "spend" and len(pocket) >= a:
            db.write(
                lambda tx, a=a, key=key: wallets.spend(
                    tx,
                    home,
                    a,
                    kind="sale",
                    credit=ledger.account(tx, "spent"),
                    txn=key,
                    reason="买",
                    now=NOW,
                )
            )
            bought.append((key, _in_order(pocket)[:a]))
            pocket = _in_order(pocket)[a:]
        elif what == "refund" and a < len(bought) and len(bought[a][1]) >= b:
            sale, coins = bought[a]
            db.write(
                lambda tx, b=b, key=key, sale=sale: holds.refund(
                    tx, sale, b, unit=0, key=key, reason="退", now=NOW, actor_id=None
                )
            )
            bought[a] = (sale, coins[:-b])
            pocket += coins[-b:]
        elif what == "expire":
            db.write(lambda tx, a=a, key=key: expiries.sweep(tx, a, run=key, now=NOW))
            expired += sum(0 < cohort < a for cohort in pocket)
            pocket = [cohort for cohort in pocket if not 0 < cohort < a]
        with db.read() as tx:
            held = [c for c, _, n in wallets.cohorts(tx, home) for _ in range(n)]
            assert (_in_order(pocket), before + expired) == (_in_order(held), _expired(tx))
    assert broken(db) == []


def _expired(tx: Tx) -> int:
    return ledger.balance(tx, ledger.account(tx, "expired")) if _has(tx) else 0


def _has(tx: Tx) -> bool:
    return tx.execute(sa.text("SELECT 1 FROM acct WHERE kind = 'expired'")).first() is not None
