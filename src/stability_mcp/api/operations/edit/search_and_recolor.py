"""Search and recolor: https://platform.stability.ai/docs/api-reference#tag/Edit."""

from stability_mcp.api.fields import (
    GrowMask,
    ImageFormat,
    ImageUpTo9MPNotTooLong,
    NegativePrompt,
    Prompt,
    Seed,
    StylePreset,
    Text,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec, Wire


class SearchAndRecolor(ImageOperation):
    """Change the colour of one thing in a picture: a car, a dress, a wall, hair.

    `prompt`: the thing afterwards ("dark green jacket"). To change its shape too:
    `edit_search_and_replace`.
    """

    title = "Search and recolor"
    spec = Spec(path="/v2beta/stable-image/edit/search-and-recolor", credits=5, seconds=34)
    hints = {
        "search_prompt": "use select_prompt",
        "color": "put the colour in prompt and the thing in select_prompt",
        "colour": "put the colour in prompt and the thing in select_prompt",
        "mask": "select_prompt finds the thing; edit_inpaint takes a mask",
    }
    wire = Wire(may_be_empty=frozenset({"select_prompt"}))

    image: ImageUpTo9MPNotTooLong
    prompt: Prompt
    select_prompt: Text
    """Thing to find, e.g. "jacket"."""
    negative_prompt: NegativePrompt | None = None
    grow_mask: GrowMask = 3
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"
