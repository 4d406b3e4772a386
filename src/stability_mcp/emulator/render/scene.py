"""A made-up landscape for a prompt: sky, light, hills, and things that stand in them.

Drawn small and enlarged, which is quick and looks soft. The words give the colours, the seed gives
the shapes.
"""

import math
import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from stability_mcp.emulator.render.palette import Palette, chance, mixed, palette_of
from stability_mcp.fields import Size

DRAWN_SIDE = 1_024
"""Longest side at which a scene is drawn."""


def scene(prompt: str, seed: int, size: Size, style: str = "") -> Image.Image:
    """Return the picture of a prompt; the same for the same arguments."""
    rng = chance("scene", prompt, seed)
    colours = palette_of(prompt, rng)
    scale = min(1.0, DRAWN_SIDE / max(size))
    width, height = (max(8, round(side * scale)) for side in size)
    picture = _sky(colours, width, height)
    horizon = height * rng.uniform(0.5, 0.66)
    _light(picture, colours, rng, horizon)
    draw = ImageDraw.Draw(picture)
    for depth, ground in enumerate(colours.ground):
        base = horizon + depth * (height - horizon) * rng.uniform(0.24, 0.34)
        ridge = _ridge(rng, width, base, height * (0.13 - 0.03 * depth))
        draw.polygon([(0, height), *ridge, (width, height)], fill=ground)
        if depth:
            _things(draw, colours, rng, ridge, height * (0.05 + 0.055 * depth))
    return _styled(picture, style, size)


def _sky(colours: Palette, width: int, height: int) -> Image.Image:
    steps = 64
    column = Image.new("RGB", (1, steps))
    column.putdata([mixed(colours.above, colours.below, y / (steps - 1)) for y in range(steps)])
    return column.resize((width, height), Image.Resampling.BICUBIC)


def _light(picture: Image.Image, colours: Palette, rng: random.Random, horizon: float) -> None:
    """Paint a sun or moon with its glow."""
    width, height = picture.size
    radius = min(width, height) * rng.uniform(0.05, 0.1)
    x, y = width * rng.uniform(0.15, 0.85), horizon * rng.uniform(0.25, 0.85)
    glow = Image.new("L", (max(1, width // 8), max(1, height // 8)), 0)
    _disc(ImageDraw.Draw(glow), x / 8, y / 8, radius * 2.2 / 8, 120)
    glow = glow.filter(ImageFilter.GaussianBlur(max(1.0, radius / 9))).resize(picture.size)
    picture.paste(colours.light, (0, 0), glow)
    _disc(ImageDraw.Draw(picture), x, y, radius, colours.light)


def _disc(
    draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: int | tuple[int, ...]
) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _ridge(rng: random.Random, width: int, base: float, swing: float) -> list[tuple[float, float]]:
    """Return a line of hills from left to right: a few waves on top of each other."""
    waves = [(rng.uniform(0.6, 5.5), rng.uniform(0, math.tau), rng.random()) for _ in range(4)]
    weight = sum(wave[2] for wave in waves) or 1.0
    points = 96
    return [
        (
            width * i / points,
            base
            + swing
            * sum(w * math.sin(f * math.tau * i / points + p) for f, p, w in waves)
            / weight,
        )
        for i in range(points + 1)
    ]


def _things(
    draw: ImageDraw.ImageDraw,
    colours: Palette,
    rng: random.Random,
    ridge: list[tuple[float, float]],
    height: float,
) -> None:
    """Put trees, stones and houses on a ridge."""
    for _ in range(rng.randint(3, 8)):
        x, y = rng.choice(ridge)
        tall = height * rng.uniform(0.6, 1.3)
        dark = mixed(colours.ground[2], (0, 0, 0), rng.uniform(0.1, 0.4))
        match rng.choice(("tree", "pine", "house", "ball")):
            case "tree":
                draw.rectangle((x - tall * 0.04, y - tall * 0.5, x + tall * 0.04, y + 2), fill=dark)
                _disc(draw, x, y - tall * 0.7, tall * 0.3, mixed(dark, colours.accent, 0.35))
            case "pine":
                for part in range(3):
                    top, half = y - tall * (1 - part * 0.22), tall * (0.14 + 0.07 * part)
                    foot = top + tall * 0.42
                    draw.polygon([(x, top), (x - half, foot), (x + half, foot)], fill=dark)
            case "house":
                half = tall * 0.28
                wall = mixed(colours.accent, (255, 255, 255), 0.35)
                draw.rectangle((x - half, y - tall * 0.45, x + half, y + 2), fill=wall)
                roof = [(x - half * 1.25, y - tall * 0.45), (x + half * 1.25, y - tall * 0.45)]
                draw.polygon([*roof, (x, y - tall * 0.9)], fill=dark)
            case _:
                _disc(draw, x, y - tall * 0.2, tall * 0.25, colours.accent)


def _pixels(picture: Image.Image) -> Image.Image:
    small = (max(1, picture.width // 12), max(1, picture.height // 12))
    return picture.resize(small, Image.Resampling.BOX)


def _lines(picture: Image.Image) -> Image.Image:
    edges = picture.convert("L").filter(ImageFilter.FIND_EDGES)
    return ImageOps.invert(ImageOps.autocontrast(edges)).convert("RGB")


def _film(picture: Image.Image) -> Image.Image:
    return ImageOps.colorize(picture.convert("L"), (38, 26, 18), (246, 232, 206))


def _glowing(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Color(ImageEnhance.Contrast(picture).enhance(1.2)).enhance(1.8)


def _flat(picture: Image.Image) -> Image.Image:
    return ImageOps.posterize(ImageEnhance.Color(picture).enhance(1.35), 3)


def _crisp(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(picture).enhance(1.12)


COARSE = frozenset({"pixel-art", "low-poly", "isometric", "tile-texture"})
LOOKS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    **dict.fromkeys(COARSE, _pixels),
    **dict.fromkeys(("comic-book", "anime", "digital-art", "origami"), _flat),
    **dict.fromkeys(("neon-punk", "fantasy-art", "3d-model"), _glowing),
    **dict.fromkeys(("cinematic", "photographic", "enhance", "modeling-compound"), _crisp),
    "line-art": _lines,
    "analog-film": _film,
}
"""What a style preset does to a scene."""


def _styled(picture: Image.Image, style: str, size: Size) -> Image.Image:
    """Return the picture in the look of a style preset, and in its final size."""
    looking = LOOKS[style](picture) if style in LOOKS else picture
    hard = style in {"pixel-art", "tile-texture"}
    return looking.resize(size, Image.Resampling.NEAREST if hard else Image.Resampling.BICUBIC)
