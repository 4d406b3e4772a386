"""Draws a 3D model as a sheet: a large view from the front right and above, the front, the back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.api.fields import Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.model.glb_reader import open_glb
from stability_mcp.imaging.model.lighting import Vector
from stability_mcp.imaging.model.mesh_topology import topology
from stability_mcp.imaging.model.model_data import Finish, Model, Part
from stability_mcp.imaging.model.model_geometry import read_model
from stability_mcp.imaging.model.rasteriser import View, draw
from stability_mcp.imaging.model.simplify import simplified
from stability_mcp.imaging.model.texture_levels import Textures, texture_size
from stability_mcp.imaging.preview import (
    MAX_BYTES,
    MAX_PREVIEW_SIDE,
    Preview,
    PreviewFormat,
    encode_preview,
)

if TYPE_CHECKING:
    from PIL import Image

MAX_DRAWN = 100_000
"""Triangles that are drawn: they take about 2 s; a model with more is simplified first."""
_FILLED, _FILLED_SMALL = 0.9, 0.8
"""Share of a view that the model takes up; a small view has a label below."""
_ABOVE, _BELOW = (236, 238, 241), (196, 200, 207)
"""Background at the top and at the bottom: black, white and grey models stand out from it."""
_INK = (52, 55, 62)
_CAPTION, _TEXT, _MARGIN = 28, 14, 8
"""Height of the caption, of its letters, and space around a text, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Angle:
    """From where a view looks, in degrees."""

    name: str = ""
    """What is written below it; "" for the large view."""
    turn: float
    """To the right, around the model."""
    rise: float
    """Above the horizon."""


HERO = Angle(turn=32, rise=20)
FRONT = Angle(name="front", turn=0, rise=0)
BACK = Angle(name="back", turn=212, rise=20)
"""From behind and above, so that it shows the other side too."""


class ModelPainter:
    """Draws views of one model; every method blocks.

    Args:
        path: The GLB file.

    Raises:
        FileUnusableError: it can't be read; see `read_model`.
    """

    def __init__(self, path: Path) -> None:
        self.model = read_model(open_glb(path))
        self._drawn = simplified(self.model, MAX_DRAWN)
        self._textures = Textures(self._drawn)
        self._finishes = [self._finish(part) for part in self._drawn.parts]
        self._incomplete = False

    def _finish(self, part: Part) -> Finish:
        """Return the material of a part; the inside of a closed surface needn't be drawn."""
        finish = self.model.finishes[part.finish]
        if not finish.double_sided or finish.blended or finish.cutoff is not None:
            return finish
        found = topology(part)
        hidden = found.is_closed and found.volume > 0
        return replace(finish, double_sided=False) if hidden else finish

    def view(self, angle: Angle, side: int) -> "Image.Image":
        """Return a view as RGBA; transparent around the model.

        Args:
            angle: From where to look.
            side: Width and height, in pixels; made even.
        """
        axes = _axes(angle)
        scale, centre = _fitted(
            self._drawn.parts, axes, (_FILLED_SMALL if angle.name else _FILLED) * side
        )
        view = View(side=side // 2 * 4, axes=axes, scale=2 * scale, centre=centre)
        for part, finish in zip(self._drawn.parts, self._finishes, strict=True):
            draw(view, part, finish, self._textures.levels[part.finish])
        self._incomplete |= view.incomplete
        return view.image()

    def caption(self) -> str:
        """Return triangles, size and texture on one line."""
        model = self.model
        parts = [f"{model.triangles:,} triangles", f"{size_text(model.size)} units"]
        if size := largest_texture(model):
            parts.append(f"texture {size.width}x{size.height}")
        if self._drawn.triangles < model.triangles:
            parts.append("simplified here")
        parts += ["drawn in part"] if self._incomplete else []
        parts += ["without its texture"] if self._textures.problems else []
        return ", ".join(parts)


def model_preview(
    path: Path,
    *,
    longest: int = MAX_PREVIEW_SIDE,
    max_bytes: int = MAX_BYTES,
    format: PreviewFormat = "webp",  # noqa: A002 -- the word for it
) -> Preview:
    """Return three views of a model with a caption; blocks.

    Args:
        path: The GLB file.
        longest: Width, in pixels.
        max_bytes: Maximum size, in bytes.
        format: File format.

    Raises:
        FileUnusableError: it can't be read, or nothing of it is visible.
    """
    return encode_preview(model_sheet(path, longest), max_bytes=max_bytes, format=format)


def model_sheet(path: Path, longest: int) -> "Image.Image":
    """Return the same as a picture; see `model_preview`."""
    painter = ModelPainter(path)
    small = longest // 3 // 2 * 2
    large = 2 * small
    hero, front, back = (
        painter.view(angle, side) for angle, side in ((HERO, large), (FRONT, small), (BACK, small))
    )
    if not any(view.getchannel("A").getbbox() for view in (hero, front, back)):
        raise _invisible()
    paper = _background(3 * small, large + _CAPTION)
    for view, at in ((hero, (0, 0)), (front, (large, 0)), (back, (large, small))):
        paper.paste(view, at, view)
    for name, bottom in ((FRONT.name, small), (BACK.name, large)):
        _write(paper, name, (large + small // 2, bottom - _TEXT // 2 - 4), anchor="mm")
    _write(paper, painter.caption(), (_MARGIN, large + _CAPTION // 2), anchor="lm")
    return paper


def model_thumbnail(path: Path, side: int) -> "tuple[Image.Image, str]":
    """Return one view of a model as RGB, and the number of its triangles as text; blocks.

    Raises:
        FileUnusableError: it can't be read, or nothing of it is visible.
    """
    painter = ModelPainter(path)
    views = (painter.view(angle, max(2, side)) for angle in (HERO, replace(BACK, name="")))
    view = next((each for each in views if each.getchannel("A").getbbox()), None)
    if view is None:
        raise _invisible()
    paper = _background(*view.size)
    paper.paste(view, (0, 0), view)
    return paper, f"{painter.model.triangles:,} triangles"


def largest_texture(model: Model) -> Size | None:
    """Return the size of the largest base colour texture; None without one."""
    used = {model.finishes[part.finish].texture for part in model.parts}
    sizes = [texture_size(model.textures[each]) for each in used if each is not None]
    return max(
        (each for each in sizes if each), key=lambda each: each.width * each.height, default=None
    )


def size_text(size: Sequence[float]) -> str:
    """Return width, height and depth with three digits."""
    return " x ".join(f"{each:.3g}" for each in size)


def _invisible() -> FileUnusableError:
    return FileUnusableError(
        "Nothing of this GLB model is visible: its triangles have no area, or only backs.",
        hint="Check its faces and normals in a 3D program such as Blender.",
    )


def _axes(angle: Angle) -> tuple[Vector, Vector, Vector]:
    """Return the directions right, up and towards the viewer in the model."""
    turn, rise = math.radians(angle.turn), math.radians(angle.rise)
    right = (math.cos(turn), 0.0, -math.sin(turn))
    up = (-math.sin(turn) * math.sin(rise), math.cos(rise), -math.cos(turn) * math.sin(rise))
    toward = (math.sin(turn) * math.cos(rise), math.sin(rise), math.cos(turn) * math.cos(rise))
    return right, up, toward


def _fitted(
    parts: Sequence[Part], axes: tuple[Vector, Vector, Vector], room: float
) -> tuple[float, Vector]:
    """Return pixels per unit and the centre with which the parts fill a square of `room` pixels."""
    middles, longest = [], 0.0
    for number, (a, b, c) in enumerate(axes):
        low, high = math.inf, -math.inf
        for part in parts:
            along = [a * x + b * y + c * z for x, y, z in zip(*part.points, strict=True)]
            low, high = min(low, *along), max(high, *along)
        middles.append((low + high) / 2)
        longest = max(longest, high - low) if number < len("xy") else longest
    x, y, z = (
        sum(middle * axis[step] for middle, axis in zip(middles, axes, strict=True))
        for step in range(3)
    )
    return room / longest if longest else 1.0, (x, y, z)


def _background(width: int, height: int) -> "Image.Image":
    """Return a vertical gradient."""
    from PIL import Image

    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.composite(
        Image.new("RGB", ramp.size, _BELOW), Image.new("RGB", ramp.size, _ABOVE), ramp
    )


def _write(paper: "Image.Image", text: str, at: tuple[int, int], *, anchor: str) -> None:
    from PIL import ImageDraw, ImageFont

    ImageDraw.Draw(paper).text(at, text, _INK, ImageFont.load_default(_TEXT), anchor)
