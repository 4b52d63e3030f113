"""Static files: named by version or hash, so that a browser may keep them for good."""

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parents[1] / "static"
_FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def address(name: str) -> str:
    """The URL of a file in bot/static: a vendored one carries its version in the name, ours a hash."""
    if name.startswith("vendor/"):
        return f"/static/{name}"
    return f"/static/{name}?v={_stamp(name)}"


def _stamp(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


class Assets(StaticFiles):
    """Serves bot/static; what is asked for by its version or present hash need never be asked for again."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        version = parse_qs(scope["query_string"].decode("latin-1")).get("v")
        fixed = path.startswith("vendor/") or (version is not None and version == [_stamp(path)])
        headers = MutableHeaders(raw=response.raw_headers)
        headers["Cache-Control"] = _FOR_GOOD if fixed and response.status_code < 400 else "no-cache"
        headers["X-Content-Type-Options"] = "nosniff"
        return response
