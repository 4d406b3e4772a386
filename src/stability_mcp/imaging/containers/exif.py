"""Reads the orientation from EXIF or XMP, and whether EXIF contains a location."""

import re
import struct
from typing import NamedTuple

ORIENTATION = 0x0112
GPS = 0x8825
_ENTRY = 12
_MAX_ENTRIES = 512
_FORMATS = {3: "H", 4: "I"}
"""Types of an orientation: SHORT by the standard; some writers use LONG."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value of each type (TIFF 6.0, section 2)."""
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')


class Exif(NamedTuple):
    """The relevant facts in an EXIF block."""

    orientation: int | None
    """1 to 8; None if the tag is missing."""
    place: bool
    """Whether it has a GPS section."""


NO_EXIF = Exif(None, place=False)


def read_exif(block: bytes) -> Exif:
    """Parse an EXIF block; what can't be parsed is ignored.

    Args:
        block: The block, with or without the `Exif` prefix before its byte order mark.
    """
    while block.startswith(b"Exif\x00\x00"):  # some writers repeat the prefix
        block = block[6:]
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[:4])
    orientation, place, stored = None, False, 0
    try:
        if order is None:
            return NO_EXIF
        (start,) = struct.unpack_from(f"{order}I", block, 4)
        (entries,) = struct.unpack_from(f"{order}H", block, start)
        for n in range(min(entries, _MAX_ENTRIES)):
            at = start + 2 + n * _ENTRY
            tag, form, count, value = struct.unpack_from(f"{order}HHI4s", block, at)
            size = _SIZES.get(form, 0) * count
            if size > len(value):
                # As in Pillow, a size that is too large skips a value; a position ends the list.
                stored += size
                if stored <= len(block) < struct.unpack(f"{order}I", value)[0] + size:
                    break
            if tag == ORIENTATION and orientation is None:
                known = _FORMATS.get(form) if count == 1 else None
                number = struct.unpack_from(order + known, value)[0] if known else 1
                orientation = valid_orientation(number)
            place = place or tag == GPS
    except struct.error:
        pass  # entries before the error still count
    return Exif(orientation, place)


def valid_orientation(number: object) -> int:
    """Return the orientation, or 1 (upright) for a value that isn't one."""
    return number if isinstance(number, int) and 1 <= number <= 8 else 1  # noqa: PLR2004 -- 1 to 8


def orientation_of(exif: Exif, xmp: bytes) -> int:
    """Return the orientation by EXIF, or by XMP if EXIF has none, as viewers and Pillow do."""
    if exif.orientation is not None:
        return exif.orientation
    match = _XMP_ORIENTATION.search(xmp)
    return valid_orientation(int(match[1])) if match else 1
