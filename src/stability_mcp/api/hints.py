"""Hints for arguments that an operation doesn't have but that callers try.

A row's own `hints` come first, then synonyms of a field that the row has, then the `kind_hints` of
its kind, then `ANY`. A hint ends the sentence `There is no argument "n": ...`.
"""

import re
from collections.abc import Iterable, Mapping

from stability_mcp.api.fields import OURS
from stability_mcp.api.operation import Operation

_WORDS_FOR: Mapping[tuple[str, ...], str] = {
    ("prompt", "text_prompts"): "text description caption instruction instructions query message "
    "input replacement replace_with",
    ("negative_prompt",): "negative negative_text exclude avoid without",
    ("count", "samples"): "n num num_images number_of_images num_outputs num_samples n_samples "
    "batch_size batch variations variants samples count",
    ("confirm_spend",): "confirm confirmed confirmation approve approved max_cost max_credits",
    ("label",): "name title filename file_name output_name save_as",
    ("aspect_ratio", "width"): "size width height resolution dimensions ratio aspect shape "
    "image_size aspect_ratio orientation",
    ("style_preset", "style_image"): "style preset art_style theme look style_preset",
    ("output_format",): "format file_format image_format audio_format response_format type "
    "output_type mime_type extension",
    ("cfg_scale", "guidance_scale", "control_strength", "fidelity"): "guidance cfg guidance_scale "
    "cfg_scale",
    ("steps",): "num_steps num_inference_steps inference_steps steps",
    ("strength", "control_strength", "fidelity", "creativity", "style_strength"): "strength "
    "image_strength denoise denoising_strength prompt_strength influence intensity weight",
    ("image", "subject_image", "init_image", "audio"): "image image_url image_path input_image "
    "img picture photo source source_image base_image init_image reference reference_image images "
    "file file_path path url uri media",
    ("audio",): "audio audio_url audio_path audio_file sound input_audio music track",
    ("mask", "mask_image"): "mask mask_image mask_url mask_path",
    ("duration",): "length seconds duration_seconds length_seconds audio_length seconds_total",
    ("seed",): "random_seed random_state",
    ("search_prompt", "select_prompt"): "search find object target item select search_for what",
    ("background_prompt",): "background new_background",
    ("model", "engine_id"): "model model_id model_name engine version",
}

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    word: fields for fields, words in _WORDS_FOR.items() for word in words.split()
}
"""Fields that an unknown argument may mean, likeliest first; the hint names the first that the row
has."""

_FOLDER = "copies go to the server's output folder; label names the file"
_KEY = "the API key is set in the server's configuration, never in a call"
_WAITS = "calls wait on their own and return a job id if the result takes longer"
_ONE = "each call makes one result"
_FULL_QUALITY = "results always have full quality"

ANY: Mapping[str, str] = {
    "quality": _FULL_QUALITY,
    "hd": _FULL_QUALITY,
    "n": _ONE,
    "num_images": _ONE,
    "samples": _ONE,
    "count": _ONE,
    "strength": "this operation has no such setting",
    "steps": "the API chooses the number of steps",
    "seed": "the same input always gives the same result",
    "model": "this operation has only one model",
    "output_dir": _FOLDER,
    "output_path": _FOLDER,
    "save_path": _FOLDER,
    "folder": _FOLDER,
    "api_key": _KEY,
    "key": _KEY,
    "token": _KEY,
    "wait": _WAITS,
    "async": _WAITS,
    "timeout": _WAITS,
}


def hint(operation: type[Operation], argument: str) -> str | None:
    """Return the hint for an argument that this operation doesn't have, or None."""
    name = _snake(argument)
    if name in operation.hints:
        return operation.hints[name]
    offered = arguments_of(operation)
    meant = (name, *SYNONYMS.get(name, ()))
    field = next((each for each in meant if each in offered), None)
    if field:
        return f"use {field}"
    return operation.kind_hints.get(name) or ANY.get(name)


def arguments_of(operation: type[Operation]) -> tuple[str, ...]:
    """Return every argument of an operation's tool: the API's, then those of `OURS`."""
    only_some = {
        "count": operation.takes_count(),
        "allow_smaller": operation.enlarges,
        "full_size": operation.cuts_out,
    }
    ours: Iterable[str] = (name for name in OURS if only_some.get(name, True))
    return (*operation.model_fields, *(ours if operation.is_paid() else ()))


def _snake(argument: str) -> str:
    return re.sub(r"[\s-]+|(?<=[a-z0-9])(?=[A-Z])", "_", argument.strip()).lower()
