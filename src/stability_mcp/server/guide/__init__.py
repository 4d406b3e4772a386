"""The guide: one Markdown page per topic in this folder, without tools that are disabled."""

import re
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
    "workflows",
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
    page = for_enabled(_source(topic), enabled)
    for mark, make in LISTS.items():
        if mark in page:
            page = page.replace(mark, make(enabled))
    return page


_SECTION = re.compile(r"\{(?P<word>with|without) (?P<tool>\w+)\}|(?P<end>\{end\})")


def for_enabled(text: str, enabled: frozenset[str]) -> str:
    """Return a text without the sentences and sections that need a disabled tool.

    The lines after `{with TOOL}` are kept if the tool is enabled, those after `{without TOOL}` if
    it is disabled, up to the next such line or `{end}`.
    """
    off = all_tools().keys() - enabled
    kept = []
    is_shown = True
    for line in text.splitlines():
        section = _SECTION.fullmatch(line)
        if section is not None:
            is_off = section["tool"] in off
            is_shown = section["end"] is not None or is_off == (section["word"] == "without")
        elif is_shown:
            rest = without(line, off)
            kept += [rest] if rest.strip("-* ") or not line.strip() else []
    return "\n".join(kept)


@cache
def _source(topic: str) -> str:
    return (Path(__file__).parent / f"{topic}.md").read_text(encoding="utf-8")
