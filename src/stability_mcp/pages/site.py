"""The addresses of the pages."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from stability_mcp.pages.limits import Limits
from stability_mcp.pages.paint_routes import PaintRoutes
from stability_mcp.pages.studio_source import GetStudio
from stability_mcp.pages.upload_routes import UploadRoutes
from stability_mcp.pages.view_routes import ViewRoutes

STATIC = Path(__file__).parent / "static"

BUILT = STATIC / "ui"
"""Files built from `src/web`."""

PAINT = "paint.html"

TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Types of static files; others aren't served."""

PAGES = frozenset({".html"})
"""Endings of files that have an address of their own, so `/static/` doesn't serve them."""

NOT_FOUND = 404
GONE = "gone.html"
"""The page for a link that doesn't exist (any more)."""


def page_app(get_studio: GetStudio, limits: Limits) -> Starlette:
    """Return the application; `request_guard.Guard` has to be in front of it.

    Reads the static files, so call it in a thread.

    Args:
        get_studio: Returns the open studio.
        limits: Limits of uploads.
    """
    files = {each.name: each.read_bytes() for each in STATIC.iterdir() if each.suffix in TYPES}
    built = {each.name: each.read_bytes() for each in BUILT.iterdir() if each.suffix in TYPES}
    app = Starlette(
        routes=[
            *UploadRoutes(get_studio, limits, files["upload.html"]).routes,
            *ViewRoutes(get_studio, files["view.html"]).routes,
            *PaintRoutes(get_studio, limits, built.get(PAINT, b"")).routes,
            Route("/static/{name}", partial(_static, files)),
            Route("/ui/{name}", partial(_static, built)),
        ],
        exception_handlers={HTTPException: partial(_error, files[GONE])},
    )
    app.router.redirect_slashes = False
    return app


async def _static(files: Mapping[str, bytes], request: Request) -> Response:
    name = request.path_params["name"]
    suffix = Path(name).suffix
    if name not in files or suffix in PAGES:
        raise HTTPException(404)
    return Response(files[name], media_type=TYPES[suffix])


async def _error(gone: bytes, _: Request, error: Exception) -> Response:
    """Answer an unknown address with a page that says what to do, other errors with their name."""
    if not isinstance(error, HTTPException) or error.status_code == NOT_FOUND:
        return HTMLResponse(gone, status_code=NOT_FOUND)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)
