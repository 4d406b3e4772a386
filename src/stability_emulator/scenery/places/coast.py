"""Places with water: sea, beach, lake."""

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Point, smooth, waves
from stability_emulator.scenery.drawing.palette import NAMED, Colour, lighter, mixed, tinted
from stability_emulator.scenery.drawing.pen import Stand
from stability_emulator.scenery.drawing.shading import FLAT_BARE, Finish
from stability_emulator.scenery.places.land import Grass, Ridge, Trees, grove, hill, stand_on, tufts
from stability_emulator.scenery.places.peaks import range_of_peaks
from stability_emulator.scenery.places.sky import haze, paint_sky
from stability_emulator.scenery.places.stage import Stage, grass_of
from stability_emulator.scenery.places.water import paint_water
from stability_emulator.scenery.prompt.reading import Reading

SAND: Colour = (236, 212, 166)
ROCK: Colour = (104, 98, 100)


def sea(canvas: Canvas, reading: Reading) -> Stage:
    """Draw open water with a distant coast."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.54, 0.6)
    paint_sky(canvas, reading, horizon)
    far = 0.5 + 0.3 * canvas.light.haze
    line = waves(rng, swing=height * 0.022)
    side = rng.choice((0.0, 0.55))
    crest = [
        (canvas.width * (side + 0.5 * i / 120), horizon - abs(v) * (1 - abs(i / 60 - 1)) * 1.6)
        for i, v in enumerate(line)
    ]
    tone = mixed(tinted((84, 106, 130), canvas.light.tint), canvas.light.low, far)
    canvas.fill(
        [*crest, (crest[-1][0], horizon + 2), (crest[0][0], horizon + 2)],
        tone,
        FLAT_BARE,
    )
    haze(canvas, horizon, height * 0.05, 0.35 * canvas.light.haze)
    paint_water(canvas, horizon, height, NAMED.get(reading.ground))
    return Stage(horizon=horizon, ground=height * 0.8, water=horizon)


def headland(canvas: Canvas, reading: Reading, x: float, y: float, wide: float) -> None:
    """Draw a grassy rock in the sea for an object that stands at x, y."""
    light = canvas.light
    rng = canvas.rng
    rough: list[Point] = []
    count = 18
    for k in range(count + 1):
        at = k / count * 2 - 1
        drop = wide * (-0.015 + 0.36 * abs(at) ** 3)
        rough.append((x + at * wide, y + drop + rng.uniform(-0.012, 0.012) * wide))
    foot = y + wide * 0.42
    rock = mixed(tinted(ROCK, light.tint), light.low, 0.06)
    canvas.fill(
        [(x - wide * 1.08, foot), *rough, (x + wide * 1.08, foot)], rock, Finish(shade="plain")
    )
    for k in range(1, count, 2):
        px, py = rough[k]
        deep = (foot - py) * rng.uniform(0.5, 0.95)
        away = -light.side * wide * rng.uniform(0.05, 0.12)
        canvas.fill(
            [
                (px, py),
                (px + away, py + deep * 0.5),
                (px + away * 0.5, py + deep),
                (px + away * 1.8, py + deep),
                (px + away * 1.6, py + deep * 0.3),
            ],
            mixed(rock, light.shade, 0.42),
            Finish(shade="flat", alpha=0.7, outlined=False),
        )
    grass = tinted(grass_of(reading), light.tint)
    lower = [
        (px, py + wide * (0.05 + 0.04 * (k % 2)) * (1.15 - abs(k / count * 2 - 1)))
        for k, (px, py) in enumerate(rough)
    ]
    upper = [(px, py - wide * 0.012) for px, py in rough]
    canvas.fill([*upper, *reversed(lower)], grass, Finish(shade="plain", outlined=False))
    for _ in range(9):
        px = x + wide * rng.uniform(-1.05, 1.05)
        canvas.fill(
            [
                (px - wide * 0.09, foot + 1),
                (px, foot - wide * 0.012),
                (px + wide * 0.09, foot + 1),
                (px, foot + wide * 0.014),
            ],
            tinted((240, 246, 250), light.tint),
            Finish(shade="flat", alpha=0.7, outlined=False),
        )


def beach(canvas: Canvas, reading: Reading) -> Stage:
    """Draw the sea; `shore` adds the beach."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.5, 0.56)
    paint_sky(canvas, reading, horizon)
    paint_water(canvas, horizon, height, NAMED.get(reading.ground) or (36, 150, 170))
    return Stage(horizon=horizon, ground=height * 0.93, water=horizon, far=horizon)


def shore(canvas: Canvas, reading: Reading) -> None:
    """Draw surf, sand and palms in front of the water of a beach."""
    rng, height, width = canvas.rng, canvas.height, canvas.width
    side = rng.choice((-1, 1))
    edge_of_sand: list[Point] = []
    for i in range(25):
        at = i / 24
        bend = at if side > 0 else 1 - at
        edge_of_sand.append(
            (
                width * (at * 1.04 - 0.02),
                height * (0.86 - 0.18 * bend**1.6) + rng.uniform(-1, 1) * height * 0.004,
            )
        )
    light = canvas.light
    sand = tinted(SAND, light.tint)
    for shift, tone, alpha in (
        (-0.035, (150, 220, 220), 0.5),
        (-0.018, (250, 252, 252), 0.9),
        (-0.006, lighter(SAND, -0.25), 1.0),
        (0.004, SAND, 1.0),
    ):
        edge = smooth([(x, y + shift * height) for x, y in edge_of_sand], closed=False)
        canvas.fill(
            [*edge, (width * 1.02, height * 1.1), (-width * 0.02, height * 1.1)],
            tinted(tone, light.tint),
            Finish(
                shade="rise" if tone == SAND else "flat",
                alpha=alpha,
                strength=0.5,
                outlined=tone == SAND,
            ),
        )
    for _ in range(60):
        x, y = rng.random() * width, height * rng.uniform(0.88, 1.0)
        canvas.dot(
            x,
            y,
            canvas.unit * rng.uniform(0.001, 0.0028),
            lighter(sand, rng.choice((-0.25, 0.3))),
            shade="flat",
        )
    if reading.allows("palm", "tree") and all(each.noun != "palm" for each in reading.subjects):
        at = 0.94 if side > 0 else 0.06
        stand_on(
            canvas,
            "palm",
            Stand(x=width * at, y=height * 0.84, height=canvas.unit * 0.66),
            (74, 140, 70),
        )
        stand_on(
            canvas,
            "palm",
            Stand(
                x=width * (at - side * 0.12), y=height * 0.8, height=canvas.unit * 0.46, far=0.05
            ),
            (84, 146, 66),
        )


def lake(canvas: Canvas, reading: Reading) -> Stage:
    """Draw mountains and trees behind still water; `bank` adds the foreground."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.5, 0.55)
    paint_sky(canvas, reading, horizon)
    fade = canvas.light.haze
    if reading.allows("mountain", "mountains"):
        range_of_peaks(
            canvas, horizon, min(height * 0.3, canvas.unit * 0.36), far=0.35 + 0.3 * fade, snow=0.28
        )
    haze(canvas, horizon, height * 0.07, 0.5 * fade)
    grass = grass_of(reading)
    crest = hill(
        canvas,
        Ridge(horizon - height * 0.005, height * 0.014, far=0.3),
        mixed(grass, (60, 92, 80), 0.5),
    )
    kind = "tree" if reading.season in {"autumn", "spring"} else "pine"
    grove(canvas, crest, reading, Trees(kind=kind, count=30, height=canvas.unit * 0.085, far=0.26))
    paint_water(canvas, horizon, height, NAMED.get(reading.ground))
    return Stage(horizon=horizon, ground=height * 0.92, water=horizon, far=horizon)


def bank(canvas: Canvas, reading: Reading) -> None:
    """Draw the bank in front of a lake, over its water."""
    height = canvas.height
    grass = grass_of(reading)
    hill(canvas, Ridge(height * 0.9, height * 0.016), grass)
    tufts(
        canvas,
        reading,
        Grass(height * 0.91, grass, flowers=reading.season not in {"winter", "autumn"}, count=220),
    )
