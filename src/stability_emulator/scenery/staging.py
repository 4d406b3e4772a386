"""Arranges the objects of a prompt in a place: their size, position and colour."""

from dataclasses import replace
from typing import NamedTuple

from PIL import Image

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.noise import gradient
from stability_emulator.scenery.drawing.palette import Colour
from stability_emulator.scenery.drawing.pen import Noun, Pen, Stand
from stability_emulator.scenery.nouns.catalog import noun_named
from stability_emulator.scenery.nouns.people import BUSTS
from stability_emulator.scenery.places import built, coast, inside
from stability_emulator.scenery.places.stage import Stage
from stability_emulator.scenery.places.water import mirror
from stability_emulator.scenery.prompt.reading import Reading, Subject, colours_of
from stability_emulator.scenery.prompt.vocabulary import chance

WHERE = {"left": 0.26, "right": 0.74, "middle": 0.5}
COMPANIONS = (0.77, 0.2, 0.9, 0.1, 0.62)
"""Positions of further objects, 0 left to 1 right, if the main object is left of the middle."""
BIG = frozenset({"castle", "house", "lighthouse", "tower", "church", "temple", "windmill", "tree"})
"""Objects that are drawn farther away than the main object, but not smaller."""
SMALL_PLANTS = frozenset({"flower", "tulip", "sunflower", "mushroom"})
PEOPLE = frozenset({"man", "woman", "child", "robot", "astronaut"})
AWAY_FROM_LIGHT = 0.7
"""Probability that the main object is on the side away from the light."""


class Part(NamedTuple):
    """One kind of object in the picture."""

    rank: int
    """0 for the main object."""
    subject: Subject


def arrange(canvas: Canvas, reading: Reading, stage: Stage) -> None:
    """Draw the objects of a prompt, the farthest first."""
    subjects = reading.subjects
    for subject in subjects:
        if noun_named(subject.noun).home == "heaven":
            _draw_in_sky(canvas, subject, reading)
    rest = [subject for subject in subjects if noun_named(subject.noun).home != "heaven"]
    stage.company = len(rest) > 1
    homes = {noun_named(subject.noun).home for subject in rest}
    if reading.place == "room" and "table" in homes:
        rest = [subject for subject in rest if subject.noun != "table"]
    parts = [Part(rank, subject) for rank, subject in enumerate(rest)]
    parts.sort(key=lambda part: (part.subject.where == "near", -part.rank))
    far = [part for part in parts if part.subject.where == "far"]
    floating = [part for part in parts if part not in far and _floats(part.subject, stage)]
    standing = [part for part in parts if part not in far and part not in floating]
    for part in far:
        _group(canvas, reading, stage, part)
    if stage.water is not None:
        mirror(canvas, stage.water, canvas.height, calm=0.8 if reading.place == "lake" else 0.5)
    for part in floating:
        _group(canvas, reading, stage, part)
    _foreground(canvas, reading, stage, standing)
    for part in standing:
        _group(canvas, reading, stage, part)


def _floats(subject: Subject, stage: Stage) -> bool:
    return stage.water is not None and noun_named(subject.noun).home in {"water", "deep"}


def _foreground(canvas: Canvas, reading: Reading, stage: Stage, standing: list[Part]) -> None:
    """Draw the ground in front of a reflecting water surface that objects stand on."""
    homes = {noun_named(part.subject.noun).home for part in standing}
    grounded = homes & {"ground", "table"}
    if reading.place == "lake":
        coast.bank(canvas, reading)
    elif reading.place == "beach":
        coast.shore(canvas, reading)
    elif reading.place == "city" and grounded:
        built.quay(canvas)
    elif reading.place == "room" and "table" in homes:
        stage.ground = inside.board(canvas)
        stage.table = True
    elif reading.place == "sea" and grounded:
        part = next(p for p in reversed(standing) if noun_named(p.subject.noun).home in grounded)
        high, noun = _height(canvas, stage, part), noun_named(part.subject.noun)
        x = _across(canvas, stage, part) * canvas.width
        wide = max(
            high * noun.wide * 0.9 * (1 + 0.5 * (part.subject.count - 1)), canvas.unit * 0.33
        )
        stage.ground = canvas.height * 0.86 - wide * 0.36
        coast.headland(canvas, reading, x, stage.ground, wide)


def _noun(subject: Subject, reading: Reading) -> Noun:
    """Return how to draw an object; a single person in a studio becomes head and shoulders."""
    if reading.place == "studio" and subject.count == 1 and subject.noun in BUSTS:
        return BUSTS[subject.noun]
    return noun_named(subject.noun)


def _height(canvas: Canvas, stage: Stage, part: Part) -> float:
    """Return the height of an object in pixels."""
    rank, subject = part
    noun = noun_named(subject.noun)
    high = noun.size * canvas.unit * stage.grow
    if canvas.height > canvas.width * 1.3:
        high *= min(1.5, (canvas.height / canvas.width) ** 0.6)
    if stage.table and noun.home != "table":
        high *= 1.15
    if rank and subject.noun in SMALL_PLANTS:
        high *= 0.5
    elif rank:
        high *= 1.0 if subject.noun in BIG else 0.72
    elif stage.company:
        high *= 0.85
    if subject.count > 1:
        high *= 1 / (1 + 0.16 * (subject.count - 1))
    high *= {"far": 0.32, "near": 1.4}.get(subject.where, 1.0)
    high *= chance("high", canvas.light.across, subject.noun).uniform(0.8, 1.1)
    only_one = 0.74 if stage.table else 0.84
    max_width = canvas.width * (0.5 if rank else 0.62 if stage.company else only_one)
    wide = noun.wide * (1 + 1.06 * (min(subject.count, 5) - 1))
    return min(high, max_width / wide)


def _across(canvas: Canvas, stage: Stage, part: Part) -> float:
    """Return the horizontal position of an object, 0 left to 1 right."""
    rank, subject = part
    if subject.where in WHERE:
        return WHERE[subject.where]
    lean = chance(f"{canvas.width}{canvas.light.across}{rank}{subject.noun}")
    if rank:
        at = COMPANIONS[(rank - 1) % len(COMPANIONS)] + lean.uniform(-0.03, 0.03)
        return 1 - at if _side(canvas) > 0 else at
    if stage.company:
        return 0.5 + _side(canvas) * lean.uniform(0.12, 0.17)
    if subject.count > 1 or noun_named(subject.noun).wide > 2 or canvas.height > canvas.width * 1.3:
        return 0.5
    if stage.table:
        return 0.5 + lean.uniform(-0.06, 0.06)
    side = _side(canvas) if lean.random() < AWAY_FROM_LIGHT else -_side(canvas)
    return 0.5 + side * lean.uniform(0.03, 0.2)


def _side(canvas: Canvas) -> int:
    """Return the side of the main object, which is away from the light: -1 left, 1 right."""
    return -canvas.light.side


def _base(  # noqa: PLR0911 -- one for each home
    canvas: Canvas, reading: Reading, stage: Stage, part: Part, high: float
) -> float:
    """Return the vertical position of an object's foot in pixels."""
    rank, subject = part
    noun, height = _noun(subject, reading), canvas.height
    if reading.place == "studio" and subject.noun in BUSTS and subject.count == 1:
        return height + high * 0.04
    if subject.where == "far" and noun.home not in {"air", "space"}:
        if stage.water is not None and noun.home in {"water", "deep"}:
            return stage.water + (height - stage.water) * 0.05
        return (stage.far or stage.horizon) + height * 0.015
    match noun.home:
        case "water" | "deep" if stage.water is not None:
            return stage.water + (height - stage.water) * (0.2 if rank else 0.44)
        case "deep" if reading.place == "underwater":
            return height * (0.3 if rank else 0.5) + high / 2
        case "air" if reading.place not in {"room", "studio"}:
            return height * (0.5 if reading.place == "space" else 0.28 if rank else 0.38) + high / 2
        case "air" | "space" | "deep":
            return height * 0.48 + high / 2
        case _ if reading.place in {"space", "underwater", "sky"} and noun.home in {
            "ground",
            "table",
            "water",
        }:
            return stage.ground if stage.ground > height * 0.8 else height * 0.5 + high / 2
        case _:
            back = 0.075 if subject.noun in BIG else 0.035
            return stage.ground - (height * back if rank else 0)


def _group(canvas: Canvas, reading: Reading, stage: Stage, part: Part) -> None:
    """Draw an object as often as the prompt says."""
    rank, subject = part
    noun, rng = _noun(subject, reading), canvas.rng
    high = (
        _height(canvas, stage, part)
        if noun.words
        else noun.size * min(canvas.unit * 1.15, canvas.height * 0.95)
    )
    x, y = (
        _across(canvas, stage, part) * canvas.width,
        _base(canvas, reading, stage, part, high),
    )
    if rank and subject.noun == "umbrella" and reading.subjects[0].noun in PEOPLE:
        holder = Part(0, reading.subjects[0])
        held = _height(canvas, stage, holder)
        high, x = held * 0.78, _across(canvas, stage, holder) * canvas.width
        y = stage.ground - held * 0.46
    far = 0.5 if subject.where == "far" else 0.06 * rank
    far *= canvas.light.haze
    if rank and subject.noun in SMALL_PLANTS and subject.count > 1:
        spots = [
            (
                stage.ground + rng.uniform(-0.03, 0.1) * canvas.height,
                rng.uniform(0.03, 0.97) * canvas.width,
            )
            for _ in range(3 * subject.count)
        ]
    else:
        spots = _positions(canvas, stage, subject, (x, y, high))
    facing = x > canvas.width * 0.5 if rank == 0 else rng.random() < 0.5
    for base, at in sorted(spots):
        tone, second = colours_of(subject, noun, reading, rng)
        size = (
            high * (1 - 0.35 * max(0.0, y - base) / max(1.0, high)) if subject.count > 1 else high
        )
        stand = Stand(x=at, y=base, height=size, mirrored=facing, far=far)
        if stage.water is not None and base > stage.water and noun.home == "water":
            _mirrored(canvas, noun, stand, tone, second)
        noun.draw(Pen(canvas, stand, tone, second, rng))


def _positions(
    canvas: Canvas, stage: Stage, subject: Subject, where: tuple[float, float, float]
) -> list[tuple[float, float]]:
    """Return the foot and the middle of each of several equal objects."""
    noun, rng = noun_named(subject.noun), canvas.rng
    x, y, high = where
    step = high * noun.wide * 1.04
    rows = 2 if subject.count > 4 else 1
    spots = []
    for k in range(subject.count):
        row, column = k % rows, k // rows
        in_row = (subject.count + rows - 1 - row) // rows
        at = (
            x
            + (column - (in_row - 1) / 2) * step * (1 + rng.uniform(-0.08, 0.08))
            + (row * step * 0.5)
        )
        lift = row * high * 0.5 + (
            rng.uniform(0.0, 0.16) * high if subject.count > 1 and not stage.table else 0
        )
        if noun.home in {"air", "deep"} and subject.count > 1:
            lift = rng.uniform(-0.6, 0.7) * high
        spots.append(
            (
                y - lift,
                min(max(at, high * noun.wide * 0.44), canvas.width - high * noun.wide * 0.44),
            )
        )
    return spots


def _mirrored(
    canvas: Canvas, noun: Noun, stand: Stand, tone: Colour, second: Colour | None
) -> None:
    """Draw the reflection of an object in water, fading with depth."""
    before = canvas.image.copy()
    state = canvas.rng.getstate()
    noun.draw(Pen(canvas, replace(stand, mirrored_below=True), tone, second, canvas.rng))
    canvas.rng.setstate(state)
    top, bottom = round(stand.y), min(canvas.height, round(stand.y + stand.height * 1.1))
    if bottom - top < 3:
        canvas.image = before
        return
    fade = gradient((canvas.width, bottom - top), [(0, (120, 120, 120)), (1, (0, 0, 0))]).convert(
        "L"
    )
    mask = Image.new("L", canvas.image.size)
    mask.paste(fade, (0, top))
    shown = Image.composite(canvas.image, before, mask)
    rng = chance("water", round(stand.x))
    y = top
    while y < bottom:
        tall = max(2, round(canvas.unit * 0.006 * (1 + (y - top) / stand.height)))
        strip = shown.crop((0, y, canvas.width, min(y + tall, bottom)))
        shown.paste(strip, (round(rng.uniform(-1, 1) * canvas.unit * 0.005), y))
        y += tall
    canvas.image = shown


def _draw_in_sky(canvas: Canvas, subject: Subject, reading: Reading) -> None:
    """Draw a named moon, sun, star or cloud in the sky."""
    noun, rng, light = noun_named(subject.noun), canvas.rng, canvas.light
    tone, second = colours_of(subject, noun, reading, rng)
    only_one = len(reading.subjects) == 1
    high = noun.size * canvas.unit * (1.0 if only_one else 0.7)
    for k in range(subject.count):
        at = WHERE.get(subject.where, light.across if subject.noun in {"sun", "moon"} else 0.5)
        spread = (k - (subject.count - 1) / 2) * max(0.16, high * noun.wide / canvas.width * 1.1)
        y = canvas.height * (0.24 if subject.noun in {"sun", "moon"} else rng.uniform(0.12, 0.3))
        if subject.noun == "sun" and light.altitude < 0.35:
            y = canvas.height * 0.42
        stand = Stand(
            x=canvas.width * min(0.95, max(0.05, at + spread)), y=y + high / 2, height=high
        )
        noun.draw(Pen(canvas, stand, tone, second, rng))
