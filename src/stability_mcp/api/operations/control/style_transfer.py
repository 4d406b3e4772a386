"""Style transfer: https://platform.stability.ai/docs/api-reference#tag/Control."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import (
    MEGAPIXEL,
    File,
    ImageFormat,
    ImageLimits,
    NegativePrompt,
    OptionalPrompt,
    Reference,
    Seed,
    Share,
    Size,
    megapixel_size,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec

LIMITS = ImageLimits(max_side=16_383, max_pixels=9_437_184)


class StyleTransfer(ImageOperation):
    """Repaint a picture in the style of another: a photo as a watercolour, one style for a set.

    For a new picture in that style: `control_style`.
    """

    title = "Control: style transfer"
    style_field = "style_image"
    spec = Spec(path="/v2beta/stable-image/control/style-transfer", credits=8, seconds=15)
    hints = {
        "image": "use init_image for the picture and style_image for the style",
        "style_preset": "the style comes from style_image",
        "control_strength": "use style_strength, composition_fidelity or change_strength",
    }

    init_image: Annotated[Reference, File(limits=replace(LIMITS, max_aspect=2.5))]
    """Picture to repaint: label, URI or path."""
    style_image: Annotated[Reference, File(limits=LIMITS)]
    """Picture with the style: label, URI or path."""
    prompt: OptionalPrompt | None = None
    negative_prompt: NegativePrompt | None = None
    seed: Seed = 0
    style_strength: Share = 1
    """How strongly to apply the style."""
    composition_fidelity: Share = 0.9
    """How closely to keep the layout."""
    change_strength: Annotated[float, Field(ge=0.1, le=1)] = 0.9
    """How much may change."""
    output_format: ImageFormat = "png"

    def output_size(self, source: Size | None) -> Size:
        """Return one megapixel with the aspect ratio of `init_image`."""
        return megapixel_size("{}:{}".format(*super().output_size(source)), MEGAPIXEL)
