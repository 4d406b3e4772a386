"""Computes the energy of MP3 frames from their spectra, without the filters of a decoder.

Only the Huffman codes and the gains of the lines are decoded. By Parseval's theorem that is enough
for the loudness, but not for single samples: peaks stay unknown.
"""

from collections.abc import Sequence

from stability_mcp.imaging.containers.mp3 import HEADER_BYTES, Track, frame
from stability_mcp.imaging.sound.mp3_bands import (
    LINES,
    ScaleFactors,
    line_gains,
    read_scale_factors,
    region_ends,
)
from stability_mcp.imaging.sound.mp3_codes import (
    ESCAPE,
    LINEAR_BITS,
    MAX_CODE_BITS,
    QUADS,
    ZERO_TABLES,
    code_table,
)
from stability_mcp.imaging.sound.mp3_side_info import Granule, SideInfo, side_info

MEAN_SQUARE = 0.5
"""Mean square of 576 samples by the sum of the squared lines (measured on a decoder)."""
_POWERS = tuple(value ** (8 / 3) for value in range(ESCAPE + 1))
"""Energies of the values: a line is the value to the power of 4/3."""
_PADDING = 32
"""Zero bits after the data, so that the last code can be looked up."""
_WINDOW = (1 << MAX_CODE_BITS) - 1


class Mp3Frames:
    """The frames of an MP3.

    Args:
        data: The file.
        track: Its sound.
    """

    def __init__(self, data: bytes, track: Track) -> None:
        self._data = data
        self._starts: list[int] = []
        self._sizes: list[int] = []
        for start, end in track.runs:
            at = start
            while at < end and (found := frame(data[at : at + HEADER_BYTES])):
                self._starts.append(at)
                self._sizes.append(found.size)
                at += found.size

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._starts)

    def energies(self, index: int) -> list[tuple[float, ...]]:
        """Return the mean squares of a frame by granule, then by channel; [] if it is damaged."""
        info = self._info(index)
        if info is None:
            return []
        bits = _BitReader(self._main_data(index, info))
        earlier: dict[int, ScaleFactors] = {}
        found = []
        for granule in info.granules:
            squares = []
            for channel, each in enumerate(granule):
                square, earlier[channel] = _energy(each, info, channel, earlier.get(channel), bits)
                squares.append(square * MEAN_SQUARE)
            if info.is_mid_side:
                # The sum of both is known; how it is divided between left and right isn't.
                squares = [sum(squares) / len(squares)] * len(squares)
            found.append(tuple(squares))
        return found

    def is_empty(self, index: int) -> bool:
        """Return whether a frame contains no lines: digital silence."""
        info = self._info(index)
        return info is None or all(
            each.bits == 0 for granule in info.granules for each in granule
        )

    def _info(self, index: int) -> SideInfo | None:
        at = self._starts[index]
        found = frame(self._data[at : at + HEADER_BYTES])
        return None if found is None else side_info(self._data, at, found)

    def _main_data(self, index: int, info: SideInfo) -> bytes:
        """Return the main data from its start, which can be in earlier frames, to the frame's end.

        What earlier frames don't have any more, in a file that was cut, is zeros.
        """
        at = self._starts[index]
        parts = [self._data[at + info.main_start : at + self._sizes[index]]]
        wanted = info.borrowed
        while wanted and index:
            index -= 1
            before = self._info(index)
            if before is None:
                break
            at = self._starts[index]
            body = self._data[at + before.main_start : at + self._sizes[index]]
            parts.append(body[-wanted:])
            wanted -= len(parts[-1])
        parts.append(bytes(wanted))
        return b"".join(reversed(parts))


class _BitReader:
    """Hands out the bits of main data, granule by granule."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        """Return the next bits as a number, followed by `_PADDING` zeros."""
        start, self._at = self._at, self._at + count
        first, last = start // 8, -(-self._at // 8)
        value = int.from_bytes(self._data[first:last].ljust(last - first, b"\0"), "big")
        value = value >> (last * 8 - self._at) & (1 << count) - 1
        return value << _PADDING


def _energy(
    granule: Granule,
    info: SideInfo,
    channel: int,
    earlier: ScaleFactors | None,
    bits: _BitReader,
) -> tuple[float, ScaleFactors]:
    """Return the sum of the squared lines of a granule, and its scale factors."""
    value, left = bits.take(granule.bits), granule.bits + _PADDING

    def read(count: int) -> int:
        nonlocal left
        left = max(left - count, 0)
        return value >> left & (1 << count) - 1

    factors, preflag = read_scale_factors(granule, info, channel, earlier, read)
    if left <= _PADDING:
        return 0.0, factors
    gains = line_gains(granule, info, factors, preflag=preflag)
    line, energy, start = 0, 0.0, 0
    ends = region_ends(granule, info)
    for table, end in zip(granule.tables, ends, strict=False):
        if table not in ZERO_TABLES and start < end:
            energy, left = _big_values(value, left, energy, table, gains, range(start, end, 2))
        start = max(start, end)
    line = start
    return _quads(value, left, energy, gains, line, fixed=granule.has_fixed_quads), factors


def _big_values(  # noqa: PLR0913
    value: int, left: int, energy: float, table: int, gains: Sequence[float], lines: range
) -> tuple[float, int]:
    """Add the energy of pairs of lines; return it and the bits that are left."""
    find = code_table(table).find
    linear = LINEAR_BITS.get(table, 0)
    for line in lines:
        bits, values = find(value >> left - MAX_CODE_BITS & _WINDOW)
        left -= bits
        if left < _PADDING:
            return energy, _PADDING
        one, two = values >> 4, values & 15
        if linear and (one == ESCAPE or two == ESCAPE):
            # A value's sign follows its linear bits; only the number of bits before them matters.
            left += (one > 0) + (two > 0)
            if one == ESCAPE:
                left -= linear
                if left < _PADDING:
                    return energy, _PADDING
                big = ESCAPE + (value >> left & (1 << linear) - 1)
                energy += gains[line] * big ** (8 / 3)
            else:
                energy += gains[line] * _POWERS[one]
            left -= one > 0
            if two == ESCAPE:
                left -= linear
                if left < _PADDING:
                    return energy, _PADDING
                big = ESCAPE + (value >> left & (1 << linear) - 1)
                energy += gains[line + 1] * big ** (8 / 3)
            else:
                energy += gains[line + 1] * _POWERS[two]
            left -= two > 0
        elif values:
            energy += gains[line] * _POWERS[one] + gains[line + 1] * _POWERS[two]
    return energy, max(left, _PADDING)


def _quads(
    value: int, left: int, energy: float, gains: Sequence[float], line: int, *, fixed: bool
) -> float:
    """Add the energy of the lines with values up to 1, which end with the bits."""
    find = code_table(QUADS).find
    while line <= LINES - 4 and left > _PADDING:
        if fixed:
            values = ~(value >> left - 4) & 15
            bits = 4 + values.bit_count()
        else:
            bits, values = find(value >> left - MAX_CODE_BITS & _WINDOW)
        left -= bits
        if left < _PADDING:
            break
        if values:
            for place in range(4):
                if values & 8 >> place:
                    energy += gains[line + place]
        line += 4
    return energy
