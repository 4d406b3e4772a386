"""Finds lost or damaged files of stored media, by size and hash, and restores them if possible.

Only a file with the same hash can replace a lost one. It may be in the spool, in the quarantine, or
a readable copy without provenance. Every function blocks.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.media.import_copy import spool_path
from stability_mcp.media.records import blob_path, sync_file, sync_folder
from stability_mcp.store.locks import PRIVATE_FOLDER
from stability_mcp.store.queries import Connection, load
from stability_mcp.uris import media_uri


@dataclass(frozen=True, slots=True)
class Blob:
    """The expected content of a stored file."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A media item with this content."""

    id: str
    label: str | None
    copy_path: str | None

    @property
    def name(self) -> str:
        """Return the label and URI, for people."""
        return f'"{self.label}" ({media_uri(self.id)})' if self.label else media_uri(self.id)


_SQL = load(__file__)
_blobs = _SQL.many("blobs", Blob)
_holders = _SQL.many("holders", Holder)
_delete_holders = _SQL.count("delete_holders")


def blobs(connection: Connection, *, after: str, limit: int) -> list[Blob]:
    """Return the blobs of items that are not deleted, in the order of their hashes."""
    return _blobs(connection, after=after, limit=limit)


def is_empty(home: Path) -> bool:
    """Return whether the blobs folder is empty, which can mean that its disk is not mounted."""
    return next((home / "blobs").iterdir(), None) is None


def holders(connection: Connection, blob: Blob) -> list[Holder]:
    """Return the items with this content that are not deleted."""
    return _holders(connection, blob=blob.sha256)


def fault(home: Path, blob: Blob, *, compare: bool = True) -> str | None:
    """Return a description of what is wrong with the file of a blob, or None.

    Args:
        home: Folder of the store.
        blob: The expected content.
        compare: Whether to check the hash too, not only the size.
    """
    try:
        return _fault(blob_path(home, blob.sha256), blob, compare=compare)
    except OSError as error:
        return f"its file cannot be read ({error.strerror})"


def recover(home: Path, blob: Blob, copies: Iterable[str | None]) -> tuple[Path, str] | None:
    """Find the content of a blob, and copy it durably to the spool.

    Returns:
        The new file, and a description of its source; None if there is no source.

    Raises:
        OSError: a possible source cannot be read, or the disk is full.
    """
    target = spool_path(home, "repair")
    failure: OSError | None = None
    for source, where in _sources(home, blob, copies):
        try:
            if _copied(source, target, blob.sha256):
                return target, where
        except FileNotFoundError:  # it was deleted meanwhile
            target.unlink(missing_ok=True)
        except OSError as error:  # try the other sources
            target.unlink(missing_ok=True)
            failure = error
    if failure is not None:
        raise failure
    return None


def restore(home: Path, blob: Blob, file: Path) -> bool:
    """Move a recovered file to its place; only inside a write transaction.

    Returns:
        Whether it was moved: another process may have stored the same content meanwhile.
    """
    if fault(home, blob) is None:
        file.unlink(missing_ok=True)
        return False
    quarantine_blob(home, blob.sha256, "damaged")
    path = blob_path(home, blob.sha256)
    path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    file.replace(path)
    sync_folder(path.parent)
    return True


def delete_items(connection: Connection, home: Path, blob: Blob, now: float) -> bool:
    """Delete the items of a blob that cannot be recovered, and quarantine its damaged file.

    Returns:
        Whether they were deleted; False if the intact file is back.

    Raises:
        OSError: the file exists but cannot be read, so it may be intact.
    """
    if _fault(blob_path(home, blob.sha256), blob) is None:
        return False
    quarantine_blob(home, blob.sha256, "damaged")
    _delete_holders(connection, blob=blob.sha256, now=now)
    return True


def quarantine_blob(home: Path, sha256: str, why: str) -> bool:
    """Move the file of a hash to the quarantine; return whether it existed.

    Its modification time becomes now, because the quarantine is swept by age.
    """
    return quarantine_file(home, blob_path(home, sha256), f"{sha256}.{why}")


def quarantine_file(home: Path, path: Path, name: str) -> bool:
    """Move a file to the quarantine under a new name; return whether it existed."""
    try:
        os.utime(path)
        path.replace(home / "quarantine" / name)
    except FileNotFoundError:
        return False
    return True


def _fault(path: Path, blob: Blob, *, compare: bool = True) -> str | None:
    """Like `fault`, but raise if the file cannot be read."""
    try:
        size = path.stat().st_size
        if size != blob.bytes:
            return f"its file has {size:,} of {blob.bytes:,} bytes"
        if compare:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != blob.sha256:
                    return "its file was changed on disk"
    except FileNotFoundError:
        return "its file is missing"
    return None


def readable(copies: Iterable[str | None]) -> list[str]:
    """Return the readable copies that still exist, without duplicates."""
    return [copy for copy in dict.fromkeys(filter(None, copies)) if _size(Path(copy)) is not None]


def _copied(source: Path, target: Path, sha256: str) -> bool:
    """Copy a file durably if it has the given hash; return whether it does."""
    with source.open("rb") as file, target.open("w+b") as out:
        shutil.copyfileobj(file, out)
        out.seek(0)
        same = hashlib.file_digest(out, "sha256").hexdigest() == sha256
    if same:
        sync_file(target)
    else:
        target.unlink()
    return same


def _sources(home: Path, blob: Blob, copies: Iterable[str | None]) -> Iterator[tuple[Path, str]]:
    """Yield files of the right size, which may have the content."""
    for folder in ("spool", "quarantine"):
        for path in sorted((home / folder).iterdir()):
            if _size(path) == blob.bytes:
                yield path, f"{folder}/{path.name}"
    for copy in readable(copies):
        if _size(Path(copy)) == blob.bytes:
            yield Path(copy), f"the readable copy {copy}"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:  # it was deleted meanwhile
        return None
