"""Unpacking pictures with Pillow: only the format that was sniffed, only what fits, one frame.

The one place where Pillow opens a file; whatever it raises on broken bytes becomes one error.
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

MAX_UNPACKED = 300_000_000
"""Most that one picture may take while it is worked on, in bytes.

That is 33 megapixels of PNG with alpha, 40 of progressive JPEG and 60 of the rest."""
MAX_WEBP_PIXELS = 16_777_216
"""Largest WebP: its decoder needs the whole file and three times the memory of the others."""

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
    """Return what Pillow reads from the header of a BMP, TIFF, AVIF or HEIC picture.

    Raises:
        FileUnusableError: It cannot be read here, or is damaged.
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
        # Pillow's AVIF reader turns the picture itself.
        orientation=1 if media_type == "image/avif" else exif.orientation,
        frames=frames,
        metadata=frozenset(metadata | ({"EXIF"} if has_exif else set())),
    )


def _tiff_exif(tags: "Image.Exif") -> Exif:
    """Return what the tags of a TIFF say, which are those of EXIF."""
    orientation = tags.get(_ORIENTATION, 1)
    return Exif(orientation if orientation in range(1, 9) else 1, place=_GPS in tags)


def check_unpackable(facts: Facts) -> None:
    """Raise FileUnusableError for a picture that would take too much memory to unpack."""
    need = estimate(facts)
    webp = facts.media_type == "image/webp"
    if need <= MAX_UNPACKED and not (webp and facts.pixels > MAX_WEBP_PIXELS):
        return
    form = extension(facts.media_type).upper()
    kind = f"progressive {form}" if facts.progressive and form == "JPG" else form
    raise FileUnusableError(
        f"The picture is too large to work on: {facts.width}x{facts.height} as {kind} takes "
        f"{need / 1e6:,.0f} MB unpacked.",
        hint="Scale it down, or save it as PNG or baseline JPEG, and use that.",
    )


def unpacked(path: Path, facts: Facts, *, at_least: Size | None = None) -> "Image.Image":
    """Return the first frame with its pixels, as stored: it may be turned and of any mode.

    Args:
        path: The picture.
        facts: What `probe` says of it; nothing else is believed.
        at_least: A size, as stored, that is enough: a JPEG can be unpacked at a half, a quarter or
            an eighth, which is several times faster.

    Raises:
        FileUnusableError: It is no picture, too large to unpack, or damaged where the header is
            whole.
    """
    if facts.kind != "image":
        raise FileUnusableError(f"This is {facts.kind}, not a picture.", hint="Name a picture.")
    check_unpackable(facts)
    with path.open("rb") as file, _reading(file, facts.media_type) as image:
        if image.size != (facts.width, facts.height):
            # The memory was counted by the header; a frame that is larger would break the count.
            raise damaged("picture", "it says two different sizes of itself")
        if at_least and facts.media_type == "image/jpeg" and image.mode in {"L", "RGB"}:
            image.draft(image.mode, at_least)
        image.load()
    return image


def upright(image: "Image.Image", orientation: int) -> "Image.Image":
    """Return the picture as its EXIF orientation says it is seen."""
    from PIL import Image

    name = _TURNS.get(orientation)
    return image.transpose(Image.Transpose[name]) if name else image


def plain_mode(image: "Image.Image") -> "Image.Image":
    """Return the picture as L, RGB or RGBA with 8 bits a channel, its transparency kept."""
    if image.mode in {"L", "RGB"} and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        # Pillow would cut off the values above 255 instead of scaling them.
        grey = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        grey.info.pop("transparency", None)  # a value of 16 bits, or of a damaged file any
        return grey
    if image.mode == "1":
        return image.convert("L")
    transparent = image.has_transparency_data
    return image if image.mode == "RGBA" else image.convert("RGBA" if transparent else "RGB")


def alpha_of(image: "Image.Image") -> "Image.Image | None":
    """Return how opaque each pixel is, as a grey picture; None when all are."""
    if not image.has_transparency_data:
        return None
    return (image if image.mode in {"RGBA", "LA"} else image.convert("RGBA")).getchannel("A")


def transparent_share(alpha: "Image.Image") -> float:
    """Return the share of pixels that are not fully opaque, 0 to 1."""
    return 1 - alpha.histogram()[255] / (alpha.width * alpha.height)


@contextmanager
def _reading(file: BinaryIO, media_type: str) -> "Iterator[Image.Image]":
    """Open with the one reader of this type; what it raises becomes FileUnusableError.

    Only Pillow's reading belongs inside: an error of our own must not be taken for a damaged file.
    """
    name = _FORMATS.get(media_type)
    if name is None:
        raise FileUnusableError(
            f"{extension(media_type).upper()} pictures cannot be read here.",
            hint="Export it as JPEG or PNG and use that.",
        )
    from PIL import Image

    # Pillow loads all of its forty formats when the one that is asked for is missing.
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
    return damaged(extension(media_type).upper(), "it cannot be unpacked")
