"""The guide: one Markdown page per topic in this folder, without tools that are disabled."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, get_args

from stability_mcp.server.catalog import all_tools, without
from stability_mcp.server.guide.lists import LISTS
from stability_mcp.server.loading import load

Topic = Literal[
    "choose",
    "prompting",
    "masks",
    "transform",
    "sound",
    "files",
    "costs",
    "director",
    "styles",
    "limits",
    "export",
]
TOPICS: tuple[str, ...] = get_args(Topic)


async def read_page(topic: str, enabled: frozenset[str]) -> str:
    """Return a page like `guide_text`, loading the modules that it needs in a thread."""
    if any(mark in _source(topic) for mark in LISTS):
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
    for mark, make in LISTS.items():
        if mark in page:
            page = page.replace(mark, make(enabled))
    return page


@cache
def _source(topic: str) -> str:
    return (Path(__file__).parent / f"{topic}.md").read_text(encoding="utf-8")
