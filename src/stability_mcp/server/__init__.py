"""The MCP face: tools, results, resources, prompts and progress."""
