"""Text to image: https://platform.stability.ai/docs/api-reference#tag/SDXL-1.0-and-SD1.6."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import Size
from stability_mcp.api.operation import Spec
from stability_mcp.api.operations.v1 import CREDITS, SDXL, SDXL_SIZES, SDXLImages

Side = Annotated[int, Field(ge=128, le=1_536, multiple_of=64)]


class TextToImage(SDXLImages):
    """Make pictures from text with SDXL 1.0, the cheapest and oldest model: bulk variants.

    Sizes: 1024x1024, 1152x896, 1216x832, 1344x768, 1536x640, or upright. Follows prompts far
    better: `generate_core`.
    """

    title = "SDXL 1.0: text to image"
    spec = Spec(path="/v1/generation/{engine_id}/text-to-image", credits=CREDITS)
    hints = {
        "prompt": 'use text_prompts: [{"text": "..."}]',
        "negative_prompt": 'use text_prompts with a negative weight: {"text": "...", "weight": -1}',
        "output_format": "the result is always PNG",
        "aspect_ratio": "use width and height",
    }

    height: Side = 1024
    """Height in pixels."""
    width: Side = 1024
    """Width in pixels."""

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if self.engine_id == SDXL and (self.width, self.height) not in SDXL_SIZES:
            sizes = ", ".join(f"{width}x{height}" for width, height in SDXL_SIZES)
            raise ValueError(f"width and height must be one of {sizes}")
        return self

    def output_size(self, source: Size | None) -> Size:  # noqa: ARG002 -- no input picture
        """Return the requested size."""
        return Size(self.width, self.height)
