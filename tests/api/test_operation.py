"""Behaviour that the base classes give to every row."""

import json
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from stability_mcp.api.fields import Size
from stability_mcp.api.kinds import ImageOperation, ModelOperation, V1Images
from stability_mcp.api.operation import Operation, Spec, form_text
from stability_mcp.api.operations import OPERATIONS
from support.api.operations import fewest


class Plain(ImageOperation):
    """Do something.

    Say how,
    in words.

    And more.
    """

    spec = Spec(path="/v2beta/plain", credits=0.0015)
    depends_on: ClassVar = {"idle": ("note",)}
    note: str | None = None
    """Words."""
    amount: Annotated[int, Field(ge=0, le=9)] = 5
    """How much."""
    idle: bool = False
    """Has an effect with a note."""

    def added(self) -> dict[str, str]:
        """Return a parameter that is always sent."""
        return {"extra": "yes"}


def test_the_name_is_made_of_folder_and_file() -> None:
    """*Chosen*: tool, schema file, command and job share it."""
    row = OPERATIONS["edit_remove_background"]

    assert row.name() == "edit_remove_background"
    assert row.toolset() == "edit"


def test_the_title_defaults_to_the_name() -> None:
    """*Chosen*: a row can override it."""
    assert Plain.title == "Api: test operation"
    assert OPERATIONS["audio2_text_to_audio"].title == "Stable Audio 2: text to audio"


def test_a_row_inherits_the_differences_of_its_kind() -> None:
    """*Chosen*: a row adds to its kind's differences and cannot lose them by accident."""
    row = OPERATIONS["v1_image_to_image"]

    assert row.wire.left_out == V1Images.wire.left_out != {}
    assert "image_strength" in row.wire.idle
    assert V1Images.wire.idle == frozenset()


def test_the_docstring_is_split_into_summary_and_guidance() -> None:
    """*Chosen*: the price is inserted between them; both are one line."""
    assert Plain.summary() == "Do something."
    assert Plain.guidance() == "Say how, in words. And more."


def test_credits_are_whole_millicredits() -> None:
    """*Chosen*: money is an integer."""
    assert Plain.price_range() == (2, 2)
    assert OPERATIONS["generate_sd3"].price_range() == (2500, 6500)


def test_the_form_leaves_out_none_and_fields_without_effect() -> None:
    """*Chosen*: defaults and derived parameters are sent."""
    assert Plain().form() == {"amount": "5", "extra": "yes"}


def test_the_same_request_has_the_same_json() -> None:
    """*Chosen*: an explicit default makes no difference; fields that are not sent do not count."""
    assert Plain(amount=5, idle=False).canonical() == Plain().canonical() == '{"amount":5}'


def test_json_keeps_letters_as_they_are() -> None:
    """*Chosen*: a prompt is readable in the store."""
    assert "é" in Plain(note="café").canonical()
    assert json.loads(Plain(note="café").canonical())["note"] == "café"


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (7, "7"), (0.5, "0.5"), ("a b", "a b"), ("", "")]
)
def test_values_are_written_in_form_notation(value: object, text: str) -> None:
    """*Documented*: a boolean in a form is `true`."""
    assert form_text(value) == text


def test_required_and_optional_file_fields_are_found() -> None:
    """*Chosen*: the mark of an optional field is inside its union."""
    marks = OPERATIONS["edit_erase"].file_fields()

    assert list(marks) == ["image", "mask"]
    assert marks["mask"].mask_for == "image"
    assert marks["mask"].media == "image"
    assert OPERATIONS["audio2_inpaint"].file_fields()["audio"].media == "audio"
    assert OPERATIONS["generate_core"].file_fields() == {}


def test_count_needs_a_seed_and_no_samples() -> None:
    """*Chosen*: `count` repeats a request; v1 makes several pictures itself."""
    names = [name for name, row in OPERATIONS.items() if row.takes_count()]

    assert "generate_core" in names
    assert {"upscale_fast", "edit_remove_background", "model3d_stable_fast_3d"}.isdisjoint(names)
    assert not [name for name in names if name.startswith(("v1_", "account_"))]


@pytest.mark.parametrize(
    ("name", "size"),
    [("edit_erase", Size(800, 600)), ("v1_masking", Size(800, 600))],
)
def test_by_default_a_result_has_the_size_of_the_picture(name: str, size: Size) -> None:
    """*Documented*: seen live, edits keep the size."""
    row: Any = OPERATIONS[name](**fewest(name))

    assert row.output_size(size) == size
    assert row.output_size(None) == Size(1024, 1024)


def test_a_field_without_effect_is_not_sent() -> None:
    """*Chosen*: a default filled in by a host is not a choice."""
    assert "idle" not in Plain(idle=False).form()
    assert Plain(idle=True, note="x").form()["idle"] == "true"


def test_setting_a_field_without_effect_is_rejected() -> None:
    """*Chosen*: the caller expects an effect and would pay for a result without it."""
    with pytest.raises(
        ValueError, match="idle has no effect without note: set that too or leave out idle"
    ):
        Plain(idle=True)


def test_kinds_define_the_response() -> None:
    """*Documented*: form, media and status of each kind."""
    kinds = {(row.answer, row.media, row.status) for row in OPERATIONS.values()}

    assert kinds == {
        ("media", "image", 200),
        ("start", "image", 200),
        ("media", "audio", 200),
        ("start", "audio", 202),
        ("media", "model", 200),
        ("artifacts", "image", 200),
        ("json", None, 200),
    }
    assert issubclass(OPERATIONS["model3d_stable_fast_3d"], ModelOperation)


def test_a_list_is_written_as_one_part_per_value() -> None:
    """*Documented*: `text_prompts[0][text]` in a multipart request of version 1."""
    row = OPERATIONS["v1_masking"]
    request = row(**fewest("v1_masking"))
    form = request.form()

    assert form["text_prompts[0][text]"] == "a red fox in snow"
    assert form["text_prompts[1][weight]"] == "-0.5"
    assert "init_image" not in form
    assert "engine_id" not in form


def test_a_version_1_request_without_files_is_json() -> None:
    """*Documented*: only text-to-image, and the engine is in its path."""
    request = OPERATIONS["v1_text_to_image"](**fewest("v1_text_to_image"))

    assert isinstance(request, V1Images)
    assert "engine_id" not in request.body()
    assert request.body()["text_prompts"][0] == {"text": "a red fox in snow", "weight": 1.0}
    assert request.path() == "/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image"


def test_a_request_cannot_be_changed() -> None:
    """*Chosen*: the request that was priced is the request that is sent."""
    request: Operation = Plain()

    with pytest.raises(ValueError, match="frozen"):
        request.amount = 6  # type: ignore[attr-defined] # that it fails is the claim
