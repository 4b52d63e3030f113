"""/me: what a resident has, orders and puts right without chat."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.house import House
from bot.pages import applying, basket, form, personal
from bot.pages.render import PHOTO_HEADERS, shown, sorry
from handlers import me
from handlers.ctx import Refused
from handlers.me import Placed
from store import shop

_SEE_OTHER = 303
_TOLD = {
    "pin": "户卡密码已设好。",
    "cancelled": "已取消，积分退回来了。",
    "lost": "旧户卡已作废，下面是新卡号。",
}


def routes(house: House) -> list[BaseRoute]:
    own = partial(personal.route, house)
    return [
        own("/me", show_home),
        own("/me/shop", show_shop),
        own("/me/statement", show_statement),
        own("/me/apply", applying.show),
        own("/me/apply", applying.take, methods=("POST",)),
        own("/me/order", order, methods=("POST",)),
        own("/me/again", tell_again, methods=("POST",)),
        own("/me/cancel", cancel, methods=("POST",)),
        own("/me/pin", set_pin, methods=("POST",)),
        own("/me/lost", lose_card, methods=("POST",)),
        Route("/goods/{number}/photo", partial(show_photo, house)),
        Route("/c/{code}", show_card),
    ]


async def show_home(house: House, request: Request) -> Response:
    told = _TOLD.get(request.query_params.get("told", ""), "")
    return await _home(house, request, told=told)


async def _home(
    house: House, request: Request, *, told: str = "", problem: str = "", status: int = 200
) -> Response:
    home = await personal.read(house, request, me.home)
    token = personal.form_token(house, request)
    return shown(request, "me.html", status=status, home=home, form_token=token, told=told, problem=problem)


async def show_shop(house: House, request: Request) -> Response:
    """The goods of the nearest shop, or of ?shop=code, with a form to order them."""
    wanted = request.query_params.get("shop", "")
    shelf = await personal.read(house, request, lambda ctx: me.shelf(ctx, wanted))
    token = personal.form_token(house, request)
    return shown(request, "shop.html", shelf=shelf, form_token=token, sheet=form.blank().page_id)


async def show_statement(house: House, request: Request) -> Response:
    """The household's statement of ?month=2026-11, to read and to print."""
    month = request.query_params.get("month", "")
    sheet = await personal.read(house, request, lambda ctx: me.statement_of(ctx, month))
    return shown(request, "statement.html", sheet=sheet, month=sheet.statement.month)


async def order(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    wanted, shop_id = basket.wanted(fields), basket.chosen(fields, "shop")
    sheet = fields.get("sheet", "")
    placed = await personal.write(house, request, fields, lambda ctx: me.order(ctx, shop_id, wanted, sheet))
    return _ordered(request, placed)


async def tell_again(house: House, request: Request) -> Response:
    """A new pick-up code: the old one is kept by nobody."""
    fields = await form.receive_fields(request)
    which = basket.chosen(fields, "order")
    return _ordered(
        request, await personal.write(house, request, fields, lambda ctx: me.new_code(ctx, which))
    )


def _ordered(request: Request, placed: Placed) -> Response:
    return shown(request, "ordered.html", placed=placed)


async def cancel(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    which = basket.chosen(fields, "order")
    await personal.write(house, request, fields, lambda ctx: me.cancel(ctx, which))
    return _back(request, "cancelled")


async def set_pin(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    pin, again = fields.get("pin", ""), fields.get("again", "")
    try:
        await personal.write(house, request, fields, lambda ctx: me.set_pin(ctx, pin, again))
    except Refused as refusal:
        return await _home(house, request, problem=str(refusal), status=422)
    return _back(request, "pin")


async def lose_card(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    await personal.write(house, request, fields, me.lose_card)
    return _back(request, "lost")


def _back(request: Request, told: str) -> Response:
    """To /me, so that a reload sends nothing again."""
    mode = "&elder=1" if request.query_params.get("elder") == "1" else ""
    return RedirectResponse(f"/me?told={told}{mode}", _SEE_OTHER, {"Cache-Control": "no-store"})


async def show_photo(house: House, request: Request) -> Response:
    """The picture of an article; goods are no secret."""
    which = basket.chosen(request.path_params, "number")
    jpeg = await house.db.read_async(lambda tx: shop.photo(tx, which))
    if jpeg is None:
        return sorry(request, 404, "没有这张照片", "这样商品还没有照片。")
    return Response(jpeg, media_type="image/jpeg", headers={**PHOTO_HEADERS, "Cache-Control": "max-age=3600"})


async def show_card(request: Request) -> Response:
    """What a phone that scans a household's card is told. Nothing is looked up: nobody learns whose it is."""
    return sorry(
        request,
        200,
        "这是一张户卡",
        "请带着卡到平安超市，由店长在柜台上扫。\n捡到的，请交给村(社区)或网格员。",
    )
