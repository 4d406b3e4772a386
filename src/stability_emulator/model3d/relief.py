"""Makes a GLB model: a picture's outline inflated like a cushion, textured with the picture.

The front bulges more than the back, and bright parts stand out a little further. A picture without
a foreground object is used as a whole.
"""

import math
from array import array
from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageStat

from stability_emulator.model3d import glb
from stability_emulator.model3d.glb import Mesh
from stability_emulator.pictures.codec import encode
from stability_mcp.imaging.segment.masks import BINARY, diffused, inverted
from stability_mcp.imaging.segment.subject import cut_out, rough_subject

DEFAULT_VERTICES = 6_000
MIN_SIDE, MAX_SIDE = 2, 400
DEPTH = 0.42
"""Depth of the front's middle; the object's longer side is 1."""
BACK = 0.55
"""Depth of the back as a share of the front."""
DETAIL = 0.07
"""Extra depth of bright parts compared with dark ones."""
MIN_THICKNESS = 0.08
SMOOTHING = 4
"""How often the points of the outline move between their neighbours."""
DOMED_SIDE = 96
INSIDE = 128
MARGIN = 0.04
"""Margin around the object in the texture, as a share of its size."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Requested properties of a model."""

    texture: int
    """Side of the square texture, in pixels."""
    frame: float = 1.0
    """Size of the frame relative to the object; 1 for no frame."""
    tilt: float = 0.0
    """Difference in depth between the left and right side; depends on the seed."""
    vertices: int | None = None
    """Maximum vertices; None for a good default."""
    faces: int | None = None
    """Maximum triangles; None for a good default."""


def relief(picture: Image.Image, shape: Shape) -> bytes:
    """Return a GLB file; transparent parts of the picture don't belong to the object."""
    cut = cut_out(picture) if rough_subject(picture) is not None else picture.convert("RGBA")
    object_, around = _framed(cut), _framed(picture.convert("RGB"), cut)
    alpha = object_.getchannel("A")
    side = _side_for(alpha, shape)
    mesh = _mesh(object_, side, shape)
    filled = diffused(around, inverted(alpha))
    square = filled.resize((shape.texture,) * 2, Image.Resampling.BICUBIC)
    return glb.write(mesh, encode(square, "jpeg"))


def _framed(picture: Image.Image, cut: Image.Image | None = None) -> Image.Image:
    """Return the picture cropped to the cut-out object, with a margin."""
    box = (cut or picture).getchannel("A").point(BINARY).getbbox()
    if box is None:
        return picture
    margin = round(max(box[2] - box[0], box[3] - box[1]) * MARGIN)
    left, top = max(0, box[0] - margin), max(0, box[1] - margin)
    right, bottom = min(picture.width, box[2] + margin), min(picture.height, box[3] + margin)
    return picture.crop((left, top, max(left + 1, right), max(top + 1, bottom)))


def _side_for(alpha: Image.Image, shape: Shape) -> int:
    """Return the points per side of the finest grid that the vertex and face limits allow."""
    max_points = shape.vertices or (DEFAULT_VERTICES if shape.faces is None else None)
    share = max(0.02, ImageStat.Stat(alpha).mean[0] / 255)
    goal = max_points or (shape.faces or 0) / 2
    side = min(MAX_SIDE, math.isqrt(round(goal / share / 2)) + 6)
    while side > MIN_SIDE:
        cells = _cells(alpha, side)
        points = 2 * len(_points(cells, side))
        if points <= (max_points or math.inf) and 4 * len(cells) <= (shape.faces or math.inf):
            return side
        side -= max(1, side // 40)
    return MIN_SIDE


def _cells(alpha: Image.Image, side: int) -> list[int]:
    """Return the upper left points of the grid squares that lie inside the object."""
    inside = alpha.resize((side, side), Image.Resampling.BOX).tobytes()
    cells = [
        place
        for row in range(side - 1)
        for place in range(row * side, row * side + side - 1)
        if min(inside[place], inside[place + 1], inside[place + side], inside[place + side + 1])
        >= INSIDE
    ]
    return cells or [((side - 1) // 2) * side + (side - 1) // 2]


def _points(cells: list[int], side: int) -> list[int]:
    used = {place + step for place in cells for step in (0, 1, side, side + 1)}
    return sorted(used)


def _domed(alpha: Image.Image) -> tuple[Image.Image, float]:
    """Return how deep inside the outline each point is, 0 to 255, and the thickness, 0 to 1."""
    mask = Image.new("L", (DOMED_SIDE + 2, DOMED_SIDE + 2), 0)
    mask.paste(alpha.resize((DOMED_SIDE, DOMED_SIDE), Image.Resampling.BOX), (1, 1))
    layers = []
    left = mask.point(lambda value: 255 if value >= INSIDE else 0)
    while left.getbbox() is not None:
        layers.append(left)
        left = left.filter(ImageFilter.MinFilter(3))
    deep = Image.new("L", mask.size, 0)
    for depth, layer in enumerate(layers, start=1):
        deep.paste(round(255 * depth / len(layers)), (0, 0), layer)
    inner = (1, 1, DOMED_SIDE + 1, DOMED_SIDE + 1)
    thick = min(1.0, 2 * len(layers) / DOMED_SIDE + MIN_THICKNESS)
    return deep.filter(ImageFilter.GaussianBlur(1.6)).crop(inner), thick


def _mesh(picture: Image.Image, side: int, shape: Shape) -> Mesh:
    alpha = picture.getchannel("A")
    cells = _cells(alpha, side)
    used = _points(cells, side)
    domed, thick = _domed(alpha)
    deep = domed.resize((side, side), Image.Resampling.BICUBIC).tobytes()
    light = picture.convert("L").resize((side, side), Image.Resampling.BOX)
    bright = light.filter(ImageFilter.GaussianBlur(side / 50)).tobytes()
    rim = _rim_of(cells, side)
    heights = [0.0] * (side * side)
    for place in used:
        if place not in rim:
            depth = deep[place] / 255
            heights[place] = thick * DEPTH * math.sqrt(1 - (1 - depth) ** 2) + depth * (
                DETAIL * (bright[place] / 255 - 0.5) + shape.tilt * (place % side / side - 0.5)
            )
    width, height = 1.0, picture.height / picture.width
    if height > 1:
        width, height = 1 / height, 1.0
    mesh = Mesh(positions=array("f"), normals=array("f"), uv=array("f"), corners=array("I"))
    outline = _outline(cells, side)
    for front in (True, False):
        for place in used:
            column, row = outline.get(place, (place % side, place // side))
            across, down = column / (side - 1), row / (side - 1)
            out = heights[place] if front else -BACK * heights[place]
            mesh.positions.extend(
                ((across - 0.5) * width / shape.frame, (0.5 - down) * height / shape.frame)
            )
            mesh.positions.append(out / shape.frame)
            mesh.uv.extend((across, down))
            mesh.normals.extend(_normal(heights, place, side, (width, height), front=front))
    numbers = {place: index for index, place in enumerate(used)}
    for start in (0, len(used)):
        for place in cells:
            here, right = numbers[place] + start, numbers[place + 1] + start
            below, across = numbers[place + side] + start, numbers[place + side + 1] + start
            turned = (here, below, right, right, below, across)
            mesh.corners.extend(turned if not start else tuple(reversed(turned)))
    return mesh


def _outline(cells: list[int], side: int) -> dict[int, tuple[float, float]]:
    """Return column and row of the points on the outline, moved so that it has no steps."""
    edges: set[tuple[int, int]] = set()
    for place in cells:
        below = place + side
        for edge in (
            (place, place + 1),
            (place, below),
            (place + 1, below + 1),
            (below, below + 1),
        ):
            edges ^= {edge}
    beside: dict[int, list[int]] = {}
    for one, other in edges:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    points = {place: (float(place % side), float(place // side)) for place in sorted(beside)}
    for _ in range(SMOOTHING):
        points = {
            place: (
                (x + sum(points[each][0] for each in beside[place])) / (1 + len(beside[place])),
                (y + sum(points[each][1] for each in beside[place])) / (1 + len(beside[place])),
            )
            for place, (x, y) in points.items()
        }
    return points


def _rim_of(cells: list[int], side: int) -> set[int]:
    """Return the outline's points, which touch fewer than four of the object's squares."""
    counts: dict[int, int] = {}
    for place in cells:
        for step in (0, 1, side, side + 1):
            counts[place + step] = counts.get(place + step, 0) + 1
    return {place for place, count in counts.items() if count < 4}


def _normal(
    heights: list[float], place: int, side: int, size: tuple[float, float], *, front: bool
) -> tuple[float, float, float]:
    """Return the surface normal at a point."""
    column, row = place % side, place // side
    left, right = place - (column > 0), place + (column < side - 1)
    above, below = place - side * (row > 0), place + side * (row < side - 1)
    fullness = 1 if front else BACK
    step = fullness * (side - 1) / 2
    across = -(heights[right] - heights[left]) * step / size[0]
    up = (heights[below] - heights[above]) * step / size[1]
    length = math.sqrt(across * across + up * up + 1)
    return across / length, up / length, (1 if front else -1) / length
