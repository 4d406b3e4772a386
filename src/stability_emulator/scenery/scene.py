"""Draws the picture of a prompt: parses it, chooses the light, draws it and applies the style.

The words determine the content; the seed determines the light, the shapes and the positions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from PIL import Image, ImageEnhance, ImageFilter

from stability_emulator.scenery import emblems, layouts, patterns
from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.light import STUDIO, light_of, light_with_sky
from stability_emulator.scenery.drawing.palette import NAMED
from stability_emulator.scenery.drawing.shape_style import PLAIN, SHAPE_STYLES
from stability_emulator.scenery.grading import curve
from stability_emulator.scenery.margins import scene_box, with_margin
from stability_emulator.scenery.nouns.catalog import noun_named
from stability_emulator.scenery.places import barren, beyond, built, coast, inside, land
from stability_emulator.scenery.places.stage import Stage
from stability_emulator.scenery.places.weather import weather
from stability_emulator.scenery.prompt.negative_space import resolved
from stability_emulator.scenery.prompt.reading import Reading, read
from stability_emulator.scenery.prompt.vocabulary import chance
from stability_emulator.scenery.staging import arrange
from stability_emulator.scenery.treatments import TREATMENTS

DRAWN_PIXELS = 2_400_000
"""Maximum pixels to draw; a larger picture is scaled up from there."""
MAX_RATIO = 4
"""Maximum aspect ratio to draw; a longer picture is stretched."""
MIN_SIDE = 96
"""Minimum longer side to draw; a smaller picture is scaled down from there."""
PLACES: Mapping[str, Callable[[Canvas, Reading], Stage]] = {
    "sea": coast.sea,
    "beach": coast.beach,
    "lake": coast.lake,
    "mountains": land.mountains,
    "forest": land.forest,
    "city": built.city,
    "street": built.street,
    "desert": barren.desert,
    "field": land.field,
    "snow": barren.snow,
    "room": inside.room,
    "space": beyond.space,
    "underwater": beyond.underwater,
    "sky": beyond.heaven,
    "studio": inside.studio,
}
"""The places: each function draws one and returns where objects can be in it."""
VARIANTS = 1_000
"""Numbers from which the first variant of a prompt is chosen."""
ON_LAND = ("field", "field", "mountains", "lake")


@dataclass(frozen=True, kw_only=True)
class Look:
    """The look of a picture, independent of its content."""

    style: str = ""
    """One of the API's style presets, or ""."""
    guidance: float = 0.0
    """How closely the prompt is followed, -1 to 1: low is hazy and pale, 0 is the default, high is
    clear and vivid."""


USUAL = Look()


def scene(
    prompt: str, seed: int, size: tuple[int, int], look: Look = USUAL, *, negative: str = ""
) -> Image.Image:
    """Return the picture of a prompt; the same arguments give the same picture.

    Args:
        prompt: The content of the picture.
        seed: Varies the picture of the same content.
        size: Width and height in pixels.
        look: The style, and how closely the prompt is followed.
        negative: The negative prompt.
    """
    style = look.style
    reading = read(prompt, negative)
    reading.tiled = reading.tiled or style == "tile-texture"
    rng = chance("scene", reading.description, seed)
    _choose_place(reading, rng.choice(ON_LAND))
    light = light_of(reading.time, reading.weather, rng)
    if reading.place == "studio" or reading.emblem or reading.abstract or reading.tiled:
        light = replace(STUDIO, across=light.across)
    elif reading.place in {"space", "underwater"}:
        light = replace(light, tint=(0.94, 0.96, 1.0), dark=min(light.dark, 0.5))
    if reading.sky:
        light = light_with_sky(light, NAMED[reading.sky])
    drawn = _drawn_size(size)
    side = "" if reading.tiled else resolved(reading.empty_side, rng)
    box = scene_box(side, drawn) if side else None
    inside_box = (box[2] - box[0], box[3] - box[1]) if box else drawn
    canvas = Canvas(inside_box, light, SHAPE_STYLES.get(style, PLAIN), rng)
    variant = seed + chance("variant", reading.description).randrange(VARIANTS)
    _draw(canvas, reading, style, variant)
    picture = canvas.finish()
    if box:
        picture = with_margin(picture, side, drawn, box, place=reading.place)
    picture = TREATMENTS.get(style, TREATMENTS[""])(picture, rng)
    picture = _guided(picture, look.guidance)
    if picture.size == size:
        return picture
    hard = style == "pixel-art"
    return picture.resize(size, Image.Resampling.NEAREST if hard else Image.Resampling.BICUBIC)


def _choose_place(reading: Reading, land: str) -> None:
    """Choose a place if the prompt names none."""
    nouns = {subject.noun for subject in reading.subjects}
    if "table" in nouns and any(noun_named(noun).home == "table" for noun in nouns):
        reading.place = reading.place or "room"
    if reading.place or reading.abstract or reading.emblem:
        return
    drawn = [noun_named(subject.noun) for subject in reading.subjects]
    homes = [noun for noun in drawn if noun.home != "heaven"]
    if homes:
        reading.place = homes[0].place or (
            "sky" if homes[0].home == "air" and land == "lake" else land
        )
        if reading.time and reading.place == "studio":
            reading.place = "room"
    elif reading.letters and not reading.time:
        reading.abstract = True
    else:
        reading.place = land


def _draw(canvas: Canvas, reading: Reading, style: str, variant: int) -> None:
    if reading.tiled:
        patterns.tile(canvas, reading)
    elif reading.emblem:
        emblems.emblem(canvas, reading, variant)
    elif reading.abstract:
        layouts.abstract(canvas, reading)
    elif style == "isometric":
        patterns.block(canvas, reading)
    else:
        stage = PLACES[reading.place](canvas, reading)
        arrange(canvas, reading, stage)
        if reading.place not in {"room", "studio", "space", "underwater"}:
            weather(canvas, stage.horizon)
    if reading.letters:
        layouts.lettering(canvas, reading.letters, below=reading.emblem)


def _drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size to draw, with about the same aspect ratio unless that is extreme."""
    width, height = size
    width, height = min(width, height * MAX_RATIO), min(height, width * MAX_RATIO)
    scale = min(1.0, (DRAWN_PIXELS / (width * height)) ** 0.5)
    scale = max(scale, MIN_SIDE / max(width, height))
    return max(16, round(width * scale)), max(16, round(height * scale))


def _guided(picture: Image.Image, guidance: float) -> Image.Image:
    """Return the picture with the guidance applied: hazier below 0, more vivid above."""
    if guidance < -0.02:
        share = min(1.0, -guidance)
        radius = min(picture.size) / 260 * share
        loose = picture.filter(ImageFilter.BoxBlur(radius))
        loose = ImageEnhance.Color(loose).enhance(1 - 0.45 * share)
        mean = loose.resize((1, 1), Image.Resampling.BOX).resize(loose.size)
        return Image.blend(loose, mean, 0.32 * share)
    if guidance > 0.02:
        share = min(1.0, guidance)
        strong = ImageEnhance.Color(curve(picture, 0.6 * share)).enhance(1 + 0.28 * share)
        return strong.filter(ImageFilter.UnsharpMask(2, round(90 * share), 2))
    return picture
