"""Record the sounds from which the emulator assembles its MP3s; run by hand.

Every frame gets its own data, without the bit reservoir, so that frames can be in any order:

    python tests/stability_emulator/record_notes.py
"""

import io
from array import array
from pathlib import Path

import soundfile

from stability_emulator.sound import instruments, mp3
from stability_emulator.sound.melody import CHANNELS, RATE, REST, SLOT_FRAMES
from stability_emulator.sound.mp3 import (
    GRANULE_BITS,
    GRANULES_BITS,
    HEADER_BYTES,
    SIDE_BITS,
    SIDE_BYTES,
    Frame,
)
from stability_mcp.imaging.containers.mp3 import frame as mp3_frame

BANK = Path(mp3.__file__).with_name(mp3.BANK)
COMPRESSION = 0.9
"""Gives 56 kbit/s: small enough for each frame's data to fit into a frame of 128 kbit/s."""


def recorded() -> bytes:
    """Return one slot of frames for each sound, and one silent frame."""
    silence = instruments.samples_of(REST)
    samples = b"".join((*map(instruments.samples_of, range(REST)), silence, silence))
    levels = array("f", (value / 32_768 for value in array("h", samples)))
    sound = memoryview(levels).cast("B").cast("f", (len(levels) // CHANNELS, CHANNELS))
    out = io.BytesIO()
    soundfile.write(
        out,
        sound,
        RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=COMPRESSION,
    )
    # One frame more, because the end of the last slot still rings in the first silent frame.
    frames = separate_frames(out.getvalue(), (REST + 1) * SLOT_FRAMES + 1)
    loud, quiet = frames[: REST * SLOT_FRAMES + 1], frames[-1]
    return b"".join(
        mp3.RECORDED.pack(
            frame.header[1],
            frame.header[3],
            len(frame.data),
            frame.side.to_bytes(SIDE_BYTES, "big"),
        )
        + frame.data
        for frame in (*loud, quiet)
    )


def separate_frames(file: bytes, count: int) -> list[Frame]:
    """Return the first frames of a stereo file without an Info frame, each with its own data.

    The data of a frame starts in earlier frames; the first 9 bits of its side information are the
    offset in bytes.
    """
    stream, frames, place = bytearray(), list[Frame](), 0
    while len(frames) < count and (header := mp3_frame(file[place : place + HEADER_BYTES])):
        raw = file[place : place + header.size]
        place += header.size
        begin = HEADER_BYTES + SIDE_BYTES
        side = int.from_bytes(raw[HEADER_BYTES:begin], "big")
        start = len(stream) - (side >> SIDE_BITS - 9)
        stream += raw[begin:]
        bits = (
            side >> SIDE_BITS - GRANULES_BITS - part * GRANULE_BITS - 12 & 0xFFF
            for part in range(4)
        )
        data = bytes(stream[start : start + -(-sum(bits) // 8)])
        frames.append(Frame(raw[:HEADER_BYTES], side & (1 << SIDE_BITS - 9) - 1, data))
    return frames


if __name__ == "__main__":
    BANK.write_bytes(recorded())
