"""Files that the extra `[formats]` converts on import; without it they are refused."""

import io
import os
import random
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

import support.imaging.odd_pictures as odd
import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.convert import LIBRARIES, MAX_SECONDS, convert
from stability_mcp.imaging.formats import EXTRA
from stability_mcp.imaging.probe import probe
from support.imaging.extra import heic, installed_extra

MAX_DIFFERENCE = 4
"""Mean difference of 255: HEIC stores YCbCr."""
SIZE = (96, 64)
COUNT = int(os.environ.get("SOAK_MUTATIONS", "60"))
SHARE_OF_FLIPS = 0.7
MAX_TIME = 5
"""Seconds for one file."""


@pytest.fixture
def _extra() -> Iterator[None]:
    """Install the extra for a test."""
    with installed_extra():
        yield


def aiff(seconds: float = 1.0, subtype: str = "PCM_16") -> bytes:
    """Return an AIFF with a tone."""
    import numpy as np
    import soundfile

    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * 8_000)) / 8_000)
    buffer = io.BytesIO()
    soundfile.write(buffer, tone, 8_000, format="AIFF", subtype=subtype)
    return buffer.getvalue()


SOUNDS = {
    "AIFF": aiff(),
    "AIFF 24 bits": aiff(subtype="PCM_24"),
    "AIFF floating point": aiff(subtype="FLOAT"),
    "FLAC": make.sound(1.0, "FLAC"),
    "Ogg": make.sound(1.0, "OGG"),
}


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_picture_becomes_an_upright_png(orientation: int, tmp_path: Path) -> None:
    """Chosen: the pixels that viewers show, and no EXIF."""
    image = make.picture(SIZE)
    image.getexif()[make.ORIENTATION] = orientation
    path = make.save(tmp_path / "a.heic", heic(image, exif=make.exif(orientation)))

    assert convert(path) == "converted from HEIC to PNG"

    facts = probe(path)
    assert (facts.media_type, facts.orientation, facts.metadata) == ("image/png", 1, frozenset())
    with Image.open(path) as found:
        seen = ImageOps.exif_transpose(image)
        assert found.size == seen.size
        difference = ImageStat.Stat(ImageChops.difference(found.convert("RGB"), seen))
    assert max(difference.mean) <= MAX_DIFFERENCE


@pytest.mark.usefixtures("_extra")
def test_the_profile_and_transparency_of_a_heic_picture_are_kept(tmp_path: Path) -> None:
    """Chosen: colours are converted when the picture is fitted, as for other formats."""
    image = make.picture(SIZE, "RGBA")
    image.info["icc_profile"] = odd.profile("RGB", wide=True)
    path = make.save(tmp_path / "a.heic", heic(image))

    convert(path)

    with Image.open(path) as found:
        assert found.mode == "RGBA"
        assert found.getchannel("A").getextrema() == (0, 255)
        assert found.info["icc_profile"] == image.info["icc_profile"]


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_becomes_a_wav_of_the_same_length_and_loudness(name: str, tmp_path: Path) -> None:
    """Chosen: rate and channels stay; every sample has 16 bits."""
    import numpy as np
    import soundfile

    path = make.save(tmp_path / "a", SOUNDS[name])
    before, rate = soundfile.read(io.BytesIO(SOUNDS[name]))

    assert convert(path) == f"converted from {name.split(maxsplit=1)[0]} to WAV"

    facts = probe(path)
    assert (facts.media_type, facts.rate, facts.seconds) == ("audio/wav", rate, 1.0)
    after, _ = soundfile.read(path)
    assert np.abs(after - before).max() < 2 / 32_768


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_sound_that_lost_data_is_refused(name: str, share: float, tmp_path: Path) -> None:
    """Chosen: as for MP3 and WAV; nothing is left of the conversion."""
    path = make.save(tmp_path / "a", make.cut(SOUNDS[name], share))

    with pytest.raises(FileUnusableError, match=r"is (damaged|cut short)"):
        convert(path)

    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_heic_picture_that_lost_data_is_refused(share: float, tmp_path: Path) -> None:
    """Chosen: as for other pictures."""
    path = make.save(tmp_path / "a", make.cut(heic(make.picture(SIZE, noise=True)), share))

    with pytest.raises(FileUnusableError, match=r"is (damaged|cut short)"):
        convert(path)


@pytest.mark.usefixtures("_extra")
def test_too_large_files_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    """Chosen: a file of a few KB can claim gigabytes."""
    picture = bytearray(heic(make.picture(SIZE)))
    at = picture.index(b"ispe") + 8
    picture[at : at + 8] = (9_000).to_bytes(4, "big") * 2
    path = make.save(tmp_path / "a", bytes(picture))
    with pytest.raises(FileUnusableError, match=r"81 megapixels; the maximum is 25|is damaged"):
        convert(path)

    sound = make.save(tmp_path / "b", make.sound(MAX_SECONDS + 1, "FLAC", rate=8_000))
    with pytest.raises(FileUnusableError, match="The FLAC sound is too long to convert: 601 s"):
        convert(sound)


@pytest.mark.usefixtures("_extra")
def test_other_files_stay_as_they_are(tmp_path: Path) -> None:
    """Chosen: only what can't be used otherwise is converted."""
    for data in (make.png(), make.jpeg(), make.wav(0.1), make.mp3(0.2), b"", b"FORM"):
        path = make.save(tmp_path / "a", data)

        assert convert(path) is None
        assert path.read_bytes() == data


@pytest.mark.usefixtures("_extra")
def test_a_mutated_file_is_converted_or_refused(tmp_path: Path) -> None:
    """Chosen: no crash, no hang, and nothing but media is stored."""
    samples = [heic(make.picture(SIZE)), heic(make.picture(SIZE, "RGBA")), *SOUNDS.values()]
    outcomes = {"converted": 0, "refused": 0}
    for seed in range(COUNT):
        chance = random.Random(seed)  # noqa: S311 -- no secret
        data = bytearray(chance.choice(samples))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(12, min(len(data), 700))
            if chance.random() < SHARE_OF_FLIPS:
                data[at] ^= 1 << chance.randrange(8)
            else:
                data[at : at + chance.choice((0, 4, 50))] = chance.randbytes(4)
        path = make.save(tmp_path / "a", bytes(data))
        started = time.monotonic()
        try:
            outcome = "converted" if convert(path) else "untouched"
            assert outcome == "untouched" or probe(path).media_type in {"image/png", "audio/wav"}
        except FileUnusableError:
            outcome = "refused"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        assert time.monotonic() - started < MAX_TIME, seed
    assert min(outcomes["converted"], outcomes["refused"]) > COUNT / 10, outcomes


@pytest.mark.parametrize("name", SOUNDS)
def test_without_the_extra_nothing_is_converted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: soundfile by itself isn't the extra; another program may have installed it."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    assert convert(make.save(tmp_path / "a", SOUNDS[name])) is None


def test_the_extra_lists_the_libraries_that_are_looked_for() -> None:
    """Chosen: the command in the refusals installs what the code needs."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    listed = project["project"]["optional-dependencies"]["formats"]

    assert [each.partition(">")[0].replace("-", "_") for each in listed] == list(LIBRARIES)
    assert f'"{project["project"]["name"]}[formats]"' in EXTRA
