"""离线券: points held for a device without network, so that whatever it sells there is paid for already.

A list is signed with network: each household on it has its points held, the device keeps a copy. What was
sold without network is booked by handlers/offline_sale.py. What nobody used goes back when the list is closed
by hand, or GRACE_SECONDS after it ended: a device that was away that long may still bring its sales.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence

from handlers import cards, form, goods, keepers, sign_in
from handlers.ctx import Ctx, JobCtx, Refused, command, cron, saw
from handlers.days import DAY_SECONDS, clock_time
from handlers.names import masked
from store import holds, households, ledger, shop, vouchers, wallets
from store.cards import Card
from store.ledger import Frozen, Insufficient
from store.shop import Shop
from store.vouchers import Voucher, VoucherList

LIST_SECONDS = 7 * DAY_SECONDS
GRACE_SECONDS = 3 * DAY_SECONDS
HOUSEHOLDS_MAX = 100  # on a list: one unit of work
POINTS_MAX = 1_000  # a household
DEVICE_MAX = 30
CARDS_READ = 1_000
RETURN_BATCH = 100
_WRITTEN = re.compile(rf"(?:\S*/c/)?(?P<card>{cards.NUMBER})(?=[\s,，、;；/]|$)|(?P<other>[^\s,，、;；]+)")


def is_open(one: VoucherList, now: int) -> bool:
    """Whether something may be sold on it."""
    return one.closed_at is None and now < one.expires_at


@command(
    "离线券",
    "离线名单",
    roles=keepers.KEEPERS,
    usage="离线券",
    about="没有网络时卖货：签名单、同步、看要核对的",
    topic=keepers.TOPIC,
)
def offer(ctx: Ctx, _match: re.Match[str]) -> str:
    return sign_in.offer(ctx, "work", "/counter/vouchers", "离线券")


def who(ctx: Ctx | JobCtx, household_id: int) -> str:
    """What a household is called on a list."""
    return masked(households.get(ctx.tx, household_id).name)


# ---- signing


def sign(
    ctx: Ctx, shop_id: int, *, device: str, typed: str, points: int, least: int, sheet_id: str
) -> tuple[int, list[str]]:
    """Sign a list for a device: (its number, who was left out and why). The form sent again: the same list.

    `typed` are card numbers; without any it is each household of the shop's area that has `least` points.
    """
    one = kept_shop(ctx, shop_id)
    if not 1 <= len(device) <= DEVICE_MAX:
        raise Refused(f"请给这台设备起个名字，最多 {DEVICE_MAX} 个字，例如：村口平板。")
    if not 1 <= points <= POINTS_MAX:
        raise Refused(f"每户的积分要在 1 到 {POINTS_MAX} 之间。")

    def act(ctx: Ctx) -> str:
        chosen, left_out = _named(ctx, typed) if typed else _with_points(ctx, one, least)
        return json.dumps(_sign(ctx, one, device, chosen, points, left_out))

    answer = form.once(ctx, sheet_id, (one.id, device, typed, points, least), act)
    list_id, left_out = json.loads(answer)
    return list_id, left_out


def kept_shop(ctx: Ctx, shop_id: int) -> Shop:
    found = next((one for one in keepers.kept(ctx) if one.id == shop_id), None)
    if found is None:
        raise Refused("这个超市不归您管。")
    return found


def _named(ctx: Ctx, typed: str) -> tuple[list[Card], list[str]]:
    """The cards whose numbers were typed, and what is none."""
    found: dict[int, Card] = {}
    unknown = []
    for match in _WRITTEN.finditer(typed):
        card = cards.scanned(ctx, match["card"]) if match["card"] else None
        if card is None:
            unknown.append(f"{match.group()[:20]}：没有这张户卡")
        else:
            found[card.household_id] = card
    return list(found.values()), unknown


def _with_points(ctx: Ctx, one: Shop, least: int) -> tuple[list[Card], list[str]]:
    every = cards.in_area(ctx, one.unit_id, CARDS_READ)
    return [card for card in every if wallets.points(ctx.tx, card.household_id) >= max(least, 1)], []


def _sign(
    ctx: Ctx, one: Shop, device: str, chosen: Sequence[Card], points: int, left_out: list[str]
) -> tuple[int, list[str]]:
    expires_at = ctx.now + LIST_SECONDS
    list_id = vouchers.add_list(
        ctx.tx,
        shop_id=one.id,
        device=device,
        signed_by=ctx.person.id,
        signed_at=ctx.now,
        expires_at=expires_at,
    )
    made: list[Voucher] = []
    for card in chosen:
        if why := _obstacle(ctx, card) or ("名单满了" if len(made) == HOUSEHOLDS_MAX else ""):
            left_out.append(f"{cards.number(card)}（{masked(card.name)}）：{why}")
            continue
        made.append(_promise(ctx, one, list_id, card, points, expires_at))
    if not made:
        raise Refused("没有一户能签进名单。" + "；".join(left_out))
    terms = _terms(ctx, one, list_id, device, expires_at, made)
    vouchers.sign(ctx.tx, list_id, terms=terms, signature=signature(ctx, terms))
    return list_id, left_out


def _obstacle(ctx: Ctx, card: Card) -> str:
    if card.household_id == households.of(ctx.tx, ctx.person.id):
        return "是您自己家，请由别人签"
    if households.is_frozen(ctx.tx, card.household_id):
        return "积分冻结着"
    return "" if wallets.points(ctx.tx, card.household_id) > 0 else "没有积分"


def _promise(ctx: Ctx, one: Shop, list_id: int, card: Card, points: int, until: int) -> Voucher:
    """Hold a household's points for a list, `points` of them or what it has, and tell it."""
    share = min(points, wallets.points(ctx.tx, card.household_id))
    voucher = vouchers.add(ctx.tx, list_id, card.household_id, share)
    try:
        wallets.spend(
            ctx.tx,
            card.household_id,
            share,
            kind="hold",
            credit=ledger.account(ctx.tx, "held", owner=card.household_id),
            txn=voucher.txn,
            reason="离线券备用",
            now=ctx.now,
            actor_id=ctx.person.id,
        )
    except (Insufficient, Frozen):  # on PostgreSQL somebody else may have spent them since they were read
        raise Refused("有一户的积分刚刚变动了，请再签一次。") from None
    saw(ctx, f"household:{card.household_id}", "签离线名单")
    text = (
        f"【{one.name}】为没有网络时兑换，您家的 {share} 分已备作离线券，"
        f"{clock_time(until)} 前凭户卡在店里用，没用完的退回。不同意请告诉店长关闭名单。"
    )
    keepers.tell_household(ctx, card.household_id, text, fact="voucher.signed", key=voucher.id)
    return voucher


def _terms(ctx: Ctx, one: Shop, list_id: int, device: str, expires_at: int, made: Iterable[Voucher]) -> str:
    offered = [each for each in shop.articles_of(ctx.tx, [one.id]) if goods.is_on_offer(ctx, each)]
    terms = {
        "list": list_id,
        "shop": one.code,
        "device": device,
        "expires_at": expires_at,
        "vouchers": [[each.id, each.household_id, each.points] for each in made],
        "prices": [[each.id, each.price] for each in offered],
    }
    return json.dumps(terms, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def signature(ctx: Ctx, terms: str) -> str:
    return hmac.digest(ctx.county.secret, f"voucher-list:{terms}".encode(), hashlib.sha256).hex()


def prices(one: VoucherList) -> dict[int, int]:
    """Article → points a piece, as they were signed."""
    return dict(json.loads(one.terms)["prices"])


def own_list(ctx: Ctx, list_id: int) -> VoucherList:
    """A list of a shop that the speaker manages."""
    one = vouchers.get_list(ctx.tx, list_id)
    if one is None or one.shop_id not in {each.id for each in keepers.kept(ctx)}:
        raise Refused("没有这份离线名单，或者不归您管。")
    return one


# ---- what was not used goes back


def close(ctx: Ctx, list_id: int) -> tuple[int, int]:
    """Close a list by hand: (points that came back, households that are frozen and get theirs back later)."""
    one = own_list(ctx, list_id)
    if one.closed_at is not None:
        raise Refused("这份名单已经关闭了。")
    vouchers.close(ctx.tx, one.id, now=ctx.now)
    held = [each for each in vouchers.of_lists(ctx.tx, [one.id]) if each.state == "held"]
    free = [each for each in held if not households.is_frozen(ctx.tx, each.household_id)]
    for voucher in free:
        give_back(ctx, voucher)
    return sum(each.points for each in free), len(held) - len(free)


def give_back(ctx: Ctx | JobCtx, voucher: Voucher, *, digest: str = "") -> None:
    """A voucher's points to the wallet again. Raises Conflict where it was used or returned meanwhile."""
    vouchers.give_back(ctx.tx, voucher, digest=digest)
    actor_id = ctx.person.id if isinstance(ctx, Ctx) else None
    holds.void_all(ctx.tx, voucher.txn, reason="离线券退回", now=ctx.now, actor_id=actor_id)


def give_back_all(ctx: Ctx, household_id: int) -> None:
    """Every voucher of a household that is no more."""
    for voucher in vouchers.held_of(ctx.tx, household_id):
        give_back(ctx, voucher)


@cron(every=600)
def return_unused(ctx: JobCtx) -> None:
    """Of lists that ended GRACE_SECONDS ago, and of closed ones what was frozen when they were closed."""
    for voucher in vouchers.lapsed(ctx.tx, before=ctx.now - GRACE_SECONDS, limit=RETURN_BATCH):
        give_back(ctx, voucher)
