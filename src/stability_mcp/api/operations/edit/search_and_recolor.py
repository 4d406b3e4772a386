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
    """Give one thing in a picture another colour: a car, a dress, a wall, hair.

    `select_prompt`: the thing ("jacket"); `prompt`: how it looks afterwards ("dark green
    jacket"). To change its shape too: `edit_search_and_replace`.
    """

    spec = Spec(path="/v2beta/stable-image/edit/search-and-recolor", credits=5, seconds=34)
    result_label = "recolored"
    hints = {
        "search_prompt": "it is called select_prompt",
        "color": "say the colour in prompt and the thing in select_prompt",
        "colour": "say the colour in prompt and the thing in select_prompt",
        "mask": "this finds the thing by select_prompt; edit_inpaint works by mask",
    }
    wire = Wire(may_be_empty=frozenset({"select_prompt"}))

    image: ImageUpTo9MPNotTooLong
    prompt: Prompt
    select_prompt: Text
    """What to find, in few words."""
    negative_prompt: NegativePrompt | None = None
    grow_mask: GrowMask = 3
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"
