"""What the emulator makes of a sound that is sent: it keeps what it is to keep."""

import io
from array import array

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
    wav,
)

SECONDS = 8
PART = (3.0, 5.0)
BEFORE, AFTER = slice(0, round(2.95 * RATE)), slice(round(5.05 * RATE), None)
INSIDE = slice(round(3.1 * RATE), round(4.9 * RATE))


def made(  # noqa: PLR0913 -- what can be asked of a sound
    file: io.BytesIO,
    form: str,
    *,
    strength: float = 1,
    redone: tuple[float, float] | None = None,
    seconds: float = SECONDS,
    seed: int = 3,
) -> "array[int]":
    """Return the left channel of what is made of a sound."""
    wanted = Remix(
        prompt="happy piano, 120 bpm",
        seed=seed,
        seconds=seconds,
        form=form,
        strength=strength,
        redone=redone,
    )
    media_type, pieces = remixed(wanted, file, "sent")
    told = soundfile.info(io.BytesIO(b"".join(pieces)))
    assert (told.frames, told.samplerate, told.channels) == (round(seconds * RATE), RATE, 2)
    assert media_type == {"mp3": "audio/mpeg", "wav": "audio/wav"}[form]
    return heard(pieces)


def apart(one: "array[int]", other: "array[int]") -> int:
    """Return the largest difference of two sounds."""
    return max(abs(a - b) for a, b in zip(one, other, strict=False))


@pytest.fixture(scope="module")
def sent() -> "array[int]":
    """Return the samples that are sent."""
    return pulses(SECONDS)


@pytest.mark.parametrize("form", ["wav", "mp3"])
@pytest.mark.parametrize("source", ["wav", "mp3", "low rate", "floating"])
@pytest.mark.parametrize("seconds", [6, 7.123, 11])
def test_the_length_is_exact_whatever_is_sent(
    source: str, form: str, seconds: float, sent: "array[int]"
) -> None:
    """Documented: `duration`, also longer or shorter than what is sent."""
    files = {
        "wav": lambda: wav(sent),
        "mp3": lambda: stored(sent, "MP3", "MPEG_LAYER_III"),
        "low rate": lambda: stored(sent[::2], "MP3", "MPEG_LAYER_III", rate=RATE // 2),
        "floating": lambda: stored(sent, "WAV", "FLOAT"),
    }

    made(files[source](), form, strength=0.5, seconds=seconds)
    made(files[source](), form, redone=(2, 3), seconds=seconds)


def test_without_strength_a_wav_comes_back_to_the_sample(sent: "array[int]") -> None:
    """Documented: 0 leaves the input unchanged."""
    assert made(wav(sent), "wav", strength=0) == sent


def test_without_strength_an_mp3_comes_back_frame_by_frame(sent: "array[int]") -> None:
    """Documented: 0 leaves the input unchanged; chosen: its frames are copied."""
    file = stored(sent, "MP3", "MPEG_LAYER_III")
    decoded, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="int16")

    assert apart(made(file, "mp3", strength=0), array("h", decoded.tobytes())) <= 1


def test_with_full_strength_nothing_of_the_sound_is_left(sent: "array[int]") -> None:
    """Documented: 1 ignores the input."""
    other = pulses(SECONDS, every=0.31, hertz=700)

    for form in ("wav", "mp3"):
        assert made(wav(sent), form) == made(wav(other), form)


@pytest.mark.parametrize(
    ("source", "form"), [("wav", "wav"), ("mp3", "mp3"), ("wav", "mp3"), ("mp3", "wav")]
)
def test_the_rhythm_is_kept_the_more_the_lower_the_strength(
    source: str, form: str, sent: "array[int]"
) -> None:
    """Documented: `strength`; chosen: across formats, at least loudness is followed."""
    file = wav(sent) if source == "wav" else stored(sent, "MP3", "MPEG_LAYER_III")
    wanted = loudness(sent)

    low, high = (likeness(loudness(made(file, form, strength=share)), wanted) for share in (0.2, 1))

    assert low > 0.5
    assert low > high + 0.2


@pytest.mark.parametrize("source", ["wav", "mp3"])
def test_inpainting_keeps_what_is_outside_of_the_part(source: str, sent: "array[int]") -> None:
    """Documented: from `mask_start` to `mask_end` it is made anew."""
    file = wav(sent) if source == "wav" else stored(sent, "MP3", "MPEG_LAYER_III")
    decoded, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="int16")
    original = array("h", decoded.tobytes())

    result = made(file, source, redone=PART)

    assert apart(result[BEFORE], original[BEFORE]) <= 1
    assert apart(result[AFTER], original[AFTER]) <= 1
    assert likeness(result[INSIDE], original[INSIDE]) < 0.5
    assert made(file, source, redone=PART, seed=4)[INSIDE] != result[INSIDE]


def test_another_rate_keeps_the_pitch() -> None:
    """Chosen: what has another sampling rate is brought to 44.1 kHz."""
    low = pulses(SECONDS, rate=8_000, every=4, hertz=440)

    result = made(wav(low, rate=8_000), "wav", strength=0)

    assert crossings(result, 0.1, 1.1) == pytest.approx(440, rel=0.02)


def test_two_channels_stay_apart(sent: "array[int]") -> None:
    """Chosen: stereo is not mixed down."""
    both = array("h", bytes(4 * len(sent)))
    both[0::2] = sent

    wanted = Remix(prompt="x", seed=1, seconds=SECONDS, form="wav", strength=0)
    _, pieces = remixed(wanted, wav(both, channels=2), "sent")
    decoded, _ = soundfile.read(io.BytesIO(b"".join(pieces)), dtype="int16")

    assert max(map(abs, array("h", decoded[:, 1].tobytes()))) == 0
    assert array("h", decoded[:, 0].tobytes()) == sent


def test_a_melody_is_followed_across_formats() -> None:
    """Chosen: without an encoder an MP3 plays the nearest notes of what a WAV plays."""
    result = made(wav(pulses(SECONDS, every=2, hertz=440)), "mp3", strength=0)

    assert crossings(result, 0.1, 0.25) == pytest.approx(440, rel=0.03)


@pytest.mark.parametrize("damage", [b"", b"\0" * 400, b"\xff" * 400])
@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_damaged_sound_still_gives_a_sound(damage: bytes, form: str, sent: "array[int]") -> None:
    """Chosen: every input is hostile."""
    for file in (wav(sent), stored(sent, "MP3", "MPEG_LAYER_III")):
        whole = file.getvalue()
        broken = io.BytesIO(whole[:5_000] + damage + whole[9_000:30_000])
        made(broken, form, strength=0.3)
        made(broken, form, redone=(1, 2))
