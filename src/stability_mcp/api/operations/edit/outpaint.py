"""Outpaint: https://platform.stability.ai/docs/api-reference#tag/Edit/paths/outpaint."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import (
    ImageFormat,
    ImageUpTo9MPNotTooLong,
    OptionalPrompt,
    Seed,
    Share,
    Size,
    StylePreset,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec

Edge = Annotated[int, Field(ge=0, le=2_000, description="Pixels to add.")]


class Outpaint(ImageOperation):
    """Extend a picture beyond its edges: widen a shot, change its format, make room for text.

    Set at least one edge.
    """

    title = "Outpaint"
    spec = Spec(path="/v2beta/stable-image/edit/outpaint", credits=4, seconds=18)
    hints = {
        "top": "use up",
        "bottom": "use down",
        "aspect_ratio": "set the pixels to add with left, right, up and down",
        "negative_prompt": "outpaint has none; describe in prompt what the new area shows",
    }

    image: ImageUpTo9MPNotTooLong
    left: Edge = 0
    right: Edge = 0
    up: Edge = 0
    down: Edge = 0
    creativity: Share = 0.5
    """How freely to fill the new area."""
    prompt: OptionalPrompt | None = None
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"

    @model_validator(mode="after")
    def _some_edge_grows(self) -> Self:
        if not (self.left or self.right or self.up or self.down):
            raise ValueError("set at least one of left, right, up and down above 0")
        return self

    def output_size(self, source: Size | None) -> Size:
        """Return the picture's size plus the added edges."""
        width, height = super().output_size(source)
        return Size(width + self.left + self.right, height + self.up + self.down)
