"""/counter/vouchers and /counter/offline: sign a list, sell without network, bring back what was sold.

/counter/offline is the same for everybody and holds nobody's data: the browser keeps it (through a service
worker), and the list lies in the browser's own storage. All else is behind the sign-in of the counter.
"""

import hashlib
import json
from functools import cache, partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.house import House
from bot.pages import assets, basket, form, personal
from bot.pages.render import shown
from handlers import device_copy, doubts, offline_sale, vouchers
from handlers.ctx import Ctx, Refused
from handlers.offline_sale import Outcome
from store.tx import Conflict
from store.works import Busy

PAGE = "/counter/offline"
# What the kept page loads.
_FILES = (
    "mark.svg",
    "vendor/weui-2.6.26.min.css",
    "citizen.css",
    "citizen.js",
    "goods.css",
    "goods.js",
    "offline.js",
)
_DRAWN = "/static/village.svg"  # the style sheet asks for it as it is


def routes(house: House) -> list[BaseRoute]:
    work = partial(personal.route, house, scope="work")
    return [
        Route(PAGE, show_offline),
        Route("/counter/worker.js", worker),
        work("/counter/vouchers", show_vouchers),
        work("/counter/vouchers/sign", sign, methods=("POST",)),
        work("/counter/vouchers/copy", copy, methods=("POST",)),
        work("/counter/vouchers/sync", sync, methods=("POST",)),
        work("/counter/vouchers/close", close, methods=("POST",)),
        work("/counter/vouchers/checked", tick_off, methods=("POST",)),
    ]


# ---- what works without network


async def show_offline(request: Request) -> Response:
    return shown(request, "offline.html", cache="no-cache")


async def worker(request: Request) -> Response:
    """The service worker, what it keeps written in front: another page or file makes it another worker."""
    kept = bytes(shown(request, "offline.html").body)
    head = json.dumps({"page": PAGE, "files": [*map(assets.address, _FILES), _DRAWN], "stamp": _stamp(kept)})
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(f"const KEPT = {head};\n{_worker()}", media_type="text/javascript", headers=headers)


def _stamp(page: bytes) -> str:
    return hashlib.sha256(page).hexdigest()[:12]


@cache
def _worker() -> str:
    return (assets.FOLDER / "offline-worker.js").read_text(encoding="utf-8")


# ---- what needs the network and a sign-in


async def show_vouchers(house: House, request: Request) -> Response:
    return await _vouchers(house, request)


async def _vouchers(
    house: House, request: Request, *, problem: str = "", done: str = "", filled: dict[str, str] | None = None
) -> Response:
    shops, lists = await personal.read(house, request, doubts.overview)
    return shown(
        request,
        "vouchers.html",
        status=422 if problem else 200,
        shops=shops,
        lists=lists,
        now=house.now(),
        problem=problem,
        done=done,
        filled={"device": "", "cards": "", "points": "50", "least": "50"} | (filled or {}),
        form_token=personal.form_token(house, request),
        sheet=form.blank().page_id,
    )


async def sign(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    points, least = basket.chosen(fields, "points"), basket.chosen(fields, "least")

    def act(ctx: Ctx) -> tuple[int, list[str]]:
        return vouchers.sign(
            ctx,
            basket.chosen(fields, "shop"),
            device=fields.get("device", ""),
            typed=fields.get("cards", ""),
            points=points,
            least=least,
            sheet_id=fields.get("sheet", ""),
        )

    try:
        list_id, left_out = await personal.write(house, request, fields, act)
    except Refused as refusal:
        return await _vouchers(house, request, problem=str(refusal), filled=fields)
    return await _copy(house, request, list_id, left_out)


async def copy(house: House, request: Request) -> Response:
    """The list once more, for a device that lost it. That somebody took it is written down: no GET."""
    fields = await form.receive_fields(request)
    list_id = basket.chosen(fields, "list")
    await personal.write(house, request, fields, lambda ctx: device_copy.note_copy(ctx, list_id))
    return await _copy(house, request, list_id, [])


async def _copy(house: House, request: Request, list_id: int, left_out: list[str]) -> Response:
    kept = await personal.read(house, request, lambda ctx: device_copy.copy(ctx, list_id))
    return shown(
        request,
        "voucher_list.html",
        kept=kept,
        written=json.dumps(kept, ensure_ascii=False),
        left_out=left_out,
    )


async def sync(house: House, request: Request) -> Response:
    """Book what a device sold, each sale in a unit of work of its own; reloaded, the same answers."""
    fields = await form.receive_fields(request)
    personal.must_be_own_form(house, request, fields)  # before anything of it is looked up
    list_id, signature = basket.chosen(fields, "list"), fields.get("signature", "")
    sales = offline_sale.sales_of(fields.get("sales", ""))
    one = await personal.read(house, request, lambda ctx: offline_sale.signed(ctx, list_id, signature))
    outcomes = []
    for sale in sales:
        try:
            outcomes.append(
                await personal.write(
                    house,
                    request,
                    fields,
                    partial(_book, list_id, signature, sale),
                )
            )
        except Refused as refusal:
            outcomes.append(Outcome(offline_sale.sale_id(sale), "waiting", str(refusal)))
        except (Busy, Conflict):
            text = "现在办事的人多，请过一会再同步这一笔。"
            outcomes.append(Outcome(offline_sale.sale_id(sale), "waiting", text))
    return shown(request, "synced.html", outcomes=outcomes, device=one.device)


def _book(list_id: int, signature: str, sale: dict[str, Any], ctx: Ctx) -> Outcome:
    return offline_sale.book(ctx, list_id, signature, sale)


async def close(house: House, request: Request) -> Response:
    fields = await form.receive_fields(request)
    list_id = basket.chosen(fields, "list")
    points, frozen = await personal.write(house, request, fields, lambda ctx: vouchers.close(ctx, list_id))
    done = f"名单 {list_id} 已关闭，退回 {points} 分。" + (
        f"{frozen} 户冻结着，解冻后自动退回。" if frozen else ""
    )
    return await _vouchers(house, request, done=done)


async def tick_off(house: House, request: Request) -> Response:
    """A supervisor looked into a sale that was not booked."""
    fields = await form.receive_fields(request)
    number, note = basket.chosen(fields, "doubt"), fields.get("note", "")
    try:
        done = await personal.write(house, request, fields, lambda ctx: doubts.tick_off(ctx, number, note))
    except Refused as refusal:
        return await _vouchers(house, request, problem=str(refusal))
    return await _vouchers(house, request, done=done)
