"""Multi-scale noise for clouds, mist and grain, drawn small and enlarged; gradients."""

import random
from collections.abc import Sequence

from PIL import Image, ImageChops

from stability_emulator.scenery.drawing.palette import Colour


def fractal(
    rng: random.Random, size: tuple[int, int], *, scale: int = 4, layers: int = 5
) -> Image.Image:
    """Return soft grey noise, about 0 to 255.

    Args:
        rng: Source of randomness.
        size: Width and height in pixels; keep it small and enlarge the result.
        scale: Number of blots across.
        layers: Number of layers, each twice as fine as the one before.
    """
    result: Image.Image | None = None
    for layer in range(layers):
        across = scale * 2**layer
        down = max(2, across * size[1] // max(1, size[0]))
        grain = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        smooth = grain.resize(size, Image.Resampling.BICUBIC)
        result = (
            smooth if result is None else Image.blend(result, smooth, 0.5 / (0.5 + layer) * 0.75)
        )
    assert result is not None  # noqa: S101 -- there is always a layer
    return result


def levels(picture: Image.Image, low: float, high: float, top: float = 255) -> Image.Image:
    """Return a grey picture scaled so that `low` becomes black and `high` becomes `top`."""
    return picture.point(
        [round(max(0.0, min(1.0, (value - low) / (high - low))) * top) for value in range(256)]
    )


def grained(picture: Image.Image, rng: random.Random, strength: float) -> Image.Image:
    """Return a picture with grain of `strength` brightness levels."""
    side = 192
    reach = max(1, round(strength))
    tile = Image.frombytes("L", (side, side), rng.randbytes(side * side))
    tile = tile.point([round(value / 255 * 2 * reach) for value in range(256)])
    whole = Image.new("L", picture.size)
    for x in range(0, picture.width, side):
        for y in range(0, picture.height, side):
            whole.paste(tile, (x, y))
    grain = Image.merge("RGB", (whole, whole, whole))
    return ImageChops.add(picture, grain, 1, -reach)


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, Colour]]) -> Image.Image:
    """Return a vertical gradient; stops are positions from the top (0) to the bottom (1)."""
    steps = 96
    column = Image.new("RGB", (1, steps))
    values = []
    for step in range(steps):
        at = step / (steps - 1)
        after = next((k for k, stop in enumerate(stops) if stop[0] >= at), len(stops) - 1)
        (low, one), (high, other) = stops[max(0, after - 1)], stops[after]
        share = 0.0 if high == low else max(0.0, min(1.0, (at - low) / (high - low)))
        share = share * share * (3 - 2 * share)
        values.append(tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True)))
    column.putdata(values)
    return column.resize(size, Image.Resampling.BICUBIC)
