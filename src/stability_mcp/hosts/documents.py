"""Adds to and removes from a configuration of any format, and checks every edit.

An edit is only returned if the parsed result is exactly the parsed original with, or without, the
entry. So a form of the file that an editor doesn't understand is refused and never damaged.
"""

import copy
from typing import Any, Protocol

from stability_mcp.hosts import json_text, toml_text
from stability_mcp.hosts.edits import Edit, applied
from stability_mcp.hosts.entry import Addition
from stability_mcp.hosts.known import Format


class OtherEntryError(ValueError):
    """The configuration has another entry of that name."""


class Editor(Protocol):
    """The functions of a format's module; they raise ValueError for what they can't handle."""

    def read(self, text: str) -> dict[Any, Any]:
        """Return the document as mappings and lists whose leaves can be compared."""

    def plain(self, value: Any) -> Any:  # noqa: ANN401 -- any JSON
        """Return a value as `read` returns it."""

    def name(self, text: str) -> Any:  # noqa: ANN401 -- a key of what `read` returns
        """Return a name as `read` returns it."""

    def add(self, text: str, part: Addition) -> list[Edit]:
        """Return the edits that add the part."""

    def remove(self, text: str, part: Addition) -> list[Edit]:
        """Return the edits that remove the part."""

    def render(self, parts: tuple[Addition, ...]) -> str:
        """Return a document that has nothing but the parts."""


def editor_of(kind: Format) -> Editor:
    """Return the editor of a format; PyYAML is imported only for the one host that needs it."""
    if kind == "yaml":
        from stability_mcp.hosts import yaml_text

        return yaml_text
    return {"json": json_text, "toml": toml_text}[kind]


def has(kind: Format, text: str, part: Addition) -> bool:
    """Return whether a document has an entry of that name, whatever it contains.

    Raises:
        ValueError: the document can't be parsed; the text says why.
    """
    return _found(kind, _read(kind, text), part) is not None


def added(kind: Format, text: str, parts: tuple[Addition, ...]) -> str:
    """Return the document with the parts; one that it has already changes nothing.

    Raises:
        OtherEntryError: it has a different entry of that name.
        ValueError: it can't be parsed or edited; the text says why.
    """
    editor = editor_of(kind)
    for part in parts:
        before = _read(kind, text)
        found = _found(kind, before, part)
        if found is not None:
            if part.name is not None and found != editor.plain(part.value):
                raise OtherEntryError(part.name)
            continue
        expected = copy.copy(before)
        _put(kind, expected, part)
        text = _checked(kind, applied(text, editor.add(text, part)), expected)
    return text


def removed(kind: Format, text: str, parts: tuple[Addition, ...]) -> str:
    """Return the document without the parts; the objects and lists around them stay.

    Raises:
        ValueError: it can't be parsed or edited; the text says why.
    """
    editor = editor_of(kind)
    for part in parts:
        before = _read(kind, text)
        if _found(kind, before, part) is None:
            continue
        expected = copy.copy(before)
        _drop(kind, expected, part)
        text = _checked(kind, applied(text, editor.remove(text, part)), expected)
    return text


def _read(kind: Format, text: str) -> dict[Any, Any]:
    try:
        return editor_of(kind).read(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _checked(kind: Format, text: str, expected: Any) -> str:  # noqa: ANN401 -- any document
    try:
        fine = _same(_read(kind, text), expected)
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("it has a form that can't be edited without changing the rest")
    return text


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 -- any document
    """Compare documents.

    A mapping whose last entry was removed is null in YAML, and missing in TOML, where the header
    of a table in it had implied it.
    """
    if one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return all(
            _same(one.get(name, {}), other.get(name, {})) for name in one.keys() | other.keys()
        )
    return bool(other == {} and _is_null(one))


def _is_null(value: Any) -> bool:  # noqa: ANN401 -- any document
    return isinstance(value, tuple) and value[0] == "tag:yaml.org,2002:null"


def _container(kind: Format, tree: dict[Any, Any], part: Addition) -> Any:  # noqa: ANN401 -- any document
    inner: Any = tree
    for name in part.path:
        inner = inner.get(editor_of(kind).name(name)) if isinstance(inner, dict) else None
    return inner


def _found(kind: Format, tree: dict[Any, Any], part: Addition) -> Any:  # noqa: ANN401 -- any document
    """Return the value of the part in the document, or None."""
    holder = _container(kind, tree, part)
    if part.name is not None:
        return holder.get(editor_of(kind).name(part.name)) if isinstance(holder, dict) else None
    if isinstance(holder, list):
        return next((each for each in holder if _id(each) == part.value["id"]), None)
    return None


def _put(kind: Format, tree: dict[Any, Any], part: Addition) -> None:
    """Add a part to a copy of a document; only what is on the way to it is copied."""
    editor = editor_of(kind)
    inner: Any = tree
    for depth, name in enumerate(part.path):
        key = editor.name(name)
        new: Any = [] if part.name is None and depth == len(part.path) - 1 else {}
        # In YAML a name without a value is null: it becomes a mapping.
        if _is_null(inner.get(key)):
            inner[key] = new
        child = copy.copy(inner.get(key, new))
        inner[key] = child
        inner = child
        if not isinstance(inner, type(new)):
            kind_name = "a list" if isinstance(new, list) else "an object"
            raise ValueError(f"{name} isn't {kind_name}")  # noqa: TRY004 -- of the document
    if part.name is None:
        inner.append(editor.plain(part.value))
    else:
        inner[editor.name(part.name)] = editor.plain(part.value)


def _drop(kind: Format, tree: dict[Any, Any], part: Addition) -> None:
    """Remove a part from a copy of a document, in the same way."""
    found = _found(kind, tree, part)
    holder: Any = tree
    for name in part.path:
        key = editor_of(kind).name(name)
        child = copy.copy(holder[key])
        holder[key] = child
        holder = child
    if part.name is None:
        holder.remove(found)
    else:
        del holder[editor_of(kind).name(part.name)]


def _id(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    return value.get("id") if isinstance(value, dict) else None
