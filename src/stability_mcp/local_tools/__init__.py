"""Tools that work on stored media on this machine: free, and without the API.

To add a tool
-------------
1. Add a module named like the tool. Write a model of its arguments (`Arguments`), whose docstring
   is the description a model reads, and an async function of (workbench, arguments), named like
   the tool and decorated with `@local_tool`, that returns a `LocalResult`. What it computes on
   pixels or samples belongs in `imaging/`.
2. Run `make schemas` and read the diff in `tool_schemas/`.

Tools know nothing about MCP: the server, workflows and REST call the same functions.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stability_mcp.local_tools.local_tool import LocalTool


@cache
def all_local_tools() -> Mapping[str, "LocalTool"]:
    """Return every local tool by name."""
    from stability_mcp.local_tools.local_tool import LocalTool

    modules = [
        importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)
    ]
    found = (value for module in modules for value in vars(module).values())
    return {each.name: each for each in found if isinstance(each, LocalTool)}
