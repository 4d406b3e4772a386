"""What the program hands the web page, which knows neither the MCP server nor REST.

Length: the types at the border of two packages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stability_mcp.pages.page_token import PageTokens
from stability_mcp.pages.studio_source import GetStudio


@dataclass(frozen=True, kw_only=True)
class ToolRequest:
    """A tool call of the page."""

    name: str
    arguments: Mapping[str, Any]
    key: str | None
    """Its `Idempotency-Key`: the same key never runs or charges a call twice."""
    prefer: Sequence[str]
    """Its `Prefer` headers, which say how long it waits."""


class ToolDefinition(Protocol):
    """A tool as MCP clients see it."""

    @property
    def title(self) -> str:
        """Display name."""
        ...

    @property
    def description(self) -> str:
        """When to use it."""
        ...

    @property
    def input_schema(self) -> Mapping[str, Any]:
        """JSON schema of its arguments."""
        ...


@dataclass(frozen=True, kw_only=True)
class UiFace:
    """The program that serves the page."""

    tokens: PageTokens
    get_studio: GetStudio
    """Returns the studio as the page may use it: without files of this machine."""
    call_tool: Callable[[ToolRequest], Awaitable[Mapping[str, Any]]]
    """Runs a tool; raises `UiProblemError` or a `StudioError`."""
    read_json: Callable[[bytes], Any]
    """Reads JSON strictly; raises `UiProblemError`."""
    definitions: Callable[[], Mapping[str, ToolDefinition]]
    """Returns every tool by name."""
