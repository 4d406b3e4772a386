"""The arguments of paid tools that aren't sent to the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stability_mcp.api.fields import MAX_VARIANTS, unmeasured
from stability_mcp.api.operation import Operation
from stability_mcp.api.parsing import parse_model


class Label(BaseModel):
    """Arguments of every paid tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Annotated[
        Annotated[str, Field(min_length=1, json_schema_extra=unmeasured)] | None,
        Field(description="Name for the result."),
    ] = None
    preview: Literal["none"] | None = None
    """Only `none`: the setting chooses the size, and every byte of a schema counts."""
    confirm_spend: Annotated[
        Annotated[float, Field(ge=0, json_schema_extra=unmeasured)] | None,
        Field(description="Approved by the user."),
    ] = None


class Variants(Label):
    """Arguments of a paid tool with a seed."""

    count: Annotated[
        int,
        Field(ge=1, le=MAX_VARIANTS, description="Variants, each charged."),
    ] = 1


class Enlarging(Label):
    """Arguments of an upscaler without a seed."""

    allow_smaller: Annotated[bool | None, Field(description="Even with fewer pixels.")] = None


class CuttingOut(Label):
    """Arguments of background removal."""

    full_size: Annotated[bool | None, Field(description="Also cut out the full original.")] = None


class EnlargingVariants(Enlarging, Variants):
    """Arguments of an upscaler with a seed."""


def extra_model(row: type[Operation]) -> type[Label] | None:
    """Return the model of the extra arguments of an operation, or None."""
    if not row.is_paid():
        return None
    if row.cuts_out:
        return CuttingOut
    if row.enlarges:
        return EnlargingVariants if row.takes_count() else Enlarging
    return Variants if row.takes_count() else Label


@dataclass(frozen=True, kw_only=True)
class Split:
    """The extra arguments of a call, and the rest, which is sent to the API."""

    label: str | None = None
    count: int = 1
    preview: Literal["none"] | None = None
    confirm_spend: float | None = None
    allow_smaller: bool | None = None
    full_size: bool | None = None
    rest: dict[str, Any]


def split(row: type[Operation], arguments: Mapping[str, Any]) -> Split:
    """Split the arguments of a call into extra ones and those for the API.

    Raises:
        ArgumentsError: an extra argument is invalid.
    """
    model = extra_model(row)
    if model is None:
        return Split(rest=dict(arguments))
    own = {name: arguments[name] for name in model.model_fields if name in arguments}
    rest = {name: value for name, value in arguments.items() if name not in own}
    read = parse_model(model, own, what=row.name())
    return Split(**read.model_dump(), rest=rest)
