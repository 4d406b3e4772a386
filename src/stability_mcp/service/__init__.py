"""The studio for Python services: `StabilityStudio`, with one awaitable method per operation."""

from stability_mcp.service.stability_studio import StabilityStudio

__all__ = ["StabilityStudio"]
