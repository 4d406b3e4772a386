"""Tool to delete stored media and to restore them."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from stability_mcp.server.answer_text import counted
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import DELETES
from stability_mcp.server.tool import Arguments, Data, as_list, tool
from stability_mcp.server.tools.media import Reference
from stability_mcp.server.views import MediaFacts, when
from stability_mcp.studio import DeletedMedia, MediaItem, Studio
from stability_mcp.text import listed, local_time, quoted

MAX_RESULTS_NAMED = 5
"""Results that an answer names; it counts the rest."""


class MediaDelete(Arguments):
    """Delete stored media, all or none; free. Files in the output folder stay."""

    media: Annotated[list[Reference], BeforeValidator(as_list), Field(min_length=1, max_length=20)]
    """What to delete."""
    restore: bool = False
    """Bring deleted media back instead, for up to 30 days."""


class MediaDeleted(Data):
    """What was deleted or restored."""

    deleted: list[MediaFacts] = Field(default_factory=list)
    """`path` is the readable copy, which stays."""
    restored: list[MediaFacts] = Field(default_factory=list)
    restorable_until: str | None = None
    results: list[str] = Field(default_factory=list)
    """URIs of results that were made from the deleted media and stay."""
    text: str = Field(exclude=True)

    def as_text(self) -> str:
        """Return the answer in words."""
        return self.text


@tool(title="Delete media", effects=DELETES, hints={"id": "use media", "undelete": "use restore"})
async def media_delete(
    studio: Studio,
    arguments: MediaDelete,
    context: CallContext,  # noqa: ARG001 -- every tool takes the three
) -> MediaDeleted:
    """Delete or restore the media."""
    if arguments.restore:
        restored = await studio.library.restore(arguments.media)
        return MediaDeleted(
            restored=[MediaFacts.of(item) for item, _ in restored],
            text="\n".join(_restored_lines(restored)),
        )
    deleted = await studio.library.delete(arguments.media)
    return MediaDeleted(
        deleted=[MediaFacts.of(item) for item in deleted.items],
        restorable_until=when(deleted.until),
        results=[item.uri for item in deleted.results],
        text="\n".join(_deleted_lines(deleted)),
    )


def _deleted_lines(deleted: DeletedMedia) -> list[str]:
    until = local_time(deleted.until)
    back = f"media_delete with restore true brings back what you name until {until}"
    lines = [f"media_delete: {counted(deleted.items)} deleted, free; {back}"]
    for item in deleted.items:
        file = f"its file stays: {item.copy_path}" if item.copy_path else ""
        lines.append("  ".join(filter(None, (item.label or "(no label)", item.uri, file))))
    if deleted.results:
        names = listed((item.name for item in deleted.results), most=MAX_RESULTS_NAMED)
        lines.append(f"results made from this stay: {names}")
    return lines


def _restored_lines(restored: list[tuple[MediaItem, str | None]]) -> list[str]:
    lines = [f"media_delete: {counted([item for item, _ in restored])} restored, free"]
    for item, before in restored:
        renamed = item.label != before and before is not None
        note = f"it was {quoted(before)}, which is another item now" if renamed else ""
        lines.append("  ".join(filter(None, (item.label or "(no label)", item.uri, note))))
    return lines
