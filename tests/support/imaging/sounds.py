"""Makes sounds of known loudness, silence and length, as arrays of samples."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import soundfile

Samples = Any
"""A NumPy array of samples from -1 to 1: one dimension for mono, two for several channels."""


def tone(seconds: float, rate: int, hertz: float = 440) -> Samples:
    """Return a sine with an RMS of 1."""
    return np.sqrt(2) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def noise(seconds: float, rate: int) -> Samples:
    """Return white noise with an RMS of 1."""
    return np.random.default_rng(7).normal(size=round(seconds * rate))


def music(seconds: float, rate: int) -> Samples:
    """Return chords with overtones that fade, and a drum, with an RMS of 1."""
    chance, count = np.random.default_rng(3), round(seconds * rate)
    found = np.zeros(count)
    for start in range(0, count, rate // 4):
        at = np.arange(min(rate, count - start)) / rate
        root = chance.choice([165, 196, 220, 277, 330])
        for step, gain in ((0.5, 0.9), (1, 1), (1.5, 0.6), (2, 0.5)):
            for overtone in range(1, 8):
                if root * step * overtone < rate / 2:
                    wave = np.sin(2 * np.pi * root * step * overtone * at)
                    found[start : start + len(at)] += gain / overtone * wave * np.exp(-3 * at)
        drum = np.arange(min(rate // 10, count - start)) / rate
        found[start : start + len(drum)] += 1.5 * chance.normal(size=len(drum)) * np.exp(-60 * drum)
    return found / np.std(found)


def speech(seconds: float, rate: int) -> Samples:
    """Return a voice of overtones in syllables, with hisses and pauses, with an RMS of 1."""
    at = np.arange(round(seconds * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * at)
    turns = np.cumsum(pitch) / rate
    formant = 500 + 200 * np.sin(2 * np.pi * 2.1 * at)
    voice = sum(
        (np.exp(-(((pitch * n - formant) / 150) ** 2)) + 0.02) * np.sin(2 * np.pi * turns * n)
        for n in range(1, min(30, rate // 400))
    )
    syllables = np.clip(np.sin(2 * np.pi * 3.5 * at), 0, 1) ** 0.7
    gusts = np.clip(np.sin(7 * np.pi * at + 2.5) - 0.6, 0, 1)
    hiss = np.diff(noise(seconds, rate), prepend=0) * gusts
    found = (voice / np.std(voice) * syllables + hiss) * (np.sin(2.2 * at) > -0.6)
    return found / np.std(found)


def clicks(seconds: float, rate: int) -> Samples:
    """Return short bursts of noise, which MP3 encodes in short blocks, with an RMS of 1."""
    chance, found = np.random.default_rng(5), np.zeros(round(seconds * rate))
    for start in range(0, len(found), rate // 5):
        burst = np.exp(-np.arange(min(300, len(found) - start)) / 60)
        found[start : start + len(burst)] += chance.normal(size=len(burst)) * burst
    return found / np.std(found)


SOUNDS: Mapping[str, Callable[[float, int], Samples]] = {
    "tone": tone,
    "noise": noise,
    "music": music,
    "speech": speech,
    "clicks": clicks,
}


def at_level(samples: Samples, decibel: float) -> Samples:
    """Return samples with an RMS of 1 at a level in dBFS."""
    return np.clip(samples * 10 ** (decibel / 20), -1, 1)


def padded(samples: Samples, rate: int, start: float, end: float) -> Samples:
    """Return samples with seconds of silence at the start and the end."""
    return np.concatenate([np.zeros(round(start * rate)), samples, np.zeros(round(end * rate))])


def encoded(samples: Samples, rate: int, form: str = "WAV", **options: Any) -> bytes:  # noqa: ANN401
    """Return samples as a file, written by libsndfile."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Samples:
    """Return the samples of a file by channel, read by libsndfile."""
    return soundfile.read(io.BytesIO(data), always_2d=True)[0]


def rms_db(samples: Samples) -> float:
    """Return the RMS in dBFS, computed by NumPy."""
    return float(10 * np.log10(np.mean(samples**2)))
