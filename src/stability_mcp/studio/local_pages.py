"""What the local pages do in a studio: check links, store uploads, describe an item.

A page gets text about other media, never access to it.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import NotFoundError
from stability_mcp.imaging.preview import Preview
from stability_mcp.imaging.sniff import EXTENSIONS, extension
from stability_mcp.media.items import MediaItem, prompt_of
from stability_mcp.media.labels import file_form
from stability_mcp.media.preview import PreviewStyle, preview_of
from stability_mcp.studio import origins, uploads
from stability_mcp.studio.links import Links
from stability_mcp.studio.painting import Painting
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.thumbnails import Thumbnails
from stability_mcp.studio.uploads import Upload, UploadedFile

_BYTES = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What an item was made from; only its name, as the link allows one item."""

    role: str
    """The field it was sent in, such as `image` or `mask`."""
    label: str


@dataclass(frozen=True, kw_only=True)
class ViewFacts:
    """An item and where it came from."""

    item: MediaItem
    media_type: str
    """The type to serve it as; `application/octet-stream` for what isn't known to be media."""
    file_name: str
    """A file name with an ending, accepted by every system."""
    made_by: str
    """The title of the operation; "": it was imported."""
    prompt: str
    price: str
    """`3 credits charged`; "": it was imported, or the job was deleted."""
    made_from: Sequence[Source]


class LocalPages:
    """The part of a studio that the pages use.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self.links: Links = parts.runtime.links
        """The links of this process."""
        self.painting = Painting(parts)

    async def receive(
        self, upload: Upload, name: str, blocks: AsyncIterator[bytes], *, declared: int
    ) -> UploadedFile:
        """Store one file of an open upload, or record why not; see `uploads.receive`."""
        return await uploads.receive(self._parts.importer, upload, name, blocks, declared=declared)

    async def view_facts(self, media_id: str) -> ViewFacts:
        """Return what the view page shows of an item.

        Raises:
            NotFoundError: it was deleted.
        """
        found = await self._parts.media.many([media_id])  # never by label, as a link has one item
        if not found:
            raise NotFoundError(f"The media {media_id} was deleted.")
        item = found[0]
        sources = await self._parts.media.sources(item.id)
        jobs = await self._parts.jobs.reader.found(
            self._parts.account, [item.job] if item.job else []
        )
        row = OPERATIONS.get(item.operation or "")  # None: a newer program has more operations
        return ViewFacts(
            item=item,
            media_type=served_type(item),
            file_name=media_file_name(item),
            made_by=row.title if row else item.operation or "",
            prompt=prompt_of(item.arguments) or "",
            price=_price(item, origins.charge_text(jobs[0])) if jobs else "",
            made_from=[Source(role=role, label=each.name) for role, each in sources.items()],
        )

    def thumbnails(self) -> Thumbnails:
        """Return the small pictures of this store; keep them for as long as the page is served."""
        return Thumbnails(self._parts.media.home)

    async def drawing(self, item: MediaItem) -> Preview | None:
        """Return a picture of a 3D model or a sound; None: it is a picture, or can't be drawn."""
        if item.kind == "image":
            return None
        return await preview_of([item], PreviewStyle(size="large", format="webp"))


def served_type(item: MediaItem) -> str:
    """Return the type to serve an item as: bytes, unless it is known to be media."""
    return item.media_type if item.media_type in EXTENSIONS else _BYTES


def media_file_name(item: MediaItem) -> str:
    """Return a file name with an ending for an item, accepted by every system."""
    return f"{file_form(item.name) or item.id}.{extension(item.media_type)}"


def _price(item: MediaItem, charge: str) -> str:
    return f"{charge} on the emulator" if item.emulated else charge
