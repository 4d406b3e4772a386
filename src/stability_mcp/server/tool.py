"""A tool that is written by hand: a model of its arguments and a function that does one thing."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict

from stability_mcp.api.described import Described
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import Definition, Effects
from stability_mcp.server.tool_schema import plain_schema


class Arguments(Described):
    """Base of the arguments of a tool; the docstring of a subclass is the tool's description."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,
    )


class PageArguments(Arguments):
    """Base of the arguments of a tool that lists things page by page."""

    cursor: str | None = None
    """`next_cursor` of the page before."""
    before: str | None = None
    """Deprecated: use cursor."""

    @property
    def wanted_cursor(self) -> str | None:
        """Return the cursor, whichever of its two names the caller used."""
        return self.before if self.cursor is None else self.cursor


class Data(Described):
    """Base of what a tool answers that only returns data; None means that there is none."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    def dumped(self) -> dict[str, Any]:
        """Return it as JSON, without what there is none of."""
        return self.model_dump(mode="json", exclude_none=True)

    def as_text(self) -> str | None:
        """Return the text that an answer has in place of this as JSON; None: it has the JSON."""
        return None


class PageData(Data):
    """Base of a page of a list; both fields have the same value."""

    next_cursor: str | None = None
    """Pass it as `cursor` for older ones."""
    next: str | None = None
    """Deprecated: the same as next_cursor."""


def listed_alone(value: object) -> object:
    """Return a list of the one text that a caller gave where a list belongs."""
    return [value] if isinstance(value, str) else value


Function = Callable[[Any, Any, CallContext], Awaitable[Any]]
"""Takes the studio, the arguments and what is known of the call.

A tool of `FREE_TOOLS` gets None instead of the studio.
"""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that is written by hand."""

    name: str
    title: str
    effects: Effects
    arguments: type[Arguments]
    output: type[BaseModel] | None
    """What it answers; None: text and perhaps a picture."""
    function: Function
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to say about an argument that does not exist here but that callers try."""

    def definition(self) -> Definition:
        """Return the tool as clients see it."""
        return Definition(
            name=self.name,
            title=self.title,
            description=" ".join(inspect.cleandoc(self.arguments.__doc__ or "").split()),
            annotations=self.effects,
            input_schema=plain_schema(self.arguments),
            output_schema=plain_schema(self.output) if self.output else None,
        )


def tool(
    *,
    title: str,
    effects: Effects,
    hints: Mapping[str, str] | None = None,
) -> Callable[[Function], Tool]:
    """Make a tool of a function; its name, arguments and answer are those of the function.

    Args:
        title: Its name for people.
        effects: What it does to the world: `SPENDS`, `QUERIES`, `READS` or `CHANGES`.
        hints: What to say about arguments that do not exist but that callers try.
    """

    def make(function: Function) -> Tool:
        types = get_type_hints(function)
        answer = types["return"]
        return Tool(
            name=function.__name__,
            title=title,
            effects=effects,
            arguments=types["arguments"],
            output=answer if isinstance(answer, type) and issubclass(answer, Data) else None,
            function=function,
            hints=hints or {},
        )

    return make
