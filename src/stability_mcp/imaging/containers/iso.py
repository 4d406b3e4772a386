"""Reads which tracks an MP4 or M4A file contains (ISO 14496-12)."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from stability_mcp.imaging.containers.piece import read_at

_PARENTS = frozenset({b"moov", b"trak", b"mdia"})
_MAX_BOXES = 10_000
_HANDLER_AT = 8
"""Position of the handler type in the body of `hdlr`, after version, flags and a reserved field."""


def tracks(file: BinaryIO, size: int) -> set[bytes]:
    """Return the kinds of a file's tracks: `vide`, `soun`, `text`, ...; empty if unreadable."""
    found = set()
    for count, (kind, body, _) in enumerate(_boxes(file, 0, size)):
        if kind == b"hdlr":
            found.add(read_at(file, body + _HANDLER_AT, 4))
        if count > _MAX_BOXES:
            break
    return found


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start of the body and end of each box, also of those within others."""
    while at + 8 <= end:
        length, kind = struct.unpack(">I4s", read_at(file, at, 8))
        body = at + 8
        if length == 1:  # a length of 64 bits follows
            length = int.from_bytes(read_at(file, body, 8), "big")
            body += 8
        stop = end if length == 0 else min(at + length, end)
        if stop < body:
            return
        yield kind, body, stop
        if kind in _PARENTS:
            yield from _boxes(file, body, stop)
        at = stop
