"""The guide: one page a topic, as Markdown beside this file; without tools that are not on."""

from pathlib import Path
from typing import Literal, get_args

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.catalog import all_tools, without
from stability_mcp.server.tool_schema import price_sentence

Topic = Literal["choose", "prompting", "masks", "files", "costs", "director"]
TOPICS: tuple[str, ...] = get_args(Topic)


def guide_text(topic: str, enabled: frozenset[str]) -> str:
    """Return a page; sentences that name a tool which is not on are left out."""
    text = (Path(__file__).parent / f"{topic}.md").read_text(encoding="utf-8")
    off = all_tools().keys() - enabled
    kept = ((line, without(line, off)) for line in text.splitlines())
    page = "\n".join(text for line, text in kept if text.strip("-* ") or not line.strip())
    lists = {"{prices}": price_list, "{operations}": operation_list}
    for mark, make in lists.items():
        if mark in page:
            page = page.replace(mark, make(enabled))
    return page


def price_list(enabled: frozenset[str]) -> str:
    """Return a line with the price of each operation that is on."""
    rows = (row for name, row in OPERATIONS.items() if name in enabled and row.is_paid())
    return "\n".join(f"- `{row.name()}`: {price_sentence(row)}" for row in rows)


def operation_list(enabled: frozenset[str], toolsets: frozenset[str] | None = None) -> str:
    """Return a line that says when to use it for each operation that is on, by toolset.

    Args:
        enabled: Names of the tools that are on.
        toolsets: The toolsets to list; None: all.
    """
    lines: dict[str, list[str]] = {}
    for name, row in OPERATIONS.items():
        if name in enabled and (toolsets is None or row.toolset() in toolsets):
            lines.setdefault(row.toolset(), []).append(f"- `{name}`: {row.summary()}")
    return "\n\n".join("\n".join([f"{each}:", *listed]) for each, listed in lines.items())
