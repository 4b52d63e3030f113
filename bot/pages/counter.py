"""/counter: a code or a card is scanned, the clerk sees who and what, gives it out, prints a receipt."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.house import House
from bot.pages import basket, form, personal
from bot.pages.render import shown
from handlers import cards, counter, day_sheet
from handlers.counter import Customer, Receipt, Waiting
from handlers.ctx import Ctx, Refused


def routes(house: House) -> list[BaseRoute]:
    work = partial(personal.route, house, scope="work")
    return [
        work("/counter", show_counter),
        work("/counter/find", find, methods=("POST",)),
        work("/counter/hand", hand_over, methods=("POST",)),
        work("/counter/sell", sell, methods=("POST",)),
        work("/counter/pin", first_pin, methods=("POST",)),
        work("/counter/day", show_day),
        work("/cards", show_areas),
        work("/cards/print", print_cards, methods=("POST",)),
    ]


async def show_counter(house: House, request: Request) -> Response:
    return await _counter(house, request)


async def _counter(house: House, request: Request, *, shop_id: int = 0, problem: str = "") -> Response:
    shops = await personal.read(house, request, counter.shops)
    return shown(
        request,
        "counter.html",
        status=422 if problem else 200,
        shops=shops,
        shop_id=shop_id or shops[0].id,
        problem=problem,
        form_token=personal.form_token(house, request),
    )


async def find(house: House, request: Request) -> Response:
    """Who came with what was scanned or typed. A look at people is written down, so it is no GET."""
    fields = await form.receive_fields(request)
    return await _found(house, request, fields, fields.get("typed", ""))


async def _found(
    house: House, request: Request, fields: dict[str, str], typed: str, *, problem: str = ""
) -> Response:
    shop_id = basket.chosen(fields, "shop")
    try:
        found = await personal.write(house, request, fields, lambda ctx: counter.look_up(ctx, shop_id, typed))
    except Refused as refusal:
        found = str(refusal)
    match found:
        case str():
            return await _counter(house, request, shop_id=shop_id, problem=problem or found)
        case Waiting():
            return _page(house, request, "waiting.html", problem, waiting=found, typed=typed)
        case Customer():
            wanted = basket.wanted(fields) if problem else {}
            asked = basket.pieces(fields)
            return _page(
                house,
                request,
                "sale.html",
                problem,
                customer=found,
                typed=typed,
                wanted=wanted,
                asked=asked,
            )


def _page(house: House, request: Request, template: str, problem: str, **values: Any) -> Response:
    return shown(
        request,
        template,
        status=422 if problem else 200,
        problem=problem,
        form_token=personal.form_token(house, request),
        sheet=form.blank().page_id,
        **values,
    )


async def hand_over(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    shop_id, pieces = basket.chosen(fields, "shop"), basket.pieces(fields)
    typed, sheet = fields.get("typed", ""), fields.get("sheet", "")

    def act(ctx: Ctx) -> Receipt | str:
        return counter.hand_over(ctx, shop_id, typed, pieces, sheet)

    return await _receipt(house, request, fields, typed, act)


async def sell(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    shop_id, pieces = basket.chosen(fields, "shop"), basket.pieces(fields)
    typed, sheet, pin = (fields.get(name, "") for name in ("typed", "sheet", "pin"))

    def act(ctx: Ctx) -> Receipt | str:
        wanted = basket.wanted(fields)
        return counter.sell(ctx, shop_id, typed, wanted, pieces, pin=pin, sheet_id=sheet)

    return await _receipt(house, request, fields, typed, act)


async def _receipt(
    house: House, request: Request, fields: dict[str, str], typed: str, act: personal.Act[Receipt | str]
) -> Response:
    """The receipt of what was done; or the page before, as it was filled in, with what is wrong."""
    try:
        done = await personal.write(house, request, fields, act)
    except Refused as refusal:
        done = str(refusal)
    if isinstance(done, str):
        return await _found(house, request, fields, typed, problem=done)
    return shown(request, "handed.html", receipt=done, how=day_sheet.COLLECTORS[done.collector])


async def first_pin(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    shop_id, typed = basket.chosen(fields, "shop"), fields.get("typed", "")
    pin, again = fields.get("pin", ""), fields.get("again", "")

    def act(ctx: Ctx) -> None:
        counter.first_pin(ctx, shop_id, typed, pin, again)

    problem = ""
    try:
        await personal.write(house, request, fields, act)
    except Refused as refusal:
        problem = str(refusal)
    return await _found(house, request, fields, typed, problem=problem)


async def show_day(house: House, request: Request) -> Response:
    """Each hand-over of a day, for the supervisor and the manager of the shop."""
    query = request.query_params
    code, day = query.get("shop", ""), query.get("day", "")
    sheet = await personal.read(house, request, lambda ctx: day_sheet.of(ctx, code, day))
    return shown(request, "day.html", sheet=sheet, form_token=personal.form_token(house, request))


async def show_areas(house: House, request: Request) -> Response:
    areas = await personal.read(house, request, cards.areas_to_print)
    return shown(request, "areas.html", areas=areas, form_token=personal.form_token(house, request))


async def print_cards(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    unit_id = basket.chosen(fields, "unit")
    faces = await personal.write(house, request, fields, lambda ctx: cards.printed(ctx, unit_id))
    return shown(request, "cards.html", faces=faces, unit=house.county.registry.units[unit_id])
