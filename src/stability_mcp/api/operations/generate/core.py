"""Core: https://platform.stability.ai/docs/api-reference#tag/Generate/paths/core."""

from stability_mcp.api.fields import (
    AspectRatio,
    ImageFormat,
    NegativePrompt,
    Prompt,
    Seed,
    Size,
    StylePreset,
    megapixel_size,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Grade, Spec
from stability_mcp.api.operations.generate import FAMILY

MAX_PIXELS = 1536 * 1536
"""Documented as 1.5 megapixels; live at 1:1 it is 1536x1536."""


class Core(ImageOperation):
    """Make a picture from text, fast and cheap: drafts, logos, icons.

    For finer detail and lettering: `generate_ultra`. To start from a picture: `generate_sd3`.
    """

    title = "Stable Image Core"
    spec = Spec(path="/v2beta/stable-image/generate/core", credits=3, seconds=8)
    family, grades = FAMILY, (Grade(2),)
    hints = {
        "image": "core takes no picture; generate_sd3 and generate_ultra do",
        "strength": "core takes no picture; generate_sd3 and generate_ultra do",
        "model": "core has only one model; generate_sd3 has four",
        "cfg_scale": "core has no guidance scale; generate_sd3 does",
    }

    prompt: Prompt
    aspect_ratio: AspectRatio = "1:1"
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"

    def output_size(self, source: Size | None) -> Size:  # noqa: ARG002 -- no input picture
        """Return a size of about `MAX_PIXELS` with both sides divisible by 64."""
        return megapixel_size(self.aspect_ratio, MAX_PIXELS, step=64)
