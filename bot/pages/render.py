"""A template becomes a response: escaped, nothing inline, never indexed, never leaking its address."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.pages import assets, qr
from handlers.days import clock_time

# The pages of posters and receipts trust no cookie: a request from a foreign page can do nothing that its
# sender could not do here. Those behind a cookie have a token in each form (bot/pages/personal.py).
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
PHOTO_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["asset"] = assets.address
_templates.globals["qr"] = qr.picture
_templates.filters["clock_time"] = clock_time


def shown(
    request: Request, template: str, *, status: int = 200, cache: str = "no-store", **values: object
) -> Response:
    """The page of `template`; ?elder=1 in the address asks for large type and stays in the page's links."""
    elder = request.query_params.get("elder") == "1"
    html = _templates.get_template(template).render(
        elder=elder, mode="?elder=1" if elder else "", path=request.url.path, **values
    )
    return HTMLResponse(html, status, {**_HEADERS, "Cache-Control": cache})


def written(template: str, **values: object) -> str:
    """A document for a file: it brings its own style, and nothing of it is fetched."""
    return _templates.get_template(template).render(**values)


def sorry(request: Request, status: int, title: str, text: str) -> Response:
    return shown(request, "sorry.html", status=status, title=title, text=text)
