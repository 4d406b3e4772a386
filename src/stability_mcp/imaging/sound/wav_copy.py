"""Cuts, joins and repeats WAVs of one form: samples are copied bit for bit, whatever their kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stability_mcp.imaging.containers.wav import (
    A_LAW,
    BLOCK_FRAMES,
    MU_LAW,
    PCM,
    Samples,
    sample_blocks,
    wav_header,
)
from stability_mcp.imaging.sound.sound_parts import Arrangement, Part
from stability_mcp.imaging.strip import atomic_write

_SILENCE = {A_LAW: b"\xd5", MU_LAW: b"\xff"}
"""Samples of no level (ITU-T G.711)."""


@dataclass(frozen=True)
class RawWav:
    """The samples of a WAV as they are stored."""

    path: Path
    samples: Samples

    @property
    def form(self) -> tuple[int, ...]:
        """Return what has to be the same to copy samples into one file."""
        each = self.samples
        valid_bits = int.from_bytes(each.format_body[14:16], "little")
        return (each.tag, each.rate, each.channels, each.block, valid_bits)


def copy_wav(sources: Sequence[RawWav], arrangement: Arrangement, target: Path) -> None:
    """Write parts of WAVs of the same form.

    Raises:
        OSError: `target` cannot be written.
    """
    first = sources[0].samples
    parts = [_frames(part, first.rate) for part in arrangement.last_cut()]
    length = sum(end - start for _, start, end in parts) * first.block
    with atomic_write(target) as out:
        out.write(wav_header(first.format_body, length))
        for source, start, end in parts:
            if source is None:
                out.writelines(_silence(first, end - start))
                continue
            with sources[source].path.open("rb") as file:
                out.writelines(sample_blocks(file, sources[source].samples, start, end))
        out.write(bytes(length & 1))


def _frames(part: Part, rate: int) -> tuple[int | None, int, int]:
    return part.source, round(part.start * rate), round(part.end * rate)


def _silence(samples: Samples, frames: int) -> Iterator[bytes]:
    one = _SILENCE.get(samples.tag, b"\0")
    if samples.tag == PCM and samples.width == 1:
        one = b"\x80"  # PCM with 8 bits is unsigned
    for first in range(0, frames, BLOCK_FRAMES):
        yield one * (min(BLOCK_FRAMES, frames - first) * samples.block)
