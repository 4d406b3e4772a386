"""The arguments that a paid tool has beside the API's: never part of the request."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from stability_mcp.arguments import parse_model
from stability_mcp.fields import unmeasured
from stability_mcp.operation import Operation

MOST_VARIANTS = 8
"""Most variants of one call: a contact sheet of more shows nothing."""


class Label(BaseModel):
    """What every paid tool has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Annotated[
        Annotated[str, Field(min_length=1, max_length=40, json_schema_extra=unmeasured)] | None,
        Field(description="Names the result."),
    ] = None


class Variants(Label):
    """What a paid tool with a seed has."""

    count: Annotated[int, Field(ge=1, le=MOST_VARIANTS, description="Variants, each paid.")] = 1


def ours(row: type[Operation]) -> type[Label] | None:
    """Return the model of these arguments; None: the operation has none."""
    if not row.is_paid():
        return None
    return Variants if row.takes_count() else Label


def split(
    row: type[Operation], arguments: Mapping[str, Any]
) -> tuple[str | None, int, dict[str, Any]]:
    """Return label, count and the arguments that are the API's.

    Raises:
        ArgumentsError: label or count break a rule.
    """
    model = ours(row)
    if model is None:
        return None, 1, dict(arguments)
    own = {name: arguments[name] for name in model.model_fields if name in arguments}
    rest = {name: value for name, value in arguments.items() if name not in own}
    read = parse_model(model, own, what=row.name())
    return read.label, getattr(read, "count", 1), rest
