"""Since when the limits of points hold that hold now."""

import sqlalchemy as sa

from store import meta
from store.tables import caps
from store.tx import Tx

NOW, SINCE = "limits", "limits_since"  # keys of meta


def hold(tx: Tx, limits: str, day: str) -> None:
    """These limits hold from now on; when they are others than before, remember the day.

    What was earned while a limit did not stand is in no cap: of the periods of that day the audit asks
    only that no cap counts more than was earned.
    """
    before = meta.get(tx, NOW)
    if before == limits:
        return
    meta.put(tx, NOW, limits)
    if before or tx.execute(sa.select(caps.c.rule).limit(1)).first():
        meta.put(tx, SINCE, day)
