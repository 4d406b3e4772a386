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
    """Make a new picture in the look of another one: a series in one style, brand pictures.

    `image`: the look; `prompt`: what is seen. To restyle a picture: `control_style_transfer`.
    """

    spec = Spec(path="/v2beta/stable-image/control/style", credits=5, seconds=11)
    result_label = "in-style"
    hints = {
        "style_image": "it is called image",
        "init_image": "style takes the look alone; control_style_transfer restyles a picture",
    }

    prompt: Prompt
    image: ImageUpTo9MPNotTooLong
    negative_prompt: NegativePrompt | None = None
    aspect_ratio: AspectRatio = "1:1"
    fidelity: Share = 0.5
    """How closely to keep to the look."""
    seed: Seed = 0
    output_format: ImageFormat = "png"
    style_preset: StylePreset | None = None

    def output_size(self, source: Size | None) -> Size:  # noqa: ARG002 -- the ratio decides
        """Return one megapixel; live 16:9 was 1365x768, where others round to 1344x768."""
        return megapixel_size(self.aspect_ratio, MEGAPIXEL)
