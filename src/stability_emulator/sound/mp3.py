"""Writes MP3 files assembled from recorded frames.

`notes.bin` holds one slot of frames for each sound, recorded once by
`tests/stability_emulator/record_notes.py`. Each frame contains all of its own data (no bit
reservoir), so frames can be put in any order; a field of the frame sets its loudness. The leading
Info frame tells decoders how many samples to cut at either end, which makes the length exact.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from stability_emulator.pictures.codec import MARK
from stability_emulator.sound.melody import (
    FRAME_SAMPLES,
    RATE,
    SILENT,
    SILENT_CELL,
    SLOT_FRAMES,
    Cell,
)

BANK = "notes.bin"
RECORDED = struct.Struct(">BBH32s")
"""A recorded frame: second and fourth byte of its header, length of its data, side information;
the data follows."""

BITRATE, BITRATE_INDEX = 128_000, 9
"""Bits per second, and their code in a frame's header."""
BYTES_BY_RATE = FRAME_SAMPLES * BITRATE // 8
"""Bytes of a frame times the sampling rate; the division leaves some frames a byte longer."""
ENCODER_DELAY, DECODER_DELAY = 576, 529
NO_CHECKSUM = 1
HEADER_BYTES, SIDE_BYTES = 4, 32
SIDE_BITS = 8 * SIDE_BYTES
GRANULES_BITS, GRANULE_BITS = 20, 59
"""Bits of side information before the four granules, and of each granule."""
GAIN_PLACE, GAIN_BITS = 21, 8
"""Bits of a granule before its gain, and of the gain."""


class Frame(NamedTuple):
    """A self-contained stereo frame of 44.1 kHz."""

    header: bytes
    side: int
    """`SIDE_BITS` bits of side information, which say that the data begins in the frame itself."""
    data: bytes

    def softer(self, steps: int) -> "Frame":
        """Return the frame attenuated by a number of steps of 1.5 dB."""
        side = self.side
        for part in range(4):
            place = SIDE_BITS - GRANULES_BITS - part * GRANULE_BITS - GAIN_PLACE - GAIN_BITS
            gain = side >> place & 0xFF
            side += (max(0, gain - steps) - gain) << place
        return self._replace(side=side)


def write(cells: Sequence[Cell], seconds: float) -> Sequence[bytes]:
    """Return a file of exactly the given length, in pieces; the phrase is repeated."""
    samples = round(seconds * RATE)
    count = -(-(samples + ENCODER_DELAY + DECODER_DELAY) // FRAME_SAMPLES)
    padding = count * FRAME_SAMPLES - ENCODER_DELAY - samples
    first, *packed = _packed([_frame_of(SILENT_CELL), *map(_frame_of, cells)])
    whole, rest = divmod(count - 1, len(packed))
    pieces = [first, *[b"".join(packed)] * whole, b"".join(packed[:rest])]
    return [_tag(), _info_frame(count, sum(map(len, pieces)), padding), *pieces]


@lru_cache(maxsize=1)
def _recorded() -> Sequence[Frame]:
    """Return all recorded frames, in the order of the sounds."""
    bank = files(__package__).joinpath(BANK).read_bytes()
    frames, place = [], 0
    while place < len(bank):
        second, fourth, length, side = RECORDED.unpack_from(bank, place)
        place += RECORDED.size
        header = bytes((0xFF, second, 0, fourth))
        data = bank[place : place + length]
        frames.append(Frame(header, int.from_bytes(side, "big"), data))
        place += length
    return frames


def _frame_of(cell: Cell) -> Frame:
    """Return the frame of a cell, to be written one position later in the file.

    Decoders output a frame `ENCODER_DELAY + DECODER_DELAY` samples late, which is almost one frame.
    """
    if cell.steps >= SILENT:
        return _recorded()[-1]
    return _recorded()[cell.sound * SLOT_FRAMES + cell.place + 1].softer(cell.steps)


def _packed(frames: Sequence[Frame]) -> list[bytes]:
    """Return frames encoded for a file, each padded to the size that the bit rate requires."""
    packed, carry = list[bytes](), 0
    for frame in frames:
        size, carry = divmod(BYTES_BY_RATE + carry, RATE)
        padded = size > BYTES_BY_RATE // RATE
        head = _header(frame, padded=padded) + frame.side.to_bytes(SIDE_BYTES, "big")
        packed.append((head + frame.data).ljust(size, b"\0"))
    return packed


def _header(frame: Frame, *, padded: bool = False) -> bytes:
    return bytes(
        (0xFF, frame.header[1] | NO_CHECKSUM, BITRATE_INDEX << 4 | padded << 1, frame.header[3])
    )


def _info_frame(frames: int, size: int, padding: int) -> bytes:
    """Return the silent first frame with the length of the sound; `frames` excludes it."""
    length = BYTES_BY_RATE // RATE
    delays = (ENCODER_DELAY << 12 | min(padding, 0xFFF)).to_bytes(3, "big")
    encoder = b"LAME3.100" + bytes(12) + delays
    info = struct.pack(">4sIII", b"Info", 0b11, frames, size + length) + encoder
    return (_header(_recorded()[0]) + bytes(SIDE_BYTES) + info).ljust(length, b"\0")


def _tag() -> bytes:
    """Return an ID3 tag that marks the sound as emulated."""
    comment = b"\0" + MARK.encode() + b"\0" + b"made by the emulator of the Stability API"
    frame = b"TXXX" + struct.pack(">IH", len(comment), 0) + comment
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame
