"""Inpaint: https://platform.stability.ai/docs/api-reference#tag/Edit/paths/inpaint."""

from typing import Annotated

from pydantic import Field

from stability_mcp.api.fields import (
    GrowMask,
    ImageFormat,
    ImageUpTo9MP,
    Mask,
    NegativePrompt,
    Prompt,
    Seed,
    StylePreset,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec


class Inpaint(ImageOperation):
    """Repaint exactly the area a mask marks: other clothes, an added object.

    `prompt`: the area afterwards, not an instruction. By name, without a mask:
    `edit_search_and_replace`. Only to remove: `edit_erase`.
    """

    title = "Inpaint"
    spec = Spec(path="/v2beta/stable-image/edit/inpaint", credits=5, seconds=12)
    hints = {"search_prompt": "inpaint needs a mask; edit_search_and_replace finds things by name"}
    needs_marking = True

    image: ImageUpTo9MP
    prompt: Prompt
    negative_prompt: NegativePrompt | None = None
    mask: Mask | None = None
    grow_mask: Annotated[GrowMask, Field(le=100)] = 5
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"
