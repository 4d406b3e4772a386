"""What a tool is told of the call beside its arguments."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from stability_mcp.settings import Settings

Progress = Callable[[str, float], Awaitable[None]]
"""Told what is going on, in words, and how far it is, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """One call of a tool."""

    tool: str
    settings: Settings
    enabled: frozenset[str]
    """Names of the tools that this server offers."""
    wait: float
    """Seconds after which the call hands back what is still under way."""
    progress: Progress | None = None
    client: str = ""
    """What the client calls itself."""
