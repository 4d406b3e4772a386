"""Inserts a named object into a picture, with matching light, shadow and grain."""

import random
from dataclasses import replace

from PIL import Image, ImageChops, ImageFilter, ImageStat

from stability_emulator.pictures.patches import Box
from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.light import TIMES, Light
from stability_emulator.scenery.drawing.palette import NAMED
from stability_emulator.scenery.drawing.pen import Pen, Stand
from stability_emulator.scenery.drawing.shape_style import ShapeStyle
from stability_emulator.scenery.nouns.catalog import noun_named
from stability_emulator.scenery.prompt.reading import Subject, read

FILLED = 0.94
"""Share of the box that the object fills."""
CHANGED = 6
"""Difference in grey levels above which a pixel counts as drawn on."""


def placed(
    picture: Image.Image, box: Box, prompt: str, negative: str, rng: random.Random
) -> Image.Image | None:
    """Return the picture with the object that a prompt names; None if it names no known object.

    Args:
        picture: RGB, with the previous content of the box already removed.
        box: Where to put the object.
        prompt: The prompt; its first object is drawn.
        negative: The negative prompt.
        rng: Source of random variation.
    """
    subjects = read(prompt, negative).subjects
    if not subjects:
        return None
    subject = subjects[0]
    width, height = box[2] - box[0], box[3] - box[1]
    canvas = Canvas(picture.size, _light_in(picture), ShapeStyle(), rng)
    canvas.unit = max(width, height)
    canvas.image = picture.copy()
    noun = noun_named(subject.noun)
    count = max(1, min(subject.count, round(width * 2 / (height * noun.wide)) or 1))
    high = min(height, width / noun.wide / (1 + 0.62 * (count - 1))) * FILLED
    for index in range(count):
        step = 0.0 if count == 1 else (index / (count - 1) - 0.5)
        across = (box[0] + box[2]) / 2 + step * (width - high * noun.wide)
        size = high * (1.0 if count == 1 else rng.uniform(0.8, 1.0))
        foot = box[3] - height * (1 - FILLED) / 2 - (height - size) * (0 if count == 1 else 0.3)
        if noun.home in {"air", "heaven", "space"}:
            foot = (box[1] + box[3]) / 2 + size / 2
        stand = Stand(x=across, y=foot, height=size, mirrored=rng.random() < 0.5)
        main, second = _tones(subject, rng)
        noun.draw(Pen(canvas, stand, main, second, rng))
    return _grained(canvas.finish(), picture, rng)


def _tones(
    subject: Subject, rng: random.Random
) -> tuple[tuple[int, int, int], tuple[int, int, int] | None]:
    """Return the named colours, else one that is typical of the object."""
    named = [NAMED[name] for name in subject.colours if name in NAMED]
    return (
        named[0] if named else rng.choice(noun_named(subject.noun).colours),
        named[1] if len(named) > 1 else None,
    )


def _light_in(picture: Image.Image) -> Light:
    """Return daylight from the brighter side of the picture."""
    grey = picture.resize((2, 1), Image.Resampling.BOX).convert("L").tobytes()
    return replace(TIMES["day"], across=0.2 if grey[0] > grey[1] else 0.8)


def _grained(drawn: Image.Image, picture: Image.Image, rng: random.Random) -> Image.Image:
    """Return the drawn parts with as much noise as the picture has."""
    fine = ImageChops.difference(picture, picture.filter(ImageFilter.MedianFilter(3)))
    level = ImageStat.Stat(fine.convert("L")).median[0]
    noise = Image.frombytes("L", drawn.size, rng.randbytes(drawn.width * drawn.height))
    noise = noise.filter(ImageFilter.GaussianBlur(0.6))
    noise = noise.point([round(128 + (value - 128) * level / 30) for value in range(256)])
    noisy = ImageChops.add(drawn, Image.merge("RGB", (noise, noise, noise)), 1, -128)
    touched = ImageChops.difference(drawn, picture).convert("L")
    return Image.composite(noisy, drawn, touched.point(lambda value: 255 if value > CHANGED else 0))
