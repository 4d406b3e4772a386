"""Sky, sun, moon, stars, clouds, weather, and water that mirrors them."""

import math

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from stability_mcp.emulator.render.canvas import Canvas
from stability_mcp.emulator.render.curves import bumps, oval
from stability_mcp.emulator.render.noise import fractal, gradient, levels
from stability_mcp.emulator.render.palette import WHITE, Colour, colour, lighter, mixed, tinted
from stability_mcp.emulator.render.reading import Reading

SMALL_SIDE = 256


def paint_sky(canvas: Canvas, reading: Reading, horizon: float) -> None:
    """Paint the sky down to the horizon, and its colours on below it."""
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
    if light.seen and not canvas.manner.paper:
        _sun(canvas, reading, horizon)
    if light.cloudy > 0.12 and reading.wants("cloud", "clouds"):
        if canvas.manner.soft_clouds:
            _soft_clouds(canvas, horizon)
        else:
            _drawn_clouds(canvas, horizon)
    if "rainbow" in light.weather:
        _rainbow(canvas, horizon)


def _sun(canvas: Canvas, reading: Reading, horizon: float) -> None:
    light = canvas.light
    x, y = light.across * canvas.width, horizon * (1 - light.altitude * 0.86)
    if not reading.wants("moon" if light.night else "sun"):
        return
    big = canvas.unit * (0.045 if light.night else 0.03 + 0.03 * (1 - light.altitude))
    canvas.glow(x, y, big * (5 if light.night else 10), light.sun, 0.4 if light.night else 0.5)
    canvas.glow(x, y, big * 2.6, light.sun, 0.45)
    wished = {wish.noun for wish in reading.things} & {"moon", "sun"}
    if not wished:
        canvas.fill(oval(x, y, big, big), light.sun, shade="flat")
    if light.night and not wished:
        for dx, dy, r in ((-0.3, -0.3, 0.2), (0.25, 0.1, 0.24), (-0.2, 0.4, 0.16)):
            canvas.fill(
                oval(x + dx * big, y + dy * big, r * big, r * big),
                mixed(light.sun, light.low, 0.2),
                shade="flat",
                outlined=False,
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
    """Lay clouds from noise over the sky, flatter towards the horizon."""
    light, rng = canvas.light, canvas.rng
    size = (SMALL_SIDE, max(16, round(SMALL_SIDE * horizon / canvas.width)))
    field = fractal(rng, (size[0], size[1] * 2), scale=3, layers=5).resize(
        size, Image.Resampling.BOX
    )
    cover = max(0.0, min(1.0, light.cloudy))
    field = field.filter(ImageFilter.GaussianBlur(0.5))
    dense = levels(field, 158 - 70 * cover, 222 - 70 * cover, 235)
    fade = Image.linear_gradient("L").resize(size)
    dense = ImageChops.multiply(
        dense, fade.point([round(min(255, 90 + value * 0.9)) for value in range(256)])
    )
    shifted = ImageChops.offset(dense, light.side * 5, 4)
    body = mixed(
        mixed(lighter(light.low, 0.35), light.sun, 0.3), light.top, 0.5 * max(light.dark, 0.0)
    )
    if {"storm", "rain"} & set(light.weather):
        body = lighter(light.middle, 0.18)
    under = mixed(body, light.top, 0.48)
    paint = Image.composite(Image.new("RGB", size, under), Image.new("RGB", size, body), shifted)
    whole = (canvas.width, max(1, round(horizon)))
    canvas.image.paste(
        paint.resize(whole, Image.Resampling.BICUBIC),
        (0, 0),
        dense.resize(whole, Image.Resampling.BICUBIC),
    )


def _drawn_clouds(canvas: Canvas, horizon: float) -> None:
    """Draw clouds as things with an outline."""
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
                bumps(x + dx * size, y + dy * size, rx * size, ry * size, count=8, rng=rng),
                tone,
                shade="rise",
                strength=0.6,
            )
        if canvas.manner.outline:
            for dx, dy, rx, ry in puffs:
                canvas.fill(
                    oval(x + dx * size, y + dy * size, rx * size * 0.84, ry * size * 0.84),
                    tone,
                    shade="flat",
                    outlined=False,
                )


def _rainbow(canvas: Canvas, horizon: float) -> None:
    x = canvas.width * (0.3 if canvas.light.side > 0 else 0.7)
    radius = canvas.unit * 0.62
    for band in range(7):
        outer = radius - band * radius * 0.024
        arc = [
            p for p in oval(x, horizon + radius * 0.1, outer, outer, points=120) if p[1] <= horizon
        ]
        arc.sort()
        canvas.stroke(arc, radius * 0.027, colour(band / 8.4, 0.65, 1.0), alpha=0.36)


def weather(canvas: Canvas, horizon: float) -> None:
    """Let it rain, snow, flash or be foggy in front of everything."""
    kinds, rng = canvas.light.weather, canvas.rng
    if "fog" in kinds:
        size = (96, 96)
        mist = levels(fractal(rng, size, scale=2, layers=3), 70, 220, 190)
        rise = gradient(
            size, [(0, (60, 60, 60)), (horizon / canvas.height, (255, 255, 255)), (1, (90, 90, 90))]
        ).convert("L")
        canvas.veil(lighter(canvas.light.low, 0.1), ImageChops.multiply(mist, rise))
    if {"rain", "storm"} & set(kinds):
        _rain(canvas)
    if "storm" in kinds:
        _lightning(canvas, horizon)
    if "snowfall" in kinds:
        draw = ImageDraw.Draw(canvas.image)
        for _ in range(240):
            x, y = rng.random() * canvas.width, rng.random() * canvas.height
            size = canvas.unit * rng.choice((0.0015, 0.002, 0.003, 0.005))
            draw.ellipse((x - size, y - size, x + size, y + size), fill=(250, 250, 255))


def _rain(canvas: Canvas) -> None:
    rng = canvas.rng
    mask = Image.new("L", canvas.image.size)
    draw = ImageDraw.Draw(mask)
    for _ in range(round(330 * canvas.width / canvas.unit)):
        x, y = rng.random() * canvas.width * 1.1, rng.random() * canvas.height
        long = canvas.unit * rng.uniform(0.02, 0.06)
        draw.line(
            (x, y, x - long * 0.22, y + long),
            fill=rng.randint(40, 110),
            width=max(1, canvas.unit // 700),
        )
    canvas.image.paste((214, 222, 234), (0, 0), mask)


def _lightning(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    x, y = canvas.width * rng.uniform(0.2, 0.8), 0.0
    path = [(x, y)]
    while y < horizon:
        x, y = x + rng.uniform(-0.05, 0.05) * canvas.unit, y + rng.uniform(0.03, 0.07) * canvas.unit
        path.append((x, min(y, horizon)))
    for point in path[::3]:
        canvas.glow(*point, canvas.unit * 0.16, (190, 200, 255), 0.35)
    canvas.stroke(path, canvas.unit * 0.005, (250, 248, 255))
    fork = [path[len(path) // 2]]
    for _ in range(4):
        fork.append(
            (fork[-1][0] + rng.uniform(0, 0.06) * canvas.unit, fork[-1][1] + 0.05 * canvas.unit)
        )
    canvas.stroke(fork, canvas.unit * 0.003, (250, 248, 255))


def paint_water(canvas: Canvas, top: float, bottom: float, tone: Colour | None) -> None:
    """Paint water that mirrors what is above its upper edge, with waves and glitter."""
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
    if canvas.manner.outline and not canvas.manner.neon:
        for _ in range(26):
            y = first + size[1] * canvas.rng.random() ** 1.4
            depth = (y - first) / size[1]
            x, long = canvas.rng.random() * canvas.width, canvas.unit * (0.02 + 0.08 * depth)
            wave = [(x + long * k / 4, y + canvas.unit * 0.004 * (k % 2)) for k in range(5)]
            canvas.stroke(wave, canvas.unit * 0.0026, lighter(deep, 0.3))


def mirror(canvas: Canvas, top: float, bottom: float, *, calm: float = 0.5) -> None:
    """Mirror what is above the water in it, broken by waves, and let the sun glitter."""
    first, last = round(top), round(bottom)
    high = min(first, last - first)
    if high < 4 or canvas.manner.paper:
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
    """Draw waves as thin bright and dark streaks, and the sun's path."""
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


def haze(canvas: Canvas, y: float, reach: float, strength: float) -> None:
    """Let the distance fade around a height."""
    if canvas.manner.paper or canvas.manner.neon:
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
