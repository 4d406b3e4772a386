"""media_inspect of sounds: levels, silence, flaws, and which operations take them."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from mcp.types import ImageContent, TextContent

from stability_mcp.server.plain_results import FACTS
from support.imaging.sounds import at_level, encoded, music, padded, tone
from support.server.in_memory import Era, both_eras, connected

RATE = 44_100
pytestmark = pytest.mark.anyio


async def inspected(client: Client, path: Path, **arguments: str) -> tuple[str, dict[str, Any]]:
    """Return the text and the facts about a file."""
    answer = await client.call_tool("media_inspect", {"media": str(path), **arguments})
    assert not answer.is_error, answer.content
    text = answer.content[0]
    assert isinstance(text, TextContent)
    return text.text, (answer.meta or {})[FACTS]


@both_eras
async def test_the_text_is_enough(era: Era, tmp_path: Path) -> None:
    """Chosen: hosts hide the facts, so every figure is in the text, and a waveform follows."""
    left = padded(at_level(tone(8, RATE), -12), RATE, 0.25, 0.8)
    path = tmp_path / "song.wav"
    path.write_bytes(encoded(np.stack([left, left / 2], 1), RATE))

    async with connected(tmp_path, era) as client:
        answer = await client.call_tool("media_inspect", {"media": str(path)})

    assert [type(each) for each in answer.content] == [TextContent, ImageContent]
    text = answer.content[0]
    assert isinstance(text, TextContent)
    for line in (
        "9.05 s, 44,100 Hz, stereo",
        "encoding: 16-bit PCM",
        "tags: none",
        "loudness: peak -9.0 dBFS, RMS -14.6 dBFS; by channel: RMS -12.5 and -18.6 dBFS",
        "silence below -60 dBFS: 0.25 s at the start, 0.80 s at the end\n",
        "flaws: 0.8 s of silence at the end: audio_edit can trim it",
        "accepted as it is by 4: audio2_audio_to_audio, audio2_inpaint,",
    ):
        assert line in text.text


async def test_an_mp3_without_a_decoder_is_called_an_estimate(tmp_path: Path) -> None:
    """Chosen: the text names the extra; facts that can't be estimated are null."""
    path = tmp_path / "song.mp3"
    path.write_bytes(encoded(at_level(music(7, RATE), -18), RATE, "MP3"))

    async with connected(tmp_path) as client:
        text, facts = await inspected(client, path)

    assert "loudness: about -18 dBFS RMS, estimated from the MP3's frames;" in text
    assert "install stability-mcp[formats] to measure it and its peak" in text
    assert facts["estimated"]
    assert facts["peak_dbfs"] is facts["clipped_samples"] is facts["dc_offset"] is None
    assert facts["rms_dbfs"] == pytest.approx(-18, abs=1)


async def test_silence_within_a_sound_is_named(tmp_path: Path) -> None:
    """Chosen: from half a second, with its times; a shorter rest is music."""
    part = at_level(tone(1, RATE), -18)
    samples = np.concatenate(
        [part, np.zeros(RATE * 4 // 10), part, np.zeros(RATE * 2), part, np.zeros(RATE), part]
    )
    (tmp_path / "song.wav").write_bytes(encoded(samples, RATE))
    async with connected(tmp_path) as client:
        text, facts = await inspected(client, tmp_path / "song.wav", preview="none")

    wanted = [[2.4, 4.4], [5.4, 6.4]]
    assert np.array(facts["pauses"]) == pytest.approx(np.array(wanted), abs=0.02)
    assert re.search(r"at the end, within: 2\.\d\d to 4\.\d\d s and 5\.\d\d to 6\.\d\d s\n", text)


async def test_flaws_are_named(tmp_path: Path) -> None:
    """Chosen: clipping, an offset, a low level and silence, each with numbers; nothing else."""
    clean = at_level(tone(1, RATE), -18)
    sounds = {
        "clean": (clean, []),
        "clipped": (np.clip(clean * 20, -1, 1), ["clipped"]),
        "offset": (clean + 0.05, ["DC offset: +5.0% of full scale"]),
        "quiet": (clean * 0.1, ["quiet"]),
        "late": (padded(clean, RATE, 0.5, 0), ["0.5 s of silence at the start"]),
        "silent": (clean * 0, ["silent"]),
    }
    async with connected(tmp_path) as client:
        for name, (samples, wanted) in sounds.items():
            (tmp_path / f"{name}.wav").write_bytes(encoded(samples, RATE))
            _, facts = await inspected(client, tmp_path / f"{name}.wav", preview="none")
            assert len(facts["flaws"]) == len(wanted), facts
            for flaw, start in zip(facts["flaws"], wanted, strict=True):
                assert flaw.startswith(start), facts


async def test_it_says_what_operations_would_change(tmp_path: Path) -> None:
    """Chosen: a cut is named before it is paid, and a sound that is too short."""
    second = np.zeros(8_000)
    (tmp_path / "long.wav").write_bytes(encoded(np.tile(second, 200), 8_000))
    (tmp_path / "short.wav").write_bytes(encoded(np.tile(second, 2), 8_000))
    async with connected(tmp_path) as client:
        _, long = await inspected(client, tmp_path / "long.wav")
        text, short = await inspected(client, tmp_path / "short.wav")

    assert long["changed"] == {
        "cut to its first 190 s": ["audio2_audio_to_audio", "audio2_inpaint"]
    }
    assert long["accepted"] == ["audio3_audio_to_audio", "audio3_inpaint"]
    assert short["accepted"] == []
    assert "it is 2.00 s long; the minimum is 6 s (audio_edit can repeat it)" in text


async def test_a_sound_that_cannot_be_decoded_says_why(tmp_path: Path) -> None:
    """Chosen: its header is still described, and the answer has no picture."""
    path = tmp_path / "song.ogg"
    path.write_bytes(encoded(tone(7, RATE), RATE, "OGG"))
    async with connected(tmp_path) as client:
        text, facts = await inspected(client, path)

    assert "not measured: The samples of this OGG can't be decoded here." in text
    assert "install stability-mcp[formats]" in text
    assert facts["problem"]
    assert "refused by audio2_audio_to_audio" in text


async def test_a_paid_sound_is_answered_with_its_waveform(tmp_path: Path) -> None:
    """Chosen: a model that can't hear sees what was made."""
    async with connected(tmp_path) as client:
        answer = await client.call_tool(
            "audio2_text_to_audio", {"prompt": "a calm piano", "duration": 10}
        )
    assert [each.type for each in answer.content] == ["text", "image", "resource_link"]
