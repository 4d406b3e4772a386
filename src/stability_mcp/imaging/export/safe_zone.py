"""Finds the subject of a picture, checks it against the safe zone, and draws the zone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stability_mcp.api.fields import Size
from stability_mcp.imaging.export.export_presets import SafeZone
from stability_mcp.imaging.export.placement import Box, Placement, zone_box

if TYPE_CHECKING:
    from PIL import Image

_VISIBLE = 16
"""Alpha from which a pixel belongs to a cut-out subject, as for segmentation."""
_CHECKED_SIDE = 256
"""Longer side, in pixels, of the masks that are compared: a zone's edge counts to 0.4 %."""
_TOLERATED = 0.01
"""Share of the subject that may be outside: blurred outlines are."""
_SHADE = (200, 0, 60)
_SHADE_ALPHA = 110


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a picture shows, apart from its background."""

    mask: "Image.Image"
    """White where it is; the same shape as the picture, but usually smaller."""
    size: Size
    """Size of the picture."""
    box: Box
    """Where it is, in pixels of the picture."""
    sure: bool
    """Whether it is cut out; else it is what seems to differ from the border."""


@dataclass(frozen=True, kw_only=True)
class ZoneCheck:
    """Whether the subject is inside the safe zone."""

    outside: float | None
    """Share of the subject that is outside; None: the picture has no clear subject."""
    sides: tuple[str, ...] = ()
    """The sides on which it is outside: left, top, right, bottom."""
    sure: bool = True
    """Whether it is certain what the subject is."""

    @property
    def text(self) -> str:
        """Return the result as a sentence without its end."""
        if self.outside is None:
            return "not checked, as the picture has no clear subject; look at the preview"
        verb = "is" if self.sure else "seems to be"
        if not self.outside:
            return f"the subject {verb} inside"
        where = f" ({', '.join(self.sides)})" if self.sides else ""
        return f"{self.outside:.0%} of the subject {verb} outside{where}; look at the preview"


def find_subject(picture: "Image.Image") -> Subject | None:
    """Return the subject of a picture; None if it has no clear one. Blocks.

    Args:
        picture: RGB or RGBA. What isn't transparent is the subject of a cut-out.
    """
    from stability_mcp.imaging.segment.subject import is_cut_out, rough_subject

    cut_out = is_cut_out(picture)
    if cut_out:
        mask = picture.getchannel("A").point([255 * (level >= _VISIBLE) for level in range(256)])
    else:
        rough = rough_subject(picture)
        if rough is None:
            return None
        mask = rough
    found = mask.getbbox()
    if found is None:
        return None
    across, down = picture.width / mask.width, picture.height / mask.height
    left, top, right, bottom = found
    box = Box(left * across, top * down, right * across, bottom * down)
    return Subject(mask=mask, size=Size(*picture.size), box=box, sure=cut_out)


def check_zone(subject: Subject | None, placement: Placement, zone: SafeZone) -> ZoneCheck:
    """Return how much of a placed subject is outside the zone."""
    if subject is None:
        return ZoneCheck(outside=None)
    from PIL import ImageChops

    canvas = placement.canvas
    reduced = min(1.0, _CHECKED_SIDE / max(canvas))
    size = Size(max(1, round(canvas.width * reduced)), max(1, round(canvas.height * reduced)))
    placed = _placed(subject, placement, size, reduced)
    inside = zone_mask(zone, canvas, size)
    escaped = ImageChops.subtract(placed, inside)
    pixels = placed.histogram()[255]
    share = escaped.histogram()[255] / pixels if pixels else 0.0
    if share <= _TOLERATED:
        return ZoneCheck(outside=0.0, sure=subject.sure)
    box = placed.getbbox() or (0, 0, 0, 0)
    edge = [reduced * each for each in zone_box(zone, canvas)]
    names = ("left", "top", "right", "bottom")
    beyond = (
        box[0] < edge[0] - 1,
        box[1] < edge[1] - 1,
        box[2] > edge[2] + 1,
        box[3] > edge[3] + 1,
    )
    sides = tuple(name for name, is_beyond in zip(names, beyond, strict=True) if is_beyond)
    return ZoneCheck(outside=share, sides=sides, sure=subject.sure)


def _placed(subject: Subject, placement: Placement, size: Size, reduced: float) -> "Image.Image":
    """Return the mask of the subject on the reduced canvas."""
    from PIL import Image

    mask, part = subject.mask, placement.part
    across, down = mask.width / subject.size.width, mask.height / subject.size.height
    box = (
        part.left * across,
        part.top * down,
        min(part.right * across, mask.width),
        min(part.bottom * down, mask.height),
    )
    scaled = (
        max(1, round(placement.size.width * reduced)),
        max(1, round(placement.size.height * reduced)),
    )
    canvas = Image.new("L", size)
    shown = mask.resize(scaled, Image.Resampling.NEAREST, box)
    canvas.paste(shown, (round(placement.at[0] * reduced), round(placement.at[1] * reduced)))
    return canvas


def zone_mask(zone: SafeZone, canvas: Size, size: Size) -> "Image.Image":
    """Return a mask of the zone at a reduced size: white inside."""
    from PIL import Image, ImageDraw

    across, down = size.width / canvas.width, size.height / canvas.height
    left, top, right, bottom = zone_box(zone, canvas)
    box = (left * across, top * down, right * across - 1, bottom * down - 1)
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    if zone.round:
        draw.ellipse(box, fill=255)
    else:
        draw.rectangle(box, fill=255)
    return mask


def shade_outside(picture: "Image.Image", zone: SafeZone, canvas: Size) -> None:
    """Tint what is outside the zone, in a reduced RGB picture of the canvas."""
    mask = zone_mask(zone, canvas, Size(*picture.size))
    shade = mask.point([_SHADE_ALPHA if level < 128 else 0 for level in range(256)])  # noqa: PLR2004 -- half
    picture.paste(_SHADE, (0, 0, *picture.size), shade)
