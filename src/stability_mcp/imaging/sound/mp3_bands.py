"""The scale factor bands of MP3: their widths, and the gain of every line of a granule.

Source: ISO 11172-3, table B.8, and 13818-3, table B.2 and 2.4.3.2. The tables of MPEG 2.5, which no
standard describes, are those that all decoders use.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from stability_mcp.imaging.sound.mp3_side_info import SHORT, Granule, SideInfo

LINES = 576
"""Lines of the spectrum of a granule."""
_MIXED_LINES = 36
"""Lines of a mixed block that belong to the long one."""
_FIRST_SHORT_BAND = 3
"""First band of the short blocks in a mixed one."""
_LONG_BANDS, _SHORT_BANDS = 21, 12
"""Bands with a scale factor; that of the last band is 0."""
_GROUPS = ((0, 6), (6, 11), (11, 16), (16, 21))
"""Bands whose scale factors the second granule can share with the first one."""
_LENGTHS = (
    (0, 0, 0, 0, 3, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4),
    (0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 1, 2, 3, 2, 3),
)
"""MPEG 1: bits of the lower and of the upper scale factors, by their code."""
_PREFLAG = (0,) * 11 + (1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 0)
_UNITY_GAIN = 210
_SHORT_ENERGY = 1 / 3
"""A line of a short block lasts a third of the time."""


class _Bands(NamedTuple):
    """Widths in lines; those of a short block count three times in a granule."""

    long: tuple[int, ...]
    short: tuple[int, ...]


_B44 = _Bands(
    (4, 4, 4, 4, 4, 4, 6, 6, 8, 8, 10, 12, 16, 20, 24, 28, 34, 42, 50, 54, 76, 158),
    (4, 4, 4, 4, 6, 8, 10, 12, 14, 18, 22, 30, 56),
)
_B48 = _Bands(
    (4, 4, 4, 4, 4, 4, 6, 6, 6, 8, 10, 12, 16, 18, 22, 28, 34, 40, 46, 54, 54, 192),
    (4, 4, 4, 4, 6, 6, 10, 12, 14, 16, 20, 26, 66),
)
_B32 = _Bands(
    (4, 4, 4, 4, 4, 4, 6, 6, 8, 10, 12, 16, 20, 24, 30, 38, 46, 56, 68, 84, 102, 26),
    (4, 4, 4, 4, 6, 8, 12, 16, 20, 26, 34, 42, 12),
)
_B22 = _Bands(
    (6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 38, 46, 52, 60, 68, 58, 54),
    (4, 4, 4, 6, 6, 8, 10, 14, 18, 26, 32, 42, 18),
)
_B24 = _Bands(
    (6, 6, 6, 6, 6, 6, 8, 10, 12, 14, 16, 18, 22, 26, 32, 38, 46, 54, 62, 70, 76, 36),
    (4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 32, 44, 12),
)
_B16 = _Bands(_B22.long, (4, 4, 4, 6, 8, 10, 12, 14, 18, 24, 30, 40, 18))
_B8 = _Bands(
    (12, 12, 12, 12, 12, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 76, 90, 2, 2, 2, 2, 2),
    (8, 8, 8, 12, 16, 20, 24, 28, 36, 2, 2, 2, 26),
)
_BANDS: Mapping[int, _Bands] = MappingProxyType(
    {
        44_100: _B44,
        48_000: _B48,
        32_000: _B32,
        22_050: _B22,
        24_000: _B24,
        16_000: _B16,
        11_025: _B16,
        12_000: _B16,
        8_000: _B8,
    }
)
"""By sampling rate."""


class _Counts(NamedTuple):
    """MPEG 2: scale factors of each length, in long, short and mixed blocks."""

    long: tuple[int, ...]
    short: tuple[int, ...]
    mixed: tuple[int, ...]


_COUNTS = (
    _Counts((6, 5, 5, 5), (9, 9, 9, 9), (6, 9, 9, 9)),
    _Counts((6, 5, 7, 3), (9, 9, 12, 6), (6, 9, 12, 6)),
    _Counts((11, 10, 0, 0), (18, 18, 0, 0), (15, 18, 0, 0)),
)
_INTENSITY_COUNTS = (
    _Counts((7, 7, 7, 0), (12, 12, 12, 0), (6, 15, 12, 0)),
    _Counts((6, 6, 6, 3), (12, 9, 9, 6), (6, 12, 9, 6)),
    _Counts((8, 8, 5, 0), (15, 12, 9, 0), (6, 18, 9, 0)),
)

ScaleFactors = Sequence[int]
"""Of one granule and channel, in the order of the file."""


def region_ends(granule: Granule, info: SideInfo) -> tuple[int, ...]:
    """Return the line at which each region ends; the last one ends with the big values."""
    widths = _BANDS[info.rate]
    last = min(2 * granule.big_values, LINES)
    if granule.regions is None:
        if granule.block_type == SHORT and not granule.is_mixed:
            first = 3 * sum(widths.short[:3])
        else:
            first = sum(widths.long[:8])
        return (min(first, last), last)
    one, two = granule.regions
    return (min(sum(widths.long[:one]), last), min(sum(widths.long[: one + two]), last), last)


def read_scale_factors(
    granule: Granule,
    info: SideInfo,
    channel: int,
    earlier: ScaleFactors | None,
    read: Callable[[int], int],
) -> tuple[ScaleFactors, bool]:
    """Return the scale factors, and whether `preflag` applies.

    Args:
        granule: Whose scale factors they are.
        info: The frame.
        channel: 0 or 1.
        earlier: Those of the first granule, for the second one.
        read: Returns the next bits as a number.
    """
    if not info.is_mpeg1:
        counts, lengths, preflag = _mpeg2_lengths(
            granule, is_intensity=info.is_intensity and channel == 1
        )
        pairs = zip(counts, lengths, strict=True)
        return [read(length) for count, length in pairs for _ in range(count)], preflag
    low, high = (lengths[granule.compress] for lengths in _LENGTHS)
    if granule.block_type == SHORT:
        lower = 17 if granule.is_mixed else 18
        return [read(low) for _ in range(lower)] + [read(high) for _ in range(18)], False
    factors: list[int] = []
    for index, (start, end) in enumerate(_GROUPS):
        if earlier is not None and info.shared[channel] >> (3 - index) & 1:
            factors += [earlier[band] if band < len(earlier) else 0 for band in range(start, end)]
        else:
            factors += [read(low if index < 2 else high) for _ in range(start, end)]  # noqa: PLR2004
    return factors, granule.preflag


def _mpeg2_lengths(
    granule: Granule, *, is_intensity: bool
) -> tuple[tuple[int, ...], tuple[int, int, int, int], bool]:
    """Return how many scale factors have which length, and whether `preflag` applies."""
    code = granule.compress
    if is_intensity:
        row, lengths = _intensity_lengths(code >> 1)
        counts, preflag = _INTENSITY_COUNTS[row], False
    elif code < 400:  # noqa: PLR2004 -- here and below, the ranges of the standard
        high, low = code >> 4, code & 15
        lengths, row, preflag = (high // 5, high % 5, low >> 2, low & 3), 0, False
        counts = _COUNTS[row]
    elif code < 500:  # noqa: PLR2004
        high, low = (code - 400) >> 2, code & 3
        counts, lengths, preflag = _COUNTS[1], (high // 5, high % 5, low, 0), False
    else:
        counts, lengths, preflag = _COUNTS[2], ((code - 500) // 3, (code - 500) % 3, 0, 0), True
    if granule.block_type != SHORT:
        return counts.long, lengths, preflag
    return counts.mixed if granule.is_mixed else counts.short, lengths, False


def _intensity_lengths(code: int) -> tuple[int, tuple[int, int, int, int]]:
    if code < 180:  # noqa: PLR2004
        return 0, (code // 36, code % 36 // 6, code % 6, 0)
    if code < 244:  # noqa: PLR2004
        code -= 180
        return 1, (code >> 4, code >> 2 & 3, code & 3, 0)
    code -= 244
    return 2, (code // 3, code % 3, 0, 0)


def line_gains(
    granule: Granule, info: SideInfo, factors: ScaleFactors, *, preflag: bool
) -> list[float]:
    """Return the gain of the energy of each line."""
    widths = _BANDS[info.rate]
    whole = (granule.gain - _UNITY_GAIN) / 2
    step = 2 if granule.is_coarse else 1
    left = iter(factors)
    gains: list[float] = []
    is_short = granule.block_type == SHORT
    if not is_short or granule.is_mixed:
        for band, width in enumerate(widths.long):
            if is_short and len(gains) >= _MIXED_LINES:
                break
            added = _PREFLAG[band] if preflag else 0
            gains += [2.0 ** (whole - step * (next(left, 0) + added))] * width
    if is_short:
        for width in widths.short[_FIRST_SHORT_BAND if granule.is_mixed else 0 :]:
            for short_gain in granule.short_gains:
                exponent = whole - step * next(left, 0) - 4 * short_gain
                gains += [_SHORT_ENERGY * 2.0**exponent] * width
    # In mixed blocks with 8,000 Hz the bands end before the last line.
    return gains[:LINES] + [0.0] * (LINES - len(gains))
