"""The picture of a sound: lanes, silence, clipping, levels, and the same bytes each time."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound.sound_preview import measure_file, sound_preview
from stability_mcp.imaging.sound.waveform import draw_waveform, length_text
from support.imaging.sounds import Samples, at_level, encoded, padded, tone

RATE = 44_100
SILENCE, PEAK, CLIPPED = (228, 226, 218), (141, 180, 238), (208, 48, 48)


def drawn(folder: Path, samples: Samples, width: int = 768) -> Image.Image:
    """Return the picture of samples."""
    path = folder / "sound.wav"
    path.write_bytes(encoded(samples, RATE))
    return draw_waveform(measure_file(path, probe(path)), width=width)


def columns(image: Image.Image, colour: tuple[int, int, int]) -> list[int]:
    """Return the columns that contain a colour."""
    found = np.all(np.asarray(image) == colour, axis=2).any(axis=0)
    return [int(each) for each in np.nonzero(found)[0]]


def test_silence_and_sound_are_where_they_are(tmp_path: Path) -> None:
    """A quarter of silence, a half of sound, a quarter of silence."""
    image = drawn(tmp_path, padded(at_level(tone(2, RATE), -9), RATE, 1, 1))
    sound, silence = columns(image, PEAK), columns(image, SILENCE)

    assert (sound[0], sound[-1]) == pytest.approx((8 + 188, 8 + 564), abs=4)
    assert silence[0] <= 9  # a line of the axis is at 8
    assert max(each for each in silence if each < 384) == pytest.approx(196, abs=4)


def test_a_pause_is_tinted_like_silence_at_the_ends(tmp_path: Path) -> None:
    """A quarter of sound, a half of silence, a quarter of sound."""
    part = at_level(tone(1, RATE), -9)
    silence = columns(drawn(tmp_path, np.concatenate([part, np.zeros(2 * RATE), part])), SILENCE)

    assert (silence[0], silence[-1]) == pytest.approx((8 + 188, 8 + 564), abs=4)


def test_the_height_of_the_waveform_is_the_level(tmp_path: Path) -> None:
    """Half of the full scale takes half of the lane."""
    image = drawn(tmp_path, np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE) / 2)
    rows = np.nonzero(np.all(np.asarray(image) == PEAK, axis=2).any(axis=1))[0]
    lane = 230 - 8 - 14 - 4 - (8 + 14 + 6)

    assert rows[-1] - rows[0] == pytest.approx(lane / 2, abs=4)


def test_only_clipped_sounds_have_red_marks(tmp_path: Path) -> None:
    """Marks are at the clipped columns."""
    samples = at_level(tone(4, RATE), -9)
    assert columns(drawn(tmp_path, samples), CLIPPED) == []
    samples[RATE : RATE + 1_000] = 1
    marks = columns(drawn(tmp_path, samples), CLIPPED)
    assert marks
    assert all(abs(each - (8 + 188)) < 6 for each in marks)


def test_equal_channels_share_a_lane(tmp_path: Path) -> None:
    """Two lanes for stereo, one for mono, equal channels and surround sound."""
    left = at_level(tone(1, RATE), -9)
    heights = {
        "mono": drawn(tmp_path, left).height,
        "equal": drawn(tmp_path, np.stack([left, left], 1)).height,
        "stereo": drawn(tmp_path, np.stack([left, left / 2], 1)).height,
        "surround": drawn(tmp_path, np.stack([left, left / 2, left / 3], 1)).height,
    }
    assert heights == {"mono": 230, "equal": 230, "stereo": 323, "surround": 230}


@pytest.mark.parametrize("seconds", [1 / RATE, 0.004, 1, 61])
@pytest.mark.parametrize("width", [300, 768, 1_024])
def test_every_length_and_width_can_be_drawn(tmp_path: Path, seconds: float, width: int) -> None:
    """From a single sample to more than a minute."""
    samples = np.resize(at_level(tone(1, RATE), -9), max(1, round(seconds * RATE)))
    assert drawn(tmp_path, samples, width).width == width


def test_the_picture_is_the_same_each_time(tmp_path: Path) -> None:
    """An MP3 is drawn from an estimate in other colours, within the bytes of a preview."""
    path = tmp_path / "sound.mp3"
    path.write_bytes(encoded(at_level(tone(2, RATE), -9), RATE, "MP3"))
    one, two = sound_preview(path), sound_preview(path)

    assert one.data == two.data
    assert len(one.data) < 65_536
    picture = Image.open(io.BytesIO(one.data)).convert("RGB")
    assert columns(picture, PEAK) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "40 ms"), (1, "1.0 s"), (59.96, "60.0 s"), (190.2, "3:10")]
)
def test_lengths_are_short_texts(seconds: float, text: str) -> None:
    """As a player shows them."""
    assert length_text(seconds) == text
