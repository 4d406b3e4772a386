"""The Huffman codes of MP3, each played to the decoder of another program, and gains of lines."""

import io

import numpy as np
import pytest
import soundfile

from stability_mcp.imaging.containers.mp3 import Frame
from stability_mcp.imaging.sound.mp3_bands import LINES, line_gains
from stability_mcp.imaging.sound.mp3_codes import (
    _CODES,
    ESCAPE,
    FAST_BITS,
    MAX_CODE_BITS,
    QUADS,
    CodeTable,
    code_table,
)
from stability_mcp.imaging.sound.mp3_side_info import SHORT, side_info

FRAME_BYTES, FRAME_SAMPLES, GAIN = 417, 1_152, 190
LATE = 26
"""Samples by which the sound of a frame begins late."""


def frame(bits: str = "", *, pairs: int = 0, table: int = 0, fixed: bool = False) -> bytes:
    """Return a mono frame of 44.1 kHz whose first granule contains the bits."""
    tables = f"{table:05b}" * 3
    granule = f"{len(bits):012b}{pairs:09b}{GAIN:08b}00000{tables}{15:04b}{7:03b}00{fixed:b}"
    side = f"{0:018b}{granule}{0:059b}"
    body = (side + bits).ljust((FRAME_BYTES - 4) * 8, "0")
    return b"\xff\xfb\x90\xc0" + int(body, 2).to_bytes(FRAME_BYTES - 4, "big")


def played(frames: list[bytes]) -> np.ndarray:
    """Return the sound of each frame; silence between them keeps them apart."""
    silent = frame()
    data = silent * 4 + b"".join(each + silent for each in frames) + silent * 4
    samples, _ = soundfile.read(io.BytesIO(data))
    starts = range(4 * FRAME_SAMPLES + LATE, len(samples), 2 * FRAME_SAMPLES)
    return np.array([samples[at : at + 2 * FRAME_SAMPLES] for at in starts[: len(frames)]])


def lines() -> np.ndarray:
    """Return what turns sounds into the values of their first four lines."""
    # In the table of fixed codes, each bit is 0 for a value of 1, and the sign follows.
    units = [f"{15 - (8 >> n):04b}0" for n in range(4)]
    found: np.ndarray = np.linalg.pinv(played([frame(each, fixed=True) for each in units]))
    return found


def codes(table: CodeTable) -> list[tuple[str, int]]:
    """Return the bits and the values of all codes of a table."""
    found = {
        f"{index:0{FAST_BITS}b}": code.values
        for index, code in enumerate(table.fast)
        if code is not None
    }
    return [*found.items(), *((f"{bits:b}"[1:], code.values) for bits, code in table.long.items())]


@pytest.mark.parametrize("number", sorted(_CODES))
def test_each_code_is_played_as_its_values(number: int) -> None:
    """The bits of a code, with whatever follows, sound like the values in the table."""
    table = code_table(number)
    every = codes(table)
    pairs = int(number != QUADS)
    # The bits after a code are signs, linear bits, and lines that aren't compared.
    frames = [frame(bits.ljust(24, "0"), pairs=pairs, table=number * pairs) for bits, _ in every]
    values = np.rint(np.abs(played(frames) @ lines()) ** 0.75).astype(int)
    for (bits, wanted), heard in zip(every, values, strict=True):
        digits = f"{wanted:04b}" if number == QUADS else f"{wanted:02x}"
        heard_values = np.minimum(heard[: len(digits)], ESCAPE)
        assert [int(each, 16) for each in digits] == list(heard_values), bits
        assert table.find(int(bits.ljust(MAX_CODE_BITS, "1"), 2)).values == wanted


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100])
@pytest.mark.parametrize("is_mixed", [True, False])
def test_every_line_of_a_granule_has_a_gain(rate: int, *, is_mixed: bool) -> None:
    """Chosen: also with 8,000 Hz, where the bands of a mixed block end before the last line."""
    body = b"\xff\xfb\x90\x00" + bytes(32)
    info = side_info(body, 0, Frame(36, 1_152, rate, 2))
    assert info is not None
    granule = info.granules[0][0]._replace(block_type=SHORT, is_mixed=is_mixed)
    assert len(line_gains(granule, info, [], preflag=False)) == LINES
