"""Writes media rows and their blobs, inside the caller's transaction.

The order protects paid results: the bytes are durable under their hash before the row that names
them is committed, and the row is committed together with the caller's changes. All functions here
block; those that take a connection run on the writer thread or a reader thread.

Unused blobs are removed inside a write transaction, and only when they are older than an hour. A
blob placed before its transaction is therefore still there when it runs; if not, it is moved again.
"""

import hashlib
import json
import logging
import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stability_mcp.errors import StudioError
from stability_mcp.media.items import CopyFile, FileStamp, MediaItem, Origin
from stability_mcp.media.names import NameRequest, claim, release
from stability_mcp.store.database import Observer, unobserved
from stability_mcp.store.ids import new_id
from stability_mcp.store.locks import PRIVATE_FOLDER
from stability_mcp.store.queries import Connection, load

UNKNOWN_TYPE = "application/octet-stream"
CHUNK = 1 << 20

log = logging.getLogger(__name__)

_SQL = load(__file__)
_insert_blob = _SQL.count("insert_blob")
_insert_media = _SQL.value("insert_media", int)
_insert_parent = _SQL.count("insert_parent")
_set_copy_path = _SQL.count("set_copy_path")


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A row of `media` with the size of its blob, as read by the statements for items."""

    seq: int
    id: str
    owner: str
    emulated: int
    upstream: str | None
    job: str | None
    position: int
    blob: str
    media_type: str
    width: int | None
    height: int | None
    seconds: float | None
    seed: str | None
    finish_reason: str | None
    origin: Origin
    operation: str | None
    """JSON with the operation's name and arguments."""
    label: str | None
    copy_path: str | None
    copy_bytes: int | None
    copy_mtime_ns: int | None
    created_at: float
    bytes: int


_stored_item = _SQL.one("stored_item", ItemRow)


@dataclass(frozen=True, kw_only=True)
class FileInfo:
    """Facts about a file's bytes."""

    sha256: str
    bytes: int
    media_type: str
    width: int | None = None
    """Pixels of the upright picture."""
    height: int | None = None
    seconds: float | None = None
    readable: bool = True
    """Whether its format can be read."""
    memory: int = 0
    """Bytes needed to decode it; 0 if it isn't a picture."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How a media item was made."""

    origin: Origin
    upstream: str | None = None
    emulated: bool = False
    job: str | None = None
    position: int = 0
    operation: str | None = None
    """Name of the operation; None for imports."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seed: str | None = None
    finish_reason: str | None = None
    parents: Mapping[str, str] = field(default_factory=dict)
    """Media id by role: the field it was sent in."""


def file_info(path: Path, *, declared: str | None = None, sha256: str | None = None) -> FileInfo:
    """Hash a file and read its header; an unreadable header isn't an error.

    Paid results pass through here and are stored whatever they contain.

    Args:
        path: The file.
        declared: Media type to use if the header is unreadable; None to use the magic bytes.
        sha256: The hash, if known; None to compute it.

    Raises:
        OSError: the file can't be read from the disk.
    """
    from stability_mcp.imaging.memory import estimate
    from stability_mcp.imaging.probe import probe
    from stability_mcp.imaging.sniff import media_type

    with path.open("rb") as file:
        head = file.read(4_096)
        if sha256 is None:
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    try:
        facts = probe(path)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 -- the bytes are kept whatever a parser raises
        why = error.message if isinstance(error, StudioError) else error
        log.warning("a result of %d bytes is unreadable: %s", size, why)
        name = declared or media_type(head) or UNKNOWN_TYPE
        return FileInfo(sha256=sha256, bytes=size, media_type=name, readable=False)
    width, height = facts.size if facts.kind == "image" else (None, None)
    return FileInfo(
        sha256=sha256,
        bytes=size,
        media_type=facts.media_type,
        width=width,
        height=height,
        seconds=facts.seconds,
        memory=estimate(facts) if facts.kind == "image" else 0,
    )


@dataclass(frozen=True, kw_only=True)
class Blobs:
    """The location of a store's blobs."""

    home: Path
    """Folder of the store."""
    observer: Observer = unobserved
    """Called before and after `blob.link`."""


@dataclass(frozen=True, kw_only=True)
class NewMedia:
    """A file to store as a media item."""

    owner: str
    name: NameRequest | None
    """The name to give it; None for no label."""
    file: Path
    """The bytes, on the same file system; removed afterwards. The file may already be gone if an
    earlier transaction moved it and was rolled back."""
    info: FileInfo
    provenance: Provenance
    placed: bool = False
    """Whether `place_blob` has already linked its bytes into the blobs."""


def insert_media(
    connection: Connection,
    blobs: Blobs,
    new: NewMedia,
    *,
    now: float,
    new_id: Callable[[], str] = new_id,
) -> MediaItem:
    """Move a file into the blobs, write its row and return the item.

    Storing the same job and position again returns the same row. A taken name gets the next
    version: after a request was charged, only the disk can make this fail.

    Args:
        connection: The write transaction.
        blobs: The blobs of the store.
        new: The file to store.
        now: The time, in unix seconds.
        new_id: Generates ids; called again if an id is taken.
    """
    file, info, provenance = new.file, new.info, new.provenance
    if not (new.placed and _is_kept(blob_path(blobs.home, info.sha256), info)):
        keep_blob(blobs.home, file, info)
    blob = {"sha256": info.sha256, "bytes": info.bytes, "media_type": info.media_type}
    _insert_blob(connection, **blob, now=now)
    row: dict[str, Any] = {
        "owner": new.owner,
        "emulated": int(provenance.emulated),
        "upstream": provenance.upstream,
        "job": provenance.job,
        "position": provenance.position,
        "blob": info.sha256,
        "media_type": info.media_type,
        "width": info.width,
        "height": info.height,
        "seconds": info.seconds,
        "seed": clean(provenance.seed),
        "finish_reason": clean(provenance.finish_reason),
        "origin": provenance.origin,
        "operation": operation_json(provenance, readable=info.readable),
        "created_at": now,
    }
    seq = None
    while seq is None:
        media_id = new_id()
        row["label"] = new.name and claim(connection, new.owner, media_id, new.name)
        seq = _insert_media(connection, **row, id=media_id)
        if seq is None and row["label"]:
            release(connection, new.owner, row["label"])
        if seq is None and provenance.job is not None:
            stored = _stored_item(connection, job=provenance.job, position=provenance.position)
            if stored is not None:
                return item_of(stored, blobs.home)
    for role, parent in provenance.parents.items():
        _insert_parent(connection, child=media_id, parent=parent, role=role)
    inserted = ItemRow(
        **row,
        seq=seq,
        id=media_id,
        copy_path=None,
        copy_bytes=None,
        copy_mtime_ns=None,
        bytes=info.bytes,
    )
    return item_of(inserted, blobs.home)


def set_copy(connection: Connection, owner: str, media_id: str, copy: CopyFile) -> bool:
    """Record the readable copy of an item; return False if the item was deleted."""
    stamp = copy.stamp
    changed = _set_copy_path(
        connection,
        owner=owner,
        id=media_id,
        copy_path=clean(str(copy.path)),
        copy_bytes=stamp and stamp.bytes,
        copy_mtime_ns=stamp and stamp.mtime_ns,
    )
    return changed == 1


def place_blob(blobs: Blobs, file: Path, info: FileInfo) -> bool:
    """Hard-link a durable file into the blobs before the transaction that names it.

    This keeps the fsync of the folder out of the transaction, where it would delay other commits.
    Retention spares blobs younger than an hour; the transaction checks that the blob still exists.

    Returns:
        Whether the blob is durable; if not, the transaction has to move the file.
    """
    target = blob_path(blobs.home, info.sha256)
    blobs.observer("before", "blob.link")
    try:
        _make_parent(target)
        if not _is_kept(target, info):
            os.link(file, target)
        sync_folder(target.parent)
    except OSError:  # no hard links, a damaged blob, or a disk error the transaction will report
        return False
    blobs.observer("after", "blob.link")
    return True


def keep_blob(home: Path, file: Path, info: FileInfo) -> Path:
    """Move a file durably to the path of its hash; an existing blob is kept."""
    target = blob_path(home, info.sha256)
    if _is_kept(target, info):
        sync_folder(target.parent)  # the process that moved it may have been killed before its sync
        file.unlink(missing_ok=True)
        return target
    _make_parent(target)
    sync_file(file)
    file.replace(target)
    sync_folder(target.parent)
    return target


def _is_kept(target: Path, info: FileInfo) -> bool:
    try:
        found = target.stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == info.bytes


def _make_parent(target: Path) -> None:
    if not target.parent.is_dir():
        target.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync_folder(target.parent.parent)


def blob_path(home: Path, sha256: str) -> Path:
    """Return the path of a blob: `blobs/ab/abcd…`."""
    return home.joinpath("blobs", sha256[:2], sha256)


def item_of(row: ItemRow, home: Path) -> MediaItem:
    """Turn a row into a media item.

    Args:
        row: The row.
        home: Folder of the store.
    """
    made_by = json.loads(row.operation) if row.operation else {}
    return MediaItem(
        id=row.id,
        owner=row.owner,
        label=row.label,
        media_type=row.media_type,
        sha256=row.blob,
        bytes=row.bytes,
        path=blob_path(home, row.blob),
        width=row.width,
        height=row.height,
        seconds=row.seconds,
        seed=row.seed,
        finish_reason=row.finish_reason,
        origin=row.origin,
        operation=made_by.get("operation"),
        arguments=made_by.get("arguments", {}),
        job=row.job,
        position=row.position,
        unreadable=made_by.get("unreadable", False),
        emulated=bool(row.emulated),
        upstream=row.upstream,
        copy_path=Path(row.copy_path) if row.copy_path else None,
        copy_stamp=_stamp(row),
        created_at=row.created_at,
    )


def _stamp(row: ItemRow) -> FileStamp | None:
    if row.copy_bytes is None or row.copy_mtime_ns is None:
        return None
    return FileStamp(row.copy_bytes, row.copy_mtime_ns)


def clean(text: str | None) -> str | None:
    """Return text without lone surrogates, which SQLite rejects."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def sync_file(path: Path) -> None:
    """Sync a file, so that its bytes survive a power failure."""
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)


def sync_descriptor(descriptor: int) -> None:
    """Sync an open file, so that what was written survives a power failure."""
    if sys.platform == "darwin":  # on macOS fsync only reaches the drive's cache
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Sync a folder, so that its names survive a power failure; a no-op on Windows."""
    if sys.platform != "win32":
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def operation_json(provenance: Provenance, *, readable: bool) -> str | None:
    """Return what a row records of the call that made it; None for imports."""
    if provenance.operation is None:
        return None
    made_by: dict[str, Any] = {
        "operation": provenance.operation,
        "arguments": dict(provenance.arguments),
    }
    if not readable:
        made_by["unreadable"] = True
    return clean(json.dumps(made_by, ensure_ascii=False, separators=(",", ":")))
