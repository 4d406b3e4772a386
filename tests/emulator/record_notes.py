"""Record the notes that the emulator's MP3s are put together from; run by hand.

Every frame is taken out of the bit reservoir, so that it can stand anywhere:

    python tests/emulator/record_notes.py
"""

import io
import itertools
from array import array
from collections.abc import Iterator
from pathlib import Path

import soundfile

from stability_mcp.emulator.render import mp3, wav
from stability_mcp.emulator.render.melody import CHANNELS, NOTES, RATE, REST, SLOT_FRAMES

BANK = Path(mp3.__file__).with_name(mp3.BANK)
COMPRESSION = 0.9
"""56 kbit/s: small enough that each frame's data fits into a frame of 128 kbit/s."""


def recorded() -> bytes:
    """Return one slot of frames for each note and one for the rest."""
    silence = wav.samples_of(REST)
    samples = b"".join((*map(wav.samples_of, range(len(NOTES))), silence, silence))
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
    slots = (len(NOTES) + 1) * SLOT_FRAMES
    return b"".join(itertools.islice(_self_contained(out.getvalue()), slots))


def _self_contained(file: bytes) -> Iterator[bytes]:
    """Yield each frame with its own data, which lies behind that of the frames before."""
    stream, place = b"", 0
    while frame := mp3._frame(file[place : place + mp3.HEADER_BYTES]):  # noqa: SLF001 -- a tool
        body = file[place + mp3.HEADER_BYTES : place + frame[0]]
        side, data = body[: mp3.SIDE_BYTES], body[mp3.SIDE_BYTES :]
        bits = int.from_bytes(side, "big")
        borrowed = bits >> (256 - 9)
        lengths = (bits >> (256 - 20 - 59 * part - 12) & 0xFFF for part in range(4))
        start, length = len(stream) - borrowed, -(-sum(lengths) // 8)
        stream += data
        own = (bits & ((1 << (256 - 9)) - 1)).to_bytes(mp3.SIDE_BYTES, "big")
        header = file[place : place + mp3.HEADER_BYTES]
        taken = stream[start : start + length]
        yield mp3.RECORDED.pack(header[1], header[3], length, own) + taken
        place += frame[0]


if __name__ == "__main__":
    BANK.write_bytes(recorded())
