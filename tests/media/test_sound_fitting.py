"""Sounds are cut or reduced to an operation's limits, or refused, before anything is charged."""

import io
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from stability_emulator.forms import Upload
from stability_emulator.uploads import file_problems
from stability_mcp.api.fields import AudioLimits, File
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.riff import chunk
from stability_mcp.media.fitting import FITTED_FROM
from stability_mcp.media.inputs import PreparedInputs
from stability_mcp.media.sound_fitting import fit_sounds
from support.imaging.sample_files import mp3, wav
from support.media.media import NOW, Desk, desk

pytestmark = pytest.mark.anyio

FIELDS = [
    pytest.param(name, field, id=f"{name}-{field}")
    for name, row in OPERATIONS.items()
    for field, mark in row.file_fields().items()
    if isinstance(mark.limits, AudioLimits)
]


def mark_of(name: str, field: str) -> tuple[File, AudioLimits]:
    """Return the mark and the limits of a field that takes a sound."""
    mark = OPERATIONS[name].file_fields()[field]
    assert isinstance(mark.limits, AudioLimits)
    return mark, mark.limits


async def prepare(here: Desk, name: str, field: str, file: str) -> PreparedInputs:
    """Prepare a call with a sound."""
    part = {"mask_start": 0, "mask_end": 1} if name.endswith("inpaint") else {}
    arguments: dict[str, Any] = {field: file, "prompt": "rain", **part}
    return await here.prepare(name, **arguments)


def problems(data: bytes, mark: File) -> list[object]:
    """Return why the emulator rejects a sound."""
    return list(file_problems("audio", Upload(file=io.BytesIO(data), size=len(data)), mark))


@pytest.mark.parametrize(("name", "field"), FIELDS)
@pytest.mark.parametrize("over", [0.001, 1, 100])
async def test_a_wav_that_is_too_long_is_cut_and_accepted(
    name: str, field: str, over: float, tmp_path: Path
) -> None:
    """*Documented*: at most 190 or 380 seconds. *Chosen*: the start is kept, as the note says."""
    mark, limits = mark_of(name, field)
    async with desk(tmp_path) as here:
        here.file("s.wav", wav(limits.max_seconds + over, rate=1_000, channels=1))
        ready = await prepare(here, name, field, "s.wav")
        sent, source = ready.files[field], ready.sources[field]
        parents = await here.store.parents(sent.id)
        with wave.open(str(sent.path)) as sound:
            seconds = sound.getnframes() / sound.getframerate()
        assert here.spool() == []
        assert problems(sent.path.read_bytes(), mark) == []

    assert seconds == sent.seconds == limits.max_seconds
    assert (sent.origin, sent.label) == ("fitted", None)
    assert {role: item.id for role, item in parents.items()} == {FITTED_FROM: source.id}
    [note] = [each for each in ready.notes if "cut to" in each]
    assert note.startswith(
        f"{field}: cut to its first {limits.max_seconds:g} of {source.seconds:g} s "
        f"(limit {limits.max_seconds:g} s), faded out over the last 10 ms"
    )
    assert getattr(ready.operation, "duration", limits.max_seconds) == limits.max_seconds


@pytest.mark.parametrize(("name", "field"), FIELDS)
async def test_a_sound_at_the_limits_is_sent_unchanged(
    name: str, field: str, tmp_path: Path
) -> None:
    """*Documented*: 6 to 190 or 380 seconds, both included."""
    mark, limits = mark_of(name, field)
    async with desk(tmp_path) as here:
        for number, seconds in enumerate((limits.min_seconds, limits.max_seconds)):
            here.file(f"{number}.wav", wav(seconds, rate=1_000, channels=1))
            ready = await prepare(here, name, field, f"{number}.wav")
            assert ready.files[field] is ready.sources[field]
            assert problems(ready.files[field].path.read_bytes(), mark) == []


@pytest.mark.parametrize(("name", "field"), FIELDS)
async def test_a_sound_that_is_too_short_is_refused(name: str, field: str, tmp_path: Path) -> None:
    """*Chosen*: a loop would be other music; the API documents no padding."""
    _, limits = mark_of(name, field)
    async with desk(tmp_path) as here:
        here.file("s.wav", wav(limits.min_seconds - 0.5, rate=1_000, channels=1))
        with pytest.raises(FileUnusableError) as error:
            await prepare(here, name, field, "s.wav")

    assert f'{field}: "s" is {limits.min_seconds - 0.5} s long; it must be from' in str(error.value)
    assert "repeat this one in an audio editor" in error.value.hint


async def test_the_note_names_an_operation_that_accepts_the_whole_sound(tmp_path: Path) -> None:
    """*Documented*: Stable Audio 3 accepts 380 seconds."""
    async with desk(tmp_path) as here:
        here.file("s.wav", wav(200, rate=1_000, channels=1))
        ready = await prepare(here, "audio2_audio_to_audio", "audio", "s.wav")
        here.file("long.wav", wav(400, rate=1_000, channels=1))
        longer = await prepare(here, "audio2_audio_to_audio", "audio", "long.wav")

    assert "; audio3_audio_to_audio accepts the whole sound" in " ".join(ready.notes)
    assert "accepts the whole" not in " ".join(longer.notes)


async def test_a_long_mp3_is_cut_at_a_frame(tmp_path: Path) -> None:
    """*Chosen*: without decoding, so without loss."""
    mark, limits = mark_of("audio2_audio_to_audio", "audio")
    async with desk(tmp_path) as here:
        here.file("s.mp3", mp3(200, rate=8_000))
        ready = await prepare(here, "audio2_audio_to_audio", "audio", "s.mp3")
        sent = ready.files["audio"]
        assert problems(sent.path.read_bytes(), mark) == []

    assert sent.media_type == "audio/mpeg"
    assert limits.max_seconds - 0.3 < (sent.seconds or 0) <= limits.max_seconds
    assert "at an MP3 frame" in " ".join(ready.notes)


async def test_cutting_a_sound_twice_gives_the_same_item(tmp_path: Path) -> None:
    """*Chosen*: a repeated call is identical only if its input is the same item."""
    async with desk(tmp_path) as here:
        here.file("s.wav", wav(200, rate=1_000, channels=1))
        first = await prepare(here, "audio2_audio_to_audio", "audio", "s.wav")
        second = await prepare(here, "audio2_audio_to_audio", "audio", "s.wav")

    assert first.operation == second.operation


def deep_wav(seconds: int, width: int) -> bytes:
    """Return a silent WAV of 1,000 samples per second with this many bytes each."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(width)
        sound.setframerate(1_000)
        sound.writeframes(bytes(seconds * 1_000 * 2 * width))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("width", "limit", "outcome"),
    [
        (3, 50_000, "reduced from 24-bit to 16-bit samples (limit 0.0 MiB)"),
        (3, 30_000, None),
        (2, 30_000, None),
    ],
)
async def test_a_wav_that_is_too_large_is_reduced_if_that_is_enough(
    width: int, limit: int, outcome: str | None, tmp_path: Path
) -> None:
    """*Documented*: 50 MB for Stable Audio 2. *Chosen*: the sample rate and stereo are kept."""
    row: type[Operation] = OPERATIONS["audio2_audio_to_audio"]
    async with desk(tmp_path) as here:
        here.file("s.wav", deep_wav(10, width))
        found = await here.importer.import_file("s.wav", None)
        sounds = {"audio": found.item}

        async def fit() -> list[str]:
            fitted = await fit_sounds(row, sounds, here.store, max_bytes=limit, clock=lambda: NOW)
            assert fitted.files["audio"].bytes <= limit
            return fitted.notes

        if outcome is None:
            with pytest.raises(FileUnusableError, match=f"a request can hold {limit:,}"):
                await fit()
            assert here.spool() == []
        else:
            assert await fit() == [f"audio: {outcome}"]


async def test_an_mp3_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """*Chosen*: encoding it again would cost quality."""
    async with desk(tmp_path) as here:
        here.file("s.mp3", mp3(8))
        found = await here.importer.import_file("s.mp3", None)
        with pytest.raises(FileUnusableError, match="a request can hold 1,000") as error:
            await fit_sounds(
                OPERATIONS["audio2_audio_to_audio"],
                {"audio": found.item},
                here.store,
                max_bytes=1_000,
                clock=lambda: NOW,
            )
    assert "lower bit rate" in error.value.hint


def _tagged_wav() -> bytes:
    """Return a WAV with the name of its author, as a field recorder writes it."""
    info = chunk(b"LIST", b"INFO" + chunk(b"IART", b"Jane Doe\0"))
    inner = wav(7, rate=8_000)[12:] + chunk(b"bext", b"Jane Doe".ljust(602, b"\0")) + info
    return b"RIFF" + (4 + len(inner)).to_bytes(4, "little") + b"WAVE" + inner


def _tagged_mp3() -> bytes:
    """Return an MP3 with the name of its author before and behind its frames."""
    frame = b"TPE1" + (9).to_bytes(4, "big") + b"\0\0\0Jane Doe"
    tag = b"ID3\x03\0\0" + bytes((0, 0, 0, len(frame))) + frame
    return tag + mp3(7) + b"TAG" + b"Jane Doe".ljust(125, b"\0")


@pytest.mark.parametrize("make", [_tagged_wav, _tagged_mp3])
async def test_names_in_a_sound_are_not_sent(make: Callable[[], bytes], tmp_path: Path) -> None:
    """*Chosen*: as for pictures, nothing personal leaves; the sound itself is unchanged."""
    async with desk(tmp_path) as here:
        given = make()
        here.file("s.bin", given)
        ready = await prepare(here, "audio3_audio_to_audio", "audio", "s.bin")

        sent = ready.files["audio"].path.read_bytes()
        assert b"Jane Doe" in given
        assert b"Jane Doe" not in sent
        assert "audio: metadata removed before sending" in ready.notes
        before, after = (soundfile.read(io.BytesIO(each))[0] for each in (given, sent))
        assert np.array_equal(before, after)
        # The user's own file stays as it is, and the same input is the same item again.
        assert ready.sources["audio"].path.read_bytes() == given
        again = await prepare(here, "audio3_audio_to_audio", "audio", "s.bin")
        assert again.files["audio"].id == ready.files["audio"].id


async def test_a_sound_that_is_too_large_only_by_its_metadata_is_sent_without(
    tmp_path: Path,
) -> None:
    """*Chosen*: a large cover isn't a reason to refuse or to reduce a sound."""
    async with desk(tmp_path) as here:
        limit = OPERATIONS["audio2_audio_to_audio"].spec.max_body
        inner = wav(7, rate=8_000)[12:] + chunk(b"LIST", b"INFO" + bytes(limit))
        here.file("s.wav", b"RIFF" + (4 + len(inner)).to_bytes(4, "little") + b"WAVE" + inner)
        ready = await prepare(here, "audio2_audio_to_audio", "audio", "s.wav")

        assert ready.files["audio"].bytes < limit
        assert ready.files["audio"].seconds == 7
        assert any("metadata removed before sending" in each for each in ready.notes)
