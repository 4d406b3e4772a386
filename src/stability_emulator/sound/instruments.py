"""Synthesises the samples of each sound."""

import math
from array import array
from functools import lru_cache

from stability_emulator.scenery.prompt.vocabulary import chance
from stability_emulator.sound.melody import (
    CHANNELS,
    CHORDS,
    FIRST_CHORD,
    FRAME_SAMPLES,
    KICK,
    KICKED,
    NOTES,
    RATE,
    REST,
    SLOT_FRAMES,
    SNARE,
    SNARED,
)

SLOT_SAMPLES = SLOT_FRAMES * FRAME_SAMPLES
SAMPLE_BYTES = 2
LOUDNESS = 9_000
DRUM_LOUDNESS = 11_000
LEAD_SAMPLES = 600
"""Silence at the start of every sound, because an MP3 frame overlaps with the one before it."""
ATTACK_SAMPLES = 260
HARMONICS = ((1, 1.0), (2, 0.35), (3, 0.12))
TABLE = [
    sum(share * math.sin(math.tau * part * i / 2_048) for part, share in HARMONICS)
    for i in range(2_048)
]


@lru_cache(maxsize=REST + 1)
def samples_of(sound: int) -> bytes:
    """Return one slot of a sound as interleaved stereo samples."""
    levels = [0.0] * LEAD_SAMPLES + _levels(sound)[:-LEAD_SAMPLES]
    mono = array("h", map(round, levels))
    stereo = array("h", bytes(2 * CHANNELS * len(mono)))
    stereo[0::2] = mono
    stereo[1::2] = mono
    return stereo.tobytes()


def _levels(sound: int) -> list[float]:
    if sound == REST:
        return [0.0] * SLOT_SAMPLES
    if sound >= FIRST_CHORD:
        return _chord(CHORDS[sound - FIRST_CHORD])
    if sound in {KICK, SNARE}:
        return _kick() if sound == KICK else _snare()
    note = _note(NOTES[sound % len(NOTES)])
    if sound >= SNARED:
        return [one * 0.75 + other for one, other in zip(note, _snare(), strict=True)]
    if sound >= KICKED:
        return [one * 0.75 + other for one, other in zip(note, _kick(), strict=True)]
    return note


def _note(hertz: float) -> list[float]:
    step = hertz / RATE * 2_048
    levels = []
    for i in range(SLOT_SAMPLES):
        left = 1 - i / SLOT_SAMPLES
        levels.append(
            LOUDNESS * min(1.0, i / ATTACK_SAMPLES) * left * left * TABLE[int(i * step) % 2_048]
        )
    return levels


def _chord(notes: tuple[float, ...]) -> list[float]:
    steps = [hertz / RATE * 2_048 for hertz in notes]
    share = LOUDNESS * 0.55 / len(notes) ** 0.5
    return [
        share * sum(TABLE[int(i * step) % 2_048] for step in steps) for i in range(SLOT_SAMPLES)
    ]


def _kick() -> list[float]:
    """Return a sine that falls from 150 to 50 Hz and decays within a fifth of a second."""
    levels, phase = [], 0.0
    for i in range(SLOT_SAMPLES):
        age = i / RATE
        phase += math.tau * (50 + 100 * math.exp(-age * 28)) / RATE
        levels.append(DRUM_LOUDNESS * min(1.0, i / 60) * math.exp(-age * 16) * math.sin(phase))
    return levels


def _snare() -> list[float]:
    """Return slightly smoothed noise that decays within a tenth of a second."""
    noise = array("b", chance("snare").randbytes(SLOT_SAMPLES + 1))
    return [
        DRUM_LOUDNESS * 0.5 * math.exp(-i / RATE * 30) * (noise[i] + noise[i + 1]) / 200
        for i in range(SLOT_SAMPLES)
    ]
