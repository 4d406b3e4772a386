"""What an edit of sounds asks for, and the parts that follow from it: times are checked here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from stability_mcp.imaging.sound.sound_parts import Arrangement, Part, joined, repeated

MAX_SECONDS = 600.0
"""Longest result: the API takes at most 380 s, and 10 min of stereo WAV are 106 MB."""
MAX_SOUNDS = 24
"""As many as other tools take."""
MAX_REPEATS = 600
"""A second, repeated to the longest result."""
MAX_RATE = 384_000
"""Highest sampling rate that converters have; a header can claim any."""
MAX_OUTPUT_BYTES = 400_000_000
"""Largest result: 10 min of stereo with 96,000 Hz and 24 bits are 346 MB."""
MIN_SECONDS = 0.01
"""Shorter sounds are mistakes: two times that were meant to differ."""
_TOLERANCE = 0.05
"""Seconds by which an end may be beyond the sound: lengths in answers are rounded."""

Channels = Literal["mono", "stereo"]
CHANNELS: Mapping[Channels, int] = MappingProxyType({"mono": 1, "stereo": 2})
OutputFormat = Literal["wav", "mp3"]


class SoundEditError(Exception):
    """A sound can't be edited like that.

    Args:
        message: What is wrong, without a full stop.
        hint: What to do.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class Edit:
    """An edit; its steps are carried out in this order. Times are seconds."""

    start: float | None = None
    """Negative: from the end."""
    end: float | None = None
    """Negative: from the end."""
    trim_silence: bool = False
    gap: float = 0.0
    crossfade: float = 0.0
    repeat: int = 1
    """How often it is played."""
    repeat_to: float | None = None
    """Length up to which it is repeated."""
    channels: Channels | None = None
    loudness: float | Literal["peak"] | None = None
    """RMS in dBFS, or as loud as possible."""
    fade_in: float = 0.0
    fade_out: float = 0.0
    format: OutputFormat | None = None


def seconds_text(seconds: float) -> str:
    """Return a length with up to three decimals: `12.5 s`."""
    return f"{round(seconds, 3):g} s"


def check_size(seconds: float, rate: int, frame_bytes: int) -> None:
    """Raise SoundEditError if a WAV would be too large.

    Args:
        seconds: Its length.
        rate: Its sampling rate.
        frame_bytes: Bytes of one sample of all channels.
    """
    size = seconds * rate * frame_bytes
    if size > MAX_OUTPUT_BYTES:
        raise SoundEditError(
            f"the result would have {size:,.0f} bytes; the maximum is {MAX_OUTPUT_BYTES:,}",
            hint="Cut it, or pass channels: mono.",
        )


def level_text(decibel: float) -> str:
    """Return a level with one decimal, and never `-0.0`."""
    return f"{round(decibel, 1) + 0:.1f}"


def channels_text(channels: int) -> str:
    """Return `mono`, `stereo` or `6 channels`."""
    names = {count: name for name, count in CHANNELS.items()}
    return names.get(channels, f"{channels} channels")


def cut(edit: Edit, seconds: float) -> tuple[float, float]:
    """Return the section of a sound that is kept.

    Raises:
        SoundEditError: there is no such section.
    """
    lasts = f"the sound lasts {seconds_text(seconds)}"
    start = _from_start(edit.start or 0.0, seconds)
    end = seconds if edit.end is None else _from_start(edit.end, seconds)
    if start < 0 or end < 0:
        name, value = ("start", edit.start) if start < 0 else ("end", edit.end)
        raise SoundEditError(
            f"{name} {seconds_text(value or 0)} is before the beginning: {lasts}",
            hint="A negative time counts from the end.",
        )
    if start >= seconds:
        raise SoundEditError(
            f"start {seconds_text(start)} isn't before the end: {lasts}",
            hint="Pass an earlier start; media_inspect shows where the sound is silent.",
        )
    if end > seconds + _TOLERANCE:
        raise SoundEditError(
            f"end {seconds_text(end)} is after the end: {lasts}",
            hint="Leave end out to keep the rest, or use repeat_to to make the sound longer.",
        )
    end = min(end, seconds)
    if end - start < MIN_SECONDS:
        raise SoundEditError(
            f"nothing would be left between start {seconds_text(start)} and "
            f"end {seconds_text(end)}",
            hint="end is a position in the sound, not a length; it must be after start.",
        )
    return start, end


def _from_start(value: float, seconds: float) -> float:
    return seconds + value if value < 0 else value


def arrange(edit: Edit, sections: Sequence[Part]) -> tuple[Arrangement, Arrangement]:
    """Return the joined sections, and the same repeated.

    Raises:
        SoundEditError: they are too short for the crossfade, or the result is too long.
    """
    several = len(sections) > 1 or edit.repeat > 1 or edit.repeat_to is not None
    if not several and (edit.crossfade or edit.gap):
        name = "crossfade" if edit.crossfade else "gap"
        raise SoundEditError(
            f"{name} is for several sounds or repeats, and there is one sound",
            hint="Pass several sounds, repeat or repeat_to; for a single sound use the fades.",
        )
    shortest = min(section.seconds for section in sections)
    if edit.crossfade > shortest / 2:
        raise SoundEditError(
            f"crossfade {seconds_text(edit.crossfade)} is more than half of the shortest sound, "
            f"which lasts {seconds_text(shortest)}",
            hint="Pass a shorter crossfade.",
        )
    once = joined(sections, gap=edit.gap, crossfade=edit.crossfade)
    times = edit.repeat
    if edit.repeat_to is not None:
        if edit.repeat_to < once.seconds:
            raise SoundEditError(
                f"repeat_to {seconds_text(edit.repeat_to)} is shorter than the sound of "
                f"{seconds_text(once.seconds)}",
                hint="Use end to make it shorter.",
            )
        step = once.seconds + edit.gap - edit.crossfade
        times = 1 + -int(-(edit.repeat_to - once.seconds) // step)
    whole = repeated(once, min(times, MAX_REPEATS + 1), gap=edit.gap)
    seconds = whole.seconds if edit.repeat_to is None else edit.repeat_to
    if seconds > MAX_SECONDS or times > MAX_REPEATS:
        raise SoundEditError(
            f"the result would last {seconds_text(seconds)} with {times} repeats; up to "
            f"{MAX_SECONDS:g} s and {MAX_REPEATS} repeats are possible",
            hint="Pass a smaller repeat or repeat_to, or an earlier end.",
        )
    if edit.fade_in + edit.fade_out > seconds + _TOLERANCE:
        raise SoundEditError(
            f"the fades of {seconds_text(edit.fade_in + edit.fade_out)} are longer than the "
            f"result of {seconds_text(seconds)}",
            hint="Pass shorter fades.",
        )
    return once, Arrangement(parts=whole.parts, crossfade=whole.crossfade, seconds=seconds)
