"""Sketch: https://platform.stability.ai/docs/api-reference#tag/Control/paths/sketch."""

from stability_mcp.api.fields import (
    ImageFormat,
    ImageUpTo9MPNotTooLong,
    NegativePrompt,
    Prompt,
    Seed,
    Share,
    StylePreset,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec


class Sketch(ImageOperation):
    """Turn a sketch, line drawing or wireframe into a finished picture that follows its lines.

    For the layout of a photo or painting: `control_structure`.
    """

    title = "Control: sketch"
    spec = Spec(path="/v2beta/stable-image/control/sketch", credits=5, seconds=14)

    prompt: Prompt
    image: ImageUpTo9MPNotTooLong
    control_strength: Share = 0.7
    """How closely to follow the lines."""
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None
