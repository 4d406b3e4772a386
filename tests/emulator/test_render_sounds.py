"""What the emulator plays: of the length, tempo and key asked for, in both formats."""

import io

import pytest
import soundfile

from stability_mcp.emulator.render import sounds


@pytest.mark.parametrize("form", ["mp3", "wav"])
@pytest.mark.parametrize("seconds", [1, 1.5, 6.001, 47.9, 190])
def test_sound_has_exactly_the_length_asked_for(form: str, seconds: float) -> None:
    """Documented: the length; decoded by somebody else's decoder, to the sample."""
    _, pieces = sounds.play("rain on a roof", 4, seconds=seconds, form=form)

    told = soundfile.info(io.BytesIO(b"".join(pieces)))
    assert (told.frames, told.samplerate, told.channels) == (round(seconds * 44_100), 44_100, 2)


def test_mp3_and_wav_play_the_same_tune() -> None:
    """Chosen: recorded frames in any order give the sound that they were recorded from."""
    decoded = []
    for form in ("mp3", "wav"):
        _, pieces = sounds.play("rain", 4, seconds=12, form=form)
        decoded.append(soundfile.read(io.BytesIO(b"".join(pieces)))[0][:, 0])

    mp3, wav = decoded
    assert abs(mp3 - wav).max() < 0.08
    assert abs(wav).max() > 0.2


def test_another_seed_or_source_is_another_tune() -> None:
    """Documented: the seed; chosen: a sound that is sent has an effect."""

    def made(seed: int = 1, source: str = "") -> bytes:
        return b"".join(sounds.play("rain", seed, seconds=6, form="wav", source=source)[1])

    assert made() == made()
    assert len({made(), made(seed=2), made(source="other")}) == 3


def test_a_long_sound_takes_little_memory() -> None:
    """Chosen: the phrase is one piece, repeated."""
    _, pieces = sounds.play("rain", 4, seconds=380, form="wav")

    assert sum(map(len, pieces)) > 60_000_000
    assert sum(len(piece) for piece in {id(piece): piece for piece in pieces}.values()) < 3_000_000
