"""Packing a picture into a file of at most so many bytes, as good as that allows."""

import io
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from stability_mcp.api.fields import ImageLimits, Size
from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.sizes import smaller_size

if TYPE_CHECKING:
    from PIL import Image

QUALITIES = (95, 90, 82, 75, 65)
"""What is tried before the picture is made smaller; below, edges begin to ring."""
MAX_WEBP_SIDE = 16_383
_PLUGINS: Mapping[str, str] = MappingProxyType(
    {"image/png": "Png", "image/jpeg": "Jpeg", "image/webp": "WebP"}
)


class Encoded(NamedTuple):
    """A picture as a file."""

    data: bytes
    media_type: str
    size: Size


def pack(image: "Image.Image", media_type: str, options: Mapping[str, Any]) -> bytes:
    """Return the picture as a file of that type, with Pillow's options for the format."""
    from importlib import import_module

    name = _PLUGINS[media_type]
    import_module(f"PIL.{name}ImagePlugin")
    buffer = io.BytesIO()
    image.save(buffer, name.upper(), **options)
    return buffer.getvalue()


def within(
    image: "Image.Image",
    media_types: tuple[str, ...],
    max_bytes: int,
    *,
    limits: ImageLimits,
    icc_profile: bytes | None = None,
) -> Encoded:
    """Return the picture in the first of these types that fits, else at less quality, else smaller.

    Args:
        image: A picture of mode L, RGB or RGBA.
        media_types: Types that may be used, the one wanted most first.
        max_bytes: Longest file, in bytes.
        limits: What a smaller picture has to keep to.
        icc_profile: What its numbers mean as colours, where they are not sRGB.

    Raises:
        FileUnusableError: Not even the smallest picture that the limits allow fits.
    """
    transparent = image.mode == "RGBA"
    extra = {"icc_profile": icc_profile} if icc_profile else {}
    size: Size | None = Size(*image.size)
    while size:
        if image.size != size:
            image = image.resize(size)
        for media_type, options in _attempts(media_types, transparent=transparent):
            if media_type == "image/webp" and max(size) > MAX_WEBP_SIDE:
                continue
            data = pack(image, media_type, options | extra)
            if len(data) <= max_bytes:
                return Encoded(data, media_type, size)
        size = smaller_size(size, limits)
    raise FileUnusableError(
        f"The picture does not fit into {max_bytes:,} bytes.", hint="Use a smaller picture."
    )


def _attempts(
    media_types: tuple[str, ...], *, transparent: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    for media_type in media_types:
        if media_type == "image/png":
            # Higher levels take several times as long and save a few hundredths.
            yield media_type, {"compress_level": 4}
        elif media_type == "image/webp":
            for quality in QUALITIES:
                # Half the time of the default method, and a few hundredths more bytes.
                yield media_type, {"quality": quality, "method": 2}
        elif not transparent:
            for quality in QUALITIES:
                yield media_type, {"quality": quality, "optimize": True}
