"""What the view page shows of one item, as text: nothing in it gives access to other media."""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.imaging.sniff import EXTENSIONS, extension
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import file_form
from stability_mcp.studio import origins
from stability_mcp.studio.runtime import StudioParts

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


async def view_facts(parts: StudioParts, media_id: str) -> ViewFacts:
    """Return the facts of an item.

    Raises:
        NotFoundError: it was deleted.
    """
    item = await parts.media.get(media_id)
    sources = await parts.media.sources(item.id)
    jobs = await parts.jobs.reader.found(parts.account, [item.job] if item.job else [])
    row = OPERATIONS.get(item.operation or "")  # None: a newer program has more operations
    return ViewFacts(
        item=item,
        media_type=item.media_type if item.media_type in EXTENSIONS else _BYTES,
        file_name=f"{file_form(item.name) or item.id}.{extension(item.media_type)}",
        made_by=row.title if row else item.operation or "",
        prompt=origins.prompt_of(item.arguments) or "",
        price=_price(item, origins.charge_text(jobs[0])) if jobs else "",
        made_from=[Source(role=role, label=each.name) for role, each in sources.items()],
    )


def _price(item: MediaItem, charge: str) -> str:
    return f"{charge} on the emulator" if item.emulated else charge
