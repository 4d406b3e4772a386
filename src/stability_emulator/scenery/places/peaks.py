"""Draws mountain ranges with lit and dark sides, and snow."""

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Point, jagged
from stability_emulator.scenery.drawing.palette import Colour, mixed, tinted
from stability_emulator.scenery.drawing.shading import FLAT_BARE, Finish

ROCK: Colour = (96, 100, 122)


def range_of_peaks(canvas: Canvas, base: float, high: float, *, far: float, snow: float) -> None:
    """Draw a jagged range with lit and shaded sides and snow on top."""
    light, rng = canvas.light, canvas.rng
    heights = jagged(rng)
    last = len(heights) - 1
    tone = mixed(tinted(ROCK, light.tint), mixed(light.low, light.middle, 0.4), far)
    crest = [
        (canvas.width * (i / last * 1.1 - 0.05), base - high * (0.25 + 0.75 * value))
        for i, value in enumerate(heights)
    ]
    foot = max(base, *(y for _, y in crest)) + canvas.height * 0.25
    canvas.fill(
        [(crest[0][0], foot), *crest, (crest[-1][0], foot)],
        tone,
        Finish(shade="rise", strength=0.5),
    )
    shade = mixed(tone, light.shade, 0.36 * (1 - far * 0.7))
    white = mixed(
        tinted((250, 250, 255), light.tint), mixed(light.low, light.middle, 0.3), far * 0.75
    )
    for i in _summits(crest, base - high * 0.4):
        x, y = crest[i]
        left, right = _slope(crest, i, -1), _slope(crest, i, 1)
        dark = left if light.side > 0 else right
        if len(dark) > 2:
            deep = foot - y
            lean = light.side * 0.1 * deep
            spine = [
                (x + lean * k / 5 + rng.uniform(-0.035, 0.035) * deep, y + deep * k / 5)
                for k in range(5, 0, -1)
            ]
            folded = [(x, y), *dark, ((dark[-1][0] + spine[0][0]) / 2, foot), *spine]
            canvas.fill(folded, shade, Finish(shade="flat", alpha=0.55, outlined=False))
        if snow:
            _cap(
                canvas,
                crest,
                i,
                high * snow * rng.uniform(0.7, 1.1),
                (white, mixed(white, shade, 0.45)),
            )


def _summits(crest: list[Point], max_y: float) -> list[int]:
    """Return the indices of the peaks that are higher than their surroundings."""
    reach = len(crest) // 9
    return [
        i
        for i in range(1, len(crest) - 1)
        if crest[i][1] < max_y
        and crest[i][1] == min(y for _, y in crest[max(0, i - reach) : i + reach + 1])
    ]


def _slope(crest: list[Point], i: int, step: int) -> list[Point]:
    """Return the points from a peak down to the next hollow."""
    way: list[Point] = []
    at = i + step
    while 0 <= at < len(crest) and len(way) < len(crest) // 6:
        way.append(crest[at])
        at += step
    while len(way) > 1 and way[-1][1] < way[-2][1]:
        way.pop()
    return way


def _cap(
    canvas: Canvas, crest: list[Point], i: int, deep: float, tones: tuple[Colour, Colour]
) -> None:
    """Draw snow on a peak, jagged below, darker on the side away from the light."""
    x, y = crest[i]
    rng = canvas.rng
    sides = []
    for step in (-1, 1):
        way = [p for p in _slope(crest, i, step) if p[1] - y < deep]
        end = way[-1] if way else (x + step * deep * 0.3, y + deep * 0.5)
        teeth = [
            (
                end[0] + (x - end[0]) * k / 4,
                y + deep * (1.0 if k % 2 else 0.62) * rng.uniform(0.85, 1.15),
            )
            for k in range(1, 5)
        ]
        sides.append([(x, y - 1), *way, *teeth])
    bright, dark = sides if canvas.light.side < 0 else sides[::-1]
    canvas.fill(bright, tones[0], FLAT_BARE)
    canvas.fill(dark, tones[1], FLAT_BARE)
