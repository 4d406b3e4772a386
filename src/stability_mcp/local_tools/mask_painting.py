"""`image_mask` without shapes: what a page or an MCP App needs so that the user can paint."""

from collections.abc import Mapping, Sequence
from typing import Any

from stability_mcp.local_tools.local_tool import LocalResult, Paint
from stability_mcp.local_tools.workbench import Source, Workbench
from stability_mcp.media.items import MediaItem


async def for_painting(
    workbench: Workbench,
    given: Source,
    source: Source,
    *,
    earlier: Sequence[Mapping[str, Any]],
    preview: str | None,
) -> LocalResult:
    """Return the picture to paint on, and the shapes to continue; stores nothing.

    Args:
        workbench: The media and settings of the call.
        given: What the caller named: the picture, or an earlier mask of it.
        source: The picture.
        earlier: The shapes of the earlier mask; they can be edited and undone.
        preview: Whether the answer shows the picture, as the caller chose it.
    """
    mask = None if given is source else given.item
    width, height = source.facts.size
    return LocalResult(
        lines=[given.note],
        facts={
            "image": {**_named(source.item), "width": width, "height": height},
            "mask": _named(mask) if mask else None,
            "shapes": [dict(each) for each in earlier],
        },
        preview=await workbench.preview([source.item], wanted=preview),
        paint=Paint(image=source.item, mask=mask, shapes=earlier),
    )


def _named(item: MediaItem) -> dict[str, str]:
    return {"id": item.id, "uri": item.uri, "label": item.name}
