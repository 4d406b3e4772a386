"""A tool's entry in the list that clients get, as stored in `tool_schemas/`.

The server lists its tools from those files, so starting needs neither the table nor the store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stability_mcp.api.fields import OURS

Schema = dict[str, Any]

Effects = Mapping[str, bool]

SPENDS: Effects = {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": True}
"""Costs credits."""
QUERIES: Effects = {"readOnlyHint": True, "openWorldHint": True}
"""Reads data from the API; free."""
FETCHES: Effects = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": True,
}
"""Fetches data from the API or the web into the store; free."""
READS: Effects = {"readOnlyHint": True, "openWorldHint": False}
"""Reads the store; free."""
CHANGES: Effects = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": False,
}
"""Adds to the store or renames in it without losing anything; free."""

DELETES: Effects = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": True,
    "openWorldHint": False,
}
"""Removes from the store what can be restored for some time only; free."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A tool as clients see it."""

    name: str
    title: str
    description: str
    annotations: Effects
    input_schema: Schema
    output_schema: Schema | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the definition under the protocol's names."""
        entry: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "annotations": dict(self.annotations),
            "inputSchema": self.input_schema,
        }
        return entry | ({"outputSchema": self.output_schema} if self.output_schema else {})

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Definition":
        """Parse the output of `to_json`."""
        return cls(
            name=entry["name"],
            title=entry["title"],
            description=entry["description"],
            annotations=entry["annotations"],
            input_schema=in_order(entry["inputSchema"], last=OURS),
            output_schema=entry.get("outputSchema"),
        )


def in_order(schema: Schema, last: Iterable[str] = ()) -> Schema:
    """Sort the properties, required ones first: models fill in what they read first.

    Args:
        schema: Schema of an object.
        last: Names of properties to put last.
    """
    properties = schema["properties"]
    first = schema.get("required", [])
    end = [name for name in last if name in properties]
    middle = sorted(properties.keys() - {*first, *end})
    return schema | {"properties": {name: properties[name] for name in (*first, *middle, *end)}}
