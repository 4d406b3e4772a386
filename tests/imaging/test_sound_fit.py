"""A sound is cut to a length, and a WAV reduced to 16 bits, without changing what is kept."""

import io
import math
import struct
import wave
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support.imaging.sample_files as make
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.mp3 import frame
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sound_fit import FADE_SECONDS, cut_mp3, fit_wav

RATE = 8_000
ENOUGH = 10_000_000
PCM, FLOAT, ALAW, MULAW, ADPCM = 1, 3, 6, 7, 2
SCALES = {(PCM, 1): 127, (PCM, 2): 32_767, (PCM, 3): 8_388_607, (PCM, 4): 2_147_483_647}


def raw(values: list[float], tag: int, width: int) -> bytes:
    """Return samples from -1 to 1 as stored."""
    if tag == FLOAT:
        return struct.pack(f"<{len(values)}{'f' if width == 4 else 'd'}", *values)
    scale = SCALES.get((tag, width), 127)
    middle = 128 if width == 1 else 0
    return b"".join(
        (round(value * scale) + middle).to_bytes(width, "little", signed=width > 1)
        for value in values
    )


def numbers(data: bytes, tag: int, width: int) -> list[float]:
    """Return stored samples as numbers from -1 to 1."""
    if tag == FLOAT:
        return list(struct.unpack(f"<{len(data) // width}{'f' if width == 4 else 'd'}", data))
    scale = SCALES[tag, width]
    middle = 128 if width == 1 else 0
    parts = (data[at : at + width] for at in range(0, len(data), width))
    return [(int.from_bytes(each, "little", signed=width > 1) - middle) / scale for each in parts]


def wav(frames: bytes, tag: int, width: int, channels: int = 1, *, extra: bytes = b"") -> bytes:
    """Return a WAV, with other chunks before its samples."""
    block = width * channels
    form = struct.pack("<HHIIHH", tag, channels, RATE, RATE * block, block, width * 8)
    chunks = struct.pack("<4sI", b"fmt ", len(form)) + form + extra
    chunks += struct.pack("<4sI", b"data", len(frames)) + frames + bytes(len(frames) & 1)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def samples_of(path: Path) -> bytes:
    """Return the bytes of the data chunk of a WAV that was written here."""
    data = path.read_bytes()
    at = data.index(b"data")
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    assert len(data) == at + 8 + length + (length & 1)
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    return data[at + 8 : at + 8 + length]


def tone(count: int) -> list[float]:
    """Return samples of a loud tone."""
    return [0.8 * math.sin(index / 7 + 1) for index in range(count)]


@pytest.mark.parametrize(
    ("tag", "width"), [(PCM, 1), (PCM, 2), (PCM, 3), (PCM, 4), (FLOAT, 4), (FLOAT, 8)]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_is_cut_at_a_frame_and_faded_out(
    tag: int, width: int, channels: int, tmp_path: Path
) -> None:
    """*Chosen*: what is kept has the same samples, and the end doesn't click."""
    values = tone(3 * RATE * channels)
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    whole = raw(values, tag, width)
    source.write_bytes(wav(whole, tag, width, channels, extra=b"LIST\x04\x00\x00\x00INFO"))

    fitted = fit_wav(source, target, max_seconds=2, max_bytes=ENOUGH)

    assert fitted is not None
    assert fitted.changes == ["cut to its first 2 of 3 s", "faded out over the last 10 ms"]
    facts = probe(target)
    assert (facts.seconds, facts.rate, facts.channels, facts.repairs) == (2, RATE, channels, ())
    kept, fade = samples_of(target), round(FADE_SECONDS * RATE) * channels * width
    assert len(kept) == 2 * RATE * channels * width
    assert kept[:-fade] == whole[: len(kept) - fade]
    before = numbers(whole[len(kept) - fade : len(kept)], tag, width)
    after = numbers(kept[-fade:], tag, width)
    assert abs(after[-1]) < 0.01
    gains = [1 - (index // channels + 1) / (fade / channels / width) for index in range(len(after))]
    tolerance = 0.01 if width == 1 else 0.001
    for quiet, loud, gain in zip(after, before, gains, strict=True):
        assert quiet == pytest.approx(loud * gain, abs=tolerance)


@given(frames=st.integers(1, 3_000), limit=st.floats(0.01, 0.4), channels=st.integers(1, 3))
@settings(max_examples=60)
def test_a_cut_wav_is_never_longer_than_the_limit(frames: int, limit: float, channels: int) -> None:
    """*Documented*: the API rejects a longer one."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.wav", Path(folder) / "b.wav"
        source.write_bytes(wav(bytes(frames * channels * 2), PCM, 2, channels))
        fitted = fit_wav(source, target, max_seconds=limit, max_bytes=ENOUGH)
        assert fitted is not None
        with wave.open(str(target)) as sound:
            assert sound.getnframes() == min(frames, int(limit * RATE))


@pytest.mark.parametrize("tag", [ALAW, MULAW])
def test_logarithmic_samples_are_cut_without_a_fade(tag: int, tmp_path: Path) -> None:
    """*Chosen*: a fraction of such a number isn't a fraction of the sound."""
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(wav(bytes(range(250)) * 100, tag, 1))

    fitted = fit_wav(source, target, max_seconds=2, max_bytes=ENOUGH)

    assert fitted is not None
    assert fitted.changes == ["cut to its first 2 of 3.125 s"]
    assert samples_of(target) == (bytes(range(250)) * 100)[: 2 * RATE]


def test_a_compressed_wav_is_not_cut(tmp_path: Path) -> None:
    """*Chosen*: its samples can't be counted."""
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(wav(bytes(30_000), ADPCM, 1))
    assert fit_wav(source, target, max_seconds=1, max_bytes=ENOUGH) is None
    assert not target.exists()


@pytest.mark.parametrize(("tag", "width"), [(PCM, 3), (PCM, 4), (FLOAT, 4), (FLOAT, 8)])
def test_a_wav_that_is_too_large_is_reduced_to_16_bits(
    tag: int, width: int, tmp_path: Path
) -> None:
    """*Chosen*: the difference is inaudible; stereo and the sample rate are kept."""
    values = [*tone(2 * RATE), 1.0, -1.0, 0.0, 1e-6] + ([1.7, -1.7] if tag == FLOAT else [])
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(wav(raw(values, tag, width), tag, width, 2))
    limit = len(values) * 2 + 100

    fitted = fit_wav(source, target, max_seconds=60, max_bytes=limit)

    assert fitted is not None
    kind = " float" if tag == FLOAT else ""
    assert fitted.changes == [f"reduced from {width * 8}-bit{kind} to 16-bit samples"]
    assert target.stat().st_size <= limit
    facts = probe(target)
    assert (facts.rate, facts.channels, facts.repairs) == (RATE, 2, ())
    for new, old in zip(numbers(samples_of(target), PCM, 2), values, strict=True):
        assert new == pytest.approx(max(-1, min(1, old)), abs=2 / 32_767)


@pytest.mark.parametrize(("tag", "width"), [(PCM, 2), (PCM, 3), (MULAW, 1)])
def test_a_wav_that_is_too_large_even_so_is_refused(tag: int, width: int, tmp_path: Path) -> None:
    """*Chosen*: another sample rate or fewer channels would change the sound."""
    source, target = tmp_path / "a.wav", tmp_path / "b.wav"
    source.write_bytes(wav(bytes(width * RATE), tag, width))

    with pytest.raises(FileUnusableError, match=r"The WAV has .* a request can hold 500") as error:
        fit_wav(source, target, max_seconds=60, max_bytes=500)
    assert "Export it as MP3" in error.value.hint
    assert not target.exists()


@pytest.mark.parametrize("seconds", [1.0, 2.5, 6.0])
@pytest.mark.parametrize("tagged", [False, True])
def test_an_mp3_is_cut_at_a_frame(seconds: float, tagged: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """*Chosen*: whole frames are kept as they are; a decoder agrees about the length."""
    import soundfile

    source, target = tmp_path / "a.mp3", tmp_path / "b.mp3"
    data = make.mp3(8)
    source.write_bytes(make.id3(data) if tagged else data)

    fitted = cut_mp3(source, target, max_seconds=seconds)

    facts = probe(target)
    assert facts.seconds == pytest.approx(fitted.seconds, abs=0.001)
    assert seconds - 0.06 < fitted.seconds <= seconds
    assert "of 8 s, at an MP3 frame" in fitted.changes[0]
    frames = target.read_bytes()
    assert frames[1_000:] in data
    decoded, rate = soundfile.read(io.BytesIO(frames))
    # The decoder skips the 529 samples of its own delay.
    assert len(decoded) / rate == pytest.approx(fitted.seconds, abs=530 / rate)
    whole, _ = soundfile.read(io.BytesIO(data))
    assert abs(decoded - whole[: len(decoded)]).max() < 0.5 / 32_768


def test_an_mp3_without_a_header_frame_is_cut(tmp_path: Path) -> None:
    """*Chosen*: old encoders and streams write only frames of sound."""
    source, target = tmp_path / "a.mp3", tmp_path / "b.mp3"
    data = make.mp3(8)
    first = frame(data[:4])
    assert first is not None
    source.write_bytes(data[first.size :])

    fitted = cut_mp3(source, target, max_seconds=2)

    assert probe(target).seconds == pytest.approx(fitted.seconds, abs=0.001)
    assert 1.97 < fitted.seconds <= 2
    assert target.read_bytes() == data[first.size :][: target.stat().st_size]


SMALL_FRAME = b"\xff\xf3\x14\xc0" + bytes(20)
"""A frame of MPEG 2, 8 kbit/s and 24 kHz: too short for a whole header."""


@pytest.mark.parametrize("fields", [bytes(4) + b"LAM", b"\x00\x00\x00\x0f"])
def test_an_mp3_with_a_header_frame_that_is_too_short_is_cut(fields: bytes, tmp_path: Path) -> None:
    """Chosen: only the header is damaged, so the sound is used."""
    source, target = tmp_path / "a.mp3", tmp_path / "b.mp3"
    header = (SMALL_FRAME[:13] + b"Xing" + fields).ljust(len(SMALL_FRAME), b"\x00")
    source.write_bytes(header + SMALL_FRAME * 100)

    fitted = cut_mp3(source, target, max_seconds=1)

    assert fitted.seconds <= 1
    assert target.stat().st_size % len(SMALL_FRAME) == 0
    assert target.read_bytes()[len(header) :] == SMALL_FRAME * (target.stat().st_size // 24 - 1)
