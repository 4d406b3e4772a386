"""The tools beside the operations, one file a family.

To add a tool
-------------
1. In the file of its family (the first word of its name), write a model of its arguments whose
   docstring is the description an agent reads, and an async function of (studio, arguments,
   context) named like the tool, decorated with `@tool`. It returns a `Data` model, an `Outcome`,
   `Shown` media or text, and holds no logic that a test would want to reach without MCP.
2. Run `make schemas` and read the diff in `tool_schemas/`.

A new family needs a place in `ORDER` of `server/toolsets.py`. A tool that needs no studio is
listed in `FREE_TOOLS` with its file, and its function gets None instead of the studio.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stability_mcp.server.tool import Tool

FREE_TOOLS: Mapping[str, str] = {"guide": "guide"}
"""The tools that need no studio and the file of each, which is loaded without the others."""


@cache
def all_tools() -> Mapping[str, "Tool"]:
    """Return every tool that is written by hand, by name; loads the studio."""
    return _written(module.name for module in pkgutil.iter_modules(__path__))


@cache
def free_tools() -> Mapping[str, "Tool"]:
    """Return the tools that need no studio, by name."""
    return _written(FREE_TOOLS.values())


def _written(modules: Iterable[str]) -> Mapping[str, "Tool"]:
    from stability_mcp.server.tool import Tool

    loaded = [importlib.import_module(f"{__name__}.{name}") for name in modules]
    found = (value for module in loaded for value in vars(module).values())
    return {each.name: each for each in found if isinstance(each, Tool)}
