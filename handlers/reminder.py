"""Who forgot something is named in the village's group, where 企业微信 mentions them."""

from collections import defaultdict
from collections.abc import Iterable

from handlers import notify
from handlers.ctx import JobCtx
from store import people

Missing = tuple[int, str, int]  # person id, name, unit id


def remind(ctx: JobCtx, missing: Iterable[Missing], text: str, *, fact: str, key: str) -> None:
    """Tell each village's group who is missing and what to do, once per `fact` and `key`."""
    for village, those in by_village(ctx, missing).items():
        accounts = people.accounts_of(ctx.tx, [person_id for person_id, _ in those], "aibot")
        names = "、".join(name for _, name in those)
        unit = ctx.registry.units[village]
        mentions = sorted(accounts.values())
        notify.group(ctx, unit, f"【提醒】{names}：{text}", fact=fact, key=key, mentions=mentions)


def by_village(ctx: JobCtx, missing: Iterable[Missing]) -> dict[int, list[tuple[int, str]]]:
    """village -> (person id, name) of those missing; outside a village the unit itself."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for person_id, name, unit_id in missing:
        found[ctx.registry.village_of(unit_id)].append((person_id, name))
    return found
