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
    """Replace or remove one thing in a picture by name, without a mask.

    `prompt`: what is there afterwards ("empty pavement"), not an instruction. For an exact area:
    `edit_inpaint`. Only the colour: `edit_search_and_recolor`.
    """

    title = "Search and replace"
    spec = Spec(path="/v2beta/stable-image/edit/search-and-replace", credits=5, seconds=14)
    hints = {
        "mask": "search_prompt finds the thing; edit_inpaint takes a mask",
        "select_prompt": "use search_prompt",
        "replace_prompt": "use prompt",
    }
    wire = Wire(may_be_empty=frozenset({"search_prompt"}))

    image: ImageUpTo9MPNotTooLong
    prompt: Prompt
    search_prompt: Text
    """Thing to find, e.g. "tourist on the left"."""
    negative_prompt: NegativePrompt | None = None
    grow_mask: GrowMask = 3
    seed: Seed = 0
    style_preset: StylePreset | None = None
    output_format: ImageFormat = "png"
