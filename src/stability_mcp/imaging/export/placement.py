"""Places a picture on a canvas of another size without distorting it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stability_mcp.api.fields import Size
from stability_mcp.imaging.colours import Rgb
from stability_mcp.imaging.export.export_presets import Fit, SafeZone

if TYPE_CHECKING:
    from PIL import Image


class Box(NamedTuple):
    """A rectangle in pixels; right and bottom are the first ones outside."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Return its width."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return its height."""
        return self.bottom - self.top


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The size that was asked for; empty: as it is."""

    width: int | None = None
    height: int | None = None
    longest: int | None = None
    fit: Fit | None = None
    """For another shape: pad it, or cover the canvas and crop. None: no larger than that."""
    fill: float | None = None
    """Share of the canvas that the subject fills; the rest of the picture is left out."""
    inside: SafeZone | None = None
    """The zone into which the subject is scaled; the rest of the picture is left out."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A part of a picture, scaled, on a canvas."""

    part: Box
    """The part of the picture that is used."""
    size: Size
    """The size to which it is scaled."""
    at: tuple[int, int]
    """Where its upper left corner is on the canvas."""
    canvas: Size

    @property
    def scale(self) -> float:
        """Return the pixels of the canvas per pixel of the picture."""
        return self.size.width / self.part.width

    @property
    def padded(self) -> bool:
        """Return whether the canvas shows more than the picture."""
        return self.size != self.canvas

    def cropped(self, size: Size) -> bool:
        """Return whether a picture of this size isn't used completely."""
        return round(self.part.width) < size.width or round(self.part.height) < size.height


def place(size: Size, wanted: Wanted, subject: Box | None) -> Placement:
    """Return where a picture goes.

    Args:
        size: Its size.
        wanted: The size that was asked for.
        subject: Where its subject is, if that matters; None: unknown.
    """
    whole = Box(0, 0, *size)
    if wanted.width and wanted.height:
        return _on_canvas(size, Size(wanted.width, wanted.height), wanted, subject)
    if wanted.longest:
        return _scaled(whole, min(1.0, wanted.longest / max(size)))
    side = (wanted.width or 0) / size.width or (wanted.height or 0) / size.height or 1.0
    return _scaled(whole, side, wanted)


def _on_canvas(size: Size, canvas: Size, wanted: Wanted, subject: Box | None) -> Placement:
    whole = Box(0, 0, *size)
    if subject is not None and wanted.inside is not None:
        return _inside(subject, wanted.inside, canvas)
    if subject is not None and wanted.fill:
        scale = wanted.fill * min(canvas.width / subject.width, canvas.height / subject.height)
        return _centred(subject, scale, Box(0, 0, *canvas), canvas)
    if wanted.fit == "cover":
        return _covering(size, canvas, subject)
    scale = min(canvas.width / size.width, canvas.height / size.height)
    if wanted.fit == "pad":
        return _centred(whole, scale, Box(0, 0, *canvas), canvas)
    return _scaled(whole, min(1.0, scale))


def _scaled(whole: Box, scale: float, wanted: Wanted | None = None) -> Placement:
    size = _size(whole, scale)
    if wanted is not None:  # exactly the side that was asked for, whatever the rounding
        size = Size(wanted.width or size.width, wanted.height or size.height)
    return Placement(part=whole, size=size, at=(0, 0), canvas=size)


def _centred(part: Box, scale: float, area: Box, canvas: Size) -> Placement:
    """Return a part of the picture, scaled, in the middle of an area of the canvas."""
    size = _size(part, scale, canvas)
    left = round(area.left + (area.width - size.width) / 2)
    top = round(area.top + (area.height - size.height) / 2)
    return Placement(part=part, size=size, at=(left, top), canvas=canvas)


def _inside(subject: Box, zone: SafeZone, canvas: Size) -> Placement:
    area = zone_box(zone, canvas)
    if zone.round:  # the subject's corners are on the circle
        diagonal = (subject.width**2 + subject.height**2) ** 0.5
        scale = min(area.width, area.height) / diagonal
    else:
        scale = min(area.width / subject.width, area.height / subject.height)
    return _centred(subject, scale, area, canvas)


def _covering(size: Size, canvas: Size, subject: Box | None) -> Placement:
    """Return the largest part with the canvas's shape, around the subject."""
    scale = max(canvas.width / size.width, canvas.height / size.height)
    width, height = canvas.width / scale, canvas.height / scale
    middle = subject or Box(0, 0, *size)
    left = _clamped((middle.left + middle.right - width) / 2, size.width - width)
    top = _clamped((middle.top + middle.bottom - height) / 2, size.height - height)
    part = Box(left, top, min(left + width, size.width), min(top + height, size.height))
    return Placement(part=part, size=canvas, at=(0, 0), canvas=canvas)


def _clamped(value: float, most: float) -> float:
    return min(max(value, 0.0), max(most, 0.0))


def _size(part: Box, scale: float, most: Size | None = None) -> Size:
    width, height = max(1, round(part.width * scale)), max(1, round(part.height * scale))
    return Size(min(width, most.width), min(height, most.height)) if most else Size(width, height)


def zone_box(zone: SafeZone, canvas: Size) -> Box:
    """Return a safe zone, or the square around it, in pixels of its canvas."""
    return Box(zone.left, zone.top, canvas.width - zone.right, canvas.height - zone.bottom)


def apply(picture: "Image.Image", placement: Placement, ground: Rgb | None) -> "Image.Image":
    """Return the placed picture without any metadata; blocks.

    Args:
        picture: RGB or RGBA.
        placement: Where it goes.
        ground: Colour of the canvas; None: transparent.
    """
    from PIL import Image

    whole = Box(0, 0, *picture.size)
    if placement.part == whole and placement.size == picture.size:
        scaled = picture
    else:
        left, top, right, bottom = placement.part
        scaled = picture.resize(
            placement.size,
            Image.Resampling.LANCZOS,
            (left, top, right, bottom),
            reducing_gap=3,
        )
    if ground is None:
        if not placement.padded:
            clean = scaled.copy()
            clean.info.clear()
            return clean
        canvas = Image.new("RGBA", placement.canvas)
        canvas.paste(scaled, placement.at)
        return canvas
    canvas = Image.new("RGB", placement.canvas, tuple(ground))
    canvas.paste(scaled, placement.at, scaled if scaled.mode == "RGBA" else None)
    return canvas
