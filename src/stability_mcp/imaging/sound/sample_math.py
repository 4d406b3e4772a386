"""Arithmetic on blocks of samples: the C functions of `audioop`, and float samples.

Python 3.13 left `audioop` out; there the package `audioop-lts` provides it.
"""

import warnings
from array import array
from functools import cache
from types import ModuleType

_FLOAT_CODES = {4: "f", 8: "d"}
"""Codes of `array` by bytes of a float sample."""
_HEADROOM = 128
"""Float samples up to this value are clipped; Pillow lets larger ones, which no program writes,
overflow. What is left resolves 25 bits."""
_FULL_32 = 1 << 31


@cache
def audioop() -> ModuleType:
    """Return the module `audioop`; Python 3.11 and 3.12 warn that 3.13 leaves it out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop as module
    return module


def floats_to_32_bits(data: bytes, width: int) -> bytes:
    """Return float samples as signed 32-bit ones, clipped; Pillow does it without a Python loop.

    Args:
        data: Samples of 4 or 8 bytes, from -1 to 1.
        width: Bytes of a sample.
    """
    from PIL import Image

    single = array("f", array(_FLOAT_CODES[width], data)).tobytes()
    if not single:
        return b""
    image = Image.frombuffer("F", (len(single) // 4, 1), single, "raw", "F", 0, 1)
    low = image.point(lambda value: value * (_FULL_32 // _HEADROOM) + 0).convert("I").tobytes()
    return bytes(audioop().mul(low, 4, _HEADROOM))
