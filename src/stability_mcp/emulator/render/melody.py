"""Which notes are played when: a short phrase that follows from words and seed, and is repeated.

Notes are slots of `SLOT_FRAMES` MP3 frames, so that the same phrase can be written as WAV from
computed samples and as MP3 from recorded frames.
"""

from collections.abc import Sequence

from stability_mcp.emulator.render.palette import chance, words_of

RATE = 44_100
CHANNELS = 2
FRAME_SAMPLES = 1_152
SLOT_FRAMES = 14
SLOT_SAMPLES = SLOT_FRAMES * FRAME_SAMPLES
PHRASE_SLOTS = 16

NOTES = (220.0, 246.94, 261.63, 293.66, 329.63, 392.0, 440.0, 493.88, 523.25, 587.33, 659.26)
"""Frequencies in Hz, low to high: one scale that sounds sad from A and glad from C."""
REST = len(NOTES)
"""The slot in which nothing is played."""

SAD = (0, 2, 3, 4, 6, 8, 9)
GLAD = (2, 3, 4, 5, 8, 9, 10)
SAD_WORDS = frozenset({"sad", "dark", "melancholy", "minor", "slow", "night", "ambient", "rain"})
BUSY_WORDS = frozenset({"fast", "energetic", "techno", "dance", "drums", "upbeat", "rock"})
CALM_WORDS = frozenset({"calm", "slow", "ambient", "soft", "quiet", "sleep", "meditation"})


def phrase(prompt: str, seed: int, source: str = "") -> Sequence[int]:
    """Return the notes of a phrase: one number for each slot, `REST` for silence.

    Args:
        prompt: What is to be heard; some words make it sad, busy or calm.
        seed: Gives the tune.
        source: What tells the sounds apart that were sent with the request.
    """
    rng = chance("phrase", prompt, seed, source)
    words = set(words_of(prompt))
    scale = SAD if words & SAD_WORDS else rng.choice((SAD, GLAD))
    rests = 0.05 if words & BUSY_WORDS else 0.45 if words & CALM_WORDS else 0.2
    place = rng.randrange(len(scale))
    slots = []
    for index in range(PHRASE_SLOTS):
        place = max(0, min(len(scale) - 1, place + rng.choice((-2, -1, -1, 0, 1, 1, 2))))
        silent = index % 4 != 0 and rng.random() < rests
        slots.append(REST if silent else scale[place])
    return tuple(slots)
