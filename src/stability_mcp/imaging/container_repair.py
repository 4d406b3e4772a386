"""Repairs picture files that viewers show although their end mark or a length is wrong.

Cameras, messengers and recovered disks leave such files. A repair only completes the container. It
is refused if picture data is missing, and the error says how much.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from stability_mcp.imaging.containers import gif, jpeg, png, riff
from stability_mcp.imaging.containers.piece import missing_rows, read_at
from stability_mcp.imaging.pixels import differing_share
from stability_mcp.imaging.sniff import HEAD_BYTES, media_type

_FILLERS = (bytes(range(1, 129)), bytes(range(128, 0, -1)))
"""Bytes to try after a scan; any that contain no marker would do."""


class Repair(NamedTuple):
    """How to complete a file."""

    keep: int
    """Bytes of the file to keep."""
    end: bytes
    """Bytes to append."""
    header: bytes
    """Bytes that replace the first ones."""
    note: str
    """The repair as a phrase."""


def repair_container(path: Path) -> str | None:
    """Complete a picture file in place and return what was repaired, as a phrase.

    Returns:
        None if nothing had to be or could be repaired; `probe` then reports what is wrong.

    Raises:
        FileUnusableError: Picture data is missing.
        OSError: The file cannot be read or written.
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


def _jpeg(file: BinaryIO, size: int) -> Repair | None:
    end = jpeg.unfinished_end(file, size)
    if end is None:
        return None
    return Repair(end, b"\xff" + jpeg.END, b"", "its missing end mark (EOI) was added")


def _check_scan(path: Path) -> None:
    """Raise FileUnusableError if a JPEG's last scan is incomplete.

    The decoder fills a scan that is too short from whatever follows, so the scan is complete if
    the picture doesn't depend on what follows.
    """
    lost = differing_share(path, [filler + b"\xff" + jpeg.END for filler in _FILLERS])
    if lost:
        raise missing_rows("JPEG", lost)


def _png(file: BinaryIO, size: int) -> Repair | None:
    found = png.unfinished_end(file, size)
    return Repair(*found, b"", "its missing last chunk (IEND) was added") if found else None


def _gif(file: BinaryIO, _: int) -> Repair | None:
    found = gif.unfinished_end(file)
    return Repair(*found, b"", "its missing end mark (trailer) was added") if found else None


def _webp(file: BinaryIO, size: int) -> Repair | None:
    end = riff.true_end(file, size)
    if end is None:
        return None
    head = riff.header(b"WEBP", [b"\0" * (end - riff.HEADER_BYTES)])
    return Repair(end, b"", head, "the length in its header was corrected")


_FINDERS: Mapping[str, Callable[[BinaryIO, int], Repair | None]] = MappingProxyType(
    {"image/jpeg": _jpeg, "image/png": _png, "image/gif": _gif, "image/webp": _webp}
)
