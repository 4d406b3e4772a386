"""What is special about Stable Audio 2: two models with their own steps and prices."""

import pytest

from stability_mcp.api.operations.audio2 import price_of
from stability_mcp.api.operations.audio2.audio_to_audio import AudioToAudio
from stability_mcp.api.operations.audio2.text_to_audio import TextToAudio
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError

SOUND = {"prompt": "rain", "duration": 10}


def test_steps_and_guidance_follow_from_the_model() -> None:
    """*Documented*: 50 and 7, or 8 and 1."""
    older = parse(TextToAudio, SOUND).form()
    newer = parse(TextToAudio, {**SOUND, "model": "stable-audio-2.5"}).form()

    assert (older["steps"], float(older["cfg_scale"])) == ("50", 7)
    assert (newer["steps"], float(newer["cfg_scale"])) == ("8", 1)


@pytest.mark.parametrize(
    ("model", "steps", "reason"),
    [
        ("stable-audio-2", 8, "with stable-audio-2, steps must be from 30 to 100"),
        ("stable-audio-2.5", 50, "with stable-audio-2.5, steps must be from 4 to 8"),
    ],
)
def test_steps_of_the_other_model_are_refused(model: str, steps: int, reason: str) -> None:
    """*Documented*: each model has its own range."""
    with pytest.raises(ArgumentsError, match=f"(?i){reason}"):
        parse(TextToAudio, {**SOUND, "model": model, "steps": steps})


@pytest.mark.parametrize(("steps", "price"), [(30, 18_800), (50, 20_000), (100, 23_000)])
def test_the_older_model_costs_by_steps(steps: int, price: int) -> None:
    """*Documented*: 17 credits plus 0.06 per step."""
    assert parse(TextToAudio, {**SOUND, "steps": steps}).price() == price


def test_the_description_names_the_prices_charged() -> None:
    """*Chosen*: a model reads the price of each choice before it pays."""
    schema = TextToAudio.model_json_schema()["properties"]["model"]
    fixed = price_of("stable-audio-2.5", 8) / 1000
    base = price_of("stable-audio-2", 0) / 1000
    step = price_of("stable-audio-2", 1) / 1000 - base

    assert schema["description"] == (
        f"Credits: {base:g} + {step:.2f} per step; stable-audio-2.5: {fixed:g}."
    )


def test_the_newer_model_has_a_minimum_strength() -> None:
    """*Documented*: at least 0.01; the older one accepts 0."""
    given = {**SOUND, "audio": "rain", "strength": 0}

    assert parse(AudioToAudio, given).form()["strength"] == "0.0"
    with pytest.raises(ArgumentsError, match=r"strength must be at least 0\.01"):
        parse(AudioToAudio, {**given, "model": "stable-audio-2.5"})
