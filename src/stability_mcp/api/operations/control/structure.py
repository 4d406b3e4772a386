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
    """Keep a picture's layout and change the rest: another season, material or character.

    For line drawings: `control_sketch`. To keep the style: `control_style`.
    """

    title = "Control: structure"
    spec = Spec(path="/v2beta/stable-image/control/structure", credits=5, seconds=13)

    prompt: Prompt
    image: ImageUpTo9MPNotTooLong
    control_strength: Share = 0.7
    """How closely to keep the layout."""
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None
