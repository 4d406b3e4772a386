"""Style presets applied to a finished picture: photograph, pixel art, facets and so on."""

import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from stability_emulator.scenery.drawing.noise import fractal, grained, levels
from stability_emulator.scenery.drawing.shape_style import PAPER
from stability_emulator.scenery.grading import bloom, curve, graded, vignette

Treatment = Callable[[Image.Image, random.Random], Image.Image]
PIXELS_ACROSS = 150
FACETS_ACROSS = 46


def plain(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Apply the default: a little contrast and grain."""
    return grained(vignette(curve(picture, 0.25), 0.25), rng, 3)


def photographic(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Give natural colours, soft edges like those of a lens, and grain."""
    soft = picture.resize((picture.width // 3 or 1, picture.height // 3 or 1), Image.Resampling.BOX)
    soft = soft.filter(ImageFilter.GaussianBlur(1.6)).resize(picture.size, Image.Resampling.BICUBIC)
    ring = Image.radial_gradient("L").resize(picture.size, Image.Resampling.BICUBIC)
    picture = Image.composite(soft, picture, levels(ring, 110, 240, 235))
    picture = ImageEnhance.Color(curve(picture, 0.45)).enhance(0.9)
    return grained(vignette(bloom(picture, 0.3), 0.5), rng, 6)


def enhanced(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Make the picture crisp, clear and vivid."""
    picture = ImageEnhance.Color(curve(picture, 0.6)).enhance(1.3)
    return grained(picture.filter(ImageFilter.UnsharpMask(3, 90, 2)), rng, 1)


def cinematic(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Give teal shadows, orange highlights and a strong vignette."""
    picture = graded(
        ImageEnhance.Brightness(curve(picture, 0.6)).enhance(0.86), (0, 48, 78), (255, 176, 92), 1.0
    )
    picture = ImageEnhance.Color(picture).enhance(0.92)
    return grained(vignette(bloom(picture, 0.6), 0.95), rng, 5)


def film(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Make the picture faded, warm and grainy, with a light leak."""
    picture = ImageEnhance.Color(curve(picture, 0.45, 0.09)).enhance(0.72)
    picture = graded(picture, (60, 40, 70), (255, 224, 160), 0.6)
    warm = Image.blend(picture, Image.new("RGB", picture.size, (236, 190, 130)), 0.05)
    leak = Image.linear_gradient("L").rotate(rng.choice((90, 270))).resize(picture.size)
    warm = ImageChops.screen(
        warm,
        Image.composite(
            Image.new("RGB", picture.size, (190, 84, 30)),
            Image.new("RGB", picture.size),
            levels(leak, 190, 255, 170),
        ),
    )
    return grained(vignette(warm, 0.6), rng, 12)


def anime(picture: Image.Image, _rng: random.Random) -> Image.Image:
    """Make the picture clear and bright, with bloom."""
    picture = ImageEnhance.Color(curve(picture, 0.2, 0.03)).enhance(1.2)
    return bloom(ImageEnhance.Brightness(picture).enhance(1.06), 0.55)


def comic(picture: Image.Image, _rng: random.Random) -> Image.Image:
    """Reduce the tones and put halftone dots into the shadows."""
    flat = ImageOps.posterize(ImageEnhance.Color(curve(picture, 0.5)).enhance(1.25), 3)
    flat = ImageChops.add(flat, Image.new("RGB", flat.size, (14, 14, 14)))
    cell = max(5, min(picture.size) // 110)
    spot = Image.new("L", (cell * 4, cell * 4), 255)
    draw = ImageDraw.Draw(spot)
    for x, y in ((0, 0), (4, 0), (0, 4), (4, 4), (2, 2)):
        r = cell * 1.05
        draw.ellipse((x * cell - r, y * cell - r, x * cell + r, y * cell + r), fill=0)
    spot = spot.reduce(4) if cell >= 4 else spot
    spot = spot.resize((cell, cell), Image.Resampling.BICUBIC)
    dots = Image.new("L", picture.size, 255)
    for x in range(0, picture.width, cell):
        for y in range(0, picture.height, cell):
            dots.paste(spot, (x, y))
    middle = picture.convert("L")
    shade = ImageChops.multiply(levels(middle, 170, 80), ImageChops.invert(dots)).point(
        [round(value * 0.42) for value in range(256)]
    )
    flat.paste((28, 24, 58), (0, 0), shade)
    return flat


def digital(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Give strong colours, violet shadows and glowing highlights."""
    picture = graded(curve(picture, 0.5), (58, 10, 110), (255, 226, 190), 0.6)
    return grained(bloom(ImageEnhance.Color(picture).enhance(1.45), 0.7), rng, 1)


def fantasy(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Make the picture look painted, with a magic glow and sparks."""
    size = picture.size
    small = picture.resize((max(1, size[0] // 3), max(1, size[1] // 3)), Image.Resampling.BOX)
    painted = small.filter(ImageFilter.MedianFilter(3)).resize(size, Image.Resampling.BICUBIC)
    picture = Image.blend(picture, painted, 0.6)
    veil = levels(fractal(rng, (96, 96), scale=2, layers=4), 130, 245, 80).resize(
        size, Image.Resampling.BICUBIC
    )
    tones = Image.composite(Image.new("RGB", size, (150, 90, 220)), Image.new("RGB", size), veil)
    picture = ImageChops.screen(
        graded(curve(picture, 0.75), (30, 8, 96), (255, 206, 236), 0.9), tones
    )
    sparks = Image.new("RGB", size)
    draw = ImageDraw.Draw(sparks)
    for _ in range(70):
        x, y = rng.random() * size[0], (0.25 + 0.75 * rng.random()) * size[1]
        r = min(size) * rng.choice((0.0015, 0.002, 0.004))
        draw.ellipse(
            (x - r, y - r, x + r, y + r),
            fill=rng.choice(((255, 236, 170), (190, 240, 255), (255, 200, 250))),
        )
    halo = sparks.resize((max(1, size[0] // 4), max(1, size[1] // 4)), Image.Resampling.BOX).filter(
        ImageFilter.GaussianBlur(2)
    )
    picture = ImageChops.screen(
        picture,
        halo.resize(size, Image.Resampling.BICUBIC).point(
            [min(255, value * 3) for value in range(256)] * 3
        ),
    )
    return vignette(bloom(ImageChops.screen(picture, sparks), 0.45), 0.8)


def rendered(picture: Image.Image, _rng: random.Random) -> Image.Image:
    """Make the picture look like smooth plastic under soft light."""
    return vignette(bloom(ImageEnhance.Color(curve(picture, 0.15, 0.04)).enhance(1.12), 0.6), 0.35)


def kneaded(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Make the picture look like modelling clay: matt, with dents and fingerprints."""
    size = picture.size
    field = fractal(rng, (256, 256), scale=14, layers=3)
    relief = (
        field.filter(ImageFilter.EMBOSS)
        .filter(ImageFilter.GaussianBlur(0.8))
        .resize(size, Image.Resampling.BICUBIC)
    )
    relief = relief.point([round(128 + (value - 128) * 0.9) for value in range(256)])
    small = picture.resize((max(1, size[0] // 2), max(1, size[1] // 2)), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.MedianFilter(7)).resize(size, Image.Resampling.BICUBIC)
    matt = ImageEnhance.Color(curve(soft, 0.1, 0.05)).enhance(1.25)
    edges = (
        soft.convert("L")
        .resize(small.size)
        .filter(ImageFilter.GaussianBlur(2))
        .filter(ImageFilter.EMBOSS)
        .resize(size, Image.Resampling.BICUBIC)
    )
    matt = ImageChops.overlay(matt, Image.merge("RGB", (edges,) * 3))
    return ImageChops.overlay(matt, Image.merge("RGB", (relief,) * 3))


def inked(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Turn the picture into ink on paper."""
    grey = curve(picture, 0.4).convert("L")
    page = ImageOps.colorize(grey, (30, 28, 38), PAPER)
    return grained(page, rng, 3)


def neon(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Darken the picture, with magenta and cyan light."""
    picture = graded(ImageEnhance.Brightness(picture).enhance(0.8), (26, 0, 66), (0, 210, 255), 0.5)
    size = picture.size
    wash = Image.linear_gradient("L").rotate(90).resize(size)
    tint = Image.composite(
        Image.new("RGB", size, (70, 0, 90)), Image.new("RGB", size, (0, 40, 80)), wash
    )
    picture = ImageChops.screen(ImageEnhance.Color(picture).enhance(1.6), tint)
    return grained(vignette(bloom(curve(picture, 0.6), 0.9), 0.8), rng, 3)


def folded(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Give the picture a texture of paper fibres."""
    fibre = fractal(rng, (256, 256), scale=40, layers=2).resize(
        picture.size, Image.Resampling.BICUBIC
    )
    fibre = fibre.point([round(128 + (value - 128) * 0.1) for value in range(256)])
    paper = ImageChops.overlay(curve(picture, 0.1, 0.06), Image.merge("RGB", (fibre,) * 3))
    return grained(paper, rng, 3)


def faceted(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Turn the picture into flat triangles with their corners on its edges."""
    width, height = picture.size
    cell = max(4.0, min(picture.size) / FACETS_ACROSS)
    columns, rows = max(1, round(width / cell)), max(1, round(height / cell))
    small = picture.resize((columns * 4, rows * 4), Image.Resampling.BOX)
    edges = small.convert("L").filter(ImageFilter.FIND_EDGES).tobytes()
    points = {}
    for row in range(rows + 1):
        for column in range(columns + 1):
            x, y = column * 4.0, row * 4.0
            if 0 < row < rows and 0 < column < columns:
                around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
                seen = [
                    (edges[(row * 4 + j) * columns * 4 + column * 4 + i], rng.random(), i, j)
                    for i, j in around
                ]
                _, _, i, j = max(seen)
                x, y = x + i * 0.95 + 0.5, y + j * 0.95 + 0.5
            points[column, row] = (x * width / (columns * 4), y * height / (rows * 4))
    across, down = columns * 2, rows * 2
    tones = picture.resize((across, down), Image.Resampling.BOX).tobytes()
    result = Image.new("RGB", picture.size)
    draw = ImageDraw.Draw(result)
    for row in range(rows):
        for column in range(columns):
            corners = [points[column + i, row + j] for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
            turn = (row + column) % 2
            for turns in ((0, 1, 2), (0, 2, 3)):
                three = [corners[(turn + k) % 4] for k in turns]
                x, y = sum(p[0] for p in three) / 3, sum(p[1] for p in three) / 3
                at = min(down - 1, int(y / height * down)) * across
                at = 3 * (at + min(across - 1, int(x / width * across)))
                lift = rng.randint(-4, 4)
                red, green, blue = (max(0, part + lift) for part in tones[at : at + 3])
                draw.polygon(three, fill=(red, green, blue))
    return ImageEnhance.Color(curve(result, 0.25)).enhance(1.12)


def pixelated(picture: Image.Image, _rng: random.Random) -> Image.Image:
    """Turn the picture into large pixels in few colours."""
    share = PIXELS_ACROSS / max(picture.size)
    small = picture.resize(
        (max(1, round(picture.width * share)), max(1, round(picture.height * share))),
        Image.Resampling.BOX,
    )
    small = ImageEnhance.Color(curve(small, 0.4)).enhance(1.2)
    few = small.quantize(28, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert(
        "RGB"
    )
    return few.resize(picture.size, Image.Resampling.NEAREST)


def untouched(picture: Image.Image, _rng: random.Random) -> Image.Image:
    """Return the picture unchanged, so that it stays seamless."""
    return picture


TREATMENTS: Mapping[str, Treatment] = {
    "": plain,
    "3d-model": rendered,
    "analog-film": film,
    "anime": anime,
    "cinematic": cinematic,
    "comic-book": comic,
    "digital-art": digital,
    "enhance": enhanced,
    "fantasy-art": fantasy,
    "isometric": rendered,
    "line-art": inked,
    "low-poly": faceted,
    "modeling-compound": kneaded,
    "neon-punk": neon,
    "origami": folded,
    "photographic": photographic,
    "pixel-art": pixelated,
    "tile-texture": untouched,
}
"""Treatments by style preset; "" for no preset."""
