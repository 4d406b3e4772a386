"""Valid arguments for every operation: the minimum, and as many as can be combined."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS

FILES: Mapping[str, str] = {"image": "picture", "mask": "mask", "audio": "sound"}
"""Default value of a file field: a label for each kind of file."""

APART: Mapping[str, tuple[str, ...]] = {
    "generate_sd3": ("aspect_ratio",),
    "v1_image_to_image": ("image_strength",),
}
"""Fields that can't be combined with the others."""

CHOSEN: Mapping[str, Mapping[str, Any]] = {
    "audio2_audio_to_audio": {"model": "stable-audio-2.5", "steps": 6},
    "audio2_text_to_audio": {"model": "stable-audio-2", "steps": 100},
    "audio2_inpaint": {"mask_start": 2, "mask_end": 5},
    "audio3_inpaint": {"mask_start": 2, "mask_end": 5},
    "edit_outpaint": {"left": 16, "right": 24, "up": 32, "down": 40},
    "model3d_stable_point_aware_3d": {"target_type": "vertex"},
    "v1_image_to_image": {"init_image_mode": "STEP_SCHEDULE"},
    "v1_masking": {"mask_source": "MASK_IMAGE_WHITE"},
    "v1_text_to_image": {"width": 1344, "height": 768},
}
"""Values required by rules between fields, or that keep results small."""

SMALLEST: Mapping[str, Mapping[str, Any]] = {
    "audio2_audio_to_audio": {"duration": 7},
    "audio2_inpaint": {"duration": 7, "mask_start": 2, "mask_end": 5},
    "audio3_audio_to_audio": {"duration": 7},
    "audio3_inpaint": {"duration": 7, "mask_start": 2, "mask_end": 5},
    "edit_outpaint": {"left": 16},
    "edit_replace_background_and_relight": {"background_prompt": "a beach at dusk"},
    "v1_masking": {"mask_source": "INIT_IMAGE_ALPHA"},
}
"""Values that an operation needs in addition to its required fields or instead of a default.

The length of an edited sound is filled in from the file before a request is sent.
"""

SOME: Mapping[str, Any] = {
    "engine_id": "stable-diffusion-xl-1024-v1-0",
    "text_prompts": [{"text": "a red fox in snow", "weight": 1}, {"text": "blur", "weight": -0.5}],
    "duration": 7,
    "samples": 2,
}
"""Values for fields whose bounds do not define a sensible value."""


def fewest(name: str, files: Mapping[str, str] = FILES) -> dict[str, Any]:
    """Return the fewest valid arguments; a file field holds the entry of `files` for its kind.

    `files` maps `image`, `mask` and `audio` to references; without `mask` a mask is an `image`.
    """
    row = OPERATIONS[name]
    required = [field for field, info in row.model_fields.items() if info.is_required()]
    return {field: _some(row, field, files) for field in required} | dict(SMALLEST.get(name, {}))


def everything(name: str, files: Mapping[str, str] = FILES) -> dict[str, Any]:
    """Return as many valid arguments as can be combined, without defaults where possible."""
    row = OPERATIONS[name]
    fields = [field for field in row.model_fields if field not in APART.get(name, ())]
    return {field: _some(row, field, files) for field in fields} | dict(CHOSEN.get(name, {}))


@cache
def field_schemas(row: type[Operation]) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return the JSON schema of every field, including nested models, without null branches."""
    schema = row.model_json_schema()
    inside = [each.get("properties", {}) for each in schema.get("$defs", {}).values()]
    parts = [schema.get("properties", {}), *inside]
    return tuple((name, _plain(each)) for part in parts for name, each in part.items())


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema.get("anyOf", [{}])[0], **schema}


def _some(row: type[Operation], field: str, files: Mapping[str, str]) -> Any:  # noqa: ANN401 -- JSON
    mark = row.file_fields().get(field)
    if mark is not None:
        return files["mask" if mark.mask_for and "mask" in files else mark.media]
    if field in SOME:
        return SOME[field]
    schema = dict(field_schemas(row))[field]
    default = schema.get("default")
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return next((value for value in values if value != default), values[0])
    if schema["type"] == "boolean":
        return not default
    if schema["type"] == "string":
        return f"some words for {field}"
    quarter = schema["minimum"] + (schema["maximum"] - schema["minimum"]) / 4
    return int(quarter) if schema["type"] == "integer" else quarter
