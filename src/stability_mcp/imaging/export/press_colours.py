"""Converts pictures to the CMYK of a printing press, by its ICC profile."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING

from stability_mcp.errors import FileUnusableError
from stability_mcp.text import plain, quoted

if TYPE_CHECKING:
    from PIL import Image, ImageCms

MAX_PROFILE_BYTES = 20_000_000
"""Profiles of presses have up to 3 MB."""
_MAX_NAME = 60


def press_name(data: bytes, given: str) -> str:
    """Return the name of a CMYK profile.

    Args:
        data: The profile.
        given: What the caller wrote for it.

    Raises:
        FileUnusableError: it isn't a profile, or not one that pictures can be converted to.
    """
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = profile.profile.xcolor_space.strip()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        raise FileUnusableError(
            f"{quoted(given)} isn't an ICC profile.", hint="Pass a file that ends in .icc or .icm."
        ) from None
    if space != "CMYK":
        raise FileUnusableError(
            f"{quoted(given)} is a profile for {space}, not for CMYK.",
            hint="Ask the print shop for its CMYK profile, or leave out profile to write RGB.",
        )
    try:
        _transform(data)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        raise FileUnusableError(
            f"{quoted(given)} can't be used to convert to CMYK.",
            hint="Ask the print shop for an output profile.",
        ) from None
    name = " ".join(plain(profile.profile.profile_description or "").split())
    return name[:_MAX_NAME] or "CMYK"


def to_press(picture: "Image.Image", data: bytes) -> "Image.Image":
    """Return an RGB picture in the CMYK of a profile; blocks."""
    from PIL import ImageCms

    converted = ImageCms.applyTransform(picture, _transform(data))
    if converted is None:  # pragma: no cover -- only if done in place
        raise AssertionError
    converted.info.clear()
    return converted


@lru_cache(maxsize=2)
def _transform(data: bytes) -> "ImageCms.ImageCmsTransform":
    from PIL import ImageCms

    return ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"),
        ImageCms.ImageCmsProfile(io.BytesIO(data)),
        "RGB",
        "CMYK",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
