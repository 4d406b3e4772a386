"""Stable Diffusion 3.5: https://platform.stability.ai/docs/api-reference#tag/Generate/paths/sd3."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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

Model = Literal["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash"]
CREDITS: dict[Model, float] = {
    "sd3.5-large": 6.5,
    "sd3.5-large-turbo": 4,
    "sd3.5-medium": 3.5,
    "sd3.5-flash": 2.5,
}
WITHOUT_GUIDANCE = ("sd3.5-large-turbo", "sd3.5-flash")


class SD3(ImageOperation):
    """Make a picture from words, or a variation of a picture, with a Stable Diffusion 3.5 model.

    With `image` it starts from that picture; strength 0.6 keeps it recognisable. Without
    choosing a model: `generate_core`. To change only a part: `edit_search_and_replace`.
    """

    spec = Spec(
        path="/v2beta/stable-image/generate/sd3",
        credits=(min(CREDITS.values()), max(CREDITS.values())),
        seconds=11,
    )
    hints = {"mode": "the mode follows from image: with one, image-to-image"}

    prompt: Prompt
    image: Annotated[StartImage, File(limits=ImageLimits())] | None = None
    strength: Strength | None = None
    aspect_ratio: AspectRatio | None = Field(
        default_factory=lambda given: None if given.get("image") else "1:1",
        description="Width to height, without `image` only. Default 1:1.",
    )
    model: Annotated[
        Model, Field(description=f"{', '.join(f'{n:g}' for n in CREDITS.values())} credits each.")
    ] = "sd3.5-large"
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None
    negative_prompt: NegativePrompt | None = None
    cfg_scale: Annotated[float, Field(ge=1, le=10)] = Field(
        default_factory=lambda given: 1 if given["model"] in WITHOUT_GUIDANCE else 4,
        description="Closeness to the prompt. Default 4; turbo, flash 1.",
    )

    @model_validator(mode="after")
    def _what_goes_with_a_picture(self) -> Self:
        check_start(self.image, self.strength)
        if self.image is not None and self.aspect_ratio is not None:
            raise ValueError("leave out aspect_ratio: with image the result has its shape")
        return self

    def price(self) -> int:
        """Return the price of the model."""
        return round(CREDITS[self.model] * 1000)

    def added(self) -> dict[str, str]:
        """Return the mode, which the API wants beside what already says it."""
        return {"mode": "text-to-image" if self.image is None else "image-to-image"}

    def output_size(self, source: Size | None) -> Size:
        """Return the size seen live: one megapixel with both sides divisible by 64."""
        given = f"{source.width}:{source.height}" if source else "1:1"
        return megapixel_size(self.aspect_ratio or given, MEGAPIXEL, step=64)
