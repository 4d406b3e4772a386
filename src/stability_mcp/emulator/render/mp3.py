"""MP3: a phrase put together from recorded frames, and the length of an MP3 that was sent.

`notes.bin` holds one slot of frames for each note, recorded once (tests/emulator/record_notes.py).
Each frame holds all of its own data (no bit reservoir), so frames can be put in any order: every
slot fades to silence, so nothing clicks. The Info frame in front tells decoders how many samples
at either end are not part of the sound, which makes its length exact.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import IO

from stability_mcp.emulator.render.melody import FRAME_SAMPLES, RATE, SLOT_FRAMES
from stability_mcp.emulator.render.pictures import MARK

BANK = "notes.bin"
RECORDED = struct.Struct(">BBH32s")
"""A recorded frame: second and fourth byte of its header, length of its data, side information;
then its data."""

BITRATE_INDEX, BITRATE = 9, 128_000
ENCODER_DELAY, DECODER_DELAY = 576, 529
SIDE_BYTES = 32
HEADER_BYTES = 4

_KILOBITS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
MAX_GARBAGE = 65_536
"""Bytes in front of the first frame that are looked through."""


def write(notes: Sequence[int], seconds: float) -> Sequence[bytes]:
    """Return a file of exactly so many seconds, in pieces; the phrase is repeated."""
    samples = round(seconds * RATE)
    frames = -(-(samples + ENCODER_DELAY + DECODER_DELAY) // FRAME_SAMPLES)
    padding = frames * FRAME_SAMPLES - ENCODER_DELAY - samples
    loop = [frame for note in notes for frame in slot(note)]
    packed = list(_packed(loop))
    whole, rest = divmod(frames, len(loop))
    pieces = [b"".join(packed)] * whole + [b"".join(packed[:rest])]
    return [_tag(), _info_frame(frames, sum(map(len, pieces)), padding), *pieces]


@lru_cache(maxsize=1)
def _recorded() -> Sequence[tuple[bytes, bytes]]:
    """Return every recorded frame as its header and the rest, in the order of the notes."""
    bank = files(__package__).joinpath(BANK).read_bytes()
    frames, place = [], 0
    while place < len(bank):
        second, fourth, length, side = RECORDED.unpack_from(bank, place)
        place += RECORDED.size
        header = bytes((0xFF, second, BITRATE_INDEX << 4, fourth))
        frames.append((header, side + bank[place : place + length]))
        place += length
    return frames


def slot(note: int) -> Sequence[tuple[bytes, bytes]]:
    """Return the frames of a note."""
    return _recorded()[note * SLOT_FRAMES : (note + 1) * SLOT_FRAMES]


def _packed(frames: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield frames of the bit rate that the header promises: some have one byte more."""
    owed = 0
    for header, rest in frames:
        size, owed = divmod(FRAME_SAMPLES * BITRATE // 8 + owed, RATE)
        padded = size > FRAME_SAMPLES * BITRATE // 8 // RATE
        third = header[2] | (0b10 if padded else 0)
        yield (header[:2] + bytes((third,)) + header[3:] + rest).ljust(size, b"\0")


def _info_frame(frames: int, size: int, padding: int) -> bytes:
    """Return the silent first frame that says how long the sound is; not counted in `frames`."""
    length = FRAME_SAMPLES * BITRATE // 8 // RATE
    header, _ = slot(0)[0]
    delays = (ENCODER_DELAY << 12 | padding).to_bytes(3, "big")
    encoder = b"LAME3.100" + bytes(12) + delays
    info = struct.pack(">4sIII", b"Info", 0b11, frames, size + length) + encoder
    return (header + bytes(SIDE_BYTES) + info).ljust(length, b"\0")


def _tag() -> bytes:
    """Return an ID3 tag that says where the sound comes from."""
    comment = b"\0" + MARK.encode() + b"\0" + b"made by the emulator of the Stability API"
    frame = b"TXXX" + struct.pack(">IH", len(comment), 0) + comment
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame


def seconds_of(file: IO[bytes]) -> float | None:
    """Return the length of an MP3 by counting its frames; None if it is none."""
    end = file.seek(0, io.SEEK_END)
    place = _first_frame(file)
    samples, rate, frames = 0, 0, 0
    while place is not None and place + HEADER_BYTES <= end:
        file.seek(place)
        frame = _frame(file.read(HEADER_BYTES))
        if frame is None:
            break
        size, count, rate = frame
        if frames == 0 and (inaudible := _inaudible(file.read(size - HEADER_BYTES))) is not None:
            samples -= inaudible
        else:
            samples += count
        frames += 1
        place += size
    return max(samples, 0) / rate if frames > 1 and rate else None


def _first_frame(file: IO[bytes]) -> int | None:
    """Return where the first frame begins, behind a tag and some garbage."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:  # noqa: PLR2004 -- the head of a tag
        start = 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    file.seek(start)
    window = file.read(MAX_GARBAGE)
    for place in range(len(window) - HEADER_BYTES + 1):
        if window[place] == 0xFF and (frame := _frame(window[place : place + HEADER_BYTES])):  # noqa: PLR2004
            following = window[place + frame[0] : place + frame[0] + HEADER_BYTES]
            if _frame(following):
                return start + place
    return None


def _frame(header: bytes) -> tuple[int, int, int] | None:
    """Return bytes, samples and sampling rate of a frame of layer III; None if it is none."""
    if len(header) < HEADER_BYTES or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:  # noqa: PLR2004
        return None
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version not in _RATES or bitrate in {0, 15} or rate == 3:  # noqa: PLR2004 -- reserved
        return None
    first = version == 3  # noqa: PLR2004 -- MPEG 1; its frames are twice as long
    kilobits, hertz = _KILOBITS[1 if first else 2][bitrate], _RATES[version][rate]
    samples = FRAME_SAMPLES if first else FRAME_SAMPLES // 2
    return samples // 8 * kilobits * 1000 // hertz + (header[2] >> 1 & 1), samples, hertz


def _inaudible(body: bytes) -> int | None:
    """Return how many samples an Info frame takes off the length; None for an audible frame."""
    for name in (b"Xing", b"Info"):
        place = body.find(name, 0, 64)
        if place < 0:
            continue
        flags = int.from_bytes(body[place + 4 : place + 8], "big")
        place += 8 + sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
        delays = int.from_bytes(body[place + 21 : place + 24], "big")
        return (delays >> 12) + (delays & 0xFFF) if body[place : place + 1] == b"L" else 0
    return None
