"""Making a picture one that an operation takes, and saying what was done to it.

Only what has to be changed is: a picture that fits is sent as it is, and one that only carries
metadata loses them without being encoded again. EXIF is never sent: it tells place and camera.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.encode import within
from stability_mcp.imaging.facts import Facts
from stability_mcp.imaging.pixels import plain_mode, unpacked, upright
from stability_mcp.imaging.probe import probe
from stability_mcp.imaging.sizes import fitting_size
from stability_mcp.imaging.strip import replacing, strip
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
"""How formats are called in sentences."""

_SENDABLE_MODES = {"L", "RGB", "RGBA"}
_BITS = 8
_MAX_PNG_EXCESS = 1.3
"""A PNG this many times too large does not come to fit by packing it better."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A picture that was made to fit."""

    facts: Facts
    changes: list[str]
    """What was done to it, each as a phrase such as `1024x1024 of 1536x1536`."""


def fit_image(
    source: Path, facts: Facts, limits: ImageLimits, *, max_bytes: int, target: Path
) -> Fitted | None:
    """Write the picture to `target` as the limits ask for; None when it fits as it is.

    Args:
        source: The picture.
        facts: What `probe` says of it.
        limits: What the operation takes.
        max_bytes: Longest file, in bytes.
        target: Where to write; untouched when None is returned.

    Raises:
        FileUnusableError: It is damaged, too large to unpack, or only cropping or padding helps.
        OSError: `target` cannot be written.
    """
    if facts.kind != "image":
        raise FileUnusableError(
            f"This is {facts.media_type}, and a picture is needed.", hint="Name a picture."
        )
    size = fitting_size(facts.size, limits)
    if size == facts.size and facts.media_type in _types(limits) and not _pixels_must_change(facts):
        fitted = _stripped(source, facts, target)
        if (fitted.facts if fitted else facts).bytes <= max_bytes:
            return fitted
    return _encoded(source, facts, size, limits, max_bytes=max_bytes, target=target)


def fit_mask(  # noqa: PLR0913 -- what it was and what it becomes, for the picture and the mask
    source: Path,
    facts: Facts,
    *,
    picture: Facts,
    size: Size,
    max_bytes: int,
    target: Path,
) -> Fitted | None:
    """Write a mask to `target` in grey and as large as its picture; None when it is so already.

    Args:
        source: The mask.
        facts: What `probe` says of it.
        picture: What `probe` says of the picture, before that was made to fit.
        size: The size of the picture as it is sent.
        max_bytes: Longest file, in bytes.
        target: Where to write; untouched when None is returned.

    Raises:
        FileUnusableError: It is damaged or too large to unpack.
        OSError: `target` cannot be written.
    """
    if facts.kind != "image":
        raise FileUnusableError(
            f"This is {facts.media_type}, and a mask is a picture.", hint="Name a picture."
        )
    stored = Size(picture.width or 0, picture.height or 0)
    # A mask drawn over the pixels as they are stored is turned like the picture is.
    along = facts.orientation == 1 and facts.size == stored != picture.size
    orientation = picture.orientation if along else facts.orientation
    grey = facts.mode == "L" and facts.depth == _BITS and not facts.has_alpha
    types = ("image/png", "image/webp", "image/jpeg")
    if grey and orientation == 1 and facts.size == size and facts.media_type in types:
        fitted = _stripped(source, facts, target)
        if (fitted.facts if fitted else facts).bytes <= max_bytes:
            return fitted
    flat = upright(flat_grey(unpacked(source, facts)), orientation)
    encoded = within(
        flat if flat.size == size else flat.resize(size), types, max_bytes, limits=ImageLimits()
    )
    changes = [] if facts.size == size else [_scaling(size, facts.size)]
    if along or facts.orientation != 1:
        changes.append("turned like its picture" if along else "turned upright")
    if not grey:
        changes.append("turned grey")
    return _written(encoded.data, target, changes)


def flat_grey(image: "Image.Image") -> "Image.Image":
    """Return a mask in grey; where it is transparent it marks nothing, as where it is black."""
    from PIL import Image

    plain = plain_mode(image)
    if plain.mode == "RGBA":
        black = Image.new("RGBA", plain.size, "black")
        plain = Image.alpha_composite(black, plain)
    return plain.convert("L")


def _pixels_must_change(facts: Facts) -> bool:
    return (
        facts.orientation != 1
        or facts.frames > 1
        or facts.mode not in _SENDABLE_MODES
        or facts.depth != _BITS
    )


def _stripped(source: Path, facts: Facts, target: Path) -> Fitted | None:
    if not (facts.metadata or facts.tail):
        return None
    strip(source, facts, target)
    return Fitted(facts=probe(target), changes=_left_out(facts))


def _left_out(facts: Facts) -> list[str]:
    changes = []
    if facts.metadata:
        names = [name for name in ("EXIF", "GPS", "XMP", "text") if name in facts.metadata]
        changes.append(f"{listed(names)} left out")
    if facts.tail:
        changes.append(f"{facts.tail:,} bytes behind its end left out")
    return changes


def _types(limits: ImageLimits) -> tuple[str, ...]:
    return tuple(f"image/{name}" for name in limits.formats)


def _by_preference(
    facts: Facts, types: tuple[str, ...], size: Size, max_bytes: int
) -> tuple[str, ...]:
    """Return the types to try: lossless for what is lossless, then what packs best."""
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


def _encoded(  # noqa: PLR0913 -- the whole plan of one picture
    source: Path,
    facts: Facts,
    size: Size,
    limits: ImageLimits,
    *,
    max_bytes: int,
    target: Path,
) -> Fitted:
    turned = facts.size != (facts.width, facts.height)
    stored = Size(size.height, size.width) if turned else size
    # Twice the size asked for leaves Lanczos enough to do.
    image = unpacked(source, facts, at_least=Size(stored.width * 2, stored.height * 2))
    icc_profile = image.info.get("icc_profile") if image.mode in {"RGB", "RGBA"} else None
    pixels = plain_mode(image)
    if pixels.size != stored:
        pixels = _resized(pixels, stored)
    pixels = upright(pixels, facts.orientation)
    types = _by_preference(facts, _types(limits), size, max_bytes)
    encoded = within(pixels, types, max_bytes, limits=limits, icc_profile=icc_profile)
    return _written(
        encoded.data,
        target,
        _changes(facts, encoded.size, encoded.media_type, len(encoded.data), max_bytes),
    )


def _resized(image: "Image.Image", size: Size) -> "Image.Image":
    from PIL import Image

    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _written(data: bytes, target: Path, changes: list[str]) -> Fitted:
    with replacing(target) as out:
        out.write(data)
    return Fitted(facts=probe(target), changes=changes)


def _changes(facts: Facts, size: Size, media_type: str, length: int, max_bytes: int) -> list[str]:
    """Return what was done, the most visible first."""
    changes = []
    if size != facts.size:
        changes.append(_scaling(size, facts.size))
    if facts.frames > 1:
        changes.append(f"first of {facts.frames} frames")
    if facts.orientation != 1:
        changes.append("turned upright")
    too_long = facts.bytes > max_bytes
    if media_type != facts.media_type or (too_long and size == facts.size):
        lengths = f", {length / 1e6:.1f} MB of {facts.bytes / 1e6:.1f} MB" if too_long else ""
        changes.append(f"re-encoded as {NAMES[media_type]}{lengths}")
    if facts.mode == "CMYK":
        changes.append("CMYK turned into RGB")
    if facts.depth > _BITS:
        changes.append(f"8 of {facts.depth} bits a colour")
    return changes + _left_out(facts)


def _scaling(size: Size, before: Size) -> str:
    """Return `1024x1024 of 1536x1536`, or that it was scaled up."""
    now, was = f"{size.width}x{size.height}", f"{before.width}x{before.height}"
    up = size.width * size.height > before.width * before.height
    return f"scaled up to {now} from {was}" if up else f"{now} of {was}"
