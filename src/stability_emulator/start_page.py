"""The start page for people and the OpenAPI document for programs.

Neither needs a key, counts towards the rate limit or appears in the request log: the real API
serves its description without a key too, and a browser fetching an icon isn't an API client.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from html import escape

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from stability_emulator import openapi
from stability_mcp.api.operation import Operation
from stability_mcp.text import credits_text

ADDRESSES = 4
"""Base URLs whose OpenAPI document is cached: a machine has few names."""

NO_SCRIPTS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "x-content-type-options": "nosniff",
}

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Stability API emulator</title>
<style>
:root {{ color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }}
body {{ font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 3rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; margin: 0 0 .5rem; }}
h2 {{ font-size: 1rem; margin: 2rem 0 .5rem; }}
code, pre {{ font: .875rem/1.5 ui-monospace, monospace; }}
pre {{ padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }}
pre {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; }}
td {{ padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; }}
td:last-child {{ text-align: right; white-space: nowrap; padding-right: 0; }}
td code {{ overflow-wrap: anywhere; }}
small {{ opacity: .75; }}
</style>
<h1>Stability API emulator</h1>
<p>Responds like <code>api.stability.ai</code> with synthetic media; nothing is charged. Any key
that begins with <code>sk-</code> opens an account with its own credits.</p>
<pre>STABILITY_BASE_URL={url}
STABILITY_API_KEY=sk-anything</pre>
<p><a href="{openapi}">OpenAPI document</a> &middot; <a href="/_emulator/">controls</a> &middot;
<a href="/_emulator/journal">journal of requests and charges</a></p>
{families}
"""


def routes(
    operations: Mapping[str, type[Operation]], polls: Mapping[str, type[Operation]]
) -> list[Route]:
    """Return the routes of the start page and the OpenAPI document.

    Args:
        operations: The table.
        polls: A row for each results path.
    """

    async def start(request: Request) -> Response:
        page = await to_thread.run_sync(_page, operations, polls, _url(request))
        return HTMLResponse(page, headers=NO_SCRIPTS)

    @lru_cache(maxsize=ADDRESSES)
    def document(url: str) -> bytes:
        return json.dumps(openapi.document(operations, polls, url)).encode()

    async def description(request: Request) -> Response:
        body = await to_thread.run_sync(document, _url(request))
        return Response(body, media_type="application/json")

    return [
        Route("/", start, methods=["GET"]),
        Route(openapi.PATH, description, methods=["GET"]),
    ]


def _url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _page(
    operations: Mapping[str, type[Operation]], polls: Mapping[str, type[Operation]], url: str
) -> str:
    families: dict[str, list[str]] = {}
    for row in operations.values():
        line = _line(row.spec.method, row.spec.path, row.summary(), _price(row))
        families.setdefault(row.toolset(), []).append(line)
    families["results"] = [
        _line("GET", path, "Fetch the result of a generation.", "free") for path in polls
    ]
    tables = (
        f"<h2>{escape(name)}</h2>\n<table>\n{''.join(lines)}</table>"
        for name, lines in families.items()
    )
    return _PAGE.format(url=escape(url), openapi=openapi.PATH, families="\n".join(tables))


def _line(method: str, path: str, description: str, price: str) -> str:
    place = f"<code>{method} {escape(path)}</code><br><small>{escape(description)}</small>"
    return f"<tr><td>{place}<td>{escape(price)}</tr>\n"


def _price(row: type[Operation]) -> str:
    if not row.is_paid():
        return "free"
    lowest, highest = row.price_range()
    upto = credits_text(highest)
    return upto if lowest == highest else f"{lowest / 1000:g} to {upto}"
