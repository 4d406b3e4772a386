"""Puts the things of a prompt into a place: how large, where, and what they are coloured."""

from dataclasses import replace
from typing import NamedTuple

from PIL import Image

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.noise import gradient
from stability_emulator.scenery.drawing.palette import Colour
from stability_emulator.scenery.drawing.pen import Noun, Pen, Stand
from stability_emulator.scenery.nouns.catalog import NOUNS
from stability_emulator.scenery.nouns.people import BUSTS
from stability_emulator.scenery.places import built, coast, inside
from stability_emulator.scenery.places.stage import Stage
from stability_emulator.scenery.places.water import mirror
from stability_emulator.scenery.prompt.reading import Reading, Wish, colours_of
from stability_emulator.scenery.prompt.vocabulary import chance

WHERE = {"left": 0.26, "right": 0.74, "middle": 0.5}
COMPANIONS = (0.77, 0.2, 0.9, 0.1, 0.62)
"""Where further things stand, 0 left to 1 right, if the main thing stands left of the middle."""
BIG = frozenset({"castle", "house", "lighthouse", "tower", "church", "temple", "windmill", "tree"})
"""What is not smaller than the main thing, only farther away."""
SMALL_PLANTS = frozenset({"flower", "tulip", "sunflower", "mushroom"})
PEOPLE = frozenset({"man", "woman", "child", "robot", "astronaut"})
MOSTLY = 0.7
"""How often the main thing stands away from the light."""


class Part(NamedTuple):
    """One kind of thing in the picture."""

    rank: int
    """0 for the main thing."""
    wish: Wish


def arrange(canvas: Canvas, reading: Reading, stage: Stage) -> None:
    """Draw the things of a prompt, the farthest first."""
    wishes = reading.things
    for wish in wishes:
        if NOUNS[wish.noun].home == "heaven":
            _heavenly(canvas, wish, reading)
    rest = [wish for wish in wishes if NOUNS[wish.noun].home != "heaven"]
    stage.company = len(rest) > 1
    if reading.place == "room" and any(NOUNS[wish.noun].home == "table" for wish in rest):
        rest = [wish for wish in rest if wish.noun != "table"]
    parts = [Part(rank, wish) for rank, wish in enumerate(rest)]
    parts.sort(key=lambda part: (part.wish.where == "near", -part.rank))
    far = [part for part in parts if part.wish.where == "far"]
    floating = [part for part in parts if part not in far and _floats(part.wish, stage)]
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


def _floats(wish: Wish, stage: Stage) -> bool:
    return stage.water is not None and NOUNS[wish.noun].home in {"water", "deep"}


def _foreground(canvas: Canvas, reading: Reading, stage: Stage, standing: list[Part]) -> None:
    """Draw what things stand on where that is in front of what is mirrored."""
    homes = {NOUNS[part.wish.noun].home for part in standing}
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
        part = next(p for p in reversed(standing) if NOUNS[p.wish.noun].home in grounded)
        high, noun = _height(canvas, stage, part), NOUNS[part.wish.noun]
        x = _across(canvas, stage, part) * canvas.width
        wide = max(high * noun.wide * 0.9 * (1 + 0.5 * (part.wish.count - 1)), canvas.unit * 0.33)
        stage.ground = canvas.height * 0.86 - wide * 0.36
        coast.headland(canvas, reading, x, stage.ground, wide)


def _noun(wish: Wish, reading: Reading) -> Noun:
    """Return the thing; of people in a portrait, head and shoulders."""
    if reading.place == "studio" and wish.count == 1 and wish.noun in BUSTS:
        return BUSTS[wish.noun]
    return NOUNS[wish.noun]


def _height(canvas: Canvas, stage: Stage, part: Part) -> float:
    """Return how high a thing is in pixels."""
    rank, wish = part
    noun = NOUNS[wish.noun]
    high = noun.size * canvas.unit * stage.grow
    if canvas.height > canvas.width * 1.3:
        high *= min(1.5, (canvas.height / canvas.width) ** 0.6)
    if stage.table and noun.home != "table":
        high *= 1.15
    if rank and wish.noun in SMALL_PLANTS:
        high *= 0.5
    elif rank:
        high *= 1.0 if wish.noun in BIG else 0.72
    elif stage.company:
        high *= 0.85
    if wish.count > 1:
        high *= 1 / (1 + 0.16 * (wish.count - 1))
    high *= {"far": 0.32, "near": 1.4}.get(wish.where, 1.0)
    high *= chance("high", canvas.light.across, wish.noun).uniform(0.8, 1.1)
    max_width = canvas.width * (0.5 if rank else 0.62 if stage.company else 0.84)
    wide = noun.wide * (1 + 1.06 * (min(wish.count, 5) - 1))
    return min(high, max_width / wide)


def _across(canvas: Canvas, stage: Stage, part: Part) -> float:
    """Return where a thing stands, 0 left to 1 right."""
    rank, wish = part
    if wish.where in WHERE:
        return WHERE[wish.where]
    lean = chance(f"{canvas.width}{canvas.light.across}{rank}{wish.noun}")
    if rank:
        at = COMPANIONS[(rank - 1) % len(COMPANIONS)] + lean.uniform(-0.03, 0.03)
        return 1 - at if _side(canvas) > 0 else at
    if stage.company:
        return 0.5 + _side(canvas) * lean.uniform(0.12, 0.17)
    if (
        wish.count > 1
        or stage.table
        or NOUNS[wish.noun].wide > 2
        or canvas.height > canvas.width * 1.3
    ):
        return 0.5
    side = _side(canvas) if lean.random() < MOSTLY else -_side(canvas)
    return 0.5 + side * lean.uniform(0.03, 0.2)


def _side(canvas: Canvas) -> int:
    """Return on which side the main thing stands: away from the light."""
    return -canvas.light.side


def _base(  # noqa: PLR0911 -- one for each home
    canvas: Canvas, reading: Reading, stage: Stage, part: Part, high: float
) -> float:
    """Return the height in the picture on which a thing of a height stands."""
    rank, wish = part
    noun, height = _noun(wish, reading), canvas.height
    if reading.place == "studio" and wish.noun in BUSTS and wish.count == 1:
        return height + high * 0.04
    if wish.where == "far" and noun.home not in {"air", "space"}:
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
            back = 0.075 if wish.noun in BIG else 0.035
            return stage.ground - (height * back if rank else 0)


def _group(canvas: Canvas, reading: Reading, stage: Stage, part: Part) -> None:
    """Draw a thing as often as it was asked for."""
    rank, wish = part
    noun, rng = _noun(wish, reading), canvas.rng
    high = (
        _height(canvas, stage, part)
        if noun.words
        else noun.size * min(canvas.unit * 1.15, canvas.height * 0.95)
    )
    x, y = (
        _across(canvas, stage, part) * canvas.width,
        _base(canvas, reading, stage, part, high),
    )
    if rank and wish.noun == "umbrella" and reading.things[0].noun in PEOPLE:
        holder = Part(0, reading.things[0])
        held = _height(canvas, stage, holder)
        high, x = held * 0.78, _across(canvas, stage, holder) * canvas.width
        y = stage.ground - held * 0.46
    far = 0.5 if wish.where == "far" else 0.06 * rank
    far *= canvas.light.haze
    if rank and wish.noun in SMALL_PLANTS and wish.count > 1:
        spots = [
            (
                stage.ground + rng.uniform(-0.03, 0.1) * canvas.height,
                rng.uniform(0.03, 0.97) * canvas.width,
            )
            for _ in range(3 * wish.count)
        ]
    else:
        spots = _spots(canvas, stage, wish, (x, y, high))
    facing = x > canvas.width * 0.5 if rank == 0 else rng.random() < 0.5
    for base, at in sorted(spots):
        tone, second = colours_of(wish, noun, reading, rng)
        size = high * (1 - 0.35 * max(0.0, y - base) / max(1.0, high)) if wish.count > 1 else high
        stand = Stand(x=at, y=base, height=size, mirrored=facing, far=far)
        if stage.water is not None and base > stage.water and noun.home == "water":
            _mirrored(canvas, noun, stand, tone, second)
        noun.draw(Pen(canvas, stand, tone, second, rng))


def _spots(
    canvas: Canvas, stage: Stage, wish: Wish, where: tuple[float, float, float]
) -> list[tuple[float, float]]:
    """Return where each of several stands: its foot and its middle."""
    noun, rng = NOUNS[wish.noun], canvas.rng
    x, y, high = where
    step = high * noun.wide * 1.04
    rows = 2 if wish.count > 4 else 1
    spots = []
    for k in range(wish.count):
        row, column = k % rows, k // rows
        in_row = (wish.count + rows - 1 - row) // rows
        at = (
            x
            + (column - (in_row - 1) / 2) * step * (1 + rng.uniform(-0.08, 0.08))
            + (row * step * 0.5)
        )
        lift = row * high * 0.5 + (
            rng.uniform(0.0, 0.16) * high if wish.count > 1 and not stage.table else 0
        )
        if noun.home in {"air", "deep"} and wish.count > 1:
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
    """Draw a thing as the water shows it, paler the deeper."""
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


def _heavenly(canvas: Canvas, wish: Wish, reading: Reading) -> None:
    """Draw moon, sun, stars or clouds that were asked for, high up."""
    noun, rng, light = NOUNS[wish.noun], canvas.rng, canvas.light
    tone, second = colours_of(wish, noun, reading, rng)
    alone = len(reading.things) == 1
    high = noun.size * canvas.unit * (1.0 if alone else 0.7)
    for k in range(wish.count):
        at = WHERE.get(wish.where, light.across if wish.noun in {"sun", "moon"} else 0.5)
        spread = (k - (wish.count - 1) / 2) * max(0.16, high * noun.wide / canvas.width * 1.1)
        y = canvas.height * (0.24 if wish.noun in {"sun", "moon"} else rng.uniform(0.12, 0.3))
        if wish.noun == "sun" and light.altitude < 0.35:
            y = canvas.height * 0.42
        stand = Stand(
            x=canvas.width * min(0.95, max(0.05, at + spread)), y=y + high / 2, height=high
        )
        noun.draw(Pen(canvas, stand, tone, second, rng))
