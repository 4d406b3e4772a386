"""What a client is told of a tool, and how that follows from an operation.

A definition is plain data, the very JSON of a file in `tool_schemas/`: the server lists its tools
from those files, so that a start needs neither the table nor the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stability_mcp.hints import OURS
from stability_mcp.operation import Operation, Query
from stability_mcp.server.ours import ours
from stability_mcp.server.schema import Schema, in_order, plain_schema
from stability_mcp.wording import credits_text

Effects = Mapping[str, bool]

SPENDS: Effects = {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": True}
"""Costs credits."""
ASKS: Effects = {"readOnlyHint": True, "openWorldHint": True}
"""Asks the API something; free."""
FETCHES: Effects = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": True,
}
"""Takes something from the API into what is here; free."""
LOOKS: Effects = {"readOnlyHint": True, "openWorldHint": False}
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


def of_operation(row: type[Operation]) -> Definition:
    """Return the tool of an operation."""
    schema = plain_schema(row)
    beside = ours(row)
    if beside is not None:
        schema["properties"] |= plain_schema(beside)["properties"]
    toolset = row.toolset()
    said = (row.summary(), price_sentence(row), row.guidance())
    return Definition(
        name=row.name(),
        title=f"{toolset}: {row.name().removeprefix(f'{toolset}_').replace('_', ' ')}".capitalize(),
        description=" ".join(filter(None, said)),
        annotations=SPENDS if row.is_paid() else ASKS,
        input_schema=schema,
        output_schema=plain_schema(row.result) if issubclass(row, Query) else None,
    )


def price_sentence(row: type[Operation]) -> str:
    """Return `5 credits, about 14 s.`, `From 2.5 to 6.5 credits.` or `Free.`."""
    if not row.is_paid():
        return "Free."
    low, high = map(credits_text, row.price_range())
    price = high if low == high else f"From {low.split()[0]} to {high}"
    return f"{price}{f', about {row.spec.seconds:g} s' if row.spec.seconds else ''}."
