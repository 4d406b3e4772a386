"""Base of the arguments of a tool that isn't an operation of the API.

Length: operations, local tools and tools of the server share it, and no other layer is below all.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from stability_mcp.api.described import Described

Reference = Annotated[
    str, Field(min_length=1, description="Label, URI, path, or words: the last image.")
]
"""Names one media item or file."""


class MayBeBlank:
    """Marks a required text that may have no visible character."""


MAY_BE_BLANK = MayBeBlank()


class Arguments(Described):
    """Base of a tool's arguments; the docstring of a subclass is the tool's description.

    Unknown arguments are an error, as are NaN and infinity. Instances don't change.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
    )


def as_list(value: object) -> object:
    """Wrap a single string in a list; return anything else unchanged.

    A field of several references uses it as `BeforeValidator(as_list)`: models often pass a single
    name.
    """
    return [value] if isinstance(value, str) else value
