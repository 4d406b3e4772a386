"""Image to image: keeps the layout and light of a picture and repaints its surface.

Low strength repaints the surface with fewer tones and brush strokes in the scene's colours. High
strength shows the scene where it differs least from the source, and finally everywhere.
"""

from PIL import Image, ImageChops, ImageFilter

from stability_emulator.pictures.brief import Brief
from stability_emulator.pictures.painting import painted
from stability_emulator.pictures.toning import with_tones_of

BRUSHED_SIDE = 420
"""Longest side of the copy that gets brush strokes, in pixels."""
MIN_SEEN = 0.3
"""Strength from which parts of the scene appear."""


def reimagined(source: Image.Image, brief: Brief, strength: float) -> Image.Image:
    """Return a picture of the prompt based on a source.

    Args:
        source: RGB.
        brief: Gives prompt, seed, style and size.
        strength: 0 keeps the source unchanged, 1 ignores it.
    """
    start = source.resize(brief.size, Image.Resampling.BICUBIC)
    if strength <= 0:
        return start
    goal = painted(brief, brief.size)
    if strength >= 1:
        return goal
    repainted = Image.blend(start, _brushed(start, strength), min(1.0, strength * 2.2))
    repainted = with_tones_of(repainted, goal, min(0.85, strength * 1.1))
    grown = max(0.0, (strength - MIN_SEEN) / (1 - MIN_SEEN))
    return Image.composite(goal, repainted, _open(start, goal, grown))


def _brushed(picture: Image.Image, strength: float) -> Image.Image:
    """Return a picture painted with broad brush strokes, which widen with the strength."""
    scale = min(1.0, BRUSHED_SIDE / max(picture.size))
    small = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
        Image.Resampling.BOX,
    )
    broad = 3 + 2 * round(strength * 3)
    laid = small.filter(ImageFilter.MedianFilter(min(broad, 9)))
    edges = ImageChops.difference(laid, laid.filter(ImageFilter.MaxFilter(3)))
    laid = ImageChops.subtract(laid, edges.point([value // 3 for value in range(256)] * 3))
    return laid.resize(picture.size, Image.Resampling.BICUBIC)


def _open(start: Image.Image, goal: Image.Image, grown: float) -> Image.Image:
    """Return a mask of where the scene shows: first where the two differ least, then everywhere.

    Its soft border follows shapes, so that nothing looks see-through.
    """
    size = (max(1, start.width // 8), max(1, start.height // 8))
    pair = (each.resize(size, Image.Resampling.BOX) for each in (start, goal))
    apart = ImageChops.difference(*pair).convert("L").filter(ImageFilter.GaussianBlur(3))
    histogram = apart.histogram()
    wanted, level, seen = grown * size[0] * size[1], 0, 0
    while level < 255 and seen < wanted:
        seen += histogram[level]
        level += 1
    if grown <= 0:
        return Image.new("L", start.size)
    mask = apart.point(
        [max(0, min(255, round(128 + (level - value) * 16))) for value in range(256)]
    )
    return mask.filter(ImageFilter.GaussianBlur(0.8)).resize(start.size, Image.Resampling.BICUBIC)
