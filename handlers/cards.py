"""The card of a household and its PIN: 挂失, 开通密码, and what a counter asks before it sells on a card."""

import hmac
import re
from dataclasses import dataclass

from handlers import keepers, sign_in
from handlers.codes import keyed, new_code
from handlers.ctx import GAP, Ctx, Refused, areas, command, is_set_apart, refuse_in_group, saw
from handlers.days import DAY_SECONDS, clock_time
from handlers.earn import household_of
from handlers.names import masked
from store import cards, households
from store.cards import Card
from store.tx import Tx
from store.units import Registry, Unit

WRONG_PINS_MAX = 5
LOCK_SECONDS = 15 * 60
OPEN_SECONDS = DAY_SECONDS  # a grid worker goes to the shop with an elder on the same or the next day
PRINT_MAX = 1_000  # cards at once, 100 sheets
STAFF = ("worker", "village_staff")
NUMBER = r"[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}"
_SCANNED = re.compile(rf"(?:.*/c/)?(?P<code>{NUMBER})/?")
_EASY = "01234567890 09876543210"  # no six digits in a row from here


@dataclass(frozen=True, slots=True)
class Face:
    """What is printed on a card: a masked name, where it lives, its number and what its QR says."""

    who: str
    home: str
    number: str
    address: str


def own(ctx: Ctx) -> Card:
    """The card of the speaker's household."""
    return cards.of(ctx.tx, household_of(ctx.tx, ctx.person.id, now=ctx.now))


def of(ctx: Ctx, household_id: int) -> Card:
    return cards.of(ctx.tx, household_id)


def in_area(ctx: Ctx, unit_id: int, most: int) -> list[Card]:
    """The cards of a unit and of all below it."""
    return cards.in_units(ctx.tx, ctx.registry.under(unit_id), most)


def number(card: Card) -> str:
    """As it is printed: ABCD-2345."""
    return f"{card.code[:4]}-{card.code[4:]}"


def address(ctx: Ctx, card: Card) -> str:
    """What the QR of a card says."""
    return f"{ctx.county.base_url}/c/{card.code}"


def scanned(ctx: Ctx, text: str) -> Card | None:
    """The card whose number or QR somebody typed or scanned."""
    match = _SCANNED.fullmatch(text.strip())
    return cards.by_code(ctx.tx, re.sub("[ -]", "", match["code"]).upper()) if match else None


# ---- printing them


@command("户卡", "打印户卡", roles=STAFF, usage="户卡", about="打印片区里各户的户卡", topic="户卡")
def print_out(ctx: Ctx, _match: re.Match[str]) -> str:
    return sign_in.offer(ctx, "work", "/cards", "户卡打印")


def areas_to_print(ctx: Ctx) -> list[Unit]:
    """The units whose cards the speaker may print, each with all below it."""
    found = areas(ctx, *STAFF)
    if not found:
        raise Refused("您没有负责的片区。")
    return [ctx.registry.units[unit_id] for unit_id in found]


def printed(ctx: Ctx, unit_id: int) -> list[Face]:
    """Every card of a unit of the speaker's area; that they were printed is written down."""
    if unit_id not in areas(ctx, *STAFF):
        raise Refused("这不是您的片区。")
    saw(ctx, f"unit:{unit_id}", "打印户卡")
    return faces(ctx.tx, ctx.registry, ctx.county.base_url, unit_id)


def faces(tx: Tx, registry: Registry, base_url: str, unit_id: int) -> list[Face]:
    """What is printed on every card of a unit and of all below it, at most PRINT_MAX."""
    found = cards.in_units(tx, registry.under(unit_id), PRINT_MAX)
    return [
        Face(
            who=masked(card.name),
            home=registry.full_name(card.unit_id) if card.unit_id in registry.units else "",
            number=number(card),
            address=f"{base_url}/c/{card.code}",
        )
        for card in found
    ]


# ---- a lost card


@command(
    "挂失",
    "挂失户卡",
    "户卡挂失",
    grammar=rf"(?P<whose>{NUMBER}|[\u4e00-\u9fff·]{{2,12}})?",
    usage="挂失",
    about="户卡丢了，换新卡号，旧卡作废",
    topic="户卡",
)
def lost(ctx: Ctx, match: re.Match[str]) -> str | None:
    """A member's own card; a grid worker's or the village's for a household that is named."""
    if not match["whose"]:
        card = own(ctx)
    elif not ctx.person.has(*STAFF) or _names_nobody(ctx, match):
        return None
    else:
        card = kept(ctx, match["whose"])
    refuse_in_group(ctx, match, "卡号")
    code = replace(ctx, card)
    return f"旧户卡已作废，新卡号 {code[:4]}-{code[4:]}。请找村(社区)打印新卡。密码不变。"


def replace(ctx: Ctx, card: Card) -> str:
    """The new number of a household whose card was lost; everybody in it is told."""
    code = new_code()
    cards.replace(ctx.tx, card, code)
    text = "您家的户卡已挂失，旧卡作废。不是您家办的，请马上回复“投诉”说明。"
    keepers.tell_household(ctx, card.household_id, text, fact="card.lost", key=code)
    return code


def _names_nobody(ctx: Ctx, match: re.Match[str]) -> bool:
    """Whether a text is no command at all: 挂失的牌子掉了 is a report."""
    whose = match["whose"]
    if is_set_apart(match, "whose") or re.fullmatch(NUMBER, whose):
        return False
    return not cards.named(ctx.tx, whose, areas(ctx, *STAFF))


def kept(ctx: Ctx, whose: str) -> Card:
    """The card of a household in the speaker's area, by its number or by the name of the household."""
    units = areas(ctx, *STAFF)
    card = scanned(ctx, whose)
    found = [card] if card else cards.named(ctx.tx, whose, units)
    found = [one for one in found if one.unit_id in units]
    if not found:
        raise Refused("您的片区里没有这一户，请核对卡号或户主姓名。")
    if len(found) > 1:
        raise Refused(f"有 {len(found)} 户叫{whose}，请写卡号。")
    if found[0].household_id == households.of(ctx.tx, ctx.person.id):
        raise Refused("自己家的请在“我的主页”上办。")
    return found[0]


# ---- the PIN


@command(
    "开通密码",
    "重设密码",
    "重置密码",
    grammar=rf"(?:户卡|卡号)?{GAP}(?P<whose>{NUMBER}|[\u4e00-\u9fff·]{{2,12}})",
    roles=STAFF,
    usage="开通密码 卡号",
    about="老人没手机，带他到柜台自己设密码",
    topic="户卡",
)
def open_pin(ctx: Ctx, match: re.Match[str]) -> str | None:
    if _names_nobody(ctx, match):
        return None
    card = kept(ctx, match["whose"])
    until = ctx.now + OPEN_SECONDS
    cards.open_pin(ctx.tx, card.household_id, until=until)
    text = f"{ctx.person.name}为您家开通了户卡密码，请在 {clock_time(until)} 前到平安超市柜台自己输入。"
    keepers.tell_household(ctx, card.household_id, text, fact="card.opened", key=until)
    return f"已开通。请在 {clock_time(until)} 前陪这一户到平安超市，由本人在柜台上输入新密码，别人不要看。"


def set_pin(ctx: Ctx, household_id: int, pin: str, again: str) -> None:
    """Take a new PIN of six digits, typed twice. Raises Refused for one that anybody would guess."""
    if not re.fullmatch(r"\d{6}", pin, re.ASCII):
        raise Refused("密码要 6 位数字。")
    if pin != again:
        raise Refused("两次输入的密码不一样，请重新输入。")
    if len(set(pin)) < 3 or pin in _EASY:
        raise Refused("这个密码太容易猜，请换一个，不要用 123456、888888 这样的。")
    cards.set_pin(ctx.tx, household_id, _hash(ctx, household_id, pin))
    text = "您家的户卡密码已设置。不是您家办的，请马上回复“投诉”说明。"
    keepers.tell_household(ctx, household_id, text, fact="card.pin", key=ctx.now)


def wrong(ctx: Ctx, card: Card, pin: str) -> str:
    """What is wrong with a PIN that was typed for a card, "" for the right one.

    An answer and no refusal: the count of wrong ones must be kept.
    """
    card = cards.hold_still(ctx.tx, card.household_id)
    if not card.pin_hash:
        return "这户还没有设密码。"
    if card.locked_until > ctx.now:
        return f"密码输错太多次，请在 {clock_time(card.locked_until)} 以后再试。"
    if hmac.compare_digest(_hash(ctx, card.household_id, pin), card.pin_hash):
        cards.right_pin(ctx.tx, card.household_id)
        return ""
    until = ctx.now + LOCK_SECONDS
    tries, locked_until = cards.wrong_pin(ctx.tx, card.household_id, most=WRONG_PINS_MAX, until=until)
    if locked_until <= ctx.now:
        return f"密码不对，还可以试 {WRONG_PINS_MAX - tries} 次。"
    text = f"您家的户卡密码在平安超市连续输错 {WRONG_PINS_MAX} 次，已暂停 15 分钟。卡不在身边请发“挂失”。"
    keepers.tell_household(ctx, card.household_id, text, fact="card.locked", key=until)
    return f"密码不对，已错 {WRONG_PINS_MAX} 次，请在 {clock_time(until)} 以后再试。"


def _hash(ctx: Ctx, household_id: int, pin: str) -> str:
    return keyed(ctx.county.secret, f"pin:{household_id}", pin)
