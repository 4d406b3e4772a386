"""Reads the EXIF orientation, and whether EXIF contains a location."""

import struct
from typing import NamedTuple

_ORIENTATION = 0x0112
_GPS = 0x8825
_ENTRY = 12
_MAX_ENTRIES = 512


class Exif(NamedTuple):
    """The relevant facts in an EXIF block."""

    orientation: int
    """1 to 8; 1 if missing or invalid."""
    place: bool
    """Whether it has a GPS section."""


def read_exif(block: bytes) -> Exif:
    """Parse an EXIF block; what can't be parsed is ignored.

    Args:
        block: The block, with or without the `Exif` prefix before its byte order mark.
    """
    block = block.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[:4])
    orientation, place = 1, False
    try:
        if order is None:
            return Exif(1, place=False)
        (start,) = struct.unpack_from(f"{order}I", block, 4)
        (entries,) = struct.unpack_from(f"{order}H", block, start)
        for n in range(min(entries, _MAX_ENTRIES)):
            at = start + 2 + n * _ENTRY
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", block, at)
            if tag == _ORIENTATION and value in range(1, 9):
                orientation = value
            place = place or tag == _GPS
    except struct.error:
        pass  # entries before the error still count
    return Exif(orientation, place)
