"""Another sampling rate: tones keep their level, and nothing is mirrored."""

import cmath
import math
from array import array

import pytest

from stability_mcp.imaging.sound.resample import can_resample, resampled

FULL = 1 << 31


def tone(frequency: float, rate: int, frames: int) -> bytes:
    """Return a tone of half the full scale, as 32-bit samples."""
    step = 2 * math.pi * frequency / rate
    return array("i", [round(FULL / 2 * math.sin(step * n)) for n in range(frames)]).tobytes()


def converted(samples: bytes, source: int, target: int, *, channels: int = 1) -> "array[int]":
    """Return samples at another rate, given in blocks of odd lengths."""
    size = 4 * channels * 1_001
    blocks = (samples[at : at + size] for at in range(0, len(samples), size))
    return array("i", b"".join(resampled(blocks, channels, source=source, target=target)))


def level_db(samples: "array[int]", frequency: float, rate: int) -> float:
    """Return the level of one frequency by that of the tone, with a window against leaks."""
    count = len(samples)
    total: complex = 0
    weights = 0.0
    for n, value in enumerate(samples):
        place = 2 * math.pi * n / (count - 1)
        window = 0.42 - 0.5 * math.cos(place) + 0.08 * math.cos(2 * place)
        total += window * value * cmath.exp(-2j * math.pi * frequency * n / rate)
        weights += window
    return 20 * math.log10(abs(total) / weights * 2 / (FULL / 2) + 1e-9)


@pytest.mark.parametrize(
    ("source", "target", "frequency", "lost", "mirrored"),
    [
        (48_000, 44_100, 1_000, 0.05, 2_900),
        (48_000, 44_100, 19_000, 0.6, 15_100),
        (44_100, 48_000, 15_000, 0.1, 18_900),
        (22_050, 44_100, 8_000, 0.1, 14_050),
        (44_100, 22_050, 5_000, 0.05, 6_000),
    ],
)
def test_a_tone_keeps_its_level_and_leaves_no_image(
    source: int, target: int, frequency: int, lost: float, mirrored: int
) -> None:
    """Measured: audioop.ratecv leaves images at -17 dB."""
    result = converted(tone(frequency, source, 4_000), source, target)
    inner = result[300:-300]

    assert level_db(inner, frequency, target) == pytest.approx(0, abs=lost)
    assert level_db(inner, mirrored, target) < -80
    assert len(result) == pytest.approx(4_000 * target / source, abs=700)


@pytest.mark.parametrize(
    ("source", "target", "frequency"),
    [(48_000, 44_100, 23_000), (44_100, 22_050, 14_000), (96_000, 44_100, 30_000)],
)
def test_what_the_lower_rate_cannot_hold_is_removed(
    source: int, target: int, frequency: int
) -> None:
    """Chosen: below -80 dB, instead of a false tone."""
    inner = converted(tone(frequency, source, 6_000), source, target)[300:-300]

    assert level_db(inner, target - frequency, target) < -80


def test_the_result_starts_where_the_source_does_and_channels_stay_apart() -> None:
    """Chosen: no delay, so that joined sounds stay in time."""
    left = array("i", tone(500, 8_000, 3_000))
    right = array("i", [round(value / 4) for value in left])
    both = array("i", bytes(8 * len(left)))
    both[::2], both[1::2] = left, right
    result = converted(both.tobytes(), 8_000, 16_000, channels=2)

    for channel, samples in enumerate((left, right)):
        for n in range(100, 2_900):
            assert result[4 * n + channel] == pytest.approx(samples[n], abs=FULL / 1_000)


@pytest.mark.parametrize("value", [FULL - 1, -FULL])
def test_a_sound_at_full_scale_does_not_wrap(value: int) -> None:
    """Chosen: what overshoots is clipped, and keeps its sign."""
    square = array("i", ([value] * 40 + [0] * 40) * 20).tobytes()
    result = converted(square, 44_100, 48_000)

    assert min(each * (1 if value > 0 else -1) for each in result) > -FULL * 0.2


def test_rates_without_a_simple_ratio_are_not_converted() -> None:
    """Chosen: each of thousands of phases would need a filter."""
    assert can_resample(11_025, 48_000)
    assert can_resample(8_000, 44_100)
    assert not can_resample(44_101, 48_000)


def test_a_block_at_a_low_rate_gives_small_blocks() -> None:
    """Chosen: a sound with 100 Hz becomes 480 times as large; it isn't held in memory at once."""
    block = array("i", [1 << 20] * 600).tobytes()
    sizes = [len(each) // 4 for each in resampled(iter([block]), 1, source=100, target=48_000)]
    assert max(sizes) <= 65_536 + 480 * 64
    assert sum(sizes) >= 600 * 480
