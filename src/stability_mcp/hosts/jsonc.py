"""Edits JSON with comments and trailing commas as text: what isn't edited keeps its bytes.

Used for strict JSON as well, which is a subset. Positions are offsets into the text.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from stability_mcp.hosts.edits import LINE_BREAK, Edit, line_end

_BLANK = re.compile(r"(?:[ \t\r\n]|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_BEGIN_BLANK = (" ", "\t", "\r", "\n", "/")
_SAME_LINE = re.compile(r"(?:[ \t]*/\*.*?\*/)*(?:[ \t]*//[^\r\n]*)?", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_ATOM = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b")


@dataclass(frozen=True)
class Atom:
    """A number, true, false or null, as it is written."""

    text: str


@dataclass(frozen=True)
class Item:
    """A member of an object or an element of an array.

    `start` is where its name or value begins, `end` where its value ends.
    """

    name: str | None
    start: int
    value: "Value"
    end: int
    comma: int | None
    """Offset of the comma after it."""


@dataclass(frozen=True)
class Value:
    """A value with its position; `items` is None unless it is an object or an array."""

    start: int
    end: int
    data: Any
    items: tuple[Item, ...] | None = None

    def member(self, name: str) -> Item | None:
        """Return the member of that name of an object."""
        if not isinstance(self.data, dict):
            return None
        return next((each for each in self.items or () if each.name == name), None)


@lru_cache(maxsize=4)
def parse(text: str) -> Value | None:
    """Return the document, or None if the text has only blanks and comments.

    Results are cached, because a file is parsed again before it is written, and Claude Code's has
    some megabytes; don't change them.

    Raises:
        ValueError: it isn't JSON, or an object has two members of one name; the text says where.
    """
    start = _blank(text, 0)
    if start == len(text):
        return None
    value = _value(text, start)
    if _blank(text, value.end) != len(text):
        raise _error(text, _blank(text, value.end), "nothing more is expected")
    return value


def insert(text: str, container: Value, name: str | None, data: Any) -> list[Edit]:  # noqa: ANN401 -- any JSON
    """Return the edits that append a member or an element, laid out like its neighbours.

    Args:
        text: The document.
        container: The object or array in it.
        name: Name of the member; None for an element.
        data: The value.
    """
    items = container.items or ()
    unit, newline = indent_unit(text), line_end(text)
    outer = _indentation(text, container.start)
    if not items:
        inside = text[container.start + 1 : container.end - 1]
        at = container.start + 1 + len(inside.rstrip(" \t\r\n"))
        rest = text[at : container.end - 1]
        tail = "" if "\n" in rest or "\r" in rest else newline + outer
        shown = render(name, data, unit, newline, outer + unit)
        return [Edit(at, at, f"{newline}{outer}{unit}{shown}{tail}")]
    last = items[-1]
    after = last.end if last.comma is None else last.comma + 1
    edits = [Edit(last.end, last.end, ",")] if last.comma is None else []
    same_line = _SAME_LINE.match(text, after)
    at = same_line.end() if same_line else after
    before = text[container.start + 1 : items[0].start]
    if "\n" not in before and "\r" not in before and "//" not in text[after:at]:
        shown = _in_one_line(name, data)
        return [*edits, Edit(at, at, f" {shown}")]
    inner = _indentation(text, items[0].start)
    return [*edits, Edit(at, at, newline + inner + render(name, data, unit, newline, inner))]


def remove(text: str, container: Value, item: Item) -> list[Edit]:
    """Return the edits that remove a member or an element, a comma and the blanks before it."""
    items = container.items or ()
    at = items.index(item)
    after = item.end if item.comma is None else item.comma + 1
    start = _start_with_blanks(text, container.start + 1, item.start, after)
    if (
        len(items) == 1
        and not (text[container.start + 1 : start] + text[after : container.end - 1]).strip()
    ):
        return [Edit(container.start + 1, container.end - 1, "")]
    comma = item.comma
    if comma is None and at:
        comma = items[at - 1].comma
    edits = [] if comma is None else [Edit(comma, comma + 1, "")]
    return [*edits, Edit(start, item.end, "")]


def _start_with_blanks(text: str, begin: int, start: int, after: int) -> int:
    """Return where the blanks before an item begin; a line comment keeps its line break."""
    stripped = begin + len(text[begin:start].rstrip(" \t\r\n"))
    line = re.split(r"[\r\n]", text[begin:stripped])[-1]
    ends_line = re.match(r"[ \t]*[\r\n]", text[after:])
    return start if "//" in line and not ends_line else stripped


def render(name: str | None, data: Any, unit: str, newline: str, indentation: str) -> str:  # noqa: ANN401 -- any JSON
    """Return a member or an element over several lines; the first line isn't indented."""
    shown = json.dumps(data, indent=unit, ensure_ascii=False)
    shown = f"{json.dumps(name, ensure_ascii=False)}: {shown}" if name is not None else shown
    return shown.replace("\n", newline + indentation)


def indent_unit(text: str) -> str:
    """Return one step of indentation, by the first indented line; default: two spaces."""
    found = re.search(r'[{\[][ \t]*(?:\r\n|\n|\r)([ \t]+)["{\[]', text)
    return found[1] if found else "  "


def _in_one_line(name: str | None, data: Any) -> str:  # noqa: ANN401 -- any JSON
    shown = json.dumps(data, ensure_ascii=False)
    return shown if name is None else f"{json.dumps(name, ensure_ascii=False)}: {shown}"


def _indentation(text: str, at: int) -> str:
    """Return the blanks at the beginning of the line of an offset."""
    begin = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    found = re.match(r"[ \t]*", text[begin:at])
    return found[0] if found else ""


def _blank(text: str, at: int) -> int:
    """Return the offset after blanks and comments."""
    if text[at : at + 1] not in _BEGIN_BLANK:
        return at
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int) -> Value:
    if text[at : at + 1] in {"{", "["}:
        return _container(text, at)
    if found := _STRING.match(text, at):
        return Value(at, found.end(), _string(text, found))
    if found := _ATOM.match(text, at):
        return Value(at, found.end(), Atom(found[0]))
    raise _error(text, at, "a value is expected")


def _container(text: str, start: int) -> Value:
    closing = "}" if text[start] == "{" else "]"
    items: list[Item] = []
    names: set[str] = set()
    at = _blank(text, start + 1)
    while not text.startswith(closing, at):
        if items and items[-1].comma is None:
            raise _error(text, at, f"a comma or {closing} is expected")
        item = _item(text, at, named=closing == "}")
        if item.name in names:
            raise _error(text, at, f'the name "{item.name}" occurs twice')
        names |= {item.name} if item.name is not None else set()
        items.append(item)
        at = _blank(text, item.end if item.comma is None else item.comma + 1)
    data: Any
    if closing == "}":
        data = {each.name: each.value.data for each in items}
    else:
        data = [each.value.data for each in items]
    return Value(start, at + 1, data, tuple(items))


def _item(text: str, start: int, *, named: bool) -> Item:
    name, at = None, start
    if named:
        found = _STRING.match(text, start)
        if not found:
            raise _error(text, start, "a name in double quotes is expected")
        name = _string(text, found)
        at = _blank(text, found.end())
        if not text.startswith(":", at):
            raise _error(text, at, "a colon is expected")
        at = _blank(text, at + 1)
    value = _value(text, at)
    after = _blank(text, value.end)
    comma = after if text.startswith(",", after) else None
    return Item(name, start, value, value.end, comma)


def _string(text: str, found: re.Match[str]) -> str:
    try:
        return str(json.loads(found[0]))
    except ValueError:
        raise _error(text, found.start(), "the text has an invalid escape") from None


def _error(text: str, at: int, expected: str) -> ValueError:
    line = len(re.findall(LINE_BREAK, text[:at])) + 1
    return ValueError(f"line {line}: {expected}")
