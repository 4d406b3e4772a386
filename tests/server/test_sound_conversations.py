"""Conversations about editing sounds, played by a scripted client; only making costs credits."""

import re
from pathlib import Path

import pytest
import soundfile
from mcp import Client
from mcp.types import CallToolResult

from support.imaging.formats_extra import with_formats, without_formats
from support.imaging.music import by_libsndfile, encoded, music, rms_db, save
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text

pytestmark = pytest.mark.anyio

RATE = 8_000


async def _call(client: Client, tool: str, **arguments: object) -> CallToolResult:
    return fine(await client.call_tool(tool, arguments))


def _samples(result: CallToolResult) -> "list[float]":
    """Return the samples of the readable copy of a result."""
    return list(by_libsndfile(Path(facts(result)["media"][0]["path"])))


def _song(path: Path, seconds: float, *, quiet: int = 1) -> None:
    samples = music(seconds, rate=RATE, channels=1)
    if quiet > 1:
        values = memoryview(samples).cast("h")
        samples = b"".join((value // quiet).to_bytes(2, "little", signed=True) for value in values)
    save(path, samples, rate=RATE, channels=1)


@both_eras
async def test_cut_it_to_15_s_and_fade_out(era: Era, tmp_path: Path) -> None:
    """Asked: "Cut the song to 15 seconds and fade it out"; the model passes a length first."""
    _song(tmp_path / "song.wav", 20)
    async with connected(tmp_path, era) as client:
        wrong = {"audio": "song.wav", "duration": 15, "fade_out": "2 s"}
        why = refused(await client.call_tool("audio_edit", wrong))
        cut = await _call(client, "audio_edit", sounds="song.wav", end=15, fade_out="2 s")

    assert 'There is no argument "audio": use sounds.' in why
    assert 'There is no argument "duration": use end to cut, repeat_to to loop.' in why
    assert len(_samples(cut)) == 15 * RATE
    assert "trim: from 0 s to 15 s of 20 s, 15 s left" in text(cut)
    assert rms_db(_samples(cut)[-RATE // 4 :]) < rms_db(_samples(cut)[: RATE * 10]) - 15


async def test_loop_it_to_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked: "Loop this to a minute", of an MP3, without a decoder."""
    without_formats(monkeypatch)
    (tmp_path / "beat.mp3").write_bytes(encoded(1.8))
    async with connected(tmp_path) as client:
        one = await _call(client, "audio_edit", sounds="beat.mp3", end=1.5, label="bar")
        looped = await _call(client, "audio_edit", sounds="bar", repeat_to="1:00")

    assert "repeat: 40 times, 1.5 s to 60 s" in text(looped)
    assert "MP3 frames kept without encoding again" in text(looped)
    assert facts(looped)["media"][0]["seconds"] == pytest.approx(60, abs=0.03)
    path = facts(looped)["media"][0]["path"]
    assert soundfile.info(path).frames == 60 * 44_100
    assert facts(one)["media"][0]["seconds"] == 1.5


async def test_make_it_as_loud_as_the_other_one(tmp_path: Path) -> None:
    """Asked: "Make the voice as loud as the music, and put a second of silence before the next"."""
    _song(tmp_path / "music.wav", 3)
    _song(tmp_path / "voice.wav", 2, quiet=8)
    async with connected(tmp_path) as client:
        loud = await _call(client, "audio_edit", sounds="voice.wav", loudness="music.wav")
        both = await _call(client, "audio_edit", sounds=["voice v2", "music"], gap=1)

    target = rms_db(list(by_libsndfile(tmp_path / "music.wav")))
    # Quieter if the peak is the limit, and then the answer says so.
    if "limited by the peak" in text(loud):
        assert rms_db(_samples(loud)) <= target
    else:
        assert rms_db(_samples(loud)) == pytest.approx(target, abs=0.1)
    assert max(map(abs, _samples(loud))) <= 0.892
    assert len(_samples(both)) == 6 * RATE
    assert "join: 2 + 3 s, 1 s of silence between them = 6 s" in text(both)


@both_eras
async def test_a_jingle_for_a_key_visual(
    era: Era, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked: "A short jingle for this picture, 4 seconds, as MP3": made, cut, delivered."""
    with_formats(monkeypatch)
    async with connected(tmp_path, era, seconds=120) as client:
        made = await _call(
            client,
            "audio2_text_to_audio",
            prompt="a bright jingle with bells",
            duration=8,
            output_format="wav",
            label="jingle",
        )
        cut = await _call(
            client,
            "audio_edit",
            sounds="jingle",
            end=4,
            loudness="-18",
            fade_out=1,
            format="mp3",
        )
        exported = await _call(client, "media_export", media=["jingle v2"], to="visual.mp3")
        shown = text(await _call(client, "media_show", media="jingle v2"))

    assert "free" in text(cut).splitlines()[0]
    assert "free" not in text(made).splitlines()[0]
    assert re.search(r"result: MP3, 4\.00 s, 44,100 Hz, stereo", text(cut))
    assert facts(cut)["media"][0]["label"] == "jingle v2"
    assert "visual.mp3" in text(exported)
    assert "audio2_text_to_audio" in shown
