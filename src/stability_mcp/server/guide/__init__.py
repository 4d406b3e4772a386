"""The guide: one page a topic, as Markdown beside this file; without tools that are not on."""

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
"""Marks in a page in whose place a list is put, which is made from the table."""


async def read_page(topic: str, enabled: frozenset[str]) -> str:
    """Return what `guide_text` does; what a page needs is loaded in a thread."""
    if any(mark in _source(topic) for mark in (PRICES_MARK, OPERATIONS_MARK)):
        await load("stability_mcp.api.operations")
    return guide_text(topic, enabled)


@lru_cache(maxsize=64)
def guide_text(topic: str, enabled: frozenset[str]) -> str:
    """Return a page; sentences that name a tool which is not on are left out.

    Pages are kept, because models read them again and again.
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
    """Return a line with the price of each operation that is on."""
    from stability_mcp.server.tool_schema import price_sentence

    rows = (row for row in _operations(enabled) if row.is_paid())
    return "\n".join(f"- `{row.name()}`: {price_sentence(row)}" for row in rows)


def operation_list(enabled: frozenset[str], toolsets: frozenset[str] | None = None) -> str:
    """Return a line that says when to use it for each operation that is on, by toolset.

    Args:
        enabled: Names of the tools that are on.
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
