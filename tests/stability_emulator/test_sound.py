"""Generated sounds have the requested length, tempo and key, in both formats."""

import io

import pytest
import soundfile

from stability_emulator.sound import audio
from stability_emulator.sound.melody import (
    CHORDS,
    FIRST_CHORD,
    FRAME_SAMPLES,
    KICKED,
    NOTES,
    RATE,
    phrase,
    step_frames,
)

from .support_sounds import crossings, heard, info_of, likeness, loudness, tempo


@pytest.mark.parametrize("form", ["mp3", "wav"])
@pytest.mark.parametrize("seconds", [1, 1.5, 6.001, 47.9, 190])
def test_sound_has_exactly_the_requested_length(form: str, seconds: float) -> None:
    """Documented: the length; exact to the sample according to libsndfile."""
    _, pieces = audio.play("rain on a roof", 4, seconds=seconds, form=form)

    info = soundfile.info(io.BytesIO(b"".join(pieces)))
    assert (info.frames, info.samplerate, info.channels) == (round(seconds * 44_100), 44_100, 2)


@pytest.mark.parametrize(
    "prompt", ["slow sad piano", "120 bpm", "techno with drums", "ambient pad", "happy, fast"]
)
def test_mp3_and_wav_play_the_same_tune(prompt: str) -> None:
    """Chosen: recorded frames in any order reproduce the sound of their recording."""
    mp3, wav = (heard(audio.play(prompt, 4, seconds=8, form=form)[1]) for form in ("mp3", "wav"))

    assert likeness(mp3, wav) > 0.95
    assert max(wav) > 6_000


def test_another_seed_or_source_gives_another_tune() -> None:
    """Documented: the seed; chosen: an uploaded sound has an effect."""

    def made(seed: int = 1, source: str = "") -> bytes:
        return b"".join(audio.play("rain", seed, seconds=6, form="wav", source=source)[1])

    assert made() == made()
    assert len({made(), made(seed=2), made(source="other")}) == 3


def test_a_long_sound_takes_little_memory() -> None:
    """Chosen: the phrase is one piece, repeated."""
    _, pieces = audio.play("rain", 4, seconds=380, form="wav")

    assert sum(map(len, pieces)) > 60_000_000
    assert sum(len(piece) for piece in {id(piece): piece for piece in pieces}.values()) < 3_000_000


@pytest.mark.parametrize("beats", [80, 100, 120, 140])
def test_the_tempo_of_the_prompt_is_used(beats: int) -> None:
    """Chosen: the loudness repeats after half a beat or a multiple of it."""
    samples = heard(audio.play(f"drums, {beats} BPM", 3, seconds=12, form="wav")[1])

    halves = tempo(samples) / (30 / beats)
    assert abs(halves - round(halves)) < 0.1 * max(1, round(halves))


def test_words_set_the_tempo() -> None:
    """Chosen: without a number, words determine the tempo."""
    slow, fast = (
        len(phrase(words, 1)) * FRAME_SAMPLES / RATE for words in ("slow, calm", "fast, energetic")
    )

    assert slow > 1.5 * fast


def test_sad_and_happy_are_minor_and_major() -> None:
    """Chosen: a minor tune starts on A, a major one on C."""
    for seed in range(8):
        sad, glad = (phrase(f"{mood} piano", seed)[0].sound for mood in ("sad", "happy"))
        assert (NOTES[sad], NOTES[glad]) == (220.0, 261.63)


@pytest.mark.parametrize(
    ("key", "hertz"), [("D minor", 293.66), ("E minor", 329.63), ("G major", 392.0)]
)
def test_a_tune_starts_on_the_tonic_of_the_named_key(key: str, hertz: float) -> None:
    """Chosen: the first note is the tonic of the key."""
    samples = heard(audio.play(f"slow piano in {key}", 2, seconds=4, form="wav")[1])

    assert crossings(samples, 0.05, 0.25) == pytest.approx(hertz, rel=0.03)


def test_drums_play_on_the_beat() -> None:
    """Chosen: with drums, the first cell of a bar combines a note and a drum."""
    with_drums, without = (phrase(words, 2)[0].sound for words in ("rock with drums", "piano"))

    assert with_drums >= KICKED
    assert without < KICKED


def test_ambient_sound_has_no_gaps_and_swells() -> None:
    """Chosen: swelling chords instead of notes."""
    cells = phrase("ambient drone", 5)

    assert {cell.sound for cell in cells} <= set(range(FIRST_CHORD, FIRST_CHORD + len(CHORDS)))
    levels = loudness(heard(audio.play("ambient drone", 5, seconds=6, form="wav")[1]))
    assert sum(level < 300 for level in levels) < 0.2 * len(levels)


@pytest.mark.parametrize("beats", [40, 97, 220])
def test_a_phrase_is_a_whole_number_of_half_beats(beats: int) -> None:
    """Chosen: the repetition stays in time, to a frame."""
    assert len(phrase(f"{beats} bpm", 1)) == round(16 * step_frames(beats))


def test_both_formats_are_marked_as_emulated() -> None:
    """Chosen: the sound can't be mistaken for a real one."""
    mp3, wav = (b"".join(audio.play("rain", 1, seconds=2, form=form)[1]) for form in ("mp3", "wav"))

    assert b"TXXX" in mp3[:64]
    assert b"EMULATED" in mp3[:64]
    assert info_of(wav) == "EMULATED"
