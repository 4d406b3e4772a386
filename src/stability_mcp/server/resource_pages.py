"""The pages behind `stability://`: operations, styles, the schema of plans and the guide.

They need the operations, so `resources.py` imports this module with the first page.
"""

import json
from collections.abc import Mapping
from typing import Any

from stability_mcp.errors import NotFoundError
from stability_mcp.server.guide import TOPICS, guide_text
from stability_mcp.server.live_pages import LIVE_PAGES
from stability_mcp.server.tables import operations_table, styles_table
from stability_mcp.server.tool_schema import plain_schema
from stability_mcp.text import did_you_mean, quoted
from stability_mcp.workflows.plan import Plan

TABLES = ("operations", "styles", "plan")


def page(
    name: str, topic: str | None, enabled: frozenset[str], seconds: Mapping[str, float]
) -> tuple[str, str]:
    """Return a page and its media type.

    Args:
        name: The part after `stability://`.
        topic: The page of the guide.
        enabled: Names of the enabled tools; the guide names no others.
        seconds: How long operations take on this machine, if known.

    Raises:
        NotFoundError: there is no such page.
    """
    if name in TABLES and topic is None:
        return json.dumps(_table(name, enabled, seconds), ensure_ascii=False), "application/json"
    if name == "guide" and topic in TOPICS:
        return guide_text(topic, enabled), "text/markdown"
    wanted = topic or name
    raise NotFoundError(
        f"There is no page {quoted(wanted)}.",
        hint=did_you_mean(wanted, (*TABLES, *LIVE_PAGES, *TOPICS)),
    )


def _table(name: str, enabled: frozenset[str], seconds: Mapping[str, float]) -> Mapping[str, Any]:
    if name == "operations":
        return operations_table(enabled, seconds)
    return styles_table(enabled) if name == "styles" else plain_schema(Plan)
