"""Lists what the page has forms for: every paid operation, and every local tool of workflows."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.local_tools import all_local_tools
from stability_mcp.pages.ui_face import ToolDefinition

NO_KIND = "text"
"""What a tool makes that stores nothing."""


@dataclass(frozen=True, kw_only=True)
class OperationList:
    """The list as JSON, which is the same for as long as the program runs."""

    entries: list[dict[str, Any]]
    etag: str

    @classmethod
    def of(cls, definitions: Mapping[str, ToolDefinition]) -> "OperationList":
        """Return the list; imports the table, so call it in a thread.

        Args:
            definitions: Every tool by name.
        """
        entries = [*_operations(definitions), *_local_tools(definitions)]
        digest = hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()
        return cls(entries=entries, etag=f'"{digest[:32]}"')


def _operations(definitions: Mapping[str, ToolDefinition]) -> Iterator[dict[str, Any]]:
    for name, row in OPERATIONS.items():
        if row.is_paid():
            low, high = row.price_range()
            yield {
                **_described(name, definitions[name]),
                "family": row.toolset(),
                "price": [low / 1000, high / 1000],
                "seconds": row.spec.seconds,
                "files": {field: mark.media for field, mark in row.file_fields().items()},
                "kind": row.media,
            }


def _local_tools(definitions: Mapping[str, ToolDefinition]) -> Iterator[dict[str, Any]]:
    for name, tool in all_local_tools().items():
        if tool.step is not None:
            family = name.partition("_")[0]
            files = {field: kind or "image" for field, kind in tool.step.files.items()}
            yield {
                **_described(name, definitions[name]),
                "family": family,
                "price": [0, 0],
                "seconds": 0,
                "files": files,
                "kind": NO_KIND if tool.writes_files else family,
            }


def _described(name: str, definition: ToolDefinition) -> dict[str, Any]:
    return {
        "name": name,
        "title": definition.title,
        "description": definition.description,
        "schema": definition.input_schema,
    }
