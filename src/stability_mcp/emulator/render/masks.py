"""Masks: growing, softening, and where the middle of a picture is.

A mask is a grey picture, white where something is to happen.
"""

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_mcp.api.fields import Size

BINARY = [0] * 16 + [255] * 240
"""A table for `point`: whatever is marked at all."""
FULLY_MARKED = [0] * 208 + [255] * 48


def inverted(mask: Image.Image) -> Image.Image:
    """Return a mask of everything else."""
    return ImageChops.invert(mask)


def grown(mask: Image.Image, pixels: float) -> Image.Image:
    """Return a mask that reaches so many pixels further and ends softly there.

    What is grey keeps its strength and is not grown.
    """
    if pixels <= 0:
        return mask
    reached = mask.point(FULLY_MARKED).filter(ImageFilter.BoxBlur(pixels / 2))
    hard = reached.point(lambda value: 255 if value else 0)
    return ImageChops.lighter(mask, hard.filter(ImageFilter.BoxBlur(pixels / 2)))


def centre(size: Size, *, share: float = 0.62) -> Image.Image:
    """Return a soft mask of the middle of a picture."""
    width, height = (max(8, side // 8) for side in size)
    mask = Image.new("L", (width, height), 0)
    across, down = width * share / 2, height * share / 2
    ImageDraw.Draw(mask).ellipse(
        (width / 2 - across, height / 2 - down, width / 2 + across, height / 2 + down), fill=255
    )
    return mask.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)


def small_size(size: tuple[int, int], side: int) -> Size:
    """Return the size of a copy to work on, whose longer side is at most `side`."""
    scale = min(1.0, side / max(size))
    return Size(max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
