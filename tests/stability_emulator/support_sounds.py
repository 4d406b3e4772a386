"""Test sounds, and measurements on sounds, without a numeric library."""

import io
import math
import struct
import wave
from array import array
from collections.abc import Sequence
from itertools import pairwise

import soundfile

RATE = 44_100


def pulses(
    seconds: float, *, rate: int = RATE, every: float = 0.5, hertz: float = 392
) -> "array[int]":
    """Return mono samples of a decaying tone that repeats every `every` seconds."""
    period = round(every * rate)
    return array(
        "h",
        (
            round(
                9_000
                * max(0, 1 - 2 * (i % period) / period)
                * math.sin(math.tau * hertz * i / rate)
            )
            for i in range(round(seconds * rate))
        ),
    )


def wav(samples: "array[int]", *, rate: int = RATE, channels: int = 1) -> io.BytesIO:
    """Return a WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())
    return out


def stored(samples: "array[int]", form: str, subtype: str, *, rate: int = RATE) -> io.BytesIO:
    """Return a mono file in another format, such as MP3 or floating-point WAV."""
    levels = array("f", (value / 32_768 for value in samples))
    out = io.BytesIO()
    shaped = memoryview(levels).cast("B").cast("f", (len(levels), 1))
    soundfile.write(out, shaped, rate, format=form, subtype=subtype)
    return out


def heard(pieces: Sequence[bytes]) -> "array[int]":
    """Return the left channel of a sound, decoded by libsndfile."""
    decoded, _ = soundfile.read(io.BytesIO(b"".join(pieces)), dtype="int16")
    return array("h", decoded[:, 0].tobytes())


def loudness(samples: Sequence[int], step: int = 1_152) -> list[int]:
    """Return the peak of each part."""
    return [
        max(map(abs, samples[start : start + step]))
        for start in range(0, len(samples) - step + 1, step)
    ]


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the correlation of two series, -1 to 1."""
    count = min(len(one), len(other))
    first, second = sum(one[:count]) / count, sum(other[:count]) / count
    pairs = [(a - first, b - second) for a, b in zip(one[:count], other[:count], strict=True)]
    spread = math.sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))
    return sum(a * b for a, b in pairs) / spread if spread else 0.0


def tempo(samples: Sequence[int], low: float = 0.2, high: float = 1.2) -> float:
    """Return the period in seconds with the best self-similarity of the loudness."""
    step = 441
    levels = loudness(samples, step)
    rises = [max(0, after - before) for before, after in pairwise(levels)]
    lags = range(round(low * 100), round(high * 100))
    return max(lags, key=lambda lag: likeness(rises, rises[lag:])) / 100


def crossings(samples: Sequence[int], start: float, end: float) -> float:
    """Return the rising zero crossings per second."""
    part = samples[round(start * RATE) : round(end * RATE)]
    count = sum(one < 0 <= other for one, other in pairwise(part))
    return count / (end - start)


def info_of(file: bytes) -> str | None:
    """Return the comment of a WAV file's INFO list."""
    place = file.find(b"INFOICMT")
    if place < 0:
        return None
    (length,) = struct.unpack_from("<I", file, place + 8)
    return file[place + 12 : place + 12 + length].rstrip(b"\0").decode()
