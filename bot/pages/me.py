"""/me: what a resident has and may do without chat."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.house import House
from bot.pages import personal
from bot.pages.render import shown
from handlers import me


def routes(house: House) -> list[BaseRoute]:
    return [personal.route(house, "/me", show_home)]


async def show_home(house: House, request: Request) -> Response:
    home = await personal.read(house, request, me.home)
    return shown(request, "me.html", home=home, form_token=personal.form_token(house, request))
