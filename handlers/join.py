"""绑定 an invitation (a role comes to an account) and 领取 a claim code (a report made without WeChat)."""

import re

from handlers.codes import LONG, keyed
from handlers.ctx import GAP, ROLES, Ctx, Refused, command
from handlers.days import clock_time
from handlers.household import bring_along
from handlers.report import CLAIM_SECONDS
from store import cases, invitations, journal, people

WRONG_TRIES_MAX = 5
LOCK_SECONDS = 3600


@command(
    "绑定",
    "绑定身份",
    grammar=rf"(?:邀请码)?{GAP}(?P<code>{LONG})",
    usage="绑定 邀请码",
    about="用邀请码绑定身份",
)
def bind(ctx: Ctx, match: re.Match[str]) -> str:
    return _bind(ctx, match["code"])


def bind_scanned(ctx: Ctx, code: str) -> str:
    """The same, by the QR of an invitation."""
    return _bind(ctx, code)


def _bind(ctx: Ctx, code: str) -> str:
    """A wrong code is an answer, not a refusal: the count of wrong tries must be kept."""
    account = ctx.account
    assert account is not None
    refuse_locked(ctx)
    found = invitations.find(ctx.tx, code_hash=keyed(ctx.county.secret, "invite", code), now=ctx.now)
    if found is None:
        return wrong_try(ctx, "邀请码不对，或者已经用过、过期了")
    invitation_id, person_id = found
    invitations.use(ctx.tx, invitation_id, now=ctx.now)
    _bring_along(ctx, person_id)
    people.bind(ctx.tx, account.id, person_id)
    people.set_tries(ctx.tx, account.id, wrong_tries=0, locked_until=0)
    person = people.by_id(ctx.tx, person_id)
    assert person is not None
    posts = "、".join(
        f"{ctx.registry.units[post.unit_id].name}{ROLES.get(post.role, post.role)}" for post in person.posts
    )
    return f"{person.name}，您好！已绑定：{posts}。发“帮助”看能做什么。"


def _bring_along(ctx: Ctx, person_id: int) -> None:
    """One person, one wallet: what the account earned and reported as a stranger goes to the person it is."""
    if ctx.person.posts or ctx.person.id == person_id:
        return
    cases.hand_to(ctx.tx, from_person=ctx.person.id, to_person=person_id)
    bring_along(
        ctx, ctx.person.id, person_id, key=f"join:{ctx.person.id}:{person_id}", reason="绑定身份，积分合并"
    )


@command(
    "领取",
    grammar=rf"(?:领取码)?{GAP}(?P<code>{LONG})",
    usage="领取 领取码",
    about="认领扫码上报的事件和积分",
)
def claim(ctx: Ctx, match: re.Match[str]) -> str:
    """A report made on the page, and its points, become the speaker's."""
    refuse_locked(ctx)
    claim_hash = keyed(ctx.county.secret, "claim", match["code"])
    case = cases.by_claim(ctx.tx, claim_hash, since=ctx.now - CLAIM_SECONDS)
    if case is None:
        return wrong_try(ctx, "领取码不对，或者已经领过、超过 15 天了")
    if journal.has(ctx.tx, case.id, fact="case.confirmed", actor_id=ctx.person.id):
        raise Refused("不能认领自己核实过的事件。")
    cases.claim(ctx.tx, case, person_id=ctx.person.id)
    assert ctx.account is not None
    people.set_tries(ctx.tx, ctx.account.id, wrong_tries=0, locked_until=0)
    key, reason = f"claim:{case.id}", f"认领事件 {case.id}"
    moved = bring_along(ctx, case.reporter_id, ctx.person.id, key=key, reason=reason)
    return f"事件 {case.id} 已归到您名下" + (f"，得 {moved} 分。" if moved else "，核实属实就有积分。")


def refuse_locked(ctx: Ctx) -> None:
    assert ctx.account is not None
    if ctx.account.locked_until > ctx.now:
        raise Refused(f"输错太多次，请在 {clock_time(ctx.account.locked_until)} 以后再试。")


def wrong_try(ctx: Ctx, why: str) -> str:
    assert ctx.account is not None
    tries = ctx.account.wrong_tries + 1
    if tries >= WRONG_TRIES_MAX:
        people.set_tries(ctx.tx, ctx.account.id, wrong_tries=0, locked_until=ctx.now + LOCK_SECONDS)
        return f"{why}。已错 {tries} 次，一小时内不能再试。"
    people.set_tries(ctx.tx, ctx.account.id, wrong_tries=tries, locked_until=0)
    return f"{why}。还可以试 {WRONG_TRIES_MAX - tries} 次。"
