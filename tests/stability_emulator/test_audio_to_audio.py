"""Audio to audio: the requested parts of an uploaded sound are kept."""

import io
from array import array
from dataclasses import replace

import pytest
import soundfile

from stability_emulator.sound.audio import Remix, remixed

from .support_sounds import (
    RATE,
    crossings,
    heard,
    likeness,
    loudness,
    pulses,
    stored,
    tempo,
    wav,
)

SECONDS = 8
PART = (3.0, 5.0)
BEFORE, AFTER = slice(0, round(2.95 * RATE)), slice(round(5.05 * RATE), None)
INSIDE = slice(round(3.1 * RATE), round(4.9 * RATE))


WANTED = Remix(prompt="happy piano, 120 bpm", seed=3, seconds=SECONDS, form="wav")


def made(file: io.BytesIO, wanted: Remix) -> "array[int]":
    """Remix a sound, check the result's properties, and return its left channel."""
    media_type, pieces = remixed(wanted, file, "sent")
    info = soundfile.info(io.BytesIO(b"".join(pieces)))
    frames = round(wanted.seconds * RATE)
    assert (info.frames, info.samplerate, info.channels) == (frames, RATE, 2)
    assert media_type == {"mp3": "audio/mpeg", "wav": "audio/wav"}[wanted.form]
    return heard(pieces)


def as_mp3(samples: "array[int]", *, rate: int = RATE) -> io.BytesIO:
    """Return an MP3 file."""
    return stored(samples, "MP3", "MPEG_LAYER_III", rate=rate)


def apart(one: "array[int]", other: "array[int]") -> int:
    """Return the maximum difference of two sounds."""
    return max(abs(a - b) for a, b in zip(one, other, strict=False))


@pytest.fixture(scope="module")
def sent() -> "array[int]":
    """The samples of the uploaded sound."""
    return pulses(SECONDS)


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize("source", ["wav", "mp3", "low rate", "floating"])
@pytest.mark.parametrize("seconds", [6, 7.123, 11])
def test_the_length_is_exact_for_any_upload(
    source: str, form: str, seconds: float, sent: "array[int]"
) -> None:
    """Documented: `duration`, also if longer or shorter than the upload."""
    files = {
        "wav": lambda: wav(sent),
        "mp3": lambda: as_mp3(sent),
        "low rate": lambda: as_mp3(sent[::2], rate=RATE // 2),
        "floating": lambda: stored(sent, "WAV", "FLOAT"),
    }

    wanted = replace(WANTED, form=form, seconds=seconds)
    made(files[source](), replace(wanted, strength=0.5))
    made(files[source](), replace(wanted, replaced=(2, 3)))


def test_strength_0_returns_a_wav_unchanged(sent: "array[int]") -> None:
    """Documented: 0 leaves the input unchanged."""
    assert made(wav(sent), replace(WANTED, strength=0)) == sent


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize("strength", [0, 0.5])
def test_an_uploaded_mp3_does_not_affect_the_result(
    form: str, strength: float, sent: "array[int]"
) -> None:
    """Chosen: there is no MP3 decoder, so only the prompt determines the result."""
    other = pulses(SECONDS, every=0.31, hertz=700)
    wanted = replace(WANTED, form=form, strength=strength)

    result = made(as_mp3(sent), wanted)

    assert result == made(as_mp3(other), wanted)
    assert tempo(result) == pytest.approx(0.5, abs=0.02)


def test_strength_1_keeps_nothing_of_the_sound(sent: "array[int]") -> None:
    """Documented: 1 ignores the input."""
    other = pulses(SECONDS, every=0.31, hertz=700)

    for form in ("wav", "mp3"):
        wanted = replace(WANTED, form=form)
        assert made(wav(sent), wanted) == made(wav(other), wanted)


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_lower_strength_keeps_more_of_the_rhythm(form: str, sent: "array[int]") -> None:
    """Documented: `strength`; chosen: an MP3 result follows at least the loudness of a WAV."""
    rhythm = loudness(sent)

    low, high = (
        likeness(loudness(made(wav(sent), replace(WANTED, form=form, strength=share))), rhythm)
        for share in (0.2, 1)
    )

    assert low > 0.5
    assert low > high + 0.2


def test_inpainting_keeps_everything_outside_the_mask(sent: "array[int]") -> None:
    """Documented: the part from `mask_start` to `mask_end` is regenerated."""
    wanted = replace(WANTED, replaced=PART)

    result = made(wav(sent), wanted)

    assert apart(result[BEFORE], sent[BEFORE]) <= 1
    assert apart(result[AFTER], sent[AFTER]) <= 1
    assert likeness(result[INSIDE], sent[INSIDE]) < 0.5
    assert made(wav(sent), replace(wanted, seed=4))[INSIDE] != result[INSIDE]


def test_another_rate_keeps_the_pitch() -> None:
    """Chosen: other sampling rates are converted to 44.1 kHz."""
    low = pulses(SECONDS, rate=8_000, every=4, hertz=440)

    result = made(wav(low, rate=8_000), replace(WANTED, strength=0))

    assert crossings(result, 0.1, 1.1) == pytest.approx(440, rel=0.02)


def test_stereo_channels_stay_separate(sent: "array[int]") -> None:
    """Chosen: stereo isn't mixed down."""
    both = array("h", bytes(4 * len(sent)))
    both[0::2] = sent

    wanted = Remix(prompt="x", seed=1, seconds=SECONDS, form="wav", strength=0)
    _, pieces = remixed(wanted, wav(both, channels=2), "sent")
    decoded, _ = soundfile.read(io.BytesIO(b"".join(pieces)), dtype="int16")

    assert max(map(abs, array("h", decoded[:, 1].tobytes()))) == 0
    assert array("h", decoded[:, 0].tobytes()) == sent


def test_an_mp3_result_follows_the_melody_of_an_uploaded_wav() -> None:
    """Chosen: without an encoder, an MP3 plays the notes nearest to the WAV's."""
    melody = wav(pulses(SECONDS, every=2, hertz=440))

    result = made(melody, replace(WANTED, form="mp3", strength=0))

    assert crossings(result, 0.1, 0.25) == pytest.approx(440, rel=0.03)


@pytest.mark.parametrize("damage", [b"", b"\0" * 400, b"\xff" * 400])
@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_a_damaged_upload_still_gives_a_sound(damage: bytes, form: str, sent: "array[int]") -> None:
    """Chosen: no input may cause an internal error."""
    wanted = replace(WANTED, form=form)
    for file in (wav(sent), as_mp3(sent)):
        whole = file.getvalue()
        broken = io.BytesIO(whole[:5_000] + damage + whole[9_000:30_000])
        made(broken, replace(wanted, strength=0.3))
        made(broken, replace(wanted, replaced=(1, 2)))
