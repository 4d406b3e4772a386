"""Draws abstract compositions and lettering, and chooses matching colours."""

import math

from PIL import Image, ImageDraw, ImageFont

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import oval
from stability_emulator.scenery.drawing.noise import gradient
from stability_emulator.scenery.drawing.palette import BLACK, NAMED, Colour, lighter, mixed
from stability_emulator.scenery.drawing.shading import BALL, FLAT, RISE, Finish
from stability_emulator.scenery.places.land import Ridge, hill
from stability_emulator.scenery.prompt.reading import Reading

Palette = tuple[Colour, Colour, Colour, Colour, Colour]
SCHEMES: tuple[Palette, ...] = (
    ((250, 240, 222), (231, 111, 81), (244, 162, 97), (42, 157, 143), (38, 70, 83)),
    ((244, 241, 232), (239, 71, 111), (255, 196, 92), (17, 138, 178), (7, 59, 76)),
    ((238, 240, 244), (94, 96, 206), (100, 190, 210), (255, 183, 120), (44, 40, 92)),
    ((250, 236, 230), (181, 101, 118), (229, 152, 155), (109, 104, 117), (53, 80, 112)),
    ((240, 244, 232), (96, 148, 90), (224, 190, 90), (188, 108, 60), (40, 60, 48)),
    ((246, 240, 236), (200, 85, 61), (242, 143, 59), (88, 139, 139), (45, 48, 71)),
)
"""Background, three colours, and a dark one."""


def scheme(canvas: Canvas, reading: Reading, chosen: Palette | None = None) -> Palette:
    """Return matching colours, based on the named ones.

    Args:
        canvas: The canvas to draw on.
        reading: The parsed prompt.
        chosen: The scheme to start from; None for a random one.
    """
    chosen = chosen or canvas.rng.choice(SCHEMES)
    named = [NAMED[name] for name in reading.colours if name in NAMED]
    if not named:
        return chosen
    lead = named[0]
    second = named[1] if len(named) > 1 else lighter(lead, 0.35)
    return (
        mixed(lead, (252, 248, 240), 0.86),
        lead,
        second,
        mixed(lead, chosen[3], 0.5),
        mixed(lead, BLACK, 0.7),
    )


def abstract(canvas: Canvas, reading: Reading) -> None:
    """Draw an abstract composition, for prompts without any known word."""
    ground, one, two, three, dark = scheme(canvas, reading)
    canvas.wash(
        gradient(canvas.image.size, [(0, lighter(ground, 0.2)), (1, mixed(ground, two, 0.2))])
    )
    kinds = (_sun_and_waves, _arches, _discs)
    canvas.rng.choice(kinds)(canvas, (ground, one, two, three, dark))


def _sun_and_waves(canvas: Canvas, tones: Palette) -> None:
    ground, one, two, three, dark = tones
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    sky = gradient(
        canvas.image.size,
        [(0, mixed(three, ground, 0.3)), (0.45, ground), (0.7, mixed(two, ground, 0.4))],
    )
    canvas.wash(sky)
    x, y, r = (
        width * rng.uniform(0.3, 0.7),
        height * rng.uniform(0.3, 0.42),
        unit * rng.uniform(0.17, 0.24),
    )
    canvas.glow(x, y, r * 2.4, two, 0.35)
    for ring, tone in (
        (1.32, mixed(two, ground, 0.6)),
        (1.15, mixed(two, ground, 0.3)),
        (1.0, one),
    ):
        canvas.fill(
            oval((x, y), (r * ring, r * ring), points=80), tone, Finish(shade="rise", strength=0.7)
        )
    tones_down = (
        mixed(three, ground, 0.5),
        mixed(two, three, 0.3),
        three,
        mixed(three, dark, 0.4),
        one,
        mixed(dark, three, 0.25),
        dark,
    )
    for k, tone in enumerate(tones_down):
        hill(canvas, Ridge(height * (0.52 + 0.075 * k), height * rng.uniform(0.03, 0.06)), tone)


def _arches(canvas: Canvas, tones: Palette) -> None:
    ground, one, two, three, dark = tones
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    base = height * 0.86
    for x, share, turn in ((0.34, 0.36, 0), (0.68, 0.26, 2), (0.52, 0.15, 3)):
        radius = unit * share
        for k in range(5):
            inner = radius * (1 - k * 0.19)
            tall = radius * (0.7 if turn == 0 else 0.3)
            curve = [
                (
                    width * x + inner * math.cos(math.pi * i / 40),
                    base - tall - inner * math.sin(math.pi * i / 40),
                )
                for i in range(41)
            ]
            tone = (one, two, three, dark, ground)[(k + turn) % 5]
            canvas.fill(
                [(width * x + inner, base), *curve, (width * x - inner, base)],
                tone,
                Finish(strength=0.6),
            )
    canvas.fill(
        [(-4, base), (width + 4, base), (width + 4, height + 4), (-4, height + 4)],
        dark,
        RISE,
    )
    r = unit * rng.uniform(0.07, 0.1)
    x = width * rng.choice((0.16, 0.84))
    canvas.fill(oval((x, height * 0.22), (r, r)), two, BALL)
    canvas.shadow(width / 2, base + unit * 0.03, width * 0.3, unit * 0.02, 0.5)
    canvas.fill(oval((width * 0.84, base - unit * 0.06), (unit * 0.06, unit * 0.06)), one, BALL)


def _discs(canvas: Canvas, tones: Palette) -> None:
    _, one, two, three, dark = tones
    rng, unit, width, height = canvas.rng, canvas.unit, canvas.width, canvas.height
    turn = rng.uniform(0, math.tau)
    for k in range(7):
        angle, out = turn + k * 2.4, unit * 0.085 * math.sqrt(k * 4)
        x, y = (
            width / 2 + out * math.cos(angle) * width / unit * 0.8,
            height / 2 + out * math.sin(angle) * height / unit * 0.8,
        )
        r = unit * (0.27 - 0.028 * k)
        tone = (one, three, two, dark, one, two, three)[k]
        canvas.shadow(x + r * 0.12, y + r * 0.3, r, r, 0.34)
        canvas.fill(oval((x, y), (r, r), points=80), tone, Finish(shade="ball", alpha=0.93))
        if k % 3 == 1:
            for ring in (0.74, 0.5, 0.26):
                canvas.fill(
                    oval((x, y), (r * ring, r * ring), points=60),
                    lighter(tone, 0.12 + 0.3 * (1 - ring)),
                    Finish(shade="flat", alpha=0.8, outlined=False),
                )
    for k in range(5):
        angle = turn + 1.1 + k * 1.26
        x, y = (
            width / 2 + width * 0.42 * math.cos(angle),
            height / 2 + height * 0.42 * math.sin(angle),
        )
        canvas.fill(oval((x, y), (unit * 0.018, unit * 0.018)), (dark, one, two)[k % 3], FLAT)
    canvas.stroke(
        [(width * 0.1, height * 0.9), (width * 0.9, height * 0.12)], unit * 0.004, dark, alpha=0.6
    )


def lettering(canvas: Canvas, words: str, *, below: bool) -> None:
    """Write words in large letters, in Pillow's built-in font."""
    width, height = canvas.width, canvas.height
    lines = [words]
    if len(words) > 14 and " " in words:
        middle = min((abs(i - len(words) / 2), i) for i, c in enumerate(words) if c == " ")[1]
        lines = [words[:middle], words[middle + 1 :]]
    probe = ImageFont.load_default(100)
    widest = max(probe.getlength(line) for line in lines) or 1
    size = max(8, min(width * 0.8 / widest * 100, canvas.unit * (0.15 if below else 0.2)))
    font = ImageFont.load_default(size)
    y = height * (0.88 if below else 0.16)
    patch = canvas.image.crop(
        (0, max(0, round(y - size)), width, min(height, round(y + size)))
    ).resize((1, 1), Image.Resampling.BOX)
    red, green, blue = patch.convert("RGB").tobytes()
    bright = 0.3 * red + 0.59 * green + 0.11 * blue > 140
    ink, edge = ((30, 30, 44), (255, 255, 255)) if bright else ((255, 252, 240), (20, 18, 34))
    draw = ImageDraw.Draw(canvas.image)
    for k, line in enumerate(lines):
        at = (width / 2, y + (k - (len(lines) - 1) / 2) * size * 1.15)
        draw.text(
            at,
            line,
            font=font,
            fill=ink,
            anchor="mm",
            stroke_width=size / 34,
            stroke_fill=edge if not bright else ink,
        )
