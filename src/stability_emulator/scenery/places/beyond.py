"""Remote places: space, under water, high in the sky."""

import math

from PIL import Image, ImageChops, ImageDraw

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import oval
from stability_emulator.scenery.drawing.noise import fractal, gradient, levels
from stability_emulator.scenery.drawing.palette import BLACK, NAMED, WHITE, colour, lighter, mixed
from stability_emulator.scenery.drawing.pen import Pen, Stand
from stability_emulator.scenery.drawing.shading import FLAT_BARE, RISE, Finish
from stability_emulator.scenery.nouns.catalog import NOUNS
from stability_emulator.scenery.places.land import Ridge, hill
from stability_emulator.scenery.places.sky import paint_sky
from stability_emulator.scenery.places.stage import Stage
from stability_emulator.scenery.prompt.reading import Reading


def space(canvas: Canvas, reading: Reading) -> Stage:
    """Draw stars, nebulae and a distant planet, or a planet's surface for people and objects."""
    rng, width, height, unit = canvas.rng, canvas.width, canvas.height, canvas.unit
    canvas.wash(gradient((width, height), [(0, (6, 6, 20)), (0.5, (14, 12, 38)), (1, (8, 8, 24))]))
    hue = rng.random()
    size = (160, max(16, 160 * height // width))
    for k, shift in enumerate((0.0, 0.12, 0.45)):
        cloud = levels(fractal(rng, size, scale=2, layers=5), 118 + 10 * k, 230, 150)
        veil = Image.new("RGB", size, colour(hue + shift, 0.7, 0.85))
        lit = Image.composite(veil, Image.new("RGB", size), cloud)
        canvas.image = ImageChops.screen(
            canvas.image, lit.resize(canvas.image.size, Image.Resampling.BICUBIC)
        )
    draw = ImageDraw.Draw(canvas.image)
    for _ in range(420):
        x, y = rng.random() * width, rng.random() * height
        r = rng.choice((0.5, 0.5, 0.6, 0.9, 1.4)) * unit / 900
        draw.ellipse((x - r, y - r, x + r, y + r), fill=mixed((90, 96, 150), WHITE, rng.random()))
    for _ in range(7):
        x, y = rng.random() * width, rng.random() * height
        canvas.glow(x, y, unit * 0.04, mixed(WHITE, colour(rng.random(), 0.6, 1.0), 0.4), 0.9)
    named_nouns = {subject.noun for subject in reading.subjects}
    if reading.allows("planet") and not named_nouns & {"planet", "earth", "moon"}:
        x = width * rng.choice((0.14, 0.86))
        stand = Stand(x=x, y=height * rng.uniform(0.3, 0.42), height=unit * rng.uniform(0.18, 0.28))
        NOUNS["planet"].draw(Pen(canvas, stand, colour(hue + 0.5, 0.5, 0.8), None, rng))
    if named_nouns & {"astronaut", "robot", "house", "man", "woman", "car"}:
        hill(canvas, Ridge(height * 0.82, height * 0.02, roughness=0.4), (150, 146, 160))
        for _ in range(9):
            x, y = rng.random() * width, height * rng.uniform(0.88, 0.99)
            r = unit * rng.uniform(0.012, 0.05)
            canvas.fill(oval((x, y), (r, r * 0.22)), (84, 82, 98), FLAT_BARE)
            canvas.fill(
                oval((x, y + r * 0.05), (r * 0.86, r * 0.16)),
                (116, 114, 130),
                FLAT_BARE,
            )
        return Stage(horizon=height * 0.8, ground=height * 0.9)
    return Stage(horizon=height, ground=height * 0.76)


def underwater(canvas: Canvas, reading: Reading) -> Stage:
    """Draw light rays from above, seaweed, corals, bubbles and fish."""
    rng, width, height, unit = canvas.rng, canvas.width, canvas.height, canvas.unit
    base = NAMED.get(reading.ground) or (18, 96, 140)
    dim = 1 - 0.5 * canvas.light.dark
    deep = mixed(BLACK, lighter(base, -0.62), dim)
    canvas.image.paste(
        gradient(
            (width, height),
            [
                (0, mixed(BLACK, mixed(base, (150, 232, 236), 0.75), dim)),
                (0.4, mixed(BLACK, base, dim)),
                (1, deep),
            ],
        ),
        (0, 0),
    )
    x = width * canvas.light.across
    for _ in range(7):
        at, wide = x + rng.uniform(-0.6, 0.6) * width, unit * rng.uniform(0.03, 0.1)
        top = x + (at - x) * 0.35
        canvas.fill(
            [
                (top - wide * 0.3, -9),
                (top + wide * 0.3, -9),
                (at + wide, height * 0.9),
                (at - wide, height * 0.9),
            ],
            (190, 246, 246),
            Finish(shade="flat", alpha=0.07, outlined=False),
        )
    canvas.glow(x, 0, unit * 0.6, (190, 240, 240), 0.5 * dim)
    for row, far in enumerate((0.75, 0.45, 0.1)):
        tone = mixed((206, 190, 150), base, far)
        tone = mixed(BLACK, mixed(tone, base, 0.35), dim)
        top = height * (0.76 + 0.07 * row)
        canvas.fill(
            [
                (-4, height + 4),
                *[
                    (width * k / 24, top + math.sin(k * 0.7 + row * 2) * height * 0.014)
                    for k in range(-1, 27)
                ],
                (width + 4, height + 4),
            ],
            tone,
            RISE,
        )
        for _ in range(round(7 * max(1, width / unit))):
            wx, wy = rng.random() * width, top + height * 0.03
            tall, sway = (
                unit * rng.uniform(0.08, 0.26) * (0.6 + 0.3 * row),
                unit * rng.uniform(0.01, 0.03),
            )
            hue = rng.choice((0.36, 0.3, 0.42, 0.93, 0.07, 0.8))
            weed = mixed(BLACK, mixed(colour(hue, 0.55, 0.62), base, far), dim)
            if hue in {0.93, 0.07, 0.8}:
                for k in range(5):
                    lean = (k - 2) * tall * 0.16
                    canvas.stroke(
                        [
                            (wx, wy),
                            (wx + lean * 0.5, wy - tall * 0.3),
                            (wx + lean, wy - tall * rng.uniform(0.42, 0.6)),
                        ],
                        tall * 0.07,
                        lighter(weed, 0.14),
                    )
            else:
                canvas.stroke(
                    [(wx + sway * math.sin(k * 1.1), wy - tall * k / 6) for k in range(7)],
                    max(2, tall * 0.05),
                    weed,
                )
    if reading.allows("bubble", "bubbles"):
        for _ in range(26):
            bx, by, r = (
                rng.random() * width,
                rng.random() * height * 0.85,
                unit * rng.uniform(0.003, 0.012),
            )
            canvas.fill(
                oval((bx, by), (r, r), points=20),
                (210, 246, 250),
                Finish(shade="flat", alpha=0.32, outlined=False),
            )
            canvas.dot(bx - r * 0.3, by - r * 0.3, r * 0.26, WHITE, shade="flat")
    if reading.allows("fish"):
        side = rng.random() < 0.5
        tone = rng.choice(NOUNS["fish"].colours)
        cx, cy = width * rng.uniform(0.2, 0.8), height * rng.uniform(0.2, 0.5)
        for _ in range(8):
            stand = Stand(
                x=cx + rng.uniform(-0.16, 0.16) * unit,
                y=cy + rng.uniform(-0.09, 0.09) * unit,
                height=unit * rng.uniform(0.016, 0.028),
                mirrored=side,
            )
            NOUNS["fish"].draw(Pen(canvas, stand, mixed(tone, base, 0.55), None, rng))
    return Stage(horizon=height * 0.1, ground=height * 0.9)


def heaven(canvas: Canvas, reading: Reading) -> Stage:
    """Draw a sky full of clouds, seen from among them."""
    height, unit, rng = canvas.height, canvas.unit, canvas.rng
    paint_sky(canvas, reading, height)
    light = canvas.light
    if reading.allows("cloud", "clouds"):
        for row in range(4):
            tone = mixed(
                lighter(light.low, 0.4), mixed(light.middle, light.top, 0.4), 0.42 - 0.12 * row
            )
            base = height * (0.74 + 0.08 * row)
            for _ in range(round(9 * canvas.width / unit)):
                size = unit * rng.uniform(0.07, 0.15) * (0.8 + 0.15 * row)
                cx = rng.uniform(-0.05, 1.05) * canvas.width
                canvas.fill(
                    oval((cx, base + size * 0.7), (size * 1.25, size * 0.95)),
                    tone,
                    Finish(shade="rise", strength=0.5),
                )
    return Stage(horizon=height * 0.76, ground=height * 0.74, far=height * 0.7)
