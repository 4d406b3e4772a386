"""MP3: cells put together from recorded frames, and frames of any source packed into a file.

`notes.bin` holds one slot of frames for each sound, recorded once by
`tests/stability_emulator/record_notes.py`. Each frame holds all of its own data (no bit reservoir),
so frames can be put in any order; how loud it is played is a number in it. The Info frame in front
tells decoders how many samples at either end are not part of the sound, which makes its length
exact.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from stability_emulator.pictures.codec import MARK
from stability_emulator.sound import mp3_frames
from stability_emulator.sound.melody import FRAME_SAMPLES, NOTHING, RATE, SILENT, SLOT_FRAMES, Cell
from stability_emulator.sound.mp3_frames import HEADER_BYTES, SIDE_BYTES, Frame

BANK = "notes.bin"
RECORDED = struct.Struct(">BBH32s")
"""A recorded frame: second and fourth byte of its header, length of its data, side information;
then its data."""

BITRATES = ((9, 128_000), (11, 192_000), (13, 256_000), (14, 320_000))
"""What a file may have: the number in a frame's header and the bits in a second."""
ENCODER_DELAY, DECODER_DELAY = 576, 529
MOST_BORROWED = 511
"""Bytes that the data of a frame may begin before it."""
NO_CHECKSUM = 1

seconds_of = mp3_frames.seconds_of


def write(cells: Sequence[Cell], seconds: float) -> Sequence[bytes]:
    """Return a file of exactly so many seconds, in pieces; the phrase is repeated."""
    count, padding = _counted(seconds, ENCODER_DELAY)
    loop = [heard(cell) for cell in cells]
    index, bitrate = BITRATES[0]
    first, *packed = _packed([heard(NOTHING), *loop], index, bitrate, borrowing=False) or [b"", b""]
    whole, rest = divmod(count - 1, len(packed))
    pieces = [first, *[b"".join(packed)] * whole, b"".join(packed[:rest])]
    return [_tag(), _info_frame(count, sum(map(len, pieces)), (ENCODER_DELAY, padding)), *pieces]


def pack(frames: Sequence[Frame], seconds: float, delay: int) -> Sequence[bytes]:
    """Return a file of exactly so many seconds of these frames; silence follows them.

    Args:
        frames: As many as there are.
        seconds: Length of the sound.
        delay: Samples at the beginning that are not part of it.
    """
    count, padding = _counted(seconds, delay)
    silence = heard(NOTHING)
    chosen = [*frames[:count], *[silence] * (count - len(frames))]
    for index, bitrate in BITRATES:
        packed = _packed(chosen, index, bitrate, borrowing=True)
        if packed is not None:
            body = b"".join(packed)
            return [_tag(), _info_frame(count, len(body), (delay, padding)), body]
    # Only a file that breaks the rules of its own format has frames this large.
    return write([NOTHING], seconds)


def _counted(seconds: float, delay: int) -> tuple[int, int]:
    """Return the number of frames of a sound, and the samples that they are longer than it."""
    samples = round(seconds * RATE)
    count = -(-(samples + delay + DECODER_DELAY) // FRAME_SAMPLES)
    return count, count * FRAME_SAMPLES - delay - samples


@lru_cache(maxsize=1)
def _recorded() -> Sequence[Frame]:
    """Return every recorded frame, in the order of the sounds."""
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


def heard(cell: Cell) -> Frame:
    """Return the frame of a cell, which is to stand one place later in a file.

    What a frame says is heard `ENCODER_DELAY + DECODER_DELAY` samples later: nearly a frame.
    """
    if cell.steps >= SILENT:
        return _recorded()[-1]
    return _recorded()[cell.sound * SLOT_FRAMES + cell.place + 1].softer(cell.steps)


def _packed(
    frames: Sequence[Frame], index: int, bitrate: int, *, borrowing: bool
) -> list[bytes] | None:
    """Return frames of one bit rate; None where their data does not fit.

    Args:
        frames: What to pack.
        index: Number of the bit rate in a header.
        bitrate: Bits in a second; some frames have one byte more, so that it holds on average.
        borrowing: Whether data may begin in the frames before; then no frame can be moved.
    """
    areas, owed, heads = bytearray(), 0, []
    filled = 0
    for frame in frames:
        size, owed = divmod(FRAME_SAMPLES * bitrate // 8 + owed, RATE)
        padded = size > FRAME_SAMPLES * bitrate // 8 // RATE
        start = len(areas)
        areas += bytes(size - HEADER_BYTES - SIDE_BYTES)
        place = max(filled, start - MOST_BORROWED) if borrowing else start
        filled = place + len(frame.data)
        if filled > len(areas):
            return None
        areas[place:filled] = frame.data
        header = bytes(
            (0xFF, frame.header[1] | NO_CHECKSUM, index << 4 | padded << 1, frame.header[3])
        )
        side = frame.side & (1 << 256 - 9) - 1 | (start - place) << 256 - 9
        heads.append((header + side.to_bytes(SIDE_BYTES, "big"), start, len(areas)))
    return [head + areas[start:end] for head, start, end in heads]


def _info_frame(frames: int, size: int, delays: tuple[int, int]) -> bytes:
    """Return the silent first frame that says how long the sound is; not counted in `frames`."""
    index, bitrate = BITRATES[0]
    length = FRAME_SAMPLES * bitrate // 8 // RATE
    recorded = _recorded()[0].header
    header = bytes((0xFF, recorded[1] | NO_CHECKSUM, index << 4, recorded[3]))
    told = (delays[0] << 12 | min(delays[1], 0xFFF)).to_bytes(3, "big")
    encoder = b"LAME3.100" + bytes(12) + told
    info = struct.pack(">4sIII", b"Info", 0b11, frames, size + length) + encoder
    return (header + bytes(SIDE_BYTES) + info).ljust(length, b"\0")


def _tag() -> bytes:
    """Return an ID3 tag that says where the sound comes from."""
    comment = b"\0" + MARK.encode() + b"\0" + b"made by the emulator of the Stability API"
    frame = b"TXXX" + struct.pack(">IH", len(comment), 0) + comment
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame
