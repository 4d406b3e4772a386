"""A hand-written tool: a model of its arguments and the function that runs it."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict

from stability_mcp.api.described import Described
from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.periods import Period, parse_period
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import Definition, Effects
from stability_mcp.server.tool_schema import plain_schema


class PeriodArguments(Arguments):
    """Base of the arguments of a tool whose answer can be limited to a period."""

    since: str | None = None
    """From: 2026-11-22, 2026-11-22T14:00, today, 2h or 3d (ago)."""
    until: str | None = None
    """Up to this time; a day is included."""

    @property
    def period(self) -> Period:
        """The period; it contains every time by default.

        Raises:
            ArgumentsError: a text isn't a time.
        """
        return parse_period(self.since, self.until)


class PageArguments(PeriodArguments):
    """Base of the arguments of a tool that returns pages."""

    cursor: str | None = None
    """The previous page's next_cursor."""
    before: str | None = None
    """Deprecated: use cursor."""

    @property
    def wanted_cursor(self) -> str | None:
        """The cursor, under either of its two names; `cursor` wins."""
        return self.before if self.cursor is None else self.cursor


class Data(Described):
    """Base of the result of a tool that only returns data; None means absent."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    def dumped(self) -> dict[str, Any]:
        """Return the fields as JSON, without those that are None."""
        return self.model_dump(mode="json", exclude_none=True)

    def as_text(self) -> str | None:
        """Return the text that replaces the JSON in the answer; None keeps the JSON."""
        return None


class PageData(Data):
    """Base of a page of results; both fields have the same value."""

    next_cursor: str | None = None
    """Pass as `cursor` to get the next, older page; absent on the last page."""
    next: str | None = None
    """Deprecated: use next_cursor."""


Function = Callable[[Any, Any, CallContext], Awaitable[Any]]
"""Takes the studio (None for a tool of `FREE_TOOLS`), the arguments and the call's context."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A hand-written tool."""

    name: str
    title: str
    effects: Effects
    arguments: type[Arguments]
    output: type[BaseModel] | None
    """Model of the structured result; None: text, perhaps with a picture."""
    function: Function
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to do instead, by name of an unknown argument that callers try."""
    parses: bool = False
    """Whether the function takes the arguments as they came and parses them itself."""

    def definition(self) -> Definition:
        """Return the tool's entry in the list that clients get."""
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
    """Turn a function into a tool; name, arguments and result come from its signature.

    Args:
        title: Display name.
        effects: Annotations: `SPENDS`, `QUERIES`, `FETCHES`, `READS`, `CHANGES` or `DELETES`.
        hints: What to do instead, by name of an unknown argument that callers try.
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
