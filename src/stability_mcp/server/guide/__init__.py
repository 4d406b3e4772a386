"""The guide: one Markdown page per topic in this folder, without tools that are disabled."""

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from stability_mcp.server.catalog import all_tools, without
from stability_mcp.server.loading import load

if TYPE_CHECKING:
    from stability_mcp.api.operation import Operation

Topic = Literal["choose", "prompting", "masks", "files", "costs", "director"]
TOPICS: tuple[str, ...] = get_args(Topic)
PRICES_MARK, OPERATIONS_MARK = "{prices}", "{operations}"
"""Placeholders in a page that are replaced by lists made from the table."""


async def read_page(topic: str, enabled: frozenset[str]) -> str:
    """Return a page like `guide_text`, loading the modules that it needs in a thread."""
    if any(mark in _source(topic) for mark in (PRICES_MARK, OPERATIONS_MARK)):
        await load("stability_mcp.api.operations")
    return guide_text(topic, enabled)


@lru_cache(maxsize=64)
def guide_text(topic: str, enabled: frozenset[str]) -> str:
    """Return a page without the sentences that name a disabled tool.

    Pages are cached because models read them repeatedly.
    """
    text = _source(topic)
    off = all_tools().keys() - enabled
    kept = ((line, without(line, off)) for line in text.splitlines())
    page = "\n".join(text for line, text in kept if text.strip("-* ") or not line.strip())
    for mark, make in {PRICES_MARK: price_list, OPERATIONS_MARK: operation_list}.items():
        if mark in page:
            page = page.replace(mark, make(enabled))
    return page


@cache
def _source(topic: str) -> str:
    return (Path(__file__).parent / f"{topic}.md").read_text(encoding="utf-8")


def price_list(enabled: frozenset[str]) -> str:
    """Return a line with the price of each enabled operation."""
    from stability_mcp.server.tool_schema import price_sentence

    rows = (row for row in _operations(enabled) if row.is_paid())
    return "\n".join(f"- `{row.name()}`: {price_sentence(row)}" for row in rows)


def operation_list(enabled: frozenset[str], toolsets: frozenset[str] | None = None) -> str:
    """Return a line on when to use it for each enabled operation, grouped by toolset.

    Args:
        enabled: Names of the enabled tools.
        toolsets: The toolsets to list; None: all.
    """
    lines: dict[str, list[str]] = {}
    for row in _operations(enabled):
        if toolsets is None or row.toolset() in toolsets:
            lines.setdefault(row.toolset(), []).append(f"- `{row.name()}`: {row.summary()}")
    return "\n\n".join("\n".join([f"{each}:", *listed]) for each, listed in lines.items())


def _operations(enabled: frozenset[str]) -> Iterable[type["Operation"]]:
    from stability_mcp.api.operations import OPERATIONS

    return (row for name, row in OPERATIONS.items() if name in enabled)
