"""Edits JSON configurations, with comments or without; `jsonc` does the work on the text."""

import json
from typing import Any

from stability_mcp.hosts import jsonc
from stability_mcp.hosts.edits import Edit, line_end
from stability_mcp.hosts.entry import Addition, whole


def read(text: str) -> dict[Any, Any]:
    """Return the document; numbers, true, false and null stay as they are written.

    Raises:
        ValueError: it isn't an object, or one has a name twice; the text says where.
    """
    root = jsonc.parse(text)
    if root is None:
        return {}
    if not isinstance(root.data, dict):
        raise ValueError("line 1: an object is expected")  # noqa: TRY004 -- of the document
    return root.data


def plain(value: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return a value as `read` returns it."""
    root = jsonc.parse(json.dumps(value))
    return root.data if root else None


def name(text: str) -> str:
    """Return a name as `read` returns it."""
    return text


def add(text: str, part: Addition) -> list[Edit]:
    """Return the edits that add the part, with the objects around it that are missing."""
    holder = jsonc.parse(text)
    if holder is None:
        newline = line_end(text)
        gap = "" if not text or text.endswith(("\n", "\r")) else newline
        shown = jsonc.render(None, whole((part,)), "  ", newline, "")
        return [Edit(len(text), len(text), f"{gap}{shown}{newline}")]
    for depth, each in enumerate(part.path):
        member = holder.member(each)
        if member is None:
            inner = Addition(part.path[depth:], part.name, part.value)
            return jsonc.insert(text, holder, each, whole((inner,))[each])
        holder = member.value
    return jsonc.insert(text, holder, part.name, part.value)


def remove(text: str, part: Addition) -> list[Edit]:
    """Return the edits that remove the part; the objects around it stay."""
    holder = jsonc.parse(text)
    for each in part.path:
        member = holder.member(each) if holder else None
        holder = member.value if member else None
    for item in (holder.items or ()) if holder else ():
        data = item.value.data
        if part.name is not None:
            is_it = item.name == part.name
        else:
            is_it = isinstance(data, dict) and data.get("id") == part.value["id"]
        if holder and is_it:
            return jsonc.remove(text, holder, item)
    return []


def render(parts: tuple[Addition, ...]) -> str:
    """Return a document that has nothing but the parts."""
    return json.dumps(whole(parts), indent=2, ensure_ascii=False) + "\n"
