"""Decodes pictures with Pillow: only the sniffed format, only within the memory limit, one frame.

Pillow opens files only here; all its errors for broken files become FileUnusableError.
"""

import errno
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from stability_mcp.api.fields import Size
from stability_mcp.errors import FileUnusableError, StudioError
from stability_mcp.imaging.containers import tiff
from stability_mcp.imaging.containers.exif import GPS, ORIENTATION, valid_orientation
from stability_mcp.imaging.containers.piece import cut_short, damaged
from stability_mcp.imaging.facts import SIDEWAYS, Facts, Metadata
from stability_mcp.imaging.formats import EXTRA
from stability_mcp.imaging.levels import DEEP_MODES, Levels, check_used_range, to_8_bits
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.sniff import extension

if TYPE_CHECKING:
    from PIL import Image

MAX_DECODED_BYTES = 300_000_000
"""Maximum memory for processing one picture.

This allows 33 megapixels of PNG with alpha, 40 of progressive JPEG and 60 of other formats."""
MAX_WEBP_PIXELS = 16_777_216
"""Largest WebP: its decoder needs the whole file and three times as much memory as others."""

_FORMATS = {
    "image/png": "Png",
    "image/jpeg": "Jpeg",
    "image/webp": "WebP",
    "image/gif": "Gif",
    "image/bmp": "Bmp",
    "image/tiff": "Tiff",
    "image/avif": "Avif",
}
_ROTATED_BY_PILLOW = frozenset({"image/tiff"})
"""Formats whose reader in Pillow applies the orientation while it decodes."""
_TRUNCATED = "truncated"
"""Word in Pillow's error for a file that ends too early."""
_BITS = 8
_MAX_COMPARED_PIXELS = 8_000_000
_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def header_facts(file: BinaryIO, size: int, media_type: str) -> Facts:
    """Return the facts that Pillow reads from the header of a BMP, TIFF, AVIF or HEIC picture.

    Raises:
        FileUnusableError: The format isn't supported, or the file is damaged.
    """
    first = tiff.first_directory(file) if media_type == "image/tiff" else None
    with _reading(file, media_type) as image:
        mode, (width, height) = image.mode, image.size
        frames = getattr(image, "n_frames", 1)
        transparent = image.has_transparency_data
        exif = image.getexif()
        orientation = valid_orientation(exif.get(ORIENTATION))
        metadata: set[Metadata] = {"GPS"} if GPS in exif else set()
        if "exif" in image.info:
            metadata.add("EXIF")
    if media_type in _ROTATED_BY_PILLOW and orientation in SIDEWAYS:
        width, height = height, width  # Pillow reports the upright size
    return Facts(
        media_type=media_type,
        bytes=size,
        width=width,
        height=height,
        mode=mode,
        depth=max(first.bits, _BITS) if first else _BITS,
        signed=first is not None and first.signed,
        white_is_zero=first is not None and first.white_is_zero,
        has_alpha=transparent,
        orientation=orientation,
        has_profile="icc_profile" in image.info,
        frames=frames,
        metadata=frozenset(metadata),
    )


def is_decodable(facts: Facts) -> bool:
    """Return whether a picture can be decoded within the memory limit."""
    webp = facts.media_type == "image/webp"
    fits = estimate(facts) <= MAX_DECODED_BYTES
    return fits and not (webp and facts.pixels > MAX_WEBP_PIXELS)


def check_decodable(facts: Facts) -> None:
    """Raise FileUnusableError if decoding a picture would take too much memory."""
    if is_decodable(facts):
        return
    need = estimate(facts)
    form = extension(facts.media_type).upper()
    kind = f"progressive {form}" if facts.progressive and form == "JPG" else form
    kind += " with transparency" if facts.has_alpha else ""
    raise FileUnusableError(
        f"The picture is too large to process: {facts.width}x{facts.height} as {kind} needs "
        f"{need / 1e6:,.0f} MB of memory.",
        hint=f"Scale it down to {_largest_size(facts)}{_cheaper_form(facts)}.",
    )


def _largest_size(facts: Facts) -> str:
    """Return the largest size with its aspect ratio that can be processed."""
    pixels = facts.pixels * MAX_DECODED_BYTES / estimate(facts)
    if facts.media_type == "image/webp":
        pixels = min(pixels, MAX_WEBP_PIXELS)
    scale = math.sqrt(pixels / facts.pixels)
    width, height = facts.size
    return f"{math.floor(width * scale)}x{math.floor(height * scale)} pixels"


def _cheaper_form(facts: Facts) -> str:
    """Return another way to save the picture at its size, as a phrase; empty if none is enough."""
    baseline = replace(
        facts, media_type="image/jpeg", has_alpha=False, progressive=False, mode="RGB", depth=_BITS
    )
    if estimate(baseline) > MAX_DECODED_BYTES:
        return ""
    lost = ", without transparency" if facts.has_alpha else ""
    return f", or save it as baseline JPEG{lost}"


def decode_image(
    source: Path | BinaryIO, facts: Facts, *, at_least: Size | None = None
) -> "Image.Image":
    """Decode the first frame as stored: it may need rotation and be in any mode.

    Args:
        source: The picture. An open file is left open, at an arbitrary position.
        facts: Its `probe` facts; Pillow's own are checked against them.
        at_least: A sufficient size, as stored: a JPEG can be decoded at a half, a quarter or an
            eighth of its size, which is several times faster.

    Raises:
        FileUnusableError: It isn't a picture, is too large to decode, or is damaged behind an
            intact header.
    """
    if facts.kind != "image":
        raise FileUnusableError(f"This is {facts.kind}, not a picture.", hint="Pass a picture.")
    check_decodable(facts)
    opened = source.open("rb") if isinstance(source, Path) else nullcontext(source)
    with opened as file, _reading(file, facts.media_type) as image:
        rotated = facts.media_type in _ROTATED_BY_PILLOW
        if image.size != (facts.size if rotated else (facts.width, facts.height)):
            # The memory estimate is based on the header; a larger frame would exceed it.
            raise damaged("picture", "it declares two different sizes")
        if at_least and facts.media_type == "image/jpeg" and image.mode in {"L", "RGB"}:
            image.draft(image.mode, at_least)
        image.load()
    return image


def differing_share(path: Path, ends: Sequence[bytes]) -> float:
    """Return which share of a JPEG's rows depends on what is appended to it, from 0 to 1.

    Raises:
        FileUnusableError: It cannot be decoded.
    """
    from PIL import ImageChops

    data = path.read_bytes()
    shown = []
    for end in ends:
        with _reading(io.BytesIO(data + end), "image/jpeg") as image:
            if image.width * image.height > _MAX_COMPARED_PIXELS and image.mode in {"L", "RGB"}:
                image.draft(image.mode, (image.width // 8, image.height // 8))
            image.load()
            shown.append(image)
    first, *others = shown
    height = first.height
    boxes = [ImageChops.difference(first, other).convert("RGB").getbbox() for other in others]
    return max((1 - box[1] / height for box in boxes if box), default=0.0)


def icc_profile(path: Path, facts: Facts) -> bytes | None:
    """Return the embedded colour profile without decoding the picture; None if it has none.

    Raises:
        FileUnusableError: The file is damaged.
    """
    if not facts.has_profile:
        return None
    with path.open("rb") as file, _reading(file, facts.media_type) as image:
        profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) else None


def remaining_orientation(facts: Facts) -> int:
    """Return the EXIF orientation that `decode_image` has not applied yet."""
    return 1 if facts.media_type in _ROTATED_BY_PILLOW else facts.orientation


def upright(image: "Image.Image", orientation: int) -> "Image.Image":
    """Return the picture rotated or flipped by its EXIF orientation."""
    from PIL import Image

    name = _TURNS.get(orientation)
    return image.transpose(Image.Transpose[name]) if name else image


def plain_mode(image: "Image.Image", facts: Facts) -> Levels:
    """Return the picture with 8 bits per channel as L, RGB, RGBA, CMYK or LAB.

    Transparency and the colour profile are kept; `colour.to_srgb` converts the rest.

    Raises:
        FileUnusableError: Its values can't be shown with 8 bits.
    """
    if image.mode in DEEP_MODES:
        levels = to_8_bits(
            image, bits=facts.depth, signed=facts.signed, inverted=facts.white_is_zero
        )
        levels.image.info.pop("transparency", None)  # a 16-bit value, or anything in a bad file
        return levels
    check_used_range(image, facts.depth)
    changes = [f"reduced from {facts.depth} to 8 bits per channel"] if facts.depth > _BITS else []
    if image.mode in {"L", "RGB", "CMYK", "LAB"} and "transparency" not in image.info:
        return Levels(image, changes)
    if image.mode == "1":
        return Levels(image.convert("L"), changes)
    transparent = image.has_transparency_data
    plain = image if image.mode == "RGBA" else image.convert("RGBA" if transparent else "RGB")
    return Levels(plain, changes)


def alpha_of(image: "Image.Image") -> "Image.Image | None":
    """Return the opacity of each pixel as a greyscale picture; None without transparency data."""
    if not image.has_transparency_data:
        return None
    return (image if image.mode in {"RGBA", "LA"} else image.convert("RGBA")).getchannel("A")


def transparent_share(alpha: "Image.Image") -> float:
    """Return the share of pixels that aren't fully opaque, from 0 to 1."""
    return 1 - alpha.histogram()[255] / (alpha.width * alpha.height)


def is_empty(alpha: "Image.Image") -> bool:
    """Return whether every pixel is fully transparent."""
    return not alpha.getbbox()


@contextmanager
def _reading(file: BinaryIO, media_type: str) -> "Iterator[Image.Image]":
    """Open a file with the reader for its type and turn Pillow's errors into FileUnusableError.

    Keep only Pillow's reading inside the block: our own bugs must not look like a damaged file.
    """
    name = _FORMATS.get(media_type)
    if name is None:
        raise FileUnusableError(
            f"{extension(media_type).upper()} pictures aren't supported.",
            hint=f"Export it as JPEG or PNG. {EXTRA}",
        )
    from PIL import Image

    # Pillow loads all of its forty format plugins if the requested one isn't loaded.
    import_module(f"PIL.{name}ImagePlugin")
    try:
        file.seek(0)
        with Image.open(file, formats=(name.upper(),)) as image:
            yield image
    except StudioError:
        raise
    except OSError as error:
        # Pillow seeks to positions that a damaged file states; the system refuses impossible ones.
        if error.errno not in {None, errno.EINVAL}:
            raise
        raise (_cut_short if _TRUNCATED in str(error) else _broken)(media_type) from error
    except Exception as error:
        raise _broken(media_type) from error


def _broken(media_type: str) -> FileUnusableError:
    return damaged(_name(media_type), "it cannot be decoded")


def _cut_short(media_type: str) -> FileUnusableError:
    return cut_short(_name(media_type), "the end of its picture is missing")


def _name(media_type: str) -> str:
    name = _FORMATS[media_type]
    return name if name == "WebP" else name.upper()
