"""Decodes pictures with Pillow: only the sniffed format, only within the memory limit, one frame.

Pillow opens files only here; all its errors for broken files become FileUnusableError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from stability_mcp.api.fields import Size
from stability_mcp.errors import FileUnusableError, StudioError
from stability_mcp.imaging.containers.exif import Exif, read_exif
from stability_mcp.imaging.containers.piece import damaged
from stability_mcp.imaging.facts import Facts, Metadata
from stability_mcp.imaging.memory import estimate
from stability_mcp.imaging.sniff import extension

if TYPE_CHECKING:
    from PIL import Image

MAX_DECODED_BYTES = 300_000_000
"""Maximum memory for processing one picture.

This allows 33 megapixels of PNG with alpha, 40 of progressive JPEG and 60 of other formats."""
MAX_WEBP_PIXELS = 16_777_216
"""Largest WebP: its decoder needs the whole file and three times as much memory as others."""

_ORIENTATION, _GPS = 0x0112, 0x8825
_FORMATS = {
    "image/png": "Png",
    "image/jpeg": "Jpeg",
    "image/webp": "WebP",
    "image/gif": "Gif",
    "image/bmp": "Bmp",
    "image/tiff": "Tiff",
    "image/avif": "Avif",
}
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
    exif, has_exif = Exif(1, place=False), False
    with _reading(file, media_type) as image:
        mode, (width, height) = image.mode, image.size
        frames = getattr(image, "n_frames", 1)
        transparent = image.has_transparency_data
        if block := image.info.get("exif"):
            exif, has_exif = read_exif(block), True
        if media_type == "image/tiff":
            exif = _tiff_exif(image.getexif())
    metadata: set[Metadata] = {"GPS"} if exif.place else set()
    return Facts(
        media_type=media_type,
        bytes=size,
        width=width,
        height=height,
        mode=mode,
        depth=16 if mode.startswith(("I", "F")) else 8,
        has_alpha=transparent,
        # Pillow's AVIF reader rotates the picture itself.
        orientation=1 if media_type == "image/avif" else exif.orientation,
        frames=frames,
        metadata=frozenset(metadata | ({"EXIF"} if has_exif else set())),
    )


def _tiff_exif(tags: "Image.Exif") -> Exif:
    """Return the EXIF facts of a TIFF, which uses the same tags."""
    orientation = tags.get(_ORIENTATION, 1)
    return Exif(orientation if orientation in range(1, 9) else 1, place=_GPS in tags)


def check_decodable(facts: Facts) -> None:
    """Raise FileUnusableError if decoding a picture would take too much memory."""
    need = estimate(facts)
    webp = facts.media_type == "image/webp"
    if need <= MAX_DECODED_BYTES and not (webp and facts.pixels > MAX_WEBP_PIXELS):
        return
    form = extension(facts.media_type).upper()
    kind = f"progressive {form}" if facts.progressive and form == "JPG" else form
    raise FileUnusableError(
        f"The picture is too large to process: {facts.width}x{facts.height} as {kind} needs "
        f"{need / 1e6:,.0f} MB of memory.",
        hint="Scale it down, or save it as PNG or baseline JPEG.",
    )


def decode_image(path: Path, facts: Facts, *, at_least: Size | None = None) -> "Image.Image":
    """Decode the first frame as stored: it may need rotation and be in any mode.

    Args:
        path: The picture.
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
    with path.open("rb") as file, _reading(file, facts.media_type) as image:
        if image.size != (facts.width, facts.height):
            # The memory estimate is based on the header; a larger frame would exceed it.
            raise damaged("picture", "it declares two different sizes")
        if at_least and facts.media_type == "image/jpeg" and image.mode in {"L", "RGB"}:
            image.draft(image.mode, at_least)
        image.load()
    return image


def upright(image: "Image.Image", orientation: int) -> "Image.Image":
    """Return the picture rotated or flipped by its EXIF orientation."""
    from PIL import Image

    name = _TURNS.get(orientation)
    return image.transpose(Image.Transpose[name]) if name else image


def plain_mode(image: "Image.Image") -> "Image.Image":
    """Return the picture as L, RGB or RGBA with 8 bits per channel, keeping transparency."""
    if image.mode in {"L", "RGB"} and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        # Pillow would clip values above 255 instead of scaling them.
        grey = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        grey.info.pop("transparency", None)  # a 16-bit value, or anything in a damaged file
        return grey
    if image.mode == "1":
        return image.convert("L")
    transparent = image.has_transparency_data
    return image if image.mode == "RGBA" else image.convert("RGBA" if transparent else "RGB")


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
            hint="Convert it to JPEG or PNG first.",
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
        if error.errno is not None:
            raise
        raise _broken(media_type) from error
    except Exception as error:
        raise _broken(media_type) from error


def _broken(media_type: str) -> FileUnusableError:
    return damaged(extension(media_type).upper(), "it cannot be decoded")
