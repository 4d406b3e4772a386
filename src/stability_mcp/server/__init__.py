"""The MCP face: tools, results, resources, prompts and the two transports.

Nothing here knows any particular operation. The path of a tool call is
`app.py` (finds the tool) -> `tools/` (one small function each) -> `studio.py` (does it) ->
`results.py` or `errors.py` (says it). To add a tool see `tools/__init__.py`.
"""
