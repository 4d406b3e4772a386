"""The tools beside the operations, one file a family.

To add a tool
-------------
1. In the file of its family (the first word of its name), write a model of its arguments whose
   docstring is the description an agent reads, and an async function of (studio, arguments,
   context) named like the tool, decorated with `@tool`. It returns a `Data` model, an `Outcome`,
   `Shown` media or text, and holds no logic that a test would want to reach without MCP.
2. Run `make schemas` and read the diff in `tool_schemas/`.

A new family needs a place in `ORDER` of `server/toolsets.py`.
"""

import importlib
import pkgutil
from collections.abc import Mapping

from stability_mcp.server.tool import Tool


def _written() -> dict[str, Tool]:
    modules = [
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    ]
    found = (value for module in modules for value in vars(module).values())
    return {each.name: each for each in found if isinstance(each, Tool)}


TOOLS: Mapping[str, Tool] = _written()
"""Every tool that is written by hand, by name."""
