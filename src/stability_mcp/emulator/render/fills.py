"""Masks and what goes into them: growing, softening, filling from the surroundings, cutting out.

The slow parts run on a small copy: a fill is smooth, so nothing is lost by enlarging it.
"""

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

from stability_mcp.fields import Size

WORKED_SIDE = 384
FLOODED_SIDE = 224
"""Flooding goes pixel by pixel in Python."""
FLOOD_TOLERANCE = 46
"""How far a colour may be from that of the corner and still be background; sum over channels."""
LEAST_KEPT, MOST_KEPT = 0.03, 0.97


def grown(mask: Image.Image, pixels: float) -> Image.Image:
    """Return a mask that reaches so many pixels further and ends softly."""
    if pixels <= 0:
        return mask
    wide = mask.filter(ImageFilter.BoxBlur(pixels)).point(lambda value: min(255, value * 4))
    return wide.filter(ImageFilter.GaussianBlur(max(1.0, pixels / 3)))


def filled(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """Return the picture with what is marked replaced by what is around it, ever softer inwards."""
    size = _small(picture)
    known = picture.resize(size, Image.Resampling.BOX)
    known.putalpha(ImageOps.invert(mask.resize(size, Image.Resampling.BOX)))
    grown_in = _grown_in(known).resize(picture.size, Image.Resampling.BICUBIC)
    return Image.composite(grown_in, picture, mask)


def _grown_in(known: Image.Image) -> Image.Image:
    """Return a picture without holes: each is filled from the same picture at half the size.

    Pillow weighs colours by alpha when it shrinks, so what is in a hole never counts.
    """
    if max(known.size) == 1:
        return known.convert("RGB")
    half = (-(-known.width // 2), -(-known.height // 2))
    whole = _grown_in(known.resize(half, Image.Resampling.BOX)).resize(
        known.size, Image.Resampling.BILINEAR
    )
    whole.paste(known.convert("RGB"), (0, 0), known.getchannel("A"))
    return whole


def centre(size: Size, *, share: float = 0.62) -> Image.Image:
    """Return a soft mask of the middle of a picture."""
    width, height = (max(8, side // 8) for side in size)
    mask = Image.new("L", (width, height), 0)
    across, down = width * share / 2, height * share / 2
    ImageDraw.Draw(mask).ellipse(
        (width / 2 - across, height / 2 - down, width / 2 + across, height / 2 + down), fill=255
    )
    return mask.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)


def subject(picture: Image.Image) -> Image.Image:
    """Return a mask of what stands in front: all that cannot be reached from the corners.

    Where that is nearly nothing or nearly everything, the middle of the picture is taken.
    """
    size = _small(picture, FLOODED_SIDE)
    small = picture.convert("RGB").resize(size, Image.Resampling.BOX)
    small = small.filter(ImageFilter.MedianFilter(3))
    width, height = small.size
    outside = Image.new("L", small.size, 0)
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        if outside.getpixel(corner):
            continue
        flooded = small.copy()
        ImageDraw.floodfill(flooded, corner, _other_than(small, corner), thresh=FLOOD_TOLERANCE)
        touched = ImageChops.difference(flooded, small).convert("L")
        outside = ImageChops.lighter(outside, touched.point(lambda value: 255 if value else 0))
    kept = ImageOps.invert(outside)
    share = ImageStat.Stat(kept).mean[0] / 255
    if not LEAST_KEPT <= share <= MOST_KEPT:
        return centre(Size(*picture.size))
    return kept.filter(ImageFilter.GaussianBlur(0.7)).resize(picture.size, Image.Resampling.BICUBIC)


def _small(picture: Image.Image, side: int = WORKED_SIDE) -> Size:
    scale = min(1.0, side / max(picture.size))
    return Size(max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))


def _other_than(picture: Image.Image, place: tuple[int, int]) -> tuple[int, int, int]:
    """Return a colour far from the one at a place, so that a flood shows."""
    pixel = picture.getpixel(place)
    values = pixel if isinstance(pixel, tuple) else (0, 0, 0)
    red, green, blue = (0 if value > 127 else 255 for value in values[:3])  # noqa: PLR2004
    return red, green, blue
