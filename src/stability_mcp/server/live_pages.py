"""The pages behind `stability://` that change with every call: spending and the newest media."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stability_mcp.studio import MediaItem, SpendLimit, Studio

LIVE_PAGES = ("spending", "media")
MAX_MEDIA = 10
"""Newest media on the page; `media_list` finds the others."""


async def live_page(name: str, studio: "Studio", limit: "SpendLimit | None") -> dict[str, Any]:
    """Return a page as JSON.

    Args:
        name: One of `LIVE_PAGES`.
        studio: The studio.
        limit: The client's spending limit, if any.
    """
    return await (media_page(studio) if name == "media" else spending_page(studio, limit))


async def spending_page(studio: "Studio", limit: "SpendLimit | None") -> dict[str, Any]:
    """Return what is spent and left, in credits; absent: unknown, or there is no such limit."""
    spent = await studio.spending()
    amounts = {
        "balance": spent.balance,
        "daily_budget": spent.limit,
        "left_of_daily_budget": spent.left,
        "left_of_spend_limit": limit.left if limit is not None else None,
        "spent_today": spent.today,
        "reserved": spent.reserved,
    }
    known = {name: value / 1000 for name, value in amounts.items() if value is not None}
    return {"unit": "credits", "emulated": studio.settings.emulated, **known}


async def media_page(studio: "Studio") -> dict[str, Any]:
    """Return the newest media, newest first."""
    newest = (await studio.list_media(limit=MAX_MEDIA)).items
    return {"media": [_item(each) for each in newest]}


def _item(item: "MediaItem") -> dict[str, Any]:
    facts = {
        "name": item.name,
        "uri": item.uri,
        "kind": item.kind,
        "width": item.width,
        "height": item.height,
        "seconds": item.seconds,
        "operation": item.operation,
    }
    return {name: value for name, value in facts.items() if value is not None}
