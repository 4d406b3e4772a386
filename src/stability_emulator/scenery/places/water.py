"""Draws water that reflects the picture above it."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.noise import gradient
from stability_emulator.scenery.drawing.palette import Colour, lighter, mixed, tinted


def paint_water(canvas: Canvas, top: float, bottom: float, tone: Colour | None) -> None:
    """Paint a water surface with waves; `mirror` adds the reflection."""
    light = canvas.light
    first, last = round(top), round(bottom)
    if last - first < 2:
        return
    deep = (
        tinted(tone, light.tint)
        if tone
        else mixed(light.top, (10, 62, 92), 0.45 * (1 - light.dark * 0.5))
    )
    size = (canvas.width, last - first)
    near = mixed(deep, lighter(deep, -0.5), 0.7)
    body = gradient(
        size,
        [(0.0, mixed(light.low, deep, 0.3)), (0.35, mixed(light.middle, deep, 0.62)), (1.0, near)],
    )
    canvas.wash(body, first)
    if canvas.style.outline and not canvas.style.neon:
        for _ in range(26):
            y = first + size[1] * canvas.rng.random() ** 1.4
            depth = (y - first) / size[1]
            x, long = canvas.rng.random() * canvas.width, canvas.unit * (0.02 + 0.08 * depth)
            wave = [(x + long * k / 4, y + canvas.unit * 0.004 * (k % 2)) for k in range(5)]
            canvas.stroke(wave, canvas.unit * 0.0026, lighter(deep, 0.3))


def mirror(canvas: Canvas, top: float, bottom: float, *, calm: float = 0.5) -> None:
    """Draw the reflection of the picture above the water, broken by waves, and sun glitter."""
    first, last = round(top), round(bottom)
    high = min(first, last - first)
    if high < 4 or canvas.style.paper:
        return
    rng = canvas.rng
    above = canvas.image.crop((0, first - high, canvas.width, first))
    flipped = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(
        ImageFilter.BoxBlur(max(1, canvas.unit // 500))
    )
    broken = Image.new("RGB", flipped.size)
    y = 0
    while y < high:
        depth = y / high
        tall = max(1, round(canvas.unit * (0.0016 + 0.008 * depth)))
        shift = round(rng.uniform(-1, 1) * canvas.unit * (0.002 + 0.014 * depth) * (1.4 - calm))
        strip = flipped.crop((0, y, canvas.width, min(high, y + tall)))
        broken.paste(ImageChops.offset(strip, shift, 0), (0, y))
        y += tall
    fade = gradient((canvas.width, high), [(0.0, (200, 200, 200)), (1.0, (26, 26, 26))]).convert(
        "L"
    )
    share = 0.45 + 0.5 * calm
    canvas.image.paste(
        broken, (0, first), fade.point([round(value * share) for value in range(256)])
    )
    _ripples(canvas, first, last)


def _ripples(canvas: Canvas, first: int, last: int) -> None:
    """Draw waves as thin bright and dark streaks, and the reflection of the sun."""
    light, rng = canvas.light, canvas.rng
    size = (canvas.width, last - first)
    bright, dark = Image.new("L", size), Image.new("L", size)
    draws = (ImageDraw.Draw(bright), ImageDraw.Draw(dark))
    sun = light.across * canvas.width
    for _ in range(round(420 * max(1.0, canvas.width / canvas.unit))):
        depth = rng.random() ** 1.5
        y, x = depth * size[1], rng.random() * canvas.width
        long = canvas.unit * (0.006 + 0.05 * depth) * rng.uniform(0.4, 1.4)
        near = math.exp(-(((x - sun) / (canvas.unit * (0.05 + 0.12 * depth))) ** 2))
        side = 0 if rng.random() < 0.5 + 0.4 * near else 1
        strong = (26 + 20 * depth) + (150 * near if side == 0 and light.seen else 0)
        thick = max(1, round(canvas.unit * 0.0035 * depth))
        draws[side].ellipse((x - long, y - thick / 2, x + long, y + thick / 2), fill=round(strong))
    if light.seen:
        for _ in range(70):
            depth = rng.random() ** 1.3
            x = sun + rng.gauss(0, 1) * canvas.unit * (0.018 + 0.07 * depth)
            y, long = depth * size[1], canvas.unit * (0.005 + 0.018 * depth)
            draws[0].ellipse((x - long, y - 1, x + long, y + 1 + 2 * depth), fill=215)
    canvas.image.paste(mixed(light.low, light.sun, 0.6), (0, first), bright)
    canvas.image.paste(light.shade, (0, first), dark)
