"""Replace background and relight: https://platform.stability.ai/docs/api-reference#tag/Edit."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stability_mcp.fields import (
    ImageFormat,
    ImageUpTo9MP,
    ImageUpTo9MPNotTooLong,
    NegativePrompt,
    OptionalPrompt,
    Seed,
    Share,
)
from stability_mcp.operation import DeferredImage, Spec, only_with

Backdrop = Annotated[ImageUpTo9MP, Field(description="Picture of the background wanted.")]
Scene = Annotated[OptionalPrompt, Field(description="The background wanted, in English.")]
Subject = Annotated[OptionalPrompt, Field(description="What the subject is; rarely needed.")]
Light = Annotated[ImageUpTo9MP, Field(description="Picture with the light wanted.")]


class ReplaceBackgroundAndRelight(DeferredImage):
    """Put a subject in front of another background, in matching light: product shots, portraits.

    Give `background_prompt` or `background_reference`. A transparent background:
    `edit_remove_background`.
    """

    spec = Spec(
        path="/v2beta/stable-image/edit/replace-background-and-relight", credits=8, seconds=16
    )
    hints = {
        "image": "it is called subject_image",
        "prompt": "say it in background_prompt, and about the subject in foreground_prompt",
        "style_preset": "there is none here; say the look in background_prompt",
    }

    subject_image: ImageUpTo9MPNotTooLong
    background_reference: Backdrop | None = None
    background_prompt: Scene | None = None
    foreground_prompt: Subject | None = None
    negative_prompt: NegativePrompt | None = None
    preserve_original_subject: Share = 0.6
    """1: the subject stays as it is."""
    original_background_depth: Share = 0.5
    """1: as deep as the old background."""
    keep_original_background: bool = False
    """Only relight."""
    light_source_direction: Literal["left", "right", "above", "below"] | None = None
    """Where the light comes from."""
    light_reference: Light | None = None
    light_source_strength: Share = 0.3
    """With a light direction or reference only."""
    seed: Seed = 0
    output_format: ImageFormat = "png"

    @model_validator(mode="after")
    def _some_background(self) -> Self:
        if not (self.background_prompt or self.background_reference):
            raise ValueError("give background_prompt or background_reference, or both")
        light = "light_source_direction or light_reference"
        only_with(self, self._lit(), light, "light_source_strength")
        return self

    def _lit(self) -> bool:
        return bool(self.light_source_direction or self.light_reference)

    def not_sent(self) -> frozenset[str]:
        """Return the strength of the light where there is none: the API refuses it alone."""
        return frozenset() if self._lit() else frozenset({"light_source_strength"})
