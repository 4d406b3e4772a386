"""Puts stored media in the place of the files that an item names.

The files of a run are imported when it starts, so it can continue days later, without its client
and although the user moved them.

Length: one rule, which planning doesn't need.
"""

from collections.abc import Mapping
from typing import Any

from stability_mcp.workflows.predictions import takes_files


def with_files(tool: str, arguments: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of a tool with files replaced.

    Args:
        tool: The tool.
        arguments: Its arguments.
        files: Ids of stored media by what they are called in the plan; others stay as they are.
    """
    takes = takes_files(tool)

    def replaced(value: Any, argument: str) -> Any:  # noqa: ANN401 -- any JSON
        if isinstance(value, str):
            return files.get(value, value) if argument in takes else value
        if isinstance(value, Mapping):
            return {name: replaced(each, name) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [replaced(each, argument) for each in value]
        return value

    return {name: replaced(value, name) for name, value in arguments.items()}
