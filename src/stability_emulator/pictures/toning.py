"""Transfers tones from one picture to another: brightness, contrast, colours, grain."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps, ImageStat

from stability_emulator.pictures.colour_masks import colour_mask, colours_in
from stability_emulator.scenery.drawing.palette import NAMED, Colour
from stability_emulator.scenery.prompt.vocabulary import words_of

GRAIN_TRIES = 16
SMOOTHED = 14
"""Radius in grey levels over which a change of contrast is smoothed."""
MIN_CONTRAST, MAX_CONTRAST = 0.6, 1.7
"""Limits of the contrast factor, so that noise isn't amplified."""


def matched(
    picture: Image.Image, goal: Image.Image, ring: Image.Image, share: float
) -> Image.Image:
    """Return a picture with about the brightness of another one within a ring.

    Args:
        picture: RGB.
        goal: RGB, of the same size.
        ring: Mask of the part of `goal` to match; if it is black, nothing changes.
        share: Share of the difference to compensate, 0 to 1.
    """
    if ring.getbbox() is None:
        return picture
    wanted = ImageStat.Stat(goal, ring).mean
    had = ImageStat.Stat(picture).mean
    shifts = [(to - from_) * share for to, from_ in zip(wanted, had, strict=True)]
    level = sum(shifts) / 3
    # Mostly brightness, so that a blue object on a brown table stays blue.
    tables = [
        max(0, min(255, round(value + level * 0.8 + shift * 0.2)))
        for shift in shifts
        for value in range(256)
    ]
    return picture.point(tables)


def with_tones_of(picture: Image.Image, reference: Image.Image, share: float) -> Image.Image:
    """Return a picture with the colours and contrast of another one.

    Matches the whole distribution of brightness, and mean and spread of the colours.
    """
    parts = zip(picture.convert("YCbCr").split(), reference.convert("YCbCr").split(), strict=True)
    light, blue, red = parts
    toned = (
        light[0].point(_same_distribution(*light)),
        blue[0].point(_same_spread(*blue)),
        red[0].point(_same_spread(*red)),
    )
    return Image.blend(picture, Image.merge("YCbCr", toned).convert("RGB"), min(1.0, share))


def _same_distribution(grey: Image.Image, reference: Image.Image) -> Sequence[int]:
    had, wanted = (_cumulated(each) for each in (grey, reference))
    table, level = [], 0
    for share in had:
        while level < 255 and wanted[level] < share:
            level += 1
        table.append(level)
    # Smooth the table, so that the noise of a flat area isn't amplified to full contrast.
    return [
        round(sum(part) / len(part))
        for part in (table[max(0, i - SMOOTHED) : i + SMOOTHED + 1] for i in range(256))
    ]


def _cumulated(grey: Image.Image) -> Sequence[float]:
    counts = grey.histogram()
    total = sum(counts)
    return [count / total for count in accumulate(counts)]


def _same_spread(grey: Image.Image, reference: Image.Image) -> Sequence[int]:
    had, wanted = ImageStat.Stat(grey), ImageStat.Stat(reference)
    factor = wanted.stddev[0] / max(1.0, had.stddev[0])
    factor = max(MIN_CONTRAST, min(MAX_CONTRAST, factor))
    return [
        max(0, min(255, round((value - had.mean[0]) * factor + wanted.mean[0])))
        for value in range(256)
    ]


def grain_of(reference: Image.Image, size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Return the fine structure of a picture around a middle grey, in another size; RGB.

    It comes from one typical patch, so that no recognisable content is repeated.
    """
    side = max(8, min(reference.size) // 6)
    corners = [
        (rng.randint(0, reference.width - side), rng.randint(0, reference.height - side))
        for _ in range(GRAIN_TRIES)
    ]
    patches = [reference.crop((x, y, x + side, y + side)) for x, y in corners]
    patches.sort(key=lambda patch: sum(ImageStat.Stat(patch).stddev))
    patch = patches[len(patches) // 5]
    scale = max(1.0, min(size) / 6 / side)
    patch = patch.resize((round(side * scale),) * 2, Image.Resampling.BICUBIC)
    fine = ImageChops.subtract(patch, patch.filter(ImageFilter.GaussianBlur(3)), 1, 128)
    tile = Image.new("RGB", (fine.width * 2, fine.height * 2))
    for place, turned in (
        ((0, 0), fine),
        ((fine.width, 0), ImageOps.mirror(fine)),
        ((0, fine.height), ImageOps.flip(fine)),
        ((fine.width, fine.height), ImageOps.mirror(ImageOps.flip(fine))),
    ):
        tile.paste(turned, place)
    covered = Image.new("RGB", size)
    for left in range(0, size[0], tile.width):
        for top in range(0, size[1], tile.height):
            covered.paste(tile, (left, top))
    return covered


def with_grain(picture: Image.Image, grain: Image.Image, strength: float) -> Image.Image:
    """Return a picture with grain added, scaled by `strength`."""
    scaled = grain.point(lambda value: max(0, min(255, round(128 + (value - 128) * strength))))
    return ImageChops.add(picture, scaled, 1, -128)


def recoloured(picture: Image.Image, mask: Image.Image, tone: Colour) -> Image.Image:
    """Return a picture with its marked area recoloured, keeping light and shade."""
    if mask.getbbox() is None:
        return picture
    light = picture.convert("L")
    middle = max(24.0, min(216.0, ImageStat.Stat(light, mask).mean[0]))
    tables = [_shaded(part, value, middle) for part in tone for value in range(256)]
    painted = Image.merge("RGB", (light, light, light)).point(tables)
    return Image.composite(painted, picture, mask)


def _shaded(part: int, value: int, middle: float) -> int:
    """Return the brightness of a colour channel at a grey level, with some shine."""
    if value <= middle:
        return round(part * value / middle)
    shine = 90.0 * ((value - middle) / (255 - middle)) ** 3
    lit: float = part * (value / middle) ** 0.8
    return min(255, round(lit + shine))


def _less_of(picture: Image.Image, colour: str) -> Image.Image:
    """Return a picture without a colour: its hue is rotated by a third of the circle."""
    red, green, blue = NAMED[colour]
    other = (blue, red, green) if max(red, green, blue) - min(red, green, blue) > 40 else (128,) * 3
    return recoloured(picture, colour_mask(picture, colour), (other[0], other[1], other[2]))


_CORRECTIONS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    **dict.fromkeys(
        ("dark", "underexposed", "night", "gloomy"),
        lambda picture: ImageEnhance.Brightness(picture).enhance(1.35),
    ),
    **dict.fromkeys(
        ("bright", "overexposed", "washed", "glare"),
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.75),
    ),
    **dict.fromkeys(
        ("blur", "blurry", "blurred", "soft", "unsharp"),
        lambda picture: picture.filter(ImageFilter.UnsharpMask(2, 120, 2)),
    ),
    **dict.fromkeys(
        ("saturated", "oversaturated", "colorful", "colourful", "vivid", "garish"),
        lambda picture: ImageEnhance.Color(picture).enhance(0.5),
    ),
    **dict.fromkeys(
        ("dull", "monochrome", "desaturated", "pale"),
        lambda picture: ImageEnhance.Color(picture).enhance(1.5),
    ),
    **dict.fromkeys(
        ("noise", "noisy", "grain", "grainy"),
        lambda picture: picture.filter(ImageFilter.MedianFilter(3)),
    ),
}


def without(picture: Image.Image, unwanted: str) -> Image.Image:
    """Return a picture with less of what a negative prompt names, such as a colour or blur."""
    for colour in dict.fromkeys(colours_in(unwanted)):
        picture = _less_of(picture, colour)
    found = map(_CORRECTIONS.get, words_of(unwanted))
    for correct in {id(each): each for each in found}.values():
        picture = correct(picture) if correct else picture
    return picture
