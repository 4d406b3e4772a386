"""Finds stored bytes that are lost or changed, by size and hash, and restores them if possible.

Only a byte-identical file restores them: the hash decides. Such a file may lie in the spool or the
quarantine, or be a readable copy without provenance. Every function blocks.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.media.importer import spool_path
from stability_mcp.media.records import blob_path, sync_file, sync_folder
from stability_mcp.store.locks import PRIVATE_FOLDER
from stability_mcp.store.queries import Connection, load
from stability_mcp.uris import media_uri


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that a row promises."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Holder:
    """An item that has them."""

    id: str
    label: str | None
    copy_path: str | None

    @property
    def name(self) -> str:
        """Return what a person finds it by."""
        return f'"{self.label}" ({media_uri(self.id)})' if self.label else media_uri(self.id)


_SQL = load(__file__)
_blobs = _SQL.many("blobs", Blob)
_holders = _SQL.many("holders", Holder)
_delete_holders = _SQL.count("delete_holders")


def blobs(connection: Connection, *, after: str, limit: int) -> list[Blob]:
    """Return the bytes that living items stand for, in the order of their hashes."""
    return _blobs(connection, after=after, most=limit)


def is_emptied(home: Path) -> bool:
    """Return whether the folder of all bytes holds nothing, as one does whose disk is away."""
    return next((home / "blobs").iterdir(), None) is None


def holders(connection: Connection, blob: Blob) -> list[Holder]:
    """Return the living items that have these bytes."""
    return _holders(connection, blob=blob.sha256)


def fault(home: Path, blob: Blob, *, compare: bool = True) -> str | None:
    """Return what is wrong with the file of a blob, in words; None: nothing.

    Args:
        home: Folder of the store.
        blob: What it should be.
        compare: Whether it is read whole and compared with its hash, not only by its size.
    """
    try:
        return _fault(blob_path(home, blob.sha256), blob, compare=compare)
    except OSError as error:
        return f"its file cannot be read ({error.strerror})"


def recover(home: Path, blob: Blob, copies: Iterable[str | None]) -> tuple[Path, str] | None:
    """Write the bytes of a blob into the spool, durably, if they are anywhere.

    Returns:
        The new file, and where the bytes were found in words; None where they are nowhere.

    Raises:
        OSError: they may be in a file that cannot be read, or the disk is full.
    """
    target = spool_path(home, "mend")
    failure: OSError | None = None
    for source, where in _sources(home, blob, copies):
        try:
            if _copied(source, target, blob.sha256):
                return target, where
        except FileNotFoundError:  # gone meanwhile
            target.unlink(missing_ok=True)
        except OSError as error:  # another one may do
            target.unlink(missing_ok=True)
            failure = error
    if failure is not None:
        raise failure
    return None


def put_back(home: Path, blob: Blob, file: Path) -> bool:
    """Move recovered bytes to their place; only inside a write transaction.

    Returns:
        Whether they were wanted: another process may have stored the same picture anew.
    """
    if fault(home, blob) is None:
        file.unlink(missing_ok=True)
        return False
    put_aside(home, blob.sha256, "damaged")
    path = blob_path(home, blob.sha256)
    path.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    file.replace(path)
    sync_folder(path.parent)
    return True


def give_up(connection: Connection, home: Path, blob: Blob, now: float) -> bool:
    """Delete the items whose bytes are nowhere; what is left of those is put aside.

    Returns:
        Whether it was done: not if the bytes are back.

    Raises:
        OSError: their file is there and cannot be read, so they may be whole.
    """
    if _fault(blob_path(home, blob.sha256), blob) is None:
        return False
    put_aside(home, blob.sha256, "damaged")
    _delete_holders(connection, blob=blob.sha256, now=now)
    return True


def put_aside(home: Path, sha256: str, why: str) -> bool:
    """Move the file of a hash into the quarantine, if there is one; return whether there was.

    Its time becomes now, for what is in the quarantine is swept by its age.
    """
    return aside(home, blob_path(home, sha256), f"{sha256}.{why}")


def aside(home: Path, path: Path, name: str) -> bool:
    """Move any file into the quarantine under a name; return whether it was there."""
    try:
        os.utime(path)
        path.replace(home / "quarantine" / name)
    except FileNotFoundError:
        return False
    return True


def _fault(path: Path, blob: Blob, *, compare: bool = True) -> str | None:
    """Do what `fault` does; raise where that cannot be told."""
    try:
        size = path.stat().st_size
        if size != blob.bytes:
            return f"its file has {size:,} of {blob.bytes:,} bytes"
        if compare:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != blob.sha256:
                    return "its file is not what was stored: the disk changed it"
    except FileNotFoundError:
        return "its file is missing"
    return None


def readable(copies: Iterable[str | None]) -> list[str]:
    """Return those of the readable copies that still exist, each once."""
    return [copy for copy in dict.fromkeys(filter(None, copies)) if _size(Path(copy)) is not None]


def _copied(source: Path, target: Path, sha256: str) -> bool:
    """Copy a file durably if it has this hash, and return whether it has."""
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
    """Yield files of the right size, which may have the bytes."""
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
    except OSError:  # gone meanwhile
        return None
