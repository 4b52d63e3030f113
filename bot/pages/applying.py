"""/me/apply: apply for points with photos, and see how far one's own applications are."""

from starlette.requests import Request
from starlette.responses import Response

from bot.house import House
from bot.pages import form, personal
from bot.pages.render import shown
from bot.photos import BadPhoto
from handlers import application
from handlers.ctx import Refused

_FIELDS = ("title", "day", "text")


async def show(house: House, request: Request) -> Response:
    return await _page(house, request, {})


async def take(house: House, request: Request) -> Response:
    """What was wrong is told beside what was filled in; photos must be chosen again."""
    fields, uploads = await form.receive_with_photos(request)
    try:
        personal.must_be_own_form(house, request, fields)  # before its photos cost anything
        if len(uploads) > form.PHOTOS_MAX:
            raise Refused(f"最多传 {form.PHOTOS_MAX} 张照片，请重新选择。")
        jpegs = await form.develop(uploads)
        title, day, text = (fields.get(name, "") for name in _FIELDS)
        sheet = fields.get("sheet", "")
        told = await personal.write(
            house, request, fields, lambda ctx: application.from_page(ctx, title, day, text, jpegs, sheet)
        )
    except (Refused, BadPhoto) as refusal:
        return await _page(house, request, fields, problem=str(refusal), status=422)
    finally:
        for upload in uploads:
            await upload.close()
    return await _page(house, request, {}, told=told)


async def _page(
    house: House,
    request: Request,
    fields: dict[str, str],
    *,
    told: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    page = await personal.read(house, request, application.page_of)
    return shown(
        request,
        "apply.html",
        status=status,
        page=page,
        filled={name: fields.get(name, "") for name in _FIELDS},
        form_token=personal.form_token(house, request),
        sheet=form.blank().page_id,
        photos_max=form.PHOTOS_MAX,
        told=told,
        problem=problem,
    )
