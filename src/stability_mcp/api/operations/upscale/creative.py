"""Creative upscale: https://platform.stability.ai/docs/api-reference#tag/Upscale."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import (
    ImageFormat,
    ImageUpTo1MP,
    NegativePrompt,
    Prompt,
    Seed,
    Size,
    StylePreset,
    megapixel_size,
)
from stability_mcp.api.kinds import DeferredImage
from stability_mcp.api.operation import Grade, Spec
from stability_mcp.api.operations.upscale import FAMILY

MAX_PIXELS = 3152 * 3152
"""Documented as about 4K; live, a 512x512 picture became 3152x3152 in two runs."""


class Creative(DeferredImage):
    """Restore a small, blurred or noisy picture: enlarge it to 4K and reinvent its detail.

    `prompt`: what the picture shows. Faces and text may change. For fidelity:
    `upscale_conservative`. Cheaper: `upscale_fast`.
    """

    title = "Upscale: creative"
    spec = Spec(path="/v2beta/stable-image/upscale/creative", credits=60, seconds=40)
    enlarges = True
    family, grades = FAMILY, (Grade(3),)

    image: ImageUpTo1MP
    prompt: Prompt
    negative_prompt: NegativePrompt | None = None
    output_format: ImageFormat = "png"
    seed: Seed = 0
    creativity: Annotated[float, Field(ge=0.1, le=0.5)] = 0.3
    """How much detail to invent."""
    style_preset: StylePreset | None = None

    def output_size(self, source: Size | None) -> Size:
        """Return a size of about `MAX_PIXELS` with the picture's aspect ratio."""
        width, height = super().output_size(source)
        return megapixel_size(f"{width}:{height}", MAX_PIXELS)
