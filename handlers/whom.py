"""Which household a clerk means: by its number, or by a name (with the last digits of a telephone)."""

import re
from collections.abc import Iterable

from handlers import notify
from handlers.codes import ALPHABET
from handlers.ctx import GAP, Ctx, JobCtx, Refused, areas, is_set_apart
from store import households
from store.households import Household

# Who answers for a village's or a town's households.
STEWARDS = ("village_staff", "dispatcher", "leader")
WHOM = r"(?P<whom>[A-Za-z0-9]{8}(?![A-Za-z0-9])|[^\s\d,，:：、。;；]{1,20}(?:\d{11}|\d{4})?)"
REASON = r"(?:[\s,，:：、。;；]+(?P<reason>.{1,200}))?"
WHY = rf"(?:{GAP}(?P<reason>.{{1,200}}))?"  # after a number, where nothing needs to part them
_NAMED = re.compile(r"(?P<name>\D+?)(?P<digits>\d{4}|\d{11})?")
_CODE = re.compile(rf"[{ALPHABET}]{{8}}")
NAMESAKES_MAX = 5
NAME_LENGTHS = (2, 3, 4)  # characters


def is_meant(ctx: Ctx, match: re.Match[str], *roles: str) -> bool:
    """Whether a clerk's text is a command about somebody: 冻结的水管爆了 is a report."""
    whom = match["whom"]
    if is_set_apart(match, "whom") or _CODE.fullmatch(whom.upper()):
        return True
    area = areas(ctx, *roles)
    return any(households.living_in(ctx.tx, whom[:length], area) for length in NAME_LENGTHS)


def find(ctx: Ctx, whom: str, *roles: str) -> Household:
    """The household of somebody (李秀英, 李秀英0001) or with a number, in an area of the speaker's roles."""
    code = whom.upper()
    if _CODE.fullmatch(code) and (found := households.by_code(ctx.tx, code)):
        if home(ctx, found) not in areas(ctx, *roles):
            raise Refused("这一户不在您的辖区。")
        return found
    person_id = person(ctx, whom, *roles)
    household_id = households.of(ctx.tx, person_id)
    if household_id is None:
        raise Refused(f"{whom}还没有积分，没有建户。")
    return households.get(ctx.tx, household_id)


def person(ctx: Ctx, whom: str, *roles: str) -> int:
    """The person of this name who lives in an area of the speaker's roles."""
    named = _NAMED.fullmatch(whom)
    living = households.living_in(ctx.tx, named["name"], areas(ctx, *roles)) if named else []
    if named and named["digits"]:
        living = [one for one in living if one[1].endswith(named["digits"])]
    if not living:
        raise Refused(f"您的辖区里没有找到“{whom}”，请写姓名（可加手机后4位），或者户号。")
    if len(living) > 1:
        listed = "；".join(
            f"{ctx.registry.units[unit_id].name}，手机尾号 {phone[-4:] or '无'}"
            for _, phone, unit_id in living[:NAMESAKES_MAX]
        )
        raise Refused(
            f"有 {len(living)} 位{named['name'] if named else whom}：{listed}。请在姓名后加手机后4位。"
        )
    return living[0][0]


def home(ctx: Ctx | JobCtx, household: Household) -> int:
    """The unit a household lives in; the county where nobody knows."""
    assert ctx.registry.top is not None
    is_known = household.unit_id in ctx.registry.units
    return household.unit_id if is_known and household.unit_id is not None else ctx.registry.top.id


def not_own(ctx: Ctx, household_id: int) -> None:
    """Nobody decides about the own household."""
    if households.of(ctx.tx, ctx.person.id) == household_id:
        raise Refused("不能处理自己家的积分，请由别人经手。")


def called(ctx: Ctx | JobCtx, household_id: int) -> str:
    """What a household is called: 李秀英家."""
    household = households.get(ctx.tx, household_id)
    return f"{household.name}家" if household.name else f"户号 {household.code}"


def tell(
    ctx: Ctx | JobCtx, household_id: int, text: str, *, fact: str, key: object, but: Iterable[int] = ()
) -> int:
    """Tell a household in the official account, all members but these, once per `key`; how many."""
    told = [one for one, _ in households.members_of(ctx.tx, household_id) if one not in set(but)]
    return notify.persons(ctx, told, text, fact=fact, key=key)


def heard(told: int) -> str:
    """What the clerk is told about who was told."""
    return "已告知这户。" if told else "这户没有人用微信，请当面告知。"


def tell_group(ctx: Ctx | JobCtx, unit_id: int, level: str, text: str, *, fact: str, key: str) -> None:
    """Tell the group of the village or town that holds a unit."""
    for unit in ctx.registry.chain(unit_id):
        if unit.level == level:
            notify.group(ctx, unit, text, fact=fact, key=key)
