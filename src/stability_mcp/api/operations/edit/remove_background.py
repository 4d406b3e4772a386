"""Remove background: https://platform.stability.ai/docs/api-reference#tag/Edit."""

from stability_mcp.api.fields import ImageUpTo4MP, TransparentFormat
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec


class RemoveBackground(ImageOperation):
    """Cut out the subject of a picture for a transparent background: logos, stickers.

    For another background: `edit_replace_background_and_relight`.
    """

    title = "Remove background"
    spec = Spec(path="/v2beta/stable-image/edit/remove-background", credits=5, seconds=7)
    cuts_out = True
    next_tools = ("edit_replace_background_and_relight",)
    hints = {
        "prompt": "the subject is found automatically; for a new background use "
        "edit_replace_background_and_relight",
        "background_prompt": "for a new background use edit_replace_background_and_relight",
        "mask": "the subject is found automatically; to remove a marked area use edit_erase",
        "seed": "the same picture always gives the same result",
    }

    image: ImageUpTo4MP
    output_format: TransparentFormat = "png"
