"""Crops, resizes, pads, rotates, flips and trims pictures."""

import math
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colours import Rgb, differs_from
from stability_mcp.imaging.transform.geometry import (
    Box,
    Gravity,
    Target,
    aspect_size,
    offset,
    rotated_size,
    scaled,
    straightened_size,
)
from stability_mcp.imaging.transform.paint import CLEAR, Paint, filled
from stability_mcp.imaging.transform.size_limits import TransformError, check_size

if TYPE_CHECKING:
    from PIL import Image

Direction = Literal["horizontal", "vertical"]

_QUARTER = 90
_EDGE = 3
"""Pixels that are added around a picture that is rotated: resampling looks at neighbours."""
_BAND_PIXELS = 2_000_000
"""Pixels that are rotated at once, so that only the result needs much memory."""
_BLURRED_SIDE = 256
"""Longer side of the copy that is blurred for a background: detail isn't wanted there."""
_BLUR_SHARE = 0.03


def crop(picture: "Image.Image", box: Box) -> "Image.Image":
    """Return a part of a picture."""
    return picture.crop(box)


def subject_box(picture: "Image.Image") -> Box:
    """Return the box around the subject of a picture.

    Raises:
        TransformError: no subject stands out from the background.
    """
    from stability_mcp.imaging.segment.subject import is_cut_out, rough_subject

    if picture.mode == "RGBA" and is_cut_out(picture):
        found, mask_size = picture.getchannel("A").getbbox(), picture.size
    else:
        rough = rough_subject(picture)
        found, mask_size = (rough.getbbox(), rough.size) if rough else (None, picture.size)
    if found is None:
        raise TransformError("no subject stands out from the background", hint="Give a box.")
    across, down = picture.width / mask_size[0], picture.height / mask_size[1]
    return Box(
        math.floor(found[0] * across),
        math.floor(found[1] * down),
        min(picture.width, math.ceil(found[2] * across)),
        min(picture.height, math.ceil(found[3] * down)),
    )


def grown_box(box: Box, margin: int, size: Size) -> Box:
    """Return a box with a margin around it, inside a picture."""
    return Box(
        max(0, box.left - margin),
        max(0, box.top - margin),
        min(size.width, box.right + margin),
        min(size.height, box.bottom + margin),
    )


def resize(
    picture: "Image.Image", target: Target, gravity: Gravity = "center", paint: Paint | None = None
) -> "Image.Image":
    """Return a picture in another size, with Lanczos resampling.

    Args:
        picture: The picture.
        target: The size, and what happens to another shape.
        gravity: The part that is kept by `crop`, or where the picture is with `pad`.
        paint: The colour of the space with `pad`; None: as for `pad`.
    """
    size, goal = Size(*picture.size), target.size
    if target.fit == "crop":
        inner = aspect_size(size, goal.width / goal.height)
        left, top = offset(size, inner, gravity)
        part = picture.crop((left, top, left + inner.width, top + inner.height))
        return _resampled(part, goal)
    if target.fit == "pad":
        inner = scaled(size, min(goal.width / size.width, goal.height / size.height))
        inner = Size(min(inner.width, goal.width), min(inner.height, goal.height))
        return pad(_resampled(picture, inner), goal, gravity, paint)
    return _resampled(picture, goal)


def _resampled(picture: "Image.Image", size: Size) -> "Image.Image":
    from PIL import Image

    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS)


def pad(
    picture: "Image.Image", size: Size, gravity: Gravity = "center", paint: Paint | None = None
) -> "Image.Image":
    """Return a picture with space around it.

    Args:
        picture: The picture.
        size: The size of the result, at least as large.
        gravity: Where the picture is.
        paint: The colour of the space; None: transparent if the picture has transparency, or else
            white.
    """
    at = offset(size, Size(*picture.size), gravity)
    chosen = paint or (CLEAR if picture.mode == "RGBA" else Paint(255, 255, 255))
    return _put(picture, filled(size, chosen), at)


def pad_blurred(picture: "Image.Image", size: Size, gravity: Gravity = "center") -> "Image.Image":
    """Return a picture in front of a blurred copy of itself that fills the space around it."""
    from PIL import Image, ImageFilter

    part = aspect_size(Size(*picture.size), size.width / size.height)
    left, top = offset(Size(*picture.size), part, "center")
    small = scaled(size, min(1.0, _BLURRED_SIDE / max(size)))
    back = picture.resize(
        small, Image.Resampling.BOX, (left, top, left + part.width, top + part.height)
    )
    soft = back.filter(ImageFilter.GaussianBlur(max(small) * _BLUR_SHARE))
    ground = soft.resize(size, Image.Resampling.BICUBIC)
    return _put(picture, ground, offset(size, Size(*picture.size), gravity))


def _put(picture: "Image.Image", ground: "Image.Image", at: tuple[int, int]) -> "Image.Image":
    """Put a picture on a larger one and return that; RGBA if one of them is transparent."""
    if picture.mode == "RGB":
        ground.paste(picture, at)
        return ground
    check_size(Size(*ground.size), "RGBA")
    paper = ground if ground.mode == "RGBA" else ground.convert("RGBA")
    paper.alpha_composite(picture, at)
    return paper


def flip(picture: "Image.Image", direction: Direction) -> "Image.Image":
    """Return a picture mirrored: left and right, or top and bottom, change places."""
    from PIL import Image

    turn = Image.Transpose
    return picture.transpose(
        turn.FLIP_LEFT_RIGHT if direction == "horizontal" else turn.FLIP_TOP_BOTTOM
    )


def rotate(
    picture: "Image.Image", degrees: float, *, expand: bool = True, paint: Paint = CLEAR
) -> "Image.Image":
    """Return a picture rotated clockwise; a multiple of 90 degrees changes no pixel.

    Args:
        picture: The picture.
        degrees: The angle.
        expand: Whether the result is large enough for all of it; False keeps the size.
        paint: The colour of the corners.
    """
    size = Size(*picture.size)
    goal = rotated_size(size, degrees) if expand else size
    quarters = degrees / _QUARTER
    if quarters.is_integer():
        turned = _quarter_turned(picture, int(quarters) % 4)
        if turned.size == goal:
            return turned
    check_size(goal, "RGBA")
    turned = _turned_with_alpha(picture, degrees, goal)
    if paint.alpha == 0:
        return turned
    ground = filled(goal, paint).convert("RGBA")
    ground.alpha_composite(turned)
    opaque = paint.alpha == 255 and picture.mode == "RGB"  # noqa: PLR2004 -- opaque
    return ground.convert("RGB") if opaque else ground


def straighten(picture: "Image.Image", degrees: float) -> "Image.Image":
    """Return a picture rotated clockwise, cropped to the largest box without empty corners."""
    size = Size(*picture.size)
    return (
        picture
        if degrees % 360 == 0
        else _turned(picture, degrees, straightened_size(size, degrees))
    )


def _quarter_turned(picture: "Image.Image", quarters: int) -> "Image.Image":
    from PIL import Image

    turn = Image.Transpose  # Pillow rotates anticlockwise
    turns = {1: turn.ROTATE_270, 2: turn.ROTATE_180, 3: turn.ROTATE_90}
    return picture.transpose(turns[quarters]) if quarters else picture


def _turned_with_alpha(picture: "Image.Image", degrees: float, goal: Size) -> "Image.Image":
    """Return a rotated picture as RGBA, with smooth edges."""
    from PIL import Image

    around = (picture.width + 2 * _EDGE, picture.height + 2 * _EDGE)
    if picture.mode == "RGBA":
        wide = Image.new("RGBA", around)
        wide.paste(picture, (_EDGE, _EDGE))
        return _turned(wide, degrees, goal)
    # Colours continue beyond the edge, where bicubic resampling would add bright and dark rims.
    turned = _turned(_continued(picture), degrees, goal)
    shape = Image.new("L", around)
    shape.paste(255, (_EDGE, _EDGE, _EDGE + picture.width, _EDGE + picture.height))
    turned.putalpha(_turned(shape, degrees, goal, Image.Resampling.BILINEAR))
    return turned


def _continued(picture: "Image.Image") -> "Image.Image":
    """Return a picture whose outermost pixels are repeated beyond its edges."""
    from PIL import Image

    width, height = picture.size
    wide = Image.new(picture.mode, (width + 2 * _EDGE, height + 2 * _EDGE))
    wide.paste(picture, (_EDGE, _EDGE))
    for left, from_left in ((0, 0), (width + _EDGE, width - 1)):
        column = picture.crop((from_left, 0, from_left + 1, height))
        wide.paste(column.resize((_EDGE, height)), (left, _EDGE))
    for top, from_top in ((0, _EDGE), (height + _EDGE, height + _EDGE - 1)):
        row = wide.crop((0, from_top, wide.width, from_top + 1))
        wide.paste(row.resize((wide.width, _EDGE)), (0, top))
    return wide


def _turned(
    picture: "Image.Image", degrees: float, goal: Size, method: "Image.Resampling | None" = None
) -> "Image.Image":
    """Return a picture rotated clockwise about its centre, on a canvas of another size."""
    from PIL import Image

    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    middle, centre = (goal.width / 2, goal.height / 2), (picture.width / 2, picture.height / 2)
    # The transform maps each pixel of the result to its place in the picture.
    matrix = (
        cosine,
        sine,
        centre[0] - middle[0] * cosine - middle[1] * sine,
        -sine,
        cosine,
        centre[1] + middle[0] * sine - middle[1] * cosine,
    )
    how = Image.Resampling.BICUBIC if method is None else method
    source = picture.convert("RGBa") if picture.mode == "RGBA" else picture
    result = Image.new(picture.mode, goal)
    rows = max(1, _BAND_PIXELS // goal.width)
    for top in range(0, goal.height, rows):
        size = (goal.width, min(rows, goal.height - top))
        shifted = (*matrix[:2], matrix[2] + sine * top, *matrix[3:5], matrix[5] + cosine * top)
        band = source.transform(size, Image.Transform.AFFINE, shifted, how)
        result.paste(band.convert(picture.mode), (0, top))
    return result


def trim_box(picture: "Image.Image") -> Box:
    """Return the box inside a transparent border, or inside a border of one colour.

    It is the whole picture if it has no such border.

    Raises:
        TransformError: nothing would be left.
    """
    whole = Box(0, 0, *picture.size)
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255):
        found = picture.getchannel("A").getbbox()
        if found is None:
            raise TransformError("the picture is fully transparent: nothing would be left")
        if Box(*found) != whole:
            return Box(*found)
    colours = picture.convert("RGB")
    for corner in ((0, 0), (picture.width - 1, picture.height - 1)):
        pixel = colours.getpixel(corner)
        assert isinstance(pixel, tuple)  # noqa: S101 -- of an RGB picture
        found = differs_from(colours, Rgb(*map(int, pixel))).getbbox()
        if found is None:
            raise TransformError("the picture has only one colour: nothing would be left")
        if Box(*found) != whole:
            return Box(*found)
    return whole
