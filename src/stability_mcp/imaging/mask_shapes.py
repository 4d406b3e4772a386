"""Draws a mask from an ordered list of shapes; white is marked.

Each shape marks an area, erases it, or keeps only what is marked in both. Other entries change what
is marked so far: grow, shrink, feather, invert. Coordinates are pixels of the upright picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colours import BLACK, Rgb, differs_from

if TYPE_CHECKING:
    from PIL import Image

Kind = Literal[
    "rectangle",
    "ellipse",
    "polygon",
    "stroke",
    "fill",
    "colour",
    "transparent",
    "subject",
    "everything",
    "mask",
    "grow",
    "shrink",
    "feather",
    "invert",
]
Mode = Literal["add", "erase", "intersect"]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

HALF = 128
"""Grey level from which a pixel counts as marked."""
_DRAWN = frozenset({"rectangle", "ellipse", "polygon", "stroke"})
"""Kinds with hard edges that depend on nothing but their own numbers."""
_HARD = [0] * HALF + [255] * HALF
_LONGEST_STEP = 200
"""Pixels by which a mask grows at once: the mean of a row of 401 pixels still shows a white one."""
_ROOM = 0.05
"""Share of a subject's box that is added on each side: a tight one shows no background."""
_FILL_SIDE = 512
"""Longer side of the copy in which connected areas are searched, pixel by pixel in Python."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One entry of the list; which fields it uses depends on its kind."""

    kind: Kind
    mode: Mode = "add"
    box: Box = (0, 0, 0, 0)
    """Left, top, right, bottom: of a rectangle or an ellipse, or where a subject is looked for."""
    points: Sequence[Point] = ()
    """Of a polygon or a stroke; the one that a fill starts from."""
    size: float = 0
    """Width of a stroke; distance of grow, shrink and feather."""
    colour: Rgb = BLACK
    tolerance: int = 0
    """Largest difference of a channel that counts as the same colour, from 0 to 255."""
    other: "Image.Image | None" = None
    """Another mask of the same size."""


def draw_mask(
    shapes: Sequence[Shape], size: Size, picture: "Callable[[], Image.Image]"
) -> "Image.Image":
    """Return the mask of a list of shapes, in mode L; blocks.

    Args:
        shapes: The shapes, in order.
        size: Size of the mask.
        picture: Returns the picture, RGB or RGBA, of that size; called only for shapes that
            depend on its pixels.
    """
    from PIL import Image, ImageChops

    mask = Image.new("L", size)
    for shape in shapes:
        changed = _CHANGES.get(shape.kind)
        if changed is not None:
            mask = changed(mask, shape)
            continue
        if shape.kind in _DRAWN and shape.mode != "intersect":
            _draw(mask, shape, 255 if shape.mode == "add" else 0)
            continue
        area = _area(shape, size, picture)
        if shape.mode == "add":
            mask = ImageChops.lighter(mask, area)
        elif shape.mode == "erase":
            mask = ImageChops.darker(mask, ImageChops.invert(area))
        else:
            mask = ImageChops.darker(mask, area)
    return mask


def expanded(mask: "Image.Image", pixels: int) -> "Image.Image":
    """Return a black and white mask whose marked areas reach further by a distance."""
    from PIL import ImageFilter

    hard = mask.point(_HARD)
    while pixels > 0:
        step = min(pixels, _LONGEST_STEP)
        for distance in ((step, 0), (0, step)):
            hard = hard.filter(ImageFilter.BoxBlur(distance)).point([0] + [255] * 255)
        pixels -= step
    return hard


def contracted(mask: "Image.Image", pixels: int) -> "Image.Image":
    """Return a black and white mask whose marked areas reach less far by a distance."""
    from PIL import ImageChops

    return ImageChops.invert(expanded(ImageChops.invert(mask), pixels))


def _feathered(mask: "Image.Image", shape: Shape) -> "Image.Image":
    from PIL import ImageFilter

    return mask.filter(ImageFilter.GaussianBlur(shape.size / 2))


def _inverted(mask: "Image.Image", shape: Shape) -> "Image.Image":  # noqa: ARG001 -- as the others
    from PIL import ImageChops

    return ImageChops.invert(mask)


_CHANGES: "dict[Kind, Callable[[Image.Image, Shape], Image.Image]]" = {
    "grow": lambda mask, shape: expanded(mask, round(shape.size)),
    "shrink": lambda mask, shape: contracted(mask, round(shape.size)),
    "feather": _feathered,
    "invert": _inverted,
}


def _area(shape: Shape, size: Size, picture: "Callable[[], Image.Image]") -> "Image.Image":
    """Return the area of a shape as a mask."""
    from PIL import Image

    if shape.kind == "everything":
        return Image.new("L", size, 255)
    if shape.kind == "mask" and shape.other is not None:
        return shape.other
    if shape.kind in _DRAWN:
        area = Image.new("L", size)
        _draw(area, shape, 255)
        return area
    seen = picture()
    if shape.kind == "transparent":
        return _transparent(seen)
    if shape.kind == "subject":
        return _subject(seen, shape)
    alike = _alike(seen, shape)
    return _connected(alike, shape.points[0]) if shape.kind == "fill" else alike


def _subject(picture: "Image.Image", shape: Shape) -> "Image.Image":
    """Return the subject of the picture, or of the part in the shape's box."""
    from PIL import Image

    from stability_mcp.imaging.segment.subject import subject

    box = shape.box if any(shape.box) else (0, 0, *picture.size)
    across, down = _ROOM * (box[2] - box[0]), _ROOM * (box[3] - box[1])
    left, top = max(0, round(box[0] - across)), max(0, round(box[1] - down))
    right = min(picture.width, round(box[2] + across))
    bottom = min(picture.height, round(box[3] + down))
    area = Image.new("L", picture.size)
    area.paste(subject(picture.crop((left, top, right, bottom))), (left, top))
    return area


def _draw(mask: "Image.Image", shape: Shape, level: int) -> None:
    """Draw a shape in place: hundreds of strokes on a large picture take no copy each."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(mask)
    left, top, right, bottom = (round(value) for value in shape.box)
    points = [(x, y) for x, y in shape.points]
    if shape.kind == "rectangle":  # Pillow's boxes include their last row and column
        draw.rectangle((left, top, right - 1, bottom - 1), fill=level)
    elif shape.kind == "ellipse":
        draw.ellipse((left, top, right - 1, bottom - 1), fill=level)
    elif shape.kind == "polygon":
        draw.polygon(points, fill=level)
    else:
        half = round(shape.size) // 2
        if len(points) > 1:  # Pillow draws lines of an even width half a pixel off
            draw.line(points, fill=level, width=2 * half + 1)
        for x, y in points:  # round ends and joints
            draw.ellipse((x - half, y - half, x + half, y + half), fill=level)


def _transparent(picture: "Image.Image") -> "Image.Image":
    from PIL import Image, ImageChops

    if picture.mode != "RGBA":
        return Image.new("L", picture.size)
    return ImageChops.invert(picture.getchannel("A"))


def _alike(picture: "Image.Image", shape: Shape) -> "Image.Image":
    """Return the pixels of a colour: the shape's, or that of the pixel where a fill starts."""
    from PIL import ImageChops

    colours = picture.convert("RGB")
    colour = shape.colour
    if shape.kind == "fill":
        x, y = (int(value) for value in shape.points[0])
        pixel = colours.getpixel((x, y))
        colour = Rgb(*pixel) if isinstance(pixel, tuple) else colour
    return ImageChops.invert(differs_from(colours, colour, tolerance=shape.tolerance))


def _connected(area: "Image.Image", start: Point) -> "Image.Image":
    """Return the part of an area that is connected with a point."""
    from PIL import Image, ImageChops, ImageDraw

    scale = min(1.0, _FILL_SIDE / max(area.size))
    size = Size(max(1, round(area.width * scale)), max(1, round(area.height * scale)))
    small = area.resize(size, Image.Resampling.BOX).point(_HARD)
    x = min(size.width - 1, int(start[0] * scale))
    y = min(size.height - 1, int(start[1] * scale))
    small.putpixel((x, y), 255)
    ImageDraw.floodfill(small, (x, y), HALF)
    reached = small.point([255 if level == HALF else 0 for level in range(256)])
    # One pixel of the copy is several of the picture; the area itself draws the exact outline.
    reached = expanded(reached, 1).resize(area.size, Image.Resampling.NEAREST)
    return ImageChops.darker(area, reached)
