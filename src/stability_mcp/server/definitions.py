"""How what a client is told of a tool follows from an operation."""

from stability_mcp.operation import Operation, Query
from stability_mcp.server.definition import ASKS, SPENDS, Definition
from stability_mcp.server.ours import ours
from stability_mcp.server.schema import plain_schema
from stability_mcp.wording import credits_text


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
