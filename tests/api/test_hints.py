"""Hints for unknown arguments that callers try."""

import pytest

from stability_mcp.api.fields import OURS
from stability_mcp.api.hints import SYNONYMS, arguments_of, hint
from stability_mcp.api.operations import OPERATIONS


@pytest.mark.parametrize(
    ("name", "argument", "expected"),
    [
        ("generate_core", "n", "use count"),
        ("v1_text_to_image", "n", "use samples"),
        ("upscale_fast", "n", "each call makes one result"),
        ("generate_core", "width", "use aspect_ratio"),
        (
            "v1_masking",
            "width",
            "the result's size depends on the picture; to enlarge it use upscale_fast",
        ),
        (
            "edit_erase",
            "height",
            "the result's size depends on the picture; to enlarge it use upscale_fast",
        ),
        ("generate_ultra", "quality", "results always have full quality"),
        ("edit_outpaint", "top", "use up"),
        ("edit_inpaint", "bottom", "to extend a picture past its edges use edit_outpaint"),
        ("control_style", "strength", "use fidelity"),
        ("edit_erase", "strength", "this operation has no such setting"),
        ("edit_outpaint", "mask", "this operation takes no mask; edit_erase and edit_inpaint do"),
        ("control_sketch", "mask", "this operation takes no mask; edit_erase and edit_inpaint do"),
        (
            "generate_core",
            "duration",
            "this operation makes pictures; for sound use audio2_text_to_audio",
        ),
        ("audio2_text_to_audio", "seconds", "use duration"),
        ("audio3_text_to_audio", "lyrics", "the models can't sing or speak"),
        ("upscale_fast", "scale", "the factor is always 4 per side"),
        ("generate_core", "scale", "to enlarge a picture four times per side use upscale_fast"),
        ("generate_core", "name", "use label"),
        ("account_balance", "name", None),
        ("generate_core", "nonsense", None),
    ],
)
def test_a_common_mistake_gets_a_hint(name: str, argument: str, expected: str | None) -> None:
    """*Chosen*: the row's hint, else a synonym of a field, else the hint of its kind."""
    assert hint(OPERATIONS[name], argument) == expected


@pytest.mark.parametrize(
    "written", ["outputFormat", "output-format", "Output Format", "OUTPUT_FORMAT"]
)
def test_the_notation_does_not_matter(written: str) -> None:
    """*Chosen*: models write names in every style."""
    assert hint(OPERATIONS["generate_core"], written) == "use output_format"


def test_synonyms_lead_to_existing_fields() -> None:
    """*Chosen*: a synonym of a field that no operation has is a bug."""
    known = {name for row in OPERATIONS.values() for name in arguments_of(row)}

    assert {field for fields in SYNONYMS.values() for field in fields} - known == set()


def test_paid_operations_have_the_added_arguments() -> None:
    """*Chosen*: `count` only with a seed to vary; v1 has `samples`."""
    assert arguments_of(OPERATIONS["generate_core"])[-4:] == OURS[-4:]
    assert arguments_of(OPERATIONS["upscale_fast"])[-3:] == ("label", "preview", "confirm_spend")
    assert arguments_of(OPERATIONS["v1_masking"])[-3:] == ("label", "preview", "confirm_spend")
    assert arguments_of(OPERATIONS["account_balance"]) == ()
