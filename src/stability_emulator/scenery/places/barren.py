"""Barren places: desert and snow."""

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.palette import NAMED, Colour, lighter, mixed, tinted
from stability_emulator.scenery.drawing.shading import Finish
from stability_emulator.scenery.places.land import Ridge, Trees, grove, hill
from stability_emulator.scenery.places.peaks import range_of_peaks
from stability_emulator.scenery.places.sky import haze, paint_sky
from stability_emulator.scenery.places.stage import SEASONED, Stage
from stability_emulator.scenery.prompt.reading import Reading

SAND: Colour = (232, 186, 122)


def desert(canvas: Canvas, reading: Reading) -> Stage:
    """Draw dunes with a lit and a dark side."""
    rng, height, light = canvas.rng, canvas.height, canvas.light
    horizon = height * rng.uniform(0.52, 0.6)
    paint_sky(canvas, reading, horizon)
    sand = NAMED.get(reading.ground) or SAND
    range_of_peaks(canvas, horizon + height * 0.02, height * 0.13, far=0.72, snow=0.0)
    for row in range(4):
        far = 0.5 - 0.16 * row
        base, swing = horizon + height * (0.03 + 0.1 * row), height * (0.03 + 0.018 * row)
        crest = hill(canvas, Ridge(base, swing, far=max(0.0, far)), lighter(sand, -0.05 * row))
        dark = mixed(
            mixed(tinted(lighter(sand, -0.3), light.tint), light.shade, 0.25),
            light.low,
            max(0.0, far),
        )
        crown = min(range(8, len(crest) - 8), key=lambda i: crest[i][1])
        x = crest[crown][0]
        slope = [p for p in crest if (p[0] - x) * -light.side >= 0]
        slope = slope if light.side < 0 else list(reversed(slope))
        deep = swing * 2.4
        face = [
            (
                px,
                py
                + deep
                * (1 - abs(px - x) / canvas.width)
                * min(1.0, abs(px - x) / (0.16 * canvas.width)) ** 0.8,
            )
            for px, py in slope
        ]
        canvas.fill(
            [*slope, *reversed(face)], dark, Finish(shade="rise", alpha=0.62, outlined=False)
        )
    return Stage(horizon=horizon, ground=height * 0.86, far=horizon + height * 0.05)


def snow(canvas: Canvas, reading: Reading) -> Stage:
    """Draw white hills, pines with snow and distant peaks."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.52, 0.58)
    paint_sky(canvas, reading, horizon)
    white = SEASONED["winter"]
    fade = canvas.light.haze
    range_of_peaks(
        canvas,
        horizon + height * 0.02,
        min(height * 0.26, canvas.unit * 0.36),
        far=0.5 + 0.2 * fade,
        snow=0.55,
    )
    haze(canvas, horizon, height * 0.07, 0.5 * fade)
    crest = hill(
        canvas, Ridge(horizon + height * 0.05, height * 0.03, far=0.3), lighter(white, -0.1)
    )
    grove(canvas, crest, reading, Trees(kind="pine", count=22, height=canvas.unit * 0.09, far=0.34))
    crest = hill(
        canvas, Ridge(horizon + height * 0.15, height * 0.04, far=0.1), lighter(white, -0.04)
    )
    grove(canvas, crest, reading, Trees(kind="pine", count=5, height=canvas.unit * 0.2, far=0.1))
    hill(canvas, Ridge(horizon + height * 0.27, height * 0.025), white)
    return Stage(horizon=horizon, ground=height * 0.86, far=horizon + height * 0.05)
