"""Items of media as JSON with where they came from: prompt, price, tags and lineage."""

from collections.abc import Sequence

from stability_mcp.rest.media_form import MediaForm, MediaLinks, media_links
from stability_mcp.server.tool import Data
from stability_mcp.studio import History, MediaItem, MediaOrigin
from stability_mcp.text import CHARGES

MAX_RESULTS = 100
"""Results of an item that an answer names; it counts all."""


class MediaReference(Data):
    """An item that another one is related to."""

    id: str
    uri: str
    label: str | None = None
    media_type: str
    links: MediaLinks

    @classmethod
    def of(cls, item: MediaItem) -> "MediaReference":
        """Return an item as a reference."""
        return cls(
            id=item.id,
            uri=item.uri,
            label=item.label,
            media_type=item.media_type,
            links=media_links(item.id),
        )


class ListedMediaForm(MediaForm):
    """An item of a list."""

    tags: list[str]
    prompt: str | None = None
    credits: float | None = None
    """Price of its job."""
    charged: str | None = None
    """charged, not charged, reserved or may have been charged."""
    parents: list[MediaReference]
    """What it was made from; deleted media are left out."""

    @classmethod
    def of_origin(cls, origin: MediaOrigin) -> "ListedMediaForm":
        """Return an item of a list as JSON."""
        job = origin.job
        return cls(
            **dict(MediaForm.of(origin.item)),
            tags=list(origin.tags),
            prompt=origin.prompt,
            credits=job.price / 1000 if job else None,
            charged=CHARGES[job.charged] if job else None,
            parents=[MediaReference.of(each) for each in origin.sources],
        )


class MediaPageForm(Data):
    """A page of media, newest first."""

    media: list[ListedMediaForm]
    next_cursor: str | None = None
    """Pass it as `cursor` to get the next, older page; absent on the last page."""


class MediaDetailForm(ListedMediaForm):
    """One item, with what was made from it."""

    results: list[MediaReference]
    """What was made from it directly, newest first."""
    result_count: int
    newest: MediaReference | None = None
    """The newest version of its name; absent: it is the item itself."""
    notes: list[str]

    @classmethod
    def of_history(
        cls, origin: MediaOrigin, history: History, notes: Sequence[str] = ()
    ) -> "MediaDetailForm":
        """Return an item with its history as JSON.

        Args:
            origin: The item, and what it was made from.
            history: What was made from it.
            notes: What a change of the item had to do.
        """
        results = history.results
        return cls(
            **dict(ListedMediaForm.of_origin(origin)),
            results=[MediaReference.of(each) for each in results[:MAX_RESULTS]],
            result_count=len(results),
            newest=MediaReference.of(history.newest) if history.newest else None,
            notes=list(notes),
        )


class StoredMediaForm(Data):
    """The items that a request stored."""

    media: list[MediaForm]
    """In the order of the files; a file that was stored before gives the same item."""
    notes: list[str]
    """What was repaired, converted or named differently."""


class DeletedMediaForm(Data):
    """An item that was deleted."""

    id: str
    label: str | None = None
    """The name that it had."""
    restorable_until: str
    restore: str
    """POST to this link brings it back."""
    results: list[MediaReference]
    """What was made from it, which stays."""
