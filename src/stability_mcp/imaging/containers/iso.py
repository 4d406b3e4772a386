"""Reads which tracks an MP4 or M4A file contains (ISO 14496-12)."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from stability_mcp.imaging.containers.piece import read_at

_PATH = (b"moov", b"trak", b"mdia", b"hdlr")
"""The boxes around the kind of a track, from the outside."""
_MAX_BOXES = 10_000
_KIND_AT = 8
"""Position of the kind in the body of `hdlr`, after version, flags and a reserved field."""


def tracks(file: BinaryIO, size: int) -> set[bytes]:
    """Return the kinds of a file's tracks: `vide`, `soun`, `text`, ...; empty if unreadable."""
    found = [(0, size)]
    for kind in _PATH:
        found = [
            (body, end)
            for start, stop in found
            for name, body, end in _boxes(file, start, stop)
            if name == kind
        ][:_MAX_BOXES]
    return {read_at(file, body + _KIND_AT, 4) for body, _ in found}


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start of the body and end of each box in a section of the file."""
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        length, kind = struct.unpack(">I4s", read_at(file, at, 8))
        body = at + 8
        if length == 1:  # a length of 64 bits follows
            length = int.from_bytes(read_at(file, body, 8), "big")
            body += 8
        stop = end if length == 0 else min(at + length, end)
        if stop < body:
            return
        yield kind, body, stop
        at = stop
