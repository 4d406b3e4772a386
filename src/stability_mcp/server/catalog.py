"""Loads the tool definitions from the shipped files, or builds them from the code.

Reading the files takes a few milliseconds; building imports the table. `make schemas` writes the
files and a test compares the two.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from stability_mcp.server.definition import Definition
from stability_mcp.server.toolsets import enabled

_PACKAGE = Path(__file__).parent.parent
SHIPPED = (_PACKAGE / "tool_schemas", _PACKAGE.parent.parent / "tool_schemas")
"""Folders of the files: in an installed package, and in a source checkout."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"])")
_NAMED = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`")


def enabled_tools(chosen: Iterable[str]) -> tuple[Definition, ...]:
    """Return the tools of the chosen toolsets; their descriptions name no disabled tool.

    Raises:
        ConfigurationError: there is no toolset of that name.
    """
    every = all_tools()
    shown = enabled(every, chosen)
    off = every.keys() - set(shown)
    return tuple(
        replace(every[name], description=without(every[name].description, off)) for name in shown
    )


@cache
def all_tools(shipped: tuple[Path, ...] = SHIPPED) -> Mapping[str, Definition]:
    """Return every tool by name, from the first folder that contains files."""
    for folder in shipped:
        files = sorted(folder.glob("*.json"))
        if files:
            return read(files)
    return from_code()


def read(files: Iterable[Path]) -> dict[str, Definition]:
    """Read the definitions in the files."""
    entries = (json.loads(file.read_bytes()) for file in files)
    return {each["name"]: Definition.from_json(each) for each in entries}


def from_code() -> dict[str, Definition]:
    """Build every definition from the code: one per operation, and the hand-written tools."""
    from stability_mcp.api.operations import OPERATIONS
    from stability_mcp.server import tools
    from stability_mcp.server.tool_schema import of_operation

    operations = {name: of_operation(row) for name, row in OPERATIONS.items()}
    return operations | {name: each.definition() for name, each in tools.all_tools().items()}


def without(text: str, names: Iterable[str]) -> str:
    """Drop the sentences that name one of these tools in backticks."""
    off = frozenset(names)
    return " ".join(each for each in _SENTENCE.split(text) if not off & set(_NAMED.findall(each)))
