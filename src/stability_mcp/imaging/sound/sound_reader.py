"""Reads the samples of a sound in blocks, so that the memory doesn't depend on the length.

Samples are signed integers of 2, 3 or 4 bytes, in the order of the machine, the channels of a frame
next to each other. WAV is read here; everything else needs the extra `[formats]`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, damaged
from stability_mcp.imaging.containers.wav import (
    A_LAW,
    BLOCK_FRAMES,
    FLOAT,
    MU_LAW,
    PCM,
    Samples,
    sample_blocks,
    wav_samples,
)
from stability_mcp.imaging.convert import is_installed
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.sound.sample_math import audioop, floats_to_32_bits


@dataclass(frozen=True, kw_only=True)
class SoundReader:
    """The samples of a sound."""

    rate: int
    """Frames per second."""
    channels: int
    width: int
    """Bytes of a sample: 2, 3 or 4."""
    frames: int
    """Samples of each channel; a decoder may deliver a few less or more."""
    read: Callable[[int, int], Iterator[bytes]]
    """Yields the blocks between two frames. Raises FileUnusableError if they are damaged."""

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return self.frames / self.rate

    def blocks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the samples between two frames, in blocks of up to `BLOCK_FRAMES` frames."""
        return self.read(start, self.frames if end is None else min(end, self.frames))


def open_sound(path: Path, facts: Facts) -> SoundReader | None:
    """Return the samples of a sound; None if they can't be decoded without the extra `[formats]`.

    Args:
        path: The sound.
        facts: What its header says.

    Raises:
        FileUnusableError: It contains no sound.
    """
    if facts.media_type == "audio/wav":
        with path.open("rb") as file:
            samples = wav_samples(file, facts.bytes)
        if samples is not None and samples.width in _WIDTHS[samples.tag]:
            return _wav(path, samples)
    return _decoded(path) if is_installed() else None


def _wav(path: Path, samples: Samples) -> SoundReader:
    width = 4 if samples.tag == FLOAT else max(2, samples.width)
    # PCM with more than 32 bits, which only test files have, keeps its upper 32.
    wide = samples.tag == PCM and samples.width > 4  # noqa: PLR2004 -- bytes
    return SoundReader(
        rate=samples.rate,
        channels=samples.channels,
        width=4 if wide else width,
        frames=samples.frames,
        read=partial(_read_wav, path, samples),
    )


def _read_wav(path: Path, samples: Samples, start: int, end: int) -> Iterator[bytes]:
    convert = _CONVERSIONS[samples.tag]
    with path.open("rb") as file:
        for block in sample_blocks(file, samples, start, end):
            yield convert(block, samples.width)


def _from_pcm(data: bytes, width: int) -> bytes:
    """Return little-endian PCM as signed samples of 2 to 4 bytes."""
    if width == 1:  # PCM with 8 bits is unsigned
        return bytes(audioop().lin2lin(audioop().bias(data, 1, 128), 1, 2))
    if width > 4:  # noqa: PLR2004 -- bytes
        upper = bytearray(len(data) // width * 4)
        for index in range(4):
            upper[index::4] = data[width - 4 + index :: width]
        data, width = bytes(upper), 4
    return data if sys.byteorder == "little" else bytes(audioop().byteswap(data, width))


def _from_a_law(data: bytes, width: int) -> bytes:
    del width
    return bytes(audioop().alaw2lin(data, 2))


def _from_mu_law(data: bytes, width: int) -> bytes:
    del width
    return bytes(audioop().ulaw2lin(data, 2))


_CONVERSIONS: dict[int, Callable[[bytes, int], bytes]] = {
    PCM: _from_pcm,
    FLOAT: floats_to_32_bits,
    A_LAW: _from_a_law,
    MU_LAW: _from_mu_law,
}
"""By format of the WAV."""
_WIDTHS = {PCM: range(1, 9), FLOAT: (4, 8), A_LAW: (1,), MU_LAW: (1,)}
"""Bytes of a sample that each format has; a header can claim others."""


def _decoded(path: Path) -> SoundReader:
    import soundfile

    try:
        with soundfile.SoundFile(path) as source:
            rate, channels, frames = source.samplerate, source.channels, source.frames
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise _undecodable() from error
    if not (rate and channels and frames):
        raise _undecodable()
    return SoundReader(
        rate=rate, channels=channels, width=4, frames=frames, read=partial(_decode, path)
    )


def _decode(path: Path, start: int, end: int) -> Iterator[bytes]:
    import soundfile

    try:
        with _sequential_file()(path) as source:
            frame, at = 4 * source.channels, 0
            while at < end:
                # Floats, because libsndfile doesn't scale floating-point files to integers. Into a
                # buffer, because an MP3 can have fewer frames than libsndfile expects.
                block = bytearray(min(end - at, BLOCK_FRAMES) * frame)
                count = source.buffer_read_into(block, "float32")
                if not count:
                    break
                first, at = max(start - at, 0), at + count
                if at > start:
                    yield floats_to_32_bits(bytes(block[first * frame : count * frame]), 4)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise _undecodable() from error


@cache
def _sequential_file() -> "type[Any]":
    """Return the class of files that are read from the start to the end.

    `soundfile` seeks after each block that it reads. In an MP3 that costs the next frames, because
    they refer to the data of earlier ones: measured ten damaged frames after each block.
    """
    import soundfile

    class SequentialFile(soundfile.SoundFile):  # type: ignore[misc]
        def seekable(self) -> bool:
            return False

    return SequentialFile


def _undecodable() -> FileUnusableError:
    return damaged("sound", "it cannot be decoded", editor=AUDIO_EDITOR)
