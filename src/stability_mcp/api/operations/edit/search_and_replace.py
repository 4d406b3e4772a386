"""Search and replace: https://platform.stability.ai/docs/api-reference#tag/Edit."""

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


class SearchAndReplace(ImageOperation):
    """Replace or remove one thing you can name in a picture, without a mask.

    `search_prompt`: the thing ("tourist on the left"); `prompt`: what is there afterwards
    ("empty pavement"), not an order. An exact area: `edit_inpaint`. Colour alone:
    `edit_search_and_recolor`.
    """

    spec = Spec(path="/v2beta/stable-image/edit/search-and-replace", credits=5, seconds=14)
    result_label = "replaced"
    hints = {
        "mask": "this finds the thing by search_prompt; edit_inpaint works by mask",
        "select_prompt": "it is called search_prompt",
        "replace_prompt": "it is called prompt",
    }
    wire = Wire(may_be_empty=frozenset({"search_prompt"}))

    image: ImageUpTo9MPNotTooLong
    prompt: Prompt
    search_prompt: Text
    """What to find, in few words."""
    negative_prompt: NegativePrompt | None = None
    grow_mask: GrowMask = 3
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"
