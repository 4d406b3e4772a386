"""Computes an edited sound block by block: one form for all parts, joins, gain and fades.

Samples are 32 bits while they are computed and rounded once at the end. Dither isn't needed: the
rounding is at -98 dBFS with 16 bits, below the noise of any recording and of what MP3 leaves.
"""

import math
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import mul
from typing import NamedTuple

from stability_mcp.imaging.containers.wav import BLOCK_FRAMES
from stability_mcp.imaging.sound.resample import resampled
from stability_mcp.imaging.sound.sample_math import audioop
from stability_mcp.imaging.sound.sound_parts import Arrangement, Part
from stability_mcp.imaging.sound.sound_reader import SoundReader

WIDTH = 4
"""Bytes of a sample while it is computed."""
_STEREO = 2
_SCALED_FRAMES = 4_096
"""Frames that one call of a C function scales, so that it doesn't block other threads."""

Blocks = Iterator[bytes]


class SoundForm(NamedTuple):
    """The form of all parts."""

    rate: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Return the bytes of a frame of 32-bit samples."""
        return WIDTH * self.channels


def arranged_reader(
    readers: Sequence[SoundReader], arrangement: Arrangement, form: SoundForm
) -> SoundReader:
    """Return the samples of the whole, as 32-bit ones; its blocks can be read several times."""
    frames = round(arrangement.seconds * form.rate)

    def read(start: int, end: int) -> Blocks:
        del start, end  # always all of it
        return _exact(_arranged(readers, arrangement, form), frames, form)

    return SoundReader(
        rate=form.rate, channels=form.channels, width=WIDTH, frames=frames, read=read
    )


def section(reader: SoundReader, start: float, end: float) -> SoundReader:
    """Return the part of a sound between two times in seconds."""
    first = round(start * reader.rate)
    last = min(round(end * reader.rate), reader.frames)
    return SoundReader(
        rate=reader.rate,
        channels=reader.channels,
        width=reader.width,
        frames=last - first,
        read=lambda start, end: reader.read(first + start, first + end),
    )


def amplified(blocks: Iterable[bytes], factor: float) -> Blocks:
    """Yield louder or quieter blocks; what is above the full scale is clipped."""
    if factor == 1:
        yield from blocks
        return
    for block in blocks:
        yield audioop().mul(block, WIDTH, factor)


def faded(
    blocks: Iterable[bytes], reader: SoundReader, *, fade_in: float, fade_out: float
) -> Blocks:
    """Yield blocks that fade in and out in a straight line.

    Args:
        blocks: All blocks of a sound.
        reader: The sound.
        fade_in: Seconds from silence to the full level.
        fade_out: Seconds to silence, at the end.
    """
    rising, falling = round(fade_in * reader.rate), round(fade_out * reader.rate)
    first_falling = reader.frames - falling
    size, at = WIDTH * reader.channels, 0
    for block in blocks:
        count = len(block) // size
        if at >= rising and at + count <= first_falling:
            yield block
        else:
            factors = [
                _factor(frame, rising, first_falling, falling) for frame in range(at, at + count)
            ]
            yield _scaled(block, factors, reader.channels)
        at += count


def _factor(frame: int, rising: int, first_falling: int, falling: int) -> float:
    factor = frame / rising if frame < rising else 1.0
    if frame >= first_falling:
        factor *= 1 - (frame - first_falling) / falling
    return factor


def _scaled(block: bytes, factors: Sequence[float], channels: int) -> bytes:
    """Return samples multiplied by a factor for each frame."""
    samples, scaled = array("i", block), array("i")
    for start in range(0, len(factors), _SCALED_FRAMES):
        part: Sequence[float] = factors[start : start + _SCALED_FRAMES]
        each = chain.from_iterable(zip(*[part] * channels, strict=True)) if channels > 1 else part
        first, end = start * channels, (start + len(part)) * channels
        scaled.extend(map(int, map(mul, samples[first:end], each)))
    return scaled.tobytes()


def rounded(blocks: Iterable[bytes], width: int) -> Blocks:
    """Yield blocks of 2, 3 or 4 bytes per sample."""
    functions = audioop()
    half = (1 << (8 * (WIDTH - width) - 1)).to_bytes(WIDTH, sys.byteorder) if width < WIDTH else b""
    for block in blocks:
        nearest = functions.add(block, half * (len(block) // WIDTH), WIDTH) if half else block
        yield functions.lin2lin(nearest, WIDTH, width)


def _arranged(readers: Sequence[SoundReader], arrangement: Arrangement, form: SoundForm) -> Blocks:
    parts = (_part(readers, part, form) for part in arrangement.parts)
    overlap = round(arrangement.crossfade * form.rate)
    return _overlapping(parts, overlap, form) if overlap else chain.from_iterable(parts)


def _part(readers: Sequence[SoundReader], part: Part, form: SoundForm) -> Blocks:
    frames = round(part.seconds * form.rate)
    if part.source is None:
        return _exact(iter(()), frames, form)
    reader = readers[part.source]
    found = section(reader, part.start, part.end)
    blocks = (audioop().lin2lin(block, found.width, WIDTH) for block in found.blocks())
    converted = (in_channels(block, found.channels, form.channels) for block in blocks)
    if found.rate == form.rate:
        return _exact(converted, frames, form)
    return _exact(
        resampled(converted, form.channels, source=found.rate, target=form.rate), frames, form
    )


def in_channels(block: bytes, channels: int, wanted: int) -> bytes:
    """Return 32-bit samples as mono (the mean of all channels) or stereo (both the same)."""
    functions = audioop()
    if channels == wanted:
        return block
    if channels == 1:
        return bytes(functions.tostereo(block, WIDTH, 1, 1))
    if channels == _STEREO:
        return bytes(functions.tomono(block, WIDTH, 0.5, 0.5))
    samples = array("i", block)
    total = bytes(len(block) // channels)
    for number in range(channels):
        one = samples[number::channels].tobytes()
        total = functions.add(total, functions.mul(one, WIDTH, 1 / channels), WIDTH)
    return total


def _exact(blocks: Blocks, frames: int, form: SoundForm) -> Blocks:
    """Yield a number of frames: the sound is cut, or followed by silence."""
    left = frames * form.frame_bytes
    for block in blocks:
        if left <= 0:
            return
        yield block[:left]
        left -= len(block)
    while left > 0:
        size = min(left, BLOCK_FRAMES * form.frame_bytes)
        yield bytes(size)
        left -= size


def _overlapping(parts: Iterable[Blocks], overlap: int, form: SoundForm) -> Blocks:
    """Yield parts of which each fades into the next with equal power.

    Their sounds differ, so their powers add up: with straight lines the middle would be 3 dB too
    quiet.
    """
    size = overlap * form.frame_bytes
    kept = b""
    for blocks in parts:
        at, waiting = 0, bytearray()
        for block in blocks:
            head = block[: len(kept) - at]
            if head:
                yield _mixed(kept[at : at + len(head)], head, at, overlap, form)
                at += len(head)
            waiting += block[len(head) :]
            if len(waiting) > size:
                yield bytes(waiting[:-size])
                del waiting[:-size]
        # A crossfade of half a part, rounded up, is longer than the rest of the part.
        kept = bytes(waiting).ljust(size, b"\0")
    yield kept


def _mixed(first: bytes, second: bytes, at: int, overlap: int, form: SoundForm) -> bytes:
    """Return a block of a crossfade of `overlap` frames that starts `at` bytes after its start."""
    start, count = at // form.frame_bytes, len(first) // form.frame_bytes
    turns = [math.pi / 2 * (frame + 0.5) / overlap for frame in range(start, start + count)]
    return bytes(
        audioop().add(
            _scaled(first, [math.cos(turn) for turn in turns], form.channels),
            _scaled(second, [math.sin(turn) for turn in turns], form.channels),
            WIDTH,
        )
    )
