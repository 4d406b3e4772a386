"""Measures the levels of a sound: peak, RMS, silence at both ends, clipping, per channel.

Levels are dBFS: 0 dBFS is the largest sample. RMS uses the same reference (a square wave of full
scale), as SoX, FFmpeg and Audacity show it; with that of AES17 it would be 3 dB higher. Loudness in
LUFS would need the filters of ITU-R BS.1770, which are too slow without a library for arrays.
"""

import math
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stability_mcp.imaging.sound.sample_math import audioop
from stability_mcp.imaging.sound.sound_reader import SoundReader

SILENCE_DB = -60.0
"""Quieter windows count as silent. *Chosen*: the default of FFmpeg's `silencedetect`; the hiss of a
good recording is below, and so is what an MP3 makes of silence."""
WINDOW_SECONDS = 0.01
"""Longest window, and so the precision of silence."""
MIN_WINDOWS = 2_048
"""Short sounds have shorter windows: this many, so that each column of a picture has one."""
MIN_PAUSE = 0.5
"""Shortest silence within a sound that is named, in seconds. *Chosen*: rests in music and pauses
between words are shorter."""
MAX_WINDOWS = 1 << 17
"""Longer sounds than 22 min have longer windows, which limits the memory."""
MAX_CHANNELS = 8
"""Channels that are measured: those of 7.1 surround sound; more exist only in hostile files."""
CLIPPED_RUN = 3
"""Samples of full scale in a row that count as clipped, as in Audacity: one or two are the peak of
a sound that was normalised."""
MIN_DB = -120.0
"""Lowest level that is shown; digital silence has none."""

_WIDTH = 4
_FULL = 1 << 31
_CLIPPED = _FULL - (1 << 16)
"""Full scale of 16 bits, as a 32-bit sample."""
_CLIPPED_HIGH = re.compile(rb"(?:\xff\x7f){%d,}" % CLIPPED_RUN)
_CLIPPED_LOW = re.compile(rb"\x80(?:[\x00\x01]\x80){%d,}" % (CLIPPED_RUN - 1))
"""Samples of 16 bits, little-endian; the low ones without the first byte. Each begins with a
literal, so that a search takes 3 ms a block, not 12: it blocks other threads."""


def decibels(level: float) -> float:
    """Return a level from 0 to 1 in dBFS, at least `MIN_DB`."""
    return max(MIN_DB, 20 * math.log10(level)) if level > 0 else MIN_DB


def amplitude(decibel: float) -> float:
    """Return the level from 0 to 1 of a value in dBFS."""
    return float(10 ** (decibel / 20))


@dataclass(kw_only=True)
class ChannelLevels:
    """The levels of one channel, from 0 to 1; those of each window as floats of 4 bytes."""

    lowest: "array[float]" = field(default_factory=lambda: array("f"))
    """Smallest sample of each window, from -1."""
    highest: "array[float]" = field(default_factory=lambda: array("f"))
    """Largest sample of each window."""
    rms: "array[float]" = field(default_factory=lambda: array("f"))
    """RMS of each window."""
    energy: float = 0.0
    """Mean square of all samples."""
    offset: float = 0.0
    """Mean of all samples: the DC offset."""
    clipped: int = 0
    """Samples in runs of `CLIPPED_RUN` or more at full scale."""

    @property
    def peak(self) -> float:
        """Return the largest distance of a sample from zero."""
        return max(0.0, max(self.highest, default=0.0), -min(self.lowest, default=0.0))


@dataclass(frozen=True, kw_only=True)
class SoundLevels:
    """The levels of a sound. Times are seconds."""

    seconds: float
    window_seconds: float
    channels: Sequence[ChannelLevels]
    """At least one; at most `MAX_CHANNELS`."""
    equal_channels: bool = False
    """Whether several channels have the same samples: mono, stored as stereo."""
    samples: int = 0
    """Samples of all measured channels."""
    is_estimate: bool = False
    """Whether they were estimated from the frames of an MP3; clipping and offset are unknown."""

    @property
    def peak_db(self) -> float:
        """Return the level of the largest sample in dBFS."""
        return decibels(max(channel.peak for channel in self.channels))

    @property
    def rms_db(self) -> float:
        """Return the RMS of all channels in dBFS, silence at the ends included."""
        energies = [channel.energy for channel in self.channels]
        return decibels(math.sqrt(sum(energies) / len(energies)))

    @property
    def channel_rms_db(self) -> list[float]:
        """Return the RMS of each channel in dBFS."""
        return [decibels(math.sqrt(channel.energy)) for channel in self.channels]

    @property
    def is_silent(self) -> bool:
        """Return whether no window is louder than silence."""
        return self._audible() is None

    @property
    def silence_at_start(self) -> float:
        """Return the seconds of silence before the first audible window; all of them if silent."""
        found = self._audible()
        return self.seconds if found is None else found[0] * self.window_seconds

    @property
    def silence_at_end(self) -> float:
        """Return the seconds of silence after the last audible window; all of them if silent."""
        found = self._audible()
        if found is None:
            return self.seconds
        return max(0.0, self.seconds - (found[1] + 1) * self.window_seconds)

    @property
    def pauses(self) -> list[tuple[float, float]]:
        """Return the start and end of each silence of `MIN_PAUSE` or more within the sound."""
        found = self._audible()
        if found is None:
            return []
        limit, channels = amplitude(SILENCE_DB), self.channels
        pauses, before = [], found[0]
        for n in range(found[0], found[1] + 1):
            if any(each.highest[n] > limit or each.lowest[n] < -limit for each in channels):
                if (n - before - 1) * self.window_seconds >= MIN_PAUSE:
                    pauses.append(((before + 1) * self.window_seconds, n * self.window_seconds))
                before = n
        return pauses

    @property
    def clipped(self) -> int:
        """Return how many samples are clipped, in all channels."""
        return sum(channel.clipped for channel in self.channels)

    @property
    def offset(self) -> float:
        """Return the DC offset of the channel with the largest one, from -1 to 1."""
        return max((channel.offset for channel in self.channels), key=abs)

    def _audible(self) -> tuple[int, int] | None:
        """Return the first and the last window that isn't silent in some channel."""
        limit = amplitude(SILENCE_DB)
        loud = [
            index
            for channel in self.channels
            for index in _ends(channel, limit, range(len(channel.rms)))
        ]
        return (min(loud), max(loud)) if loud else None


def _ends(channel: ChannelLevels, limit: float, windows: range) -> Iterator[int]:
    """Yield the first and the last window of a channel whose peak is above a limit."""
    low, high = channel.lowest, channel.highest
    for order in (windows, reversed(windows)):
        found = next((n for n in order if high[n] > limit or low[n] < -limit), None)
        if found is not None:
            yield found


def measure_sound(reader: SoundReader) -> SoundLevels:
    """Measure all samples of a sound; blocks.

    Raises:
        FileUnusableError: The samples are damaged.
    """
    window = window_frames(reader.frames, reader.rate)
    count = min(reader.channels, MAX_CHANNELS)
    channels = [ChannelLevels() for _ in range(count)]
    frames, equal = 0, count > 1
    for block in _whole_windows(reader, window):
        wide = audioop().lin2lin(block, reader.width, _WIDTH)
        parts = [_channel(wide, reader.channels, index) for index in range(count)]
        equal = equal and all(part == parts[0] for part in parts[1:])
        for channel, part in zip(channels, parts, strict=True):
            _add(channel, part, window)
        frames += len(block) // (reader.width * reader.channels)
    for channel in channels:
        channel.energy /= max(frames, 1)
        channel.offset /= max(frames, 1)
    return SoundLevels(
        seconds=frames / reader.rate,
        window_seconds=window / reader.rate,
        channels=channels,
        equal_channels=equal,
        samples=frames * count,
    )


def window_frames(frames: int, rate: int) -> int:
    """Return the frames of a window for a sound of that many frames."""
    window = min(round(rate * WINDOW_SECONDS), frames // MIN_WINDOWS)
    return max(1, window, -(-frames // MAX_WINDOWS))


def _whole_windows(reader: SoundReader, window: int) -> Iterator[bytes]:
    """Yield blocks of whole windows; only the last one may end within a window."""
    size = window * reader.channels * reader.width
    left = b""
    for block in reader.blocks():
        block = left + block if left else block  # noqa: PLW2901 -- the same block, completed
        whole = len(block) - len(block) % size
        left = block[whole:]
        if whole:
            yield block[:whole]
    frame = reader.channels * reader.width
    if whole := len(left) - len(left) % frame:
        yield left[:whole]


def _channel(wide: bytes, channels: int, index: int) -> bytes:
    """Return the samples of one channel."""
    if channels == 1:
        return wide
    if channels == 2:  # noqa: PLR2004 -- twice as fast as the slice of an array
        return bytes(audioop().tomono(wide, _WIDTH, 1 - index, index))
    return array("i", wide)[index::channels].tobytes()


def _add(channel: ChannelLevels, samples: bytes, window: int) -> None:
    """Add the levels of the next windows; `energy` and `offset` stay sums until the end."""
    math_of = audioop()
    size = window * _WIDTH
    loudest = 0
    for at in range(0, len(samples), size):
        part = samples[at : at + size]
        low, high = math_of.minmax(part, _WIDTH)
        rms = math_of.rms(part, _WIDTH) / _FULL
        channel.lowest.append(low / _FULL)
        channel.highest.append(high / _FULL)
        channel.rms.append(rms)
        channel.energy += rms * rms * (len(part) // _WIDTH)
        loudest = max(loudest, high, -low)
    channel.offset += math_of.avg(samples, _WIDTH) / _FULL * (len(samples) // _WIDTH)
    if loudest >= _CLIPPED:
        channel.clipped += _clipped(math_of.lin2lin(samples, _WIDTH, 2))


def _clipped(samples: bytes) -> int:
    """Return how many samples of 16 bits, in the order of the machine, are clipped."""
    little = array("h", [1]).tobytes()[0] == 1
    ordered = samples if little else audioop().byteswap(samples, 2)
    # A match with its bytes at the other positions consists of quiet samples.
    runs = [
        (match.end() - match.start()) // 2
        for match in _CLIPPED_HIGH.finditer(ordered)
        if match.start() % 2 == 0
    ]
    for match in _CLIPPED_LOW.finditer(ordered):
        start = match.start() - 1
        if start % 2 == 0:
            runs.append((match.end() - start) // 2 - (ordered[start] > 1))
    return sum(run for run in runs if run >= CLIPPED_RUN)
