"""What a client is told of a tool: plain data, the very JSON of a file in `tool_schemas/`.

The server lists its tools from those files, so a start needs neither the table nor the store.
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
"""Asks the API something; free."""
FETCHES: Effects = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": True,
}
"""Takes something from the API into what is here; free."""
READS: Effects = {"readOnlyHint": True, "openWorldHint": False}
"""Reads what is here."""
CHANGES: Effects = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": False,
}
"""Adds to what is here or renames it; free, and nothing is lost."""


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
        """Return it under the protocol's own names."""
        shown: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "annotations": dict(self.annotations),
            "inputSchema": self.input_schema,
        }
        return shown | ({"outputSchema": self.output_schema} if self.output_schema else {})

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> "Definition":
        """Read back what `to_json` gave."""
        return cls(
            name=shown["name"],
            title=shown["title"],
            description=shown["description"],
            annotations=shown["annotations"],
            input_schema=in_order(shown["inputSchema"], last=OURS),
            output_schema=shown.get("outputSchema"),
        )


def in_order(schema: Schema, last: Iterable[str] = ()) -> Schema:
    """Return the schema with what is required first: models fill in what they read first.

    Args:
        schema: That of an object.
        last: Names of properties that come last.
    """
    properties = schema["properties"]
    first = schema.get("required", [])
    end = [name for name in last if name in properties]
    middle = sorted(properties.keys() - {*first, *end})
    return schema | {"properties": {name: properties[name] for name in (*first, *middle, *end)}}
