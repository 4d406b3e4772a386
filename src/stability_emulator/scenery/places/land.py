"""Places on land: field, mountains, forest; hills, trees and grass for all places."""

from dataclasses import dataclass, replace

from PIL import ImageDraw

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Point, waves
from stability_emulator.scenery.drawing.palette import NAMED, Colour, lighter, mixed, tinted, turned
from stability_emulator.scenery.drawing.pen import Pen, Stand
from stability_emulator.scenery.drawing.shading import Finish
from stability_emulator.scenery.nouns.catalog import NOUNS
from stability_emulator.scenery.places.peaks import range_of_peaks
from stability_emulator.scenery.places.sky import haze, paint_sky
from stability_emulator.scenery.places.stage import FOLIAGE, SEASONED, Stage, grass_of
from stability_emulator.scenery.prompt.reading import Reading


@dataclass(frozen=True)
class Ridge:
    """A line of hills."""

    base: float
    """Mean vertical position in the picture."""
    swing: float
    """Amplitude."""
    far: float = 0.0
    """How strongly haze hides it, 0 to 1."""
    roughness: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Trees of one kind on a crest."""

    kind: str
    count: int
    height: float
    far: float
    """How strongly haze hides them, 0 to 1."""


@dataclass(frozen=True)
class Grass:
    """Grass from a vertical position down to the lower edge of the picture."""

    top: float
    tone: Colour
    flowers: bool
    count: int = 420


def hill(canvas: Canvas, ridge: Ridge, tone: Colour) -> list[Point]:
    """Draw a line of hills down to the lower edge and return its crest."""
    light = canvas.light
    line = waves(canvas.rng, swing=ridge.swing, roughness=ridge.roughness)
    last = len(line) - 1
    crest = [(canvas.width * i / last, ridge.base - value) for i, value in enumerate(line)]
    tone = mixed(tinted(tone, light.tint), mixed(light.low, light.middle, 0.25), ridge.far)
    points = [
        (-4.0, canvas.height + 4.0),
        (-4.0, crest[0][1]),
        *crest,
        (canvas.width + 4.0, crest[-1][1]),
        (canvas.width + 4.0, canvas.height + 4.0),
    ]
    canvas.fill(points, lighter(tone, 0.05), Finish(shade="rise", strength=0.9 - 0.5 * ridge.far))
    return crest


def stand_on(canvas: Canvas, noun: str, stand: Stand, tone: Colour) -> None:
    """Draw a background object, randomly mirrored."""
    stand = replace(stand, mirrored=canvas.rng.random() < 0.5)
    NOUNS[noun].draw(Pen(canvas, stand, tone, None, canvas.rng))


def grove(canvas: Canvas, crest: list[Point], reading: Reading, trees: Trees) -> None:
    """Draw trees on a crest."""
    kind, height = trees.kind, trees.height
    if not reading.allows(kind, "tree", "trees"):
        return
    rng = canvas.rng
    tones = (
        FOLIAGE.get(reading.season, NOUNS[kind].colours) if kind == "tree" else NOUNS[kind].colours
    )
    spots = sorted(rng.choice(crest) for _ in range(trees.count))
    for x, y in spots:
        stand = Stand(
            x=x + rng.uniform(-9, 9),
            y=y + height * 0.04,
            height=height * rng.uniform(0.7, 1.25),
            far=trees.far,
        )
        stand_on(canvas, kind, stand, turned(rng.choice(tones), rng.uniform(-0.015, 0.015)))


def tufts(canvas: Canvas, reading: Reading, grass: Grass) -> None:
    """Draw grass with flowers, larger towards the viewer."""
    top, count = grass.top, grass.count
    if reading.season == "winter":
        return
    if canvas.style.paper:
        count //= 5
    rng, draw = canvas.rng, ImageDraw.Draw(canvas.image)
    light = canvas.light
    spots = sorted(rng.random() ** 0.8 for _ in range(count))
    blooms = ((246, 226, 120), (240, 150, 170), (250, 246, 240), (190, 140, 220), (232, 92, 82))
    for depth in spots:
        x, y = rng.random() * canvas.width, top + (canvas.height - top) * depth
        high = canvas.unit * (0.004 + 0.03 * depth**1.5)
        blade = lighter(tinted(grass.tone, light.tint), rng.uniform(-0.32, 0.2))
        lean = rng.uniform(-0.4, 0.4) * high
        blade = canvas.style.toned(blade) if not canvas.style.paper else (120, 118, 116)
        draw.polygon([(x - high * 0.07, y), (x + high * 0.07, y), (x + lean, y - high)], fill=blade)
        if grass.flowers and rng.random() < 0.3:
            size = max(1.0, high * 0.16)
            bloom = canvas.style.toned(tinted(rng.choice(blooms), light.tint))
            draw.ellipse(
                (x + lean - size, y - high - size, x + lean + size, y - high + size), fill=bloom
            )


def field(canvas: Canvas, reading: Reading) -> Stage:
    """Draw rolling hills, trees, and grass in the foreground."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.5, 0.58)
    paint_sky(canvas, reading, horizon + height * 0.05)
    grass = NAMED.get(reading.ground) or grass_of(reading)
    blue = mixed(grass, (90, 120, 160), 0.55)
    fade = canvas.light.haze
    hill(canvas, Ridge(horizon, height * 0.06, far=0.35 + 0.4 * fade), blue)
    crest = hill(
        canvas,
        Ridge(horizon + height * 0.05, height * 0.045, far=0.2 + 0.3 * fade),
        mixed(grass, blue, 0.35),
    )
    grove(
        canvas,
        crest,
        reading,
        Trees(kind="tree", count=12, height=canvas.unit * 0.05, far=0.3 + 0.25 * fade),
    )
    haze(canvas, horizon + height * 0.07, height * 0.06, 0.4 * fade)
    crest = hill(
        canvas,
        Ridge(horizon + height * 0.13, height * 0.035, far=0.1 + 0.12 * fade),
        turned(grass, 0.02),
    )
    grove(
        canvas,
        crest,
        reading,
        Trees(
            kind=rng.choice(("tree", "pine")),
            count=rng.randint(3, 6),
            height=canvas.unit * 0.12,
            far=0.12 + 0.1 * fade,
        ),
    )
    hill(canvas, Ridge(horizon + height * 0.24, height * 0.025), grass)
    tufts(
        canvas,
        reading,
        Grass(
            horizon + height * 0.25,
            grass,
            flowers=reading.season not in {"winter", "autumn"}
            and reading.allows("flower", "flowers"),
        ),
    )
    return Stage(horizon=horizon, ground=height * 0.87, far=horizon + height * 0.06)


def mountains(canvas: Canvas, reading: Reading) -> Stage:
    """Draw hazy mountain ranges, pines and a meadow."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.58, 0.64)
    paint_sky(canvas, reading, horizon)
    fade = canvas.light.haze
    tall = min(height * 0.42, canvas.unit * 0.5)
    range_of_peaks(canvas, horizon, tall, far=0.45 + 0.3 * fade, snow=0.34)
    haze(canvas, horizon, height * 0.09, 0.5 * fade)
    range_of_peaks(canvas, horizon + height * 0.05, tall * 0.62, far=0.2 + 0.3 * fade, snow=0.24)
    haze(canvas, horizon + height * 0.06, height * 0.07, 0.55 * fade)
    grass = NAMED.get(reading.ground) or mixed(grass_of(reading), (70, 110, 80), 0.3)
    crest = hill(
        canvas,
        Ridge(horizon + height * 0.09, height * 0.03, far=0.25),
        mixed(grass, (56, 84, 88), 0.6),
    )
    grove(
        canvas, crest, reading, Trees(kind="pine", count=34, height=canvas.unit * 0.085, far=0.28)
    )
    crest = hill(canvas, Ridge(horizon + height * 0.17, height * 0.03, far=0.06), grass)
    grove(canvas, crest, reading, Trees(kind="pine", count=6, height=canvas.unit * 0.19, far=0.04))
    hill(canvas, Ridge(horizon + height * 0.25, height * 0.02), lighter(grass, -0.1))
    tufts(
        canvas,
        reading,
        Grass(
            horizon + height * 0.25,
            grass,
            flowers=reading.season in {"", "spring", "summer"}
            and reading.allows("flower", "flowers"),
        ),
    )
    return Stage(horizon=horizon, ground=height * 0.88, far=horizon + height * 0.08)


def forest(canvas: Canvas, reading: Reading) -> Stage:
    """Draw rows of trunks and crowns, paler with distance, with light between them."""
    rng, height, light = canvas.rng, canvas.height, canvas.light
    horizon = height * 0.62
    paint_sky(canvas, reading, horizon)
    snowy = reading.season == "winter"
    grass = NAMED.get(reading.ground) or (
        SEASONED["winter"] if snowy else mixed(grass_of(reading), (70, 92, 50), 0.5)
    )
    kind = "pine" if snowy or (reading.season == "" and rng.random() < 0.6) else "tree"
    canvas.glow(
        light.across * canvas.width,
        horizon * 0.8,
        canvas.unit * 0.7,
        light.sun,
        0.35 * (1 - light.dark * 0.7),
    )
    for row, (far, size, count) in enumerate(((0.82, 0.36, 17), (0.62, 0.48, 13), (0.4, 0.62, 9))):
        base = horizon + height * (0.02 + 0.05 * row)
        crest = hill(canvas, Ridge(base, height * 0.012, far=far * 0.9), grass)
        spread = [(canvas.width * (k + rng.uniform(-0.3, 1.3)) / count, base) for k in range(count)]
        grove(
            canvas,
            [*spread, *crest[::40]],
            reading,
            Trees(
                kind=kind,
                count=round(count * max(1.0, canvas.width / canvas.unit)),
                height=canvas.unit * size,
                far=far,
            ),
        )
        haze(canvas, base, height * 0.1, 0.35 + 0.3 * light.haze - 0.12 * row)
    hill(canvas, Ridge(horizon + height * 0.17, height * 0.015), grass)
    tall = canvas.unit * 0.95
    if reading.allows(kind, "tree", "trees"):
        tones = (
            FOLIAGE.get(reading.season, NOUNS[kind].colours)
            if kind == "tree"
            else NOUNS[kind].colours
        )
        for x in (rng.uniform(-0.02, 0.1), rng.uniform(0.9, 1.02)):
            stand_on(
                canvas,
                kind,
                Stand(
                    x=x * canvas.width,
                    y=horizon + height * 0.22,
                    height=tall * rng.uniform(0.9, 1.15),
                    far=0.08,
                ),
                rng.choice(tones),
            )
    if not snowy:
        tufts(canvas, reading, Grass(horizon + height * 0.19, grass, flowers=False))
    else:
        hill(canvas, Ridge(horizon + height * 0.27, height * 0.02), grass)
    if light.dark < 0.5 and not snowy:
        _beams(canvas)
    return Stage(horizon=horizon, ground=height * 0.89)


def _beams(canvas: Canvas) -> None:
    light, rng = canvas.light, canvas.rng
    x = light.across * canvas.width
    for _ in range(5):
        at = x - light.side * rng.uniform(0.0, 0.7) * canvas.width
        wide = canvas.unit * rng.uniform(0.03, 0.09)
        canvas.fill(
            [
                (x - 8, -20),
                (x + 8, -20),
                (at + wide, canvas.height * 1.1),
                (at - wide, canvas.height * 1.1),
            ],
            light.sun,
            Finish(shade="flat", alpha=0.07, outlined=False),
        )
