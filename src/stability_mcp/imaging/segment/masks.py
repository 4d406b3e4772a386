"""Mask operations: growing, softening, a centre mask, and filling marked areas with nearby colours.

A mask is a greyscale picture that is white in marked areas.
"""

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_mcp.api.fields import Size

BINARY = [0] * 16 + [255] * 240
"""Lookup table for Pillow's `point`: white for pixels that are marked at all."""
FULLY_MARKED = [0] * 208 + [255] * 48
"""Lookup table for Pillow's `point`: white for (almost) fully marked pixels."""
MEMBRANE_SIDE = 384
"""Longer side of the copy in which colours are diffused into a hole."""


def inverted(mask: Image.Image) -> Image.Image:
    """Return the inverse mask."""
    return ImageChops.invert(mask)


def grown(mask: Image.Image, pixels: float) -> Image.Image:
    """Return the mask extended outwards, with a soft edge.

    Args:
        mask: Greyscale; partly marked pixels keep their value and aren't extended.
        pixels: Distance to extend by; 0 or less returns the mask itself.
    """
    if pixels <= 0:
        return mask
    reached = mask.point(FULLY_MARKED).filter(ImageFilter.BoxBlur(pixels / 2))
    hard = reached.point(lambda value: 255 if value else 0)
    return ImageChops.lighter(mask, hard.filter(ImageFilter.BoxBlur(pixels / 2)))


def centre(size: Size, *, share: float = 0.62) -> Image.Image:
    """Return a soft mask of the centre of a picture.

    Args:
        size: Width and height of the picture in pixels.
        share: Width and height of the centre, as a share of the picture's, from 0 to 1.
    """
    width, height = (max(8, side // 8) for side in size)
    mask = Image.new("L", (width, height), 0)
    across, down = width * share / 2, height * share / 2
    ImageDraw.Draw(mask).ellipse(
        (width / 2 - across, height / 2 - down, width / 2 + across, height / 2 + down), fill=255
    )
    return mask.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)


def small_size(size: tuple[int, int], side: int) -> Size:
    """Return the size of a working copy whose longer side is at most `side`."""
    scale = min(1.0, side / max(size))
    return Size(max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


def opaque(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB; transparent pixels keep their stored colour."""
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def diffused(picture: Image.Image, mask: Image.Image, *, level: bool = False) -> Image.Image:
    """Return the picture with the marked area replaced by the colours around it.

    The colours get softer with the distance from the edge of the marked area.

    Args:
        picture: RGB.
        mask: Greyscale, of the same size; every marked pixel is replaced.
        level: Whether colours to the left and right take precedence over those above and below.
    """
    size = small_size(picture.size, MEMBRANE_SIDE)
    known = picture.resize(size, Image.Resampling.BOX)
    known.putalpha(inverted(mask.resize(size, Image.Resampling.BOX).point(BINARY)))
    whole = grown_in(known, level=level).resize(picture.size, Image.Resampling.BICUBIC)
    return Image.composite(whole, picture, mask.point(BINARY))


def grown_in(known: Image.Image, *, level: bool = False) -> Image.Image:
    """Return a picture as RGB with its holes filled.

    Each hole is filled from the same picture at half the size. Pillow weights colours by alpha when
    it shrinks a picture, so the colours in a hole don't count.

    Args:
        known: RGBA; transparent pixels are the holes.
        level: Whether holes are filled from their own rows first.
    """
    if max(known.size) == 1:
        return known.convert("RGB")
    high = known.height if level and known.width > 1 else -(-known.height // 2)
    half = known.resize((-(-known.width // 2), high), Image.Resampling.BOX)
    # Colours with low alpha are inexact; without this, alpha would also decrease with each halving.
    half.putalpha(half.getchannel("A").point(lambda value: min(255, value * 4)))
    whole = grown_in(half, level=level).resize(known.size, Image.Resampling.BILINEAR)
    whole.paste(known.convert("RGB"), (0, 0), known.getchannel("A"))
    return whole
