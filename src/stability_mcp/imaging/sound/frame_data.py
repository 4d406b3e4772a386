"""Reads and builds layer III frames: header, side information and main data.

The data of a frame may begin in the frames before it (the bit reservoir): `main_data_begin` in its
side information counts the bytes. Source: ISO 11172-3 and 13818-3, 2.4.1.
"""

from typing import NamedTuple

from stability_mcp.imaging.containers.mp3 import HEADER_BYTES, Frame, frame
from stability_mcp.imaging.sound.mp3_side_info import side_info, side_length

CHECKSUM_BYTES = 2
MAX_BORROWED = 511
"""Most bytes that a frame can borrow: 9 bits (ISO 11172-3, 2.4.1.7)."""
_NO_CHECKSUM = 1
_BITRATES = range(1, 15)


class FrameList(NamedTuple):
    """The frames of an MP3."""

    data: bytes
    """The file."""
    starts: list[int]
    """Positions of its frames, without the header frame."""

    def body(self, index: int) -> bytes:
        """Return a frame."""
        start = self.starts[index]
        found = frame(self.data[start : start + HEADER_BYTES])
        return self.data[start : start + (found.size if found else 0)]

    def data_before(self, index: int, most: int = MAX_BORROWED) -> bytes:
        """Return up to `most` bytes at the end of the data areas before a frame."""
        parts, missing = list[bytes](), most
        while index and missing > 0:
            index -= 1
            body = self.body(index)
            parts.append(body[area_start(body) :])
            missing -= len(parts[-1])
        found = b"".join(reversed(parts))
        return found[max(len(found) - most, 0) :]


def facts_of(body: bytes) -> Frame:
    """Return the facts in the header of a frame."""
    found = frame(body[:HEADER_BYTES])
    if found is None:  # pragma: no cover -- only frames are passed
        raise ValueError("this isn't a frame")
    return found


def side_bytes(body: bytes) -> int:
    """Return the length of the side information."""
    return side_length(facts_of(body))


def area_start(body: bytes) -> int:
    """Return where the data area starts: after header, checksum and side information."""
    checksum = 0 if body[1] & _NO_CHECKSUM else CHECKSUM_BYTES
    return HEADER_BYTES + checksum + side_bytes(body)


def borrowed_bytes(body: bytes) -> int:
    """Return how many bytes of a frame's data precede its own area; 0 if it is damaged."""
    info = side_info(body, 0, facts_of(body))
    return info.borrowed if info else 0


def data_bytes(body: bytes) -> int:
    """Return the length of a frame's data, wherever it starts; 0 if it is damaged."""
    info = side_info(body, 0, facts_of(body))
    bits = sum(each.bits for granule in info.granules for each in granule) if info else 0
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
