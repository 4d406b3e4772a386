"""Draws a picture that looks like a photograph: fruit and a cup on a table in a blurred room.

The project has no photographs, but edits must also handle the soft edges, grain, shade and depth of
field of one.
"""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
TABLE = 0.6
"""Top edge of the table, as a share of the height."""


def photograph(width: int, height: int) -> Image.Image:
    """Draw the picture; it is identical for the same size."""
    rng = random.Random(7)  # noqa: S311 -- reproducible on purpose
    picture = _room(width, height, rng)
    picture.paste(_wood(width, height - round(height * TABLE), rng), (0, round(height * TABLE)))
    unit = min(width, height)
    _cup(picture, (width * 0.22, height * 0.74), unit * 0.15)
    _fruit(picture, (width * 0.55, height * 0.7), unit * 0.2, (196, 30, 26))
    _fruit(picture, (width * 0.83, height * 0.81), unit * 0.11, (236, 190, 28))
    return _grained(picture.filter(ImageFilter.GaussianBlur(unit / 900)), rng)


def _room(width: int, height: int, rng: random.Random) -> Image.Image:
    """Paint an out-of-focus wall with daylight from the left and a few lamps."""
    column = Image.linear_gradient("L").rotate(90).resize((width, height))
    wall = Image.composite(
        Image.new("RGB", (width, height), (92, 104, 112)),
        Image.new("RGB", (width, height), (190, 196, 190)),
        column,
    )
    draw = ImageDraw.Draw(wall)
    draw.rectangle((width * 0.72, 0, width * 0.9, height), fill=(70, 92, 74))
    draw.rectangle((width * 0.05, 0, width * 0.3, height * 0.4), fill=(224, 232, 236))
    for _ in range(9):
        x, y = rng.uniform(0.3, 1) * width, rng.uniform(0, 0.5) * height
        size = rng.uniform(0.01, 0.03) * width
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(232, 204, 150))
    return wall.filter(ImageFilter.GaussianBlur(min(width, height) / 34))


def _wood(width: int, height: int, rng: random.Random) -> Image.Image:
    """Paint a table top from noise stretched along the grain."""
    fine = Image.frombytes("L", (48, 160), rng.randbytes(48 * 160))
    coarse = Image.frombytes("L", (6, 40), rng.randbytes(6 * 40))
    grain = Image.blend(
        fine.resize((width, height), Image.Resampling.BICUBIC),
        coarse.resize((width, height), Image.Resampling.BICUBIC),
        0.55,
    ).point(lambda value: 128 + (value - 128) * 0.7)
    light, dark = (
        Image.new("RGB", grain.size, (178, 128, 84)),
        Image.new("RGB", grain.size, (104, 66, 40)),
    )
    wood = Image.composite(light, dark, grain)
    far = Image.linear_gradient("L").resize(grain.size).point(lambda value: 205 + value // 6)
    return ImageChops.multiply(wood, Image.merge("RGB", (far, far, far)))


def _shadow(picture: Image.Image, box: tuple[float, float, float, float], darkness: int) -> None:
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse(box, fill=darkness)
    mask = mask.filter(ImageFilter.GaussianBlur((box[3] - box[1]) / 3.2))
    picture.paste((34, 20, 12), (0, 0), mask)


def _fruit(picture: Image.Image, place: tuple[float, float], radius: float, tone: Colour) -> None:
    """Paint a ball lit from the upper left, with stalk and shadow."""
    x, y = place
    _shadow(
        picture,
        (x - radius * 0.8, y + radius * 0.62, x + radius * 1.5, y + radius * 1.12),
        190,
    )
    side = 160
    ball = Image.new("RGB", (side, side))
    pixels = []
    for row in range(side):
        for column in range(side):
            across, down = column / side * 2 - 1, row / side * 2 - 1
            depth = math.sqrt(max(0.0, 1 - across * across - down * down))
            lit = max(0.0, -0.5 * across - 0.62 * down + 0.6 * depth)
            shine = max(0.0, lit - 0.86) ** 2 * 9
            level = 0.2 + 0.95 * lit
            mottled = 1 + 0.05 * math.sin(across * 23 + down * 5) * math.sin(down * 17 - across * 7)
            pixels.append(
                tuple(
                    max(0, min(255, round(part * level * mottled + 255 * shine))) for part in tone
                )
            )
    ball.putdata(pixels)
    size = round(radius * 2)
    cut = Image.new("L", (side * 4, side * 4), 0)
    ImageDraw.Draw(cut).ellipse((2, 2, side * 4 - 3, side * 4 - 3), fill=255)
    picture.paste(
        ball.resize((size, size), Image.Resampling.BICUBIC),
        (round(x - radius), round(y - radius)),
        cut.resize((size, size), Image.Resampling.BOX),
    )
    ImageDraw.Draw(picture).line(
        (x, y - radius * 0.86, x + radius * 0.12, y - radius * 1.2),
        fill=(70, 46, 26),
        width=max(2, round(radius * 0.06)),
    )


def _cup(picture: Image.Image, place: tuple[float, float], radius: float) -> None:
    """Paint a white cup: a cylinder lit from the left, with rim and handle."""
    x, y = place
    _shadow(picture, (x - radius * 0.9, y + radius * 0.72, x + radius * 1.9, y + radius * 1.3), 170)
    scale = 4
    side = round(radius * 3.2)
    layer = Image.new("RGBA", (side * scale, side * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    unit, middle = radius * scale, side * scale / 2
    draw.ellipse(
        (middle + unit * 0.5, middle - unit * 0.6, middle + unit * 1.5, middle + unit * 0.5),
        outline=(196, 196, 190),
        width=round(unit * 0.17),
    )
    for step in range(round(-unit), round(unit)):
        light = max(0.0, math.cos((step / unit + 0.45) * 1.25))
        level = round(96 + 150 * light)
        foot = unit * 1.0 + math.sqrt(max(0.0, 1 - (step / unit) ** 2)) * unit * 0.22
        draw.line(
            (middle + step, middle - unit, middle + step, middle + foot),
            fill=(level, level, max(0, level - 8)),
            width=2,
        )
    draw.ellipse(
        (middle - unit, middle - unit * 1.24, middle + unit, middle - unit * 0.76),
        fill=(236, 236, 230),
    )
    draw.ellipse(
        (middle - unit * 0.9, middle - unit * 1.19, middle + unit * 0.9, middle - unit * 0.8),
        fill=(58, 34, 22),
    )
    layer = layer.resize((side, side), Image.Resampling.BOX)
    picture.paste(layer, (round(x - side / 2), round(y - side / 2)), layer)


def _grained(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Add sensor noise."""
    noise = Image.frombytes("L", picture.size, rng.randbytes(picture.width * picture.height))
    noise = noise.filter(ImageFilter.GaussianBlur(0.6)).point(
        lambda value: 128 + (value - 128) // 7
    )
    grain = Image.merge("RGB", (noise, noise, noise))
    return ImageChops.add(picture, grain, 1, -128)
