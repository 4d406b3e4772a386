"""Operations that make a picture from text."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import (
    MEGAPIXEL,
    AspectRatio,
    File,
    ImageLimits,
    Prompt,
    Reference,
    Share,
    Size,
    megapixel_size,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Wire

FAMILY = "picture from text"
"""Ranks (*Documented*): the API calls Ultra its most advanced service and Core its fast one. Among
the models of 3.5, Turbo is distilled from Large, and Flash from Medium, the smaller one. SDXL isn't
in the family, because it takes prompts in another form."""

StartImage = Annotated[Reference, Field(description="Picture to start from: label, URI or path.")]
StartImageAnySize = Annotated[StartImage, File(limits=ImageLimits())]
Strength = Annotated[Share, Field(description="Required with image: 0 keeps it, 1 ignores it.")]
Shape = Annotated[AspectRatio, Field(description="Only without image. Default: 1:1.")]


class MayStartFromPicture(ImageOperation):
    """Base of the operations with an optional picture to start from."""

    family = FAMILY
    wire = Wire(requires={"image": ("strength",)})

    prompt: Prompt
    image: str | None
    strength: Strength | None = None
    aspect_ratio: AspectRatio | None = "1:1"

    @staticmethod
    def default_shape(given: dict[str, Any]) -> AspectRatio | None:
        """Return the default aspect ratio: None with a picture, which sets the shape."""
        return None if given.get("image") else "1:1"

    @model_validator(mode="after")
    def _image_and_strength_go_together(self) -> Self:
        if self.image is not None and self.strength is None:
            raise ValueError("image requires strength: 0 keeps the picture, 1 ignores it")
        if self.image is None and self.strength is not None:
            raise ValueError("strength only works with image: add image or leave out strength")
        return self

    def output_size(self, source: Size | None) -> Size:
        """Return the size seen live: one megapixel with both sides divisible by 64."""
        shape = f"{source.width}:{source.height}" if source else "1:1"
        return megapixel_size(self.aspect_ratio or shape, MEGAPIXEL, step=64)
