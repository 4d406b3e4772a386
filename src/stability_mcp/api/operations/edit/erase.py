"""Erase: https://platform.stability.ai/docs/api-reference#tag/Edit/paths/erase."""

from stability_mcp.api.fields import GrowMask, ImageFormat, ImageUpTo9MP, Mask, Seed
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec


class Erase(ImageOperation):
    """Remove what a mask marks (person, logo, blemish) and fill in the background.

    By name, without a mask: `edit_search_and_replace`. To put something there: `edit_inpaint`.
    """

    title = "Erase"
    spec = Spec(path="/v2beta/stable-image/edit/erase", credits=5, seconds=7)
    hints = {
        "prompt": "erase takes no prompt; to remove something by name use edit_search_and_replace, "
        "to put something there use edit_inpaint",
        "search_prompt": "erase needs a mask; edit_search_and_replace finds things by name",
        "negative_prompt": "erase takes no prompts; edit_inpaint does",
    }
    needs_marking = True

    image: ImageUpTo9MP
    mask: Mask | None = None
    grow_mask: GrowMask = 5
    seed: Seed = 0
    output_format: ImageFormat = "png"
