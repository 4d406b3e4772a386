"""Changes the sampling rate with a windowed sinc filter, in blocks, by the C functions of audioop.

`audioop.ratecv` interpolates linearly and filters nothing. Measured from 48,000 to 44,100 Hz: it
mirrors a tone of 23 kHz to 21.1 kHz at -7 dB, and a tone of 15 kHz to 11.1 kHz at -17 dB. This
filter keeps both below -83 dB, passes 19 kHz at -0.4 and 20 kHz at -3.6 dB, and takes 0.06 s for a
second of one channel.
"""

import math
from array import array
from collections.abc import Iterator
from math import gcd

from stability_mcp.imaging.containers.wav import BLOCK_FRAMES
from stability_mcp.imaging.sound.sample_math import audioop

MAX_PHASES = 640
"""Highest numerator of a ratio of rates: 640:147 from 11,025 to 48,000 Hz. Rates that no program
uses have a filter of their own for each of thousands of samples, which takes minutes."""

_HALF_TAPS = 32
"""Samples on either side, at the lower rate."""
_BETA = 8.0
"""Of the Kaiser window: about 80 dB of attenuation."""
_PASS = 0.92
"""Middle of the transition, by half the lower rate: with 32 samples it ends at half the rate."""
_WIDTH = 4
_HEADROOM = 0.5
"""Sums overshoot; the scale is restored at the end, where they are clipped."""


def can_resample(source: int, target: int) -> bool:
    """Return whether sound can be converted between two rates."""
    return target // gcd(source, target) <= MAX_PHASES


class Resampler:
    """Converts one channel of 32-bit samples, block by block.

    Args:
        source: Its rate.
        target: The rate of the result.
    """

    def __init__(self, source: int, target: int) -> None:
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        scale = min(1.0, target / source) * _PASS
        self._half = math.ceil(_HALF_TAPS / min(1.0, target / source))
        self._filters = [_taps(phase / self._up, self._half, scale) for phase in range(self._up)]
        # The first sample of the result is at the first one of the source.
        self._waiting = array("i", bytes(_WIDTH * (self._half - 1)))

    def add(self, block: bytes) -> bytes:
        """Return the samples that can be computed with a further block."""
        self._waiting.frombytes(block)
        # Each round takes `down` samples and gives `up`.
        rounds = max((len(self._waiting) - 2 * self._half + 1) // self._down, 0)
        made = self._computed(rounds)
        del self._waiting[: rounds * self._down]
        return made

    def finish(self) -> bytes:
        """Return the last samples; some of them may be after the end of the sound."""
        return self.add(bytes(_WIDTH * (2 * self._half + self._down)))

    def _computed(self, rounds: int) -> bytes:
        if not rounds:
            return b""
        functions, source = audioop(), memoryview(self._waiting)
        result = array("i", bytes(_WIDTH * rounds * self._up))
        for number in range(self._up):
            whole, phase = divmod(number * self._down, self._up)
            total = bytes(_WIDTH * rounds)
            for tap, factor in enumerate(self._filters[phase]):
                start = whole + tap
                stop = start + (rounds - 1) * self._down + 1
                taken = source[start : stop : self._down].tobytes()
                total = functions.add(total, functions.mul(taken, _WIDTH, factor), _WIDTH)
            result[number :: self._up] = array("i", functions.mul(total, _WIDTH, 1 / _HEADROOM))
        return result.tobytes()


def resampled(
    blocks: Iterator[bytes], channels: int, *, source: int, target: int
) -> Iterator[bytes]:
    """Yield blocks of 32-bit samples at another rate."""
    filters = [Resampler(source, target) for _ in range(channels)]
    for block in _pieces(blocks, _WIDTH * channels * max(1, BLOCK_FRAMES * source // target)):
        samples = array("i", block)
        yield _interleaved(
            [each.add(samples[n::channels].tobytes()) for n, each in enumerate(filters)]
        )
    yield _interleaved([each.finish() for each in filters])


def _pieces(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield blocks in pieces: what is made of a block at a low rate may be hundreds of times it."""
    for block in blocks:
        for at in range(0, len(block), size):
            yield block[at : at + size]


def _interleaved(parts: list[bytes]) -> bytes:
    if len(parts) == 1:
        return parts[0]
    result = array("i", bytes(sum(map(len, parts))))
    for number, part in enumerate(parts):
        result[number :: len(parts)] = array("i", part)
    return result.tobytes()


def _taps(phase: float, half: int, scale: float) -> list[float]:
    """Return the filter for a place between two samples, a fraction after the first one."""
    values = []
    for tap in range(2 * half):
        distance = tap - (half - 1) - phase
        inside = max(1 - (distance / half) ** 2, 0)
        window = _bessel(_BETA * math.sqrt(inside)) / _bessel(_BETA)
        turn = math.pi * scale * distance
        values.append(window * (math.sin(turn) / turn if turn else 1.0))
    total = sum(values)
    return [_HEADROOM * value / total for value in values]


def _bessel(value: float) -> float:
    """Return the modified Bessel function of order 0, by its series."""
    total = term = 1.0
    step = 1
    while term > total * 1e-12:
        term *= (value / (2 * step)) ** 2
        total += term
        step += 1
    return total
