"""Computes the energy of MP3 frames from their spectra, without the filters of a decoder.

Only the Huffman codes and the gains of the lines are decoded. By Parseval's theorem that is enough
for the loudness, but not for single samples: peaks stay unknown.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stability_mcp.imaging.sound.frame_data import FrameList, facts_of
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
_PLACES = tuple(tuple(place for place in range(4) if values & 8 >> place) for values in range(16))
"""Which of four lines aren't 0, by their bits."""
_PADDING = 32
"""Zero bits after the data, so that the last code can be looked up."""
_WINDOW = (1 << MAX_CODE_BITS) - 1


class FrameEnergy(NamedTuple):
    """The energy of a frame."""

    granules: Sequence[tuple[float, ...]]
    """Mean squares by granule, then by channel."""
    is_equal: bool
    """Whether both channels are known to be equal."""


class Mp3Energy:
    """Computes the energy of the frames of an MP3."""

    def __init__(self, frames: FrameList) -> None:
        self._frames = frames

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._frames.starts)

    def energy(self, index: int) -> FrameEnergy | None:
        """Return the energy of a frame; None if it is too short."""
        body = self._frames.body(index)
        info = side_info(body, 0, facts_of(body))
        if info is None:
            return None
        main_data = self._main_data(index, info)
        if main_data is None:
            silent = [(0.0,) * len(granule) for granule in info.granules]
            return FrameEnergy(silent, is_equal=True)
        bits = _BitReader(main_data)
        earlier: dict[int, ScaleFactors] = {}
        granules, is_equal = [], True
        for granule in info.granules:
            squares = []
            for channel, each in enumerate(granule):
                square, earlier[channel] = _energy(each, info, channel, earlier.get(channel), bits)
                squares.append(square * MEAN_SQUARE)
            if info.is_mid_side:
                is_equal = is_equal and not squares[1]
                # The sum of both is known; how it is divided between left and right isn't.
                squares = [sum(squares) / 2] * 2
            else:
                is_equal = is_equal and not any(squares)
            granules.append(tuple(squares))
        return FrameEnergy(granules, is_equal)

    def _main_data(self, index: int, info: SideInfo) -> bytes | None:
        """Return the main data from its start, which can be in earlier frames, to the frame's end.

        None: the earlier frames were cut off; decoders are silent then.
        """
        borrowed = self._frames.data_before(index, info.borrowed)
        if len(borrowed) < info.borrowed:
            return None
        return borrowed + self._frames.body(index)[info.main_start :]


class _BitReader:
    """Reads the bits of main data, granule by granule."""

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
    spectrum = _Spectrum(value, left, line_gains(granule, info, factors, preflag=preflag))
    start = 0
    for table, end in zip(granule.tables, region_ends(granule, info), strict=False):
        if table not in ZERO_TABLES and start < end:
            spectrum.add_pairs(table, range(start, end, 2))
        start = max(start, end)
    spectrum.add_quads(start, fixed=granule.has_fixed_quads)
    return spectrum.energy, factors


class _Spectrum:
    """Adds up the energy of the lines of a granule.

    Args:
        value: Its bits as a number, followed by `_PADDING` zeros.
        left: Bits of it that aren't read yet, with the padding.
        gains: Gain of the energy of each line.
    """

    def __init__(self, value: int, left: int, gains: Sequence[float]) -> None:
        self.energy = 0.0
        self._value = value
        self._left = left
        self._gains = gains

    def add_pairs(self, number: int, lines: range) -> None:
        """Add pairs of lines, encoded with a table, that start at every second line."""
        find, linear = code_table(number).find, LINEAR_BITS.get(number, 0)
        value, left, gains, energy = self._value, self._left, self._gains, 0.0
        for line in lines:
            bits, values = find(value >> left - MAX_CODE_BITS & _WINDOW)
            left -= bits
            if values:
                one, two = values >> 4, values & 15
                energy_of_one, energy_of_two = _POWERS[one], _POWERS[two]
                if linear and ESCAPE in {one, two}:
                    # The order is: linear bits and sign of the first value, then of the second.
                    left += (one > 0) + (two > 0)
                    if one == ESCAPE:
                        left -= linear
                        energy_of_one = _large(value, left, linear)
                    left -= one > 0
                    if two == ESCAPE:
                        left -= linear
                        energy_of_two = _large(value, left, linear)
                    left -= two > 0
                if left < _PADDING:
                    break
                energy += gains[line] * energy_of_one + gains[line + 1] * energy_of_two
            elif left < _PADDING:
                break
        self.energy += energy
        self._left = max(left, _PADDING)

    def add_quads(self, line: int, *, fixed: bool) -> None:
        """Add the lines with values up to 1; the bits end with them."""
        find = code_table(QUADS).find
        value, left, gains = self._value, self._left, self._gains
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
                for place in _PLACES[values]:
                    self.energy += gains[line + place]
            line += 4


def _large(value: int, left: int, linear: int) -> float:
    """Return the energy of a value with linear bits, which end at a position."""
    return float((ESCAPE + (value >> max(left, 0) & (1 << linear) - 1)) ** (8 / 3))
