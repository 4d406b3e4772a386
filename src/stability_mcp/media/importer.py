"""Imports files, and resolves what a call names to stored media.

A file is copied into the spool first, and everything that follows reads the copy: if the file
changes meanwhile, the bytes that were checked are still the bytes that are kept and sent. The copy
is durable before any row refers to it. `Importer` resolves ids, labels, paths and inline bytes.
"""

import filecmp
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from stability_mcp.api.fields import File
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import (
    ArgumentsError,
    FileUnusableError,
    InputFileError,
    NotFoundError,
    StorageError,
)
from stability_mcp.imaging import provenance
from stability_mcp.imaging.probe import probe
from stability_mcp.media.items import MediaItem
from stability_mcp.media.labels import check_label, slug
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.records import CHUNK, FileInfo, Provenance, file_info, sync_file
from stability_mcp.media.references import Inline, Named, in_a_sandbox, parse, sandboxed
from stability_mcp.media.roots import MAX_BYTES, Opened, Roots
from stability_mcp.store.locks import PRIVATE_FILE
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import QUOTED_CHARACTERS, plain, quoted

KINDS = {"image": "a picture", "audio": "sound", "model": "a 3D model"}


@dataclass(frozen=True)
class ImportedFile:
    """A file in the spool."""

    temporary: Path
    info: FileInfo
    tail: int
    """Bytes behind its end that were left out."""


def spool_path(home: Path, what: str) -> Path:
    """Return a new name in the spool of a store."""
    return home / "spool" / f"{what}-{secrets.token_hex(8)}.part"


def copy_into_spool(home: Path, source: BinaryIO) -> ImportedFile:
    """Copy an open file into the spool, see that it is whole media, and make it durable.

    Raises:
        FileUnusableError: it is no media, cut short, a bomb or too large; nothing is left behind.
        StorageError: our own disk is full.
    """
    temporary = spool_path(home, "import")
    try:
        _copy_bytes(source, temporary)
        facts = probe(temporary)
        if facts.tail > 0:
            # What follows the end of a picture is no part of it and may be anything.
            os.truncate(temporary, facts.bytes - facts.tail)
        sync_file(temporary)
        return ImportedFile(temporary, file_info(temporary), max(facts.tail, 0))
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            f"The file could not be copied into the data folder: {plain(error.strerror or '')}.",
            hint="Make room on the disk, then call again.",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _copy_bytes(source: BinaryIO, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    copied = 0
    with os.fdopen(descriptor, "wb") as out:
        while block := source.read(CHUNK):
            copied += len(block)
            if copied > MAX_BYTES:  # it grew since it was opened, or came as a data: URI
                raise FileUnusableError(
                    f"The file has more than {MAX_BYTES:,} bytes, which are the most.",
                    hint="Use a smaller file.",
                )
            out.write(block)


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a reference turned out to be."""

    item: MediaItem
    note: str
    """In words: `image: "hero" = k7f3q2m9xa, made 14:02 by generate_ultra`."""


class Importer:
    """Finds and imports what callers name; made from the store and the folders it may read."""

    def __init__(
        self, *, library: MediaLibrary, roots: Roots, clock: Callable[[], float] = time.time
    ) -> None:
        self.library = library
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
        found = await self._resolve(reference, None)
        if found.item.kind != mark.media:
            raise ArgumentsError(
                f"{argument} takes {KINDS[mark.media]}, and {quoted(reference)} is "
                f"{KINDS[found.item.kind]} ({found.item.media_type}).",
                hint=_who_takes(found.item.kind),
            )
        return Resolved(item=found.item, note=f"{argument}: {found.note}")

    async def import_file(self, reference: str, label: str | None) -> Resolved:
        """Take a file into the store and call it by a label.

        Raises:
            ArgumentsError: it cannot be called so.
            NotFoundError, InputFileError: as for `resolve`.
        """
        wanted = check_label(label) if label else None
        found = await self._resolve(reference, wanted)
        if wanted and found.item.label != wanted:
            return Resolved(item=await self.library.set_label(found.item, wanted), note=found.note)
        return found

    async def _resolve(self, reference: str, label: str | None) -> Resolved:
        parsed = parse(reference)
        if isinstance(parsed, Named):
            return await self._from_library(parsed, reference, label)
        if isinstance(parsed, Inline):
            imported = await in_file_thread(
                partial(copy_into_spool, self.library.home, BytesIO(parsed.data))
            )
            return await self._store(imported, reference, label, None)
        return await self._from_disk(parsed.path, reference, label)

    async def _from_library(self, named: Named, reference: str, label: str | None) -> Resolved:
        try:
            item = await self.library.get(named.name)
        except NotFoundError as error:
            if named.certain:
                raise
            missing = error
        else:
            return Resolved(item=item, note=self._describe(reference, item))
        try:
            return await self._from_disk(named.name, reference, label)
        except InputFileError:
            close = await in_file_thread(partial(self.roots.similar, named.name), of_user=True)
            hint = missing.hint if missing.hint.startswith("Did") or not close else close
            raise NotFoundError(
                f"No media and no file is called {quoted(reference)}.", hint=hint
            ) from None

    async def _from_disk(self, path: str, reference: str, label: str | None) -> Resolved:
        try:
            opened, imported = await in_file_thread(partial(self._copy_file, path), of_user=True)
        except InputFileError as error:
            if in_a_sandbox(path) and not isinstance(error, FileUnusableError):
                raise sandboxed(reference) from None
            raise
        return await self._store(imported, reference, label or slug(Path(path).stem), opened)

    async def _store(
        self, imported: ImportedFile, reference: str, label: str | None, opened: Opened | None
    ) -> Resolved:
        """Find the item that has these bytes, or make one (T0)."""
        try:
            copied = await self._copied_from(imported.temporary)
            if copied is not None:
                return Resolved(item=copied, note=self._describe(reference, copied))
            import_provenance = Provenance(origin="imported")
            changed = None
            if opened is not None and not await self.library.of_blob(imported.info.sha256):
                changed = await self.library.of_copy(opened.given, opened.path)
            if changed is not None:
                import_provenance = Provenance(origin="imported", parents={"changed": changed.id})
            item, new = await self.library.add(
                imported.temporary, imported.info, import_provenance, label=label, now=self.clock()
            )
        finally:
            await in_file_thread(partial(imported.temporary.unlink, missing_ok=True))
        note = self._describe(reference, item, new=new)
        if changed is not None:
            note += f"; the copy of {quoted(changed.name)} was changed on disk and is used as it is"
        if imported.tail:
            note += f"; {imported.tail:,} bytes behind its end left out"
        return Resolved(item=item, note=note)

    async def _copied_from(self, file: Path) -> MediaItem | None:
        """Return the item of which a file is an unchanged readable copy.

        The file says itself of what: a claim by a stranger, so it is put to the test. What is
        written into the stored bytes again has to give this very file.
        """
        claim = await in_file_thread(partial(provenance.read, file))
        sha256 = claim.get("sha256") if claim else None
        known = await self.library.of_blob(sha256) if isinstance(sha256, str) else None
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

    def _copy_file(self, path: str) -> tuple[Opened, ImportedFile]:
        opened = self.roots.open_file(path)
        with os.fdopen(opened.descriptor, "rb") as file:
            return opened, copy_into_spool(self.library.home, file)

    def _describe(self, reference: str, item: MediaItem, *, new: bool = False) -> str:
        named = _shown(reference)
        if new:
            return f"{named} = {item.id}, imported now"
        when = describe_time(item.created_at, self.clock())
        how = f"made {when} by {item.operation}" if item.operation else f"imported {when}"
        return f"{named} = {item.id}, {how}"


def describe_time(then: float, now: float) -> str:
    """Return a time as people say it: `14:02`, `yesterday 14:02`, `2026-11-20 14:02`."""
    at = datetime.fromtimestamp(then, UTC).astimezone()
    days = (datetime.fromtimestamp(now, UTC).astimezone().date() - at.date()).days
    day = "" if days == 0 else "yesterday " if days == 1 else f"{at.date().isoformat()} "
    return f"{day}{at:%H:%M}"


def _shown(reference: str) -> str:
    """Return a reference, quoted: of a long path its end, of a data: URI its beginning."""
    if reference.startswith("data:"):
        return quoted(reference.partition(",")[0])
    max_characters = QUOTED_CHARACTERS
    return quoted(
        reference if len(reference) <= max_characters else f"…{reference[1 - max_characters :]}"
    )


def _who_takes(kind: str) -> str:
    names = [
        name
        for name, operation in OPERATIONS.items()
        if any(mark.media == kind for mark in operation.file_fields().values())
    ]
    return f"{names[0]} takes {KINDS[kind]}." if names else f"No operation takes {KINDS[kind]}."
