"""What is said about arguments that callers try on any operation."""

import pytest

from stability_mcp.api.fields import OURS
from stability_mcp.api.hints import SYNONYMS, arguments_of, hint
from stability_mcp.api.operations import OPERATIONS


@pytest.mark.parametrize(
    ("name", "argument", "said"),
    [
        ("generate_core", "n", "use count"),
        ("v1_text_to_image", "n", "use samples"),
        ("upscale_fast", "n", "one call makes one result here"),
        ("generate_core", "width", "use aspect_ratio"),
        (
            "v1_masking",
            "width",
            "the size follows from the picture; to enlarge it use upscale_fast",
        ),
        (
            "edit_erase",
            "height",
            "the size follows from the picture; to enlarge it use upscale_fast",
        ),
        ("generate_ultra", "quality", "there is no such setting: results come in full quality"),
        ("edit_outpaint", "top", "the edge is called up"),
        ("edit_inpaint", "bottom", "to extend a picture past its edges use edit_outpaint"),
        ("control_style", "strength", "use fidelity"),
        ("edit_erase", "strength", "there is none here"),
        ("edit_outpaint", "mask", "outpaint fills the added edges; edit_inpaint works by mask"),
        ("control_sketch", "mask", "this takes no mask; edit_erase and edit_inpaint do"),
        ("generate_core", "duration", "this makes a picture; audio2_text_to_audio makes sound"),
        ("audio2_text_to_audio", "seconds", "use duration"),
        ("audio3_text_to_audio", "lyrics", "it neither sings nor speaks"),
        ("upscale_fast", "scale", "the factor is always 4 per side"),
        ("generate_core", "scale", "to enlarge a picture use upscale_fast: four times per side"),
        ("generate_core", "name", "use label"),
        ("account_balance", "name", None),
        ("generate_core", "nonsense", None),
    ],
)
def test_a_common_mistake_gets_the_fitting_word(name: str, argument: str, said: str | None) -> None:
    """*Chosen*: what the row says, else another word for a field, else what holds for its kind."""
    assert hint(OPERATIONS[name], argument) == said


@pytest.mark.parametrize(
    "written", ["outputFormat", "output-format", "Output Format", "OUTPUT_FORMAT"]
)
def test_the_way_of_writing_does_not_matter(written: str) -> None:
    """*Chosen*: models write names in every style."""
    assert hint(OPERATIONS["generate_core"], written) == "use output_format"


def test_other_words_lead_to_fields_that_some_operation_has() -> None:
    """*Chosen*: a word for nothing is a mistake of ours."""
    known = {name for row in OPERATIONS.values() for name in arguments_of(row)}

    assert {field for fields in SYNONYMS.values() for field in fields} - known == set()


def test_ours_are_arguments_of_what_costs_credits() -> None:
    """*Chosen*: `count` only where a seed makes variants, and v1 has samples of its own."""
    assert arguments_of(OPERATIONS["generate_core"])[-3:] == OURS
    assert arguments_of(OPERATIONS["upscale_fast"])[-2:] == ("label", "confirm_spend")
    assert arguments_of(OPERATIONS["v1_masking"])[-2:] == ("label", "confirm_spend")
    assert arguments_of(OPERATIONS["account_balance"]) == ()
