"""Stores imported files, each content once, and describes for the answer what a reference means."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from stability_mcp.imaging.provenance import read_maker
from stability_mcp.media.import_copy import ImportedFile, discard
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import NameSource, slug
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.names import request_of
from stability_mcp.media.records import Provenance
from stability_mcp.media.retouch import DiskFile, add_retouched, copied_from
from stability_mcp.media.roots import Opened
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import QUOTED_CHARACTERS, describe_time, quoted

_SIMPLE = re.compile(r"\w[\w -]{0,79}")
"""A name that needs no quotes in an answer."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """The media that a reference names."""

    item: MediaItem
    note: str
    """For the answer: `image: hero = hero v2, made 14:02 by generate_ultra`."""
    is_new: bool = False
    """Whether it was imported just now."""
    from_file: bool = False
    """Whether the reference is a file, rather than a name of stored media."""
    copy_note: str = ""
    """The part of the note about a copy that was changed on disk."""


class ImportStore:
    """Stores files that were copied into the spool.

    Args:
        library: The media of the owner.
        clock: Returns the time in unix seconds.
    """

    def __init__(self, library: MediaLibrary, clock: Callable[[], float]) -> None:
        self._library = library
        self._clock = clock

    async def add_file(
        self, opened: Opened, file: DiskFile, reference: str, label: str | None
    ) -> Resolved:
        """Store a file on disk; an edited readable copy becomes the next version of its item."""
        imported = file.imported
        async with self._stored_once(imported, reference) as known:
            if known is not None:
                return known
            changed = await self._library.of_copy(opened.given, opened.path)
            if changed is None:
                return await self._add(imported, reference, label, opened.given.stem)
            name = None if label is None else request_of(label)
            item = await add_retouched(self._library, changed, file, name=name, now=self._clock())
            remark = f"this edited copy of {quoted(changed.name)} was imported as new media"
            note = "; ".join((self.describe(reference, item, new=True), remark, *imported.repairs))
            return Resolved(item=item, note=note, is_new=True)

    async def add(
        self, imported: ImportedFile, reference: str, label: str | None, *, stem: str | None = None
    ) -> Resolved:
        """Return the item with these bytes, or store a new one (T0).

        Args:
            imported: The file.
            reference: What the caller wrote, for the note.
            label: The name that was asked for; None: any.
            stem: The file's own name without its ending; None: it has none.
        """
        async with self._stored_once(imported, reference) as known:
            return known or await self._add(imported, reference, label, stem)

    @contextlib.asynccontextmanager
    async def _stored_once(
        self, imported: ImportedFile, reference: str
    ) -> AsyncIterator[Resolved | None]:
        """Yield the item that has these bytes already, or None; then remove the file."""
        try:
            known = await copied_from(self._library, imported.temporary)
            known = known or await self._library.of_blob(imported.info.sha256)
            note = known and "; ".join((self.describe(reference, known), *imported.repairs))
            yield Resolved(item=known, note=note or "") if known else None
        finally:
            await discard(imported.temporary)

    async def _add(
        self, imported: ImportedFile, reference: str, label: str | None, stem: str | None
    ) -> Resolved:
        name = None if label is None else request_of(label)
        if name is None and stem is not None:
            name = request_of(slug(stem), NameSource.CONTENT)
        item, new = await self._library.add(
            imported.temporary,
            imported.info,
            Provenance(origin="imported"),
            name=name,
            now=self._clock(),
        )
        claim = await in_file_thread(partial(read_maker, item.path)) if new else None
        remarks = (*imported.repairs, *([claim] if claim else []))
        note = "; ".join((self.describe(reference, item, new=new), *remarks))
        return Resolved(item=item, note=note, is_new=new)

    def describe(self, reference: str, item: MediaItem, *, new: bool = False) -> str:
        """Return the note for a reference: `hero = hero v2, made 14:02 by generate_ultra`.

        Args:
            reference: What the caller wrote.
            item: What it means.
            new: Whether the item was imported just now.
        """
        given = _shorten(reference)
        if item.label is None:
            named = given if item.id in reference else f"{given} = {item.uri}"
        elif item.label == reference:
            named = given
        elif _SIMPLE.fullmatch(reference) and reference != item.id:
            named = f"{reference} = {item.label}"
        else:
            named = f"{given} = {quoted(item.label)}"
        if new:
            return f"{named}, imported now"
        when = describe_time(item.created_at, self._clock())
        started = "fitted for sending" if item.origin == "fitted" else "imported"
        how = f"made {when} by {item.operation}" if item.operation else f"{started} {when}"
        return f"{named}, {how}"


def _shorten(reference: str) -> str:
    """Return a reference for an answer: the end of a long path, the beginning of a data: URI."""
    if reference.startswith("data:"):
        return quoted(reference.partition(",")[0])
    max_characters = QUOTED_CHARACTERS
    return quoted(
        reference if len(reference) <= max_characters else f"…{reference[1 - max_characters :]}"
    )
