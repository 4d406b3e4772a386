"""Paints the scene of a brief, as the result or as material for an edit."""

import math

from PIL import Image

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.finishes import finished
from stability_emulator.pictures.toning import without
from stability_emulator.scenery.scene import Look, scene

DEFAULT_GUIDANCE = 4
"""Default `cfg_scale` of rows and models that have no other."""
DEFAULT_GUIDANCES = {"sd3.5-large-turbo": 1, "sd3.5-flash": 1, "v1": 7}


def painted(brief: Brief, size: tuple[int, int], *, prompt: str | None = None) -> Image.Image:
    """Return a scene of a given size, in the model's finish and without what is unwanted.

    Args:
        brief: Gives prompt, style, seed, guidance and negative prompt.
        size: Width and height in pixels.
        prompt: Replaces the brief's prompt.
    """
    picture = scene(
        brief.prompt if prompt is None else prompt,
        brief.seed,
        size,
        Look(style=brief.style, guidance=_guidance(brief)),
        negative=brief.negative,
    )
    picture = finished(picture, _model(brief), brief.style, brief.seed)
    return without(picture, brief.negative) if brief.negative else picture


def _model(brief: Brief) -> str:
    """Return the model, or the operation if it has only one."""
    return "v1" if "engine_id" in brief.values else brief.text("model") or brief.operation


def _guidance(brief: Brief) -> float:
    """Return how closely the prompt is followed relative to the default, -1 to 1."""
    requested = brief.number("cfg_scale", -1)
    if requested < 0:
        return 0.0
    default = DEFAULT_GUIDANCES.get(_model(brief), DEFAULT_GUIDANCE)
    return max(-1.0, min(1.0, math.log2(max(requested, 0.25) / default) / 2))
