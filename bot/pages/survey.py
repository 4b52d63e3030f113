"""/q/3: answer a survey on a page, once; the same as 问卷 3 in chat."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.house import House
from bot.pages import basket, form, personal
from bot.pages.render import shown
from handlers import survey
from handlers.ctx import Ctx, Refused
from store.surveys import Survey


def routes(house: House) -> list[BaseRoute]:
    return [
        personal.route(house, "/q/{number}", show),
        personal.route(house, "/q/{number}", take, methods=("POST",)),
    ]


async def show(house: House, request: Request, told: str = "") -> Response:
    number = basket.chosen(request.path_params, "number")
    sheet = await personal.read(house, request, lambda ctx: survey.sheet(ctx, number))
    token = personal.form_token(house, request)
    return shown(request, "survey.html", sheet=sheet, form_token=token, told=told)


async def take(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    number = basket.chosen(request.path_params, "number")

    def answer(ctx: Ctx) -> str:
        asked = survey.find(ctx, number)
        return survey.answer(ctx, asked, _choices(asked, fields), fields.get("words", ""))

    return await show(house, request, told=await personal.write(house, request, fields, answer))


def _choices(asked: Survey, fields: Mapping[str, str]) -> list[int | None]:
    """The choice in each question, of fields such as q1=0."""
    found: list[int | None] = []
    for number, question in enumerate(asked.questions, 1):
        value = fields.get(f"q{number}", "")
        if not question.choices:
            found.append(None)
        elif re.fullmatch(r"\d", value, re.ASCII) and int(value) < len(question.choices):
            found.append(int(value))
        else:
            raise Refused(f"第 {number} 题还没有选。请返回上一页选一个。")
    return found
