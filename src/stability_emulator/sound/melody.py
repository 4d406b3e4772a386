"""Composes a short phrase from words and a seed; the writers repeat it.

Time runs in cells of one MP3 frame (26 ms), so that the same phrase can be written as WAV from
computed samples and as MP3 from recorded frames. One sound plays at a time; some are a note with a
drum, some a chord.
"""

import random
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from stability_emulator.scenery.prompt.vocabulary import chance, words_of

RATE = 44_100
CHANNELS = 2
FRAME_SAMPLES = 1_152
SLOT_FRAMES = 20
"""Frames of each recorded sound."""
PHRASE_STEPS = 16
"""Half-beats in a phrase."""

NOTES = (220.0, 246.94, 261.63, 293.66, 329.63, 392.0, 440.0, 493.88, 523.25, 587.33, 659.26)
"""Frequencies in Hz, low to high: a scale that is minor from A and major from C."""
KICKED, SNARED = len(NOTES), 2 * len(NOTES)
"""Index of the first note combined with a kick drum, and with a snare drum."""
KICK, SNARE = 3 * len(NOTES), 3 * len(NOTES) + 1
CHORDS = (
    (220.0, 261.63, 329.63),
    (174.61, 220.0, 261.63),
    (261.63, 329.63, 392.0),
    (196.0, 246.94, 293.66),
)
"""A minor, F, C and G."""
FIRST_CHORD = SNARE + 1
REST = FIRST_CHORD + len(CHORDS)
"""Index of the silent sound, which is the last one."""

SILENT = 48
FADE = (4, 9, 18)
"""Attenuation of the last cells of a shortened sound, in steps of 1.5 dB."""
SWELL = (14, 8, 5, 3, 2, 1)

TONICS: Mapping[str, int] = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "g": 5}
SAD_SCALE, GLAD_SCALE = (0, 2, 3, 4, 6, 8, 9), (2, 3, 4, 5, 8, 9, 10)
SAD_WORDS = frozenset({"sad", "dark", "melancholy", "melancholic", "minor", "gloomy", "tragic"})
GLAD_WORDS = frozenset({"happy", "glad", "major", "cheerful", "joyful", "bright", "uplifting"})
BUSY_WORDS = frozenset({"fast", "energetic", "upbeat", "driving", "lively", "allegro", "presto"})
CALM_WORDS = frozenset({"calm", "slow", "soft", "quiet", "sleep", "meditation", "adagio", "lento"})
DRUM_WORDS = frozenset({"drums", "drum", "techno", "dance", "rock", "house", "beat", "percussion"})
PAD_WORDS = frozenset({"ambient", "pad", "drone", "strings", "choir", "organ", "atmosphere"})
SHORT_WORDS = frozenset({"techno", "synth", "staccato", "pluck", "pizzicato", "chiptune"})
MIN_BPM, MAX_BPM = 40, 220


class Cell(NamedTuple):
    """The sound of one frame."""

    sound: int
    place: int
    """Index of the frame within the recorded sound."""
    steps: int
    """Attenuation in steps of 1.5 dB; `SILENT` or more is silence."""


SILENT_CELL = Cell(REST, 0, SILENT)


def phrase(prompt: str, seed: int, source: str = "") -> Sequence[Cell]:
    """Return the cells of a phrase.

    Args:
        prompt: The prompt; its words set tempo ("120 bpm"), mood, key and instruments.
        seed: Determines the tune.
        source: Identifies the sound uploaded with the request.
    """
    rng = chance("phrase", prompt, seed, source)
    words = frozenset(words_of(prompt))
    tempo = _tempo(prompt, words, rng)
    sad = bool(words & SAD_WORDS) or (not words & GLAD_WORDS and rng.random() < 0.5)
    starts = [round(step * step_frames(tempo)) for step in range(PHRASE_STEPS + 1)]
    if words & PAD_WORDS and not words & DRUM_WORDS:
        turn = rng.randrange(len(CHORDS))
        order = (0, 1, 2, 3) if sad else (2, 3, 0, 1)
        return [
            cell
            for part in range(4)
            for cell in _swelling(
                FIRST_CHORD + order[(part + turn * (part > 0)) % 4],
                starts[4 * part + 4] - starts[4 * part],
            )
        ]
    sounds = _tune(prompt, words, rng, sad=sad)
    gate = 0.55 if words & SHORT_WORDS else 1.0
    return [
        cell
        for step, sound in enumerate(sounds)
        for cell in _decaying(sound, starts[step + 1] - starts[step], gate)
    ]


def step_frames(tempo: float) -> float:
    """Return the length of half a beat in cells."""
    return 30 / tempo * RATE / FRAME_SAMPLES


def _tempo(prompt: str, words: frozenset[str], rng: random.Random) -> float:
    usual = rng.uniform(88, 116)
    if match := re.search(r"(\d{2,3})\s*bpm", prompt.casefold()):
        return min(MAX_BPM, max(MIN_BPM, int(match.group(1))))
    if words & (BUSY_WORDS | DRUM_WORDS):
        return rng.uniform(120, 144)
    return rng.uniform(60, 76) if words & (CALM_WORDS | PAD_WORDS) else usual


def _tune(prompt: str, words: frozenset[str], rng: random.Random, *, sad: bool) -> Sequence[int]:
    """Return one sound per half-beat: a random walk over the scale that returns to its start."""
    scale: tuple[int, ...] = SAD_SCALE if sad else GLAD_SCALE
    key = re.search(r"\b([a-g])[- ]?(?:sharp |flat )?(?:minor|major)\b", prompt.casefold())
    tonic = TONICS.get(key.group(1), scale[0]) if key else scale[0]
    scale = tuple(sorted({*scale, tonic}))
    rests = 0.05 if words & BUSY_WORDS else 0.45 if words & CALM_WORDS else 0.2
    place = scale.index(tonic)
    drums = bool(words & DRUM_WORDS)
    sounds = []
    for step in range(PHRASE_STEPS):
        note = tonic if step in {0, PHRASE_STEPS - 2} else scale[place]
        silent = step % 4 != 0 and rng.random() < rests
        struck = (KICKED, KICK) if step % 4 == 0 else (SNARED, SNARE) if step % 4 == 2 else None
        if drums and struck:
            sounds.append(struck[1] if silent else struck[0] + note)
        else:
            sounds.append(REST if silent else note)
        place = max(0, min(len(scale) - 1, place + rng.choice((-2, -1, -1, 0, 1, 1, 2))))
    return sounds


def _decaying(sound: int, length: int, gate: float) -> Sequence[Cell]:
    """Return the cells of a decaying sound, faded out if it is shortened."""
    if sound == REST:
        return [SILENT_CELL] * length
    heard = max(2, min(SLOT_FRAMES, round(length * gate)))
    heard = min(heard, length)
    fade = FADE[-max(1, heard - 1) :] if heard < SLOT_FRAMES else ()
    steps = [0] * (heard - len(fade)) + list(fade)
    cells = [Cell(sound, place, step) for place, step in enumerate(steps)]
    return cells + [SILENT_CELL] * (length - len(cells))


def _swelling(sound: int, length: int) -> Sequence[Cell]:
    """Return the cells of a chord that swells and fades repeatedly."""
    times = -(-length // SLOT_FRAMES)
    ends = [round(length * part / times) for part in range(times + 1)]
    cells = list[Cell]()
    for start, end in pairwise(ends):
        count = end - start
        steps = [0] * count
        for index, step in enumerate(SWELL[: count // 2]):
            steps[index] = steps[-1 - index] = step
        cells += [Cell(sound, place, step) for place, step in enumerate(steps)]
    return cells
