"""Turning what a caller named into a stored media item: found, or imported and made durable.

The same bytes are never stored twice, and a readable copy that comes back unchanged *is* the item
it was copied from, with all that is known of it.
"""

import filecmp
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path

from stability_mcp.errors import ArgumentsError, FileUnusableError, InputFileError, NotFoundError
from stability_mcp.fields import File
from stability_mcp.imaging import provenance
from stability_mcp.media.intake import Taken, take
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import check_label, slug
from stability_mcp.media.references import Inline, Named, in_a_sandbox, parse, sandboxed
from stability_mcp.media.roots import Opened, Roots
from stability_mcp.media.rows import Made
from stability_mcp.media.store import MediaStore
from stability_mcp.media.threads import in_file_thread
from stability_mcp.operations import OPERATIONS
from stability_mcp.wording import QUOTED_CHARACTERS, quoted

KINDS = {"image": "a picture", "audio": "sound", "model": "a 3D model"}


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a reference turned out to be."""

    item: MediaItem
    said: str
    """In words: `image: "hero" = k7f3q2m9xa, made 14:02 by generate_ultra`."""


class Importer:
    """Finds and imports what callers name; made from the store and the folders it may read."""

    def __init__(
        self, *, store: MediaStore, roots: Roots, clock: Callable[[], float] = time.time
    ) -> None:
        self.store = store
        self.roots = roots
        self.clock = clock

    async def resolve(self, reference: str, mark: File, *, argument: str) -> Resolved:
        """Return what an argument of an operation names.

        Args:
            reference: What the caller wrote.
            mark: The mark of the field: what kind of file it takes.
            argument: The name of the field.

        Raises:
            NotFoundError: nothing of that name is stored.
            InputFileError: the file is not there, may not be read or is no media.
            ArgumentsError: it is of another kind than the field takes.
        """
        found = await self._found(reference, None)
        if found.item.kind != mark.media:
            raise ArgumentsError(
                f"{argument} takes {KINDS[mark.media]}, and {quoted(reference)} is "
                f"{KINDS[found.item.kind]} ({found.item.media_type}).",
                cure=_who_takes(found.item.kind),
            )
        return Resolved(item=found.item, said=f"{argument}: {found.said}")

    async def import_file(self, reference: str, label: str | None) -> Resolved:
        """Take a file into the store and call it by a label.

        Raises:
            ArgumentsError: it cannot be called so.
            NotFoundError, InputFileError: as for `resolve`.
        """
        wanted = check_label(label) if label else None
        found = await self._found(reference, wanted)
        if wanted and found.item.label != wanted:
            return Resolved(item=await self.store.set_label(found.item, wanted), said=found.said)
        return found

    async def _found(self, reference: str, label: str | None) -> Resolved:
        parsed = parse(reference)
        if isinstance(parsed, Named):
            return await self._stored(parsed, reference, label)
        if isinstance(parsed, Inline):
            taken = await in_file_thread(partial(take, self.store.home, BytesIO(parsed.data)))
            return await self._kept(taken, reference, label, None)
        return await self._on_disk(parsed.path, reference, label)

    async def _stored(self, named: Named, reference: str, label: str | None) -> Resolved:
        try:
            item = await self.store.get(named.name)
        except NotFoundError as error:
            if named.certain:
                raise
            missing = error
        else:
            return Resolved(item=item, said=self._said(reference, item))
        try:
            return await self._on_disk(named.name, reference, label)
        except InputFileError:
            close = await in_file_thread(partial(self.roots.similar, named.name))
            cure = missing.cure if missing.cure.startswith("Did") or not close else close
            raise NotFoundError(
                f"No media and no file is called {quoted(reference)}.", cure=cure
            ) from None

    async def _on_disk(self, path: str, reference: str, label: str | None) -> Resolved:
        try:
            opened, taken = await in_file_thread(partial(self._take_file, path))
        except InputFileError as error:
            if in_a_sandbox(path) and not isinstance(error, FileUnusableError):
                raise sandboxed(reference) from None
            raise
        return await self._kept(taken, reference, label or slug(Path(path).stem), opened)

    async def _kept(
        self, taken: Taken, reference: str, label: str | None, opened: Opened | None
    ) -> Resolved:
        """Find the item that has these bytes, or make one (T0)."""
        try:
            copied = await self._copied_from(taken.temporary)
            if copied is not None:
                return Resolved(item=copied, said=self._said(reference, copied))
            made = Made(origin="imported")
            changed = None
            if opened is not None and not await self.store.of_blob(taken.measured.sha256):
                changed = await self.store.of_copy(opened.given, opened.path)
            if changed is not None:
                made = Made(origin="imported", parents={"changed": changed.id})
            item, new = await self.store.add(
                taken.temporary, taken.measured, made, label=label, now=self.clock()
            )
        finally:
            await in_file_thread(partial(taken.temporary.unlink, missing_ok=True))
        said = self._said(reference, item, new=new)
        if changed is not None:
            said += f"; the copy of {quoted(changed.name)} was changed on disk and is used as it is"
        if taken.tail:
            said += f"; {taken.tail:,} bytes behind its end left out"
        return Resolved(item=item, said=said)

    async def _copied_from(self, file: Path) -> MediaItem | None:
        """Return the item of which a file is an unchanged readable copy.

        The file says itself of what: a claim by a stranger, so it is put to the test. What is
        written into the stored bytes again has to give this very file.
        """
        claim = await in_file_thread(partial(provenance.read, file))
        sha256 = claim.get("sha256") if claim else None
        known = await self.store.of_blob(sha256) if isinstance(sha256, str) else None
        if claim is None or known is None:
            return None
        again = file.with_suffix(".again.part")

        def same() -> bool:
            try:
                provenance.embed(known.path, again, claim)
                return filecmp.cmp(file, again, shallow=False)
            except FileNotFoundError:  # the stored bytes are lost
                return False
            finally:
                again.unlink(missing_ok=True)

        return known if await in_file_thread(same) else None

    def _take_file(self, path: str) -> tuple[Opened, Taken]:
        opened = self.roots.open_file(path)
        with os.fdopen(opened.descriptor, "rb") as file:
            return opened, take(self.store.home, file)

    def _said(self, reference: str, item: MediaItem, *, new: bool = False) -> str:
        named = _shown(reference)
        if new:
            return f"{named} = {item.id}, imported now"
        when = time_said(item.created_at, self.clock())
        how = f"made {when} by {item.operation}" if item.operation else f"imported {when}"
        return f"{named} = {item.id}, {how}"


def time_said(then: float, now: float) -> str:
    """Return a time as people say it: `14:02`, `yesterday 14:02`, `2026-11-20 14:02`."""
    at = datetime.fromtimestamp(then, UTC).astimezone()
    days = (datetime.fromtimestamp(now, UTC).astimezone().date() - at.date()).days
    day = "" if days == 0 else "yesterday " if days == 1 else f"{at.date().isoformat()} "
    return f"{day}{at:%H:%M}"


def _shown(reference: str) -> str:
    """Return a reference, quoted: of a long path its end, of a data: URI its beginning."""
    if reference.startswith("data:"):
        return quoted(reference.partition(",")[0])
    most = QUOTED_CHARACTERS
    return quoted(reference if len(reference) <= most else f"…{reference[1 - most :]}")


def _who_takes(kind: str) -> str:
    names = [
        name
        for name, operation in OPERATIONS.items()
        if any(mark.media == kind for mark in operation.file_fields().values())
    ]
    return f"{names[0]} takes {KINDS[kind]}." if names else f"No operation takes {KINDS[kind]}."
