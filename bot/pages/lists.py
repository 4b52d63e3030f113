"""Public lists, to read and to print: applications, points of a month, goods in and out of a shop."""

import hmac
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.house import House
from bot.pages.render import PHOTO_HEADERS, shown, sorry
from handlers import public_lists
from handlers.applied import photo_token
from store import photos

_NOT_FOUND = "网址可能没有抄完整，或者这个月还没有开始。请在公众号里发“公示”，打开里面的网址。"


def routes(house: House) -> list[BaseRoute]:
    return [
        Route("/g/{code}", partial(show_publicity, house)),
        Route("/g/{code}/points", partial(show_points, house)),
        Route("/g/{code}/points/{month}", partial(show_points, house)),
        Route("/s/{code}/goods", partial(show_goods, house)),
        Route("/s/{code}/goods/{month}", partial(show_goods, house)),
        Route("/a/{number:int}/{token}/{index:int}", partial(show_evidence, house)),
    ]


async def show_publicity(house: House, request: Request) -> Response:
    """The applications that are public in a unit."""
    code, county, now = request.path_params["code"], house.county, house.now()
    found = await house.db.read_async(lambda tx: public_lists.publicity(tx, county, code, now=now))
    return _sorry(request) if found is None else shown(request, "publicity.html", shown=found)


async def show_points(house: House, request: Request) -> Response:
    """The points of a month, by household."""
    code, month = request.path_params["code"], request.path_params.get("month", "")
    county, now = house.county, house.now()
    number = request.query_params.get("page", "1")
    which = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
    found = await house.db.read_async(lambda tx: public_lists.points(tx, county, code, month, which, now=now))
    return _sorry(request) if found is None else shown(request, "points.html", shown=found)


async def show_goods(house: House, request: Request) -> Response:
    """Goods in and out of a shop in a month."""
    code, month = request.path_params["code"], request.path_params.get("month", "")
    county, now = house.county, house.now()
    found = await house.db.read_async(lambda tx: public_lists.goods(tx, county, code, month, now=now))
    return _sorry(request) if found is None else shown(request, "stock.html", shown=found)


async def show_evidence(house: House, request: Request) -> Response:
    """A photo of an application, for whoever was shown its link: those who decide and the applicant."""
    number, token, index = (request.path_params[name] for name in ("number", "token", "index"))
    if not hmac.compare_digest(token.encode(), photo_token(house.county.secret, number).encode()):
        return _sorry(request)
    kept = await house.db.read_async(lambda tx: photos.of_application(tx, number))
    if not 0 <= index < len(kept):
        later = "它可能还没有传到，请过一会儿再看。"
        return sorry(request, 404, "没有这张照片", later)
    return Response(kept[index], media_type="image/jpeg", headers=PHOTO_HEADERS)


def _sorry(request: Request) -> Response:
    return sorry(request, 404, "没有这个公示", _NOT_FOUND)
