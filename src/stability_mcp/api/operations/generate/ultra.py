"""Ultra: https://platform.stability.ai/docs/api-reference#tag/Generate/paths/ultra."""

from typing import Annotated

from stability_mcp.api.fields import (
    File,
    ImageFormat,
    ImageLimits,
    NegativePrompt,
    Seed,
    StylePreset,
)
from stability_mcp.api.operation import Grade, Spec
from stability_mcp.api.operations.generate import MayStartFromPicture, StartImage


class Ultra(MayStartFromPicture):
    """Make the best-looking picture from text: hero images, posters, portraits, lettering.

    For drafts: `generate_core`. To keep a picture's layout: `control_structure`.
    """

    title = "Stable Image Ultra"
    spec = Spec(path="/v2beta/stable-image/generate/ultra", credits=8, seconds=12)
    grades = (Grade(6),)
    hints = {"model": "ultra has only one model; generate_sd3 has four"}

    image: Annotated[StartImage, File(limits=ImageLimits(max_side=16_384))] | None = None
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"
