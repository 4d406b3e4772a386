"""Test pictures, and measurements on pictures."""

import random
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from stability_emulator.pictures.brief import Brief
from stability_mcp.api.fields import Size
from stability_mcp.api.operations import OPERATIONS

SIZE = Size(256, 192)
CORNER = (0, 0, 40, 40)
MIDDLE = (110, 80, 146, 112)
DISC = (88, 56, 168, 136)
SEED = 5

Box = tuple[int, int, int, int]


def disc() -> Image.Image:
    """Return a red disc on a plain light ground."""
    picture = Image.new("RGB", SIZE, (225, 225, 230))
    ImageDraw.Draw(picture).ellipse(DISC, fill=(200, 30, 30))
    return picture


def landscape() -> Image.Image:
    """Return a red disc in front of a blue sky and a green field, with photographic grain."""
    picture = Image.new("RGB", SIZE, (110, 160, 225))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 110, 256, 192), fill=(70, 130, 60))
    draw.ellipse(DISC, fill=(200, 30, 30))
    noise = random.Random(1).randbytes(SIZE.width * SIZE.height)  # noqa: S311 -- repeatable
    grain = Image.frombytes("L", SIZE, noise).point([112 + value // 8 for value in range(256)])
    return ImageChops.add(picture, Image.merge("RGB", (grain, grain, grain)), 1, -128)


def shapes() -> Image.Image:
    """Return red discs left and right, a blue square at the top and a yellow one below."""
    picture = Image.new("RGB", SIZE, (205, 200, 195))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 70, 70, 120), fill=(190, 25, 30))
    draw.ellipse((186, 70, 236, 120), fill=(190, 25, 30))
    draw.rectangle((106, 10, 150, 54), fill=(30, 60, 200))
    draw.rectangle((106, 130, 150, 174), fill=(235, 205, 30))
    return picture


def mask(box: Box = (80, 48, 176, 144)) -> Image.Image:
    """Return a mask of a box."""
    marked = Image.new("L", SIZE, 0)
    ImageDraw.Draw(marked).rectangle(box, fill=255)
    return marked


def brief(
    operation: str,
    *pictures: Image.Image,
    size: Size = SIZE,
    seed: int = SEED,
    **values: Any,  # noqa: ANN401 -- the row's fields
) -> Brief:
    """Return the input of a renderer."""
    names = list(OPERATIONS[operation].file_fields())
    return Brief(
        operation=operation,
        values={"prompt": "a blue lake"} | values,
        pictures=dict(zip(names, pictures, strict=False)),
        size=size,
        seed=seed,
    )


def difference(one: Image.Image, other: Image.Image, box: Box) -> float:
    """Return the mean difference of two pictures within a box, 0 to 255."""
    pair = (each.convert("RGB").crop(box) for each in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(*pair)).mean)


def brightness(picture: Image.Image, box: Box) -> float:
    """Return the mean grey within a box."""
    return ImageStat.Stat(picture.convert("L").crop(box)).mean[0]


def mean(picture: Image.Image, box: Box) -> list[float]:
    """Return the mean colour within a box."""
    return ImageStat.Stat(picture.convert("RGB").crop(box)).mean


def roughness(picture: Image.Image, box: Box) -> float:
    """Return the amount of fine detail, such as grain and edges."""
    grey = picture.convert("L")
    fine = ImageChops.difference(grey, grey.filter(ImageFilter.BoxBlur(2)))
    return ImageStat.Stat(fine.crop(box)).mean[0]


def changed_share(one: Image.Image, other: Image.Image, *, level: int = 16) -> float:
    """Return the share of pixels that differ by more than `level` in any channel."""
    red, green, blue = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(most.histogram()[level + 1 :]) / (one.width * one.height)


def outline(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return a mask of where two pictures clearly differ."""
    differing = ImageChops.difference(one, other).convert("L")
    return differing.point([255 if value > 24 else 0 for value in range(256)])
