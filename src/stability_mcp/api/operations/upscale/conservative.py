"""Conservative upscale: https://platform.stability.ai/docs/api-reference#tag/Upscale."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import (
    ImageFormat,
    ImageUpTo9MPNotTooLong,
    NegativePrompt,
    Prompt,
    Seed,
    Size,
    megapixel_size,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Grade, Spec
from stability_mcp.api.operations.upscale import FAMILY

MAX_PIXELS = 3112 * 3112
"""Documented as 4 megapixels; live, a 512x512 picture became 3112x3112."""


class Conservative(ImageOperation):
    """Enlarge a picture to about 9 megapixels for print, sharper but otherwise unchanged.

    `prompt`: what the picture shows. Cheaper: `upscale_fast`. To invent
    detail: `upscale_creative`.
    """

    title = "Upscale: conservative"
    spec = Spec(path="/v2beta/stable-image/upscale/conservative", credits=40, seconds=28)
    enlarges = True
    family, grades = FAMILY, (Grade(2),)
    hints = {"style_preset": "conservative upscale has no styles; upscale_creative does"}

    image: ImageUpTo9MPNotTooLong
    prompt: Prompt
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    output_format: ImageFormat = "png"
    creativity: Annotated[float, Field(ge=0.2, le=0.5)] = 0.35
    """How much detail to add."""

    def output_size(self, source: Size | None) -> Size:
        """Return a size of about `MAX_PIXELS` with the picture's aspect ratio."""
        width, height = super().output_size(source)
        return megapixel_size(f"{width}:{height}", MAX_PIXELS)
