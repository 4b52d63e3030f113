"""The link of a sign-in: a page with one button, because chat apps open links to show a preview."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.house import House
from bot.pages import form, personal
from bot.pages.render import shown, sorry
from handlers import sign_in
from handlers.names import masked
from store.works import Busy

_SEE_OTHER = 303
_USED = "链接只能用一次，15 分钟内有效。请在聊天里再发一次“我的主页”或“柜台”，用新的链接打开。"


def routes(house: House) -> list[BaseRoute]:
    return [
        Route("/in/{token}", partial(show_door, house)),
        Route("/in/{token}", partial(enter, house), methods=["POST"]),
        personal.route(house, "/me/out", partial(leave, "me"), methods=("POST",)),
        personal.route(house, "/counter/out", partial(leave, "work"), scope="work", methods=("POST",)),
    ]


async def show_door(house: House, request: Request) -> Response:
    """Ask whether to sign in. Looking at it uses nothing up."""
    token, now = request.path_params["token"], house.now()
    door = await house.db.read_async(lambda tx: sign_in.door(tx, token, now=now))
    if door is None:
        return _used(request)
    return shown(request, "door.html", name=masked(door.name) if door.name else "", scope=door.scope)


async def enter(house: House, request: Request) -> Response:
    """Sign the browser in and go to the page the link was for."""
    if personal.is_foreign(request):
        return sorry(request, 403, "请从聊天里打开", "这个按钮只能在我们自己的网页上按。")
    token, now = request.path_params["token"], house.now()
    try:
        entered = await house.db.write_async(lambda tx: sign_in.enter(tx, token, now=now))
    except Busy:
        return sorry(request, 503, "请再试一次", "现在打开的人多。请返回上一页，再按一次。")
    if entered is None:
        return _used(request)
    mode = "?elder=1" if request.query_params.get("elder") == "1" else ""
    response = RedirectResponse(entered.path + mode, _SEE_OTHER, {"Cache-Control": "no-store"})
    personal.sign_in_browser(house, response, entered)
    return response


async def leave(scope: str, house: House, request: Request) -> Response:
    """Sign this browser out."""
    fields = await form.receive_fields(request)
    cookie = personal.cookie_of(house, request, scope)
    await personal.write(
        house, request, fields, lambda ctx: sign_in.leave(ctx.tx, cookie, scope, now=ctx.now)
    )
    response = shown(request, "sorry.html", title="已退出", text="要再打开，请在聊天里发“我的主页”或“柜台”。")
    personal.sign_out_browser(house, response, scope)
    return response


def _used(request: Request) -> Response:
    return sorry(request, 410, "链接已经用过或过期", _USED)
