"""The drawing surface: antialiased shapes with light and shade, glows, haze.

Positions are pixels, with y downwards. Shapes are drawn enlarged and scaled down, which gives
smooth edges; soft effects are drawn small and scaled up, which is fast.
"""

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from stability_emulator.scenery.drawing.curves import Point, oval
from stability_emulator.scenery.drawing.light import Light
from stability_emulator.scenery.drawing.palette import BLACK, WHITE, Colour, lighter, mixed
from stability_emulator.scenery.drawing.shading import USUAL, Finish, halo, ramp
from stability_emulator.scenery.drawing.shape_style import PAPER, ShapeStyle

SMALL = 60_000
"""Pixels below which a shape is drawn at three times its size, otherwise at twice."""
SOFT = 8
"""Factor by which soft effects are drawn smaller."""
LINE_HEIGHT = 1.15
"""Distance of lines of text, relative to the size of the font."""
MIN_FONT = 4
"""Smallest size of a font in pixels; smaller text isn't written."""


class Canvas:
    """A picture in progress.

    Args:
        size: Width and height in pixels.
        light: Direction and colour of the light.
        style: How shapes are drawn: shaded, flat, outlined.
        rng: Random numbers, the same for the same request and seed.
    """

    def __init__(
        self, size: tuple[int, int], light: Light, style: ShapeStyle, rng: random.Random
    ) -> None:
        self.image = Image.new("RGB", size, light.low)
        self.width, self.height = size
        self.unit = min(size)
        self._large = 0.5 * size[0] * size[1]
        self.light, self.style, self.rng = light, style, rng
        soft = (max(2, self.width // SOFT), max(2, self.height // SOFT))
        self._glow = Image.new("RGB", soft)

    def fill(self, points: Sequence[Point], colour: Colour, finish: Finish = USUAL) -> None:
        """Draw a shape.

        Args:
            points: The outline.
            colour: The colour in full light.
            finish: All other properties of its look.
        """
        box = self._box(points)
        if box is None:
            return
        style = self.style
        outlined = finish.outlined and finish.alpha > 0.5
        width = style.outline_width(self.unit) if outlined else 0.0
        mask, times = self._mask(points, box)
        colour = style.toned(colour)
        shade = finish.shade or "plain"
        paint = self._paint(points, box, colour, shade, finish.strength * style.depth)
        if finish.alpha < 1:
            mask = mask.point([round(value * finish.alpha) for value in range(256)])
        self.image.paste(paint, box, mask)
        if style.inner and shade != "flat" and 300 < mask.width * mask.height < self._large:
            self._shade_inside(mask, box, colour)
        if width:
            self._outline(points, box, width, times, style.ink(colour))

    def wash(self, colours: Image.Image, top: int = 0) -> None:
        """Paint soft colours over the whole width, such as a sky, water or a wall."""
        style = self.style
        if style.paper or style.neon:
            goal = PAPER if style.paper else (10, 8, 34)
            flat = Image.new("RGB", colours.size, goal)
            colours = Image.blend(colours, flat, style.paper or 0.72)
        self.image.paste(colours, (0, top))

    def dot(
        self, x: float, y: float, radius: float, colour: Colour, *, shade: str = "ball"
    ) -> None:
        """Draw a disc."""
        disc = oval((x, y), (radius, radius), points=28)
        self.fill(disc, colour, Finish(shade=shade, outlined=shade == "ball"))

    def block(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Draw a plain upright rectangle without antialiasing, such as a window."""
        box = (round(left), round(top), round(right), round(bottom))
        self.image.paste(self.style.toned(colour), box)

    def stroke(
        self, points: Sequence[Point], width: float, colour: Colour, *, alpha: float = 1.0
    ) -> None:
        """Draw a line."""
        box = self._box(points, pad=math.ceil(width) + 1)
        if box is None:
            return
        mask = self._line(points, box, width, 3)
        if alpha < 1:
            mask = mask.point([round(value * alpha) for value in range(256)])
        self.image.paste(self.style.lined(colour), box, mask)

    def text(self, middle: Point, size: Point, words: str, colour: Colour) -> None:
        """Write words in Pillow's built-in font, as large as fits into a size in pixels."""
        lines = words.split(" ")
        probe = ImageFont.load_default(100)
        widest = max(probe.getlength(line) for line in lines) or 1
        points = min(size[0] / widest * 100, size[1] / (LINE_HEIGHT * len(lines)))
        if points < MIN_FONT:
            return
        font, draw = ImageFont.load_default(points), ImageDraw.Draw(self.image)
        for k, line in enumerate(lines):
            y = middle[1] + (k - (len(lines) - 1) / 2) * points * LINE_HEIGHT
            draw.text((middle[0], y), line, fill=self.style.lined(colour), font=font, anchor="mm")

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Add a glow, which `finish` applies."""
        side = max(2, round(2 * radius / SOFT))
        spot = halo().resize((side, side), Image.Resampling.BILINEAR)
        lit = mixed(BLACK, colour, strength)
        place = (round(x / SOFT - side / 2), round(y / SOFT - side / 2))
        shown = Image.composite(Image.new("RGB", spot.size, lit), Image.new("RGB", spot.size), spot)
        whole = Image.new("RGB", self._glow.size)
        whole.paste(shown, place)
        self._glow = ImageChops.screen(self._glow, whole)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.4) -> None:
        """Draw a soft shadow on the ground under an object."""
        if not self.style.shadows:
            return
        blot = (max(2, round(rx * 2.6)), max(2, round(ry * 2.6)))
        if blot[0] > 4 * self.width or blot[1] > 4 * self.height:
            return
        levels = [round(min(255, value * 1.3) * strength) for value in range(256)]
        mask = halo().point(levels).resize(blot, Image.Resampling.BILINEAR)
        place = (round(x - blot[0] / 2), round(y - blot[1] / 2))
        self.image.paste(self.light.shadow, place, mask)

    def veil(self, colour: Colour, mask: Image.Image) -> None:
        """Blend a colour over the picture; a small mask, enlarged, sets the strength."""
        mask = mask.resize(self.image.size, Image.Resampling.BICUBIC)
        self.image.paste(colour, (0, 0), mask)

    def finish(self) -> Image.Image:
        """Return the picture with all glows applied."""
        soft = self._glow.filter(ImageFilter.GaussianBlur(1))
        whole = soft.resize(self.image.size, Image.Resampling.BICUBIC)
        return ImageChops.screen(self.image, whole)

    def _box(self, points: Sequence[Point], pad: int = 1) -> tuple[int, int, int, int] | None:
        """Return the part of the picture that a shape covers; None if it is outside."""
        across, down = [p[0] for p in points], [p[1] for p in points]
        left, top = max(0, math.floor(min(across)) - pad), max(0, math.floor(min(down)) - pad)
        right = min(self.width, math.ceil(max(across)) + pad)
        bottom = min(self.height, math.ceil(max(down)) + pad)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _mask(
        self, points: Sequence[Point], box: tuple[int, int, int, int]
    ) -> tuple[Image.Image, int]:
        left, top, right, bottom = box
        width, height = right - left, bottom - top
        times = 3 if width * height < SMALL else 2
        large = Image.new("L", (width * times, height * times))
        moved = [((x - left) * times, (y - top) * times) for x, y in points]
        ImageDraw.Draw(large).polygon(moved, fill=255)
        return large.reduce(times), times

    def _line(
        self, points: Sequence[Point], box: tuple[int, int, int, int], width: float, times: int
    ) -> Image.Image:
        left, top, right, bottom = box
        large = Image.new("L", ((right - left) * times, (bottom - top) * times))
        moved = [((x - left) * times, (y - top) * times) for x, y in points]
        draw = ImageDraw.Draw(large)
        draw.line(moved, fill=255, width=max(1, round(width * times)), joint="curve")
        radius = width * times / 2
        if radius > 2:
            for x, y in (moved[0], moved[-1]):
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return large.reduce(times)

    def _outline(
        self,
        points: Sequence[Point],
        box: tuple[int, int, int, int],
        width: float,
        times: int,
        ink: Colour,
    ) -> None:
        small = min(box[2] - box[0], box[3] - box[1])
        width = min(width, max(1.0, small / 7))
        grown = self._box(points, pad=math.ceil(width) + 1) or box
        self.image.paste(ink, grown, self._line([*points, points[0]], grown, width, times))
        if self.style.neon:
            left, top, right, bottom = grown
            soft = (max(1, (right - left) // SOFT), max(1, (bottom - top) // SOFT))
            line = self._line([*points, points[0]], grown, width * 2, 1).resize(
                soft, Image.Resampling.BOX
            )
            self._glow.paste(
                ImageChops.screen(
                    self._glow.crop(
                        (left // SOFT, top // SOFT, left // SOFT + soft[0], top // SOFT + soft[1])
                    ),
                    Image.composite(
                        Image.new("RGB", soft, mixed(BLACK, ink, 0.6)),
                        Image.new("RGB", soft),
                        line,
                    ),
                ),
                (left // SOFT, top // SOFT),
            )

    def _paint(
        self,
        points: Sequence[Point],
        box: tuple[int, int, int, int],
        colour: Colour,
        shade: str,
        strength: float,
    ) -> Image.Image | Colour:
        """Return the fill of a shape: one colour, or a picture with shading or facets."""
        width, height = box[2] - box[0], box[3] - box[1]
        if shade == "flat" or strength == 0 or width * height < 60:
            return colour
        if self.style.facets:
            return self._facets(points, box, colour)
        bright = lighter(colour, 0.2 * strength)
        dark = mixed(colour, self.light.shade, 0.42 * strength)
        lit = ramp(shade, self.light.side, hard=self.style.hard)
        small = Image.composite(
            Image.new("RGB", lit.size, bright), Image.new("RGB", lit.size, dark), lit
        )
        how = Image.Resampling.NEAREST if self.style.hard else Image.Resampling.BICUBIC
        return small.resize((width, height), how)

    def _facets(
        self, points: Sequence[Point], box: tuple[int, int, int, int], colour: Colour
    ) -> Image.Image:
        """Return facets from the middle to some of the corners, each lit by its direction."""
        left, top, right, bottom = box
        paint = Image.new("RGB", (right - left, bottom - top), colour)
        step = max(1, len(points) // 7)
        corners = [(x - left, y - top) for x, y in points[::step]]
        x = sum(p[0] for p in corners) / len(corners)
        y = sum(p[1] for p in corners) / len(corners)
        draw = ImageDraw.Draw(paint)
        for one, other in zip(corners, [*corners[1:], corners[0]], strict=True):
            angle = math.atan2((one[1] + other[1]) / 2 - y, (one[0] + other[0]) / 2 - x)
            lit = 0.6 * math.cos(angle) * self.light.side - 0.8 * math.sin(angle)
            tone = (
                lighter(colour, 0.22 * lit)
                if lit > 0
                else mixed(colour, self.light.shade, -0.38 * lit)
            )
            far = 3.0
            draw.polygon(
                [(x, y), *((x + (a - x) * far, y + (b - y) * far) for a, b in (one, other))],
                fill=tone,
            )
        return paint

    def _shade_inside(
        self, mask: Image.Image, box: tuple[int, int, int, int], colour: Colour
    ) -> None:
        """Darken the edge of a shape on the side away from the light, and lighten the other."""
        style = self.style
        reach = max(2.0, min(mask.size) * style.inner)
        soft = mask if style.hard else mask.filter(ImageFilter.BoxBlur(reach * 0.7))
        dx, dy = round(self.light.side * reach), round(-reach)
        for sign, tone, share in (
            (1, mixed(colour, self.light.shade, 0.55), 0.75),
            (-1, WHITE, 0.38),
        ):
            if sign < 0 and style.hard:
                break
            moved = Image.new("L", mask.size)
            moved.paste(soft, (sign * dx, sign * dy))
            edge = ImageChops.multiply(mask, ImageChops.invert(moved))
            edge = edge.point([round(value * share) for value in range(256)])
            self.image.paste(tone, box, edge)
