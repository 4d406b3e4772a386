"""Draws the sky: sun, moon, stars, aurora, clouds, rainbow, haze."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.curves import bumps, oval
from stability_emulator.scenery.drawing.noise import fractal, gradient, levels
from stability_emulator.scenery.drawing.palette import WHITE, colour, lighter, mixed
from stability_emulator.scenery.drawing.shading import FLAT, FLAT_BARE, Finish
from stability_emulator.scenery.prompt.reading import Reading

SMALL_SIDE = 256
SHIFT = 5
"""Distance between the light and the dark side of clouds, in pixels of the small copy."""


def paint_sky(canvas: Canvas, reading: Reading, horizon: float) -> None:
    """Paint the sky down to the horizon, and continue its colours below."""
    light = canvas.light
    reach = max(1, round(horizon))
    sky = gradient(
        (canvas.width, reach), [(0.0, light.top), (0.55, light.middle), (1.0, light.low)]
    )
    canvas.wash(sky)
    if light.night:
        _stars(canvas, horizon)
    if "aurora" in light.weather:
        _aurora(canvas, horizon)
    if light.seen and not canvas.style.paper:
        _sun(canvas, reading, horizon)
    if light.cloudy > 0.12 and reading.allows("cloud", "clouds"):
        if canvas.style.soft_clouds:
            _soft_clouds(canvas, horizon)
        else:
            _drawn_clouds(canvas, horizon)
    if "rainbow" in light.weather:
        _rainbow(canvas, horizon)


def _sun(canvas: Canvas, reading: Reading, horizon: float) -> None:
    light = canvas.light
    x, y = light.across * canvas.width, horizon * (1 - light.altitude * 0.86)
    if not reading.allows("moon" if light.night else "sun"):
        return
    big = canvas.unit * (0.045 if light.night else 0.03 + 0.03 * (1 - light.altitude))
    canvas.glow(x, y, big * (5 if light.night else 10), light.sun, 0.4 if light.night else 0.5)
    canvas.glow(x, y, big * 2.6, light.sun, 0.45)
    named_nouns = {subject.noun for subject in reading.subjects} & {"moon", "sun"}
    if not named_nouns:
        canvas.fill(oval((x, y), (big, big)), light.sun, FLAT)
    if light.night and not named_nouns:
        for dx, dy, r in ((-0.3, -0.3, 0.2), (0.25, 0.1, 0.24), (-0.2, 0.4, 0.16)):
            canvas.fill(
                oval((x + dx * big, y + dy * big), (r * big, r * big)),
                mixed(light.sun, light.low, 0.2),
                FLAT_BARE,
            )


def _stars(canvas: Canvas, horizon: float) -> None:
    rng, draw = canvas.rng, ImageDraw.Draw(canvas.image)
    share = min(1.0, (canvas.light.dark - 0.3) * 1.4)
    for _ in range(round(260 * share)):
        x, y = rng.random() * canvas.width, rng.random() ** 1.3 * horizon
        size = rng.choice((0.5, 0.5, 0.5, 0.8, 1.3)) * canvas.unit / 900
        tone = mixed(canvas.light.top, (255, 250, 236), rng.uniform(0.35, 1.0) * share)
        draw.ellipse((x - size, y - size, x + size, y + size), fill=tone)


def _aurora(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    for hue, at in ((0.4, 0.5), (0.47, 0.62), (0.8, 0.4)):
        mask = Image.new("L", (128, 96))
        draw = ImageDraw.Draw(mask)
        phase = rng.uniform(0, 6)
        for x in range(128):
            y = 96 * (at + 0.1 * math.sin(phase + x / 17) + 0.05 * math.sin(x / 5 + phase * 2))
            tall = 26 + 16 * math.sin(x / 9 + phase)
            for k in range(round(tall)):
                draw.point((x, y - k), fill=round(190 * (1 - k / tall)))
        soft = mask.filter(ImageFilter.GaussianBlur(1.6)).resize(
            (canvas.width, round(horizon)), Image.Resampling.BICUBIC
        )
        canvas.image.paste(colour(hue, 0.62, 0.95), (0, 0), soft)


def _soft_clouds(canvas: Canvas, horizon: float) -> None:
    """Draw clouds made of noise over the sky, flatter towards the horizon."""
    light, rng = canvas.light, canvas.rng
    size = (SMALL_SIDE, max(16, round(SMALL_SIDE * horizon / canvas.width)))
    wide = (size[0] + 2 * SHIFT, size[1] + 2 * SHIFT)
    field = fractal(rng, (wide[0], wide[1] * 2), scale=3, layers=5).resize(
        wide, Image.Resampling.BOX
    )
    cover = max(0.0, min(1.0, light.cloudy))
    whole = levels(
        field.filter(ImageFilter.GaussianBlur(0.5)), 158 - 70 * cover, 222 - 70 * cover, 235
    )
    dense, shifted = (
        whole.crop((x, y, x + size[0], y + size[1]))
        for x, y in ((SHIFT, SHIFT), (SHIFT - light.side * SHIFT, SHIFT - 4))
    )
    fade = Image.linear_gradient("L").resize(size)
    dense = ImageChops.multiply(
        dense, fade.point([round(min(255, 90 + value * 0.9)) for value in range(256)])
    )
    body = mixed(
        mixed(lighter(light.low, 0.35), light.sun, 0.3), light.top, 0.5 * max(light.dark, 0.0)
    )
    if {"storm", "rain"} & set(light.weather):
        body = lighter(light.middle, 0.18)
    under = mixed(body, light.top, 0.48)
    paint = Image.composite(Image.new("RGB", size, under), Image.new("RGB", size, body), shifted)
    wide = (canvas.width, max(1, round(horizon)))
    canvas.image.paste(
        paint.resize(wide, Image.Resampling.BICUBIC),
        (0, 0),
        dense.resize(wide, Image.Resampling.BICUBIC),
    )


def _drawn_clouds(canvas: Canvas, horizon: float) -> None:
    """Draw clouds as shapes with an outline."""
    rng, light = canvas.rng, canvas.light
    tone = mixed(lighter(light.low, 0.5), light.top, 0.35 * light.dark)
    for _ in range(2 + round(3 * light.cloudy)):
        x, y = rng.uniform(-0.05, 1.05) * canvas.width, rng.uniform(0.1, 0.6) * horizon
        size = canvas.unit * rng.uniform(0.05, 0.1) * (1.3 - y / horizon)
        puffs = [
            (-1.2, 0.1, 0.9, 0.45),
            (1.2, 0.12, 0.95, 0.42),
            (0.0, -0.3, 1.1, 0.75),
            (0, 0.25, 2.0, 0.34),
        ]
        for dx, dy, rx, ry in puffs:
            canvas.fill(
                bumps((x + dx * size, y + dy * size), (rx * size, ry * size), count=8, rng=rng),
                tone,
                Finish(shade="rise", strength=0.6),
            )
        if canvas.style.outline:
            for dx, dy, rx, ry in puffs:
                canvas.fill(
                    oval((x + dx * size, y + dy * size), (rx * size * 0.84, ry * size * 0.84)),
                    tone,
                    FLAT_BARE,
                )


def _rainbow(canvas: Canvas, horizon: float) -> None:
    x = canvas.width * (0.3 if canvas.light.side > 0 else 0.7)
    radius = canvas.unit * 0.62
    for band in range(7):
        outer = radius - band * radius * 0.024
        arc = [
            p
            for p in oval((x, horizon + radius * 0.1), (outer, outer), points=120)
            if p[1] <= horizon
        ]
        arc.sort()
        canvas.stroke(arc, radius * 0.027, colour(band / 8.4, 0.65, 1.0), alpha=0.36)


def haze(canvas: Canvas, y: float, reach: float, strength: float) -> None:
    """Fade the distance around a vertical position."""
    if canvas.style.paper or canvas.style.neon:
        strength *= 0.3
    size = (4, 96)
    mask = Image.new("L", size)
    mask.putdata(
        [
            round(
                255 * strength * math.exp(-((((row + 0.5) / 96 * canvas.height - y) / reach) ** 2))
            )
            for row in range(96)
            for _ in range(4)
        ]
    )
    canvas.veil(mixed(canvas.light.low, WHITE, 0.12 * (1 - canvas.light.dark)), mask)
