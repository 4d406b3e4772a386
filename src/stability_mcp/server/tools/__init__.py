"""The hand-written tools, one file per family.

To add a tool
-------------
1. In the file of its family (the first word of its name), write a model of its arguments whose
   docstring is the description an agent reads, and an async function of (studio, arguments,
   context) named like the tool, decorated with `@tool`. It returns a `Data` model, an `Outcome`,
   `Shown` media or text. Logic that tests need without MCP belongs in the studio.
2. Run `make schemas` and read the diff in `tool_schemas/`.

Add a new family to `ORDER` in `server/toolsets.py`, and to `BASIC` if most conversations need it.
Tools on stored media that don't spend anything belong in `local_tools/`; `local.py` serves them.
List a tool that needs no studio in `FREE_TOOLS` with its file; its function gets None as studio.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import anyio.to_thread

if TYPE_CHECKING:
    from stability_mcp.server.tool import Tool

FREE_TOOLS: Mapping[str, str] = {"guide": "guide"}
"""File of each tool that needs no studio; it is loaded without the others."""


@cache
def all_tools() -> Mapping[str, "Tool"]:
    """Return every hand-written tool by name; imports the studio."""
    from stability_mcp.server.tools.local import local_tools

    return {**_tools_in(module.name for module in pkgutil.iter_modules(__path__)), **local_tools()}


async def load_tools() -> Mapping[str, "Tool"]:
    """Return every hand-written tool by name; the first call imports them in a thread."""
    if not all_tools.cache_info().currsize:
        await anyio.to_thread.run_sync(all_tools)
    return all_tools()


@cache
def free_tools() -> Mapping[str, "Tool"]:
    """Return the tools that need no studio, by name."""
    return _tools_in(FREE_TOOLS.values())


def _tools_in(modules: Iterable[str]) -> Mapping[str, "Tool"]:
    from stability_mcp.server.tool import Tool

    loaded = [importlib.import_module(f"{__name__}.{name}") for name in modules]
    found = (value for module in loaded for value in vars(module).values())
    return {each.name: each for each in found if isinstance(each, Tool)}
