"""Puts frames of several MP3s into one, so that each finds the data that it borrows.

The data of a frame may begin up to 511 bytes before its own, in the frames that preceded it. After
a cut or at a join others precede it: a decoder would mute the first frames, or play noise. So the
borrowed bytes are written where the decoder looks: into the unused end of the frame before. If that
is too short, the frame gets a higher bit rate; if no bit rate is enough, or nothing precedes, a
frame of silence is inserted that holds them (as pcutmp3 does).
"""

import struct
from collections.abc import Sequence

from stability_mcp.imaging.containers.mp3 import HEADER_BYTES
from stability_mcp.imaging.sound.frame_data import (
    MAX_BORROWED,
    area_start,
    borrowed_bytes,
    data_bytes,
    enlarged,
    larger_header,
    most_growth,
    side_bytes,
    silenced,
    silent_frame,
)

DECODER_DELAY = 529
"""Samples by which every decoder is late; a player adds them to the delay in the header."""
_ALL_FIELDS = 0b1111
_TABLE_BYTES, _QUALITY_BYTES = 100, 4
_TAG_BYTES = 36
"""Length of LAME's part of the header."""
_DELAY_AT = 21
_GAIN_PART, _LENGTH_PART = slice(11, 19), slice(25, 34)
"""ReplayGain, and gain change, preset, length and checksum of the file that was encoded."""
_UNKNOWN_ENCODER = b"LAME".ljust(_TAG_BYTES, b"\0")
"""FFmpeg reads the delays only after the names LAME, Lavf and Lavc."""


class FrameWriter:
    """Collects frames."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.leading = 0
        """Frames of silence that were inserted before the first one."""
        self._free = 0
        """Bytes at the end of the data areas after the data of the last frame. What is before it is
        lost to later frames, even if a frame of silence has no data: decoders drop it."""

    def add(self, frames: Sequence[bytes], before: bytes) -> None:
        """Append frames that followed each other.

        Args:
            frames: The frames.
            before: Up to `MAX_BORROWED` bytes of the data areas that preceded them.
        """
        available = before
        for number, body in enumerate(frames):
            area, needed = body[area_start(body) :], borrowed_bytes(body)
            if needed <= len(available):
                self._reserve(available[len(available) - needed :], body)
                # Later frames borrow from frames that are added as they are.
                self.frames += frames[number:]
                self._free = _unused(frames[-1])
                return
            self.frames.append(silenced(body))  # its data is lost, so it can't be decoded
            self._free = len(area)
            available = (available + area)[-MAX_BORROWED:]

    def lead(self, header: bytes) -> None:
        """Insert a frame of silence before the first frame."""
        self.add_silence(header, 1)
        self.leading = 1

    def can_precede(self, body: bytes) -> bool:
        """Return whether a frame can follow without a frame of silence."""
        return not self.frames or (
            borrowed_bytes(body) <= self._free + most_growth(self.frames[-1])
        )

    def add_silence(self, header: bytes, count: int) -> None:
        """Append frames of silence."""
        body = silent_frame(header)
        self.frames += [body] * count
        self._free = len(body) - area_start(body) if count else self._free

    def _reserve(self, borrowed: bytes, follower: bytes) -> None:
        """Make the data areas end with the bytes that the next frame borrows."""
        if not borrowed:
            return
        missing = len(borrowed) - self._free
        if missing > 0:
            larger = enlarged(self.frames[-1], missing) if self.frames else None
            if larger is None:
                self.leading += len(self.frames) == self.leading
                self.frames.append(silent_frame(follower, len(borrowed)))
            else:
                self.frames[-1] = larger
        self._overwrite_end(borrowed)

    def _overwrite_end(self, data: bytes) -> None:
        """Replace the last bytes of the data areas, over several frames if they are small."""
        at = len(self.frames) - 1
        while data and at >= 0:  # damaged frames claim to borrow more than precedes them
            body = self.frames[at]
            start = max(area_start(body), len(body) - len(data))
            count = len(body) - start
            self.frames[at] = body[:start] + data[len(data) - count :]
            data = data[: len(data) - count]
            at -= 1


def _unused(body: bytes) -> int:
    """Return the bytes at the end of a frame's data area that it doesn't use."""
    area = len(body) - area_start(body)
    return max(borrowed_bytes(body) + area - data_bytes(body), 0)


def header_frame(
    frames: Sequence[bytes], *, delays: tuple[int, int], encoder: bytes = b""
) -> bytes:
    """Return the Xing or Info frame by which players know the length and find positions.

    Args:
        frames: The frames that follow.
        delays: Samples to leave out at the start and the end, up to 4,095 each.
        encoder: LAME's part of the header of the first source, if there is one.
    """
    header = frames[0]
    rates = {body[2] >> 4 for body in frames}
    offset = HEADER_BYTES + side_bytes(header)
    content = 16 + _TABLE_BYTES + _QUALITY_BYTES + _TAG_BYTES
    found = larger_header(header, offset + content)
    if found is None:  # pragma: no cover -- 192 bytes fit at any rate
        raise ValueError("no frame is so large")
    start, size = found
    body = bytearray((start[:3] + bytes((start[3] & 0xCF,))).ljust(size, b"\0"))
    total = size + sum(map(len, frames))
    parts = struct.pack(
        ">4sIII", b"Info" if len(rates) == 1 else b"Xing", _ALL_FIELDS, len(frames), total
    )
    parts += _positions(size, frames, total) + bytes(_QUALITY_BYTES)
    body[offset : offset + len(parts)] = parts
    at = offset + len(parts)
    tag = bytearray(encoder or _UNKNOWN_ENCODER)
    tag[_GAIN_PART] = bytes(8)
    tag[_LENGTH_PART] = bytes(9)
    tag[_DELAY_AT : _DELAY_AT + 3] = (delays[0] << 12 | delays[1]).to_bytes(3, "big")
    # The checksum of the sound stays 0: players don't check it.
    tag[28:32] = total.to_bytes(4, "big")
    body[at : at + _TAG_BYTES] = tag
    checked = at + _TAG_BYTES - 2
    body[checked : checked + 2] = _checksum(bytes(body[:checked])).to_bytes(2, "big")
    return bytes(body)


def _positions(size: int, frames: Sequence[bytes], total: int) -> bytes:
    """Return the table of the Xing header: for each percent of the time, a 256th of the bytes."""
    starts, at = [], size
    for body in frames:
        starts.append(at)
        at += len(body)
    return bytes(
        min(starts[len(frames) * n // _TABLE_BYTES] * 256 // total, 255)
        for n in range(_TABLE_BYTES)
    )


def _checksum(data: bytes) -> int:
    """Return the CRC-16 of LAME's header: polynomial 0x8005, reflected."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
