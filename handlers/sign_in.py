"""我的主页, 柜台, 退出网页: a link told in private chat signs a browser in, once."""

import re
from dataclasses import dataclass

from handlers.codes import new_token, token_hash, told
from handlers.ctx import County, Ctx, Refused, command
from handlers.days import DAY_SECONDS
from handlers.message import Message
from store import people, sessions
from store.tx import Conflict, Tx

LINK_SECONDS = 15 * 60
LINKS_MAX = 6  # an hour and person
HOUR_SECONDS = 3600
# A shop's device is used by several people: a working day. A phone is one's own.
SESSION_SECONDS = {"me": 30 * DAY_SECONDS, "work": 12 * HOUR_SECONDS}


@dataclass(frozen=True, slots=True)
class Door:
    """A link that still opens: for whom (a name, "" where none is known) and which page."""

    name: str
    scope: str
    path: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A browser that was just signed in: its cookie's value and life, and the page to go to."""

    cookie: str
    scope: str
    path: str
    seconds: int


@command("我的主页", "主页", "个人主页", "我的网页", "网页", usage="我的主页", about="在网页上看积分、换商品")
def home(ctx: Ctx, _match: re.Match[str]) -> str:
    return offer(ctx, "me", "/me", "您的主页")


@command("柜台", roles=("shop_manager", "shop_supervisor"), usage="柜台", about="打开平安超市的柜台页")
def counter(ctx: Ctx, _match: re.Match[str]) -> str:
    if ctx.person.has("shop_manager"):
        return offer(ctx, "work", "/counter", "柜台")
    return offer(ctx, "work", "/counter/day", "当日兑换单")


@command("退出网页", "退出登录", usage="退出网页", about="手机丢了或不用了，网页全部退出")
def sign_out(ctx: Ctx, _match: re.Match[str]) -> str:
    ended = sessions.end_all(ctx.tx, ctx.person.id, now=ctx.now)
    return f"已退出 {ended} 处网页。要再打开，发“我的主页”。" if ended else "没有打开着的网页。"


def offer(ctx: Ctx, scope: str, path: str, name: str) -> str:
    """The answer with a link to a page of the speaker's own; of several links only the newest works.

    What is kept of the answer holds a mark for the link's token (codes.told).
    """
    if ctx.message.chat:
        raise Refused("这个链接只能您自己用，请不要在群里要：私下发给我就行。")
    if sessions.offered_since(ctx.tx, ctx.person.id, ctx.now - HOUR_SECONDS) >= LINKS_MAX:
        raise Refused("要的链接太多了，请过一小时再试。")
    token = told(ctx.county.secret, ctx.message, "token")
    sessions.offer(
        ctx.tx,
        person_id=ctx.person.id,
        scope=scope,
        path=path,
        link_hash=token_hash(token.value),
        link_until=ctx.now + LINK_SECONDS,
        now=ctx.now,
    )
    minutes = LINK_SECONDS // 60
    return (
        f"{name}：{ctx.county.base_url}/in/{token.mark}\n{minutes} 分钟内打开，只能用一次，请不要转给别人。"
    )


def door(tx: Tx, token: str, *, now: int) -> Door | None:
    """What a link leads to, without using it: chat apps open links to show a preview."""
    session = sessions.by_link(tx, token_hash(token), now=now)
    if session is None:
        return None
    return Door(people.names(tx, [session.person_id])[session.person_id], session.scope, session.path)


def enter(tx: Tx, token: str, *, now: int) -> Entered | None:
    """Use a link; None where it opens nothing any more."""
    session = sessions.by_link(tx, token_hash(token), now=now)
    if session is None:
        return None
    cookie, seconds = new_token(), SESSION_SECONDS[session.scope]
    try:
        sessions.begin(tx, session, cookie_hash=token_hash(cookie), expires_at=now + seconds)
    except Conflict:
        return None
    return Entered(cookie, session.scope, session.path, seconds)


def visitor(tx: Tx, county: County, cookie: str, scope: str, *, now: int) -> Ctx | None:
    """Whose browser it is, as the speaker of what follows; None where it is signed in no more.

    Posts are read anew each time: whoever lost one has lost its pages.
    """
    session = sessions.by_cookie(tx, token_hash(cookie), scope, now=now)
    person = people.by_id(tx, session.person_id) if session else None
    if person is None:
        return None
    return Ctx(tx, now, county, person, None, Message("", "web", "", "text"), county.read(""))


def leave(tx: Tx, cookie: str, scope: str, *, now: int) -> None:
    """Sign one browser out."""
    session = sessions.by_cookie(tx, token_hash(cookie), scope, now=now)
    if session is not None:
        sessions.end(tx, session, now=now)
