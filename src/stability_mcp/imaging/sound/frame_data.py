"""Reads and builds layer III frames: header, side information and main data.

The data of a frame may begin in the frames before it (the bit reservoir): `main_data_begin` in its
side information counts the bytes. Source: ISO 11172-3 and 13818-3, 2.4.1.
"""

from typing import NamedTuple

from stability_mcp.imaging.containers.mp3 import HEADER_BYTES, frame

CHECKSUM_BYTES = 2
_MPEG_1 = 3
_MONO = 3
_NO_CHECKSUM = 1
_LENGTH_BITS = 12
"""Bits of the length of a granule's data, with which its side information starts."""
_BITRATES = range(1, 15)


class _Form(NamedTuple):
    """The fields of the side information."""

    side: int
    """Bytes."""
    begin_bits: int
    """Bits of `main_data_begin`, with which it starts."""
    before: int
    """Bits before the first granule."""
    granule: int
    """Bits of a granule of a channel."""
    granules: int
    """Granules of all channels."""


_FORMS = {
    (True, 1): _Form(17, 9, 18, 59, 2),
    (True, 2): _Form(32, 9, 20, 59, 4),
    (False, 1): _Form(9, 8, 9, 63, 1),
    (False, 2): _Form(17, 8, 10, 63, 2),
}
"""By whether it is MPEG 1 (otherwise 2 or 2.5), and channels."""


def _form(header: bytes) -> _Form:
    channels = 1 if header[3] >> 6 == _MONO else 2
    return _FORMS[header[1] >> 3 & 3 == _MPEG_1, channels]


def side_bytes(header: bytes) -> int:
    """Return the length of the side information."""
    return _form(header).side


def is_mpeg_1(header: bytes) -> bool:
    """Return whether frames have two granules; those of MPEG 2 and 2.5 have one."""
    return header[1] >> 3 & 3 == _MPEG_1


def area_start(body: bytes) -> int:
    """Return where the main data of a frame starts: after header, checksum and side information."""
    checksum = 0 if body[1] & _NO_CHECKSUM else CHECKSUM_BYTES
    return HEADER_BYTES + checksum + side_bytes(body)


def _side(body: bytes) -> tuple[_Form, int]:
    form = _form(body)
    end = area_start(body)
    return form, int.from_bytes(body[end - form.side : end].ljust(form.side, b"\0"), "big")


def borrowed_bytes(body: bytes) -> int:
    """Return how many bytes of a frame's data precede its own area."""
    form, side = _side(body)
    return side >> (8 * form.side - form.begin_bits)


def data_bytes(body: bytes) -> int:
    """Return the length of a frame's data, wherever it starts."""
    form, side = _side(body)
    bits = 0
    for number in range(form.granules):
        end = form.before + number * form.granule + _LENGTH_BITS
        bits += side >> (8 * form.side - end) & ((1 << _LENGTH_BITS) - 1)
    return (bits + 7) // 8


def larger_header(header: bytes, size: int) -> tuple[bytes, int] | None:
    """Return the header with the lowest bit rate at which a frame has `size` bytes, and its size.

    It has no checksum and no padding. None: the frame would be larger than any.
    """
    for bitrate in _BITRATES:
        start = bytes((header[0], header[1] | _NO_CHECKSUM, bitrate << 4 | header[2] & 0x0D))
        found = frame(start + header[3:HEADER_BYTES])
        if found is not None and found.size >= size:
            return start + header[3:HEADER_BYTES], found.size
    return None


def most_growth(body: bytes) -> int:
    """Return how many bytes can at most be added to the data area of a frame."""
    largest = bytes((body[0], body[1] | _NO_CHECKSUM, _BITRATES[-1] << 4 | body[2] & 0x0D))
    found = frame(largest + body[3:HEADER_BYTES])
    start = HEADER_BYTES + side_bytes(body)
    return 0 if found is None else max(found.size - start - (len(body) - area_start(body)), 0)


def enlarged(body: bytes, more: int) -> bytes | None:
    """Return a frame with at least `more` zeros after its data area; None if no frame is so large.

    The sound is the same.
    """
    start = area_start(body)
    side = body[start - side_bytes(body) : start]
    content = side + body[start:] + bytes(more)
    found = larger_header(body, HEADER_BYTES + len(content))
    return None if found is None else (found[0] + content).ljust(found[1], b"\0")


def silenced(body: bytes) -> bytes:
    """Return a frame of silence of the same size whose data area keeps its bytes."""
    start = area_start(body)
    header = bytes((body[0], body[1] | _NO_CHECKSUM, body[2], body[3] & 0xCF))
    return header + bytes(start - HEADER_BYTES) + body[start:]


def silent_frame(header: bytes, room: int = 0) -> bytes:
    """Return the smallest frame of silence with `room` bytes of data area.

    Its side information is zero: no data, so a decoder fills the spectrum with zeros.
    """
    found = larger_header(header, HEADER_BYTES + side_bytes(header) + room)
    if found is None:  # pragma: no cover -- `main_data_begin` reaches less far than that
        raise ValueError("no frame is so large")
    start = found[0][:3] + bytes((found[0][3] & 0xCF,))
    return start.ljust(found[1], b"\0")
