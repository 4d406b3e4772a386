"""How shapes are drawn in each style: shaded or flat, with or without outlines, folded, glowing."""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass

from stability_emulator.scenery.drawing.palette import Colour, colour, lighter, mixed

PAPER: Colour = (248, 244, 234)
INK: Colour = (34, 32, 40)
DARK = 70
"""Brightness below which a colour stays black on paper, such as that of eyes and tyres."""


@dataclass(frozen=True, kw_only=True)
class ShapeStyle:
    """How shapes are drawn."""

    outline: float = 0.0
    """Width of outlines, as a share of the picture's shorter side."""
    depth: float = 1.0
    """Strength of light and shade."""
    hard: bool = False
    """Whether there is a hard edge between light and shade."""
    inner: float = 0.0
    """How far rounded edges reach into a shape, as a share of its size."""
    facets: bool = False
    """Whether shapes consist of flat facets."""
    paper: float = 0.0
    """Share of the paper's colour in each colour."""
    neon: bool = False
    """Whether shapes are dark with glowing outlines."""
    vivid: float = 1.0
    """Factor of the colours' saturation."""
    shadows: bool = True
    soft_clouds: bool = True

    def outline_width(self, unit: int) -> float:
        """Return the width of outlines in pixels."""
        return max(1.0, self.outline * unit) if self.outline else 0.0

    def toned(self, tone: Colour) -> Colour:
        """Return the fill colour of a shape."""
        if self.neon:
            return mixed(tone, (12, 8, 34), 0.8)
        if self.paper:
            return mixed(tone, PAPER, self.paper if max(tone) > DARK else 0.1)
        if self.vivid != 1.0:
            hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in tone))
            return colour(hue, min(1.0, saturation * self.vivid), value)
        return tone

    def ink(self, tone: Colour) -> Colour:
        """Return the outline colour of a shape of the given colour."""
        if self.neon:
            hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in tone))
            near = hue if saturation > 0.3 else 0.5
            return colour(near if near < 0.12 or near > 0.42 else 0.52, 0.75, 1.0)
        return INK if self.outline > 0.003 else lighter(mixed(tone, INK, 0.72), 0)

    def lined(self, tone: Colour) -> Colour:
        """Return the colour of a line."""
        if self.neon:
            return self.ink(tone)
        return mixed(tone, INK, 0.85) if self.paper else self.toned(tone)


PLAIN = ShapeStyle()
SHAPE_STYLES: Mapping[str, ShapeStyle] = {
    "anime": ShapeStyle(outline=0.0022, hard=True, vivid=1.2),
    "comic-book": ShapeStyle(outline=0.0052, hard=True, vivid=1.3, soft_clouds=False),
    "line-art": ShapeStyle(
        outline=0.0034, paper=0.94, depth=0.25, shadows=False, soft_clouds=False
    ),
    "neon-punk": ShapeStyle(outline=0.0032, neon=True, depth=0.6, shadows=False),
    "origami": ShapeStyle(facets=True, vivid=0.95, soft_clouds=False),
    "3d-model": ShapeStyle(inner=0.09, vivid=1.05, depth=0.7, soft_clouds=False),
    "modeling-compound": ShapeStyle(inner=0.07, vivid=1.3, depth=0.5, soft_clouds=False),
    "isometric": ShapeStyle(vivid=1.08, depth=1.2),
    "pixel-art": ShapeStyle(outline=0.007, hard=True, vivid=1.25),
    "tile-texture": ShapeStyle(depth=0.8),
    "digital-art": ShapeStyle(vivid=1.25, depth=1.25, inner=0.05),
    "fantasy-art": ShapeStyle(vivid=1.15, depth=1.2),
}
