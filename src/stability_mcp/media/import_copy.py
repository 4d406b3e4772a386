"""Copies a file into the spool, repairs it and makes it durable, before any row refers to it."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import anyio

from stability_mcp.errors import FileUnusableError, StorageError
from stability_mcp.imaging.container_repair import repair
from stability_mcp.imaging.convert import convert
from stability_mcp.media.records import CHUNK, FileInfo, file_info, sync_file
from stability_mcp.media.roots import MAX_BYTES
from stability_mcp.store.disk import MIN_FREE_BYTES, free_bytes
from stability_mcp.store.locks import PRIVATE_FILE
from stability_mcp.store.threads import in_file_thread
from stability_mcp.text import plain


@dataclass(frozen=True)
class ImportedFile:
    """A file copied into the spool."""

    temporary: Path
    info: FileInfo
    repairs: tuple[str, ...] = ()
    """What was converted or repaired, as phrases."""


def spool_path(home: Path, what: str) -> Path:
    """Return a new file name in the spool of a store."""
    return home / "spool" / f"{what}-{secrets.token_hex(8)}.part"


def storage_error(home: Path, error: OSError) -> StorageError:
    """Return the error for a file that can't be moved into the store."""
    return StorageError(
        f"A file could not be stored in {home}: {error.strerror}.",
        hint="Free disk space, then call again.",
    )


def copy_into_spool(home: Path, source: BinaryIO) -> ImportedFile:
    """Copy an open file into the spool, convert, check and repair it, and make it durable.

    Raises:
        FileUnusableError: the file isn't media, is cut short, is a decompression bomb or too large;
            no file is left behind.
        StorageError: the disk of the store is full.
    """
    temporary = spool_path(home, "import")
    with removed_on_error(temporary):
        _copy_bytes(source, temporary)
        return _check(temporary)


def private(path: str, flags: int) -> int:
    """Open a new file that only the user can read; an `opener` for files that are received."""
    return os.open(path, flags, PRIVATE_FILE)


def check_free_space(home: Path, size: int) -> None:
    """Check that a file of `size` bytes may be received; blocks.

    Raises:
        StorageError: less than `MIN_FREE_BYTES` would be left on the disk of the store.
    """
    free = free_bytes(home)
    if free is not None and free - size < MIN_FREE_BYTES:
        raise StorageError(
            f"The disk of the data folder has {free / 1e6:,.0f} MB free; after this file fewer "
            f"than {MIN_FREE_BYTES / 1e6:,.0f} MB would be left.",
            hint="Free disk space, then call again.",
        )


def check_spooled(temporary: Path) -> ImportedFile:
    """Check and repair a file in the spool, and make it durable; as `copy_into_spool`."""
    with removed_on_error(temporary):
        return _check(temporary)


async def discard(temporary: Path) -> None:
    """Remove a temporary file if it is still there, also when the call was cancelled."""
    with anyio.CancelScope(shield=True):
        await in_file_thread(partial(temporary.unlink, missing_ok=True))


@contextlib.contextmanager
def removed_on_error(temporary: Path) -> Iterator[None]:
    """Remove a temporary file if the block fails.

    Raises:
        StorageError: the disk of the store refused to be written.
    """
    try:
        yield
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            f"The file could not be copied into the data folder: {plain(error.strerror or '')}.",
            hint="Free disk space, then call again.",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _check(temporary: Path) -> ImportedFile:
    converted = convert(temporary)
    repairs = [*filter(None, [converted]), *repair(temporary)]
    sync_file(temporary)
    return ImportedFile(temporary, file_info(temporary), tuple(repairs))


def _copy_bytes(source: BinaryIO, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    copied = 0
    with os.fdopen(descriptor, "wb") as out:
        while block := source.read(CHUNK):
            copied += len(block)
            if copied > MAX_BYTES:  # it grew after it was opened, or came as a data: URI
                raise FileUnusableError(
                    f"The file is larger than the maximum of {MAX_BYTES:,} bytes.",
                    hint="Use a smaller file.",
                )
            out.write(block)
