"""Those who watch over the points: the county's group, and every supervisor of a shop who has an account."""

from handlers.ctx import JobCtx
from handlers.days import local_day
from store import outbox, people


def to_supervisors(ctx: JobCtx, fact: str, text: str) -> list[dict[str, object]]:
    """Notices for all of them, once a day for each fact."""
    day = local_day(ctx.now)
    assert ctx.registry.top is not None
    county = ctx.registry.top
    holders = people.holding(ctx.tx, "shop_supervisor", list(ctx.registry.units))
    openids = people.accounts_of(ctx.tx, [person_id for person_id, _, _ in holders], "official")

    def row(channel: str, address: str, key: object, unit_id: int | None = None) -> dict[str, object]:
        return outbox.row(
            channel=channel,
            address=address,
            unit_id=unit_id,
            text=text,
            fact=fact,
            idem=f"{fact}:{day}:{key}",
            now=ctx.now,
        )

    return [
        row("group", county.group_webhook, county.code, county.id),
        *(row("official", openid, person_id) for person_id, openid in sorted(openids.items())),
    ]
