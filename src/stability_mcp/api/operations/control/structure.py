"""Structure: https://platform.stability.ai/docs/api-reference#tag/Control/paths/structure."""

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


class Structure(ImageOperation):
    """Keep the layout of a picture and change the rest: another season, material or character.

    `prompt`: what is seen afterwards. From a line drawing: `control_sketch`. To keep the look
    instead: `control_style`.
    """

    spec = Spec(path="/v2beta/stable-image/control/structure", credits=5, seconds=13)
    result_label = "restructured"

    prompt: Prompt
    image: ImageUpTo9MPNotTooLong
    control_strength: Share = 0.7
    """1: keeps the layout exactly."""
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None
