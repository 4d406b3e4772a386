"""Repairs files that viewers and players accept although their container is a little wrong.

Cameras, recorders, messengers and recovered disks leave such files. A repair completes or corrects
the container and never touches picture or sound data. A file of which data is missing is refused,
and the error says how much is missing.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from stability_mcp.imaging.containers import gif, jpeg, png, riff
from stability_mcp.imaging.containers.piece import copy_pieces, missing_rows, read_at
from stability_mcp.imaging.pixels import differing_share
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type
from stability_mcp.imaging.strip import atomic_write

_FILLERS = (bytes(range(1, 129)), bytes(range(128, 0, -1)))
"""Bytes to try after a scan; any that contain no marker would do."""


class _Completion(NamedTuple):
    """How to complete a file."""

    keep: int
    """Bytes of the file to keep."""
    end: bytes
    """Bytes to append."""
    header: bytes
    """Bytes that replace the first ones."""
    note: str
    """The repair as a phrase."""


def repair(path: Path) -> list[str]:
    """Check a media file, and rewrite it without defects and without trailing bytes.

    Args:
        path: The file; it is changed in place.

    Returns:
        What was changed, as phrases; empty if the file is fine.

    Raises:
        FileUnusableError: The file isn't media, or data is missing.
        OSError: The file cannot be read or written.
    """
    completed = _complete(path)
    facts = probe(path)
    changes = [*([completed] if completed else ()), *facts.repairs]
    if facts.repaired:
        with atomic_write(path) as out, path.open("rb") as file:
            copy_pieces(file, facts.repaired, out)
    elif facts.tail > 0:
        # Bytes after the end of the media aren't part of it and may be anything.
        os.truncate(path, facts.bytes - facts.tail)
    if facts.tail > 0:
        changes.append(f"{facts.tail:,} trailing bytes removed")
    return changes


def _complete(path: Path) -> str | None:
    """Complete a picture's container and return what was added or corrected, if anything.

    If picture data may be missing and nothing can be completed, `probe` reports what is wrong.
    """
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        form = media_type(read_at(file, 0, HEAD_BYTES))
        finder = _FINDERS.get(form or "")
        found = finder(file, size) if finder else None
        if found is None or form is None:
            return None
        file.truncate(found.keep)
        if form == "image/jpeg":
            _check_scan(path)
        file.seek(found.keep)
        file.write(found.end)
        file.seek(0)
        file.write(found.header)
    return found.note


def _jpeg(file: BinaryIO, size: int) -> _Completion | None:
    end = jpeg.unfinished_end(file, size)
    if end is None:
        return None
    return _Completion(end, b"\xff" + jpeg.END, b"", "its missing end mark (EOI) was added")


def _check_scan(path: Path) -> None:
    """Raise FileUnusableError if a JPEG's last scan is incomplete.

    The decoder fills a scan that is too short from whatever follows, so the scan is complete if
    the picture doesn't depend on what follows.
    """
    lost = differing_share(path, [filler + b"\xff" + jpeg.END for filler in _FILLERS])
    if lost:
        raise missing_rows("JPEG", lost)


def _png(file: BinaryIO, size: int) -> _Completion | None:
    found = png.unfinished_end(file, size)
    return _Completion(*found, b"", "its missing last chunk (IEND) was added") if found else None


def _gif(file: BinaryIO, _: int) -> _Completion | None:
    found = gif.unfinished_end(file)
    return _Completion(*found, b"", "its missing end mark (trailer) was added") if found else None


def _webp(file: BinaryIO, size: int) -> _Completion | None:
    end = riff.true_end(file, size)
    if end is None:
        return None
    head = riff.header(b"WEBP", [b"\0" * (end - riff.HEADER_BYTES)])
    return _Completion(end, b"", head, "the length in its header was corrected")


_FINDERS: Mapping[str, Callable[[BinaryIO, int], _Completion | None]] = MappingProxyType(
    {"image/jpeg": _jpeg, "image/png": _png, "image/gif": _gif, "image/webp": _webp}
)
