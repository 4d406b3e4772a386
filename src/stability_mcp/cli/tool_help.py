"""The help text of a tool on the command line, and the completion of its arguments."""

import json
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stability_mcp.api.not_offered import suggest
from stability_mcp.server.catalog import all_tools
from stability_mcp.server.definition import Definition

MAX_WIDTH = 100
"""Longer lines are hard to read."""
INDENT = " " * 8
_KINDS = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "NUMBER",
    "boolean": "",
    "array": "LIST",
    "object": "JSON",
}


def tool_help(name: str) -> str | None:
    """Return the help text of a tool, or None if there is no such tool."""
    tool = all_tools().get(name)
    return None if tool is None else "\n".join(_lines(tool))


def no_command(name: str) -> str | None:
    """Return what to write for a tool that was used as a command; None: it isn't a tool."""
    if name.replace("-", "_") in all_tools():
        tool = name.replace("-", "_")
        return f"{name} is a tool, not a command. Write: stability-mcp call {tool} ..."
    return None


def no_tool(name: str) -> str:
    """Return the sentence for a tool that doesn't exist."""
    guess = suggest(name, all_tools()) or "`stability-mcp tools` lists them."
    return f"There is no tool {name!r}. {guess}"


def complete_tool(incomplete: str) -> list[tuple[str, str]]:
    """Return the tools whose names start with a text, each with its title."""
    return [
        (name, tool.title or "")
        for name, tool in all_tools().items()
        if name.startswith(incomplete)
    ]


def complete_argument(tool: str, words: Iterable[str], incomplete: str) -> list[tuple[str, str]]:
    """Return completions for the next word: flags of a tool, or choices of the flag before it.

    Args:
        tool: The name of the tool.
        words: The words between the tool and the incomplete word.
        incomplete: What was typed of the word.
    """
    definition = all_tools().get(tool)
    if definition is None:
        return []
    fields: Mapping[str, Any] = definition.input_schema["properties"]
    flags = {flag(name): field for name, field in fields.items()}
    last = [*words][-1:]
    if last and last[0] in flags and (choices := flags[last[0]].get("enum")):
        return [(str(each), "") for each in choices if str(each).startswith(incomplete)]
    return [
        (each, field.get("description", ""))
        for each, field in flags.items()
        if each.startswith(incomplete)
    ]


def flag(name: str) -> str:
    """Return the flag of an argument: `style_preset` is `--style-preset`."""
    return f"--{name.replace('_', '-')}"


def _lines(tool: Definition) -> Iterator[str]:
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    yield f"Usage: stability-mcp call {tool.name} [--argument VALUE]..."
    yield ""
    yield from textwrap.wrap(tool.description or "", width)
    yield ""
    schema = tool.input_schema
    required = schema.get("required", ())
    fields: Mapping[str, Any] = schema["properties"]
    if not fields:
        yield "It has no arguments."
        return
    yield "Arguments:"
    for name in sorted(fields, key=lambda each: each not in required):
        yield f"  {flag(name)} {_kind(fields[name])}".rstrip()
        text = _about(fields[name], required=name in required)
        yield from textwrap.wrap(
            text, width, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
        )
    yield ""
    yield from textwrap.wrap(
        "Lists and objects are JSON. `--argument @FILE.json` reads a value from a file, "
        "`@FILE.json` reads all arguments, and `@-` reads standard input. `--json` prints the "
        "result as JSON.",
        width,
        break_on_hyphens=False,
    )


def _kind(field: Mapping[str, Any]) -> str:
    return "CHOICE" if "enum" in field else _KINDS.get(field.get("type", ""), "JSON")


def _about(field: Mapping[str, Any], *, required: bool) -> str:
    return " ".join(filter(None, _sentences(field, required=required)))


def _sentences(field: Mapping[str, Any], *, required: bool) -> Iterator[str]:
    yield field.get("description", "")
    if "enum" in field:
        only = "One of" if len(field["enum"]) > 1 else "Only"
        yield f"{only} {', '.join(map(str, field['enum']))}."
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        yield (
            f"From {low:g} to {high:,}." if isinstance(high, int) else f"From {low:g} to {high:g}."
        )
    elif high is not None:
        yield f"At most {high:g}."
    elif low is not None:
        yield f"At least {low:g}."
    if required:
        yield "Required."
    elif "default" in field:
        yield f"Default: {_shown(field['default'])}."


def _shown(value: Any) -> str:  # noqa: ANN401 -- any JSON
    return value if isinstance(value, str) else json.dumps(value)
