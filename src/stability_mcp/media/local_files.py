"""Stores files that are made locally from stored media: fitted for sending, or combined."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from stability_mcp.media.import_copy import discard, spool_path
from stability_mcp.media.items import MediaItem
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.names import NameRequest
from stability_mcp.media.records import Provenance, file_info, sync_file
from stability_mcp.store.threads import in_file_thread

T = TypeVar("T")


class Stored(NamedTuple, Generic[T]):
    """A file that was made and stored."""

    item: MediaItem
    new: bool
    """Whether its bytes weren't stored yet."""
    made: T
    """What the function that made it returned."""


async def store_local(
    library: MediaLibrary,
    make: Callable[[Path], Awaitable[T]],
    provenance: Provenance,
    *,
    name: NameRequest | None,
    now: float,
) -> Stored[T]:
    """Make a file in the spool and store it durably.

    Args:
        library: Where it is stored.
        make: Writes the file to a path, or raises to store nothing.
        provenance: What it is made from.
        name: Its name.
        now: The time, in unix seconds.

    Raises:
        StorageError: the disk of the store is full.
        OSError: as before, while the file was being made.
    """
    target = spool_path(library.home, "fit")
    try:
        made = await make(target)
        await in_file_thread(partial(sync_file, target))
        info = await in_file_thread(partial(file_info, target))
        item, new = await library.add(target, info, provenance, name=name, now=now)
        return Stored(item, new, made)
    finally:
        await discard(target)
