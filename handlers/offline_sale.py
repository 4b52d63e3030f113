"""What a device sold without network, booked when it is back: each voucher once, refused in words else.

A sale is an order paid and handed over in one unit of work, as at the counter, from the points that were held
for it; what it does not need goes back to the wallet. What cannot be booked is kept as a refusal, told to the
manager and the supervisor, and the points return: the goods have left the shop already, so people must look.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from handlers import cards, keepers, orders, vouchers
from handlers.ctx import Ctx, Refused
from handlers.orders import Basket
from store import holds, households, redemptions, shop, stock, wallets
from store import vouchers as rows
from store.ledger import Frozen
from store.shop import Shop
from store.vouchers import Refusal, Voucher, VoucherList

SALES_MAX = vouchers.HOUSEHOLDS_MAX  # brought at once: a list has no more vouchers
KINDS_MAX = 50  # articles in one sale
_BAD = "这笔记录读不出来。"


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale as the device wrote it; `digest` covers all of it, `sold_at` is the device's clock."""

    voucher_id: int
    card: str
    sold_at: int
    wanted: Mapping[int, int]
    digest: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a sale: sold, refused (for good), or waiting (it stays on the device)."""

    sale_id: str
    state: str
    text: str


def signed(ctx: Ctx, list_id: int, signature: str) -> VoucherList:
    """The list that a device brings back, if it is what we signed."""
    one = vouchers.own_list(ctx, list_id)
    is_ours = hmac.compare_digest(one.signature.encode(), vouchers.signature(ctx, one.terms).encode())
    if not is_ours or not hmac.compare_digest(one.signature.encode(), signature.encode()):
        raise Refused("这台设备上的名单签名不对，不能同步。请把设备交给监督员查看。")
    return one


def sales_of(written: str) -> list[dict[str, Any]]:
    """The sales in what a device sends. Raises Refused for what no device of ours wrote."""
    try:
        sales = json.loads(written)
    except (ValueError, RecursionError):
        raise Refused(_BAD) from None
    if not isinstance(sales, list) or not all(isinstance(each, dict) for each in sales):
        raise Refused(_BAD)
    if not 1 <= len(sales) <= SALES_MAX:
        raise Refused(f"一次同步 1 到 {SALES_MAX} 笔。")
    return sales


def sale_id(written: Mapping[str, Any]) -> str:
    """What the device calls a sale; "" for what it would not call one."""
    name = str(written.get("id", ""))
    return name if re.fullmatch(r"[\w-]{1,64}", name, re.ASCII) else ""


def book(ctx: Ctx, list_id: int, signature: str, written: Mapping[str, Any]) -> Outcome:
    """Book one sale of a signed list, once: the same sale again gets the same answer."""
    one = signed(ctx, list_id, signature)
    sale = _read(written)
    voucher = rows.get(ctx.tx, sale.voucher_id)
    if voucher is None or voucher.list_id != one.id:
        raise Refused("这张券不在这份名单上。")
    state, text = _booked(ctx, one, voucher, sale)
    return Outcome(sale_id(written), state, text)


def _read(written: Mapping[str, Any]) -> Sale:
    try:
        wanted = {int(article): int(count) for article, count in written["items"]}
        sale = Sale(
            int(written["voucher"]), str(written["card"]), int(written["at"]), wanted, digest(written)
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise Refused(_BAD) from None
    numbers = [sale.voucher_id, sale.sold_at, *wanted, *wanted.values()]
    if not 1 <= len(wanted) <= KINDS_MAX or not all(0 < number < 2**53 for number in numbers):
        raise Refused(_BAD)
    return sale


def digest(written: Mapping[str, Any]) -> str:
    plain = json.dumps(written, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()


def _booked(ctx: Ctx, one: VoucherList, voucher: Voucher, sale: Sale) -> tuple[str, str]:
    """(state, text) of a sale: what it was told before, or what is decided now."""
    if voucher.state == "used" and voucher.use_digest == sale.digest:
        return "sold", _receipt(ctx, voucher)
    if kept := rows.refusal(ctx.tx, voucher.id, sale.digest):
        return "refused", _told(ctx, voucher, kept)
    if voucher.state == "used":
        return "refused", _refuse(ctx, one, voucher, sale, "这张券已经用过了")
    if voucher.state == "returned":
        return "refused", _refuse(ctx, one, voucher, sale, "这张券的积分已经退回了")
    if voucher.household_id == households.of(ctx.tx, ctx.person.id):
        return "waiting", "这是您自己家的，请由别人来同步。"
    if households.is_frozen(ctx.tx, voucher.household_id):
        return "waiting", "这户的积分已被冻结，解冻以后再同步。"
    try:
        with ctx.tx.savepoint():
            _sell(ctx, one, voucher, sale)
    except Frozen:
        return "waiting", "这户的积分刚刚被冻结，解冻以后再同步。"
    except Refused as refusal:
        vouchers.give_back(ctx, voucher, digest=sale.digest)
        return "refused", _refuse(ctx, one, voucher, sale, str(refusal).rstrip("。"))
    used = rows.get(ctx.tx, voucher.id)
    assert used is not None, "it was used just now"
    return "sold", _receipt(ctx, used)


def _sell(ctx: Ctx, one: VoucherList, voucher: Voucher, sale: Sale) -> None:
    where = keepers.shop_of(ctx, one.shop_id)
    if sale.sold_at >= one.expires_at:
        raise Refused("卖出的时候名单已经过期")
    card = cards.scanned(ctx, sale.card)
    if card is None or card.household_id != voucher.household_id:
        raise Refused("户卡号对不上，或者这张卡已经挂失")
    basket = _basket(ctx, one, sale)
    price = sum(article.price * count for article, count in basket)
    if price > voucher.points:
        raise Refused(f"要 {price} 分，这张券只有 {voucher.points} 分")
    rows.use(ctx.tx, voucher, digest=sale.digest, now=ctx.now)
    holds.void_all(ctx.tx, voucher.txn, reason="离线券结算", now=ctx.now, actor_id=ctx.person.id)
    redemption_id, _ = orders.place(ctx, voucher.household_id, basket, channel="offline")
    redemption = redemptions.get(ctx.tx, redemption_id)
    assert redemption is not None, "an order was placed"
    orders.hand_over(ctx, redemption, collector="card")
    rows.became(ctx.tx, voucher, redemption_id)
    _tell_household(ctx, where, voucher, redemption_id)


def _basket(ctx: Ctx, one: VoucherList, sale: Sale) -> Basket:
    """What was sold, at the signed prices: it was on offer then, whatever became of it since."""
    prices = vouchers.prices(one)
    known = {each.id: each for each in shop.articles_of(ctx.tx, [one.shop_id]) if each.id in prices}
    if not sale.wanted.keys() <= known.keys():
        raise Refused("有商品不在签名单时的价目里")
    return [
        (replace(known[each], price=prices[each], is_withdrawn=False, best_before=""), count)
        for each, count in sorted(sale.wanted.items())
    ]


# ---- in words


def _receipt(ctx: Ctx, voucher: Voucher) -> str:
    assert voucher.redemption_id is not None, "a used voucher paid for an order"
    lines = redemptions.lines_of(ctx.tx, voucher.redemption_id)
    points = sum(line.points for line in lines)
    who = vouchers.who(ctx, voucher.household_id)
    return f"{who}：{orders.goods_told(ctx, lines)}，{points} 分，单号 {voucher.redemption_id}。"


def _tell_household(ctx: Ctx, where: Shop, voucher: Voucher, redemption_id: int) -> None:
    lines = redemptions.lines_of(ctx.tx, redemption_id)
    points = sum(line.points for line in lines)
    text = (
        f"【{where.name}】没有网络时您家凭户卡领走了{orders.goods_told(ctx, lines)}，{points} 分，"
        f"单号 {redemption_id}，离线券余下的 {voucher.points - points} 分已退回。"
        f"现有 {wallets.points(ctx.tx, voucher.household_id)} 分。不是您家领的，请马上回复“投诉”说明。"
    )
    keepers.tell_household(ctx, voucher.household_id, text, fact="voucher.used", key=voucher.id)


def _refuse(ctx: Ctx, one: VoucherList, voucher: Voucher, sale: Sale, reason: str) -> str:
    """Keep a sale that is not booked, and tell who must look into it."""
    number = rows.refuse(
        ctx.tx,
        voucher_id=voucher.id,
        digest=sale.digest,
        goods=_goods(ctx, sale),
        reason=reason,
        by_id=ctx.person.id,
        now=ctx.now,
    )
    kept = rows.refusal(ctx.tx, voucher.id, sale.digest)
    assert kept is not None, "it was kept just now"
    text = _told(ctx, voucher, kept)
    where = keepers.shop_of(ctx, one.shop_id)
    notice = f"【离线券需要核对】{where.name}，设备“{one.device}”，{text}"
    keepers.tell_keepers(ctx, where, notice, fact="voucher.refused", key=number)
    return text


def _told(ctx: Ctx, voucher: Voucher, refusal: Refusal) -> str:
    return (
        f"{vouchers.who(ctx, voucher.household_id)}：{refusal.goods}，没有记上：{refusal.reason}。需要核对。"
    )


def _goods(ctx: Ctx, sale: Sale) -> str:
    known = stock.names(ctx.tx, list(sale.wanted))
    return "、".join(
        " ".join([known[each][0], str(count), known[each][1]]) if each in known else f"商品 {each} × {count}"
        for each, count in sorted(sale.wanted.items())
    )
