"""Reads colours as people write them: CSS names and notations, and names of paint charts."""

from typing import TYPE_CHECKING, NamedTuple

from stability_mcp.imaging.colours import colour_guess, colour_parts
from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.text import quoted

if TYPE_CHECKING:
    from PIL import Image


class Paint(NamedTuple):
    """An sRGB colour with its opacity; each part from 0 to 255."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    @property
    def is_light(self) -> bool:
        """Return whether dark text is more readable on it than white text."""
        return 299 * self.red + 587 * self.green + 114 * self.blue > 140_000  # noqa: PLR2004 -- Rec. 601, of 255,000


WHITE, BLACK, CLEAR = Paint(255, 255, 255), Paint(0, 0, 0), Paint(0, 0, 0, 0)


def parse_paint(text: str) -> Paint:
    """Return the colour that a text names.

    Raises:
        TransformError: it isn't a colour.
    """
    if text.strip().casefold() == "transparent":
        return CLEAR
    parts = colour_parts(text)
    if parts is not None:
        return Paint(*parts)
    raise TransformError(
        f'{quoted(text)} isn\'t a colour; write a name such as "white", #rrggbb, #rrggbbaa or '
        '"transparent"',
        hint=colour_guess(text),
    )


def filled(size: tuple[int, int], paint: Paint) -> "Image.Image":
    """Return a picture of one colour: RGB, or RGBA if it isn't opaque."""
    from PIL import Image

    return (
        Image.new("RGB", size, paint[:3])
        if paint.alpha == 255  # noqa: PLR2004 -- opaque
        else Image.new("RGBA", size, tuple(paint))
    )


def ink(picture: "Image.Image", mask: "Image.Image", paint: Paint, at: tuple[int, int]) -> None:
    """Paint a picture in place with a colour where a mask is white.

    Args:
        picture: RGB or RGBA.
        mask: How much of each pixel is covered, greyscale.
        paint: The colour.
        at: Where the top left corner of the mask is, which may be outside the picture.
    """
    from PIL import Image

    covered = mask if paint.alpha == 255 else mask.point(lambda level: level * paint.alpha // 255)  # noqa: PLR2004 -- opaque
    if picture.mode == "RGB":
        picture.paste(paint[:3], (*at, at[0] + mask.width, at[1] + mask.height), covered)
        return
    layer = Image.new("RGBA", mask.size, (*paint[:3], 0))
    layer.putalpha(covered)
    over(picture, layer, at)


def over(picture: "Image.Image", layer: "Image.Image", at: tuple[int, int]) -> None:
    """Draw an RGBA layer on an RGBA picture in place, cut off at its edges."""
    left, top = max(0, -at[0]), max(0, -at[1])
    right = min(layer.width, picture.width - at[0])
    bottom = min(layer.height, picture.height - at[1])
    if right > left and bottom > top:
        part = layer.crop((left, top, right, bottom))
        picture.alpha_composite(part, (max(0, at[0]), max(0, at[1])))
