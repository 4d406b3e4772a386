"""The MCP face: tools, results, resources, prompts and the two transports.

Nothing here knows any particular operation. The path of a tool call is
`app.py` (finds the tool) -> `tool_calls.py` -> the studio, for tools of ours by way of `tools/` ->
`results.py` or `error_results.py`. To add a tool see `tools/__init__.py`.
"""
