"""What a device without network keeps of a voucher list: who may buy for how much, and what costs what."""

import hashlib
from typing import Any

from handlers import cards, keepers, vouchers
from handlers.ctx import Ctx, Refused, saw
from handlers.names import masked
from store import shop
from store import vouchers as rows
from store.vouchers import Voucher, VoucherList

# A device keeps a card's number only as a hash: 40 bits, so the hash must cost something to try.
ROUNDS = 20_000


def note_copy(ctx: Ctx, list_id: int) -> None:
    """Write down that the speaker takes a copy of a list; refuses who may not."""
    one = vouchers.own_list(ctx, list_id)
    for voucher in rows.of_lists(ctx.tx, [one.id]):
        saw(ctx, f"household:{voucher.household_id}", "离线名单存到设备")


def copy(ctx: Ctx, list_id: int) -> dict[str, Any]:
    """What the device keeps: masked names, card numbers as hashes, points, goods and prices. No PIN."""
    one = vouchers.own_list(ctx, list_id)
    if not vouchers.is_open(one, ctx.now):
        raise Refused("这份名单已经关闭或过期，请重新签。")
    where = keepers.shop_of(ctx, one.shop_id)
    signed_prices = vouchers.prices(one)
    return {
        "id": one.id,
        "shop": where.name,
        "device": one.device,
        "signature": one.signature,
        "expires_at": one.expires_at,
        "rounds": ROUNDS,
        "vouchers": [_on_device(ctx, one, each) for each in rows.of_lists(ctx.tx, [one.id])],
        "goods": [
            {
                "id": each.id,
                "name": each.name,
                "measure": each.measure,
                "price": signed_prices[each.id],
                "stock": None if each.is_service else int(each.stock),  # PostgreSQL sums to numeric
                "most": each.most_a_month,
            }
            for each in shop.articles_of(ctx.tx, [one.shop_id])
            if each.id in signed_prices
        ],
    }


def _on_device(ctx: Ctx, one: VoucherList, voucher: Voucher) -> dict[str, Any]:
    card = cards.of(ctx, voucher.household_id)
    hashed = hashlib.pbkdf2_hmac("sha256", card.code.encode(), one.signature.encode(), ROUNDS)
    return {
        "id": voucher.id,
        "card": hashed.hex(),
        "who": masked(card.name),
        "points": voucher.points,
        "state": voucher.state,
    }
