"""Cuts a sound to a length and makes a WAV fit into a size; nothing is made up or repeated.

A WAV is cut between two frames, with a short fade. Of an MP3, whole frames are kept unchanged.
Samples are read in blocks, so that the memory doesn't depend on the length.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.mp3 import first_frames, scan
from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, copy_pieces, damaged, read_at
from stability_mcp.imaging.containers.wav import (
    FLOAT,
    PCM,
    Samples,
    pcm_format,
    sample_blocks,
    wav_header,
    wav_samples,
)
from stability_mcp.imaging.strip import atomic_write

FADE_SECONDS = 0.01
"""*Chosen*: long enough that the cut doesn't click, too short to be heard as a fade."""

_HEADER_BYTES = 44
"""RIFF header, `fmt ` chunk of 16 bytes and the header of the samples."""
_FLOAT_WIDTHS = {4: "f", 8: "d"}
"""Codes of `struct` by bytes of a sample."""
_TARGET_WIDTH = 2
"""16 bits per sample: what a WAV that is too large is reduced to."""
_FLIP_SIGN = bytes(value ^ 0x80 for value in range(256))


@dataclass(frozen=True)
class FittedSound:
    """A sound that was changed to fit."""

    seconds: float
    changes: list[str]
    """The changes as phrases, without the limits that caused them."""


def fit_wav(
    source: Path, target: Path, *, max_seconds: float, max_bytes: int
) -> FittedSound | None:
    """Write the start of a WAV that fits to `target`; return None if it can't be cut.

    Args:
        source: The sound.
        target: Output path; untouched if None is returned.
        max_seconds: Maximum length.
        max_bytes: Maximum file size; a WAV with more than 16 bits per sample is reduced to 16 if
            that is enough.

    Raises:
        FileUnusableError: Even then it is too large.
        OSError: `target` cannot be written.
    """
    size = source.stat().st_size
    with source.open("rb") as file:
        samples = wav_samples(file, size)
        if samples is None:
            return None
        frames = min(samples.frames, int(max_seconds * samples.rate))
        is_cut = frames < samples.frames
        width = _fitting_width(samples, frames, max_bytes)
        fade = min(frames, round(FADE_SECONDS * samples.rate)) if is_cut else 0
        fade = fade if _is_linear(samples) else 0
        with atomic_write(target) as out:
            out.write(_header(samples, frames, width))
            for block in _blocks(file, samples, frames, fade):
                out.write(block if width == samples.width else _to_16_bits(block, samples))
            out.write(bytes(frames * samples.channels * width & 1))
    changes = []
    if is_cut:
        kept, whole = frames / samples.rate, samples.frames / samples.rate
        changes.append(f"cut to its first {round(kept, 3):g} of {round(whole, 3):g} s")
        changes += [f"faded out over the last {FADE_SECONDS * 1000:g} ms"] if fade else []
    if width != samples.width:
        kind = " float" if samples.tag == FLOAT else ""
        changes.append(f"reduced from {samples.width * 8}-bit{kind} to 16-bit samples")
    return FittedSound(frames / samples.rate, changes)


def cut_mp3(source: Path, target: Path, *, max_seconds: float) -> FittedSound:
    """Write the first frames of an MP3 to `target`: a shorter MP3 of the same quality.

    Raises:
        FileUnusableError: It contains no sound.
        OSError: `target` cannot be written.
    """
    data = source.read_bytes()
    track = scan(data)
    if track is None:  # pragma: no cover -- it was checked when it was stored
        raise damaged("MP3", "it contains no sound", editor=AUDIO_EDITOR)
    pieces, seconds = first_frames(data, track, max_seconds)
    with atomic_write(target) as out, source.open("rb") as file:
        copy_pieces(file, pieces, out)
    what = (
        f"cut to its first {round(seconds, 2):g} of {round(track.seconds, 2):g} s, at an MP3 frame"
    )
    return FittedSound(seconds, [what])


def _is_linear(samples: Samples) -> bool:
    """Return whether a sample is a number in proportion to the sound, unlike A-law and µ-law."""
    return samples.tag == PCM or (samples.tag == FLOAT and samples.width in _FLOAT_WIDTHS)


def _fitting_width(samples: Samples, frames: int, max_bytes: int) -> int:
    """Return the bytes of a sample with which the sound fits.

    Raises:
        FileUnusableError: It is too large with 16 bits per sample, or has no more than that.
    """
    overhead = _HEADER_BYTES + len(samples.format_body)
    if overhead + frames * samples.block <= max_bytes:
        return samples.width
    reduced = overhead + frames * samples.channels * _TARGET_WIDTH
    can_be_reduced = samples.width > _TARGET_WIDTH and _is_linear(samples)
    if can_be_reduced and reduced <= max_bytes:
        return _TARGET_WIDTH
    size = frames * samples.block
    raise FileUnusableError(
        f"The WAV has {size:,} bytes of sound ({frames / samples.rate:.1f} s, {samples.rate:,} Hz, "
        f"{samples.channels} channels, {samples.width * 8} bits); a request can hold "
        f"{max_bytes:,}.",
        hint="Export it as MP3, or as WAV with 44,100 Hz and 16 bits.",
    )


def _header(samples: Samples, frames: int, width: int) -> bytes:
    body = samples.format_body
    if width != samples.width:
        body = pcm_format(samples.rate, samples.channels, width)
    return wav_header(body, frames * samples.channels * width)


def _blocks(file: BinaryIO, samples: Samples, frames: int, fade: int) -> Iterator[bytes]:
    """Yield the first frames; the last ones fade out."""
    loud = frames - fade
    yield from sample_blocks(file, samples, 0, loud)
    if fade:
        yield _faded(
            read_at(file, samples.start + loud * samples.block, fade * samples.block), samples
        )


def _faded(data: bytes, samples: Samples) -> bytes:
    """Return PCM or float samples with a gain that falls to 0."""
    width, channels = samples.width, samples.channels
    frames = len(data) // samples.block
    gains = [(frames - 1 - index // channels) / frames for index in range(frames * channels)]
    if samples.tag == FLOAT:
        code = f"<{frames * channels}{_FLOAT_WIDTHS[width]}"
        values = struct.unpack(code, data)
        return struct.pack(code, *(value * gain for value, gain in zip(values, gains, strict=True)))
    middle = 128 if width == 1 else 0  # PCM with 8 bits is unsigned
    parts = (data[at : at + width] for at in range(0, len(data), width))
    faded = bytearray()
    for part, gain in zip(parts, gains, strict=True):
        value = int.from_bytes(part, "little", signed=width > 1)
        value = middle + round((value - middle) * gain)
        faded += value.to_bytes(width, "little", signed=width > 1)
    return bytes(faded)


def _to_16_bits(data: bytes, samples: Samples) -> bytes:
    """Return samples with the upper 16 of 24 or 32 bits, or scaled from float."""
    width = samples.width
    if samples.tag == FLOAT:
        return _float_to_16_bits(data, width)
    reduced = bytearray(len(data) // width * _TARGET_WIDTH)
    reduced[0::2] = data[width - 2 :: width]
    reduced[1::2] = data[width - 1 :: width]
    return bytes(reduced)


def _float_to_16_bits(data: bytes, width: int) -> bytes:
    """Return float samples as 16-bit ones, clipped; Pillow does it without a loop in Python."""
    from PIL import Image

    single = array("f", array(_FLOAT_WIDTHS[width], data)).tobytes()
    image = Image.frombuffer("F", (len(single) // 4, 1), single, "raw", "F", 0, 1)
    # Pillow's 16 bits are unsigned: move the range up, then turn the sign bit.
    shifted = image.point(lambda value: value * 32_767 + 32_768.5)
    reduced = bytearray(shifted.convert("I").convert("I;16").tobytes())
    reduced[1::2] = reduced[1::2].translate(_FLIP_SIGN)
    return bytes(reduced)
