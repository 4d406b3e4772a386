"""Readable copies that the user edited on disk: each becomes the next version of its item.

Whenever an item is named, its copy is compared by size and modification time with what was written.
Only if they differ, or weren't recorded, is the file read and compared by its bytes. A name that
can move on (`hero`, `the last image`) then means the edited file. A name of exactly one version
(`hero v3`, a URI, an id) keeps meaning the stored bytes, and the answer says that its copy differs.
"""

import contextlib
import filecmp
import os
import re
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

from stability_mcp.errors import (
    FileForbiddenError,
    FileMissingError,
    FileUnusableError,
    InputFileError,
    NotFoundError,
    StorageError,
)
from stability_mcp.imaging import provenance
from stability_mcp.media import names
from stability_mcp.media.copies import with_copy
from stability_mcp.media.import_copy import ImportedFile, discard, storage_error
from stability_mcp.media.items import KINDS, CopyFile, FileStamp, MediaItem, kind_of
from stability_mcp.media.labels import has_ending
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.names import NameRequest
from stability_mcp.media.records import Blobs, NewMedia, Provenance, clean, insert_media, set_copy
from stability_mcp.media.search import name_of
from stability_mcp.store.queries import Connection, load
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import describe_time, quoted

RETOUCHED_FROM = "retouched_from"
"""Role of the item whose copy was edited."""

_PLAIN_FILE = re.compile(r"\w[\w .()-]{0,79}")
"""A file name that needs no quotes in an answer."""

_leave_copy = load(__file__).count("leave_copy")


class CopyState(Enum):
    """What is at the path of a readable copy."""

    SAME = "the file as it was written"
    CHANGED = "a file of another size or time"
    UNKNOWN = "a file, but nothing was recorded to compare it with"
    MISSING = "nothing"
    NOT_A_FILE = "a link, a folder or a device"


@dataclass(frozen=True, kw_only=True)
class DiskFile:
    """A file that was copied into the spool."""

    imported: ImportedFile
    stamp: FileStamp
    """Of the original, unchanged while it was read."""


ReadFile = Callable[[str], Awaitable[DiskFile]]
"""Copies a file in the allowed folders into the spool."""


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """What was noticed about the copy of an item."""

    item: MediaItem
    """The item to use."""
    note: str
    """For the answer."""


def look_at(item: MediaItem) -> tuple[CopyState, float]:
    """Return the state of an item's copy, and its modification time; blocks."""
    if item.copy_path is None:
        return CopyState.MISSING, 0.0
    try:
        facts = item.copy_path.lstat()
    except (OSError, ValueError):  # the user deleted or moved it, or its folder is gone
        return CopyState.MISSING, 0.0
    if not stat.S_ISREG(facts.st_mode):
        return CopyState.NOT_A_FILE, facts.st_mtime
    if item.copy_stamp is None:
        return CopyState.UNKNOWN, facts.st_mtime
    same = item.copy_stamp == FileStamp.of(facts)
    return CopyState.SAME if same else CopyState.CHANGED, facts.st_mtime


async def without_lost_copies(items: Sequence[MediaItem]) -> list[MediaItem]:
    """Return items without the paths of copies that were moved or deleted."""

    def present() -> list[MediaItem]:
        return [
            with_copy(each, None) if look_at(each)[0] is CopyState.MISSING else each
            for each in items
        ]

    return await in_file_thread(present, of_user=True)


class CopyWatch:
    """Notices copies that were edited on disk, and imports them.

    Args:
        library: The media of the owner.
        read: Copies a file into the spool.
        clock: Unix seconds.
    """

    def __init__(self, library: MediaLibrary, read: ReadFile, clock: Callable[[], float]) -> None:
        self._library = library
        self._read = read
        self._clock = clock

    async def check(self, item: MediaItem, forms: Sequence[str], *, paid: bool) -> Noticed | None:
        """Return the item to use if the copy of a named item was changed; None: it wasn't.

        Args:
            item: The item.
            forms: The reference, as written and without what hosts put around it.
            paid: Whether a call that costs credits would use it.

        Raises:
            FileUnusableError: the changed file can't be used, so a paid call must not use the item.
        """
        state, at = await in_file_thread(partial(look_at, item), of_user=True)
        path = item.copy_path
        if path is None or state in {CopyState.SAME, CopyState.MISSING}:
            return None
        holder = await self._library.of_copy(path)
        if holder is None or holder.id != item.id:  # a newer item was written to the same path
            return None
        exact = await self._is_exact(item, forms)
        if state is CopyState.NOT_A_FILE:
            why = f"{_named(path)} isn't a regular file any more; using the stored version"
            return None if exact else Noticed(item=item, note=why)
        changed = f"{_named(path)} was changed on disk {self._when(at)}"
        try:
            file = await self._read(str(path))
        except InputFileError as error:
            if state is CopyState.UNKNOWN or isinstance(error, FileMissingError):
                return None  # nothing says that it was changed
            return _unreadable(item, changed, error, exact=exact, paid=paid)
        try:
            return await self._compare(item, file, changed, exact=exact, paid=paid)
        finally:
            await discard(file.imported.temporary)

    async def _compare(
        self, item: MediaItem, file: DiskFile, changed: str, *, exact: bool, paid: bool
    ) -> Noticed | None:
        info = file.imported.info
        known = await copied_from(self._library, file.imported.temporary)
        known = known or await self._library.of_blob(info.sha256)
        if known is not None and known.sha256 == item.sha256:
            await self._remember(item, file.stamp)
            return None
        if exact:
            return Noticed(item=item, note=f"{changed}; this is the stored version")
        if known is not None:
            return Noticed(item=known, note=f"{changed}; it is now the same as {known.name}")
        kind = kind_of(info.media_type)
        if kind != item.kind:
            if paid:
                raise _unusable(item, f"{changed} and is {KINDS[kind]} now.")
            note = f"{changed} and is {KINDS[kind]} now; using the stored version"
            return Noticed(item=item, note=note)
        new = await add_retouched(self._library, item, file, name=None, now=self._clock())
        return Noticed(
            item=new,
            note="; ".join((f"{changed}; using it as {new.name}", *file.imported.repairs)),
        )

    async def _remember(self, item: MediaItem, stamp: FileStamp) -> None:
        """Record the stamp of an unmodified copy, so that it isn't read again."""
        if item.copy_path is None:
            return
        with contextlib.suppress(NotFoundError, StorageError):  # then it is read again
            await self._library.set_copy_path(item.id, item.copy_path, stamp)

    async def _is_exact(self, item: MediaItem, forms: Sequence[str]) -> bool:
        """Return whether a reference can only mean this item: its URI, id, version or variant."""
        if any(name_of(form) == item.id or has_ending(form) for form in forms):
            return True
        return await self._library.database.read(
            lambda c: any(names.is_exact(c, item.id, form) for form in forms)
        )

    def _when(self, at: float) -> str:
        when = describe_time(at, self._clock())
        return when if " " in when else f"at {when}"


async def add_retouched(
    library: MediaLibrary,
    item: MediaItem,
    file: DiskFile,
    *,
    name: NameRequest | None,
    now: float,
) -> MediaItem:
    """Store an edited copy as the next version of its item; the file becomes its copy.

    Args:
        library: The media of the owner.
        item: The item whose copy was edited.
        file: The edited file, in the spool.
        name: A name that was asked for; None: the next version of the item's name.
        now: The time, in unix seconds.

    Raises:
        StorageError: it can't be stored.
    """
    imported = file.imported
    parents = {RETOUCHED_FROM: item.id}
    blobs = Blobs(home=library.home, observer=library.database.observer)

    def insert(connection: Connection) -> MediaItem:
        known = library.item_of_bytes(connection, imported.info.sha256)
        if known is not None:  # another process has just stored it
            return known
        wanted = name or names.successor(connection, library.owner, item.id, item.label)
        new = NewMedia(
            owner=library.owner,
            name=wanted,
            file=imported.temporary,
            info=imported.info,
            provenance=Provenance(origin="imported", parents=parents),
        )
        stored = insert_media(connection, blobs, new, now=now)
        if item.copy_path is None:
            return stored
        copy = CopyFile(item.copy_path, file.stamp)
        set_copy(connection, library.owner, stored.id, copy)
        path = clean(str(copy.path))
        _leave_copy(connection, owner=library.owner, id=item.id, copy_path=path)
        return with_copy(stored, copy)

    try:
        return await library.database.write(insert, name="media.retouch")
    except OSError as error:
        raise storage_error(library.home, error) from error


async def copied_from(library: MediaLibrary, file: Path) -> MediaItem | None:
    """Return the item that a file is an unmodified readable copy of.

    The file itself claims this, so the claim is verified: embedding the same provenance into the
    stored bytes must produce exactly this file.
    """
    claim = await in_file_thread(partial(provenance.read, file))
    sha256 = claim.get("sha256") if claim else None
    known = await library.of_blob(sha256) if isinstance(sha256, str) else None
    if claim is None or known is None:
        return None
    again = file.with_suffix(".again.part")

    def same() -> bool:
        try:
            provenance.embed(known.path, again, claim)
            return filecmp.cmp(file, again, shallow=False)
        except FileNotFoundError:  # the stored bytes are missing
            return False
        finally:
            again.unlink(missing_ok=True)

    return known if await in_file_thread(same) else None


def unchanged_stamp(descriptor: int, before: FileStamp, name: str) -> FileStamp:
    """Return the stamp of an open file after it was read.

    Raises:
        FileUnusableError: it was written to meanwhile.
    """
    after = FileStamp.of(os.fstat(descriptor))
    if after != before:
        raise FileUnusableError(
            f"{quoted(name)} was changed while it was read.",
            hint="Wait until the program that writes it has finished, then call again.",
        )
    return after


def _unreadable(
    item: MediaItem, changed: str, error: InputFileError, *, exact: bool, paid: bool
) -> Noticed:
    if exact:
        return Noticed(item=item, note=f"{changed}; this is the stored version")
    if paid and not isinstance(error, FileForbiddenError):
        raise _unusable(item, f"{changed} and can't be used: {error.message}") from None
    note = f"{changed} but can't be used, so this is the stored version: {error.message}"
    return Noticed(item=item, note=note)


def _unusable(item: MediaItem, message: str) -> FileUnusableError:
    return FileUnusableError(
        message, hint=f"Save it again, or pass {item.uri} for the stored version."
    )


def _named(path: Path) -> str:
    return path.name if _PLAIN_FILE.fullmatch(path.name) else quoted(path.name)
