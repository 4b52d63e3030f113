"""The pages residents open without any account: a QR's report page, its receipt, the progress of a case."""

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from bot.house import House
from bot.pages import assets, form
from bot.pages.form import Filled
from bot.pages.render import PHOTO_HEADERS, shown, sorry
from bot.photos import BadPhoto, PhotoTooLarge
from handlers import progress, report
from handlers.ctx import Refused
from store.tx import Conflict
from store.units import Unit
from store.works import Busy

_HOTLINES = {"119": "火警", "110": "报警", "120": "急救"}
_INVITATION = re.compile(r"[A-Za-z0-9-]{4,32}")
_CROWDED = "现在提交的人多，还没有收下。请稍等几秒，再点一次“提交”。"


def routes(house: House) -> list[BaseRoute]:
    """The addresses on posters and in receipts, and the static files of all pages."""
    return [
        Route("/r/{code}", partial(open_form, house), name="report"),
        Route("/r/{code}", partial(take_form, house), methods=["POST"]),
        Route("/p/{token}", partial(show_progress, house), name="progress"),
        Route("/p/{token}/photo/{index:int}", partial(show_photo, house)),
        Route("/b/{code}", show_invitation, name="invitation"),
        Mount("/static", assets.Assets()),
    ]


async def open_form(house: House, request: Request) -> Response:
    """The report page of a unit; it may be kept, so that going back finds what was typed."""
    unit = _unit(house, request)
    if unit is None:
        return _unknown_place(request)
    return _form_page(house, request, unit, form.blank(), {}, cache="no-cache")


async def take_form(house: House, request: Request) -> Response:
    """Open the case a form asks for; sent twice, the same receipt comes back."""
    unit = _unit(house, request)
    if unit is None:
        return _unknown_place(request)
    try:
        filled = await form.receive(request)
    except form.TooLarge:
        return sorry(
            request, 413, "照片太大了", "一次最多 3 张照片，每张不超过 10 MB。请返回上一页，少选几张再提交。"
        )
    except form.Unreadable:
        return sorry(request, 400, "没有收完整", "可能是网络断了一下。请返回上一页，再提交一次。")
    try:
        return await _receipt(house, request, unit, filled)
    finally:
        await form.close(filled)


async def _receipt(house: House, request: Request, unit: Unit, filled: Filled) -> Response:
    problems = form.problems(filled)
    if problems:
        return _form_page(house, request, unit, filled, problems, status=422)
    try:
        sheet = report.Form(
            id=filled.sheet_id,
            unit_code=unit.code,
            text=filled.text,
            place=filled.place,
            phone=filled.phone,
            photos=await form.develop(filled.uploads),
            lat=filled.lat,
            lng=filled.lng,
        )
        county, now = house.county, house.now()
        await house.catch_up()
        receipt = await house.db.write_async(lambda tx: report.from_page(tx, county, sheet, now=now))
    except BadPhoto as refusal:
        problems = {"photos": f"{refusal}文字已经保留。"}
        status = 413 if isinstance(refusal, PhotoTooLarge) else 422
        return _form_page(house, request, unit, filled, problems, status=status)
    except Refused as refusal:
        return _form_page(house, request, unit, filled, {"form": str(refusal)}, status=422)
    except (Busy, Conflict):
        return _form_page(house, request, unit, filled, {"form": _CROWDED}, status=503)
    house.on_written()
    hotline = _HOTLINES.get(receipt.hotline, "")
    return shown(
        request, "receipt.html", unit=unit, receipt=receipt, hotline=hotline, areas=_areas(house, unit)
    )


async def show_progress(house: House, request: Request) -> Response:
    """Where a case stands, for whoever holds its link."""
    token, county = request.path_params["token"], house.county
    case = await house.db.read_async(lambda tx: progress.by_token(tx, county, token))
    if case is None:
        return sorry(
            request,
            404,
            "没有找到这件事",
            "链接可能没有复制完整。请打开提交后收到的链接，或在公众号里发送“查询 编号”。",
        )
    return shown(request, "progress.html", case=case, token=token)


async def show_photo(house: House, request: Request) -> Response:
    """A photo of the case, for whoever holds its link."""
    token, index = request.path_params["token"], request.path_params["index"]
    jpeg = await house.db.read_async(lambda tx: progress.photo(tx, token, index))
    if jpeg is None:
        return sorry(request, 404, "没有这张照片", "它可能还没有传到，请过一会儿再看。")
    return Response(jpeg, media_type="image/jpeg", headers=PHOTO_HEADERS)


async def show_invitation(request: Request) -> Response:
    """How to use an invitation. Nothing is checked here, so that nobody can try codes on this page."""
    code = request.path_params["code"]
    if not _INVITATION.fullmatch(code):
        return sorry(
            request, 404, "没有这个邀请", "邀请码可能没有扫完整，请再扫一次，或向发给您邀请码的人要一张新的。"
        )
    return shown(request, "invitation.html", code=code.upper())


def _unit(house: House, request: Request) -> Unit | None:
    return house.county.registry.by_code.get(request.path_params["code"])


def _form_page(
    house: House,
    request: Request,
    unit: Unit,
    filled: Filled,
    problems: dict[str, str],
    *,
    status: int = 200,
    cache: str = "no-store",
) -> Response:
    return shown(
        request,
        "report.html",
        status=status,
        cache=cache,
        unit=unit,
        areas=_areas(house, unit),
        filled=filled,
        problems=problems,
        limits=form,
    )


def _areas(house: House, unit: Unit) -> list[str]:
    """Names of what the unit lies in, largest first."""
    return [above.name for above in reversed(house.county.registry.chain(unit.id)[1:])]


def _unknown_place(request: Request) -> Response:
    return sorry(
        request,
        404,
        "没有找到这个二维码",
        "它可能已经换新，或者没有扫完整。请再扫一次，或把问题告诉附近的网格员、村(社区)。",
    )
