"""Sealed blocks: whatever is changed in a movement later is named, and people hold the proof of it."""

from datetime import datetime
from functools import partial

import pytest
import sqlalchemy as sa

from handlers.blocks import proof
from handlers.days import ZONE
from handlers.reconcile import check
from store import audit, blocks
from store.audit import Finding
from store.tables import xfer
from store.tx import Tx
from tests.test_limits import report_and_confirm
from tests.town import DAY, NOW, Town

# One byte or one step, so that it still looks as if it were booked.
CHANGES = {
    "txn": "txn || ' '",
    "kind": "'penalty'",
    "debit": "credit",
    "credit": "debit",
    "unit": "unit + 1",
    "asked": "asked + 1",
    "amount": "amount + 1",
    "idem": "idem || ' '",
    "digest": "'0' || substr(digest, 2)",
    "reason": "reason || '。'",
    "actor_id": "1",
    "case_id": "NULL",
    "at": "at - 1",
    "pending_id": "1",
    "reverses_id": "1",
    "refunds_id": "1",
    "rule": "rule || 's'",
    "revision": "revision || '1'",
    "cause": "'case:1002'",
    "day": "'2026-11-22'",
    "person_id": "person_id - 1",
    "application_id": "1",
}


class _Undo(Exception):
    """Ends the transaction of a change."""


def seal(town: Town) -> int:
    return town.db.write(lambda tx: blocks.seal(tx, now=town.now))


def award_of(town: Town) -> int:
    with town.db.read() as tx:
        return int(tx.execute(sa.text("SELECT MAX(id) FROM xfer WHERE kind = 'award'")).scalar_one())


def test_every_column_of_a_movement_is_sealed(town: Town) -> None:
    assert set(blocks.SEALED) == {column.name for column in xfer.columns}
    report_and_confirm(town, "3号楼前面的井盖破了")
    assert seal(town) > 0
    award = award_of(town)

    def change(column: str, found: list[set[Finding]], tx: Tx) -> None:
        _disarm(tx)
        tx.execute(sa.text(f"UPDATE xfer SET {column} = {CHANGES[column]} WHERE id = {award}"))
        found.append(set(audit.findings(lambda: _nothing_new(tx))))
        raise _Undo

    unseen = []
    for column in CHANGES:
        found: list[set[Finding]] = []
        with pytest.raises(_Undo):
            town.db.write(partial(change, column, found))
        if Finding("movement", award, "sealed") not in found[0]:
            unseen.append(column)
    assert unseen == []
    assert set(CHANGES) | {"id"} == set(blocks.SEALED)
    assert town.drift() == []


def _disarm(tx: Tx) -> None:
    """As the database's owner could: no guard and no check speaks until the end of the transaction."""
    if tx.dialect == "sqlite":
        names = tx.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for command in [
            *(f"DROP TRIGGER {name}" for name in names),
            "PRAGMA defer_foreign_keys=ON",
            "PRAGMA ignore_check_constraints=ON",
        ]:
            tx.execute(sa.text(command))
        return
    tx.execute(sa.text("SET LOCAL session_replication_role = replica"))
    query = "SELECT conname FROM pg_constraint WHERE conrelid = 'xfer'::regclass AND contype = 'c'"
    for name in tx.execute(sa.text(query)).scalars().all():
        tx.execute(sa.text(f"ALTER TABLE xfer DROP CONSTRAINT {name}"))


class _nothing_new:
    """The transaction that made the change, to be read in again and again."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def __enter__(self) -> Tx:
        return self._tx

    def __exit__(self, *_error: object) -> None:
        pass


def test_blocks_follow_one_another_and_a_break_in_the_chain_is_named(town: Town) -> None:
    for what in ("3号楼前面的井盖破了", "3号楼路灯不亮", "2号楼垃圾没人清"):
        report_and_confirm(town, what)
        assert seal(town) > 0
        assert seal(town) == 0
    with town.db.read() as tx:
        chain = tx.execute(sa.text("SELECT id, previous, hash, count FROM blocks ORDER BY id")).all()
        sealed = tx.execute(sa.text("SELECT count(*) FROM block_items")).scalar_one()
        booked = tx.execute(sa.text("SELECT count(*) FROM xfer")).scalar_one()
    assert [row[1] for row in chain] == ["", chain[0][2], chain[1][2]]
    assert sum(row[3] for row in chain) == sealed == booked
    with pytest.raises(sa.exc.IntegrityError):  # a second block after the first
        fork = f"INSERT INTO blocks (previous, hash, count, sealed_at) VALUES ('{chain[0][2]}', 'x', 0, 1)"
        town.db.write(lambda tx: tx.execute(sa.text(fork)))

    def forge(statement: str, found: list[Finding], tx: Tx) -> None:
        _disarm(tx)
        tx.execute(sa.text(statement))
        found += audit.findings(lambda: _nothing_new(tx))
        raise _Undo

    first, second, _ = (row[0] for row in chain)
    for statement, wrong in {
        f"UPDATE blocks SET sealed_at = sealed_at + 1 WHERE id = {second}": [second],
        f"UPDATE blocks SET hash = 'x' WHERE id = {first}": [first, second],
        f"UPDATE blocks SET count = count + 1 WHERE id = {first}": [first],
        f"DELETE FROM block_items WHERE block_id = {second}": [second],
    }.items():
        found: list[Finding] = []
        with pytest.raises(_Undo):
            town.db.write(partial(forge, statement, found))
        assert found == [Finding("block", number, "block") for number in wrong], statement


def test_what_the_sealer_passed_over_is_named_after_an_hour(town: Town) -> None:
    report_and_confirm(town, "3号楼前面的井盖破了")
    assert check(town.db.read, now=town.now + 3599) == []
    waiting = check(town.db.read, now=town.now + 3600)
    assert waiting[-1] == f"流水 {award_of(town)}：过了一小时还没有封存"
    seal(town)
    assert check(town.db.read, now=town.now + DAY) == []


def test_at_the_months_end_the_supervisors_are_told_the_hash_of_all_that_was_booked(town: Town) -> None:
    assert _at(town, "2026-11-30T20:00") and proof_now(town) == ""
    report_and_confirm(town, "3号楼前面的井盖破了")
    seal(town)
    with town.db.read() as tx:
        november = blocks.head(tx)
    assert november
    _at(town, "2026-12-01T08:00")
    report_and_confirm(town, "3号楼路灯不亮")
    seal(town)
    line = f"积分账本 2026 年 11 月末校验码（第 {november.id} 块）：{november.hash}"
    assert proof_now(town) == line
    assert "blocks.tell" in town.run_jobs()
    told = [text for text in town.heard("AH") if "校验码" in text]
    assert told == [f"{line}\n请保存本条消息：以后账目如有改动，可用它核对出来。"]


def _at(town: Town, local: str) -> bool:
    town.time[0] = int(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp())
    return town.now > NOW


def proof_now(town: Town) -> str:
    with town.db.read() as tx:
        return proof(tx, town.now)
