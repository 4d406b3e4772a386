"""The description of all routes: the OpenAPI document, and a page that shows it and tries calls."""

import json
from functools import cache
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from pydantic import Field
from starlette.responses import Response

from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import NotFoundError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.text import listed, quoted

STATIC = Path(__file__).parent.parent / "static"
THEME = STATIC.parent.parent / "pages" / "static" / "theme.css"
"""The look of the upload and view pages, which this page shares."""

TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src blob:; "  # results of calls, and the empty icon
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy of the page: only its own files, and calls to this server."""


class PageFile(Arguments):
    """Which file."""

    name: Annotated[str, Field(pattern=r"^[a-z_]{1,40}\.(css|js)$")]
    """Name of a script or style sheet."""


@route("GET", "/openapi.json", tag="description", access="open")
async def get_openapi(call: RestCall, arguments: None) -> Response:  # noqa: ARG001 -- every route takes both
    """Get this description as an OpenAPI document."""
    body = await to_thread.run_sync(_document)  # the first time it takes a fraction of a second
    return Response(body, media_type="application/json")


@route("GET", "/docs", tag="description", access="open", answer="page")
async def get_docs(call: RestCall, arguments: None) -> Response:  # noqa: ARG001 -- every route takes both
    """Show this description as a page that can try calls."""
    return await _page_file("docs.html")


@route("GET", "/docs/{name}", tag="description", access="open", answer="page")
async def get_docs_file(call: RestCall, arguments: PageFile) -> Response:  # noqa: ARG001 -- every route takes both
    """Get a script or style sheet of that page."""
    return await _page_file(arguments.name)


async def _page_file(name: str) -> Response:
    files = await to_thread.run_sync(_files)
    if name not in files:
        raise NotFoundError(
            f"The page has no file {quoted(name)}.", hint=f"It has {listed(sorted(files))}."
        )
    headers = {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}
    return Response(files[name], media_type=TYPES[Path(name).suffix], headers=headers)


@cache
def _files() -> dict[str, bytes]:
    found = {each.name: each.read_bytes() for each in (*STATIC.iterdir(), THEME)}
    return {name: data for name, data in found.items() if Path(name).suffix in TYPES}


@cache
def _document() -> bytes:
    from stability_mcp.rest.openapi.document import document
    from stability_mcp.rest.routes import all_routes  # which imports this module

    return json.dumps(document(all_routes()), ensure_ascii=False, separators=(",", ":")).encode()
