"""The whole Stability AI API for agents: an MCP server, a typed client and an emulator."""

__version__ = "0.1.0"
