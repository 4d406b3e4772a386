"""Reads stored bytes, and makes smaller pictures for hosts with size limits.

A separate module, because it loads the studio and imaging, which an idle server doesn't need.
"""

from functools import partial

from anyio import to_thread

from stability_mcp.errors import InputFileError, StorageError
from stability_mcp.imaging import memory
from stability_mcp.imaging.preview import Preview, preview
from stability_mcp.imaging.probe import probe
from stability_mcp.studio import MediaItem


async def file_bytes(item: MediaItem) -> bytes:
    """Return the stored bytes.

    Raises:
        StorageError: the file is missing or cannot be read.
    """
    try:
        return await to_thread.run_sync(item.path.read_bytes)
    except OSError as error:
        raise StorageError(
            f"The stored file of {item.uri} cannot be read: {error.strerror or error}."
        ) from error


async def rendition(item: MediaItem, *, longest: int, max_bytes: int) -> Preview | None:
    """Return a smaller version of a picture; None for other media and unreadable pictures.

    Raises:
        StorageError: the stored bytes are damaged.
    """
    if item.kind != "image" or item.unreadable:
        return None
    shrink = partial(preview, longest=longest, max_bytes=max_bytes)
    try:
        facts = await to_thread.run_sync(probe, item.path)
        return await memory.run(shrink, item.path, facts=facts)
    except InputFileError as error:
        raise StorageError(f"{item.uri} cannot be scaled down: {error.message}") from error
