"""Built places: city and street."""

from dataclasses import dataclass
from itertools import pairwise

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import Box
from stability_emulator.scenery.drawing.palette import NAMED, Colour, colour, lighter, mixed, tinted
from stability_emulator.scenery.drawing.pen import LAMP, Stand
from stability_emulator.scenery.drawing.shading import FLAT, FLAT_BARE, RISE, Finish
from stability_emulator.scenery.places.land import stand_on
from stability_emulator.scenery.places.sky import haze, paint_sky
from stability_emulator.scenery.places.stage import Stage
from stability_emulator.scenery.places.water import paint_water
from stability_emulator.scenery.prompt.reading import Reading

FACADES: tuple[Colour, ...] = (
    (206, 150, 116),
    (222, 194, 150),
    (150, 166, 172),
    (184, 108, 92),
    (232, 214, 186),
    (126, 146, 138),
)


def _block(canvas: Canvas, box: Box, tone: Colour, *, far: float) -> None:
    """Draw a building with windows; the box is left, top, right and foot."""
    left, top, right, base = box
    light, rng = canvas.light, canvas.rng
    tone = mixed(tinted(tone, light.tint), mixed(light.low, light.middle, 0.3), far)
    canvas.fill(
        [(left, base), (left, top), (right, top), (right, base)],
        tone,
        Finish(shade="plain", strength=0.7),
    )
    step = max(5.0, canvas.unit * 0.017)
    columns = max(1, int((right - left) / step) - 1)
    gap = (right - left) / (columns + 0.5)
    dark = mixed(mixed(tone, light.shade, 0.35), light.middle, 0.15)
    lit_share = 0.5 if light.night else 0.06 + 0.2 * light.dark
    y = top + step * 0.8
    while y < base - step * 0.5:
        for k in range(columns):
            x = left + gap * (k + 0.5)
            lit = rng.random() < lit_share
            pane = (
                mixed(mixed(LAMP, (255, 240, 210), rng.random() * 0.6), light.low, far * 0.6)
                if lit
                else dark
            )
            canvas.block(x, y, x + gap * 0.55, y + step * 0.62, pane)
        y += step * 1.15


def _skyline(canvas: Canvas, base: float, high: float, *, far: float, wide: float) -> None:
    rng = canvas.rng
    x = -canvas.unit * 0.03
    while x < canvas.width:
        span = canvas.unit * wide * rng.uniform(0.6, 1.4)
        middle = 1 - abs((x + span / 2) / canvas.width - 0.5) * 0.7
        top = base - high * rng.uniform(0.35, 1.0) * middle
        tone = rng.choice(((120, 132, 152), (140, 134, 150), (104, 122, 144), (156, 142, 140)))
        roof = rng.random()
        if roof < 0.25:
            peak = top - span * rng.uniform(0.4, 1.1)
            _block(
                canvas, (x + span * 0.3, top - span * 0.3, x + span * 0.7, top + 4), tone, far=far
            )
            faded = mixed(tinted(tone, canvas.light.tint), canvas.light.low, far)
            canvas.stroke(
                [(x + span * 0.5, top - span * 0.25), (x + span * 0.5, peak)],
                canvas.unit * 0.003,
                faded,
            )
        _block(canvas, (x, top, x + span, base + 4), tone, far=far)
        x += span * rng.uniform(0.86, 1.12)


def city(canvas: Canvas, reading: Reading) -> Stage:
    """Draw a skyline across the water."""
    rng, height = canvas.rng, canvas.height
    horizon = height * rng.uniform(0.62, 0.67)
    paint_sky(canvas, reading, horizon)
    tall = min(height * 0.46, canvas.unit * 0.62)
    for far, share, wide in ((0.72, 1.0, 0.07), (0.48, 0.8, 0.085), (0.16, 0.55, 0.1)):
        _skyline(
            canvas, horizon, tall * share, far=far * (0.6 + 0.4 * canvas.light.haze), wide=wide
        )
        haze(canvas, horizon, height * 0.08, 0.3 * canvas.light.haze)
    if canvas.light.night:
        canvas.glow(canvas.width / 2, horizon, canvas.width * 0.6, (255, 170, 110), 0.28)
    paint_water(canvas, horizon, height, NAMED.get(reading.ground))
    return Stage(horizon=horizon, ground=height * 0.93, water=horizon, far=horizon)


def quay(canvas: Canvas) -> None:
    """Draw the stone edge in front of a city's water, for objects to stand on."""
    stone = tinted((150, 144, 140), canvas.light.tint)
    top = canvas.height * 0.88
    canvas.fill(
        [
            (-4, top),
            (canvas.width + 4, top),
            (canvas.width + 4, canvas.height + 4),
            (-4, canvas.height + 4),
        ],
        stone,
        RISE,
    )
    canvas.fill(
        [
            (-4, top),
            (canvas.width + 4, top),
            (canvas.width + 4, top + canvas.unit * 0.014),
            (-4, top + canvas.unit * 0.014),
        ],
        lighter(stone, 0.2),
        FLAT_BARE,
    )


def street(canvas: Canvas, reading: Reading) -> Stage:
    """Draw rows of houses on both sides, converging at a vanishing point."""
    rng, height, width = canvas.rng, canvas.height, canvas.width
    horizon = height * 0.58
    point = width * rng.uniform(0.44, 0.56)
    paint_sky(canvas, reading, horizon)
    light = canvas.light
    canvas.glow(point, horizon, canvas.unit * 0.4, light.low, 0.5)
    road = tinted((112, 110, 118), light.tint)
    canvas.fill(
        [(-4, height + 4), (-4, horizon), (width + 4, horizon), (width + 4, height + 4)],
        lighter(tinted((170, 160, 150), light.tint), -0.05),
        RISE,
    )
    canvas.fill(
        [
            (point - 3, horizon),
            (point + 3, horizon),
            (width * 0.97, height + 4),
            (width * 0.03, height + 4),
        ],
        road,
        RISE,
    )
    for k in range(7):
        a, b = (0.04 + 0.96 * (k / 7) ** 1.6, 0.04 + 0.96 * ((k + 0.5) / 7) ** 1.6)
        ya, yb = horizon + (height - horizon) * a, horizon + (height - horizon) * b
        middle = (width * 0.5 - point) * 1.0
        canvas.fill(
            [
                (point + middle * a - 9 * a, ya),
                (point + middle * a + 9 * a, ya),
                (point + middle * b + 9 * b, yb),
                (point + middle * b - 9 * b, yb),
            ],
            tinted((236, 226, 200), light.tint),
            Finish(shade="flat", alpha=0.7, outlined=False),
        )
    for side in (-1, 1):
        shares = [0.1, 0.16, 0.25, 0.38, 0.58, 0.92]
        edge = width * 1.06 if side > 0 else -width * 0.06
        row = _Row(point=point, horizon=horizon, edge=edge)
        for one, other in pairwise(shares):
            _facade(canvas, row, one, other)
    haze(canvas, horizon, height * 0.12, 0.4 * light.haze)
    if reading.allows("lamp", "street lamp"):
        for x in (0.2, 0.8):
            stand_on(
                canvas,
                "street lamp",
                Stand(x=width * x, y=height * 0.84, height=canvas.unit * 0.5),
                (52, 54, 62),
            )
    return Stage(horizon=horizon, ground=height * 0.92, far=horizon + height * 0.06)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A row of houses that converges at a vanishing point."""

    point: float
    horizon: float
    edge: float
    """Horizontal position where the row would meet the picture plane."""


def _facade(canvas: Canvas, row: _Row, one: float, other: float) -> None:
    """Draw a house of a row; `one` and `other` are shares of the way from the point to the edge."""
    point, horizon, edge, far = row.point, row.horizon, row.edge, max(0.0, 0.62 - other)
    rng, light = canvas.rng, canvas.light
    tall = min(horizon * 0.95, canvas.unit * 0.62) * rng.uniform(0.8, 1.1)
    deep = (canvas.height - horizon) * 0.62
    tone = mixed(tinted(rng.choice(FACADES), light.tint), light.low, far)
    dark = (edge > point) == (light.side > 0)
    if dark:
        tone = mixed(tone, light.shade, 0.3)

    def at(share: float, up: float) -> tuple[float, float]:
        y = horizon + deep * share - (deep * share + tall * share) * up
        return point + (edge - point) * share, y

    canvas.fill(
        [at(one, 0), at(one, 1), at(other, 1), at(other, 0)],
        tone,
        Finish(shade="plain", strength=0.6),
    )
    canvas.fill(
        [at(one, 1.0), at(one, 1.06), at(other, 1.06), at(other, 1.0)],
        lighter(tone, -0.35),
        FLAT_BARE,
    )
    for floor in range(3):
        for column in range(3):
            a = one + (other - one) * (0.14 + 0.29 * column)
            b = a + (other - one) * 0.16
            low = 0.3 + 0.225 * floor
            lit = rng.random() < (0.65 if light.night else 0.12)
            pane = (
                mixed(LAMP, light.low, far)
                if lit
                else mixed(mixed(tone, (60, 76, 100), 0.6), light.low, far * 0.6)
            )
            canvas.fill(
                [at(a, low), at(a, low + 0.13), at(b, low + 0.13), at(b, low)],
                pane,
                FLAT_BARE,
            )
    if other > 0.3:
        cloth = tinted(colour(rng.random(), 0.5, 0.8), light.tint)
        canvas.fill(
            [at(one, 0.26), at(other, 0.26), at(other + 0.012, 0.19), at(one + 0.012, 0.19)],
            cloth,
            FLAT,
        )
        a, b = one + (other - one) * 0.2, one + (other - one) * 0.8
        pane = (
            mixed(LAMP, (120, 90, 60), 0.2) if light.dark > 0.2 else mixed(tone, (50, 60, 78), 0.7)
        )
        canvas.fill([at(a, 0.0), at(a, 0.18), at(b, 0.18), at(b, 0.0)], pane, FLAT_BARE)
