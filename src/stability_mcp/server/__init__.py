"""The MCP face: tools, results, resources, prompts and the two transports.

Nothing here knows a particular operation. The path of a tool call: `app` finds the tool ->
`tool_calls` parses the arguments and opens the studio (`lazy_studio`) -> an operation goes to
`Studio.run`, any other tool to its function in `tools/` -> `results` or `error_results` builds the
answer. A tool that needs no studio goes through `free_calls` instead. `opening` opens an existing
store without waiting for a call. `stdio` and `http_server` are the transports. To add a tool, see
`tools/__init__.py`.
"""
