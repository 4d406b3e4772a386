"""Sounds like music for tests of edits, encoded by soundfile and decoded by two programs.

Tones with bursts of noise make an encoder fill and use its bit reservoir.
"""

import io
import math
import random
from array import array
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import miniaudio
import soundfile

FULL = 32_768


@cache
def music(seconds: float, *, rate: int = 44_100, channels: int = 2, seed: int = 1) -> bytes:
    """Return 16-bit samples, the channels next to each other."""
    chance = random.Random(seed)  # noqa: S311 -- the same sound each time
    noise = [chance.gauss(0, 0.2) for _ in range(4_096)]
    values = array("h")
    for frame in range(round(seconds * rate)):
        time = frame / rate
        burst = math.exp(-25 * (2 * time % 1))
        for channel in range(channels):
            tone = 0.2 * math.sin(2 * math.pi * (220 + 30 * channel + 7 * seed) * time)
            value = tone + burst * noise[(frame * (7 + 2 * channel)) % 4_096]
            values.append(round(FULL * 0.6 * max(-1.0, min(1.0, value))))
    return values.tobytes()


def save(
    path: Path, samples: bytes, *, rate: int = 44_100, channels: int = 2, subtype: str = "PCM_16"
) -> Path:
    """Write 16-bit samples as a WAV with samples of another kind."""
    with soundfile.SoundFile(path, "w", rate, channels, subtype, format="WAV") as file:
        file.buffer_write(samples, "int16")
    return path


@cache
def encoded(  # noqa: PLR0913 -- the settings of an encoder
    seconds: float,
    *,
    rate: int = 44_100,
    channels: int = 2,
    seed: int = 1,
    mode: str = "CONSTANT",
    level: float = 0.66,
) -> bytes:
    """Return music as an MP3.

    Args:
        seconds: Its length.
        rate: Sampling rate.
        channels: Number of channels.
        seed: Chooses the sound.
        mode: CONSTANT, VARIABLE or AVERAGE bit rate.
        level: 0 is the best quality, 1 the lowest.
    """
    out = io.BytesIO()
    kind: dict[str, Any] = {"bitrate_mode": mode, "compression_level": level}
    with soundfile.SoundFile(
        out, "w", rate, channels, "MPEG_LAYER_III", format="MP3", **kind
    ) as file:
        file.buffer_write(music(seconds, rate=rate, channels=channels, seed=seed), "int16")
    return out.getvalue()


def by_libsndfile(path: Path) -> "array[float]":
    """Return the samples of a sound as libsndfile decodes it, by mpg123 if it is an MP3."""
    samples = array("f")
    with soundfile.SoundFile(path) as file:
        block = bytearray(4 * file.channels * 65_536)
        # Without a header frame the length of an MP3 is an estimate, so a read may give less.
        while count := file.buffer_read_into(block, "float32"):
            samples.frombytes(block[: 4 * file.channels * count])
    return samples


def by_dr_mp3(path: Path) -> "array[float]":
    """Return the samples of an MP3 as dr_mp3 decodes it."""
    info = miniaudio.mp3_get_file_info(str(path))
    decoded = miniaudio.mp3_read_file_f32(str(path))
    assert (decoded.nchannels, decoded.sample_rate) == (info.nchannels, info.sample_rate)
    return array("f", decoded.samples)


def largest_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the largest distance between samples at the same place."""
    return max((abs(a - b) for a, b in zip(one, other, strict=False)), default=0.0)


def shift_of(
    sample: "array[float]", within: "array[float]", frame: int, *, reach: int, channels: int
) -> int:
    """Return how many frames from a place a sample is found.

    Args:
        sample: Samples that are looked for.
        within: Where to look.
        frame: The place, in frames.
        reach: How far to look, in frames.
        channels: Number of channels.
    """
    first = sample[:20]

    def difference(shift: int) -> float:
        at = (frame + shift) * channels
        return largest_difference(within[at : at + 20], first) if at >= 0 else math.inf

    return min(range(-reach, reach + 1), key=difference)


def largest_step(samples: Sequence[float], channels: int) -> float:
    """Return the largest distance between neighbouring samples of a channel."""
    return largest_difference(samples, samples[channels:])


def rms_db(samples: Sequence[float]) -> float:
    """Return the RMS in dBFS."""
    return 10 * math.log10(sum(value * value for value in samples) / len(samples) + 1e-12)
