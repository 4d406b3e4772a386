"""Adapts a picture to an operation's limits and reports the changes.

Only necessary changes are made: a picture that fits is sent unchanged, and one that only contains
metadata loses it without being encoded again. EXIF is never sent: it reveals place and camera.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.alpha import SEPARATION_BYTES, fill_transparent, on_white
from stability_mcp.imaging.colour import is_srgb, to_srgb
from stability_mcp.imaging.encode import encode_within
from stability_mcp.imaging.facts import SIDEWAYS, Facts
from stability_mcp.imaging.mask import has_transparency, read_mask
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.misfit import size_text
from stability_mcp.imaging.pixels import (
    decode_image,
    icc_profile,
    is_decodable,
    plain_mode,
    remaining_orientation,
    upright,
)
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sizes import fitting_size
from stability_mcp.imaging.strip import atomic_write, strip
from stability_mcp.text import listed

if TYPE_CHECKING:
    from PIL import Image

NAMES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WebP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
}
"""Names of formats in texts."""

_PACKED_MODES = {"LA": "RGBA", "PA": "RGBA", "P": "RGB", "1": "greyscale"}
"""Modes that are converted, because only the modes below are documented to work."""
_SENDABLE_MODES = {"L", "RGB", "RGBA"}
_BITS = 8
_BY_ALPHA = {
    "paint": "its painted area became {} and the rest {}",
    "transparency": "its transparent area became {} and the rest {}",
}
MAX_STRETCH = 1.02
"""How much the aspect ratio of a mask may differ from its picture's."""
_MAX_PNG_EXCESS = 1.3
"""A PNG that is too large by more than this factor won't fit by better compression."""


AlphaUse = Literal["send", "separate", "white"]
"""How transparency is handled: it is sent; the colours are sent without it, to be combined with the
result; or the picture is sent on white."""
_ALPHA_CHANGES: dict[AlphaUse, str] = {
    "separate": "sent without its transparency, which is put back into the result",
    "white": "put on white: the result's format has no transparency",
}


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A picture that was changed to fit."""

    facts: Facts
    changes: list[str]
    """The changes as phrases, a resize first: `shrunk from 1536x1536 to 1024x1024`."""


def fit_image(  # noqa: PLR0913 -- source and target, limits and checks
    source: Path,
    facts: Facts,
    limits: ImageLimits,
    *,
    max_bytes: int,
    target: Path,
    check: bool = False,
    alpha: AlphaUse = "send",
) -> Fitted | None:
    """Write the picture to `target` within the limits; return None if it fits unchanged.

    Args:
        source: The picture.
        facts: Its `probe` facts.
        limits: The operation's limits.
        max_bytes: Maximum file size, in bytes.
        target: Output path; untouched if None is returned.
        check: Whether to decode a picture that is sent unchanged: its header doesn't tell whether
            the rest is intact.
        alpha: How its transparency is handled.

    Raises:
        FileUnusableError: It is damaged, too large to decode, or would need cropping or padding.
        OSError: `target` cannot be written.
    """
    if facts.kind != "image":
        raise FileUnusableError(
            f"This is {facts.media_type}; a picture is needed.", hint="Pass a picture."
        )
    size = fitting_size(facts.size, limits)
    if alpha != "send" and not (facts.has_alpha and has_transparency(source)):
        alpha = "send"
    sendable = facts.media_type in _types(limits) and not _pixels_must_change(facts)
    sendable = sendable and alpha == "send"
    if size == facts.size and sendable and _is_srgb(source, facts):
        fitted = _stripped(source, facts, target)
        if (fitted.facts if fitted else facts).bytes <= max_bytes:
            if check and is_decodable(facts):
                decode_image(source, facts)
            return fitted
    picture, changes = _converted(source, facts, size, alpha)
    shown = replace(facts, has_alpha=facts.has_alpha and alpha == "send")
    types = _by_preference(shown, _types(limits), size, max_bytes)
    encoded = encode_within(picture, types, max_bytes, limits=limits)
    described = _describe_changes(
        facts, encoded.size, encoded.media_type, len(encoded.data), max_bytes
    )
    return _write(encoded.data, target, [*described, *changes])


def fitting_memory(facts: Facts, limits: ImageLimits, alpha: AlphaUse) -> int:
    """Return the bytes that `fit_image` needs: enlarging takes more than the picture does.

    Raises:
        FileUnusableError: It would need cropping or padding, or is too small to enlarge.
    """
    if facts.kind != "image":
        return estimate(facts)
    width, height = fitting_size(facts.size, limits)
    sent = replace(facts, media_type="image/png", width=width, height=height)
    separation = SEPARATION_BYTES * sent.pixels if facts.has_alpha and alpha != "send" else 0
    return max(estimate(facts), estimate(sent), separation)


def fit_mask(  # noqa: PLR0913 -- source and target, for the picture and the mask
    source: Path,
    facts: Facts,
    *,
    picture: Facts,
    size: Size,
    max_bytes: int,
    target: Path,
    black_marks: bool = False,
    limits: ImageLimits = ImageLimits(),  # noqa: B008 -- frozen
) -> Fitted | None:
    """Write a greyscale mask of its picture's size to `target`; return None if it fits unchanged.

    Args:
        source: The mask.
        facts: Its `probe` facts.
        picture: The `probe` facts of the original picture, before fitting.
        size: The size at which the picture is sent.
        max_bytes: Maximum file size, in bytes.
        target: Output path; untouched if None is returned.
        black_marks: Whether black marks instead of white.
        limits: Limits that it must meet if it is made smaller than its picture to save bytes.

    Raises:
        FileUnusableError: It is damaged, too large to decode, or of another shape than its picture.
        OSError: `target` cannot be written.
    """
    from PIL import ImageChops

    if facts.kind != "image":
        raise FileUnusableError(
            f"This is {facts.media_type}; a mask must be a picture.", hint="Pass a picture."
        )
    stored = Size(picture.width or 0, picture.height or 0)
    # A mask drawn over the stored pixels is rotated like the picture.
    with_picture = facts.orientation == 1 and facts.size == stored != picture.size
    if not with_picture:
        _check_shape(facts.size, picture.size)
    orientation = picture.orientation if with_picture else remaining_orientation(facts)
    grey = facts.mode == "L" and facts.depth == _BITS and not facts.has_alpha
    types = ("image/png", "image/webp", "image/jpeg")
    if (
        grey
        and facts.orientation == 1 == orientation
        and facts.size == size
        and facts.media_type in types
    ):
        fitted = _stripped(source, facts, target)
        if (fitted.facts if fitted else facts).bytes <= max_bytes:
            return fitted
    mask = read_mask(decode_image(source, facts), facts)
    flat = upright(mask.image, orientation)
    if black_marks and mask.by != "brightness":
        flat = ImageChops.invert(flat)
    encoded = encode_within(_resized_mask(flat, size), types, max_bytes, limits=limits)
    before = picture.size if with_picture else facts.size
    resized = f"{_describe_resize(size, before)}, the size of its picture"
    changes = [] if before == size else [resized]
    if with_picture or facts.orientation != 1:
        changes.append("rotated with its picture" if with_picture else "rotated upright")
    if not grey:
        by_alpha = _BY_ALPHA.get(mask.by, "converted to greyscale")
        changes.append(by_alpha.format(*("black", "white") if black_marks else ("white", "black")))
    return _write(encoded.data, target, changes)


def _resized_mask(mask: "Image.Image", size: Size) -> "Image.Image":
    """Return a mask at another size, without levels that its surroundings don't have.

    The box filter keeps black and white apart when it enlarges, and thin marks when it shrinks.
    """
    from PIL import Image

    return mask if mask.size == size else mask.resize(size, Image.Resampling.BOX)


def _check_shape(mask: Size, picture: Size) -> None:
    """Raise FileUnusableError if a mask would be stretched to cover its picture."""
    stretch = (mask.width * picture.height) / (mask.height * picture.width)
    if max(stretch, 1 / stretch) <= MAX_STRETCH:
        return
    raise FileUnusableError(
        f"The mask has another aspect ratio ({mask.width}x{mask.height}) than its picture "
        f"({picture.width}x{picture.height}): stretched over it, it would mark another area.",
        hint=f"Make the mask {picture.width}x{picture.height}, or the same shape at another size.",
    )


def _pixels_must_change(facts: Facts) -> bool:
    return (
        facts.orientation != 1
        or facts.frames > 1
        or facts.mode not in _SENDABLE_MODES
        or facts.depth != _BITS
    )


def _is_srgb(source: Path, facts: Facts) -> bool:
    profile = icc_profile(source, facts)
    return profile is None or is_srgb(profile, facts.mode)


def _stripped(source: Path, facts: Facts, target: Path) -> Fitted | None:
    if not (facts.metadata or facts.tail):
        return None
    strip(source, facts, target)
    return Fitted(facts=probe(target), changes=_removals(facts))


def _removals(facts: Facts) -> list[str]:
    changes = []
    named = [name for name in ("EXIF", "GPS") if name in facts.metadata]
    if named:
        others = ["other metadata"] if facts.metadata - {"EXIF", "GPS"} else []
        changes.append(f"{listed(named + others)} removed")
    elif facts.metadata:
        changes.append("metadata removed before sending")
    if facts.tail:
        changes.append(f"{facts.tail:,} trailing bytes removed")
    return changes


def _types(limits: ImageLimits) -> tuple[str, ...]:
    return tuple(f"image/{name}" for name in limits.formats)


def _by_preference(
    facts: Facts, types: tuple[str, ...], size: Size, max_bytes: int
) -> tuple[str, ...]:
    """Return the types to try: a lossless one for lossless pictures, then the most compact."""
    lossless = facts.media_type not in {"image/jpeg", "image/webp", "image/avif"}
    expected = facts.bytes * (size.width * size.height) / facts.pixels
    order = ["image/jpeg"] if facts.media_type in {"image/jpeg", "image/avif"} else []
    order = ["image/webp"] if facts.has_alpha else order
    if lossless and not (
        facts.media_type == "image/png" and expected > max_bytes * _MAX_PNG_EXCESS
    ):
        order = ["image/png"]
    order += ["image/webp", "image/jpeg", "image/png"]
    return tuple(dict.fromkeys(one for one in order if one in types))


def _converted(
    source: Path, facts: Facts, size: Size, alpha: AlphaUse
) -> "tuple[Image.Image, list[str]]":
    """Return the picture as it is sent, before it is encoded, and the changes of its pixels."""
    orientation = remaining_orientation(facts)
    stored = Size(size.height, size.width) if orientation in SIDEWAYS else size
    # Twice the target size is enough for a good Lanczos resize.
    image = decode_image(source, facts, at_least=Size(stored.width * 2, stored.height * 2))
    levels = plain_mode(image, facts)
    pixels = levels.image if levels.image.size == stored else _resize(levels.image, stored)
    converted = to_srgb(pixels)
    picture = upright(converted.image, orientation)
    if alpha != "send":
        picture = fill_transparent(picture) if alpha == "separate" else on_white(picture)
    changes = [_ALPHA_CHANGES[alpha]] if alpha != "send" else []
    return picture, [*changes, *levels.changes, *converted.changes, *_removals(facts)]


def _resize(image: "Image.Image", size: Size) -> "Image.Image":
    from PIL import Image

    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _write(data: bytes, target: Path, changes: list[str]) -> Fitted:
    with atomic_write(target) as out:
        out.write(data)
    return Fitted(facts=probe(target), changes=changes)


def _describe_changes(
    facts: Facts, size: Size, media_type: str, length: int, max_bytes: int
) -> list[str]:
    """Return the changes as phrases, the most visible first."""
    changes = []
    if size != facts.size:
        changes.append(_describe_resize(size, facts.size))
    if facts.frames > 1:
        unit = "pages" if facts.media_type == "image/tiff" else "frames"
        changes.append(f"reduced to the first of {facts.frames} {unit}")
    if facts.orientation != 1:
        changes.append("rotated upright")
    too_long = facts.bytes > max_bytes
    if media_type != facts.media_type or (too_long and size == facts.size):
        before, after = f"{facts.bytes / 1e6:.1f} MB", f"{length / 1e6:.1f} MB"
        lengths = f" ({after} instead of {before})" if too_long else ""
        changes.append(f"re-encoded as {NAMES[media_type]}{lengths}")
    elif facts.mode in _PACKED_MODES:
        changes.append(f"converted to {_PACKED_MODES[facts.mode]}")
    return changes


def _describe_resize(size: Size, before: Size) -> str:
    """Return a phrase such as `shrunk from 1536x1536 to 1024x1024`."""
    larger = size.width * size.height > before.width * before.height
    verb = "enlarged" if larger else "shrunk"
    return f"{verb} from {size_text(before)} to {size_text(size)}"
