"""Notices to single people in the official account, and to the group of one unit."""

from collections.abc import Iterable, Sequence

from handlers.ctx import Ctx, JobCtx
from store import outbox, people
from store.units import Unit


def persons(ctx: Ctx | JobCtx, person_ids: Iterable[int], text: str, *, fact: str, key: object) -> int:
    """Tell those who have an official account, each once per `fact` and `key`; how many that are."""
    openids = people.accounts_of(ctx.tx, person_ids, "official")
    rows = [
        outbox.row(
            channel="official",
            address=openid,
            text=text,
            fact=fact,
            idem=f"{fact}:{key}:{person_id}",
            now=ctx.now,
        )
        for person_id, openid in sorted(openids.items())
    ]
    outbox.add(ctx.tx, rows)
    return len(rows)


def group(
    ctx: Ctx | JobCtx, unit: Unit, text: str, *, fact: str, key: object, mentions: Sequence[str] = ()
) -> None:
    """Tell the group of a unit, once per `fact` and `key`; `mentions` are 企业微信 accounts."""
    row = outbox.row(
        channel="group",
        address=unit.group_webhook,
        unit_id=unit.id,
        text=text,
        mentions=mentions,
        fact=fact,
        idem=f"{fact}:{key}:{unit.code}",
        now=ctx.now,
    )
    outbox.add(ctx.tx, [row])
