"""Replace background and relight: https://platform.stability.ai/docs/api-reference#tag/Edit."""

from typing import Literal, Self

from pydantic import model_validator

from stability_mcp.api.fields import (
    ImageFormat,
    ImageUpTo9MP,
    ImageUpTo9MPNotTooLong,
    NegativePrompt,
    OptionalPrompt,
    Seed,
    Share,
)
from stability_mcp.api.kinds import DeferredImage
from stability_mcp.api.operation import Spec


class ReplaceBackgroundAndRelight(DeferredImage):
    """Put a subject in front of a new background with matching light: product shots.

    Give `background_prompt` or `background_reference`. For transparency: `edit_remove_background`.
    """

    title = "Replace background and relight"
    spec = Spec("/v2beta/stable-image/edit/replace-background-and-relight", credits=8, seconds=16)
    hints = {"prompt": "use background_prompt, or foreground_prompt for the subject"}
    depends_on = {"light_source_strength": ("light_source_direction", "light_reference")}

    subject_image: ImageUpTo9MPNotTooLong
    background_reference: ImageUpTo9MP | None = None
    """Background picture: label, URI or path."""
    background_prompt: OptionalPrompt | None = None
    """The new background, in English."""
    foreground_prompt: OptionalPrompt | None = None
    """What the subject is; rarely needed."""
    negative_prompt: NegativePrompt | None = None
    preserve_original_subject: Share = 0.6
    """How closely to keep the subject; 1 = unchanged."""
    original_background_depth: Share = 0.5
    """How closely to match the old background's depth."""
    keep_original_background: bool = False
    """Keep the background and only relight."""
    light_source_direction: Literal["left", "right", "above", "below"] | None = None
    """Where the light comes from."""
    light_reference: ImageUpTo9MP | None = None
    """Picture with the lighting: label, URI or path."""
    light_source_strength: Share = 0.3
    """Needs a light direction or reference."""
    seed: Seed = 0
    output_format: ImageFormat = "png"

    @model_validator(mode="after")
    def _some_background(self) -> Self:
        if not (self.background_prompt or self.background_reference):
            raise ValueError("give background_prompt or background_reference, or both")
        return self
