"""Masking: https://platform.stability.ai/docs/api-reference#tag/SDXL-1.0-and-SD1.6."""

from typing import Literal, Self

from pydantic import model_validator

from stability_mcp.api.operation import Spec
from stability_mcp.api.operations.v1 import CREDITS, InitImage, MaskImage, SDXLImages


class Masking(SDXLImages):
    """Repaint a marked area of a picture with SDXL 1.0, the cheapest and oldest model.

    For better results at any size: `edit_inpaint`.
    """

    title = "SDXL 1.0: masking"
    spec = Spec(path="/v1/generation/{engine_id}/image-to-image/masking", credits=CREDITS)
    hints = {
        "prompt": 'use text_prompts: [{"text": "..."}]',
        "negative_prompt": 'use text_prompts with a negative weight: {"text": "...", "weight": -1}',
        "output_format": "the result is always PNG",
    }

    init_image: InitImage
    mask_source: Literal["MASK_IMAGE_WHITE", "MASK_IMAGE_BLACK", "INIT_IMAGE_ALPHA"]
    """Repaints white or black of mask_image, or the transparent part of init_image."""
    mask_image: MaskImage | None = None

    @model_validator(mode="after")
    def _check_mask_source(self) -> Self:
        by_alpha = self.mask_source == "INIT_IMAGE_ALPHA"
        if by_alpha and self.mask_image is not None:
            raise ValueError("leave out mask_image, or set mask_source to MASK_IMAGE_WHITE")
        if not by_alpha and self.mask_image is None:
            raise ValueError("give mask_image, or set mask_source to INIT_IMAGE_ALPHA")
        return self
