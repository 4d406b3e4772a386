"""Indoor places: a room, its table, a studio."""

import math

from PIL import ImageFilter

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import oval
from stability_emulator.scenery.drawing.noise import gradient
from stability_emulator.scenery.drawing.palette import (
    NAMED,
    Colour,
    colour,
    lighter,
    mixed,
    tinted,
    turned,
)
from stability_emulator.scenery.drawing.pen import LAMP
from stability_emulator.scenery.drawing.shading import FLAT, FLAT_BARE, RISE, Finish
from stability_emulator.scenery.places.stage import Stage
from stability_emulator.scenery.prompt.reading import Reading


def room(canvas: Canvas, reading: Reading) -> Stage:
    """Draw a wall with a window, a floor, a picture and a rug."""
    rng, height, width, unit = canvas.rng, canvas.height, canvas.width, canvas.unit
    floor = height * 0.72
    walls: tuple[Colour, ...] = (
        (222, 206, 184),
        (172, 192, 186),
        (206, 176, 156),
        (164, 178, 198),
        (214, 200, 206),
    )
    wall = NAMED.get(reading.ground) or rng.choice(walls)
    dim = canvas.light.dark
    lit = (1.0 - 0.42 * dim, 0.97 - 0.5 * dim, 0.92 - 0.46 * dim)
    wall = tinted(wall, lit)
    canvas.wash(
        gradient(
            (width, height), [(0, lighter(wall, -0.14)), (0.5, wall), (1, lighter(wall, -0.05))]
        )
    )
    wood = tinted((170, 122, 82), lit)
    canvas.fill(
        [(-4, floor), (width + 4, floor), (width + 4, height + 4), (-4, height + 4)],
        wood,
        RISE,
    )
    for k in range(-12, 13):
        x = width / 2 + k * unit * 0.14
        canvas.stroke(
            [
                (width / 2 + (x - width / 2) * 0.55, floor),
                (width / 2 + (x - width / 2) * 1.5, height),
            ],
            unit * 0.002,
            lighter(wood, -0.22),
            alpha=0.6,
        )
    canvas.fill(
        [
            (-4, floor - unit * 0.028),
            (width + 4, floor - unit * 0.028),
            (width + 4, floor),
            (-4, floor),
        ],
        lighter(wall, 0.4),
        FLAT,
    )
    left = rng.random() < 0.5
    x = width * (0.27 if left else 0.73)
    tall, wide = min(unit * 0.46, height * 0.5), unit * 0.36
    y = floor - tall - unit * 0.13
    box = (round(x - wide / 2), round(y), round(x + wide / 2), round(y + tall))
    light = canvas.light
    view = gradient(
        (box[2] - box[0], box[3] - box[1]), [(0, light.top), (0.6, light.middle), (1, light.low)]
    )
    canvas.image.paste(view, box[:2])
    canvas.fill(
        [
            (box[0], box[3]),
            (box[0], box[3] - tall * 0.24),
            (x - wide * 0.1, box[3] - tall * 0.34),
            (box[2], box[3] - tall * 0.2),
            (box[2], box[3]),
        ],
        mixed(tinted((92, 130, 90), light.tint), light.low, 0.4),
        Finish(shade="rise", outlined=False),
    )
    frame = tinted((246, 242, 234), lit)
    for bar in (
        (box[0], box[1], box[2], box[1]),
        (box[0], box[3], box[2], box[3]),
        (box[0], box[1], box[0], box[3]),
        (box[2], box[1], box[2], box[3]),
        (x, box[1], x, box[3]),
        (box[0], y + tall * 0.42, box[2], y + tall * 0.42),
    ):
        canvas.stroke([bar[:2], bar[2:]], unit * 0.014, frame)
    cloth = tinted(turned(wall, rng.choice((0.0, 0.45)), vivid=1.8, bright=0.86), lit)
    for sign in (-1, 1):
        at = x + sign * wide * 0.62
        for fold in range(3):
            canvas.fill(
                [
                    (at + (fold - 1.5) * wide * 0.11, y - unit * 0.05),
                    (at + (fold - 0.4) * wide * 0.11, y - unit * 0.05),
                    (at + (fold - 0.3) * wide * 0.13, floor - unit * 0.03),
                    (at + (fold - 1.7) * wide * 0.13, floor - unit * 0.03),
                ],
                lighter(cloth, -0.08 * (fold % 2)),
                Finish(shade="column", outlined=fold == 1),
            )
    canvas.stroke(
        [(x - wide * 0.86, y - unit * 0.05), (x + wide * 0.86, y - unit * 0.05)],
        unit * 0.012,
        tinted((92, 70, 54), lit),
    )
    px, py = width * (0.72 if left else 0.28), floor - unit * 0.36
    hue = rng.random()
    canvas.fill(
        [
            (px - unit * 0.11, py - unit * 0.14),
            (px + unit * 0.11, py - unit * 0.14),
            (px + unit * 0.11, py + unit * 0.14),
            (px - unit * 0.11, py + unit * 0.14),
        ],
        tinted((250, 246, 238), lit),
        FLAT,
    )
    canvas.fill(
        oval((px, py - unit * 0.03), (unit * 0.055, unit * 0.055)),
        tinted(colour(hue, 0.55, 0.85), lit),
        FLAT_BARE,
    )
    canvas.fill(
        oval((px + unit * 0.01, py + unit * 0.05), (unit * 0.075, unit * 0.035)),
        tinted(colour(hue + 0.45, 0.4, 0.6), lit),
        FLAT_BARE,
    )
    canvas.fill(
        oval((width / 2, height * 0.88), (unit * 0.46, unit * 0.085)),
        tinted(colour(hue + 0.5, 0.35, 0.72), lit),
        FLAT,
    )
    canvas.fill(
        oval((width / 2, height * 0.88), (unit * 0.4, unit * 0.068)),
        tinted(colour(hue + 0.5, 0.25, 0.84), lit),
        FLAT_BARE,
    )
    if light.dark < 0.5:
        slant = -light.side * unit * 0.2
        canvas.fill(
            [
                (box[0] + slant, floor + unit * 0.04),
                (box[2] + slant, floor + unit * 0.04),
                (box[2] + slant * 2.2, height * 0.95),
                (box[0] + slant * 2.2, height * 0.95),
            ],
            (255, 238, 196),
            Finish(shade="flat", alpha=0.22, outlined=False),
        )
    else:
        canvas.glow(width / 2, floor, unit * 0.7, LAMP, 0.32)
    return Stage(horizon=floor, ground=height * 0.89, grow=1.1, far=floor + height * 0.04)


def board(canvas: Canvas) -> float:
    """Draw a table top in the foreground and return the height at which objects stand on it."""
    wood = tinted((150, 102, 66), canvas.light.tint)
    top, unit = canvas.height * 0.8, canvas.unit
    canvas.fill(
        [
            (-4, top),
            (canvas.width + 4, top),
            (canvas.width + 4, canvas.height + 4),
            (-4, canvas.height + 4),
        ],
        wood,
        Finish(shade="rise", strength=1.1),
    )
    for k in range(5):
        y = top + (canvas.height - top) * (k / 5) ** 1.5
        canvas.stroke(
            [(0, y), (canvas.width, y + math.sin(k) * 3)],
            unit * 0.002,
            lighter(wood, -0.25),
            alpha=0.5,
        )
    return canvas.height * 0.89


def studio(canvas: Canvas, reading: Reading) -> Stage:
    """Draw a plain seamless backdrop, lit from above."""
    rng, height, width = canvas.rng, canvas.height, canvas.width
    free = [NAMED[name] for name in reading.colours if name in NAMED]
    tone = NAMED.get(reading.ground) or (free[0] if free else None)
    if tone is None:
        tone = turned(
            (214, 196, 178),
            rng.random(),
            vivid=rng.uniform(0.6, 2.2),
            bright=rng.uniform(0.6, 1.08),
        )
    tone = mixed(tone, (240, 238, 236), 0.18) if not reading.ground else tone
    line = height * 0.7
    canvas.wash(
        gradient(
            (width, height),
            [
                (0, lighter(tone, -0.2)),
                (line / height - 0.06, lighter(tone, 0.06)),
                (line / height + 0.05, lighter(tone, -0.05)),
                (1, lighter(tone, 0.12)),
            ],
        )
    )
    canvas.glow(width / 2, height * 0.42, canvas.unit * 0.75, lighter(tone, 0.5), 0.3)
    canvas.image.paste(canvas.image.filter(ImageFilter.BoxBlur(2)), (0, 0))
    return Stage(horizon=line, ground=height * 0.8, table=True, grow=1.15, far=line)
