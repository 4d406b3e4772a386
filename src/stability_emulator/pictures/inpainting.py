"""Inpainting: fills a hole with patches of the picture itself, joined and evened out.

The sources of the overlapping patches are found on a small copy; the patches are then copied in
full size, so that the fill has the picture's grain. The remaining differences in tone at the seams
are spread over the hole from its rim.
"""

import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_emulator.pictures.patches import Box, Quilt, Tile, moved
from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import BINARY, diffused, grown_in, inverted, small_size

WORKED_SIDE = 192
MAX_EVENED = 36
"""Maximum grey levels by which a fill is brightened or darkened to match its rim."""
GUESS_SHARE = 0.65
"""Share of the difference to the guess that is compensated inside a hole."""
MAX_SIDE = 1_536
"""Longest side at which a picture is extended; larger results are scaled up from there."""


def healed(
    picture: Image.Image,
    mask: Image.Image,
    rng: random.Random,
    *,
    avoided: Image.Image | None = None,
) -> Image.Image:
    """Return the picture with the marked area filled with patches from elsewhere in it.

    Args:
        picture: RGB.
        mask: The area to fill; where it is grey, the picture shows through in proportion.
        rng: Chooses the places to search for patches.
        avoided: A small mask of areas not to repeat, such as the foreground.
    """
    small = picture.resize(small_size(picture.size, WORKED_SIDE), Image.Resampling.BOX)
    hole = mask.point(BINARY).resize(small.size, Image.Resampling.BOX)
    hole = hole.point(lambda value: 255 if value else 0)
    if hole.getbbox() is None:
        return picture
    if avoided is not None:
        avoided = avoided.resize(small.size)
    base = _guessed(picture, mask, avoided)
    guess = base.resize(small.size, Image.Resampling.BOX)
    tiles = list(Quilt(small, guess, hole, avoided, rng).tiles())
    joined = _joined(picture, base, tiles, picture.width / small.width)
    evened = _evened(picture, (base, joined), mask, _reliable(small, tiles, avoided))
    return Image.composite(evened, picture, mask)


def _guessed(picture: Image.Image, mask: Image.Image, avoided: Image.Image | None) -> Image.Image:
    """Return the picture with the marked area filled with the tones to its left and right.

    Not those above and below, because most pictures consist of horizontal bands.
    """
    wide = mask
    if avoided is not None:
        wide = ImageChops.lighter(avoided.filter(ImageFilter.MaxFilter(5)).resize(mask.size), mask)
    sideways = diffused(picture, wide, level=True)
    return Image.composite(sideways, picture, mask.point(BINARY))


def _joined(
    picture: Image.Image, base: Image.Image, tiles: Sequence[Tile], scale: float
) -> Image.Image:
    """Paste the patches over each other in full size, with soft edges."""
    canvas, filled = base.copy(), Image.new("L", picture.size, 0)
    for tile in tiles:
        left, top, right, bottom = (round(side * scale) for side in tile.box)
        across, down = (round(part * scale) for part in tile.offset)
        across = max(-left, min(picture.width - right, across))
        down = max(-top, min(picture.height - bottom, down))
        place = moved((left, top, right, bottom), (across, down))
        box = (left, top, right, bottom)
        # Blend only over areas already filled, so that the guess doesn't show through.
        soft = ImageChops.lighter(_soft_edged(box, picture.size), inverted(filled.crop(box)))
        canvas.paste(picture.crop(place), box, soft)
        filled.paste(255, box)
    return canvas


def _soft_edged(box: Box, size: tuple[int, int]) -> Image.Image:
    """Return a mask of a patch with soft edges, except where it touches the picture's edge."""
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
    small: Image.Image, tiles: Sequence[Tile], avoided: Image.Image | None
) -> Image.Image:
    """Return a mask of where the patches can be compared with the picture."""
    covered = Image.new("L", small.size, 0)
    for tile in tiles:
        covered.paste(255, tile.box)
    if avoided is not None:
        covered = ImageChops.darker(covered, inverted(avoided.filter(ImageFilter.MaxFilter(5))))
    return covered


def _evened(
    picture: Image.Image,
    layers: tuple[Image.Image, Image.Image],
    mask: Image.Image,
    reliable: Image.Image,
) -> Image.Image:
    """Adjust a fill to the tones of its rim, and inside mostly to those of the guess.

    Args:
        picture: Source of the rim.
        layers: The guess and the fill.
        mask: The hole.
        reliable: A small mask of where the rim can be compared.
    """
    guess, joined = layers
    size = reliable.size
    goal, guessed, had = (
        each.resize(size, Image.Resampling.BOX) for each in (picture, guess, joined)
    )
    limits = [max(128 - MAX_EVENED, min(128 + MAX_EVENED, value)) for value in range(256)] * 3
    rim = inverted(mask.point(BINARY).resize(size, Image.Resampling.BOX).point(BINARY))
    apart = ImageChops.subtract(goal, had, 1, 128)
    apart.putalpha(ImageChops.darker(rim, reliable))
    spread = apart.convert("RGB") if apart.getchannel("A").getbbox() is None else grown_in(apart)
    inner = ImageChops.subtract(guessed, had, 1, 128)
    both = Image.blend(spread, Image.composite(spread, inner, rim), GUESS_SHARE)
    soft = both.point(limits).filter(ImageFilter.GaussianBlur(2.5))
    return ImageChops.add(joined, soft.resize(picture.size, Image.Resampling.BICUBIC), 1, -128)


def extended(
    source: Image.Image,
    size: Size,
    place: tuple[int, int],
    rng: random.Random,
    avoided: Image.Image | None = None,
) -> Image.Image:
    """Return a canvas of a given size with the picture at a position, continued around it.

    Sides are extended one after the other, so that patches overlap the edge they continue.
    """
    left, up = place
    right, down = size.width - left - source.width, size.height - up - source.height
    scale = min(1.0, MAX_SIDE / max(size))
    left, up, right, down = (round(side * scale) for side in (left, up, right, down))
    inner = (max(1, round(source.width * scale)), max(1, round(source.height * scale)))
    picture = source if scale == 1 else source.resize(inner, Image.Resampling.BOX)
    avoided = avoided or Image.new("L", inner, 0)
    picture, avoided = _widened(picture, (left, right), rng, avoided)
    turned = (each.transpose(Image.Transpose.TRANSPOSE) for each in (picture, avoided))
    picture, _ = _widened(next(turned), (up, down), rng, next(turned))
    whole = picture.transpose(Image.Transpose.TRANSPOSE)
    return whole if whole.size == size else whole.resize(size, Image.Resampling.BICUBIC)


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
