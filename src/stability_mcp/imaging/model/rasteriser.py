"""Draws triangles with a depth buffer: orthographic, textured, lit by two lights.

Everything is linear on the screen, so depth, texture coordinates and light are stepped from pixel
to pixel. A view is drawn at twice its size and scaled down. No C function runs for long, so other
threads aren't blocked. The same model gives the same pixels.
"""

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stability_mcp.imaging.model.lighting import (
    BRIGHTEST,
    SHEEN,
    Vector,
    dot,
    light_on,
    lights_on,
)
from stability_mcp.imaging.model.model_data import Finish, Part
from stability_mcp.imaging.model.texture_levels import Level, encoded, level_for
from stability_mcp.imaging.model.transforms import Coordinates

if TYPE_CHECKING:
    from PIL import Image

Corner = tuple[float, float, float]
"""A value at the three corners of a triangle."""
Fill = Callable[[Corner, int, int, int], None]
"""Fills a triangle, given the light on its corners, and its vertices."""
Planes = Callable[[Corner, int, int, int], Sequence[float]]
"""Returns what `Fill` steps through: values at the first corner, and their slopes."""

MAX_COVERAGE = 12
"""How often the pixels of a view may be drawn over. Models stay below 6; a file of large triangles
that cover one another would take minutes."""
_ROW = 4
"""Pixels that take as long as beginning a row of a triangle."""
_FLAT = 1e-6
"""Doubled area in pixels below which a triangle isn't drawn."""
_SOLID = 0xFF000000
_ALPHA = ((32, 160), (224, 96))
"""Alpha from which each pixel of a square of 2x2 is drawn. The square becomes one pixel, so there
are five levels of transparency, and no pattern is visible."""


@dataclass(kw_only=True)
class View:
    """A picture that is drawn, and where the model is in it."""

    side: int
    """Width and height in pixels while it is drawn; a multiple of 4."""
    axes: tuple[Vector, Vector, Vector]
    """Directions in the model that point right, up and towards the viewer, of length 1."""
    scale: float
    """Pixels per unit."""
    centre: Vector
    """The point in the middle."""
    incomplete: bool = False
    """Whether triangles are missing because of `MAX_COVERAGE`."""
    depth: list[float] = field(init=False, repr=False)
    pixels: "array[int]" = field(init=False, repr=False)
    light: bytearray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = self.side * self.side
        self.depth = [-math.inf] * count
        self.pixels = array("I", bytes(4 * count))
        self.light = bytearray(count)
        self._left = MAX_COVERAGE * count

    def project(self, points: Coordinates) -> list[list[float]]:
        """Return across, down and towards the viewer, in pixels."""
        half, found = self.side / 2, []
        for axis, sign, middle in zip(self.axes, (1, -1, 1), (half, half, 0.0), strict=True):
            a, b, c = (sign * self.scale * each for each in axis)
            start = middle - dot(self.centre, (a, b, c))
            found.append([a * x + b * y + c * z + start for x, y, z in zip(*points, strict=True)])
        return found

    def may_draw(self, pixels: int) -> bool:
        """Return whether a triangle that takes as long as that many pixels may still be drawn."""
        self._left -= pixels
        self.incomplete |= self._left < 0
        return self._left >= 0

    def image(self) -> "Image.Image":
        """Return what was drawn, lit, as RGBA at half the size."""
        from PIL import Image, ImageChops

        size = (self.side, self.side)
        drawn = Image.frombytes("RGBA", size, self.pixels.tobytes())
        light = Image.frombytes("L", size, bytes(self.light))
        lit = ImageChops.multiply(drawn.convert("RGB"), Image.merge("RGB", [light] * 3))
        lit = ImageChops.add(lit, Image.merge("RGB", [light.point(SHEEN)] * 3))
        lit.putalpha(drawn.getchannel("A").point([0] + [255] * 255))
        return lit.convert("RGBa").reduce(2).convert("RGBA")


def draw(view: View, part: Part, finish: Finish, levels: Sequence[Level]) -> None:
    """Draw the triangles of a part; those that face away are left out unless double-sided."""
    screen = _Screen(view, part, finish)
    fill = _textured(view, part, finish, levels, screen)
    if part.colours is not None and finish.texture is None:
        fill = _coloured(view, part.colours, finish, screen)
    corners, xs, ys, side = part.corners, screen.x, screen.y, view.side
    for a, b, c in zip(corners[0::3], corners[1::3], corners[2::3], strict=True):
        xa, ya, xb, yb, xc, yc = xs[a], ys[a], xs[b], ys[b], xs[c], ys[c]
        area = (xb - xa) * (yc - ya) - (xc - xa) * (yb - ya)
        # Counter-clockwise triangles have a negative area, because y points down.
        if area > -_FLAT and (area < _FLAT or not finish.double_sided):
            continue
        left, right = int(min(xa, xb, xc) + 0.5), int(max(xa, xb, xc) + 0.5)
        top, bottom = int(min(ya, yb, yc) + 0.5), int(max(ya, yb, yc) + 0.5)
        if left == right or top == bottom or left < 0 or top < 0 or right > side or bottom > side:
            continue
        if not view.may_draw((bottom - top) * ((right - left) // 2 + _ROW)):
            return
        screen.place(a, b, c, area)
        fill(screen.lights(a, b, c), a, b, c)


class _Screen:
    """A part in the coordinates of a view, and the triangle that is being drawn."""

    def __init__(self, view: View, part: Part, finish: Finish) -> None:
        self._side = view.side
        self.x, self.y, self.z = view.project(part.points)
        self._front = self._back = [BRIGHTEST] * len(self.x) if finish.unlit else None
        if part.normals is not None and not finish.unlit:
            self._front = lights_on(part.normals, view.axes)
            self._back = lights_on(part.normals, view.axes, -1) if finish.double_sided else None

    def place(self, a: int, b: int, c: int, area: float) -> None:
        """Prepare to draw a triangle, whose doubled area is given."""
        xs, ys = self.x, self.y
        self._at = xa, ya, xb, yb, xc, yc = xs[a], ys[a], xs[b], ys[b], xs[c], ys[c]
        self._area = area
        self._steps = ((yc - ya) / area, (yb - ya) / area, (xb - xa) / area, (xc - xa) / area)

    def slopes(self, start: float, second: float, third: float) -> tuple[float, float]:
        """Return how much a value changes from pixel to pixel, across and down."""
        one, other = second - start, third - start
        a, b, c, d = self._steps
        return one * a - other * b, other * c - one * d

    def lights(self, a: int, b: int, c: int) -> Corner:
        """Return the light on the corners; without normals, that of a flat triangle."""
        known = self._front if self._area < 0 else self._back
        if known is not None:
            return known[a], known[b], known[c]
        across, down = self.slopes(self.z[a], self.z[b], self.z[c])
        light = light_on((-across, down, 1.0))
        return light, light, light

    def rows(self) -> Iterator[tuple[int, int, float, float]]:
        """Yield the first pixel of each row, the one after its last, and where the first one is.

        That is the distance of its centre from the first corner, across and down.
        """
        xa, ya, xb, yb, xc, yc = self._at
        x, y, side = xa, ya, self._side
        if yb < ya:
            xa, ya, xb, yb = xb, yb, xa, ya
        if yc < ya:
            xa, ya, xb, yb, xc, yc = xc, yc, xa, ya, xb, yb
        elif yc < yb:
            xb, yb, xc, yc = xc, yc, xb, yb
        long = (xc - xa) / (yc - ya)
        upper = (xb - xa) / (yb - ya) if yb > ya else 0.0
        lower = (xc - xb) / (yc - yb) if yc > yb else 0.0
        for row in range(int(ya + 0.5), int(yc + 0.5)):
            middle = row + 0.5
            one = xa + (middle - ya) * long
            other = xa + (middle - ya) * upper if middle < yb else xb + (middle - yb) * lower
            if one > other:
                one, other = other, one
            first, last = int(one + 0.5), int(other + 0.5)
            if first < last:
                yield row * side + first, row * side + last, first + 0.5 - x, middle - y


def _textured(
    view: View, part: Part, finish: Finish, levels: Sequence[Level], screen: _Screen
) -> Fill:
    """Return what fills triangles with a texture; alpha makes holes in it."""
    level = levels[level_for(part, levels, screen.x, screen.y)]
    zeros = array("f", bytes(4 * len(screen.x)))
    us, vs = part.uv or (zeros, zeros)
    width, height, zs, slopes = level.across, level.down, screen.z, screen.slopes

    def planes(lights: Corner, a: int, b: int, c: int) -> Sequence[float]:
        """Return depth, light and place in the texture at the first corner, with their slopes."""
        z, u, v = zs[a], us[a] * width, vs[a] * height
        return (
            *(z, *slopes(z, zs[b], zs[c])),
            *(lights[0], *slopes(*lights)),
            *(u, *slopes(u, us[b] * width, us[c] * width)),
            *(v, *slopes(v, vs[b] * height, vs[c] * height)),
        )

    if finish.cutoff is None and not finish.blended:
        return _solid(view, level, screen, planes)
    return _with_holes(view, level, screen, planes, _thresholds(finish))


def _solid(view: View, level: Level, screen: _Screen, planes: Planes) -> Fill:
    depth, pixels, light, texels = view.depth, view.pixels, view.light, level.pixels
    shift, right, below = level.shift, level.width - 1, level.height - 1

    def fill(lights: Corner, a: int, b: int, c: int) -> None:
        z0, zx, zy, s0, sx, sy, u0, ux, uy, v0, vx, vy = planes(lights, a, b, c)
        for first, last, x, y in screen.rows():
            z, s = z0 + zx * x + zy * y, s0 + sx * x + sy * y
            u, v = u0 + ux * x + uy * y, v0 + vx * x + vy * y
            for at in range(first, last):
                if z > depth[at]:
                    depth[at], light[at] = z, int(s)
                    pixels[at] = texels[(int(v) & below) << shift | int(u) & right] | _SOLID
                z += zx
                s += sx
                u += ux
                v += vx

    return fill


def _with_holes(
    view: View,
    level: Level,
    screen: _Screen,
    planes: Planes,
    thresholds: Sequence[Sequence[int]],
) -> Fill:
    depth, pixels, light, texels = view.depth, view.pixels, view.light, level.pixels
    shift, right, below, lines = level.shift, level.width - 1, level.height - 1, 2 * view.side

    def fill(lights: Corner, a: int, b: int, c: int) -> None:
        z0, zx, zy, s0, sx, sy, u0, ux, uy, v0, vx, vy = planes(lights, a, b, c)
        for first, last, x, y in screen.rows():
            z, s = z0 + zx * x + zy * y, s0 + sx * x + sy * y
            u, v = u0 + ux * x + uy * y, v0 + vx * x + vy * y
            row = thresholds[first % lines // view.side]
            for at in range(first, last):
                if z > depth[at]:
                    texel = texels[(int(v) & below) << shift | int(u) & right]
                    if texel >> 24 >= row[at & 1]:
                        depth[at], light[at], pixels[at] = z, int(s), texel | _SOLID
                z += zx
                s += sx
                u += ux
                v += vx

    return fill


def _thresholds(finish: Finish) -> Sequence[Sequence[int]]:
    """Return the alpha from which a pixel is drawn, for a square of 2x2 pixels."""
    return _ALPHA if finish.blended else ((round(255 * (finish.cutoff or 0.0)),) * 2,) * 2


def _coloured(view: View, colours: Coordinates, finish: Finish, screen: _Screen) -> Fill:
    """Return what fills triangles with the colours of their vertices."""
    reds, greens, blues = (
        [252 * encoded(each * tint) + 1 for each in channel]
        for channel, tint in zip(colours, finish.colour, strict=False)
    )
    depth, pixels, light, zs = view.depth, view.pixels, view.light, screen.z

    def fill(lights: Corner, a: int, b: int, c: int) -> None:
        z0, s0, r0, g0, b0 = zs[a], lights[0], reds[a], greens[a], blues[a]
        zx, zy = screen.slopes(z0, zs[b], zs[c])
        sx, sy = screen.slopes(*lights)
        rx, ry = screen.slopes(r0, reds[b], reds[c])
        gx, gy = screen.slopes(g0, greens[b], greens[c])
        bx, by = screen.slopes(b0, blues[b], blues[c])
        for first, last, x, y in screen.rows():
            z, s = z0 + zx * x + zy * y, s0 + sx * x + sy * y
            red, green, blue = r0 + rx * x + ry * y, g0 + gx * x + gy * y, b0 + bx * x + by * y
            for at in range(first, last):
                if z > depth[at]:
                    depth[at], light[at] = z, int(s)
                    pixels[at] = int(red) | int(green) << 8 | int(blue) << 16 | _SOLID
                z += zx
                s += sx
                red += rx
                green += gx
                blue += bx

    return fill
