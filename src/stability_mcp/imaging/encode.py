"""Encodes a picture into a file of limited size at the best quality that fits."""

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
"""Qualities to try before shrinking the picture; below 65 edges show ringing."""
MAX_WEBP_SIDE = 16_383
MAX_JPEG_SIDE = 65_500
"""Limit of libjpeg."""
_MAX_SIDES: Mapping[str, int] = MappingProxyType(
    {"image/webp": MAX_WEBP_SIDE, "image/jpeg": MAX_JPEG_SIDE}
)
_PLUGINS: Mapping[str, str] = MappingProxyType(
    {"image/png": "Png", "image/jpeg": "Jpeg", "image/webp": "WebP"}
)


class Encoded(NamedTuple):
    """An encoded picture."""

    data: bytes
    media_type: str
    size: Size


def encode(image: "Image.Image", media_type: str, options: Mapping[str, Any]) -> bytes:
    """Encode a picture as a media type, with Pillow's options for the format."""
    from importlib import import_module

    name = _PLUGINS[media_type]
    import_module(f"PIL.{name}ImagePlugin")
    buffer = io.BytesIO()
    image.save(buffer, name.upper(), **options)
    return buffer.getvalue()


def encode_within(
    image: "Image.Image",
    media_types: tuple[str, ...],
    max_bytes: int,
    *,
    limits: ImageLimits,
) -> Encoded:
    """Encode a picture in the first type that fits, at lower quality or a smaller size if needed.

    Args:
        image: A picture in mode L, RGB or RGBA, in sRGB.
        media_types: Allowed types, in order of preference.
        max_bytes: Maximum file size, in bytes.
        limits: Limits that a smaller picture must meet.

    Raises:
        FileUnusableError: Even the smallest picture that the limits allow is too large.
    """
    transparent = image.mode == "RGBA"
    whole = Size(*image.size)
    size: Size | None = whole
    while size:
        if image.size != size:
            image = image.resize(size)
        for media_type, options in _attempts(media_types, transparent=transparent):
            if max(size) > _MAX_SIDES.get(media_type, max(size)):
                continue
            data = encode(image, media_type, options)
            if len(data) <= max_bytes:
                return Encoded(data, media_type, size)
        size = smaller_size(size, limits)
    raise FileUnusableError(
        f"The picture ({whole.width}x{whole.height}) doesn't fit into the {max_bytes:,} bytes "
        "that the request can hold.",
        hint="Use a smaller picture.",
    )


def _attempts(
    media_types: tuple[str, ...], *, transparent: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    for media_type in media_types:
        if media_type == "image/png":
            # Higher levels take several times as long and save a few percent.
            yield media_type, {"compress_level": 4}
        elif media_type == "image/webp":
            for quality in QUALITIES:
                # Half the time of the default method for a few percent more bytes.
                yield media_type, {"quality": quality, "method": 2}
        elif not transparent:
            for quality in QUALITIES:
                yield media_type, {"quality": quality, "optimize": True}
