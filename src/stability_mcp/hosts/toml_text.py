"""Edits TOML as text: adds a table at the end of the file and removes it again.

A table header may follow anything, so nothing before it has to be understood; `documents` checks
the result with the parser of the standard library.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from stability_mcp.hosts.edits import Edit, line_end
from stability_mcp.hosts.entry import Addition

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|#[^\r\n]*''', re.DOTALL
)
_HEADER = re.compile(r"[ \t]*\[")


def read(text: str) -> dict[str, Any]:
    """Return the document; numbers stay text, so that NaN equals itself.

    Raises:
        ValueError: it isn't TOML, or defines a name twice; the text says where.
    """
    return tomllib.loads(text.replace("\r\n", "\n"), parse_float=str)


def plain(value: Any) -> Any:  # noqa: ANN401 -- any TOML
    """Return a value as `read` returns it."""
    return value


def name(text: str) -> str:
    """Return a name as `read` returns it."""
    return text


def add(text: str, part: Addition) -> list[Edit]:
    """Return the edit that appends a table."""
    newline = line_end(text)
    ends = "" if not text or text.endswith(("\n", "\r")) else newline
    gap = newline if text.strip() else ""
    block = render((part,)).replace("\n", newline)
    return [Edit(len(text), len(text), f"{ends}{gap}{block}")]


def render(parts: tuple[Addition, ...]) -> str:
    """Return a document that has nothing but the parts."""
    lines: list[str] = []
    for part in parts:
        lines.append(f"[{'.'.join(map(_key, _names(part)))}]")
        lines += [f"{_key(each)} = {_shown(value)}" for each, value in part.value.items()]
    return "\n".join(lines) + "\n"


def remove(text: str, part: Addition) -> list[Edit]:
    """Return the edits that remove a table and the tables below it, with the blank line before.

    Comments after the table stay: they belong to what follows.
    """
    names = (rf"[ \t]*[\"']?{re.escape(each)}[\"']?[ \t]*" for each in _names(part))
    ours = re.compile(r"[ \t]*\[" + r"\.".join(names) + r"[\].]")
    edits: list[Edit] = []
    begin = end = None
    blank = 0  # where the blank lines before the current line begin
    for line in _LINE.finditer(_TOKEN.sub(_hide_lines, text)):
        if _HEADER.match(line[0]):
            if begin is not None and end is not None:
                edits.append(Edit(begin, end, ""))
            begin = blank if ours.match(line[0]) else None
        stripped = line[0].strip()
        if begin is not None and stripped and not stripped.startswith("#"):
            end = line.end()
        if stripped:
            blank = line.end()
    if begin is not None and end is not None:
        edits.append(Edit(begin, end, ""))
    return edits


def _hide_lines(token: re.Match[str]) -> str:
    """Return a string over several lines without its content, in the same length."""
    return "_" * len(token[0]) if "\n" in token[0] else token[0]


def _names(part: Addition) -> tuple[str, ...]:
    if part.name is None:
        raise ValueError("a list can't be added to")
    return (*part.path, part.name)


def _key(text: str) -> str:
    return text if BARE_KEY.fullmatch(text) else _shown(text)


def _shown(value: Any) -> str:  # noqa: ANN401 -- any JSON
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(each)} = {_shown(value[each])}" for each in value)
        return f"{{ {inside} }}"
    # A JSON text is a TOML text, except for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
