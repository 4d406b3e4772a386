"""Runs a tool through a real MCP client and prints what an agent would read."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from stability_mcp.cli import exit_codes
from stability_mcp.settings import Settings

if TYPE_CHECKING:
    from mcp.types import CallToolResult

MAX_JSON_BYTES = 1 << 20
"""Largest file of arguments: prompts have at most 10,000 characters, so this is ample."""
CLIENT_NAME = "stability-mcp"
"""Differs from the names of hosts, whose spending limits and timeouts don't apply here."""
_TO_START = "\r\x1b[K"
"""Returns to the start of the line and clears it; every terminal of today knows it."""


def read_arguments(words: list[str]) -> dict[str, Any]:
    """Turn `--prompt "a cat" --seed 7 --flag` into arguments; a repeated name makes a list.

    Values stay text: the tool's model parses numbers, booleans and JSON. `--name @FILE.json` reads
    the value from a file of JSON, and `@FILE.json` without a name reads all arguments; `@-` reads
    stdin. Named arguments take precedence over those of a file.

    Raises:
        BadParameter: there is a value where a `--name` should be, or a file is unusable.
    """
    named: dict[str, Any] = {}
    from_files: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("@"):
            from_files |= _read_object(word)
            continue
        if not word.startswith("--") or word == "--":
            raise typer.BadParameter(f"{word!r} isn't an argument: write --name value")
        name, has_value, text = word[2:].partition("=")
        name = name.replace("-", "_")
        if not has_value:
            text = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        value = _read_json(text) if _is_json_file(text) else text
        if name in named:
            earlier = named[name]
            named[name] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            named[name] = value
    return from_files | named


def _is_json_file(text: str) -> bool:
    """Return whether a value names a file of JSON; `@picture.png` is the picture itself."""
    return text == "@-" or (text.startswith("@") and text.lower().endswith(".json"))


def _read_object(word: str) -> dict[str, Any]:
    found = _read_json(word)
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{word}: an object of arguments is expected")
    return found


def _read_json(word: str) -> Any:  # noqa: ANN401 -- any JSON
    path = word[1:]
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_JSON_BYTES + 1)
        else:
            with Path(path).expanduser().open("rb") as file:
                data = file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{word}: {error.strerror}") from None
    if len(data) > MAX_JSON_BYTES:
        raise typer.BadParameter(f"{word}: it is larger than {MAX_JSON_BYTES:,} bytes")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{word}: it isn't JSON ({error})") from None


class ProgressLine:
    """Writes progress to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._shown = False

    async def report(self, progress: float, total: float | None, message: str | None) -> None:
        """Show a progress notification; the signature is that of an MCP progress callback."""
        share = f"{progress / total:4.0%} " if total else ""
        text = f"{share}{message or ''}"
        if self._rewrites:
            # The last column stays free, where some terminals would start a new line.
            text = text[: shutil.get_terminal_size().columns - 1]
            self._write(f"{_TO_START}{text}")
            self._shown = True
        else:
            self._write(f"{text}\n")

    def clear(self) -> None:
        """Remove the line from a terminal, so that the answer starts on an empty line."""
        if self._shown:
            self._write(_TO_START)
            self._shown = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


async def run_call(
    settings: Settings, tool: str, arguments: Mapping[str, Any], *, as_json: bool
) -> int:
    """Call a tool, print its text or its facts as JSON, and show progress on stderr.

    Returns:
        The exit code.
    """
    from mcp import Client
    from mcp.types import Implementation

    from stability_mcp import __version__
    from stability_mcp.server.app import build_server
    from stability_mcp.server.face import Face

    progress = ProgressLine(sys.stderr)
    myself = Implementation(name=CLIENT_NAME, version=__version__)
    server = build_server(settings, face=Face(listed_as="command line"))
    async with Client(server, client_info=myself) as client:
        try:
            result = await client.call_tool(
                tool, dict(arguments), progress_callback=progress.report
            )
        finally:
            progress.clear()
    if as_json:
        typer.echo(json.dumps(facts(result), ensure_ascii=False, indent=2))
    else:
        _print(result)
    return exit_code(result)


def _print(result: "CallToolResult") -> None:
    from mcp.types import ResourceLink, TextContent

    for block in result.content:
        if isinstance(block, TextContent):
            typer.echo(block.text, err=bool(result.is_error))
        elif isinstance(block, ResourceLink):
            typer.echo(f"resource: {block.uri}")


def facts(result: "CallToolResult") -> dict[str, Any]:
    """Return a result as JSON for programs: its facts, or the error, and the text."""
    from mcp.types import TextContent

    from stability_mcp.server.error_results import ERROR
    from stability_mcp.server.plain_results import FACTS

    meta = result.meta or {}
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if ERROR in meta:
        return {"error": {**meta[ERROR], "text": text}}
    found: dict[str, Any] = meta.get(FACTS) or result.structured_content or {}
    cost = {"cost": meta["cost"]} if "cost" in meta else {}
    return {**found, **cost, "text": text}


def exit_code(result: "CallToolResult") -> int:
    """Return the exit code for the result of a tool."""
    if not result.is_error:
        return exit_codes.SUCCESS
    from stability_mcp.server.error_results import ERROR
    from stability_mcp.server.plain_results import FACTS

    meta = result.meta or {}
    if ERROR in meta:
        return exit_codes.code_of(meta[ERROR]["kind"], meta[ERROR]["charged"])
    jobs = meta.get(FACTS, {}).get("jobs", ())  # a call whose jobs all failed
    return max(
        (exit_codes.code_of("JobError", job["charged"]) for job in jobs), default=exit_codes.OTHER
    )


def list_tools(settings: Settings) -> Iterable[str]:
    """Return a line for each enabled tool: its name and when to use it."""
    from stability_mcp.server.catalog import enabled_tools

    shown = enabled_tools(settings.toolsets)
    width = max(len(tool.name) for tool in shown)
    for tool in shown:
        first, _, _ = (tool.description or "").partition(". ")
        yield f"{tool.name:<{width}}  {first.rstrip('.')}."
