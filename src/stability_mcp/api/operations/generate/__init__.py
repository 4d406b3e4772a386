"""Operations that make a picture from words."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import (
    FILE_HELP,
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

StartImage = Annotated[Reference, Field(description=f"To start from: {FILE_HELP}.")]
StartImageAnySize = Annotated[StartImage, File(limits=ImageLimits())]
Strength = Annotated[Share, Field(description="Needed with `image`: 0 keeps it, 1 ignores it.")]
Shape = Annotated[
    AspectRatio, Field(description="Width to height, without `image` only. Default 1:1.")
]


class MayStartFromPicture(ImageOperation):
    """What the operations share that take a picture to start from, if one is given."""

    wire = Wire(requires={"image": ("strength",)})

    prompt: Prompt
    image: str | None
    strength: Strength | None = None
    aspect_ratio: AspectRatio | None = "1:1"

    @model_validator(mode="after")
    def _image_and_strength_go_together(self) -> Self:
        if self.image is not None and self.strength is None:
            raise ValueError("image needs strength beside it: 0 keeps the picture, 1 ignores it")
        if self.image is None and self.strength is not None:
            raise ValueError("strength works only with image: add image or leave strength out")
        return self

    def output_size(self, source: Size | None) -> Size:
        """Return the size seen live: one megapixel with both sides divisible by 64."""
        shape = f"{source.width}:{source.height}" if source else "1:1"
        return megapixel_size(self.aspect_ratio or shape, MEGAPIXEL, step=64)
