"""Reads the file of default arguments (`STABILITY_DEFAULTS`), and checks all of it.

It is YAML or JSON:

    "*": {output_format: webp}              # every tool that takes it
    audio3: {output_format: wav}            # a family: tools whose names begin so
    generate_sd3: {aspect_ratio: 16:9}      # one tool

The most specific entry wins. Scalars are read as in YAML 1.2: in 1.1, `16:9` is the number 969.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import BaseModel

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.parsing import read_argument
from stability_mcp.errors import ConfigurationError
from stability_mcp.local_tools import all_local_tools
from stability_mcp.studio.defaults import NO_DEFAULTS, Defaults, Values
from stability_mcp.text import did_you_mean, listed, quoted

MAX_BYTES = 100_000
"""Largest file: 50 tools with a negative prompt of 1,000 characters each are half of it."""
EVERY_TOOL = "*"

_CHARGED = "each one is charged"
_ONE_CALL = "it belongs to one call"
NEVER: Mapping[str, str] = MappingProxyType(
    {
        "confirm_spend": "it is the user's answer to one question",
        "count": _CHARGED,
        "samples": _CHARGED,
        "allow_smaller": "it allows a result that is worse than its input",
        "full_size": _ONE_CALL,
        "label": "it names one result",
        "preview": "STABILITY_PREVIEW sets it",
        "overwrite": "it replaces files",
        "mask_start": _ONE_CALL,
        "mask_end": _ONE_CALL,
    }
)
"""Arguments without a default, and why: they cost money, permit something or name one thing."""
TEXTS = frozenset({"negative_prompt", "engine_id", "background", "to", "profile", "preset"})
"""Texts and lists that may have a default; any other one says what a call is about, such as a
prompt, or names a file. Numbers and choices may, unless `NEVER` has them."""
_REPEATED = "a name is repeated"
_OWN_TEXT = "it says what one call is about"


@dataclass(frozen=True, kw_only=True)
class _Tool:
    """The arguments of a tool."""

    family: str
    model: type[BaseModel]
    allowed: tuple[str, ...]
    """Arguments that may have a default."""
    refused: Mapping[str, str]
    """The others, with the reason."""


def read_defaults(file: Path | None) -> Defaults:
    """Read and check the file; blocks.

    Args:
        file: The file; None: no defaults.

    Raises:
        ConfigurationError: it cannot be read, or something in it is wrong; names the entry, the
            argument and what is allowed.
    """
    if file is None:
        return NO_DEFAULTS
    try:
        return _checked(_document(file.expanduser()))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, ValueError):
            why = str(error).rstrip(".")
        else:
            why = getattr(error, "strerror", None) or "it cannot be read"
        where = f"The file {quoted(file, limit=200)} in STABILITY_DEFAULTS is wrong"
        end = "" if why.endswith("?") else "."
        raise ConfigurationError(f"{where}: {why}{end}") from None


def _document(file: Path) -> Mapping[Any, Any]:
    """Return the document.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    if file.exists() and not file.is_file():
        raise ValueError("it isn't a file")
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it isn't UTF-8") from None
    try:
        # PyYAML doesn't take all of JSON: it refuses tabs and splits surrogate pairs.
        found = json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError:
        found = _yaml(text)
    if found is None:  # only comments
        return {}
    if not isinstance(found, dict):
        raise ValueError("it must map tools to their arguments")  # noqa: TRY004 -- of the file
    return found


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_REPEATED)
    return found


def _yaml(text: str) -> Any:  # noqa: ANN401 -- any data
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 -- a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        star = "; write the entry * in quotes" if "alias" in (error.context or "") else ""
        raise ValueError(f"{where}{error.problem}{star}") from None
    except yaml.YAMLError:
        raise ValueError("it isn't YAML or JSON") from None


def _checked(document: Mapping[Any, Any]) -> Defaults:
    """Return the defaults of every tool.

    Raises:
        ValueError: an entry is wrong.
    """
    tools = _tools()
    families = {tool.family for tool in tools.values()}
    entries: dict[str, Values] = {}
    by_tool: dict[str, dict[str, object]] = {}
    for entry in sorted(document, key=lambda each: (each != EVERY_TOOL, each in tools)):
        if entry == EVERY_TOOL or entry in families:
            meant = {n: t for n, t in tools.items() if entry in {EVERY_TOOL, t.family}}
        elif entry in tools:
            meant = {entry: tools[entry]}
        else:
            raise ValueError(_unknown_entry(entry, [*tools, *families]))
        values = document[entry]
        if not isinstance(values, dict):
            raise ValueError(f"{entry} must be a mapping of arguments to values")  # noqa: TRY004
        for name, value in values.items():
            found = _per_tool(str(entry), meant, str(name), value)
            for tool, read in found.items():
                by_tool.setdefault(tool, {})[str(name)] = read
            entries[str(entry)] = {**entries.get(str(entry), {}), str(name): value}
    shown = {str(entry): entries[str(entry)] for entry in document if str(entry) in entries}
    return Defaults({name: (tools[name].model, each) for name, each in by_tool.items()}, shown)


def _per_tool(
    entry: str, tools: Mapping[str, _Tool], name: str, value: object
) -> dict[str, object]:
    """Return the value of an argument for each tool of an entry that takes it.

    Raises:
        ValueError: none does.
    """
    found: dict[str, object] = {}
    problem = ""
    for tool, each in tools.items():
        if name not in each.allowed:
            continue
        read, wrong = read_argument(each.model, name, value)
        if wrong:
            problem = problem or wrong
        else:
            found[tool] = read
    if found:
        return found
    if problem:
        raise ValueError(f"{entry}: {problem}")
    refused = next((each.refused[name] for each in tools.values() if name in each.refused), None)
    shown = quoted(name)
    if refused:
        raise ValueError(f"{entry}: {shown} can't have a default, as {refused}")
    allowed = dict.fromkeys(arg for each in tools.values() for arg in each.allowed)
    guess = did_you_mean(name, allowed)
    takes = f"allowed are {listed(allowed, most=30)}" if allowed else "it takes no defaults"
    raise ValueError(
        f"{entry}: there is no argument {shown}{f'. {guess}' if guess else f'; {takes}'}"
    )


def _unknown_entry(entry: object, known: list[str]) -> str:
    guess = did_you_mean(str(entry), known)
    return f"there is no tool {quoted(entry)} that takes defaults{guess and f'. {guess}'}"


@cache
def _tools() -> Mapping[str, _Tool]:
    """Return every tool whose arguments may have defaults: operations and local tools."""
    tools = {}
    for name, row in OPERATIONS.items():
        if row.is_paid():
            files = dict.fromkeys(row.file_fields(), "it names a file of one call")
            tools[name] = _tool(row.toolset(), row, {**NEVER, **files})
    for name, local in all_local_tools().items():
        tools[name] = _tool(name.partition("_")[0], local.arguments, NEVER)
    return tools


def _tool(family: str, model: type[BaseModel], never: Mapping[str, str]) -> _Tool:
    properties = model.model_json_schema()["properties"]
    texts = {
        name: _OWN_TEXT
        for name, schema in properties.items()
        if name not in TEXTS and not all(map(_is_simple, _branches(schema)))
    }
    refused = {**texts, **never}
    allowed = tuple(name for name in properties if name not in refused)
    return _Tool(family=family, model=model, allowed=allowed, refused=refused)


def _branches(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the forms that a value may have, without null."""
    for each in schema.get("anyOf", [schema]):
        if each.get("type") != "null":
            yield each


def _is_simple(schema: Mapping[str, Any]) -> bool:
    """Return whether a value is a number, a boolean or one of several choices."""
    return "enum" in schema or schema.get("type") in {"integer", "number", "boolean"}


class _Loader(yaml.SafeLoader):
    """Loads plain data, with the scalars of YAML 1.2, and without aliases and repeated names."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- as PyYAML declares it

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 -- PyYAML's signature
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's stubs
            raise yaml.composer.ComposerError(None, None, "aliases aren't supported", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002 -- PyYAML's signature
        found = super().construct_mapping(node, deep=deep)
        if len(found) != len(node.value):
            raise yaml.constructor.ConstructorError(None, None, _REPEATED, node.start_mark)
        return found


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first
    )
