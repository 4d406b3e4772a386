"""WAV: a phrase written as samples, and the length of a WAV file that was sent."""

import io
import math
import struct
import wave
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import IO

from stability_mcp.emulator.render.melody import (
    CHANNELS,
    NOTES,
    RATE,
    REST,
    SLOT_SAMPLES,
)
from stability_mcp.emulator.render.pictures import MARK

SAMPLE_BYTES = 2
LOUDNESS = 9_000
ATTACK_SECONDS = 0.012
HARMONICS = ((1, 1.0), (2, 0.35), (3, 0.12))


def write(notes: Sequence[int], seconds: float) -> Sequence[bytes]:
    """Return a file of exactly so many seconds, in pieces; the phrase is repeated."""
    frames = round(seconds * RATE)
    loop = b"".join(samples_of(note) for note in notes)
    size = frames * CHANNELS * SAMPLE_BYTES
    whole, rest = divmod(size, len(loop))
    comment = MARK.encode() + b"\0" * (1 + len(MARK) % 2)
    info = b"INFOICMT" + struct.pack("<I", len(comment)) + comment
    listed = b"LIST" + struct.pack("<I", len(info)) + info
    return [_head(size, len(listed)), *[loop] * whole, loop[:rest], listed]


def seconds_of(file: IO[bytes]) -> float | None:
    """Return the length of a WAV file, as far as its bytes go; None if it is none."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    bytes_a_second, place = 0, 12
    while place + 8 <= size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            bytes_a_second = int.from_bytes(file.read(12)[8:], "little")
        if name == b"data":
            return min(length, size - place - 8) / bytes_a_second if bytes_a_second else None
        place += 8 + length + length % 2
    return None


@lru_cache(maxsize=REST + 1)
def samples_of(note: int) -> bytes:
    """Return one slot of a note as interleaved stereo samples, faded in and out."""
    if note == REST:
        return bytes(SLOT_SAMPLES * CHANNELS * SAMPLE_BYTES)
    period = RATE / NOTES[note]
    table = [
        sum(share * math.sin(math.tau * part * i / 2_048) for part, share in HARMONICS)
        for i in range(2_048)
    ]
    attack = ATTACK_SECONDS * RATE
    samples = array("h")
    for i in range(SLOT_SAMPLES):
        left = 1 - i / SLOT_SAMPLES
        level = min(1.0, i / attack) * left * left
        value = round(LOUDNESS * level * table[int(i / period * 2_048) % 2_048])
        samples.append(value)
        samples.append(value)
    return samples.tobytes()


def _head(size: int, behind: int) -> bytes:
    """Return all that stands before the samples; `behind` is what follows them."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((CHANNELS, SAMPLE_BYTES, RATE, 0, "NONE", "not compressed"))
        file.writeframes(b"")
    head = bytearray(out.getvalue())
    struct.pack_into("<I", head, 4, len(head) - 8 + size + behind)
    struct.pack_into("<I", head, len(head) - 4, size)
    return bytes(head)
