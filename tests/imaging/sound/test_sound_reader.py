"""The samples of a sound are read alike from every form it is stored in."""

import math
import struct
from array import array
from pathlib import Path

import pytest
import soundfile

from stability_mcp.imaging.containers.wav import wav_header
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound.sound_reader import SoundReader, open_sound
from support.imaging.formats_extra import without_formats

RATE, FRAMES = 44_100, 100_000


def tone(path: Path, subtype: str) -> Path:
    """Write a stereo tone of half the full scale, the right channel inverted."""
    values = [
        sign * 0.5 * math.sin(2 * math.pi * 441 * frame / RATE)
        for frame in range(FRAMES)
        for sign in (1, -1)
    ]
    kind = "MP3" if subtype.startswith("MPEG") else "WAV"
    with soundfile.SoundFile(path, "w", RATE, 2, subtype, format=kind) as file:
        file.buffer_write(array("f", values).tobytes(), "float32")
    return path


def read(sound: SoundReader) -> list[float]:
    """Return all samples, from -1 to 1."""
    data = b"".join(sound.blocks())
    full = 1 << (8 * sound.width - 1)
    parts = (data[at : at + sound.width] for at in range(0, len(data), sound.width))
    return [int.from_bytes(part, "little", signed=True) / full for part in parts]


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [
        ("PCM_U8", 0.01),
        ("PCM_16", 0.0001),
        ("PCM_24", 0.000001),
        ("PCM_32", 0.000001),
        ("FLOAT", 0.000001),
        ("DOUBLE", 0.000001),
        ("ALAW", 0.02),
        ("ULAW", 0.02),
    ],
)
def test_every_wav_gives_the_same_samples(tmp_path: Path, subtype: str, tolerance: float) -> None:
    """PCM, float, A-law and µ-law are read as the signed samples that were written."""
    path = tone(tmp_path / "tone.wav", subtype)
    sound = open_sound(path, probe(path))
    assert sound is not None
    assert (sound.rate, sound.channels, sound.frames) == (RATE, 2, FRAMES)
    samples = read(sound)
    assert len(samples) == 2 * FRAMES
    for frame in (0, 25, 50, 99_999):
        wanted = 0.5 * math.sin(2 * math.pi * 441 * frame / RATE)
        assert samples[2 * frame] == pytest.approx(wanted, abs=tolerance)
        assert samples[2 * frame + 1] == pytest.approx(-wanted, abs=tolerance)


def test_float_samples_beyond_the_full_scale_are_clipped(tmp_path: Path) -> None:
    """A float WAV can be louder than the full scale."""
    path = tmp_path / "loud.wav"
    with soundfile.SoundFile(path, "w", RATE, 1, "FLOAT", format="WAV") as file:
        file.buffer_write(struct.pack("<3f", 1.5, -1.5, 0.25), "float32")
    sound = open_sound(path, probe(path))
    assert sound is not None
    assert read(sound) == pytest.approx([1.0, -1.0, 0.25], abs=0.000001)


def test_an_mp3_is_decoded_by_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra, an MP3 has samples as loud as those that were encoded."""
    path = tone(tmp_path / "tone.mp3", "MPEG_LAYER_III")
    monkeypatch.setattr("stability_mcp.imaging.sound.sound_reader.is_installed", lambda: True)
    sound = open_sound(path, probe(path))
    assert sound is not None
    samples = read(sound)
    assert max(samples[20_000:]) == pytest.approx(0.5, abs=0.02)
    assert abs(len(samples) / 2 - FRAMES) < 2 * 1_152


def test_an_mp3_without_the_extra_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it there are none, and no error."""
    path = tone(tmp_path / "tone.mp3", "MPEG_LAYER_III")
    monkeypatch.setattr("stability_mcp.imaging.sound.sound_reader.is_installed", lambda: False)
    assert open_sound(path, probe(path)) is None


def test_part_of_a_sound_is_read_from_any_frame(tmp_path: Path) -> None:
    """A part has the bytes of the whole at that place, and stops at the end."""
    path = tone(tmp_path / "tone.wav", "PCM_24")
    sound = open_sound(path, probe(path))
    assert sound is not None
    whole = b"".join(sound.blocks())
    block = sound.width * sound.channels
    assert b"".join(sound.blocks(70_001, 90_000)) == whole[70_001 * block : 90_000 * block]
    assert b"".join(sound.blocks(99_990, 200_000)) == whole[99_990 * block :]


def test_a_block_of_many_channels_is_small(tmp_path: Path) -> None:
    """Chosen: a header can claim 65,535 channels; a block has 4 MB at most."""
    path, channels = tmp_path / "sound.wav", 60_000
    form = struct.pack("<HHIIHH", 1, channels, 8_000, 8_000 * channels, channels, 8)
    data = bytes(range(250)) * (240 * 100)
    path.write_bytes(wav_header(form, len(data)) + data)
    reader = open_sound(path, probe(path))
    assert reader is not None
    blocks = list(reader.blocks())
    assert (reader.frames, sum(map(len, blocks))) == (100, 2 * len(data))
    assert max(map(len, blocks)) <= 2 * 64 * 65_536


@pytest.mark.parametrize(("tag", "width"), [(3, 2), (3, 1), (6, 7), (7, 2)])
def test_samples_of_a_width_that_the_format_does_not_have_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: int, width: int
) -> None:
    """Documented (RFC 2361): float samples have 4 or 8 bytes, A-law and µ-law 1."""
    without_formats(monkeypatch)
    path = tmp_path / "sound.wav"
    form = struct.pack("<HHIIHH", tag, 1, 8_000, 8_000 * width, width, 8 * width)
    path.write_bytes(wav_header(form, 800 * width) + bytes(800 * width))
    assert open_sound(path, probe(path)) is None
