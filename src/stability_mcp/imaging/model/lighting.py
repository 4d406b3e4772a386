"""Computes the light on a surface: two lights that move with the viewer, and a little from around.

Light is a number from 0 to 255, by which the colour of a surface is multiplied.
"""

import math
from collections.abc import Sequence

from stability_mcp.imaging.model.transforms import Coordinates

Vector = tuple[float, float, float]

KEY, FILL = (-0.42, 0.62, 0.66), (0.80, 0.05, 0.60)
"""Directions to the two lights: right, up and towards the viewer, of length 1."""
AMBIENT, KEY_POWER, FILL_POWER = 104.0, 122.0, 40.0
"""Brightness of a surface without a light, and what each light adds; 255 is the base colour."""
DARKEST, BRIGHTEST = 2.0, 253.0
"""Bounds of the light on a vertex: rounding may add a little between vertices."""
SHEEN = [round(46 * (max(0.0, level - AMBIENT) / (255 - AMBIENT)) ** 2.5) for level in range(256)]
"""What is reflected at each level of light: it gives black objects a shape."""


def lights_on(
    normals: Coordinates, axes: tuple[Vector, Vector, Vector], side: int = 1
) -> list[float]:
    """Return the light on each vertex.

    Args:
        normals: The normals of the vertices, of any length, in the model.
        axes: Directions in the model that point right, up and towards the viewer.
        side: 1 for the outside of the surface, -1 for its inside.
    """
    (ka, kb, kc), (fa, fb, fc) = (
        [dot(light, along) for along in zip(*axes, strict=True)] for light in (KEY, FILL)
    )
    found = []
    for x, y, z in zip(*normals, strict=True):
        length = side * math.sqrt(x * x + y * y + z * z) or 1.0
        key, fill = (ka * x + kb * y + kc * z) / length, (fa * x + fb * y + fc * z) / length
        found.append(_brightness(key, fill))
    return found


def light_on(normal: Vector) -> float:
    """Return the light on a flat surface; its normal is right, up and towards the viewer."""
    length = math.sqrt(dot(normal, normal))
    return _brightness(dot(normal, KEY) / length, dot(normal, FILL) / length)


def _brightness(key: float, fill: float) -> float:
    """Return the light on a surface whose normal is turned that far towards the lights."""
    light = AMBIENT + KEY_POWER * max(0.0, key) + FILL_POWER * max(0.0, fill)
    return min(BRIGHTEST, max(DARKEST, light))


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the scalar product of two directions."""
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
