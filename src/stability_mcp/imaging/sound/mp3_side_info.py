"""Reads the side information of an MP3 frame: how its sound is encoded.

Source: ISO 11172-3, 2.4.1.7 and 2.4.2.7, and 13818-3. A frame has two granules of 576 samples
(MPEG 1) or one (MPEG 2 and 2.5), each with a description of every channel.
"""

from typing import NamedTuple

from stability_mcp.imaging.containers.mp3 import HEADER_BYTES, Frame

GRANULE_SAMPLES = 576
SHORT = 2
"""Block type of three short blocks, which have a third of the lines each."""
_JOINT = 1
_INTENSITY, _MID_SIDE = 1, 2


class Granule(NamedTuple):
    """How a granule of one channel is encoded."""

    bits: int
    """Length of its scale factors and lines together."""
    big_values: int
    """Pairs of lines whose values are encoded with `tables`."""
    gain: int
    """Global gain: a step is 1.5 dB, and 210 stands for 1."""
    compress: int
    """Code of the lengths of the scale factors."""
    block_type: int
    """0 for a normal block, 1 and 3 at the sides of short ones, which have `SHORT`."""
    is_mixed: bool
    """Whether the lowest lines of short blocks are those of a long one."""
    tables: tuple[int, ...]
    """Code table of each region, by number."""
    regions: tuple[int, int] | None
    """Bands in the first and the second region; None if they have a fixed length."""
    short_gains: tuple[int, int, int]
    """Attenuation of each short block: a step is 12 dB."""
    preflag: bool
    """Whether a fixed table is added to the scale factors."""
    is_coarse: bool
    """Whether a step of the scale factors is 6 dB; else it is 3 dB."""
    has_fixed_quads: bool
    """Whether the lines after the big values have codes of 4 bits."""


class SideInfo(NamedTuple):
    """The side information of a frame."""

    is_mpeg1: bool
    rate: int
    is_mid_side: bool
    """Whether the channels are the sum and the difference of left and right."""
    is_intensity: bool
    """Whether the second channel has no sound of its own in its upper bands."""
    main_start: int
    """Position of its main data in the file's frame: after header and side information."""
    borrowed: int
    """Bytes of its main data at the end of earlier frames."""
    shared: tuple[int, ...]
    """By channel: four bits, set if the second granule has the scale factors of the first one."""
    granules: tuple[tuple[Granule, ...], ...]
    """By granule, then by channel."""


class _Bits:
    """Reads numbers from bytes, the highest bit first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        self._left -= count
        return self._value >> self._left & (1 << count) - 1


def side_length(found: Frame) -> int:
    """Return the bytes of a frame's side information."""
    if found.samples > GRANULE_SAMPLES:
        return 17 if found.channels == 1 else 32
    return 9 if found.channels == 1 else 17


def side_info(data: bytes, at: int, found: Frame) -> SideInfo | None:
    """Return the side information of the frame at a position; None if the frame is too short."""
    mode, extension = data[at + 3] >> 6, data[at + 3] >> 4 & 3
    is_mpeg1 = found.samples > GRANULE_SAMPLES
    channels = found.channels
    start = HEADER_BYTES + (0 if data[at + 1] & 1 else 2)
    length = side_length(found)
    body = data[at + start : at + start + length]
    if start + length > found.size or len(body) < length:
        return None
    bits = _Bits(body)
    borrowed = bits.read(9 if is_mpeg1 else 8)
    bits.read((5 if channels == 1 else 3) if is_mpeg1 else channels)  # private
    shared = tuple(bits.read(4) if is_mpeg1 else 0 for _ in range(channels))
    granules = tuple(
        tuple(_granule(bits, is_mpeg1=is_mpeg1) for _ in range(channels))
        for _ in range(found.samples // GRANULE_SAMPLES)
    )
    return SideInfo(
        is_mpeg1=is_mpeg1,
        rate=found.rate,
        is_mid_side=mode == _JOINT and bool(extension & _MID_SIDE),
        is_intensity=mode == _JOINT and bool(extension & _INTENSITY),
        main_start=start + length,
        borrowed=borrowed,
        shared=shared,
        granules=granules,
    )


def _granule(bits: _Bits, *, is_mpeg1: bool) -> Granule:
    length, big_values, gain = bits.read(12), bits.read(9), bits.read(8)
    compress = bits.read(4 if is_mpeg1 else 9)
    block_type, is_mixed, regions, short_gains = 0, False, None, (0, 0, 0)
    if bits.read(1):
        block_type, is_mixed = bits.read(2), bool(bits.read(1))
        tables: tuple[int, ...] = (bits.read(5), bits.read(5))
        gains = (bits.read(3), bits.read(3), bits.read(3))
        short_gains = gains if block_type == SHORT else short_gains
    else:
        tables = (bits.read(5), bits.read(5), bits.read(5))
        regions = (bits.read(4) + 1, bits.read(3) + 1)
    preflag = bool(bits.read(1)) if is_mpeg1 else False
    return Granule(
        bits=length,
        big_values=big_values,
        gain=gain,
        compress=compress,
        block_type=block_type,
        is_mixed=is_mixed and block_type == SHORT,
        tables=tables,
        regions=regions,
        short_gains=short_gains,
        preflag=preflag,
        is_coarse=bool(bits.read(1)),
        has_fixed_quads=bool(bits.read(1)),
    )
