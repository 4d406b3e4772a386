"""The tools there are: read from the files that ship with the program, or made from the code.

Reading takes a few milliseconds; making them imports the table. `make schemas` writes the files and
a test compares the two.
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
"""Where the files are: in an installed package, and in a source checkout."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"])")
_NAMED = re.compile(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`")


def enabled_tools(chosen: Iterable[str]) -> tuple[Definition, ...]:
    """Return the tools of the chosen toolsets, whose descriptions name no others.

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
    """Return every tool by name, from the first of the folders that has files."""
    for folder in shipped:
        files = sorted(folder.glob("*.json"))
        if files:
            return read(files)
    return from_code()


def read(files: Iterable[Path]) -> dict[str, Definition]:
    """Return the tools that the files describe."""
    shown = (json.loads(file.read_bytes()) for file in files)
    return {each["name"]: Definition.from_json(each) for each in shown}


def from_code() -> dict[str, Definition]:
    """Return every tool as the code has it: one for each operation, and those beside them."""
    from stability_mcp.api.operations import OPERATIONS
    from stability_mcp.server import tools
    from stability_mcp.server.tool_schema import of_operation

    operations = {name: of_operation(row) for name, row in OPERATIONS.items()}
    return operations | {name: each.definition() for name, each in tools.all_tools().items()}


def without(text: str, names: Iterable[str]) -> str:
    """Return the text without the sentences that name one of these tools in backticks."""
    off = frozenset(names)
    return " ".join(each for each in _SENTENCE.split(text) if not off & set(_NAMED.findall(each)))
