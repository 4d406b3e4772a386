"""Stable Diffusion 3.5: https://platform.stability.ai/docs/api-reference#tag/Generate/paths/sd3."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stability_mcp.api.fields import ImageFormat, NegativePrompt, Seed, StylePreset
from stability_mcp.api.operation import Spec, Wire, ranked
from stability_mcp.api.operations.generate import MayStartFromPicture, Shape, StartImageAnySize

Model = Literal["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash"]
MODES = ("text-to-image", "image-to-image")
CREDITS = {"sd3.5-large": 6.5, "sd3.5-large-turbo": 4, "sd3.5-medium": 3.5, "sd3.5-flash": 2.5}
CFG_SCALES = {"sd3.5-large": 4, "sd3.5-large-turbo": 1, "sd3.5-medium": 4, "sd3.5-flash": 1}


class SD3(MayStartFromPicture):
    """Make a picture from text, or vary a picture, with a Stable Diffusion 3.5 model.

    `strength` 0.6 keeps `image` recognisable. To change only part of a picture:
    `edit_search_and_replace`.
    """

    title = "Stable Diffusion 3.5"
    spec = Spec(path="/v2beta/stable-image/generate/sd3", credits=(2.5, 6.5), seconds=11)
    grades = ranked("model", dict(zip(CREDITS, (5, 4, 3, 1), strict=True)), "cfg_scale")
    hints = {"mode": "image sets the mode: image-to-image if given"}
    wire = Wire(
        added={"mode": {"type": "string", "enum": list(MODES), "default": MODES[0]}},
        requires={"mode=image-to-image": ("image", "strength")},
        known_drift={'model: removed choice "sd3.5-flash"': "the live validator names it"},
    )

    image: StartImageAnySize | None = None
    aspect_ratio: Shape | None = Field(default_factory=MayStartFromPicture.default_shape)
    model: Model = "sd3.5-large"
    """Credits: large 6.5, turbo 4, medium 3.5, flash 2.5."""
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None
    negative_prompt: NegativePrompt | None = None
    cfg_scale: Annotated[float, Field(ge=1, le=10)] = Field(
        default_factory=lambda given: CFG_SCALES[given["model"]]
    )
    """How closely to follow the prompt. Default: 4; turbo and flash 1."""

    @model_validator(mode="after")
    def _image_sets_the_shape(self) -> Self:
        if self.image is not None and self.aspect_ratio is not None:
            raise ValueError("leave out aspect_ratio: with image, the result has the image's shape")
        return self

    def price(self) -> int:
        """Return the price of the model."""
        return round(CREDITS[self.model] * 1000)

    def added(self) -> dict[str, str]:
        """Return the mode, which the API requires although it follows from `image`."""
        return {"mode": MODES[self.image is not None]}
