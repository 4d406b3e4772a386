"""Filling a hole with what is around it: patches of the picture itself, joined and evened out.

Where the patches come from is found on a small copy, in pieces that overlap; they are then taken
from the picture in its own size, so that the fill has its grain. What is left of a seam is a
difference in tone, which is spread over the hole from its rim.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_mcp.emulator.render.masks import BINARY, inverted, small_size
from stability_mcp.fields import Size

WORKED_SIDE = 192
MEMBRANE_SIDE = 384
TRIES = 24
"""Random places that are looked at for one tile."""
LEAST_TILE, MOST_TILE = 7, 15
ROW_PENALTY = 0.32
"""Grey levels that a patch loses for each row that it is higher or lower than its new place, so
that what is far stays far: pictures are mostly level."""

AVOIDANCE = 2.0
"""Grey levels that a patch loses for each 1/255 of it that is to be avoided."""
GUESSED = 150
"""How much a guess of the colour counts in the choice of a patch; what is known counts 255."""
SQUARED = [min(255, level * level // 20) for level in range(256)]
"""A table for `point`: one pixel that is far off is worse than many that are nearly right."""
MOST_EVENED = 36
"""Grey levels by which a fill is made brighter or darker to match its rim."""
WEIGHTS = [255] * 128 + [GUESSED] * 128

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Tile:
    box: Box
    offset: tuple[int, int]
    """How far right and down the patch for it lies."""


def diffused(picture: Image.Image, mask: Image.Image, *, level: bool = False) -> Image.Image:
    """Return the picture with what is marked replaced by the colours around it, ever softer.

    Args:
        picture: RGB.
        mask: What is replaced.
        level: Whether the colours beside it count before those above and below.
    """
    size = small_size(picture.size, MEMBRANE_SIDE)
    known = picture.resize(size, Image.Resampling.BOX)
    known.putalpha(inverted(mask.resize(size, Image.Resampling.BOX).point(BINARY)))
    grown_in = _grown_in(known, level=level).resize(picture.size, Image.Resampling.BICUBIC)
    return Image.composite(grown_in, picture, mask.point(BINARY))


def healed(
    picture: Image.Image,
    mask: Image.Image,
    rng: random.Random,
    *,
    avoided: Image.Image | None = None,
) -> Image.Image:
    """Return the picture with what is marked filled with patches from elsewhere in it.

    Args:
        picture: RGB.
        mask: What is to go; where it is grey, so much of the picture shows through.
        rng: Where patches are looked for.
        avoided: A small mask of what is not to be repeated: what stands in front.
    """
    small = picture.resize(small_size(picture.size, WORKED_SIDE), Image.Resampling.BOX)
    hole = mask.point(BINARY).resize(small.size, Image.Resampling.BOX)
    hole = hole.point(lambda value: 255 if value else 0)
    if (bounds := hole.getbbox()) is None:
        return picture
    if avoided is not None:
        avoided = avoided.resize(small.size)
    base = _guessed(picture, mask, avoided)
    tiles = list(_tiles(small, base, (hole, avoided), bounds, rng))
    joined = _joined(picture, base, tiles, picture.width / small.width)
    evened = _evened(picture, joined, mask, _reliable(small, tiles, avoided))
    return Image.composite(evened, picture, mask)


def _guessed(picture: Image.Image, mask: Image.Image, avoided: Image.Image | None) -> Image.Image:
    """Return the picture with what is marked filled by the tones beside it."""
    if avoided is None:
        return diffused(picture, mask, level=True)
    wide = ImageChops.lighter(avoided.filter(ImageFilter.MaxFilter(5)).resize(mask.size), mask)
    return Image.composite(diffused(picture, wide, level=True), picture, mask.point(BINARY))


def _grown_in(known: Image.Image, *, level: bool = False) -> Image.Image:
    """Return a picture without holes: each is filled from the same picture at half the size.

    Pillow weighs colours by alpha when it shrinks, so what is in a hole never counts. A `level`
    one is filled from its own rows first.
    """
    if max(known.size) == 1:
        return known.convert("RGB")
    high = known.height if level and known.width > 1 else -(-known.height // 2)
    half = known.resize((-(-known.width // 2), high), Image.Resampling.BOX)
    # Colours of a faint alpha are inexact, and it would get fainter from level to level.
    half.putalpha(half.getchannel("A").point(lambda value: min(255, value * 4)))
    whole = _grown_in(half, level=level).resize(known.size, Image.Resampling.BILINEAR)
    whole.paste(known.convert("RGB"), (0, 0), known.getchannel("A"))
    return whole


def _tiles(
    small: Image.Image,
    base: Image.Image,
    masks: tuple[Image.Image, Image.Image | None],
    bounds: Box,
    rng: random.Random,
) -> Iterator[_Tile]:
    """Yield what to put where, from the rim of the hole inwards."""
    hole, avoided = masks
    shorter = min(bounds[2] - bounds[0], bounds[3] - bounds[1])
    side = max(LEAST_TILE, min(MOST_TILE, shorter // 2))
    side = max(2, min(side, *(length // 3 for length in small.size)))
    lap = max(1, side // 3)
    open_boxes = _grid(hole, bounds, side, lap)
    canvas, unknown = base.resize(small.size, Image.Resampling.BOX), hole.copy()
    offsets: list[tuple[int, int]] = []
    while open_boxes:
        box = min(open_boxes, key=lambda each: sum(unknown.crop(each).histogram()[255:]))
        open_boxes.remove(box)
        offset = _best(small, canvas, (hole, unknown, avoided), box, offsets[-4:], rng)
        if offset is None:
            continue
        offsets.append(offset)
        canvas.paste(small.crop(_moved(box, offset)), box, unknown.crop(box))
        unknown.paste(0, box)
        yield _Tile(box, offset)


def _grid(hole: Image.Image, bounds: Box, side: int, lap: int) -> list[Box]:
    """Return the boxes that overlap and cover the hole, within the picture."""

    def starts(first: int, last: int, end: int) -> Sequence[int]:
        places = range(first - lap, last, side - lap)
        return sorted({max(0, min(end - side, place)) for place in places})

    boxes = [
        (x, y, x + side, y + side)
        for y in starts(bounds[1], bounds[3], hole.height)
        for x in starts(bounds[0], bounds[2], hole.width)
    ]
    return [box for box in boxes if hole.crop(box).getbbox()]


def _moved(box: Box, offset: tuple[int, int]) -> Box:
    right, down = offset
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def _best(
    small: Image.Image,
    canvas: Image.Image,
    masks: tuple[Image.Image, Image.Image, Image.Image | None],
    box: Box,
    recent: list[tuple[int, int]],
    rng: random.Random,
) -> tuple[int, int] | None:
    """Return how far away the patch lies that agrees best with what is known in the box."""
    hole, unknown, avoided = masks
    side = box[2] - box[0]
    here = canvas.crop(box)
    weight = unknown.crop(box).point(WEIGHTS)
    best, least = None, float("inf")
    for right, down in (*recent, *_places(small.size, box, rng)):
        place = _moved(box, (right, down))
        inside = 0 <= place[0] <= small.width - side and 0 <= place[1] <= small.height - side
        if not inside or hole.crop(place).getbbox():
            continue
        apart = ImageChops.difference(here, small.crop(place)).convert("L").point(SQUARED)
        cost = ROW_PENALTY * abs(down) + _mean(ImageChops.multiply(apart, weight))
        if cost < least and avoided is not None:
            cost += _mean(avoided.crop(place)) * AVOIDANCE
        if cost < least:
            best, least = (right, down), cost
    return best


def _mean(grey: Image.Image) -> float:
    """Return the mean grey; several times as fast as by its histogram for so few pixels."""
    mean = grey.convert("F").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return mean if isinstance(mean, float) else 0.0


def _places(size: tuple[int, int], box: Box, rng: random.Random) -> Iterator[tuple[int, int]]:
    """Yield places to look at: anywhere in the same rows, near by, and a few anywhere."""
    side = box[2] - box[0]
    across, down = size[0] - side, size[1] - side
    for _ in range(TRIES):
        yield rng.randint(0, across) - box[0], 0
        yield rng.randint(0, across) - box[0], rng.randint(-side // 4, side // 4)
        yield rng.randint(-2 * side, 2 * side), rng.randint(-2 * side, 2 * side)
        yield rng.randint(0, across) - box[0], rng.randint(0, down) - box[1]


def _joined(
    picture: Image.Image, base: Image.Image, tiles: Sequence[_Tile], scale: float
) -> Image.Image:
    """Lay the patches in full size over each other, with soft edges."""
    canvas, filled = base.copy(), Image.new("L", picture.size, 0)
    for tile in tiles:
        left, top, right, bottom = (round(side * scale) for side in tile.box)
        across, down = (round(part * scale) for part in tile.offset)
        across = max(-left, min(picture.width - right, across))
        down = max(-top, min(picture.height - bottom, down))
        place = _moved((left, top, right, bottom), (across, down))
        box = (left, top, right, bottom)
        # Only what is already filled is blended: the guess under it must not shine through.
        soft = ImageChops.lighter(_soft_edged(box, picture.size), inverted(filled.crop(box)))
        canvas.paste(picture.crop(place), box, soft)
        filled.paste(255, box)
    return canvas


def _soft_edged(box: Box, size: tuple[int, int]) -> Image.Image:
    """Return a mask of a patch, soft but for where it touches the edge of the picture."""
    width, height = box[2] - box[0], box[3] - box[1]
    edge = max(1, min(width, height) // 6)
    wide = Image.new("L", (width + 4 * edge, height + 4 * edge), 0)
    starts = (-2 if box[0] <= 0 else 1, -2 if box[1] <= 0 else 1)
    ends = (-2 if box[2] >= size[0] else 1, -2 if box[3] >= size[1] else 1)
    full = (
        (2 + starts[0]) * edge,
        (2 + starts[1]) * edge,
        width + (2 - ends[0]) * edge - 1,
        height + (2 - ends[1]) * edge - 1,
    )
    ImageDraw.Draw(wide).rectangle(full, fill=255)
    soft = wide.filter(ImageFilter.BoxBlur(edge * 0.9))
    return soft.crop((2 * edge, 2 * edge, 2 * edge + width, 2 * edge + height))


def _reliable(
    small: Image.Image, tiles: Sequence[_Tile], avoided: Image.Image | None
) -> Image.Image:
    """Return a mask of where the patches can be compared with what they stand for."""
    covered = Image.new("L", small.size, 0)
    for tile in tiles:
        covered.paste(255, tile.box)
    if avoided is not None:
        covered = ImageChops.darker(covered, inverted(avoided.filter(ImageFilter.MaxFilter(5))))
    return covered


def _evened(
    picture: Image.Image, joined: Image.Image, mask: Image.Image, reliable: Image.Image
) -> Image.Image:
    """Spread the difference in tone at the rim over the hole."""
    size = reliable.size
    goal, had = (each.resize(size, Image.Resampling.BOX) for each in (picture, joined))
    apart = ImageChops.subtract(goal, had, 1, 128)
    apart = apart.point(lambda value: max(128 - MOST_EVENED, min(128 + MOST_EVENED, value)))
    rim = inverted(mask.point(BINARY).resize(size, Image.Resampling.BOX).point(BINARY))
    apart.putalpha(ImageChops.darker(rim, reliable))
    if apart.getchannel("A").getbbox() is None:
        return joined
    spread = _grown_in(apart).filter(ImageFilter.GaussianBlur(1.2))
    return ImageChops.add(joined, spread.resize(picture.size, Image.Resampling.BICUBIC), 1, -128)


def extended(
    source: Image.Image,
    size: Size,
    place: tuple[int, int],
    rng: random.Random,
    avoided: Image.Image | None = None,
) -> Image.Image:
    """Return a canvas of that size with the picture at a place, continued around it.

    One side after the other, so that patches lie across the edge that they continue.
    """
    left, up = place
    right, down = size.width - left - source.width, size.height - up - source.height
    avoided = avoided or Image.new("L", source.size, 0)
    picture, avoided = _widened(source, (left, right), rng, avoided)
    turned = (each.transpose(Image.Transpose.TRANSPOSE) for each in (picture, avoided))
    picture, _ = _widened(next(turned), (up, down), rng, next(turned))
    return picture.transpose(Image.Transpose.TRANSPOSE)


def _widened(
    picture: Image.Image, sides: tuple[int, int], rng: random.Random, avoided: Image.Image
) -> tuple[Image.Image, Image.Image]:
    for margin in ((sides[0], 0), (0, sides[1])):
        if any(margin):
            picture, avoided = _with_margin(picture, margin, rng, avoided)
    return picture, avoided


def _with_margin(
    picture: Image.Image, sides: tuple[int, int], rng: random.Random, avoided: Image.Image
) -> tuple[Image.Image, Image.Image]:
    left, right = sides
    canvas = Image.new("RGB", (picture.width + left + right, picture.height))
    box = (left, 0, left + picture.width, picture.height)
    canvas.paste(picture, box)
    hole = Image.new("L", canvas.size, 255)
    hole.paste(0, box)
    wider = Image.new("L", canvas.size, 0)
    wider.paste(avoided.resize(picture.size), box)
    avoided = wider.resize(small_size(wider.size, WORKED_SIDE), Image.Resampling.BOX)
    return healed(canvas, hole, rng, avoided=avoided), avoided
