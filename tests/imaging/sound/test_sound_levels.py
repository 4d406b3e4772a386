"""Levels of sounds of known loudness, silence and length, made and decoded by libsndfile."""

from pathlib import Path

import numpy as np
import pytest

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound.sound_levels import SoundLevels
from stability_mcp.imaging.sound.sound_preview import measure_file
from support.imaging.sounds import (
    SOUNDS,
    Samples,
    at_level,
    clicks,
    decoded,
    encoded,
    music,
    noise,
    padded,
    rms_db,
    tone,
)

RATE = 44_100
START, END = 0.3, 0.5
"""Seconds of silence."""


def measured(folder: Path, data: bytes) -> SoundLevels:
    """Return the levels of a file."""
    path = folder / "sound"
    path.write_bytes(data)
    return measure_file(path, probe(path))


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let MP3s be decoded, as with the extra."""
    monkeypatch.setattr("stability_mcp.imaging.sound.sound_reader.is_installed", lambda: True)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("level", [-6.0, -23.0])
def test_a_wav_is_measured_within_half_a_decibel_and_20_ms(
    tmp_path: Path, subtype: str, level: float
) -> None:
    """Peak, RMS, silence and length are those with which it was made."""
    body = at_level(tone(3, RATE), level)
    samples = padded(body, RATE, START, END)
    levels = measured(tmp_path, encoded(samples, RATE, subtype=subtype))

    assert levels.rms_db == pytest.approx(rms_db(samples), abs=0.5)
    assert levels.peak_db == pytest.approx(20 * np.log10(np.abs(samples).max()), abs=0.5)
    assert levels.seconds == pytest.approx(3 + START + END, abs=0.001)
    assert levels.silence_at_start == pytest.approx(START, abs=0.02)
    assert levels.silence_at_end == pytest.approx(END, abs=0.02)
    assert not levels.is_estimate


@pytest.mark.usefixtures("decoder")
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("rate", [24_000, RATE])
def test_a_decoded_mp3_is_measured_within_half_a_decibel_and_20_ms(
    tmp_path: Path, rate: int, mode: str
) -> None:
    """It is read in many blocks, and no frame is lost between them."""
    samples = padded(at_level(tone(10, rate, 1_000), -20), rate, START, END)
    data = encoded(samples, rate, "MP3", bitrate_mode=mode, compression_level=0.5)
    levels = measured(tmp_path, data)

    assert levels.rms_db == pytest.approx(rms_db(decoded(data)), abs=0.05)
    assert levels.rms_db == pytest.approx(rms_db(samples), abs=0.5)
    assert levels.silence_at_start == pytest.approx(START, abs=0.02)
    assert levels.silence_at_end == pytest.approx(END, abs=0.02)


def stereo(left: Samples, kind: str, rate: int) -> Samples:
    """Return mono, equal channels, or channels that differ."""
    if kind == "mono":
        return left
    right = left if kind == "equal" else np.roll(left, rate // 3) * 0.4
    return np.stack([left, right], 1)


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize(
    ("rate", "mode", "quality", "kind", "level"),
    [
        (44_100, "CONSTANT", 0.0, "differ", -12),
        (44_100, "CONSTANT", 0.9, "equal", -20),
        (48_000, "VARIABLE", 0.3, "differ", -40),
        (32_000, "AVERAGE", 0.5, "mono", -20),
        (24_000, "CONSTANT", 0.6, "differ", -20),
        (22_050, "VARIABLE", 0.7, "mono", -40),
        (16_000, "CONSTANT", 0.3, "equal", -12),
        (11_025, "CONSTANT", 0.5, "mono", -20),
        (8_000, "CONSTANT", 0.1, "mono", -20),
    ],
)
def test_an_mp3_is_estimated_without_a_decoder(  # noqa: PLR0913, PLR0917 -- its encoding
    tmp_path: Path, name: str, rate: int, mode: str, quality: float, kind: str, level: float
) -> None:
    """Within 1 dB of the decoded sound (3 dB would do), and silence within a frame.

    At the low rates of MPEG-2 it is a frame and 20 ms.
    """
    body = at_level(SOUNDS[name](0.8, rate), level)
    samples = stereo(padded(body, rate, START, END), kind, rate)
    data = encoded(samples, rate, "MP3", bitrate_mode=mode, compression_level=quality)
    levels = measured(tmp_path, data)

    assert levels.is_estimate
    truth = decoded(data)
    assert levels.rms_db == pytest.approx(rms_db(truth), abs=1)
    assert levels.seconds == pytest.approx(len(truth) / rate, abs=0.001)
    loud = np.nonzero(np.abs(truth).max(axis=1) > 0.001)[0]
    # A granule is heard over its neighbour too, and a frame of MPEG-2 has a single one.
    frame = 1_152 / rate if rate >= 32_000 else 576 / rate + 0.02
    assert levels.silence_at_start == pytest.approx(loud[0] / rate, abs=frame)
    assert levels.silence_at_end == pytest.approx((len(truth) - loud[-1]) / rate, abs=frame)
    assert levels.equal_channels == (kind == "equal")


def test_channels_of_an_mp3_are_estimated_apart(tmp_path: Path) -> None:
    """A quiet right channel differs from a loud left one, if they are encoded apart."""
    left, right = at_level(noise(2, RATE), -12), at_level(tone(2, RATE), -32)
    data = encoded(np.stack([left, right], 1), RATE, "MP3", compression_level=0.1)
    levels = measured(tmp_path, data)

    assert levels.channel_rms_db == pytest.approx([-12, -32], abs=2)


def test_a_long_mp3_is_estimated_from_some_of_its_frames(tmp_path: Path) -> None:
    """Short sounds between the decoded frames still end the silence."""
    body = at_level(clicks(60, RATE), -30)
    data = encoded(padded(body, RATE, 0.9, 0.4), RATE, "MP3", compression_level=0.6)
    levels = measured(tmp_path, data)

    truth = decoded(data)
    loud = np.nonzero(np.abs(truth[:, 0]) > 0.001)[0]
    assert levels.rms_db == pytest.approx(rms_db(truth), abs=1)
    assert levels.silence_at_start == pytest.approx(loud[0] / RATE, abs=0.04)
    assert levels.silence_at_end == pytest.approx((len(truth) - loud[-1]) / RATE, abs=0.04)


def test_a_cut_mp3_without_its_first_frames_is_estimated(tmp_path: Path) -> None:
    """Frames that refer to data that was cut off, and no header frame."""
    data = encoded(at_level(music(4, RATE), -18), RATE, "MP3", compression_level=0.7)
    levels = measured(tmp_path, data[data.index(b"\xff\xfb", len(data) // 2) :])

    assert levels.rms_db == pytest.approx(-18, abs=3)


def test_clipped_samples_are_counted_and_single_peaks_are_not(tmp_path: Path) -> None:
    """Runs of three at full scale, in either direction."""
    samples = np.zeros(RATE)
    samples[100], samples[200:202] = 1, 1
    samples[300:303], samples[400:405] = 1, -1
    samples[500:900] = -1 / 256  # its bytes look like a clipped sample at an odd position

    assert measured(tmp_path, encoded(samples, RATE, subtype="PCM_16")).clipped == 8
    assert measured(tmp_path, encoded(samples, RATE, subtype="FLOAT")).clipped == 8


def test_silence_is_silent(tmp_path: Path) -> None:
    """Digital silence, and noise below the threshold, in WAV and MP3."""
    for data in (
        encoded(np.zeros(RATE), RATE),
        encoded(np.zeros((RATE, 2)), RATE, "MP3"),
        encoded(at_level(noise(1, RATE), -80), RATE, subtype="PCM_24"),
        encoded(at_level(noise(1, RATE), -90), RATE, "MP3"),
    ):
        levels = measured(tmp_path, data)
        assert levels.is_silent
        assert levels.silence_at_start == levels.silence_at_end == levels.seconds


def test_channels_and_offset_are_measured(tmp_path: Path) -> None:
    """Each channel has a level; equal ones are noticed; so is a constant offset."""
    left = at_level(tone(1, RATE), -20)
    apart = measured(tmp_path, encoded(np.stack([left, left * 0.1 + 0.05], 1), RATE))
    equal = measured(tmp_path, encoded(np.stack([left] * 6, 1), RATE))

    assert apart.channels[0].offset == pytest.approx(0, abs=0.001)
    assert apart.offset == pytest.approx(0.05, abs=0.001)
    assert not apart.equal_channels
    assert equal.equal_channels
    assert len(equal.channels) == 6


def test_odd_sounds_are_measured(tmp_path: Path) -> None:
    """A single sample, a rate of 1 Hz, and more channels than are measured."""
    assert measured(tmp_path, encoded(np.array([0.5]), RATE)).peak_db == pytest.approx(-6, abs=0.1)
    assert len(measured(tmp_path, encoded(np.ones((50, 12)) / 2, RATE)).channels) == 8
    slow = bytearray(encoded(np.ones(100) / 2, RATE))
    slow[24:32] = (1).to_bytes(4, "little") + (2).to_bytes(4, "little")
    assert measured(tmp_path, bytes(slow)).seconds == 100


def test_a_sound_without_a_decoder_names_the_extra(tmp_path: Path) -> None:
    """Ogg isn't measured; the error says what to do."""
    with pytest.raises(FileUnusableError, match="OGG can't be decoded") as raised:
        measured(tmp_path, encoded(tone(1, RATE), RATE, "OGG"))
    assert "install stability-mcp[formats]" in raised.value.hint
