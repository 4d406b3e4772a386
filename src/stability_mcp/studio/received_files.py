"""Files that a request carries: streamed into the spool and stored as media (T0)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import anyio

from stability_mcp.errors import FileTooLargeError
from stability_mcp.media.import_copy import private
from stability_mcp.media.import_store import Resolved
from stability_mcp.media.importer import Importer
from stability_mcp.media.labels import parse_label
from stability_mcp.media.roots import MAX_BYTES
from stability_mcp.text import QUOTED_CHARACTERS, quoted, visible

_NAMELESS = "file"


@dataclass(frozen=True, kw_only=True)
class IncomingFile:
    """A file that a client is sending."""

    name: str
    """Its name on the user's machine, as sent; hostile."""
    blocks: AsyncIterator[bytes]
    """The bytes; read only as far as they are wanted."""
    declared: int = 0
    """The size that the client declared, in bytes; 0: it declared none."""
    max_bytes: int = MAX_BYTES
    """Maximum size in bytes: of every media file, or less where an operation takes less."""
    label: str | None = None
    """Name of the item; None: derived from the file name."""


def shown_name(name: str) -> str:
    """Return the last part of a file name from a client, cleaned and shortened."""
    last = visible(name).replace("\\", "/").rpartition("/")[2].strip()
    if len(last) <= QUOTED_CHARACTERS:
        return last or _NAMELESS
    ending = PurePosixPath(last).suffix[:10]
    return f"{last[: QUOTED_CHARACTERS - len(ending) - 1]}…{ending}"


def check_file_size(name: str, size: int, max_bytes: int) -> None:
    """Check the size of a file, as far as it is known.

    Raises:
        FileTooLargeError: it is too large.
    """
    if size > max_bytes:
        raise FileTooLargeError(
            f"{quoted(name)} is larger than the maximum of {max_bytes:,} bytes.",
            hint="Use a smaller file.",
        )


async def write_blocks(
    target: Path, blocks: AsyncIterator[bytes], check: Callable[[int], None]
) -> int:
    """Write blocks to a new private file and return its size.

    Args:
        target: The file.
        blocks: The bytes.
        check: Is called with the size before each block is written; an error ends the file.
    """
    size = 0
    async with await anyio.open_file(target, "xb", opener=private) as file:
        async for block in blocks:
            size += len(block)
            check(size)
            await file.write(block)
    return size


async def receive_file(importer: Importer, file: IncomingFile) -> Resolved:
    """Store a file while it arrives.

    Raises:
        ArgumentsError: the label is invalid.
        FileTooLargeError: it is larger than allowed; the rest wasn't read.
        FileUnusableError: it isn't media, or is cut short.
        StorageError: it can't be written.
        Exception: whatever `blocks` raises; nothing is stored.
    """
    given = shown_name(file.name)
    if file.label:
        parse_label(file.label)  # before anything is read
    check_file_size(given, file.declared, file.max_bytes)

    async def write(target: Path) -> None:
        await write_blocks(
            target, file.blocks, lambda size: check_file_size(given, size, file.max_bytes)
        )

    return await store_file(importer, write, given, file.label)


async def store_file(
    importer: Importer, write: Callable[[Path], Awaitable[None]], given: str, label: str | None
) -> Resolved:
    """Store a file under a label.

    Args:
        importer: Stores it.
        write: Writes the file to a new path.
        given: Its name, cleaned.
        label: Name of the item; None or empty: derived from the file name.

    Raises:
        ArgumentsError, FileUnusableError, StorageError: as for `receive_file`.
    """
    wanted = parse_label(label).text if label else None
    found = await importer.import_received(
        write, shown=given, label=wanted, stem=PurePosixPath(given).stem
    )
    if wanted is None or found.is_new:
        return found
    return replace(found, item=await importer.library.set_label(found.item, wanted))
