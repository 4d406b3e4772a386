"""The Stability AI API for agents: an MCP server, a typed client and an emulator.

Public names: `open_studio` (jobs, store and budget, as used by the server), `Studio`, `Outcome`,
`StabilityStudio` (a studio with a method per operation), `Client` (only the HTTP client),
`Settings`, `read_settings`, and every error in `errors`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stability_mcp import errors
    from stability_mcp.client.client import Client
    from stability_mcp.service import StabilityStudio
    from stability_mcp.settings import Settings, read_settings
    from stability_mcp.studio import Outcome, Studio, open_studio

__all__ = [
    "Client",
    "Outcome",
    "Settings",
    "StabilityStudio",
    "Studio",
    "__version__",
    "errors",
    "open_studio",
    "read_settings",
]

_HOMES = {
    "Client": "stability_mcp.client.client",
    "Outcome": "stability_mcp.studio",
    "Settings": "stability_mcp.settings",
    "StabilityStudio": "stability_mcp.service",
    "Studio": "stability_mcp.studio",
    "open_studio": "stability_mcp.studio",
    "read_settings": "stability_mcp.settings",
}
"""Module of each public name; imported on first use to keep the server's start short."""


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name == "errors":
        return import_module("stability_mcp.errors")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
