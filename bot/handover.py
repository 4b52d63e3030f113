"""A CLI command that writes while a server runs hands its work to that server, over loopback with a token."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import batch_command
from bot.house import House
from bot.points_commands import grant
from bot.settings import Settings
from handlers.import_registry import BadFiles, import_registry
from store.sqlite import Occupied

PATH = "/internal"
HEADER = "x-mashang-token"
TIMEOUT_SECONDS = 300
Work = Callable[[House, dict[str, Any]], dict[str, Any]]


class NotDone(Exception):
    """Why the work could not be handed over, in one line."""


def import_files(house: House, given: dict[str, Any]) -> dict[str, Any]:
    """Import {"files": {name: text}, "invite": bool}; {"errors": […]} or what was added and changed."""
    secret, now = house.county.secret, house.now()
    try:
        done = house.db.write(
            lambda tx: import_registry(
                tx, given["files"], secret=secret, now=now, invite=given.get("invite", False)
            )
        )
    except BadFiles as bad:
        return {"errors": bad.errors}
    house.refresh()
    return {"errors": [], **asdict(done)}


def retry_inbox(house: House, _given: dict[str, Any]) -> dict[str, Any]:
    """Run the messages that failed once more."""
    return dict(house.retry_failed())


WORKS: dict[str, Work] = {
    "import-registry": import_files,
    "inbox-retry": retry_inbox,
    "points-grant": grant,
    "points-batch": batch_command.propose,
}


def routes(house: House) -> list[Route]:
    async def run(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        work = WORKS.get(request.path_params["work"])
        if work is None or not hmac.compare_digest(given.encode(), house.token.encode()):
            return Response(status_code=404)
        return JSONResponse(await asyncio.to_thread(work, house, await request.json()))

    return [Route(PATH + "/{work}", run, methods=["POST"])]


def here_or_there(settings: Settings, work: str, given: dict[str, Any]) -> dict[str, Any]:
    """Do a writing work in this process, or let the server that holds the database do it.

    Raises StartError or NotDone.
    """
    house = House(settings)
    try:
        house.take_database()
        house.open()
        return WORKS[work](house, given)
    except Occupied as running:
        return _call(running, work, given)
    finally:
        house.close()


def _call(running: Occupied, work: str, given: dict[str, Any]) -> dict[str, Any]:
    """Ask the server that holds the database to do `work`; the lock file says where it is and its token.

    Raises NotDone: then it is the server's log that says what was done.
    """
    if not running.note:
        raise NotDone("另一个 mashang 命令正在写这个数据库，请等它结束再试。")
    url, token = running.note.splitlines()
    try:
        response = httpx.post(
            f"{url}{PATH}/{work}",
            json=given,
            headers={HEADER: token},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise NotDone(f"{url} 的服务没有办成（HTTP {error.response.status_code}），请看它的日志。") from None
    except httpx.HTTPError as error:
        raise NotDone(f"交给 {url} 的服务去办，没有回音（{type(error).__name__}），请看它的日志。") from None
    answer: dict[str, Any] = response.json()
    return answer
