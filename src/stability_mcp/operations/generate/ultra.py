"""Ultra: https://platform.stability.ai/docs/api-reference#tag/Generate/paths/ultra."""

from typing import Annotated, Self

from pydantic import model_validator

from stability_mcp.fields import (
    MEGAPIXEL,
    AspectRatio,
    File,
    ImageFormat,
    ImageLimits,
    NegativePrompt,
    Prompt,
    Seed,
    Size,
    StylePreset,
    megapixel_size,
)
from stability_mcp.operation import ImageOperation, Spec
from stability_mcp.operations.generate import StartImage, Strength, check_start


class Ultra(ImageOperation):
    """Make the best-looking picture from words: hero images, posters, portraits, lettering.

    Say what is to be seen, not an order. With `image` it starts from that picture. Drafts:
    `generate_core`. To keep a picture's layout: `control_structure`.
    """

    spec = Spec(path="/v2beta/stable-image/generate/ultra", credits=8, seconds=12)
    hints = {"model": "ultra has one model; generate_sd3 has four to choose from"}

    prompt: Prompt
    image: Annotated[StartImage, File(limits=ImageLimits(max_side=16_384))] | None = None
    strength: Strength | None = None
    aspect_ratio: AspectRatio = "1:1"
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"

    @model_validator(mode="after")
    def _image_and_strength_go_together(self) -> Self:
        check_start(self.image, self.strength)
        return self

    def output_size(self, source: Size | None) -> Size:  # noqa: ARG002 -- the ratio decides
        """Return the size seen live: one megapixel with both sides divisible by 64."""
        return megapixel_size(self.aspect_ratio, MEGAPIXEL, step=64)
