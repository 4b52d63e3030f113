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

from bot.house import House
from handlers.import_registry import BadFiles, import_registry
from store.db import Occupied

HEADER = "x-mashang-token"
TIMEOUT_SECONDS = 300
Work = Callable[[House, dict[str, Any]], dict[str, Any]]


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


WORKS: dict[str, Work] = {"import-registry": import_files, "inbox-retry": retry_inbox}


def routes(house: House) -> list[Route]:
    async def run(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        work = WORKS.get(request.path_params["work"])
        if work is None or not hmac.compare_digest(given.encode(), house.token.encode()):
            return Response(status_code=404)
        return JSONResponse(await asyncio.to_thread(work, house, await request.json()))

    return [Route("/internal/{work}", run, methods=["POST"])]


def call(running: Occupied, work: str, given: dict[str, Any]) -> dict[str, Any]:
    """Ask the server that holds the database to do `work`; the lock file says where it is and its token."""
    url, token = running.note.splitlines()[:2]
    response = httpx.post(
        f"{url}/internal/{work}",
        json=given,
        headers={HEADER: token},
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    )
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer
