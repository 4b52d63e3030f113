"""登记居民: whom a grid worker speaks for is known in the own area, or is registered there first."""

import re

from handlers.applied import CHECKERS, TOPIC
from handlers.ctx import GAP, Ctx, Refused, areas, command, is_set_apart
from handlers.typed import PHONE
from nlp.plain import plain
from store import people
from store.people import Person

NAME = r"(?P<name>[一-鿿·]{2,10}?)"


def find(ctx: Ctx, name: str, phone: str) -> Person:
    """Whom a worker names in the own area; a name that nobody there has may be misspelt, so it is asked."""
    found = _living_here(ctx, name, phone)
    if not found:
        raise Refused(
            f"您的辖区里没有登记过{name}{f'（{phone}）' if phone else ''}，请核对姓名。"
            f"确实还没有登记的，先发：登记居民 {name} 电话（没有就写无电话）"
        )
    if len(found) > 1:
        raise Refused(f"您的辖区有 {len(found)} 位{name}，请写电话：代申请 {name} 电话 做了什么。")
    person = people.by_id(ctx.tx, found[0])
    assert person is not None
    return person


def _living_here(ctx: Ctx, name: str, phone: str) -> list[int]:
    """Those of this name in the speaker's area; with this telephone where one is known."""
    known = people.called(ctx.tx, name, areas(ctx, *CHECKERS))
    exact = [person_id for person_id, theirs in known if phone and theirs == phone]
    return exact or [person_id for person_id, theirs in known if not phone or not theirs]


def digits(phone: str | None) -> str:
    """A telephone as it is kept; "" where somebody wrote that there is none."""
    return "".join(each for each in plain(phone or "") if each.isdigit())


@command(
    "登记居民",
    grammar=rf"{NAME}{GAP}(?:(?:电话|手机)?{GAP}(?P<phone>{PHONE.pattern}|无电话|没有电话|没电话))",
    roles=CHECKERS,
    usage="登记居民 姓名 电话",
    about="登记辖区里没用过码上办的人",
    topic=TOPIC,
)
def register(ctx: Ctx, match: re.Match[str]) -> str | None:
    """Somebody of the own area whom nobody knows yet; only a telephone tells two of one name apart."""
    if not is_set_apart(match, "name"):
        return None
    name, phone = match["name"], digits(match["phone"])
    known = people.called(ctx.tx, name, areas(ctx, *CHECKERS))
    if any(not phone or theirs in ("", phone) for _, theirs in known):
        raise Refused(f"您的辖区里已经登记过{name}。是另一位同名的，请写他的电话。")
    unit_id = next(post.unit_id for post in ctx.person.posts if post.role in CHECKERS)
    people.add(ctx.tx, now=ctx.now, name=name, phone=phone, unit_id=unit_id)
    return f"已登记{name}，{ctx.registry.units[unit_id].name}。"
