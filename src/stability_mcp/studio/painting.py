"""What the paint page does in a studio: describe its picture, store the masks that are painted.

A link allows one picture. Shapes that name other media are refused, except those that the continued
mask already has.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stability_mcp.errors import ArgumentsError, NotFoundError
from stability_mcp.imaging.preview import Preview
from stability_mcp.local_tools import all_local_tools
from stability_mcp.local_tools.local_tool import LocalResult
from stability_mcp.media.items import MediaItem
from stability_mcp.media.preview import PreviewStyle, preview_of
from stability_mcp.studio.links import MAX_PAINTED, PaintLink
from stability_mcp.studio.media_actions import MediaActions
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.text import quoted

TOOL = "image_mask"


class Painting:
    """The masks that users paint on pages.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._news: list[str] = parts.runtime.links.painted

    async def picture(self, link: PaintLink) -> MediaItem:
        """Return the picture of a link.

        Raises:
            NotFoundError: it was deleted.
        """
        return await self._stored(link.paint.image.id)

    async def drawn(self, item: MediaItem) -> Preview | None:
        """Return a picture as the page shows it; None: it can't be drawn."""
        return await preview_of([item], PreviewStyle(size="view", format="webp"))

    async def save(self, link: PaintLink, shapes: Sequence[Any]) -> LocalResult:
        """Store a mask.

        Args:
            link: The link.
            shapes: All shapes of the mask, as `image_mask` takes them.

        Raises:
            ArgumentsError: a shape is wrong or names other media, or the link is used up.
            NotFoundError: the picture was deleted.
        """
        image = await self.picture(link)
        if link.saved >= MAX_PAINTED:
            raise ArgumentsError(
                f"This link has stored {MAX_PAINTED} masks, the maximum.",
                hint="Ask your assistant for a new link.",
            )
        _check_media(link, shapes)
        arguments = {"image": image.uri, "shapes": list(shapes), "preview": "none"}
        made = await MediaActions(self._parts).run_local(all_local_tools()[TOOL], arguments)
        link.saved += 1
        mask = made.items[0]
        line = (
            f"painted: the user saved the mask {quoted(mask.name)} ({mask.uri}) of "
            f"{quoted(image.name)}, {made.facts['share']:.1%} of it marked. "
            f"Use: mask={quoted(mask.name)} with image={quoted(image.name)}."
        )
        if line not in self._news:  # the same strokes, saved twice
            self._news.append(line)
        return made

    def take_news(self) -> list[str]:
        """Return the lines about painted masks that no answer has had yet, each once."""
        news = self._news[:]
        self._news.clear()
        return news

    async def _stored(self, media_id: str) -> MediaItem:
        found = await self._parts.media.many([media_id])
        if not found:
            raise NotFoundError(f"The media {media_id} was deleted.")
        return found[0]


def _check_media(link: PaintLink, shapes: Sequence[Any]) -> None:
    """Refuse shapes that name media to which the link gives no right."""
    own = {str(each["mask"]) for each in link.paint.shapes if "mask" in each}
    if link.paint.mask is not None:
        own |= {link.paint.mask.id, link.paint.mask.uri}
    for each in shapes:
        named = each.get("mask") if isinstance(each, Mapping) else None
        if named is not None and named not in own:
            raise ArgumentsError(
                "The mask names media that this link doesn't allow.",
                hint="Ask your assistant for a new link.",
            )
