"""Behaviour special to relight: a background is required, light is optional."""

import pytest

from stability_mcp.api.operations.edit.replace_background_and_relight import (
    ReplaceBackgroundAndRelight,
)
from stability_mcp.api.parsing import parse
from stability_mcp.errors import ArgumentsError

SUBJECT = {"subject_image": "hero"}


def test_a_background_prompt_or_reference_is_required() -> None:
    """*Documented*: background_prompt or background_reference, or both."""
    with pytest.raises(ArgumentsError, match="Give background_prompt or background_reference"):
        parse(ReplaceBackgroundAndRelight, SUBJECT)

    assert parse(ReplaceBackgroundAndRelight, {**SUBJECT, "background_prompt": "a beach"})
    assert parse(ReplaceBackgroundAndRelight, {**SUBJECT, "background_reference": "beach"})


@pytest.mark.parametrize("light", [{"light_source_direction": "left"}, {"light_reference": "lamp"}])
def test_light_strength_is_only_sent_with_a_light(light: dict[str, str]) -> None:
    """*Documented*: it needs a reference or a direction."""
    dark = {**SUBJECT, "background_prompt": "a beach"}

    assert "light_source_strength" not in parse(ReplaceBackgroundAndRelight, dark).form()
    lit = parse(ReplaceBackgroundAndRelight, {**dark, **light})
    assert lit.form()["light_source_strength"] == "0.3"
    with pytest.raises(ArgumentsError, match="light_source_strength has no effect without"):
        parse(ReplaceBackgroundAndRelight, {**dark, "light_source_strength": 0.9})


def test_keeping_the_background_is_true_or_false_in_the_form() -> None:
    """*Documented*: a string of `true` or `false`."""
    request = {**SUBJECT, "background_prompt": "a beach", "keep_original_background": True}

    assert parse(ReplaceBackgroundAndRelight, request).form()["keep_original_background"] == "true"
