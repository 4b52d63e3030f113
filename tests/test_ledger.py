"""The ledger refuses what must not be, whoever asks: by its functions, by SQL, sixteen at once."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from handlers.days import ZONE, local_day
from store import audit, awards, blocks, booked_lists, budgets, holds, households, ledger, wallets
from store.audit import Finding
from store.awards import Award, Cap, Outcome
from store.budgets import Budget
from store.db import Database
from store.ledger import Frozen, Insufficient
from store.migrations.ledger_guards_4 import FEW
from store.tables import (
    applications,
    articles,
    batches,
    freezes,
    objections,
    penalties,
    people,
    reversals,
    shops,
    splits,
    statements,
    stock_takes,
    units,
    withheld,
)
from store.tx import Conflict, Tx
from tests.invariants import broken

NOW = 1_795_395_600
RICE = 5  # the unit of an article
SHOP = 9


@dataclass(frozen=True)
class Books:
    """Accounts and movements by name, for SQL written by hand."""

    ids: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.ids[name]


@pytest.fixture
def db(empty_url: str) -> Iterator[Database]:
    opened = Database(empty_url)
    yield opened
    opened.close()


@pytest.fixture
def books(db: Database) -> Books:
    """李 was given 100 points: 30 are held, 10 spent, 10 held and given back. 100 jin are on the shelf."""
    return db.write(open_books)


def open_books(tx: Tx) -> Books:
    ids = _open_town(tx)
    move = partial(ledger.move, tx, reason="试", now=NOW)
    ids["budgets"] = budgets.budget_id(tx, Budget(ids["town"], 2026, "general", 500), 0, now=NOW)
    ids |= {
        "issuer": ledger.account(tx, "issuer"),
        "budget": ledger.account(tx, "budget", owner=ids["budgets"]),
        "spent": ledger.account(tx, "spent"),
        "expired": ledger.account(tx, "expired"),
        "penalty": ledger.account(tx, "penalty"),
        "supplier": ledger.account(tx, "supplier", unit=RICE),
        "shelf": ledger.account(tx, "shelf", unit=RICE, owner=SHOP),
        "reserved": ledger.account(tx, "reserved", unit=RICE, owner=SHOP),
        "given": ledger.account(tx, "given", unit=RICE, owner=SHOP),
        "hua_debt": ledger.account(tx, "debt", owner=ids["hua_home"]),
    }
    for name in ("li", "wang", "hua", "sun"):
        ids[name] = ledger.account(tx, "wallet", owner=ids[f"{name}_home"])
        ids[f"{name}_held"] = ledger.account(tx, "held", owner=ids[f"{name}_home"])
    li, held, spent = ids["li"], ids["li_held"], ids["spent"]

    def give(name: str, wallet: str, points: int, **more: int) -> None:
        whom = {"debit": ids["budget"], "credit": ids[wallet], "person_id": ids[f"{wallet}_person"]}
        what = {"rule": "试", "revision": "r1", "cause": "case:1001", "day": "2026-11-23", **whom, **more}
        ids[name] = move(kind="award", amount=points, idem=name, txn=name, **what)

    give("award", "li", 100)
    give("gift", "wang", 40)
    give("undone", "wang", 5)
    ids["undoing"] = move(
        debit=ids["wang"],
        credit=ids["budget"],
        amount=5,
        idem="undoing",
        txn="undoing",
        kind="reverse",
        reverses_id=ids["undone"],
    )
    for name, points in (("open", 30), ("collected", 10), ("cancelled", 10)):
        ids[name] = move(debit=li, credit=held, amount=points, idem=name, txn=name, kind="hold")
    end = partial(move, debit=held, amount=10)
    ids["post"] = end(credit=spent, idem="post", txn="post", kind="post", pending_id=ids["collected"])
    ids["void"] = end(credit=li, idem="void", txn="void", kind="void", pending_id=ids["cancelled"])
    ids["stock"] = move(
        debit=ids["supplier"],
        credit=ids["shelf"],
        unit=RICE,
        amount=100,
        idem="stock",
        txn="stock",
        kind="restock",
        actor_id=ids["wu_person"],
    )
    # 华 bought for 10 of 20 points, brought back 4, owes 4 of 6, and earned 15 by an application.
    give("wage", "hua", 20)
    hua = partial(move, txn="hua")
    ids["bought"] = hua(kind="sale", debit=ids["hua"], credit=spent, amount=10, idem="bought")
    back = {"debit": spent, "credit": ids["hua"], "refunds_id": ids["bought"]}
    ids["returned"] = hua(kind="refund", amount=4, idem="returned", **back)
    hua(kind="lend", debit=ids["hua_debt"], credit=ids["hua"], amount=6, idem="lent")
    hua(kind="repay", debit=ids["hua"], credit=ids["hua_debt"], amount=2, idem="repaid")
    for name, until in (("through", NOW), ("young", NOW + 1), ("disputed", NOW)):
        ids[name] = _apply(tx, ids, "public", until)
    ids["proposed"] = _apply(tx, ids, "proposed", None)
    ids["refused"] = _apply(tx, ids, "refused", None)
    objection = {"application_id": ids["disputed"], "person_id": ids["li_person"], "text": "不实", "at": NOW}
    tx.execute(sa.insert(objections), objection)
    give("applied", "hua", 15, application_id=ids["through"])
    blocks.seal(tx, now=NOW)
    ids["block"] = int(tx.execute(sa.text("SELECT id FROM blocks")).scalar_one())
    # 孙 has 15 points and 5 on hold, all of them frozen.
    give("frozen", "sun", 20)
    ids["stuck"] = move(
        debit=ids["sun"], credit=ids["sun_held"], amount=5, idem="stuck", txn="stuck", kind="hold"
    )
    tx.execute(
        sa.insert(freezes),
        {"household_id": ids["sun_home"], "reason": "查", "by_id": ids["zhou_person"], "at": NOW},
    )
    _leave(tx, ids)
    _prove(tx, ids)
    return Books({**ids, "nowhere": 12345})


def _open_town(tx: Tx) -> dict[str, int]:
    """People and households; 华 and 梅 live together, 周 and 陈 are officials, 吴 brings goods."""
    ids = {}
    town = {"code": "T", "name": "镇", "level": "town"}
    ids["town"] = int(tx.execute(sa.insert(units).returning(units.c.id), town).scalar_one())
    for name in ("li", "wang", "hua", "mei", "sun", "zhou", "chen", "wu"):
        row = {"name": name, "created_at": NOW}
        person = int(tx.execute(sa.insert(people).returning(people.c.id), row).scalar_one())
        ids[f"{name}_person"] = person
        if name == "mei":
            households.join(tx, ids["hua_home"], person, now=NOW)
        elif name != "wu":
            ids[f"{name}_home"] = households.open_for(tx, person, code=name, name=name, unit_id=None, now=NOW)
    return ids


def _leave(tx: Tx, ids: dict[str, int]) -> None:
    """陈's household of one has joined 周's."""
    ids["gone"] = ledger.account(tx, "wallet", owner=ids["chen_home"])
    households.leave(tx, ids["chen_person"], how="moved", now=NOW)
    households.close(tx, ids["chen_home"], now=NOW)
    households.join(tx, ids["zhou_home"], ids["chen_person"], now=NOW)


def _apply(tx: Tx, ids: dict[str, int], state: str, until: int | None) -> int:
    row = {
        "rule": "试",
        "revision": "",
        "person_id": ids["hua_person"],
        "household_id": ids["hua_home"],
        "unit_id": ids["town"],
        "day": "2026-11-20",
        "text": "义务劳动",
        "points": 15,
        "state": state,
        "writer_id": ids["hua_person"],
        "at": NOW - 9,
        "proposer_id": ids["zhou_person"],
        "proposed_at": NOW - 8,
        "approver_id": ids["chen_person"] if until else None,
        "approved_at": NOW - 7 if until else None,
        "public_until": until,
    }
    return int(tx.execute(sa.insert(applications).returning(applications.c.id), row).scalar_one())


def _prove(tx: Tx, ids: dict[str, int]) -> None:
    """A statement, a stock-take, a penalty, what was withheld, a month's list."""
    month = {"household_id": ids["li_home"], "month": "2026-10", "cut": 1, "made_at": NOW}
    month |= {"opening": 0, "earned": 0, "spent": 0, "expired": 0, "other": 0, "closing": 0}
    tx.execute(sa.insert(statements), month)
    shop = {"code": "S", "name": "平安超市", "unit_id": ids["town"]}
    shop_id = tx.execute(sa.insert(shops).returning(shops.c.id), shop).scalar_one()
    soap = {"shop_id": shop_id, "code": "1", "name": "皂", "price": 1}
    ids["article"] = int(tx.execute(sa.insert(articles).returning(articles.c.id), soap).scalar_one())
    official = {"by_id": ids["zhou_person"], "at": NOW}
    counted = {"article_id": ids["article"], "expected": 1, "counted": 1, "reason": "", **official}
    tx.execute(sa.insert(stock_takes), counted)
    taken = {"household_id": ids["li_home"], "points": 1, "reason": "", "xfer_id": ids["award"], **official}
    tx.execute(sa.insert(penalties), taken)
    tx.execute(sa.insert(withheld), {"idem": "kept", "award": {}, "why": "budget", "at": NOW})
    lines = [{"household": ids["li_home"]}]
    sheet = {
        "month": "2026-10",
        "rule": "试",
        "digest": "kept",
        "state": "proposed",
        "lines": lines,
        "at": NOW,
    }
    people_of = {"unit_id": ids["town"], "proposer_id": ids["zhou_person"]}
    tx.execute(sa.insert(batches), {**sheet, **people_of})
    booked_lists.add(tx, digest="d", txn="wage", lines=1, now=NOW)
    split = {"household_id": ids["hua_home"], "person_id": ids["mei_person"], "points": 1, "at": NOW}
    tx.execute(sa.insert(splits), split)
    asked = {"xfer_id": ids["gift"], "household_id": ids["wang_home"], "reason": "", "state": "asked"}
    tx.execute(sa.insert(reversals), {**asked, **official})


def entry(
    kind: str, debit: str, credit: str, amount: int, *, verb: str = "INSERT", unit: int = 0, **more: str
) -> str:
    """SQL for one row of the journal; names in braces are filled in from the books."""
    columns = {
        "txn": "'t'",
        "kind": f"'{kind}'",
        "debit": f"{{{debit}}}",
        "credit": f"{{{credit}}}",
        "unit": str(unit),
        "asked": str(amount),
        "amount": str(amount),
        "idem": "'by hand'",
        "digest": "''",
        "reason": "''",
        "at": str(NOW),
        **more,
    }
    return f"{verb} INTO xfer ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


def _many(statement: str) -> str:
    """The same for more rows than the trigger takes for a few."""
    head, _, values = statement.removesuffix(")").partition(" VALUES (")
    return f"{head} SELECT {values} FROM generate_series(1, {FEW + 1}) n".replace(
        "'by hand'", "'by hand' || n"
    )


def award_entry(debit: str, credit: str, amount: int, *, verb: str = "INSERT", **more: str) -> str:
    """The same for an award that names all it has to."""
    named = {"rule": "'试'", "cause": "'case:1001'", "day": "'2026-11-23'", "person_id": "{li_person}"}
    return entry("award", debit, credit, amount, verb=verb, **{**named, **more})


def application(state: str, **more: str) -> str:
    columns = {
        "rule": "'试'",
        "revision": "''",
        "person_id": "{hua_person}",
        "household_id": "{hua_home}",
        "unit_id": "{town}",
        "day": "'2026-11-20'",
        "text": "''",
        "points": "15",
        "at": "1",
        "writer_id": "{hua_person}",
        "state": f"'{state}'",
        **more,
    }
    return f"INSERT INTO applications ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


def penalty(**more: str) -> str:
    columns = {
        "household_id": "{li_home}",
        "points": "5",
        "reason": "''",
        "by_id": "{zhou_person}",
        "at": "1",
        "xfer_id": "{award}",
        **more,
    }
    return f"INSERT INTO penalties ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


def batch(state: str, **more: str) -> str:
    columns = {
        "month": "'2026-11'",
        "rule": "'试'",
        "digest": "'x'",
        "state": f"'{state}'",
        "unit_id": "{town}",
        "proposer_id": "{zhou_person}",
        "at": "1",
        "lines": "'[]'",
        **more,
    }
    return f"INSERT INTO batches ({', '.join(columns)}) VALUES ({', '.join(columns.values())})"


APPROVE = (
    "UPDATE applications SET state = 'public', approved_at = 1, public_until = 1, approver_id = {0} "
    "WHERE id = {{proposed}}"
)
ATTEMPTS = {
    "change the journal": "UPDATE xfer SET amount = 1 WHERE id = {award}",
    "delete what is not sealed yet": "DELETE FROM xfer WHERE id = {stuck}",
    "delete from the journal": "DELETE FROM xfer WHERE id = {award}",
    "book over a row": award_entry("budget", "li", 9, idem="'award'")
    + " ON CONFLICT (idem) DO UPDATE SET amount = 9",
    "change a posting": "UPDATE posting SET amount = 1 WHERE acct = {li}",
    "delete a posting": "DELETE FROM posting WHERE acct = {li}",
    "post by hand": "INSERT INTO posting VALUES ({li}, 99, {award}, 100, 200)",
    "change a balance": "UPDATE bal SET posted = 1000000 WHERE acct = {li}",
    "change a balance by an old movement": (
        "UPDATE bal SET posted = posted + 100, ver = ver + 1, last_xfer = {award} WHERE acct = {li}"
    ),
    "take away a floor": "UPDATE bal SET floor = NULL WHERE acct = {li}",
    "take away a ceiling": "UPDATE bal SET ceiling = NULL WHERE acct = {hua_debt}",
    "delete a balance": "DELETE FROM bal WHERE acct = {li}",
    "open a balance again": "INSERT INTO bal (acct, floor) VALUES ({li}, 0)",
    "open a balance without an account": "INSERT INTO bal (acct, floor) VALUES (12345, NULL)",
    "give an account to somebody": "UPDATE acct SET owner = 7 WHERE id = {li}",
    "let points last longer": "UPDATE acct SET cohort = 20991231 WHERE id = {li}",
    "delete an account": "DELETE FROM acct WHERE id = {li}",
    "open an account again": "INSERT INTO acct (kind, unit, owner) VALUES ('wallet', 0, {li_home})",
    "open an account of no kind": "INSERT INTO acct (kind, unit, owner) VALUES ('pocket', 0, 1)",
    "open a wallet for goods": "INSERT INTO acct (kind, unit, owner) VALUES ('wallet', 5, 1)",
    "open a shelf for points": "INSERT INTO acct (kind, unit, owner) VALUES ('shelf', 0, 9)",
    "open a budget that expires": "INSERT INTO acct (kind, unit, owner, cohort) VALUES ('budget', 0, 9, 1)",
    "award nothing": award_entry("budget", "li", 0),
    "award backwards": award_entry("budget", "li", -5),
    "award straight from the issuer": award_entry("issuer", "li", 5),
    "award more than the budget": award_entry("budget", "li", 306),
    "award more than was asked": award_entry("budget", "li", 5, asked="4"),
    "award without a rule": award_entry("budget", "li", 5, rule="''"),
    "award without a cause": award_entry("budget", "li", 5, cause="''"),
    "award without a day": award_entry("budget", "li", 5, day="''"),
    "award to nobody": award_entry("budget", "li", 5, person_id="NULL"),
    "award to what is held": award_entry("budget", "li_held", 5),
    "award to the spent": award_entry("budget", "spent", 5),
    "grant to a wallet": entry("grant", "issuer", "li", 5),
    "grant what is less than asked": entry("grant", "issuer", "budget", 5, asked="6"),
    "grant out of a wallet": entry("grant", "li", "budget", 5),
    "pass on to oneself": entry("family", "li", "li", 5),
    "move points onto the shelf": entry("sale", "li", "shelf", 5),
    "move goods into a wallet": entry("sale", "shelf", "li", 5, unit=RICE),
    "move from nowhere": entry("family", "nowhere", "li", 5),
    "move in a way nobody knows": entry("gift", "budget", "li", 5),
    "move as the first schema did": entry("move", "issuer", "li", 5),
    "overdraw": entry("family", "li", "wang", 61),
    "pass on to the issuer": entry("family", "li", "issuer", 5),
    "pass on a debt as points": entry("family", "hua_debt", "li", 5),
    "award to a household that went into another": award_entry("budget", "gone", 5),
    "hold more than there is": entry("hold", "li", "li_held", 61),
    "reserve more than there is": entry("hold", "shelf", "reserved", 101, unit=RICE),
    "hold for somebody else": entry("hold", "li", "wang_held", 5),
    "hold into a wallet": entry("hold", "li", "wang", 5),
    "pass on what is held": entry("family", "li_held", "wang", 5),
    "pass on into what is held": entry("family", "li", "li_held", 5),
    "sell out of what is held": entry("sale", "li_held", "spent", 5),
    "sell out of what is reserved": entry("sale", "reserved", "given", 5, unit=RICE),
    "sell to oneself": entry("sale", "li", "wang", 5),
    "sell more than there is": entry("sale", "li", "spent", 61),
    "hold for a hold": entry("hold", "li", "li_held", 5, pending_id="{open}"),
    "post without a hold": entry("post", "li_held", "spent", 30),
    "post a part": entry("post", "li_held", "spent", 29, pending_id="{open}"),
    "post twice": entry("post", "li_held", "spent", 10, pending_id="{collected}"),
    "post what was given back": entry("post", "li_held", "spent", 10, pending_id="{cancelled}"),
    "post what is no hold": entry("post", "li_held", "spent", 100, pending_id="{award}"),
    "post to a third party": entry("post", "li_held", "wang", 30, pending_id="{open}"),
    "post from a wallet": entry("post", "wang", "spent", 30, pending_id="{open}"),
    "void a part": entry("void", "li_held", "li", 29, pending_id="{open}"),
    "void what was collected": entry("void", "li_held", "li", 10, pending_id="{collected}"),
    "void twice": entry("void", "li_held", "li", 10, pending_id="{cancelled}"),
    "void to a third party": entry("void", "li_held", "wang", 30, pending_id="{open}"),
    "reverse nothing": entry("reverse", "wang", "budget", 40),
    "reverse a part": entry("reverse", "wang", "budget", 39, reverses_id="{gift}"),
    "reverse to somewhere else": entry("reverse", "wang", "issuer", 40, reverses_id="{gift}"),
    "reverse the same way round": entry("reverse", "budget", "wang", 40, reverses_id="{gift}"),
    "reverse from another wallet": entry("reverse", "li", "budget", 40, reverses_id="{gift}"),
    "reverse twice": entry("reverse", "wang", "budget", 5, reverses_id="{undone}"),
    "reverse a reversal": entry("reverse", "budget", "wang", 5, reverses_id="{undoing}"),
    "reverse a hold": entry("reverse", "li_held", "li", 30, reverses_id="{open}"),
    "reverse a sale": entry("reverse", "spent", "hua", 10, reverses_id="{bought}"),
    "reverse what was spent since": entry("reverse", "li", "budget", 100, reverses_id="{award}"),
    "reverse by an award": award_entry("wang", "budget", 40, reverses_id="{gift}"),
    "refund more than was spent": entry("refund", "spent", "hua", 7, refunds_id="{bought}"),
    "refund to another wallet": entry("refund", "spent", "wang", 5, refunds_id="{bought}"),
    "refund nothing": entry("refund", "spent", "hua", 5),
    "refund what is on hold": entry("refund", "spent", "li", 5, refunds_id="{open}"),
    "refund an award": entry("refund", "spent", "li", 5, refunds_id="{award}"),
    "refund out of the budget": entry("refund", "budget", "hua", 5, refunds_id="{bought}"),
    "repay more than is owed": entry("repay", "hua", "hua_debt", 5),
    "repay for somebody else": entry("repay", "wang", "hua_debt", 1),
    "lend to somebody else": entry("lend", "hua_debt", "wang", 5),
    "let points expire that are good for ever": entry("expire", "li", "expired", 5),
    "take away more than there is": entry("penalty", "li", "penalty", 61),
    "use a key again": award_entry("budget", "li", 100, idem="'award'"),
    # what belongs to a frozen household
    "hold what is frozen": entry("hold", "sun", "sun_held", 5),
    "sell what is frozen": entry("sale", "sun", "spent", 5),
    "pass on what is frozen": entry("family", "sun", "li", 5),
    "pass on to the frozen": entry("family", "li", "sun", 5),
    "award to the frozen": award_entry("budget", "sun", 5),
    "collect what is frozen": entry("post", "sun_held", "spent", 5, pending_id="{stuck}"),
    "give back what is frozen": entry("void", "sun_held", "sun", 5, pending_id="{stuck}"),
    "take away what is frozen": entry("penalty", "sun", "penalty", 5),
    "forget a freeze": "DELETE FROM freezes",
    "freeze twice": "INSERT INTO freezes (household_id, reason, by_id, at) "
    "VALUES ({sun_home}, '', {zhou_person}, 1)",
    # applications
    "award an application twice": award_entry("budget", "hua", 15, application_id="{through}"),
    "award an application too early": award_entry("budget", "hua", 15, application_id="{young}"),
    "award what somebody objects to": award_entry("budget", "hua", 15, application_id="{disputed}"),
    "award what is only proposed": award_entry("budget", "hua", 15, application_id="{proposed}"),
    "award an application to another household": award_entry(
        "budget", "li", 15, application_id="{young}", at=str(NOW + 9)
    ),
    "award another amount than applied for": award_entry(
        "budget", "hua", 16, application_id="{young}", at=str(NOW + 9)
    ),
    "award it by another rule": award_entry(
        "budget", "hua", 15, application_id="{young}", rule="'别'", at=str(NOW + 9)
    ),
    "pass on by an application that is through": entry(
        "family", "li", "hua", 15, application_id="{young}", rule="'试'", at=str(NOW + 9)
    ),
    "pass on by an application": entry("family", "li", "hua", 15, application_id="{young}"),
    "approve what one proposed": APPROVE.format("{zhou_person}"),
    "approve one's own": APPROVE.format("{hua_person}"),
    "approve for one's household": APPROVE.format("{mei_person}"),
    "approve alone": APPROVE.format("NULL"),
    "propose for one's household": application("proposed", proposer_id="{mei_person}", proposed_at="1"),
    "propose for oneself": application("proposed", proposer_id="{hua_person}", proposed_at="1"),
    "become proposer for one's household": (
        "UPDATE applications SET proposer_id = {mei_person} WHERE id = {proposed}"
    ),
    "apply for nothing": application("applied", points="0"),
    "raise what was applied for": "UPDATE applications SET points = 99 WHERE id = {proposed}",
    "let somebody else benefit": "UPDATE applications SET household_id = {li_home} WHERE id = {proposed}",
    "take up what was refused": "UPDATE applications SET state = 'proposed' WHERE id = {refused}",
    "forget an application": "DELETE FROM applications WHERE id = {proposed}",
    "judge an objection to one's own": "UPDATE objections SET state = 'refused', decided_by = {hua_person}",
    "judge an objection to one's household": (
        "UPDATE objections SET state = 'refused', decided_by = {mei_person}"
    ),
    "bring an objection one's household has judged": (
        "INSERT INTO objections (application_id, person_id, text, at, state, decided_by, decided_at) "
        "VALUES ({disputed}, {wang_person}, '', 1, 'refused', {mei_person}, 1)"
    ),
    "judge one's own objection": "UPDATE objections SET state = 'refused', decided_by = {li_person}",
    "object twice": "INSERT INTO objections (application_id, person_id, text, at) "
    "VALUES ({disputed}, {li_person}, '', 1)",
    "change what was objected": "UPDATE objections SET text = 'x'",
    "forget an objection": "DELETE FROM objections",
    "forget who lived there": "DELETE FROM members",
    "propose one's own where one no longer lives": application(
        "proposed", person_id="{li_person}", proposer_id="{li_person}", proposed_at="1"
    ),
    "post before its days are over": (
        "UPDATE applications SET state = 'posted', ended_at = 1 WHERE id = {young}"
    ),
    "leave an application in no state": application("gone"),
    "decide one's own objection": (
        "UPDATE objections SET state = 'refused', decided_by = person_id, decided_at = 1"
    ),
    "decide an objection without a judge": "UPDATE objections SET state = 'refused'",
    "leave an objection in no state": "UPDATE objections SET state = 'gone'",
    "live in two households": (
        "INSERT INTO members (household_id, person_id, since) VALUES ({li_home}, {mei_person}, 1)"
    ),
    "leave before one came": (
        "UPDATE members SET until = since - 1, ended_by = 'moved' WHERE person_id = {mei_person}"
    ),
    "leave without a reason": "UPDATE members SET until = since + 1 WHERE person_id = {mei_person}",
    "use more than a cap": "INSERT INTO caps VALUES ('', 'person', 1, '2026-11', 0, 11, 10)",
    "cap a whole village": "INSERT INTO caps VALUES ('', 'village', 1, '2026-11', 0, 1, 10)",
    "take away nothing": penalty(points="0"),
    "judge one's own penalty": penalty(decided_by="{zhou_person}"),
    "forget a penalty": "DELETE FROM penalties",
    "withhold for no reason": ("INSERT INTO withheld (idem, award, why, at) VALUES ('w', '{{}}', 'mood', 1)"),
    "withhold twice": "INSERT INTO withheld (idem, award, why, at) VALUES ('kept', '{{}}', 'budget', 1)",
    "open a budget twice": (
        "INSERT INTO budgets (unit_id, year, rule_group, unit) VALUES ({town}, 2026, 'general', 0)"
    ),
    "approve one's own list": batch("posted", approver_id="{zhou_person}"),
    "post a list nobody approved": batch("posted"),
    "leave a list in no state": batch("gone"),
    "propose a list twice": batch("proposed", digest="'kept'"),
    "propose a list for one's household": batch("proposed", lines="'[{{\"household\": {zhou_home}}}]'"),
    "approve a list for one's household": "UPDATE batches SET approver_id = {li_person}",
    "change a list": "UPDATE batches SET lines = '[]'",
    "forget a list": "DELETE FROM batches",
    "have a list booked twice": "INSERT INTO booked_lists (digest, txn, lines, at) VALUES ('d', '', 1, 1)",
    "have nothing booked": "INSERT INTO booked_lists (digest, txn, lines, at) VALUES ('e', '', 0, 1)",
    "change what was booked whole": "UPDATE booked_lists SET digest = 'e'",
    "forget what was booked whole": "DELETE FROM booked_lists",
    "judge one's own freeze": "UPDATE freezes SET decided_by = by_id, decided_at = 1",
    "agree to one's own share": "UPDATE splits SET state = 'done', decided_by = person_id",
    "leave with less than nothing": "UPDATE splits SET points = -1",
    "leave a split in no state": "UPDATE splits SET state = 'gone'",
    "ask to leave twice": (
        "INSERT INTO splits (household_id, person_id, points, at) VALUES ({hua_home}, {mei_person}, 1, 1)"
    ),
    "forget who left with what": "DELETE FROM splits",
    "take an award back alone": "UPDATE reversals SET state = 'done', decided_by = by_id",
    "leave a reversal in no state": "UPDATE reversals SET state = 'gone'",
    "ask to take back twice": (
        "INSERT INTO reversals (xfer_id, household_id, reason, by_id, at, state) "
        "VALUES ({gift}, {wang_home}, '', {zhou_person}, 1, 'asked')"
    ),
    "forget what was taken back": "DELETE FROM reversals",
    # proof
    "count less than nothing": (
        "INSERT INTO stock_takes (article_id, expected, counted, reason, by_id, at) "
        "VALUES ({article}, 1, -1, '', {zhou_person}, 1)"
    ),
    "count anew what was counted": "UPDATE stock_takes SET counted = 9",
    "forget what was counted": "DELETE FROM stock_takes",
    "fork the chain": "INSERT INTO blocks (previous, hash, count, sealed_at) VALUES ('', 'x', 1, 1)",
    "seal twice under one hash": (
        "INSERT INTO blocks (previous, hash, count, sealed_at) SELECT 'y', hash, 1, 1 FROM blocks"
    ),
    "change a statement": "UPDATE statements SET closing = 5, opening = 5",
    "delete a statement": "DELETE FROM statements",
    "write a statement again": "INSERT INTO statements SELECT * FROM statements",
    "write a statement that does not add up": (
        "INSERT INTO statements VALUES ({li_home}, '2026-11', 1, 0, 5, 0, 0, 0, 6, 1)"
    ),
    "change a block": "UPDATE blocks SET hash = 'x'",
    "delete a block": "DELETE FROM blocks",
    "change what was sealed": "UPDATE block_items SET hash = 'x'",
    "delete what was sealed": "DELETE FROM block_items",
}
TABLES = {"acct": "id", "bal": "acct", "xfer": "id", "posting": "acct, ver"}  # and the order of their rows
ALL_TABLES = TABLES | {
    "applications": "id",
    "objections": "id",
    "freezes": "id",
    "members": "id",
    "statements": "household_id, month",
    "blocks": "id",
    "block_items": "xfer",
    "stock_takes": "id",
    "penalties": "id",
    "batches": "id",
    "booked_lists": "id",
    "splits": "id",
    "reversals": "id",
}
OTHER_TABLES = {
    "people": "id",
    "withheld": "id",
    "budgets": "id",
    "caps": "rule, subject, subject_id, period",
}
# Refused on SQLite by foreign keys alone: a connection that has them switched off is not ours.
BY_KEYS = {
    "give to nobody": award_entry("budget", "li", 1, person_id="99999"),
    "give by nobody": award_entry("budget", "li", 1, actor_id="99999"),
    "delete whom only a movement names": "DELETE FROM people WHERE id = {wu_person}",
    "seal what was never booked": "INSERT INTO block_items VALUES (99999, {block}, 'x')",
    "seal into no block": "INSERT INTO block_items VALUES ({stuck}, 99999, 'x')",
    "take away without a movement": penalty(xfer_id="99999"),
    "take back what was never given": (
        "INSERT INTO reversals (xfer_id, household_id, reason, by_id, at, state) "
        "VALUES (99999, {wang_home}, '', {zhou_person}, 1, 'asked')"
    ),
}
ONLY_POSTGRES = {f"truncate {table}": f"TRUNCATE {table} CASCADE" for table in ALL_TABLES}
# PostgreSQL plans a list by itself: each movement that is refused is refused among many as well.
ONLY_POSTGRES |= {
    f"{name}, in a list": _many(statement)
    for name, statement in (ATTEMPTS | BY_KEYS).items()
    if statement.startswith("INSERT INTO xfer")
}
# SQLite's conflict actions: REPLACE deletes without a trigger, IGNORE may swallow a failed check in one.
ONLY_SQLITE = {
    "replace a movement by its id": award_entry("budget", "li", 9, verb="REPLACE", id="{award}"),
    "replace a movement by its key": award_entry("budget", "li", 9, verb="REPLACE", idem="'award'"),
    "replace a resolution": entry("void", "li_held", "li", 10, verb="REPLACE", pending_id="{collected}"),
    "replace a reversal": entry("reverse", "wang", "budget", 5, verb="REPLACE", reverses_id="{undone}"),
    "replace a posting": "REPLACE INTO posting SELECT acct, ver, xfer, 1, after FROM posting LIMIT 1",
    "replace a balance": "REPLACE INTO bal (acct, posted, ver, floor) VALUES ({li}, 0, 0, 0)",
    "replace an account by its id": "REPLACE INTO acct VALUES ({li}, 'wallet', 0, 7, 0)",
    "replace an account by its key": "REPLACE INTO acct (kind, unit, owner) VALUES ('wallet', 0, {li_home})",
    "replace an application's award": award_entry(
        "budget", "hua", 15, verb="REPLACE", application_id="{through}"
    ),
    "replace an application": application("applied", id="{proposed}").replace("INSERT", "REPLACE"),
    "replace an objection": "REPLACE INTO objections (id, application_id, person_id, text, at) "
    "VALUES (1, {disputed}, {li_person}, '', 1)",
    "replace a statement": "REPLACE INTO statements SELECT household_id, month, cut, 5, 0, 0, 0, 0, 5, 1 "
    "FROM statements",
    "replace a block": "REPLACE INTO blocks VALUES ({block}, '', 'x', 1, 1)",
    "replace a block by its hash": "REPLACE INTO blocks SELECT 99, 'y', hash, 1, 1 FROM blocks",
    "replace what was sealed": "REPLACE INTO block_items VALUES ({award}, {block}, 'x')",
    "replace a list": batch("proposed", id="1", digest="'other'").replace("INSERT", "REPLACE"),
    "replace what was booked whole": "REPLACE INTO booked_lists VALUES (1, 'e', 'award', 1, 1)",
    "replace a stock-take": (
        "REPLACE INTO stock_takes SELECT id, article_id, expected, 9, reason, by_id, at FROM stock_takes"
    ),
    "refund too much and ignore it": entry(
        "refund", "spent", "hua", 7, verb="INSERT OR IGNORE", refunds_id="{bought}"
    ),
    "repay too much and fail late": entry("repay", "hua", "hua_debt", 5, verb="INSERT OR FAIL"),
    "change a key over another": "UPDATE OR REPLACE xfer SET idem = 'award' WHERE id = {gift}",
    "overdraw and ignore it": entry("family", "li", "wang", 61, verb="INSERT OR IGNORE"),
    "overdraw and replace it": entry("family", "li", "wang", 61, verb="INSERT OR REPLACE"),
    "overdraw and fail late": entry("family", "li", "wang", 61, verb="INSERT OR FAIL"),
    "set a balance and ignore it": "UPDATE OR IGNORE bal SET posted = 1000000 WHERE acct = {li}",
}


def everything(run: Callable[[str], Any]) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the ledger, read by `run`."""
    return {
        table: [tuple(row) for row in run(f"SELECT * FROM {table} ORDER BY {order}")]
        for table, order in (ALL_TABLES | OTHER_TABLES).items()
    }


def test_what_comes_back_comes_back_once_also_where_little_is_left(db: Database, books: Books) -> None:
    """华 bought for 10 and brought back 4; 5 of the other 6 come back."""

    def bring_back(points: int, key: str) -> int:
        back = partial(holds.refund, txn="hua", unit=0, reason="退", now=NOW, actor_id=None)
        db.write(lambda tx: back(tx, amount=points, key=key))
        with db.read() as tx:
            return wallets.points(tx, books.ids["hua_home"])

    with db.read() as tx:
        before = wallets.points(tx, books.ids["hua_home"])
    assert [bring_back(5, "five") - before for _ in range(2)] == [5, 5]
    with pytest.raises(Conflict):
        bring_back(1, "five")
    with pytest.raises(ledger.Insufficient):
        bring_back(2, "two")
    assert bring_back(1, "one") == before + 6
    assert broken(db) == []


def test_no_sql_gets_past_the_guards(db: Database, books: Books) -> None:
    attempts = ATTEMPTS | BY_KEYS | ({} if db.is_sqlite else ONLY_POSTGRES)
    before = _read_everything(db)
    done = []
    for name, statement in attempts.items():
        try:
            db.write(partial(_run, statement.format(**books.ids)))
        except DBAPIError:
            continue
        done.append(name)
    assert done == []
    assert _read_everything(db) == before
    assert broken(db) == []


def _run(statement: str, tx: Tx) -> None:
    tx.execute(sa.text(statement))


def _read_everything(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    with db.read() as tx:
        return everything(lambda query: tx.execute(sa.text(query)))


def test_no_conflict_action_of_sqlite_gets_past_the_guards(sqlite_empty: Path, tmp_path: Path) -> None:
    """Whatever the connection has switched on or off; ours switches foreign keys and recursion on."""
    file = tmp_path / "books.db"
    file.write_bytes(sqlite_empty.read_bytes())
    db = Database(f"sqlite:///{file}")
    books = db.write(open_books)
    before = _read_everything(db)
    db.close()
    changed = []
    for keys, recursion in product(("ON", "OFF"), repeat=2):
        other = sqlite3.connect(file, isolation_level=None)
        other.execute(f"PRAGMA foreign_keys={keys}")
        other.execute(f"PRAGMA recursive_triggers={recursion}")
        for name, statement in (ATTEMPTS | ONLY_SQLITE).items():
            other.execute("BEGIN")
            try:
                other.execute(statement.format(**books.ids))
            except sqlite3.Error:
                pass
            if everything(other.execute) != before:
                changed.append((name, f"foreign_keys={keys}", f"recursive_triggers={recursion}"))
            other.execute("ROLLBACK")
        other.close()
    assert changed == []


# --- by its functions


def test_the_same_request_is_booked_once_and_another_under_its_key_refused(
    db: Database, books: Books
) -> None:
    request: dict[str, Any] = {
        "kind": "award",
        "debit": books["budget"],
        "credit": books["li"],
        "amount": 100,
        "txn": "award",
        "rule": "试",
        "cause": "case:1001",
        "day": "2026-11-23",
        "person_id": books["li_person"],
        "reason": "试",
    }
    before = _read_everything(db)
    again = db.write(lambda tx: ledger.move(tx, **request, idem="award", now=NOW + 99))
    assert again == books["award"]
    others: list[dict[str, Any]] = [
        {"amount": 101},
        {"credit": books["wang"]},
        {"reason": "别的"},
        {"txn": "other"},
        {"kind": "hold"},
        {"rule": "别的"},
        {"cause": "case:1002"},
        {"day": "2026-11-24"},
        {"person_id": books["wang_person"]},
        {"asked": 101},
    ]
    for other in others:
        with pytest.raises(Conflict):
            db.write(partial(_move, {**request, **other, "idem": "award", "now": NOW}))
    assert _read_everything(db) == before


def _move(request: dict[str, Any], tx: Tx) -> int:
    return ledger.move(tx, **request)


def test_too_few_points_are_told_from_every_other_refusal(db: Database, books: Books) -> None:
    request: dict[str, Any] = {
        "kind": "family",
        "debit": books["li"],
        "credit": books["wang"],
        "idem": "x",
        "txn": "x",
        "reason": "",
        "now": NOW,
    }
    before = _read_everything(db)
    with pytest.raises(Insufficient):
        db.write(partial(_move, {**request, "amount": 61}))
    with pytest.raises(Frozen):
        db.write(partial(_move, {**request, "credit": books["sun"], "amount": 1}))
    with pytest.raises(DBAPIError):
        db.write(partial(_move, {**request, "amount": -1}))
    assert _read_everything(db) == before

    def try_then_go_on(tx: Tx) -> int:
        with pytest.raises(Insufficient), tx.savepoint():
            ledger.move(tx, **request, amount=61)
        return ledger.move(tx, **request, amount=60)

    assert db.write(try_then_go_on) > books["stock"]
    with db.read() as tx:
        li, wang = books["li_home"], books["wang_home"]
        assert (wallets.points(tx, li), wallets.held(tx, li), wallets.points(tx, wang)) == (0, 30, 100)
    assert broken(db) == []


def test_a_statement_reads_newest_first_with_the_balance_after_each(db: Database, books: Books) -> None:
    with db.read() as tx:
        li = books["li_home"]
        entries = wallets.entries(tx, li, 10)
        assert wallets.entries(tx, li, 2) == entries[:2]
        assert wallets.entries(tx, 777, 10) == wallets.entries(tx, None, 10) == []
        assert (wallets.points(tx, 777), wallets.held(tx, 777), wallets.owed(tx, 777)) == (0, 0, 0)
    assert [(one.kind, one.amount, one.after) for one in entries] == [
        ("void", 10, 60),
        ("hold", -10, 50),
        ("hold", -10, 60),
        ("hold", -30, 70),
        ("award", 100, 100),
    ]


def test_sixteen_at_once_under_one_key_make_one_movement(db: Database, books: Books) -> None:
    asked = Award(
        rule="checkin",
        points=10,
        person_id=books["li_person"],
        household_id=books["li_home"],
        reason="报平安",
        idem="checkin:1",
        cause="checkin:1",
        day="2026-11-24",
        budget=Budget(books["town"], 2026, "general", 500),
        revision="",
        caps=(Cap("", "person", "day", 45),),
    )
    with ThreadPoolExecutor(16) as callers:
        told = list(callers.map(lambda _: db.write(lambda tx: awards.award(tx, asked, now=NOW)), range(16)))
    assert told == [Outcome(10)] * 16
    with db.read() as tx:
        assert wallets.points(tx, books["li_home"]) == 70
        assert tx.execute(sa.text("SELECT count(*) FROM xfer WHERE idem = 'checkin:1'")).scalar() == 1
        assert tx.execute(sa.text("SELECT used FROM caps")).scalars().all() == [10]
    assert broken(db) == []


def test_at_midnight_in_the_town_sixteen_at_once_fill_two_days_caps(db: Database, books: Books) -> None:
    """23:59:59 and 00:00:00 in Asia/Shanghai are two days; each has its own 45 points and no more."""
    midnight = int(datetime(2026, 12, 2, tzinfo=ZONE).timestamp())
    moments = [midnight - 1, midnight] * 8

    def earn(n: int) -> int:
        asked = Award(
            rule="report",
            points=10,
            person_id=books["wang_person"],
            household_id=books["wang_home"],
            reason="上报属实",
            idem=f"midnight:{n}",
            cause=f"case:{n}",
            day=local_day(moments[n]),
            budget=Budget(books["town"], 2026, "general", 500),
            revision="",
            caps=(Cap("", "person", "day", 45), Cap("", "person", "month", 1350)),
        )
        return db.write(lambda tx: awards.award(tx, asked, now=moments[n])).points

    with ThreadPoolExecutor(16) as callers:
        given = list(callers.map(earn, range(16)))
    assert (sorted(given[0::2]), sorted(given[1::2])) == ([0, 0, 0, 5, 10, 10, 10, 10],) * 2
    with db.read() as tx:
        used = tx.execute(sa.text("SELECT period, used FROM caps ORDER BY period")).all()
        assert wallets.points(tx, books["wang_home"]) == 40 + 90
        assert audit.drift(tx) == []
    assert [tuple(row) for row in used] == [("2026-12", 90), ("2026-12-01", 45), ("2026-12-02", 45)]
    assert broken(db) == []


def test_of_a_hundred_pieces_sixteen_buyers_get_exactly_a_hundred(db: Database, books: Books) -> None:
    tries = count()

    def buy(n: int, tx: Tx) -> None:
        ledger.move(
            tx,
            debit=books["shelf"],
            credit=books["reserved"],
            unit=RICE,
            amount=1,
            kind="hold",
            idem=f"buy:{n}",
            txn=f"buy:{n}",
            reason="",
            now=NOW,
        )

    def keep_buying(_buyer: int) -> int:
        got = 0
        for _ in range(15):
            try:
                db.write(partial(buy, next(tries)))
                got += 1
            except Insufficient:
                pass
        return got

    with ThreadPoolExecutor(16) as callers:
        assert sum(callers.map(keep_buying, range(16))) == 100
    with db.read() as tx:
        assert (ledger.balance(tx, books["shelf"]), ledger.balance(tx, books["reserved"])) == (0, 100)
        assert audit.drift(tx) == []
    assert broken(db) == []


# --- when somebody had the triggers out of the way

TAMPERING = {
    "an amount": "UPDATE xfer SET amount = amount - 1 WHERE id = {gift}",
    "who gave": "UPDATE xfer SET debit = {spent} WHERE id = {gift}",
    "who got": "UPDATE xfer SET credit = {li} WHERE id = {gift}",
    "what it was": "UPDATE xfer SET kind = 'sale' WHERE id = {open}",
    "what was asked": "UPDATE xfer SET asked = asked + 1 WHERE id = {gift}",
    "by which rule": "UPDATE xfer SET rule = '别' WHERE id = {gift}",
    "from which cause": "UPDATE xfer SET cause = 'case:1002' WHERE id = {gift}",
    "for which day": "UPDATE xfer SET day = '2026-11-24' WHERE id = {gift}",
    "who earned it": "UPDATE xfer SET person_id = {li_person} WHERE id = {gift}",
    "which application": "UPDATE xfer SET application_id = {young} WHERE id = {applied}",
    "what it refunds": "UPDATE xfer SET refunds_id = {post} WHERE id = {returned}",
    "a ceiling": "UPDATE bal SET ceiling = NULL WHERE acct = {hua_debt}",
    "what it was for": "UPDATE xfer SET reason = '查' WHERE id = {gift}",
    "which act it was of": "UPDATE xfer SET txn = 'gifu' WHERE id = {gift}",
    "its digest": "UPDATE xfer SET digest = 'x' WHERE id = {gift}",
    "the hold it ended": "UPDATE xfer SET pending_id = {open} WHERE id = {post}",
    "what it took back": "UPDATE xfer SET reverses_id = {gift} WHERE id = {undoing}",
    "a posted amount": "UPDATE posting SET amount = amount + 1 WHERE acct = {wang} AND ver = 1",
    "what was left": "UPDATE posting SET after = after + 1 WHERE acct = {wang} AND ver = 1",
    "an order": "UPDATE posting SET ver = 99 WHERE acct = {wang} AND ver = 1",
    "a posting's movement": "UPDATE posting SET xfer = {award} WHERE acct = {wang} AND ver = 1",
    "a posting removed": "DELETE FROM posting WHERE acct = {wang} AND ver = 3",
    "a posting added": "INSERT INTO posting VALUES ({wang}, 4, {gift}, 40, 80)",
    "a balance": "UPDATE bal SET posted = posted + 1 WHERE acct = {wang}",
    "a version": "UPDATE bal SET ver = ver + 1 WHERE acct = {wang}",
    "the last movement": "UPDATE bal SET last_xfer = {award} WHERE acct = {wang}",
    "a floor": "UPDATE bal SET floor = NULL WHERE acct = {wang}",
    "a balance removed": "DELETE FROM bal WHERE acct = {wang_held}",
}


class _Undo(Exception):
    """Ends the transaction of a tampering."""


def test_drift_finds_every_tampering(db: Database, books: Books) -> None:
    def tamper(statement: str, found: list[list[Finding]], tx: Tx) -> None:
        if db.is_sqlite:
            names = (
                tx.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            )
            disarm = [f"DROP TRIGGER {name}" for name in names]
        else:
            disarm = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES]
        for command in [*disarm, statement]:
            tx.execute(sa.text(command))
        found.append(audit.drift(tx))
        raise _Undo

    unseen = []
    for name, statement in TAMPERING.items():
        found: list[list[Finding]] = []
        with pytest.raises(_Undo):
            db.write(partial(tamper, statement.format(**books.ids), found))
        if found == [[]]:
            unseen.append(name)
    assert unseen == []
    with db.read() as tx:
        assert audit.drift(tx) == []
