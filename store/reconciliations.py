"""What each nightly reconciliation found; never changed."""

import sqlalchemy as sa

from store.tables import reconciliations
from store.tx import Tx

_ADD = sa.insert(reconciliations).returning(reconciliations.c.id)


def add(tx: Tx, *, at: int, movements: int, findings: list[str]) -> int:
    row = {"at": at, "movements": movements, "findings": findings}
    return int(tx.execute(_ADD, row).scalar_one())
