"""Makes one file from a picture: placed, flattened, converted and encoded as asked."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from stability_mcp.api.fields import Size
from stability_mcp.errors import ArgumentsError
from stability_mcp.imaging.colours import Rgb, name_of_colour, plain_background
from stability_mcp.imaging.export.byte_limit import Attempt, best_within
from stability_mcp.imaging.export.export_formats import (
    ExportFormat,
    encode_icon,
    encode_picture,
    level_text,
)
from stability_mcp.imaging.export.export_presets import SafeZone
from stability_mcp.imaging.export.pdf_pages import Page
from stability_mcp.imaging.export.placement import Placement, Wanted, apply, place
from stability_mcp.imaging.export.press_colours import to_press
from stability_mcp.imaging.export.safe_zone import (
    Subject,
    ZoneCheck,
    check_zone,
    find_subject,
    shade_outside,
)
from stability_mcp.imaging.provenance import embedded

if TYPE_CHECKING:
    from PIL import Image

WHITE = Rgb(255, 255, 255)
MAX_PIXELS = 50_000_000
"""Largest canvas: with its picture it fits the memory for pictures."""
MIN_SIDE = 16
"""A picture isn't made smaller than this to save bytes."""
SOFT_SCALE = 1.5
"""Enlarging a picture by more looks soft."""
THUMBNAIL_SIDE = 380
_NEARLY_WHITE = 250
"""Levels of 255 from which people see a background as white."""
_SHRINK_SHARE = 0.96
"""A smaller picture has more detail per pixel, so its file shrinks less than its pixel count."""


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """What a file should be like."""

    form: ExportFormat
    wanted: Wanted = field(default_factory=Wanted)
    background: Rgb | None = None
    """Colour of padding and behind transparency; None: chosen by the picture."""
    flatten: bool = False
    """Whether transparency is replaced by the background."""
    on_white: bool = False
    """Whether the background should be white, so that another one is worth a note."""
    quality: int | None = None
    max_bytes: int | None = None
    shrink: bool = False
    """Whether `max_bytes` may reduce the size."""
    dpi: int | None = None
    press: bytes | None = field(default=None, repr=False)
    """Profile of CMYK."""
    icon_sizes: tuple[int, ...] = ()
    safe: SafeZone | None = None
    provenance: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A file and what was done for it."""

    data: bytes = field(repr=False)
    size: Size
    changes: tuple[str, ...]
    zone: ZoneCheck | None
    thumbnail: "Image.Image" = field(repr=False)
    """A small RGB picture of it, with what is outside the safe zone tinted."""


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A picture ready to encode."""

    picture: "Image.Image"
    changes: tuple[str, ...]
    zone: ZoneCheck | None


class Original:
    """A decoded picture, whose subject and background are measured once for all its files."""

    def __init__(self, picture: "Image.Image") -> None:
        self.picture = picture
        self.transparent = _is_transparent(picture)
        self._subject: list[Subject | None] = []
        self._ground: list[Rgb | None] = []

    @property
    def size(self) -> Size:
        """Return its size."""
        return Size(*self.picture.size)

    def follow(self, first: "Original") -> None:
        """Crop as another picture of the same size, so that an animation doesn't jump."""
        self._subject = [first.subject]

    @property
    def subject(self) -> Subject | None:
        """Return its subject; None if it has no clear one."""
        if not self._subject:
            self._subject.append(find_subject(self.picture))
        return self._subject[0]

    @property
    def plain_ground(self) -> Rgb | None:
        """Return the colour of its plain background; None if it has none or is transparent."""
        if not self._ground:
            found = plain_background(self.picture)
            self._ground.append(found if isinstance(found, Rgb) else None)
        return self._ground[0]


def _is_transparent(picture: "Image.Image") -> bool:
    return picture.mode == "RGBA" and picture.getchannel("A").getextrema()[0] != 255  # noqa: PLR2004 -- opaque


def compose(original: Original, spec: FileSpec) -> Composed:
    """Return the picture of a file before it is encoded; blocks.

    Raises:
        ArgumentsError: its canvas would be too large for memory or for its format.
    """
    wanted = spec.wanted
    # A subject in front of a scene is only guessed: good enough to crop around, not to cut out.
    apart = original.transparent or original.plain_ground is not None
    wanted = replace(
        wanted,
        inside=wanted.inside if original.transparent else None,
        fill=wanted.fill if apart else None,
    )
    follows = bool(wanted.inside or wanted.fill or wanted.fit == "cover")
    subject = original.subject if follows or spec.safe else None
    placement = place(original.size, wanted, subject.box if subject and follows else None)
    _check_canvas(placement.canvas, spec.form)
    ground = _ground(original, spec, placement)
    picture = apply(original.picture, placement, ground)
    trimmed = original.transparent and bool(wanted.inside or wanted.fill)
    changes = _changes(original, placement, ground, trimmed=trimmed)
    if spec.on_white and not _is_on_white(original):
        changes.append("its own background isn't white, so cut the subject out first")
    if picture.mode == "RGBA" and not original.transparent and not placement.padded:
        picture = picture.convert("RGB")
    if spec.press is not None:
        picture = to_press(picture, spec.press)
        changes.append("converted to CMYK")
    zone = check_zone(subject, placement, spec.safe) if spec.safe else None
    return Composed(picture=picture, changes=tuple(changes), zone=zone)


def _check_canvas(canvas: Size, form: ExportFormat) -> None:
    text = f"{canvas.width:,}x{canvas.height:,}"
    if canvas.width * canvas.height > MAX_PIXELS:
        raise ArgumentsError(
            f"{text} pixels are too many; the maximum is {MAX_PIXELS / 1e6:g} megapixels.",
            hint="Pass a smaller width, height or dpi.",
        )
    if max(canvas) > form.max_side:
        raise ArgumentsError(
            f"{text} is too large for {form.name}: a side has at most {form.max_side:,} pixels.",
            hint="Use png or jpeg, or a smaller size.",
        )


def _ground(original: Original, spec: FileSpec, placement: Placement) -> Rgb | None:
    """Return the colour behind the picture; None: transparent."""
    if spec.background is not None:
        return spec.background
    opaque = spec.flatten or not spec.form.alpha or spec.press is not None
    if original.transparent:
        return WHITE if opaque else None
    if not placement.padded:
        return WHITE if opaque else None
    return original.plain_ground or WHITE


def _is_on_white(original: Original) -> bool:
    ground = original.plain_ground
    return original.transparent or (ground is not None and min(ground) >= _NEARLY_WHITE)


def _changes(
    original: Original, placement: Placement, ground: Rgb | None, *, trimmed: bool
) -> list[str]:
    changes = []
    size, part = original.size, placement.part
    if placement.cropped(size):
        box = f"x {part.left:.0f} to {part.right:.0f}, y {part.top:.0f} to {part.bottom:.0f}"
        changes.append("transparent margin trimmed" if trimmed else f"cropped to {box}")
    if abs(placement.scale - 1) * max(size) >= 1:
        changes.append(_scaling(placement.scale, size))
    if ground is not None and original.transparent:
        changes.append(f"transparency flattened on {colour_text(ground)}")
    if placement.padded:
        colour = "transparency" if ground is None else colour_text(ground)
        changes.append(f"padded with {colour}")
    return changes


def _scaling(scale: float, size: Size) -> str:
    if scale > SOFT_SCALE:
        return f"enlarged {scale:.1f} times, so it is soft"
    verb = "enlarged" if scale > 1 else "resized"
    return f"{verb} from {size.width}x{size.height}"


def colour_text(colour: Rgb) -> str:
    """Return a colour as `white` or `teal #19807d`."""
    if colour == WHITE:
        return "white"
    return f"{name_of_colour(colour)} {colour.hex}"


def render(original: Original, spec: FileSpec) -> Rendered:
    """Return a file of a picture; blocks.

    Raises:
        ArgumentsError: it can't have the size that was asked for, in pixels or bytes.
    """
    composed = compose(original, spec)
    if spec.icon_sizes:
        return _icon(composed, spec)
    changes = list(composed.changes)

    def encode(pictures: "Sequence[Image.Image]", level: int) -> bytes:
        data = encode_picture(pictures[0], spec.form, level, dpi=spec.dpi, profile=spec.press)
        return embedded(data, spec.provenance) if spec.provenance else data

    attempt, (picture,), shrunk = fit_pictures([composed.picture], encode, spec)
    changes += filter(None, [shrunk])
    changes += filter(None, [level_text(spec.form, attempt.level)])
    return Rendered(
        data=attempt.data,
        size=Size(*picture.size),
        changes=tuple(changes),
        zone=composed.zone,
        thumbnail=thumbnail_of(composed.picture, spec.safe),
    )


def fit_pictures(
    pictures: "Sequence[Image.Image]",
    encode: "Callable[[Sequence[Image.Image], int], bytes]",
    spec: FileSpec,
) -> "tuple[Attempt, Sequence[Image.Image], str]":
    """Return a file that fits, its pictures, and how they were shrunk for that; "": they weren't.

    Args:
        pictures: What the file shows; pictures of the same size.
        encode: Encodes them at a level of quality.
        spec: What the file should be like.

    Raises:
        ArgumentsError: it can't be made small enough.
    """
    shown = pictures
    attempt = fit_bytes(partial(encode, shown), spec)
    while attempt is None:
        encode_shown = partial(encode, shown)
        if max(shown[0].size) <= MIN_SIDE:  # a poor quality is all that is left
            attempt, fits = best_within(spec.form.levels, encode_shown, spec.max_bytes or 0)
            if fits:
                break
            raise too_large(encode_shown, spec)
        shown = _smaller(pictures, shown[0].width, encode_shown, spec)
        attempt = fit_bytes(partial(encode, shown), spec)
    if shown is pictures:
        return attempt, shown, ""
    return attempt, shown, f"shrunk to {shown[0].width}x{shown[0].height} to save bytes"


def fit_bytes(encode: Callable[[int], bytes], spec: FileSpec) -> Attempt | None:
    """Return the file at the best quality that fits; None if it should be made smaller.

    Raises:
        ArgumentsError: it doesn't fit, and must keep its size.
    """
    form = spec.form
    if spec.max_bytes is None:
        level = spec.quality if spec.quality is not None and form.lossy else form.default
        return Attempt(level=level, data=encode(level))
    best = spec.quality if spec.quality is not None and form.lossy else form.levels[-1]
    worst = min(form.good if spec.shrink else form.levels[0], best)
    attempt, fits = best_within(form.levels_from(worst, best), encode, spec.max_bytes)
    if fits:
        return attempt
    if spec.shrink:
        return None
    raise too_large(encode, spec)


def too_large(encode: Callable[[int], bytes], spec: FileSpec) -> ArgumentsError:
    """Return the error for a file that can't be made small enough."""
    least = len(encode(spec.form.levels[0]))
    hint = "Pass a larger max_bytes or a smaller size."
    if not (spec.shrink or spec.wanted.width or spec.wanted.height or spec.form.name == "pdf"):
        hint = f"Pass shrink=true to reduce its size in pixels, or max_bytes={least}."
    others = "" if spec.form.lossy else " webp or jpeg may be smaller."
    return ArgumentsError(
        f"The picture doesn't fit into {spec.max_bytes:,} bytes as {spec.form.name}: at the lowest "
        f"quality it has {least:,}.",
        hint=f"{hint}{others}",
    )


def _smaller(
    pictures: "Sequence[Image.Image]", width: int, encode: Callable[[int], bytes], spec: FileSpec
) -> "Sequence[Image.Image]":
    """Return pictures at a size that probably fits at a good quality.

    Args:
        pictures: The pictures at full size: shrinking them in steps would add up rounding errors.
        width: Width that doesn't fit, in pixels.
        encode: Encodes the pictures at that width.
        spec: What the file should be like.
    """
    from PIL import Image

    level = spec.form.levels_from(spec.form.good, spec.form.levels[-1])[0]
    excess = len(encode(level)) / (spec.max_bytes or 1)
    scale = min(_SHRINK_SHARE, _SHRINK_SHARE / math.sqrt(max(excess, 1.0)))
    width = max(1, int(width * scale))
    whole = Size(*pictures[0].size)
    size = (width, max(1, round(width * whole.height / whole.width)))
    return [each.resize(size, Image.Resampling.LANCZOS, reducing_gap=3) for each in pictures]


def _icon(composed: Composed, spec: FileSpec) -> Rendered:
    from PIL import Image

    picture = composed.picture
    parts = [
        picture.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=3)
        for side in spec.icon_sizes
    ]
    sides = ", ".join(map(str, spec.icon_sizes))
    return Rendered(
        data=encode_icon(parts),
        size=Size(*picture.size),
        changes=(*composed.changes, f"with the sizes {sides}"),
        zone=composed.zone,
        thumbnail=thumbnail_of(picture, spec.safe),
    )


def render_page(composed: Composed, spec: FileSpec, level: int, dpi: int) -> Page:
    """Return a picture as a page of a PDF; blocks."""
    picture = composed.picture
    return Page(
        jpeg=encode_picture(picture, spec.form, level),
        width=picture.width,
        height=picture.height,
        dpi=dpi,
        cmyk=picture.mode == "CMYK",
        profile=spec.press,
    )


def thumbnail_of(picture: "Image.Image", zone: SafeZone | None) -> "Image.Image":
    """Return a small RGB picture, with what is outside a safe zone tinted."""
    from stability_mcp.imaging.preview import on_checkerboard

    size = Size(*picture.size)
    small = picture.convert("RGB") if picture.mode == "CMYK" else picture.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), reducing_gap=2)
    if small.mode == "RGBA":
        small = on_checkerboard(small)
    if zone is not None:
        shade_outside(small, zone, size)
    return small
