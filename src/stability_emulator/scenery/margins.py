"""Leaves a part of a picture empty: only the background of the scene continues there.

The empty part shows, row by row, the median colours of the scene's adjoining edge. So sky, ground
and walls continue, and trees, windows and people don't.
"""

from collections.abc import Mapping
from statistics import median_low
from typing import NamedTuple

from PIL import Image, ImageFilter

from stability_emulator.scenery.drawing.noise import levels

MIN_DRAWN = 24
"""Smallest side of a scene in pixels; smaller pictures are drawn without a margin."""
SAMPLED = 24
"""Columns of the edge from which each row's median is taken."""
EDGE = 0.08
"""Share of the scene that counts as its edge."""
FADED = 0.1
"""Share of the scene over which it fades into the margin."""
SMOOTHED, BUILT_SMOOTHED = 0.012, 0.12
"""Blur along the rows' medians, as a share of the height. Windows and walls need more."""
BUILT = frozenset({"city", "room", "street"})

Shares = tuple[float, float, float, float]


class Margin(NamedTuple):
    """Where the scene is drawn, and which of its sides borders on the empty part."""

    scene: Shares
    """Left, upper, right and lower edge as shares of the picture."""
    border: str


MARGINS: Mapping[str, Margin] = {
    "left": Margin((0.42, 0, 1, 1), "left"),
    "right": Margin((0, 0, 0.58, 1), "right"),
    "top": Margin((0, 0.4, 1, 1), "top"),
    "bottom": Margin((0, 0, 1, 0.62), "bottom"),
    "middle": Margin((0, 0, 0.33, 1), "right"),
}
"""By the side to leave empty. For the middle, the scene is on the left."""

Box = tuple[int, int, int, int]


def scene_box(side: str, size: tuple[int, int]) -> Box | None:
    """Return the pixels in which to draw the scene; None if the picture is too small for that."""
    width, height = size
    left, top, right, bottom = MARGINS[side].scene
    box = (round(left * width), round(top * height), round(right * width), round(bottom * height))
    return box if min(box[2] - box[0], box[3] - box[1]) >= MIN_DRAWN else None


def with_margin(
    scene: Image.Image, side: str, size: tuple[int, int], box: Box, *, place: str
) -> Image.Image:
    """Return a picture of a given size with a scene in a box and an empty margin next to it."""
    border = MARGINS[side].border
    smoothed = BUILT_SMOOTHED if place in BUILT else SMOOTHED
    whole = _continued(scene, border, size, box, smoothed)
    whole.paste(scene, box, _fading(scene.size, border))
    return whole


def _continued(
    scene: Image.Image, border: str, size: tuple[int, int], box: Box, smoothed: float
) -> Image.Image:
    """Return the background of a scene, continued over the whole picture."""
    width, height = scene.size
    if border in {"left", "right"}:
        edge = max(1, round(width * EDGE))
        columns = (0, 0, edge, height) if border == "left" else (width - edge, 0, width, height)
        return _medians(scene.crop(columns), smoothed).resize(size, Image.Resampling.BICUBIC)
    middle = _medians(scene, smoothed)
    column = Image.new("RGB", (1, size[1]))
    column.paste(middle, (0, box[1]))
    row, margin = (
        (0, (0, 0, 1, box[1])) if border == "top" else (height - 1, (0, box[3], 1, size[1]))
    )
    column.paste(middle.crop((0, row, 1, row + 1)).resize((1, margin[3] - margin[1])), margin)
    return column.resize(size, Image.Resampling.BICUBIC)


def _medians(part: Image.Image, smoothed: float) -> Image.Image:
    """Return a column with the median colour of each row."""
    height = part.height
    few = part.resize((min(SAMPLED, part.width), height), Image.Resampling.BOX)
    bands = []
    for band in few.split():
        values, across = band.tobytes(), few.width
        rows = (values[y * across : (y + 1) * across] for y in range(height))
        bands.append(Image.frombytes("L", (1, height), bytes(map(median_low, rows))))
    return Image.merge("RGB", bands).filter(ImageFilter.BoxBlur((0, height * smoothed)))


def _fading(size: tuple[int, int], border: str) -> Image.Image:
    """Return a mask of a scene that fades out towards one of its sides."""
    ramp = Image.linear_gradient("L")  # black above, white below
    turned = ramp.rotate({"top": 0, "bottom": 180, "left": 90, "right": 270}[border])
    return levels(turned.resize(size, Image.Resampling.BICUBIC), 0, 255 * FADED)
