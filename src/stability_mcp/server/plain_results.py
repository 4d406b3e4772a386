"""Builds the results of tools that return data or text; needs neither store nor studio.

Every text goes through `plain()`, as in `results`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

from stability_mcp.server.tool import Data, PageData
from stability_mcp.text import plain

FACTS = "stability-mcp/result"
"""Key in `_meta` of the facts of an answer as JSON."""


def of_data(data: BaseModel, *, uncollected: str | None) -> CallToolResult:
    """Return the result of a data tool: structured content, and the same as text."""
    structure = cleaned(data.model_dump(mode="json", exclude_none=True))
    data_text = data.as_text() if isinstance(data, Data) else None
    text = [
        data_text or json.dumps(structure, ensure_ascii=False, separators=(",", ":")),
        *filter(None, [uncollected]),
    ]
    return CallToolResult(
        content=[TextContent(text=plain(each)) for each in text], structured_content=structure
    )


def of_listing(
    lines: Sequence[str],
    facts: PageData,
    *,
    tool: str,
    uncollected: str | None,
    notes: Sequence[str] = (),
) -> CallToolResult:
    """Return the result of a tool that lists items: a line each, the facts only in `_meta`.

    Args:
        lines: One for each item.
        facts: The same page for programs.
        tool: Name of the tool.
        uncollected: The line about undelivered results, or None.
        notes: Lines about the page as a whole.
    """
    more = f'; for older ones pass cursor "{facts.next_cursor}"' if facts.next_cursor else ""
    first = f"{len(lines)}, newest first{more}" if lines else "nothing found"
    text = [f"{tool}: {first}", *notes, *lines, *filter(None, [uncollected])]
    return CallToolResult(
        content=[TextContent(text=plain("\n".join(text)))],
        _meta={FACTS: cleaned({"tool": tool, **facts.dumped()})},
    )


def of_text(text: str, *, uncollected: str | None) -> CallToolResult:
    """Return the result of a tool that returns text."""
    parts = [text, *filter(None, [uncollected])]
    return CallToolResult(content=[TextContent(text=plain(each)) for each in parts])


def cleaned(value: Any) -> Any:  # noqa: ANN401 -- JSON of any shape
    """Return JSON with all texts cleaned by `plain()`."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {plain(str(key)): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list | tuple) else value
