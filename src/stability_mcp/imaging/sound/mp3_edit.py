"""Cuts and joins MP3s at frames: nothing is decoded, so no quality is lost.

The result starts and ends at the exact sample, because its header declares what players leave out
at either end, as encoders do; a player that ignores the header plays up to three frames more, of
26 ms each. At joins whole frames follow each other, and the decoder blends them over half a frame.
Tags of the sources are left out. Sources: ISO 11172-3, 2.4; the header of LAME
(gabriel.mp3-tech.org/mp3infotag.html).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stability_mcp.imaging.containers.mp3 import (
    HEADER_BYTES,
    Declared,
    frame,
    scan,
    sound_frames,
)
from stability_mcp.imaging.containers.piece import AUDIO_EDITOR, damaged
from stability_mcp.imaging.sound.frame_data import FrameList
from stability_mcp.imaging.sound.frame_writer import (
    DECODER_DELAY,
    FrameWriter,
    header_frame,
)
from stability_mcp.imaging.sound.mp3_side_info import GRANULE_SAMPLES
from stability_mcp.imaging.sound.sound_parts import Arrangement, Part
from stability_mcp.imaging.strip import atomic_write

_GRANULES_BEFORE = 2
"""Granules that a decoder needs before the first one that is heard: its output also contains the
second half of the last transform, and 480 samples of history of the filter bank."""


_MAX_SHIFT = 3
"""*Chosen*: frames by which a part may start later, 78 ms; a gap would be worse."""


@dataclass(frozen=True)
class Mp3Sound:
    """An MP3 that is cut at frames."""

    frames: FrameList
    samples: int
    """Audible samples of each channel."""
    first_sample: int
    """Samples that a decoder puts out before the first audible one."""
    samples_per_frame: int
    rate: int
    channels: int
    declared: Declared | None

    @cached_property
    def frame_seconds(self) -> float:
        """Return the length of a frame."""
        return self.samples_per_frame / self.rate


def read_mp3(path: Path) -> Mp3Sound:
    """Return the frames of an MP3.

    Raises:
        FileUnusableError: It contains no sound.
        OSError: It cannot be read.
    """
    data = path.read_bytes()
    track = scan(data)
    starts, declared = sound_frames(data, track) if track else ([], None)
    first = frame(data[starts[0] : starts[0] + HEADER_BYTES]) if starts else None
    if track is None or first is None:
        raise damaged("MP3", "it contains no sound", editor=AUDIO_EDITOR)
    is_known = declared is not None and bool(declared.delay or declared.padding)
    return Mp3Sound(
        frames=FrameList(data, starts),
        samples=track.samples,
        first_sample=declared.delay + DECODER_DELAY if declared and is_known else 0,
        samples_per_frame=first.samples,
        rate=track.rate,
        channels=track.channels,
        declared=declared,
    )


def write_mp3(sources: Sequence[Mp3Sound], arrangement: Arrangement, target: Path) -> float:
    """Write parts of MP3s of the same rate and channels, and return the length in seconds.

    Args:
        sources: The sounds.
        arrangement: The parts, which don't overlap.
        target: Output path.

    Raises:
        OSError: `target` cannot be written.
    """
    writer = _Mp3Writer(sources)
    parts = list(arrangement.last_cut())
    heard = 0.0
    for number, part in enumerate(parts, 1):
        heard += part.seconds
        writer.add(part, round(heard * sources[0].rate), is_last=number == len(parts))
    frames, delays = writer.collected.frames, writer.delays
    declared = sources[0].declared
    first = header_frame(frames, delays=delays, encoder=declared.encoder if declared else b"")
    with atomic_write(target) as out:
        out.write(first)
        out.writelines(frames)
    size = sources[0].samples_per_frame
    return (len(frames) * size - sum(delays)) / sources[0].rate


class _Mp3Writer:
    """Appends parts, and counts what is audible of them."""

    def __init__(self, sources: Sequence[Mp3Sound]) -> None:
        self.collected = FrameWriter()
        self._sources = sources
        self._size = sources[0].samples_per_frame
        self._inaudible = 0
        """Samples before the first audible one, without inserted frames."""
        self._end = 0
        """Samples after the last audible one."""

    @property
    def delays(self) -> tuple[int, int]:
        """Return the samples to leave out at either end: at most four frames of them."""
        start = self._inaudible + self.collected.leading * self._size - DECODER_DELAY
        return start, self._end + DECODER_DELAY

    def add(self, part: Part, limit: int, *, is_last: bool) -> None:
        """Append a part that ends at `limit` samples of the whole, or half a frame from there.

        So the rounding at joins doesn't add up.
        """
        made = self._frames * self._size - self._inaudible
        if part.source is None:
            count = max(round((limit - made) / self._size), 0)
            self.collected.add_silence(self._sources[0].frames.body(0), count)
            return
        source = self._sources[part.source]
        last = len(source.frames.starts) * self._size
        begin = min(source.first_sample + round(part.start * source.rate), last - 1)
        if self._frames == 0:
            first = begin // self._size
            first -= min(first, self._frames_before(source))
            self._inaudible = begin - first * self._size
            if self._inaudible < DECODER_DELAY:  # the header can't declare less
                self.collected.lead(source.frames.body(0))
        else:
            first = self._first_fitting(source, round(begin / self._size))
            begin = first * self._size
        end = max(min(begin + limit - made, last), begin + 1)
        if is_last:
            stop = -(-end // self._size)
            self._end = stop * self._size - end
        else:
            stop = max(round(end / self._size), first + 1)
        bodies = [source.frames.body(index) for index in range(first, stop)]
        self.collected.add(bodies, source.frames.data_before(first))

    def _first_fitting(self, source: Mp3Sound, first: int) -> int:
        """Return the first frame, or one of the next, that can follow without a gap.

        At the highest bit rates the frame before a join may have no room for borrowed data.
        """
        last = len(source.frames.starts) - 1
        for index in range(first, min(first + _MAX_SHIFT, last) + 1):
            if self.collected.can_precede(source.frames.body(index)):
                return index
        return min(first, last)

    @property
    def _frames(self) -> int:
        return len(self.collected.frames) - self.collected.leading

    @staticmethod
    def _frames_before(source: Mp3Sound) -> int:
        return -(-_GRANULES_BEFORE * GRANULE_SAMPLES // source.samples_per_frame)
