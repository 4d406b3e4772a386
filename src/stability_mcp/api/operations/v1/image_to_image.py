"""Image to image: https://platform.stability.ai/docs/api-reference#tag/SDXL-1.0-and-SD1.6."""

from typing import Literal

from stability_mcp.api.fields import Share
from stability_mcp.api.operation import Spec, Wire
from stability_mcp.api.operations.v1 import CREDITS, InitImage, SDXLImages


class ImageToImage(SDXLImages):
    """Make variations of a picture with SDXL 1.0, the cheapest and oldest model.

    For better results: `generate_sd3`.
    """

    title = "SDXL 1.0: image to image"
    spec = Spec(path="/v1/generation/{engine_id}/image-to-image", credits=CREDITS)
    hints = {
        "prompt": 'use text_prompts: [{"text": "..."}]',
        "negative_prompt": 'use text_prompts with a negative weight: {"text": "...", "weight": -1}',
        "output_format": "the result is always PNG",
        "strength": "use image_strength, which is inverted: 1 keeps the picture",
    }
    depends_on = {
        "image_strength": ("init_image_mode",),
        "step_schedule_start": ("init_image_mode",),
        "step_schedule_end": ("init_image_mode",),
    }
    wire = Wire(idle=frozenset({"image_strength", "step_schedule_start", "step_schedule_end"}))

    init_image: InitImage
    init_image_mode: Literal["IMAGE_STRENGTH", "STEP_SCHEDULE"] = "IMAGE_STRENGTH"
    """Which settings apply: image_strength or the step schedule."""
    image_strength: Share = 0.35
    """How closely to keep the picture."""
    step_schedule_start: Share = 0.65
    """1 minus image_strength."""
    step_schedule_end: Share | None = None
    """Where the step schedule ends."""

    def not_sent(self) -> frozenset[str]:
        """Return the fields of the other mode."""
        if self.init_image_mode == "IMAGE_STRENGTH":
            return frozenset({"step_schedule_start", "step_schedule_end"})
        return frozenset({"image_strength"})
