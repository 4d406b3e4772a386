"""Writes cells as WAV files, and reads uploaded WAV files."""

import io
import struct
import wave
from collections.abc import Sequence
from typing import IO, NamedTuple

from stability_emulator.pictures.codec import MARK
from stability_emulator.sound.instruments import SAMPLE_BYTES, samples_of
from stability_emulator.sound.melody import CHANNELS, RATE, REST, SILENT, Cell
from stability_emulator.sound.samples import CELL_BYTES, from_floats, resampled, scaled, stereo

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
STORED = frozenset({(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32)})
"""Supported sample encodings and their bits."""
MAX_CHANNELS = 8


def write(cells: Sequence[Cell], seconds: float) -> Sequence[bytes]:
    """Return a file of exactly the given length, in pieces; the phrase is repeated."""
    frames = round(seconds * RATE)
    loop = rendered(cells)
    size = frames * CHANNELS * SAMPLE_BYTES
    whole, rest = divmod(size, len(loop))
    return _file([*[loop] * whole, loop[:rest]], size)


def pack(samples: bytes) -> Sequence[bytes]:
    """Return a file with the given samples, in pieces."""
    return _file([samples], len(samples))


def _file(pieces: Sequence[bytes], size: int) -> Sequence[bytes]:
    comment = MARK.encode() + b"\0" * (1 + len(MARK) % 2)
    info = b"INFOICMT" + struct.pack("<I", len(comment)) + comment
    listed = b"LIST" + struct.pack("<I", len(info)) + info
    return [_head(size, len(listed)), *pieces, listed]


def rendered(cells: Sequence[Cell]) -> bytes:
    """Return the samples of cells."""
    parts = []
    for cell in cells:
        sound = samples_of(REST if cell.steps >= SILENT else cell.sound)
        parts.append(sound[cell.place * CELL_BYTES : (cell.place + 1) * CELL_BYTES])
    return scaled(b"".join(parts), [gain_of(cell.steps) for cell in cells])


def gain_of(steps: int) -> float:
    """Return the gain factor of a number of attenuation steps of 1.5 dB."""
    return 0.0 if steps >= SILENT else float(2 ** (-steps / 4))


class Format(NamedTuple):
    """How a WAV file stores its samples."""

    tag: int
    channels: int
    rate: int
    byte_rate: int
    bits: int
    start: int
    """Position of the samples in the file."""
    size: int
    """Number of bytes of samples."""


def format_of(file: IO[bytes]) -> Format | None:
    """Return the format of a WAV file, which may be truncated; None if it isn't a WAV file."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    chunk, place = b"", 12
    while place + 8 <= size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"fmt ":
            chunk = file.read(min(length, 40))
        if name == b"data":
            if len(chunk) < 16:
                return None
            tag, channels, rate, byte_rate, _, bits = struct.unpack_from("<HHIIHH", chunk)
            if tag == EXTENSIBLE and len(chunk) >= 26:
                tag = struct.unpack_from("<H", chunk, 24)[0]
            return Format(
                tag, channels, rate, byte_rate, bits, place + 8, min(length, size - place - 8)
            )
        place += 8 + length + length % 2
    return None


def seconds_of(file: IO[bytes]) -> float | None:
    """Return the length of a WAV file in seconds, which may be truncated; None if it isn't one."""
    wave_format = format_of(file)
    return (
        wave_format.size / wave_format.byte_rate if wave_format and wave_format.byte_rate else None
    )


def samples_in(file: IO[bytes], max_seconds: float) -> bytes | None:
    """Return the sound of a WAV file as 16-bit stereo at 44.1 kHz; None if it is unsupported.

    Integers of 8 to 32 bits and 32-bit floating-point samples are supported.
    """
    wave_format = format_of(file)
    if wave_format is None or (wave_format.tag, wave_format.bits) not in STORED:
        return None
    if not 1 <= wave_format.channels <= MAX_CHANNELS or not wave_format.rate:
        return None
    wide = wave_format.bits // 8
    file.seek(wave_format.start)
    raw = file.read(
        min(wave_format.size, round(max_seconds * wave_format.rate) * wave_format.channels * wide)
    )
    whole = len(raw) // (wide * wave_format.channels)
    raw = raw[: whole * wide * wave_format.channels]
    if wave_format.tag == FLOAT:
        raw, wide = from_floats(raw), SAMPLE_BYTES
    if (wide, wave_format.channels, wave_format.rate) == (SAMPLE_BYTES, CHANNELS, RATE):
        return raw
    sides = [
        _channel(raw, side, wave_format.channels, wide)
        for side in (0, min(1, wave_format.channels - 1))
    ]
    return stereo(*(resampled(side, wave_format.rate, RATE) for side in sides))


def _channel(raw: bytes, side: int, channels: int, wide: int) -> bytes:
    """Return the upper 16 bits of the samples of one channel."""
    step, first = channels * wide, side * wide
    count = len(raw) // step
    samples = bytearray(2 * count)
    if wide == 1:  # unsigned
        samples[1::2] = raw[first::step].translate(
            bytes((value + 128) % 256 for value in range(256))
        )
    else:
        samples[0::2] = raw[first + wide - 2 :: step]
        samples[1::2] = raw[first + wide - 1 :: step]
    return bytes(samples)


def _head(size: int, behind: int) -> bytes:
    """Return the header before the samples; `behind` is the number of bytes after them."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((CHANNELS, SAMPLE_BYTES, RATE, 0, "NONE", "not compressed"))
        file.writeframes(b"")
    head = bytearray(out.getvalue())
    struct.pack_into("<I", head, 4, len(head) - 8 + size + behind)
    struct.pack_into("<I", head, len(head) - 4, size)
    return bytes(head)
