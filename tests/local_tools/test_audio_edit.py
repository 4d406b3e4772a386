"""audio_edit through a client; results are decoded by soundfile and compared with the source."""

import math
import re
from array import array
from pathlib import Path
from typing import Any

import pytest
import soundfile
from mcp import Client
from mcp.types import CallToolResult

import support.imaging.sample_files as make
from stability_mcp.local_tools.audio_edit import parse_time
from stability_mcp.server.plain_results import FACTS
from support.imaging.formats_extra import with_formats, without_formats
from support.imaging.music import (
    by_libsndfile,
    encoded,
    largest_difference,
    music,
    rms_db,
    save,
)
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio

RATE = 8_000
"""A low rate keeps the tests fast."""
SECONDS = 2.0
SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW")


def sound(path: Path, subtype: str = "PCM_16", *, rate: int = RATE, channels: int = 2) -> Path:
    """Write two seconds of music."""
    samples = music(SECONDS, rate=rate, channels=channels)
    return save(path, samples, rate=rate, channels=channels, subtype=subtype)


def tone(path: Path, level: float, *, channels: int = 1, seconds: float = SECONDS) -> Path:
    """Write a tone of 440 Hz; `level` is its peak."""
    values = array("h")
    for frame in range(round(seconds * RATE)):
        value = round(32_767 * level * math.sin(2 * math.pi * 440 * frame / RATE))
        values.extend([value] * channels)
    return save(path, values.tobytes(), rate=RATE, channels=channels)


async def edited(client: Client, sounds: object, **more: object) -> tuple[Path, CallToolResult]:
    """Edit sounds, and return the readable copy of the result."""
    answer = fine(await client.call_tool("audio_edit", {"sounds": sounds, **more}))
    return Path(facts(answer)["media"][0]["path"]), answer


def raw(path: Path) -> bytes:
    """Return the bytes of a WAV's samples."""
    data = path.read_bytes()
    start = data.index(b"data") + 8
    return data[start : start + int.from_bytes(data[start - 4 : start], "little")]


def form(path: Path) -> tuple[int, int, str, int]:
    """Return rate, channels, kind of samples and number of frames."""
    with soundfile.SoundFile(path) as file:
        return file.samplerate, file.channels, file.subtype, file.frames


@pytest.mark.parametrize("subtype", SUBTYPES)
async def test_trim_join_and_repeat_copy_every_bit(subtype: str, tmp_path: Path) -> None:
    """Chosen: whatever the kind of samples, and the format stays."""
    source = raw(sound(tmp_path / "a.wav", subtype))
    frame = len(source) // round(SECONDS * RATE)
    async with connected(tmp_path) as client:
        cut, _ = await edited(client, "a.wav", start=0.5, end="0:01.25", label="cut")
        twice, _ = await edited(client, ["cut", "a.wav"], label="both", preview="none")
        looped, answer = await edited(client, "cut", repeat_to=2, preview="none")

    assert form(cut) == (RATE, 2, subtype, 6_000)
    section = source[4_000 * frame : 10_000 * frame]
    assert raw(cut) == section
    assert raw(twice) == section + source
    assert raw(looped) == section * 2 + section[: 4_000 * frame]
    assert "samples copied bit for bit" in text(answer)


@pytest.mark.parametrize("subtype", SUBTYPES)
async def test_a_gap_is_silence_of_the_same_kind(subtype: str, tmp_path: Path) -> None:
    """Documented (G.711, RIFF): the byte of silence depends on the kind of samples."""
    sound(tmp_path / "a.wav", subtype)
    async with connected(tmp_path) as client:
        path, _ = await edited(client, "a.wav", repeat=2, gap=0.5)

    samples = by_libsndfile(path)
    assert len(samples) == round(2 * (2 * SECONDS + 0.5) * RATE)
    middle = samples[2 * round(SECONDS * RATE) : 2 * round((SECONDS + 0.5) * RATE)]
    assert max(map(abs, middle)) < 0.001


async def test_fades_are_straight_lines_and_leave_the_rest_untouched(tmp_path: Path) -> None:
    """Chosen: each sample is rounded once."""
    source = by_libsndfile(sound(tmp_path / "a.wav"))
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", fade_in="500 ms", fade_out=1)

    assert form(path) == (RATE, 2, "PCM_16", 16_000)
    samples = by_libsndfile(path)
    wanted = [
        value * min(1.0, index // 2 / 4_000) * min(1.0, (16_000 - index // 2) / 8_000)
        for index, value in enumerate(source)
    ]
    assert largest_difference(samples, wanted) <= 0.51 / 32_768
    assert samples[8_000:16_000] == source[8_000:16_000]
    assert "fade_out: the last 1 s, from 1 s" in text(answer)


async def test_a_crossfade_keeps_the_power(tmp_path: Path) -> None:
    """Chosen: two sounds that differ are as loud in the middle as before and after."""
    tone(tmp_path / "low.wav", 0.5)
    values = array(
        "h", [round(16_384 * math.sin(2 * math.pi * 700 * n / RATE)) for n in range(16_000)]
    )
    save(tmp_path / "high.wav", values.tobytes(), rate=RATE, channels=1)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, ["low.wav", "high.wav"], crossfade=1)

    samples = by_libsndfile(path)
    assert len(samples) == 3 * RATE
    levels = [rms_db(samples[at : at + 800]) for at in range(0, len(samples), 800)]
    assert max(levels) - min(levels) < 0.5
    assert "join: 2 + 2 s, 1 s crossfade = 3 s" in text(answer)


async def test_repeats_with_a_crossfade_have_the_length_that_is_stated(tmp_path: Path) -> None:
    """Chosen: each repeat overlaps the one before."""
    sound(tmp_path / "a.wav")
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", repeat=3, crossfade=0.5)
        looped, _ = await edited(client, "a.wav", repeat_to=4.25, crossfade=0.5)

    assert form(path)[3] == 5 * RATE
    assert form(looped)[3] == 4.25 * RATE
    assert "repeat: 3 times, 0.5 s crossfade, 2 s to 5 s" in text(answer)


async def test_loudness_is_reached_exactly(tmp_path: Path) -> None:
    """Documented (dBFS): 0 is a square wave of full scale, so a sine is 3 dB below its peak."""
    tone(tmp_path / "a.wav", 0.1)
    tone(tmp_path / "other.wav", 0.25)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", loudness="-12")
        same, other = await edited(client, "a.wav", loudness="other.wav")
        number, _ = await edited(client, "a.wav", loudness=-30)

    assert rms_db(by_libsndfile(path)) == pytest.approx(-12, abs=0.05)
    assert "loudness: RMS -23.0 to -12.0 dBFS (+11.0 dB), peak at -9.0 dBFS" in text(answer)
    assert "level: peak -9.0 dBFS, RMS -12.0 dBFS" in text(answer)
    assert (answer.meta or {})[FACTS]["rms_dbfs"] == pytest.approx(-12, abs=0.05)
    assert rms_db(by_libsndfile(same)) == pytest.approx(-15.05, abs=0.05)
    assert 'loudness of "other": -15.1 dBFS RMS' in text(other)
    assert rms_db(by_libsndfile(number)) == pytest.approx(-30, abs=0.05)


async def test_loudness_never_clips_and_the_answer_says_what_limited_it(tmp_path: Path) -> None:
    """Chosen: the peak stays at -1 dBFS."""
    tone(tmp_path / "a.wav", 0.1)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", loudness="-2 dBFS")
        loudest, other = await edited(client, "a.wav", loudness="Peak")

    for each in (path, loudest):
        assert 20 * math.log10(max(by_libsndfile(each))) == pytest.approx(-1, abs=0.05)
    assert "limited by the peak, -2.0 would clip" in text(answer)
    assert "limited" not in text(other)


async def test_channels_are_mixed_and_doubled(tmp_path: Path) -> None:
    """Chosen: mono is the mean of both sides."""
    source = by_libsndfile(sound(tmp_path / "a.wav"))
    async with connected(tmp_path) as client:
        mono, answer = await edited(client, "a.wav", channels="mono", label="mono")
        stereo, _ = await edited(client, "mono", channels="stereo")
        _, unchanged = await edited(client, "mono", channels="mono", end=1)

    mean = [(left + right) / 2 for left, right in zip(source[::2], source[1::2], strict=True)]
    samples = by_libsndfile(mono)
    assert largest_difference(samples, mean) <= 0.51 / 32_768
    doubled = by_libsndfile(stereo)
    assert doubled[::2] == doubled[1::2] == samples
    assert "channels: stereo to mono, the mean of all channels" in text(answer)
    assert "channels: already mono" in text(unchanged)


async def test_sounds_of_different_forms_get_the_best_of_both(tmp_path: Path) -> None:
    """Chosen: the highest rate, the most channels and the most bits, and the answer says so."""
    tone(tmp_path / "a.wav", 0.5)
    sound(tmp_path / "b.wav", "PCM_24", rate=11_025)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, ["a.wav", "b.wav"])

    assert form(path) == (11_025, 2, "PCM_24", 44_100)
    samples = by_libsndfile(path)
    assert rms_db(samples[2_000:40_000]) == pytest.approx(-9, abs=0.1)
    assert samples[44_100:] == by_libsndfile(tmp_path / "b.wav")
    assert "channels: mono to stereo, the same on both sides" in text(answer)
    assert "sampling rate: 8,000 to 11,025 Hz" in text(answer)
    assert "WAV written with 24 bits per sample" in text(answer)


async def test_silence_at_both_ends_is_removed(tmp_path: Path) -> None:
    """Chosen: within the 10 ms in which silence is measured, and the rest bit for bit."""
    silence = bytes(2 * RATE)
    heard = array("h", [8_000, -8_000] * RATE).tobytes()
    save(tmp_path / "a.wav", silence + heard + silence, rate=RATE, channels=1)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", trim_silence=True)

    assert form(path)[3] == pytest.approx(2 * RATE, abs=160)
    assert heard[1_000:-1_000] in raw(path)
    removed = re.search(r"trim_silence: (\S+) s removed at the start and (\S+) s at", text(answer))
    assert removed is not None
    assert [float(each) for each in removed.groups()] == pytest.approx([1, 1], abs=0.01)


@both_eras
async def test_a_result_knows_its_sources_and_the_same_call_gives_it_again(
    era: Era, tmp_path: Path
) -> None:
    """Chosen: the next version of the first sound's name, with all sounds as parents."""
    sound(tmp_path / "a.wav")
    tone(tmp_path / "b.wav", 0.1, channels=2)
    async with connected(tmp_path, era) as client:
        call: dict[str, Any] = {"loudness": "b.wav", "end": 1}
        _, first = await edited(client, "a.wav", **call)
        _, second = await edited(client, "a.wav", **call)
        shown = text(fine(await client.call_tool("media_show", {"media": "a v2"})))
        undone = text(fine(await client.call_tool("media_show", {"media": "undo"})))

    assert facts(first)["media"][0]["uri"] == facts(second)["media"][0]["uri"]
    assert "a v2" in text(first)
    assert 'by audio_edit: sounds "a", end 1.0, loudness "b"' in shown
    assert "lineage: a v2 <- audio_edit (to_match: b) <- a <- imported" in shown
    assert "undo = a, " in undone
    assert "the sound that a v2 was made from" in undone
    assert "free" in text(first)


async def test_an_mp3_is_trimmed_joined_and_repeated_without_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: at frames, without loss; tests of `mp3_edit` decode the samples."""
    without_formats(monkeypatch)
    (tmp_path / "a.mp3").write_bytes(encoded(1.8))
    async with connected(tmp_path) as client:
        cut, answer = await edited(client, "a.mp3", start=-1, label="end")
        path, other = await edited(client, ["end", "a.mp3"], repeat=2, gap="0.5 s")

    assert len(by_libsndfile(cut)) == 2 * 44_100
    assert "trim: from 0.8 s to 1.8 s of 1.8 s, 1 s left" in text(answer)
    assert "MP3 frames kept without encoding again" in text(answer)
    assert re.search(r"level: RMS about -\d\d dBFS, estimated from the MP3's frames", text(answer))
    assert len(by_libsndfile(path)) / 2 / 44_100 == pytest.approx(7.1, abs=0.11)
    assert "result: MP3, 7." in text(other)


NEED_SAMPLES: list[tuple[dict[str, Any], str]] = [
    ({"fade_out": 1}, 'fade_out needs the samples of "a", an MP3'),
    ({"loudness": "peak"}, 'loudness needs the samples of "a", an MP3'),
    ({"channels": "mono"}, 'channels: mono needs the samples of "a", an MP3'),
    ({"trim_silence": True}, 'trim_silence needs the samples of "a", an MP3'),
    ({"trim_silence": True}, "or pass start and end: media_inspect estimates the silence"),
    ({"format": "wav"}, 'format: wav needs the samples of "a", an MP3'),
    ({"repeat": 2, "crossfade": 0.5}, 'crossfade needs the samples of "a", an MP3'),
    ({"sounds": ["a.mp3", "mono.mp3"]}, "join of different channels needs the samples of"),
    ({"sounds": ["a.mp3", "slow.mp3"]}, "join of different sampling rates needs the samples"),
    ({"sounds": ["a.mp3", "b.wav"]}, "join of different formats needs the samples of"),
    ({"sounds": ["b.wav"], "format": "mp3"}, "the extra [formats], which encodes it, isn't"),
    ({"sounds": ["b.wav"], "loudness": "a.mp3"}, 'loudness needs the samples of "a", an MP3'),
    ({"sounds": ["b.wav"], "loudness": "a.mp3"}, "or pass its level as a number: media_inspect"),
    ({"loudness": "mono.mp3"}, 'loudness needs the samples of "a", an MP3'),
]


async def test_other_edits_of_an_mp3_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: and how to install it; nothing is approximated."""
    without_formats(monkeypatch)
    (tmp_path / "a.mp3").write_bytes(encoded(1.8))
    (tmp_path / "mono.mp3").write_bytes(encoded(1.8, channels=1, level=0.8))
    (tmp_path / "slow.mp3").write_bytes(encoded(1.8, rate=22_050, level=0.6))
    sound(tmp_path / "b.wav")
    async with connected(tmp_path) as client:
        for edit, reason in NEED_SAMPLES:
            why = refused(await client.call_tool("audio_edit", {"sounds": "a.mp3", **edit}))
            assert reason in why, edit
            assert "Nothing was charged." in why, edit
            assert 'pip install "stability-mcp[formats]"' in why, edit


async def test_with_the_extra_an_mp3_is_decoded_and_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen: MP3 stays MP3, with the exact length; what needs no samples still keeps frames."""
    with_formats(monkeypatch)
    (tmp_path / "a.mp3").write_bytes(encoded(1.8))
    async with connected(tmp_path) as client:
        faded, answer = await edited(client, "a.mp3", fade_out=1, end=1.5)
        cut, kept = await edited(client, "a.mp3", end=1.5)
        wav, _ = await edited(client, "a.mp3", format="wav", channels="mono")
        both, _ = await edited(client, ["a.mp3", str(sound(tmp_path / "b.wav"))])

    source, samples = by_libsndfile(tmp_path / "a.mp3"), by_libsndfile(faded)
    assert len(samples) == 3 * 22_050 * 2
    # The decoder's delay is made up for: the same place has the same sound.
    assert rms_db([a - b for a, b in zip(samples[:40_000], source, strict=False)]) < -35
    assert rms_db(samples[-4_000:]) < rms_db(source[-4_000:]) - 15
    assert "MP3 encoded again" in text(answer)
    assert "frames kept" in text(kept)
    assert "level: peak" in text(kept)
    assert largest_difference(by_libsndfile(cut), source) < 0.0001
    assert form(wav)[:3] == (44_100, 1, "PCM_16")
    assert form(both)[:3] == (44_100, 2, "PCM_16")


async def test_with_the_extra_a_wav_becomes_an_mp3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documented (ISO 11172-3): up to 48,000 Hz; a higher rate is converted to it."""
    with_formats(monkeypatch)
    save(tmp_path / "a.wav", music(0.5, rate=96_000, channels=1), rate=96_000, channels=1)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", format="MP3")

    assert form(path) == (48_000, 1, "MPEG_LAYER_III", 24_000)
    assert "sampling rate: 96,000 to 48,000 Hz" in text(answer)
    assert rms_db(by_libsndfile(path)) == pytest.approx(
        rms_db(by_libsndfile(tmp_path / "a.wav")), abs=1
    )


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({}, "there is nothing to do"),
    ({"start": 5}, "start 5 s isn't before the end: the sound lasts 2 s"),
    ({"end": 3}, "end 3 s is after the end: the sound lasts 2 s"),
    ({"start": -3}, "start -3 s is before the beginning: the sound lasts 2 s"),
    ({"start": 1.5, "end": 1}, "nothing would be left between start 1.5 s and end 1 s"),
    ({"start": "soon"}, 'start: "soon" isn\'t a time; pass seconds or 1:23.5'),
    ({"fade_in": "1:2:3:4"}, 'fade_in: "1:2:3:4" isn\'t a time; pass seconds or 1:23.5'),
    ({"fade_out": -1}, "fade_out: a length from 0 to 600 s is needed"),
    ({"fade_in": 1.5, "fade_out": 1}, "the fades of 2.5 s are longer than the result of 2 s"),
    ({"gap": 1}, "gap is for several sounds or repeats, and there is one sound"),
    ({"repeat": 2, "gap": 1, "crossfade": 1}, "gap and crossfade exclude each other"),
    ({"repeat": 2, "repeat_to": 9}, "repeat and repeat_to exclude each other"),
    ({"repeat_to": 1}, "repeat_to 1 s is shorter than the sound of 2 s"),
    ({"repeat": 301}, "the result would last 602 s with 301 repeats"),
    ({"repeat": 2, "crossfade": 1.5}, "crossfade 1.5 s is more than half of the shortest sound"),
    ({"loudness": "-90"}, "loudness must be from -60 to 0 dBFS; got -90"),
    ({"loudness": "-14 LUFS"}, "loudness is a level in dBFS RMS; LUFS isn't measured"),
    ({"loudness": "+3 dB"}, "It is the level to reach, not a change"),
    ({"loudness": "louder"}, "loudness takes a level in dBFS such as -16, peak, or a sound"),
    ({"loudness": "silence.wav", "sounds": "silence.wav"}, "the sound is silent"),
    ({"trim_silence": True, "sounds": "silence.wav"}, '"silence" is silent'),
    ({"sounds": ["a.wav", "a.wav"], "end": 1}, "start and end are for a single sound"),
    ({"sounds": "p.png", "end": 1}, 'sounds takes a sound, but "p.png" is a picture (image/png)'),
    ({"sounds": "p.png", "end": 1}, "Pass a sound. image_transform edits pictures."),
    ({"sounds": "phone.m4a", "end": 1}, '"phone" is M4A, which can\'t be decoded here'),
    ({"sounds": ["six.wav"], "channels": "stereo"}, "a sound with 6 channels can't become one"),
    ({"sounds": ["a.wav", "odd.wav"]}, "8,000 Hz can't be converted to 8,011 Hz"),
    ({"sounds": "fast.wav", "end": 0.1}, '"fast" has 400,000 Hz and 1 channels; up to 384,000'),
    ({"sounds": "many.wav", "end": 0.1}, '"many" has 8,000 Hz and 9 channels; up to 384,000'),
    ({"sounds": "wide.wav", "repeat_to": 600}, "the result would have 1,843,200,000 bytes; the"),
    ({"normalize": True}, 'There is no argument "normalize": use loudness, "peak" or a level'),
    ({"duration": 1}, 'There is no argument "duration": use end to cut, repeat_to to loop'),
]


async def test_mistakes_are_explained_and_nothing_is_stored(tmp_path: Path) -> None:
    """Chosen: what is wrong, with the lengths, and what to do."""
    sound(tmp_path / "a.wav")
    save(tmp_path / "silence.wav", bytes(32_000), rate=RATE, channels=1)
    save(tmp_path / "six.wav", bytes(9_600), rate=RATE, channels=6)
    tone(tmp_path / "b.wav", 0.1)
    save(tmp_path / "fast.wav", bytes(400_000), rate=400_000, channels=1)
    save(tmp_path / "many.wav", bytes(18_000), rate=RATE, channels=9)
    wide = bytes(2 * 8 * 192_000)
    save(tmp_path / "wide.wav", wide, rate=192_000, channels=8)
    save(tmp_path / "odd.wav", bytes(32_000), rate=8_011, channels=1)
    (tmp_path / "p.png").write_bytes(make.png())
    recorded = Path(__file__).parent.parent / "imaging" / "android_recorder.m4a"
    (tmp_path / "phone.m4a").write_bytes(recorded.read_bytes())
    async with connected(tmp_path) as client:
        for arguments, reason in MISTAKES:
            why = refused(await client.call_tool("audio_edit", {"sounds": "a.wav", **arguments}))
            assert reason in why, arguments
            assert "Nothing was charged." in why, arguments
        before = text(fine(await client.call_tool("media_list", {})))
        await edited(client, "a.wav", end=1)
        after = text(fine(await client.call_tool("media_list", {})))

    assert "audio_edit" not in before
    assert "audio_edit" in after


async def test_six_channels_become_mono(tmp_path: Path) -> None:
    """Chosen: the mean; which speaker belongs to which side isn't guessed."""
    values = array("h", [6_000, 0, 0, 0, 0, 0] * 4_000)
    save(tmp_path / "six.wav", values.tobytes(), rate=RATE, channels=6)
    async with connected(tmp_path) as client:
        path, _ = await edited(client, "six.wav", channels="mono")

    assert form(path) == (RATE, 1, "PCM_16", 4_000)
    assert set(array("h", raw(path))) == {1_000}


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("83.5", 83.5),
        ("1:23.5", 83.5),
        ("1:02:03", 3_723),
        ("-5", -5),
        ("-0:05", -5),
        ("15 s", 15),
        ("15sec", 15),
        ("250 ms", 0.25),
        ("2 min", 120),
        ("0,5", 0.5),
        ("1:23,25", 83.25),
        (7, 7),
    ],
)
def test_times_are_read_as_people_write_them(given: object, seconds: float) -> None:
    """Chosen: seconds, clock times, and units."""
    assert parse_time(given) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "given",
    ["", "1:2 s", "a", "1.2.3", "\N{FULLWIDTH DIGIT ONE}", "9" * 400, "--5", "1:", "1:75", "1,500"],
)
def test_other_texts_are_not_times(given: str) -> None:
    """Chosen: nothing is guessed."""
    with pytest.raises(ValueError, match="isn't a time"):
        parse_time(given)


async def test_a_crossfade_of_half_an_odd_length_is_made(tmp_path: Path) -> None:
    """Chosen: half of 1,003 samples is rounded up, so two crossfades overlap by a sample."""
    save(tmp_path / "a.wav", music(SECONDS, rate=RATE)[: 4 * 1_003], rate=RATE)
    async with connected(tmp_path) as client:
        path, answer = await edited(client, "a.wav", repeat=3, crossfade=1_003 / RATE / 2)

    assert form(path)[3] == 2_006
    assert "repeat: 3 times" in text(answer)
