"""Draws the waveform of a sound as an audio editor does: one lane per channel, over time.

Length: the picture's parts share its measures.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stability_mcp.imaging.sound.sound_levels import (
    SILENCE_DB,
    ChannelLevels,
    SoundLevels,
)

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

MAX_LANES = 2
"""Lanes that are drawn: more channels are combined, as they would be too low to read."""

_ASPECT = {1: 0.3, 2: 0.42}
"""Height by width, by lanes."""
_MIN_HEIGHT = 96
_PAPER, _LANE, _GRID, _CENTRE = "#f4f4f4", "#ffffff", "#e6e9ee", "#c9ced8"
_LIMIT = "#dbe5f5"
_PEAK, _RMS, _INK, _FAINT = "#8db4ee", "#2f62b5", "#202020", "#6a6f78"
_SILENCE, _CLIPPED = "#e4e2da", "#d03030"
_ESTIMATED_PEAK, _ESTIMATED_RMS = "#b9c4d4", "#64748b"
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300)
"""Seconds between labels of the axis."""
_BETWEEN = "  \u00b7  "
_DAY = 86_400.0
_FULL_SCALE = 1 - 1 / (1 << 15)
"""Largest sample of 16 bits."""
_VISIBLE = 0.5
"""Smallest height of a curve, in pixels."""
_LABEL_PIXELS = 64
"""Smallest distance of labels on the axis."""


@dataclass(frozen=True)
class _Measures:
    """Where the parts are, in pixels."""

    width: int
    height: int
    text: int
    margin: int

    @property
    def left(self) -> int:
        return self.margin

    @property
    def right(self) -> int:
        return self.width - self.margin

    @property
    def span(self) -> int:
        return self.right - self.left

    @property
    def top(self) -> int:
        return self.margin + self.text + 6

    @property
    def bottom(self) -> int:
        return self.height - self.text - self.margin - 4


def draw_waveform(levels: SoundLevels, *, width: int) -> "Image.Image":
    """Return an RGB picture of a width: the waveform with its levels, silence and a time axis.

    Args:
        levels: The levels of the sound.
        width: Width in pixels; the height follows from the channels.
    """
    from PIL import Image, ImageDraw, ImageFont

    channels = _lanes(levels)
    height = max(_MIN_HEIGHT, round(width * _ASPECT[len(channels)]))
    text = 14 if width >= 500 else 11  # noqa: PLR2004 -- pixels
    measures = _Measures(width, height, text, 8)
    image = Image.new("RGB", (width, height), _PAPER)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(text)
    lanes = _lane_boxes(measures, len(channels))
    for top, bottom in lanes:
        draw.rectangle((measures.left, top, measures.right - 1, bottom), _LANE)
    _draw_silence(draw, levels, measures, lanes)
    _draw_axis(draw, font, levels.seconds, measures, lanes)
    for channel, lane in zip(channels, lanes, strict=True):
        _draw_channel(draw, channel, levels, measures, lane)
    _draw_header(draw, font, levels, measures)
    return image


def _lanes(levels: SoundLevels) -> Sequence[ChannelLevels]:
    """Return the channels to draw: one for equal channels, or the two of stereo."""
    if levels.equal_channels or len(levels.channels) == 1:
        return levels.channels[:1]
    if len(levels.channels) == MAX_LANES:
        return levels.channels
    combined = ChannelLevels()
    combined.lowest.extend(map(min, zip(*(each.lowest for each in levels.channels), strict=True)))
    combined.highest.extend(map(max, zip(*(each.highest for each in levels.channels), strict=True)))
    combined.rms.extend(map(max, zip(*(each.rms for each in levels.channels), strict=True)))
    return [combined]


def _lane_boxes(measures: _Measures, count: int) -> list[tuple[int, int]]:
    """Return the top and bottom of each lane."""
    gap = 4
    room = (measures.bottom - measures.top - gap * (count - 1)) // count
    return [
        (measures.top + n * (room + gap), measures.top + n * (room + gap) + room)
        for n in range(count)
    ]


def _draw_silence(
    draw: "ImageDraw.ImageDraw",
    levels: SoundLevels,
    measures: _Measures,
    lanes: Sequence[tuple[int, int]],
) -> None:
    """Tint the silence at both ends and the pauses."""
    last = levels.seconds - levels.silence_at_end
    ends = ((0.0, levels.silence_at_start), (last, levels.seconds))
    for first, end in (*ends, *levels.pauses):
        left, right = (
            measures.left + round(measures.span * each / levels.seconds) for each in (first, end)
        )
        for top, bottom in lanes:
            if right > left:
                draw.rectangle((left, top, right - 1, bottom), _SILENCE)


def _draw_axis(
    draw: "ImageDraw.ImageDraw",
    font: "ImageFont.FreeTypeFont | ImageFont.ImageFont",
    seconds: float,
    measures: _Measures,
    lanes: Sequence[tuple[int, int]],
) -> None:
    """Draw lines and labels at round times."""
    step = next((each for each in _STEPS if each * measures.span / seconds >= _LABEL_PIXELS), _DAY)
    for n in range(int(seconds / step) + 1):
        x = measures.left + round(n * step * measures.span / seconds)
        for top, bottom in lanes:
            draw.line((x, top, x, bottom), _GRID)
        label = _time(n * step, step)
        room = draw.textlength(label, font)
        left = min(max(x - room / 2, measures.left), measures.right - room)
        draw.line((x, measures.bottom, x, measures.bottom + 3), _CENTRE)
        draw.text((left, measures.bottom + 4), label, _FAINT, font)


def _time(seconds: float, step: float) -> str:
    """Return a time as `1:30`, or `0.25 s` for short sounds."""
    if step >= 1 and seconds >= 60:  # noqa: PLR2004 -- a minute
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    decimals = max(0, math.ceil(-math.log10(step)))
    return f"{seconds:.{decimals}f} s"


def _draw_channel(
    draw: "ImageDraw.ImageDraw",
    channel: ChannelLevels,
    levels: SoundLevels,
    measures: _Measures,
    lane: tuple[int, int],
) -> None:
    """Draw the range of the samples, the RMS in it, and marks where they are clipped."""
    top, bottom = lane
    middle, half = (top + bottom) / 2, (bottom - top) / 2 - 1
    peak_colour, rms_colour = (
        (_ESTIMATED_PEAK, _ESTIMATED_RMS) if levels.is_estimate else (_PEAK, _RMS)
    )
    for level in () if levels.is_estimate else (channel.peak, -channel.peak):
        y = middle - level * half
        draw.line((measures.left, y, measures.right - 1, y), _LIMIT)
    draw.line((measures.left, middle, measures.right - 1, middle), _CENTRE)
    before: tuple[float, float] | None = None
    for x, (low, high, rms) in enumerate(_columns(channel, levels, measures.span), measures.left):
        # Columns touch each other, so that a steep curve has no gaps.
        bottom_of, top_of = (
            (low, high) if before is None else (min(low, before[1]), max(high, before[0]))
        )
        before = (low, high)
        if max(top_of, -bottom_of) * half < _VISIBLE:
            continue  # the line of the centre shows it
        draw.line((x, middle - top_of * half, x, middle - bottom_of * half), peak_colour)
        if rms < max(high, -low):
            inner = (max(low, -rms), min(high, rms))
            draw.line((x, middle - inner[1] * half, x, middle - inner[0] * half), rms_colour)
        if channel.clipped and max(high, -low) >= _FULL_SCALE:
            draw.line((x, top, x, top + 3), _CLIPPED)
            draw.line((x, bottom - 3, x, bottom), _CLIPPED)


def _columns(
    channel: ChannelLevels, levels: SoundLevels, count: int
) -> Iterator[tuple[float, float, float]]:
    """Yield the lowest and highest sample and the RMS of each column."""
    windows = len(channel.rms)
    # The last window can be shorter, so the columns follow the time.
    scale = levels.seconds / levels.window_seconds / count
    for column in range(count):
        first = min(int(column * scale), windows - 1)
        end = min(max(first + 1, int((column + 1) * scale)), windows)
        squares = sum(value * value for value in channel.rms[first:end])
        yield (
            min(channel.lowest[first:end]),
            max(channel.highest[first:end]),
            math.sqrt(squares / (end - first)),
        )


def _draw_header(
    draw: "ImageDraw.ImageDraw",
    font: "ImageFont.FreeTypeFont | ImageFont.ImageFont",
    levels: SoundLevels,
    measures: _Measures,
) -> None:
    """Write length, levels and channels above the waveform; what doesn't fit is left out."""
    parts = [length_text(levels.seconds), *_level_texts(levels), _channel_text(levels)]
    parts += ["clipped"] if levels.clipped else []
    while len(parts) > 1 and draw.textlength(_BETWEEN.join(parts), font) > measures.span:
        parts.pop()
    draw.text((measures.left, measures.margin - 4), _BETWEEN.join(parts), _INK, font)


def _level_texts(levels: SoundLevels) -> list[str]:
    if levels.is_silent:
        return [f"silent, below {SILENCE_DB:g} dBFS"]
    if levels.is_estimate:
        return [f"estimate: RMS about {levels.rms_db:.0f} dBFS"]
    return [f"peak {levels.peak_db:.1f} dBFS", f"RMS {levels.rms_db:.1f} dBFS"]


def _channel_text(levels: SoundLevels) -> str:
    count = len(levels.channels)
    if count == 1:
        return "mono"
    if levels.equal_channels:
        return "equal channels"
    return "left, right" if count == MAX_LANES else f"{count} channels"


def length_text(seconds: float) -> str:
    """Return a length as `3:10`, `12.5 s` or `40 ms`."""
    if seconds >= 60:  # noqa: PLR2004 -- a minute
        whole = round(seconds)
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"
