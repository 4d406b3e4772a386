"""Style guide: https://platform.stability.ai/docs/api-reference#tag/Control/paths/style."""

from stability_mcp.api.fields import (
    MEGAPIXEL,
    AspectRatio,
    ImageFormat,
    ImageUpTo9MPNotTooLong,
    NegativePrompt,
    Prompt,
    Seed,
    Share,
    Size,
    StylePreset,
    megapixel_size,
)
from stability_mcp.api.kinds import ImageOperation
from stability_mcp.api.operation import Spec


class Style(ImageOperation):
    """Make a new picture in the style of another: a series in one style, brand pictures.

    `image`: the style. To restyle a picture: `control_style_transfer`.
    """

    title = "Control: style"
    style_field = "image"
    spec = Spec(path="/v2beta/stable-image/control/style", credits=5, seconds=11)
    hints = {
        "style_image": "use image",
        "init_image": "control_style only copies a style; to restyle use control_style_transfer",
    }

    prompt: Prompt
    image: ImageUpTo9MPNotTooLong
    negative_prompt: NegativePrompt | None = None
    aspect_ratio: AspectRatio = "1:1"
    fidelity: Share = 0.5
    """How closely to match the style."""
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None

    def output_size(self, source: Size | None) -> Size:  # noqa: ARG002 -- aspect_ratio decides
        """Return one megapixel; live, 16:9 gave 1365x768 where others round to 1344x768."""
        return megapixel_size(self.aspect_ratio, MEGAPIXEL)
