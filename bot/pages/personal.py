"""Pages behind a sign-in: whose browser it is, forms that no foreign page can send, what happens without one.

A page's function is given the house and the request. What it needs of a person's data it asks through
`read` or `write`, each one unit of work that begins with looking up whose browser it is.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.house import House
from bot.pages import form
from bot.pages.render import sorry
from handlers import sign_in
from handlers.codes import derived_token
from handlers.ctx import Ctx, Refused
from handlers.sign_in import Entered
from store.tx import Conflict, Tx
from store.works import Busy

T = TypeVar("T")
Act = Callable[[Ctx], T]  # what is done for whoever is signed in, in one unit of work
Page = Callable[[House, Request], Awaitable[Response]]
FORM_TOKEN = "form_token"  # noqa: S105 - the name of the field
_HOW = {
    "me": "请在公众号里发送“我的主页”，用收到的新链接打开。",
    "work": "请在聊天里发送“柜台”，用收到的新链接打开。",
}


class _SignedOut(Exception):
    """Nobody is signed in at this browser."""


class _Forged(Exception):
    """The form was not sent from our own page."""


def route(
    house: House, path: str, page: Page, *, scope: str = "me", methods: tuple[str, ...] = ("GET",)
) -> Route:
    """A page for those who are signed in for `scope`; it tells others how to."""

    async def endpoint(request: Request) -> Response:
        request.state.scope = scope
        try:
            return await page(house, request)
        except _SignedOut:
            return sorry(request, 401, "请重新打开", f"这个网页还没有登录，或者已经退出。{_HOW[scope]}")
        except _Forged:
            return sorry(request, 403, "请重新打开这一页", "这一页放得太久了。请返回上一页刷新，再试一次。")
        except (form.TooLarge, form.Unreadable):
            return sorry(request, 400, "没有收完整", "可能是网络断了一下。请返回上一页，再提交一次。")
        except Refused as refusal:
            return sorry(request, 422, "没有办成", str(refusal))
        except (Busy, Conflict):
            return sorry(
                request, 503, "请再试一次", "刚刚有人先处理了，或者现在办事的人多。请返回上一页刷新再试。"
            )

    return Route(path, endpoint, methods=list(methods))


async def read(house: House, request: Request, work: Act[T]) -> T:
    """What `work` finds for whoever is signed in."""
    cookie, scope = _cookie(house, request), request.state.scope
    county, now = house.county, house.now()
    return await house.db.read_async(
        lambda tx: work(_visitor(sign_in.visitor(tx, county, cookie, scope, now=now)))
    )


async def write(house: House, request: Request, fields: dict[str, str], work: Act[T]) -> T:
    """What `work` answers whoever is signed in, once it is durable. `fields` must come from our own page."""
    cookie, scope = _cookie(house, request), request.state.scope
    county, now = house.county, house.now()
    must_be_own_form(house, request, fields)

    def act(tx: Tx) -> T:
        return work(_visitor(sign_in.visitor(tx, county, cookie, scope, now=now)))

    done = await house.db.write_async(act)
    house.on_written()
    return done


def _visitor(found: Ctx | None) -> Ctx:
    if found is None:
        raise _SignedOut
    return found


# ---- the cookie, and the token that a form must carry


def form_token(house: House, request: Request) -> str:
    """What each form of a page must send back: only who can read our page knows it."""
    return derived_token(house.county.secret, "form", _cookie(house, request))


def must_be_own_form(house: House, request: Request, fields: dict[str, str]) -> None:
    """Go no further with a form that was not sent from our own page."""
    # SameSite=Lax keeps the cookie from foreign forms already; an old browser may not know it.
    if not hmac.compare_digest(fields.get(FORM_TOKEN, "").encode(), form_token(house, request).encode()):
        raise _Forged


def is_foreign(request: Request) -> bool:
    """Whether the browser says that another site's page sent this."""
    return request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def sign_in_browser(house: House, response: Response, entered: Entered) -> None:
    response.set_cookie(
        _name(house, entered.scope),
        entered.cookie,
        max_age=entered.seconds,
        httponly=True,
        samesite="lax",
        secure=_is_https(house),
    )


def sign_out_browser(house: House, response: Response, scope: str) -> None:
    response.delete_cookie(_name(house, scope), httponly=True, samesite="lax", secure=_is_https(house))


def cookie_of(house: House, request: Request, scope: str) -> str:
    """The cookie's value, "" for none."""
    return request.cookies.get(_name(house, scope), "")


def _cookie(house: House, request: Request) -> str:
    cookie = cookie_of(house, request, request.state.scope)
    if not cookie:
        raise _SignedOut
    return cookie


def _name(house: House, scope: str) -> str:
    # The prefix makes a browser refuse a cookie of this name from any neighbouring host.
    return f"__Host-mashang-{scope}" if _is_https(house) else f"mashang-{scope}"


def _is_https(house: House) -> bool:
    return house.settings.base_url.startswith("https://")
