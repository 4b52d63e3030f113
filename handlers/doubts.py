"""需要核对: the voucher lists of the shops somebody keeps, and the sales on them that were not booked.

The goods of such a sale have left the shop: a supervisor looks into it, and ticks it off in a few words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers import keepers, vouchers
from handlers.ctx import Ctx, Refused
from handlers.typed import UNSTORABLE
from store import households, people
from store import vouchers as rows
from store.shop import Shop
from store.vouchers import Refusal, Voucher, VoucherList

LISTS_SHOWN = 20
NOTE_MAX = 100  # characters


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sale that was not booked, for people to look into; `seen_by` did, and says what came of it."""

    number: int
    who: str
    goods: str
    reason: str
    at: int
    clerk: str
    seen_by: str
    seen_at: int
    note: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A list and how many of its vouchers are still held, used, returned."""

    signed: VoucherList
    shop: Shop
    held: int
    used: int
    returned: int
    doubts: list[Doubt]
    may_tick: bool

    def is_open(self, now: int) -> bool:
        return vouchers.is_open(self.signed, now)


def overview(ctx: Ctx) -> tuple[list[Shop], list[Standing]]:
    """The shops whose lists the speaker may sign, and the newest lists of those kept or supervised."""
    seen = keepers.kept(ctx, *keepers.KEEPERS)
    if not seen:
        raise Refused("您没有管理或监督的平安超市。")
    lists = rows.lists_of(ctx.tx, [one.id for one in seen], LISTS_SHOWN)
    every = rows.of_lists(ctx.tx, [one.id for one in lists])
    refused = rows.refusals_of(ctx.tx, [one.id for one in lists])
    shops = {one.id: one for one in seen}
    return keepers.kept(ctx), [_standing(ctx, one, shops[one.shop_id], every, refused) for one in lists]


def _standing(
    ctx: Ctx, one: VoucherList, where: Shop, every: Iterable[Voucher], refused: Sequence[Refusal]
) -> Standing:
    own = {voucher.id: voucher for voucher in every if voucher.list_id == one.id}
    states = [voucher.state for voucher in own.values()]
    names = people.names(
        ctx.tx, {person for each in refused for person in (each.by_id, each.seen_by) if person}
    )
    may_tick = where in keepers.kept(ctx, *keepers.SUPERVISOR)
    doubts = [
        Doubt(
            number=each.id,
            who=vouchers.who(ctx, own[each.voucher_id].household_id),
            goods=each.goods,
            reason=each.reason,
            at=each.at,
            clerk=names[each.by_id],
            seen_by=names[each.seen_by] if each.seen_by is not None else "",
            seen_at=each.seen_at or 0,
            note=each.note,
        )
        for each in refused
        if each.voucher_id in own
    ]
    held, used, returned = (states.count(state) for state in ("held", "used", "returned"))
    return Standing(one, where, held, used, returned, doubts, may_tick)


def tick_off(ctx: Ctx, number: int, note: str) -> str:
    """The supervisor of the shop looked into a refused sale, of another household than the own one."""
    found = rows.refusal_with(ctx.tx, number)
    if found is None or found[1].shop_id not in {one.id for one in keepers.kept(ctx, *keepers.SUPERVISOR)}:
        raise Refused("没有这笔要核对的记录，或者不归您监督。")
    refusal, _, household_id = found
    if refusal.by_id == ctx.person.id or household_id == households.of(ctx.tx, ctx.person.id):
        raise Refused("这笔是您经手的或您自己家的，要由别人来核对。")
    if refusal.seen_by is not None:
        raise Refused("这笔已经核对过了。")
    note = UNSTORABLE.sub("", note).strip()[:NOTE_MAX]
    if not note:
        raise Refused("请写核对的结果，例如：盘点补记，货款已追回。")
    rows.tick_off(ctx.tx, refusal, by_id=ctx.person.id, note=note, now=ctx.now)
    return f"已核对：{note}"
