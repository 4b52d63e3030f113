"""A template becomes a response: escaped, nothing inline, never indexed, never leaking its address."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from bot.pages import assets
from handlers.days import clock_time

# These pages set no cookie and trust none: a request from a foreign page can do nothing
# that its sender could not do here, so no CSRF token is needed.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
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
_templates.filters["clock_time"] = clock_time


def page(
    template: str, *, elder: bool, status: int = 200, cache: str = "no-store", **values: object
) -> HTMLResponse:
    """The page of `template`; `elder` asks for large type and is kept in the links of the page."""
    html = _templates.get_template(template).render(elder=elder, mode="?elder=1" if elder else "", **values)
    return HTMLResponse(html, status, {**_HEADERS, "Cache-Control": cache})
