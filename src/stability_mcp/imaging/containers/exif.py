"""EXIF, as far as it matters here: which way is up, and whether it tells a place."""

import struct
from typing import NamedTuple

_ORIENTATION = 0x0112
_GPS = 0x8825
_ENTRY = 12
_MAX_ENTRIES = 512


class Exif(NamedTuple):
    """What an EXIF block says."""

    orientation: int
    """1 to 8; 1 where it says nothing or nonsense."""
    place: bool
    """Whether it has a GPS part."""


def read_exif(block: bytes) -> Exif:
    """Return what an EXIF block says; a broken one says nothing.

    Args:
        block: The block from its byte order mark on, with or without `Exif` in front.
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
        pass  # what was read before the break still counts
    return Exif(orientation, place)
