"""Taking a file in: copied, seen to be whole media, and durable before anything refers to it.

A file is copied before it is looked at, and everything that follows reads the copy: whatever
happens to the file meanwhile, what was checked is what is kept and sent.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError, StorageError
from stability_mcp.imaging.probe import probe
from stability_mcp.media.roots import MAX_BYTES
from stability_mcp.media.rows import CHUNK, Measured, measure, sync_file
from stability_mcp.store.locks import PRIVATE_FILE
from stability_mcp.wording import plain


@dataclass(frozen=True)
class Taken:
    """A file in the spool."""

    temporary: Path
    measured: Measured
    tail: int
    """Bytes behind its end that were left out."""


def part(home: Path, what: str) -> Path:
    """Return a new name in the spool of a store."""
    return home / "spool" / f"{what}-{secrets.token_hex(8)}.part"


def take(home: Path, source: BinaryIO) -> Taken:
    """Copy an open file into the spool, see that it is whole media, and make it durable.

    Raises:
        FileUnusableError: it is no media, cut short, a bomb or too large; nothing is left behind.
        StorageError: our own disk is full.
    """
    temporary = part(home, "import")
    try:
        _copy(source, temporary)
        facts = probe(temporary)
        if facts.tail > 0:
            # What follows the end of a picture is no part of it and may be anything.
            os.truncate(temporary, facts.bytes - facts.tail)
        sync_file(temporary)
        return Taken(temporary, measure(temporary), max(facts.tail, 0))
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            f"The file could not be copied into the data folder: {plain(error.strerror or '')}.",
            cure="Make room on the disk, then call again.",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _copy(source: BinaryIO, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    copied = 0
    with os.fdopen(descriptor, "wb") as out:
        while block := source.read(CHUNK):
            copied += len(block)
            if copied > MAX_BYTES:  # it grew since it was opened, or came as a data: URI
                raise FileUnusableError(
                    f"The file has more than {MAX_BYTES:,} bytes, which are the most.",
                    cure="Use a smaller file.",
                )
            out.write(block)
