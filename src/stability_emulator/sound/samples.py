"""Vectorised arithmetic on samples: 16-bit stereo at 44.1 kHz as rows of a Pillow picture.

Pillow computes with floating-point pictures, whose values have no fixed range.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PIL import Image, ImageMath

from stability_emulator.sound.melody import CHANNELS, FRAME_SAMPLES

Formula = Callable[[Mapping[str, Any]], Any]
"""Maps the arguments of Pillow's arithmetic to its result."""
CELL_BYTES = FRAME_SAMPLES * CHANNELS * 2
"""Bytes of a cell of samples, which is one row."""
WIDTH = FRAME_SAMPLES * CHANNELS
MAX_ROWS = 2_000
"""Rows computed at a time, which is 52 s: keeps temporary memory under 60 MB."""


def scaled(samples: bytes, gains: Sequence[float]) -> bytes:
    """Return samples with a gain per cell, interpolated to avoid jumps.

    Args:
        samples: Whole cells.
        gains: One factor per cell, reached at the end of the cell.
    """
    pairs = [*zip([gains[0], *gains[:-1]], gains, strict=True)] if gains else []
    return _by_rows(
        lambda args: args["a"] * args["g"],
        {"a": samples},
        [value for pair in pairs for value in pair],
    )


def mixed(one: bytes, one_gain: float, other: bytes, gains: Sequence[float]) -> bytes:
    """Return the mix of two sounds with the same number of cells; `gains` apply to the second."""
    pairs = [*zip([gains[0], *gains[:-1]], gains, strict=True)] if gains else []
    return _by_rows(
        lambda args: args["a"] * one_gain + args["b"] * args["g"],
        {"a": one, "b": other},
        [value for pair in pairs for value in pair],
    )


def _by_rows(
    formula: Formula,
    sounds: dict[str, bytes],
    pairs: Sequence[float],
) -> bytes:
    rows = len(next(iter(sounds.values()))) // CELL_BYTES
    result = []
    for first in range(0, rows, MAX_ROWS):
        count = min(MAX_ROWS, rows - first)
        arguments = {
            name: Image.frombytes(
                "F",
                (WIDTH, count),
                sound[first * CELL_BYTES : (first + count) * CELL_BYTES],
                "raw",
                "F;16S",
            )
            for name, sound in sounds.items()
        }
        ends = Image.new("F", (2, count))
        ends.putdata(pairs[2 * first : 2 * (first + count)])
        # Resizing between the centres of the two pixels interpolates linearly.
        arguments["g"] = ends.resize(
            (WIDTH, count), Image.Resampling.BILINEAR, (0.5, 0, 1.5, count)
        )
        result.append(_bytes_of(formula, arguments))
    return b"".join(result)


def _bytes_of(formula: Formula, arguments: Mapping[str, Image.Image]) -> bytes:
    def whole(args: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- Pillow's own kind of number
        bounded = args["max"](args["min"](formula(args), 32_767.0), -32_768.0)
        return args["convert"](bounded, "I")

    wide = ImageMath.lambda_eval(whole, **arguments).tobytes()
    narrow = bytearray(len(wide) // 2)
    narrow[0::2], narrow[1::2] = wide[0::4], wide[1::4]
    return bytes(narrow)


def resampled(mono: bytes, rate: int, wanted: int) -> bytes:
    """Return 16-bit samples of one channel at another rate."""
    count = len(mono) // 2
    if rate == wanted or not count:
        return mono[: 2 * count]
    total = round(count * wanted / rate)
    result = []
    for first in range(0, total, wanted):
        last = min(total, first + wanted)
        box = (first * rate / wanted, min(count, last * rate / wanted))
        start, end = max(0, int(box[0]) - 2), min(count, int(box[1]) + 3)
        row = Image.frombytes("F", (end - start, 1), mono[2 * start : 2 * end], "raw", "F;16S")
        place = (box[0] - start, 0, max(box[0] - start + 1e-3, box[1] - start), 1)
        row = row.resize((last - first, 1), Image.Resampling.BILINEAR, place)
        result.append(_bytes_of(lambda args: args["a"], {"a": row}))
    return b"".join(result)


def from_floats(raw: bytes) -> bytes:
    """Convert 32-bit floating-point samples from -1 to 1 to 16-bit samples."""
    step = 4 * WIDTH * MAX_ROWS
    parts = (raw[first : first + step] for first in range(0, len(raw), step))
    return b"".join(
        _bytes_of(
            lambda args: args["a"] * 32_767.0,
            {"a": Image.frombytes("F", (len(part) // 4, 1), part, "raw", "F;32F")},
        )
        for part in parts
    )


def stereo(left: bytes, right: bytes) -> bytes:
    """Interleave two channels of 16-bit samples."""
    both = bytearray(2 * len(left))
    both[0::4], both[1::4] = left[0::2], left[1::2]
    both[2::4], both[3::4] = right[0::2], right[1::2]
    return bytes(both)
