"""Runs a tool through a real MCP client and prints what an agent would read."""

import sys
from collections.abc import Iterable
from typing import Any

import typer

from stability_mcp.settings import Settings


def read_arguments(words: list[str]) -> dict[str, Any]:
    """Turn `--prompt "a cat" --seed 7 --flag` into arguments; a repeated name makes a list.

    Values stay text: the tool's model parses numbers, booleans and JSON lists.

    Raises:
        BadParameter: there is a value where a `--name` should be.
    """
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise typer.BadParameter(f"{word!r} isn't an argument: write --name value")
        name, has_value, value = word[2:].partition("=")
        name = name.replace("-", "_")
        if not has_value:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        if name in found:
            earlier = found[name]
            found[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            found[name] = value
    return found


async def run_call(settings: Settings, tool: str, arguments: dict[str, Any]) -> bool:
    """Call a tool, print its text, and write progress to stderr; return whether it succeeded."""
    from mcp import Client
    from mcp.types import ResourceLink, TextContent

    from stability_mcp.server.app import build_server

    async def report(progress: float, total: float | None, message: str | None) -> None:
        share = f"{progress / total:4.0%} " if total else ""
        sys.stderr.write(f"{share}{message or ''}\n")

    async with Client(build_server(settings)) as client:
        result = await client.call_tool(tool, arguments, progress_callback=report)
    for block in result.content:
        if isinstance(block, TextContent):
            typer.echo(block.text, err=bool(result.is_error))
        elif isinstance(block, ResourceLink):
            typer.echo(f"resource: {block.uri}")
    return not result.is_error


def list_tools(settings: Settings) -> Iterable[str]:
    """Return a line for each enabled tool: its name and when to use it."""
    from stability_mcp.server.catalog import enabled_tools

    shown = enabled_tools(settings.toolsets)
    width = max(len(tool.name) for tool in shown)
    for tool in shown:
        first, _, _ = (tool.description or "").partition(". ")
        yield f"{tool.name:<{width}}  {first.rstrip('.')}."
