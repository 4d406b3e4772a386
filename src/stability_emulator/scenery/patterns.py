"""Draws special layouts: an isometric block and a seamless tile."""

import math
from dataclasses import replace

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Point, oval
from stability_emulator.scenery.drawing.noise import gradient
from stability_emulator.scenery.drawing.palette import (
    NAMED,
    WHITE,
    Colour,
    colour,
    lighter,
    mixed,
    tinted,
)
from stability_emulator.scenery.drawing.pen import Pen, Stand
from stability_emulator.scenery.drawing.shading import FLAT, FLAT_BARE, Finish
from stability_emulator.scenery.layouts import scheme
from stability_emulator.scenery.nouns.catalog import NOUNS, noun_named
from stability_emulator.scenery.places.stage import FOLIAGE, grass_of
from stability_emulator.scenery.prompt.reading import Reading, colours_of


def block(canvas: Canvas, reading: Reading) -> None:
    """Draw an isometric block of the place with the objects on it."""
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    back = colour(rng.random(), 0.2, 0.95)
    if canvas.light.night:
        back = (46, 44, 84)
    canvas.wash(gradient(canvas.image.size, [(0, lighter(back, 0.3)), (1, lighter(back, -0.08))]))
    tops: dict[str, Colour] = {
        "sea": (64, 150, 190),
        "lake": (84, 160, 190),
        "desert": (232, 190, 124),
        "beach": (236, 212, 166),
        "snow": (240, 244, 250),
        "city": (150, 150, 158),
        "street": (140, 138, 146),
        "room": (206, 170, 132),
        "space": (120, 110, 150),
        "underwater": (40, 120, 150),
        "sky": (190, 220, 244),
        "studio": lighter(back, -0.2),
    }
    top = tinted(
        NAMED.get(reading.ground) or tops.get(reading.place, grass_of(reading)), canvas.light.tint
    )
    x, y, half = width / 2, height * 0.6, unit * 0.42
    deep = unit * 0.13
    flat = half * 0.52
    canvas.shadow(x, y + flat * 0.7 + deep, half * 1.1, flat * 0.8, 0.4)
    soil = (
        mixed(top, (120, 84, 62), 0.72)
        if reading.place not in {"sea", "lake", "underwater", "sky"}
        else mixed(top, (20, 50, 110), 0.4)
    )
    for sign, tone in ((-1, lighter(soil, -0.05)), (1, lighter(soil, -0.3))):
        canvas.fill(
            [
                (x, y + flat),
                (x + sign * half, y),
                (x + sign * half, y + deep),
                (x, y + flat + deep),
            ],
            tone,
            Finish(shade="rise", strength=0.5),
        )
        canvas.fill(
            [
                (x, y + flat),
                (x + sign * half, y),
                (x + sign * half, y + deep * 0.24),
                (x, y + flat + deep * 0.24),
            ],
            lighter(top, -0.16 if sign < 0 else -0.34),
            FLAT_BARE,
        )
    canvas.fill(
        [(x, y - flat), (x + half, y), (x, y + flat), (x - half, y)],
        top,
        Finish(shade="plain", strength=0.6),
    )
    for k in range(1, 6):
        at = k / 6
        canvas.stroke(
            [(x - half + half * at, y + flat * at), (x + half * at, y - flat + flat * at)],
            unit * 0.0015,
            lighter(top, 0.2),
            alpha=0.4,
        )
        canvas.stroke(
            [(x - half + half * at, y - flat * at), (x + half * at, y + flat - flat * at)],
            unit * 0.0015,
            lighter(top, 0.2),
            alpha=0.4,
        )
    _on_block(canvas, reading, x, y, half)


def _on_block(canvas: Canvas, reading: Reading, x: float, y: float, half: float) -> None:
    rng, flat = canvas.rng, half * 0.52
    items: list[tuple[float, float, str, float, Colour, Colour | None]] = []
    for rank, subject in enumerate(reading.subjects):
        noun = noun_named(subject.noun)
        for k in range(subject.count):
            main = rank == 0
            turn = math.tau * (k / subject.count + rank * 0.37)
            out = 0.0 if main and subject.count == 1 else 0.46
            high = (
                half
                * (0.95 if main else 0.55)
                / (1 + 0.2 * (subject.count - 1))
                * min(1.0, noun.size / 0.4)
            )
            high = min(high, half * 1.25 / noun.wide)
            tone, second = colours_of(subject, noun, reading, rng)
            items.append(
                (
                    flat * out * math.sin(turn) + flat * 0.1,
                    half * out * math.cos(turn),
                    subject.noun,
                    high,
                    tone,
                    second,
                )
            )
    green = reading.place in {"", "field", "forest", "mountains", "snow"} and reading.allows(
        "tree", "trees"
    )
    kind = "pine" if reading.place in {"forest", "mountains", "snow"} else "tree"
    if green:
        tones = (
            FOLIAGE.get(reading.season, NOUNS["tree"].colours)
            if kind == "tree"
            else NOUNS["pine"].colours
        )
        for dx, dy in (
            (-0.62, -0.14),
            (0.6, -0.2),
            (0.04, -0.78),
            (-0.3, -0.5),
            (0.34, -0.5),
            (0.64, 0.2),
            (-0.66, 0.18),
        ):
            if rng.random() < 0.85:
                items.append(
                    (
                        flat * dy,
                        half * dx,
                        kind,
                        half * rng.uniform(0.34, 0.5),
                        rng.choice(tones),
                        None,
                    )
                )
    for down, across, name, high, tone, second in sorted(items, key=lambda item: item[0]):
        stand = Stand(x=x + across, y=y + down, height=high, mirrored=rng.random() < 0.3)
        noun_named(name).draw(Pen(canvas, stand, tone, second, rng))


def tile(canvas: Canvas, reading: Reading) -> None:
    """Draw a seamless pattern."""
    canvas.style = replace(canvas.style, shadows=False)
    ground, one, two, three, dark = scheme(canvas, reading)
    rng, width, height = canvas.rng, canvas.width, canvas.height
    ground = NAMED.get(reading.ground) or rng.choice((ground, dark, mixed(three, dark, 0.5)))
    canvas.image.paste(ground, (0, 0, width, height))
    across = max(2, round(width / canvas.unit * 3))
    down = max(2, round(height / canvas.unit * 2) * 2)
    cell = (width / across, height / down)
    for row in range(-1, down + 2):
        for column in range(-1, across + 2):
            x = (column + 0.5 + 0.5 * (row % 2)) * cell[0]
            y = (row + 0.5) * cell[1]
            _motif(canvas, reading, (x, y), min(cell) * 0.62, (column % across + row % down) % 3)
            small = min(cell) * 0.05
            for dx, tone in ((0.5, one), (0.38, two), (0.62, two)):
                cx, cy = x + cell[0] * dx, y + small * 0.2 * (dx != 0.5)
                canvas.fill(
                    oval(
                        (cx, cy),
                        (small * (1 if dx == 0.5 else 0.5), small * (1 if dx == 0.5 else 0.5)),
                    ),
                    mixed(tone, WHITE, 0.15),
                    FLAT,
                )


def _motif(canvas: Canvas, reading: Reading, at: Point, high: float, turn: int) -> None:
    x, y = at
    rng = canvas.rng
    state = rng.getstate()
    rng.seed(turn)
    if reading.subjects:
        subject = reading.subjects[turn % len(reading.subjects)]
        noun = noun_named(subject.noun)
        tone, second = colours_of(subject, noun, reading, rng)
    else:
        noun = NOUNS[("leaf", "flower", "leaf")[turn]]
        named = [NAMED[name] for name in reading.colours if name in NAMED]
        tone, second = (named[turn % len(named)] if named else rng.choice(noun.colours)), None
    high = min(high, high * 1.3 / noun.wide)
    stand = Stand(x=x, y=y + high / 2, height=high, mirrored=turn == 1)
    noun.draw(Pen(canvas, stand, tone, second, rng))
    rng.setstate(state)
