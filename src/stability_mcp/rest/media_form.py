"""One item of media as JSON."""

from urllib.parse import quote

from stability_mcp.rest.route import PREFIX
from stability_mcp.server.tool import Data
from stability_mcp.server.views import seed_of, when
from stability_mcp.studio import MediaItem

FILTERED, SUCCESS = "CONTENT_FILTERED", "SUCCESS"
"""Finish reasons of the API: blurred by its moderation, or not."""


class MediaLinks(Data):
    """Links of an item; relative to the server."""

    self: str
    """The item as JSON."""
    content: str
    """Its bytes."""
    preview: str
    """A small picture of it."""


class MediaForm(Data):
    """One stored picture, sound or 3D model."""

    id: str
    uri: str
    """URI for tools, and for file fields of further requests."""
    label: str | None = None
    """Its name."""
    media_type: str
    bytes: int
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""
    seconds: float | None = None
    seed: str | None = None
    """Seed with which it can be made again."""
    finish_reason: str | None = None
    """SUCCESS, or CONTENT_FILTERED: blurred by the API's moderation. Absent: it was imported."""
    operation: str | None = None
    """Operation that made it."""
    origin: str
    """generated, imported or fitted."""
    job: str | None = None
    emulated: bool | None = None
    """Made by the built-in emulator."""
    created: str
    links: MediaLinks

    @classmethod
    def of(cls, item: MediaItem) -> "MediaForm":
        """Return an item as JSON."""
        return cls(
            id=item.id,
            uri=item.uri,
            label=item.label,
            media_type=item.media_type,
            bytes=item.bytes,
            width=item.width,
            height=item.height,
            seconds=item.seconds,
            seed=seed_of(item),
            finish_reason=finish_reason(item),
            operation=item.operation,
            origin=item.origin,
            job=item.job,
            emulated=item.emulated or None,
            created=when(item.created_at),
            links=media_links(item.id),
        )


def finish_reason(item: MediaItem) -> str | None:
    """Return the finish reason of a result, or None for media that no request made."""
    if item.job is None:
        return None
    return FILTERED if item.filtered else SUCCESS


def media_links(media: str) -> MediaLinks:
    """Return the links of an item."""
    base = f"{PREFIX}/media/{quote(media)}"
    return MediaLinks(self=base, content=f"{base}/content", preview=f"{base}/preview")
