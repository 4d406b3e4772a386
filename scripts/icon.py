"""Draws the icon of the bundle, `packaging/mcpb/icon.png`: a picture frame with a spark.

Drawn at four times its size and reduced, so that edges are smooth. Run it after a change:
`.venv/bin/python scripts/icon.py`.
"""

import math
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

PATH = Path(__file__).resolve().parent.parent / "packaging/mcpb/icon.png"
SIDE = 512
"""*Documented* (MCPB): 512x512 PNG is the recommended size."""
SCALE = 4
FULL = SIDE * SCALE

TOP, BOTTOM = (88, 66, 214), (232, 76, 122)
"""Colours of the background's gradient, from the upper left to the lower right."""
WHITE = (255, 255, 255, 255)
SOFT = (255, 255, 255, 150)


def background() -> Image.Image:
    """Return the gradient on a rounded square."""
    across = Image.linear_gradient("L").rotate(90).resize((FULL, FULL))
    down = Image.linear_gradient("L").resize((FULL, FULL))
    share = Image.blend(across, down, 0.5)
    colours = Image.composite(
        Image.new("RGB", (FULL, FULL), BOTTOM), Image.new("RGB", (FULL, FULL), TOP), share
    ).convert("RGBA")
    mask = Image.new("L", (FULL, FULL))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, FULL - 1, FULL - 1), FULL * 0.22, fill=255)
    colours.putalpha(mask)
    return colours


def spark(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    """Return the outline of a star with four concave points around a centre."""
    points = []
    for step in range(120):
        angle = step * math.tau / 120
        # An astroid: |x|^(2/3) + |y|^(2/3) = 1.
        points.append(
            (
                x + radius * math.copysign(abs(math.cos(angle)) ** 3, math.cos(angle)),
                y + radius * math.copysign(abs(math.sin(angle)) ** 3, math.sin(angle)),
            )
        )
    return points


def draw() -> Image.Image:
    """Return the icon."""
    layer = Image.new("RGBA", (FULL, FULL))
    pen = ImageDraw.Draw(layer)
    unit = FULL / 16
    frame = (3 * unit, 4.2 * unit, 12 * unit, 13 * unit)
    pen.rounded_rectangle(frame, 1.4 * unit, outline=WHITE, width=round(0.75 * unit))
    hills = Image.new("RGBA", (FULL, FULL))
    brush = ImageDraw.Draw(hills)
    brush.polygon(
        [(2 * unit, 13 * unit), (6 * unit, 7.8 * unit), (10.2 * unit, 13 * unit)], fill=WHITE
    )
    brush.polygon(
        [(6.6 * unit, 13 * unit), (9.7 * unit, 9.4 * unit), (13 * unit, 13 * unit)], fill=SOFT
    )
    inside = Image.new("L", (FULL, FULL))
    ImageDraw.Draw(inside).rounded_rectangle(
        tuple(edge + shift for edge, shift in zip(frame, (unit, unit, -unit, -unit), strict=True)),
        0.6 * unit,
        fill=255,
    )
    hills.putalpha(ImageChops.multiply(hills.getchannel("A"), inside))
    layer.alpha_composite(hills)
    x, y, radius = 12 * unit, 4.4 * unit, 3 * unit
    gap = 1.15 * radius
    pen.ellipse((x - gap, y - gap, x + gap, y + gap), fill=(0, 0, 0, 0))
    pen.polygon(spark(x, y, radius), fill=WHITE)
    icon = background()
    icon.alpha_composite(layer)
    return icon.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the icon."""
    draw().save(PATH, optimize=True)


if __name__ == "__main__":
    main()
