"""Editing a sound follows the sound, and a part that can't change is refused before it is paid."""

import json
from pathlib import Path

import pytest

from stability_mcp.server.catalog import all_tools
from support.imaging.sample_files import wav
from support.server.in_memory import Era, both_eras, connected, facts, fine, refused, text
from support.store.rows import rows

pytestmark = pytest.mark.anyio

SECONDS = 12
each_model = pytest.mark.parametrize("model", ["audio2", "audio3"])


@both_eras
@each_model
async def test_a_remix_follows_the_sound_and_keeps_its_length(
    era: Era, model: str, tmp_path: Path
) -> None:
    """*Chosen*: the API's own default strength, 1, ignores the sound that is sent."""
    (tmp_path / "hum.wav").write_bytes(wav(SECONDS, rate=8_000, channels=1))
    async with connected(tmp_path, era) as client:
        remix = {"prompt": "a string quartet", "audio": "hum.wav"}
        made = fine(await client.call_tool(f"{model}_audio_to_audio", remix))

    assert "duration: 12 s, the length of audio" in text(made)
    assert facts(made)["media"][0]["seconds"] == pytest.approx(SECONDS, abs=0.1)
    [(sent,)] = rows(tmp_path / "home" / "emulator", "SELECT arguments FROM jobs")
    assert json.loads(sent)["strength"] == 0.5
    described = all_tools()[f"{model}_audio_to_audio"].input_schema["properties"]["strength"]
    assert described["default"] == 0.5
    assert all(word in described["description"] for word in ("0.3", "0.6", "1 ignores"))


@both_eras
@each_model
async def test_a_part_after_the_end_is_refused_and_the_text_leads_to_a_continuation(
    era: Era, model: str, tmp_path: Path
) -> None:
    """*Chosen*: the API would charge for an unchanged sound."""
    (tmp_path / "riff.wav").write_bytes(wav(SECONDS, rate=8_000, channels=1))
    part = {"prompt": "a drum fill", "audio": "riff.wav", "mask_start": 12, "mask_end": 20}
    async with connected(tmp_path, era) as client:
        why = refused(await client.call_tool(f"{model}_inpaint", part))
        longer = fine(await client.call_tool(f"{model}_inpaint", part | {"duration": 20}))
        cut = fine(await client.call_tool(f"{model}_inpaint", part | {"mask_start": 8}))

    assert "mask_start 12 isn't before the end of the result, which lasts 12 s" in why
    assert "set mask_start to where it ends, and duration and mask_end to the new length" in why
    assert "Nothing was charged." in why
    assert "duration:" not in text(longer)
    assert facts(longer)["media"][0]["seconds"] == pytest.approx(20, abs=0.1)
    assert "the result ends there, before mask_end: to continue the sound, pass duration" in text(
        cut
    )


@each_model
async def test_inpainting_asks_for_the_part(model: str, tmp_path: Path) -> None:
    """*Chosen*: the API's default part, 30 s to the end, isn't in a short sound."""
    async with connected(tmp_path) as client:
        why = refused(
            await client.call_tool(f"{model}_inpaint", {"prompt": "a fill", "audio": "riff.wav"})
        )

    assert "mask_start is missing" in why
    assert "mask_end is missing" in why
