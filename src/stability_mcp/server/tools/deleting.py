"""Tool to delete stored media and to restore them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import Arguments, Reference, as_list
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import DELETES
from stability_mcp.server.tool import Data, tool
from stability_mcp.server.views import MediaFacts, when
from stability_mcp.studio import MediaItem, Studio
from stability_mcp.text import listed, quoted

MAX_RESULTS_NAMED = 5
"""Results that an answer names; it counts the rest."""


class MediaDelete(Arguments):
    """Delete stored media, all or none; free. Files in the output folder stay."""

    media: Annotated[list[Reference], BeforeValidator(as_list), Field(min_length=1, max_length=20)]
    """What to delete."""
    restore: bool = False
    """Restore deleted media instead, for up to 30 days."""


class RestoredFacts(MediaFacts):
    """One restored item."""

    was: str | None = None
    """Its label before, if that is another item now."""


class MediaDeleted(Data):
    """What was deleted or restored."""

    deleted: list[MediaFacts] = Field(default_factory=list)
    """`path` is the readable copy, which stays."""
    restored: list[RestoredFacts] = Field(default_factory=list)
    restorable_until: str | None = None
    results: list[str] = Field(default_factory=list)
    """Names of results that were made from the deleted media and stay."""

    def as_text(self) -> str:
        """Return the answer in words."""
        if self.restored:
            lines = [f"media_delete: {_counted(self.restored)} restored, free"]
            return "\n".join([*lines, *map(_restored_line, self.restored)])
        back = "media_delete with restore true brings back what you name until"
        until = (self.restorable_until or "")[:16].replace("T", " ")
        lines = [f"media_delete: {_counted(self.deleted)} deleted, free; {back} {until}"]
        lines += map(_deleted_line, self.deleted)
        if self.results:
            names = listed(self.results, most=MAX_RESULTS_NAMED)
            lines.append(f"made from this, not deleted: {names}")
        return "\n".join(lines)


@tool(title="Delete media", effects=DELETES, hints={"id": "use media", "undelete": "use restore"})
async def media_delete(
    studio: Studio,
    arguments: MediaDelete,
    context: CallContext,  # noqa: ARG001 -- every tool takes the three
) -> MediaDeleted:
    """Delete or restore the media."""
    if arguments.restore:
        restored = await studio.library.restore(arguments.media)
        return MediaDeleted(restored=[_restored_facts(item, was) for item, was in restored])
    deleted = await studio.library.delete(arguments.media)
    return MediaDeleted(
        deleted=[MediaFacts.of(item) for item in deleted.items],
        restorable_until=when(deleted.until),
        results=[item.name for item in deleted.results],
    )


def _restored_facts(item: MediaItem, was: str | None) -> RestoredFacts:
    return RestoredFacts(**MediaFacts.of(item).model_dump(), was=was if was != item.label else None)


def _counted(items: Sequence[MediaFacts]) -> str:
    return f"{len(items)} item{'s' * (len(items) > 1)}"


def _deleted_line(item: MediaFacts) -> str:
    file = f"its file stays: {item.path}" if item.path else ""
    return "  ".join(filter(None, (item.label or "(no label)", item.uri, file)))


def _restored_line(item: RestoredFacts) -> str:
    note = f"{quoted(item.was)} is another item now" if item.was else ""
    return "  ".join(filter(None, (item.label or "(no label)", item.uri, note)))
