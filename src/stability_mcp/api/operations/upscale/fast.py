"""Fast upscale: https://platform.stability.ai/docs/api-reference#tag/Upscale/paths/fast."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import (
    FILE_HELP,
    MEGAPIXEL,
    File,
    ImageFormat,
    ImageLimits,
    Reference,
    Size,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Grade, Spec
from stability_mcp.api.operations.upscale import FAMILY


class Fast(ImageOperation):
    """Enlarge a picture four times per side, quickly and otherwise unchanged.

    Sources above 1 megapixel are shrunk first. Up to 9.4 megapixels:
    `upscale_conservative`. For blurred sources: `upscale_creative`.
    """

    title = "Upscale: fast"
    spec = Spec(path="/v2beta/stable-image/upscale/fast", credits=2, seconds=5)
    enlarges = True
    family, grades = FAMILY, (Grade(1),)
    hints = {
        "prompt": "fast upscale takes no prompt; upscale_conservative and upscale_creative do",
        "creativity": "fast upscale adds no detail; upscale_conservative and upscale_creative do",
        "scale": "the factor is always 4 per side",
        "seed": "the same picture always gives the same result",
    }

    image: Annotated[
        Reference,
        File(
            limits=ImageLimits(min_side=32, max_side=1_536, min_pixels=1_024, max_pixels=MEGAPIXEL)
        ),
        Field(description=f"{FILE_HELP}."),
    ]
    output_format: ImageFormat = "png"

    def output_size(self, source: Size | None) -> Size:
        """Return four times the size of the picture."""
        width, height = super().output_size(source)
        return Size(width * 4, height * 4)
