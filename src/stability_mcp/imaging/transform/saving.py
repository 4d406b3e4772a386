"""Writes the result of transforms: PNG where nothing may be lost, JPEG or WebP for photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from stability_mcp.imaging.encode import MAX_WEBP_SIDE, encode
from stability_mcp.imaging.strip import atomic_write
from stability_mcp.imaging.transform.blending import flatten
from stability_mcp.imaging.transform.paint import WHITE
from stability_mcp.imaging.transform.size_limits import TransformError, size_text

if TYPE_CHECKING:
    from PIL import Image

Format = Literal["png", "jpeg", "webp"]

QUALITY = 95
"""A further edit of the result loses nothing that a person sees."""
_LOSSY: dict[str, Format] = {"image/jpeg": "jpeg", "image/webp": "webp", "image/avif": "webp"}
"""What a lossy source becomes; all others are kept without loss."""
_PNG_LEVEL = 2
"""Four times as fast as Pillow's default, and a tenth larger."""
_WEBP_METHOD = 2
"""Half the time of the default for a few percent more bytes."""


class Output(NamedTuple):
    """How a picture is written."""

    format: Format
    quality: int = QUALITY


def default_output(media_type: str, picture: "Image.Image") -> Output:
    """Return how a result is written unless the caller chose a format.

    Args:
        media_type: Type of the source.
        picture: The result.
    """
    form = _LOSSY.get(media_type, "png")
    too_long = form == "webp" and max(picture.size) > MAX_WEBP_SIDE
    return Output("png" if picture.mode == "RGBA" or too_long else form)


def write_picture(picture: "Image.Image", path: Path, output: Output) -> bool:
    """Write a picture; return whether transparency was lost (it becomes white in a JPEG).

    Raises:
        TransformError: the format can't hold it.
        OSError: the disk is full.
    """
    if output.format == "webp" and max(picture.size) > MAX_WEBP_SIDE:
        raise TransformError(
            f"WebP holds at most {MAX_WEBP_SIDE:,} pixels per side, and the result is "
            f"{size_text(picture.size)}",
            hint="Convert it to png or jpeg.",
        )
    loses = output.format == "jpeg" and picture.mode == "RGBA"
    shown = flatten(picture, WHITE) if loses else picture
    data = encode(shown, f"image/{output.format}", _options(output))
    with atomic_write(path) as out:
        out.write(data)
    return loses


def _options(output: Output) -> dict[str, int]:
    if output.format == "png":
        return {"compress_level": _PNG_LEVEL}
    if output.format == "webp":
        return {"quality": output.quality, "method": _WEBP_METHOD}
    # Without subsampling, so that coloured letters have clean edges.
    return {"quality": output.quality, "subsampling": 0 if output.quality >= 90 else 2}  # noqa: PLR2004 -- high quality
