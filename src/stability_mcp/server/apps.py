"""MCP Apps: pages that a host draws in a frame next to an answer (`io.modelcontextprotocol/ui`).

An App adds nothing to an answer: text, pictures and facts are the same with and without Apps, as
many hosts fail to mount one. A tool only names its page, and the page reads the facts that every
client gets.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from stability_mcp.server.definition import SPENDS, Definition
from stability_mcp.text import quoted

APPS = "io.modelcontextprotocol/ui"
MEDIA_TYPE = "text/html;profile=mcp-app"
"""Hosts mount no other type."""

Choice = Literal["tools", "all", "off"]
"""Which tools have an App: those of the table, those that cost credits too, or none."""

_PREFIX = "ui://stability/"
_OF_TOOLS = {"media_show": "viewer", "image_compare": "compare", "image_mask": "mask"}
_PAGES = frozenset(_OF_TOOLS.values())
_BUILT = Path(__file__).parent.parent / "pages" / "static" / "apps"
"""Built from `src/web/apps`. Read as files: importing `pages` would cost the start of stdio."""


class AppsExtension(Extension):
    """Advertises Apps in `server/discover`."""

    identifier = APPS


async def advertise(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Advertise Apps in the answer of `initialize` too, as middleware.

    The SDK serialises that answer by a schema without extensions, but the hosts that support Apps
    use this handshake and look for them.
    """
    answer = await call_next(ctx)
    if ctx.method != "initialize" or not isinstance(answer, dict):
        return answer
    capabilities = answer["capabilities"]
    extensions = {**capabilities.get("extensions", {}), APPS: {}}
    return {**answer, "capabilities": {**capabilities, "extensions": extensions}}


def app_meta(tool: Definition, choice: Choice) -> Mapping[str, Any] | None:
    """Return the `_meta` with which a tool names its App; None: it has none.

    Paid tools have one only if the user asks for it: where mounting fails, some models tell the
    user that the result can be seen already.
    """
    page = _OF_TOOLS.get(tool.name)
    if page is None and choice == "all" and tool.annotations == SPENDS:
        page = "viewer"
    if page is None or choice == "off":
        return None
    uri = f"{_PREFIX}{page}.html"
    return {"ui": {"resourceUri": uri}, "ui/resourceUri": uri}  # the flat key is for older hosts


async def read(uri: str, choice: Choice) -> list[ReadResourceContents] | None:
    """Return the page of an App; None: the URI has another scheme.

    Raises:
        ResourceNotFoundError: there is no such App.
        ResourceError: it wasn't built.
    """
    if not uri.startswith("ui://"):
        return None
    page = uri.removeprefix(_PREFIX).removesuffix(".html")
    if choice == "off" or page not in _PAGES or uri != f"{_PREFIX}{page}.html":
        raise ResourceNotFoundError(f"There is no resource {quoted(uri)}.")
    path = _BUILT / f"{page}.html"
    try:
        text = await anyio.to_thread.run_sync(partial(path.read_text, encoding="utf-8"))
    except FileNotFoundError as error:
        raise ResourceError(
            f"{quoted(uri)} isn't in this installation. In a source checkout, run make web."
        ) from error
    return [ReadResourceContents(text, MEDIA_TYPE)]
