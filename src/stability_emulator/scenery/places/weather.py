"""Draws rain, snow, lightning and mist over the picture."""

from PIL import Image, ImageChops, ImageDraw

from stability_emulator.scenery.drawing.canvas import Canvas
from stability_emulator.scenery.drawing.noise import fractal, gradient, levels
from stability_emulator.scenery.drawing.palette import lighter


def weather(canvas: Canvas, horizon: float) -> None:
    """Draw the weather of the scene over the picture."""
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
            grain = canvas.unit * rng.choice((0.0015, 0.002, 0.003, 0.005))
            draw.ellipse((x - grain, y - grain, x + grain, y + grain), fill=(250, 250, 255))


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
