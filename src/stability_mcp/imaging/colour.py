"""Converts colours to sRGB by the embedded profile, as viewers do; the API ignores profiles."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from stability_mcp.text import plain

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "LAB"}
"""Colour space that a profile for pictures in a mode has (ICC.1:2022, 7.2.6)."""
_TOLERANCE = 3
"""Levels of 255 by which an sRGB profile may differ from Pillow's: they come from many makers."""
_STEPS = 9
_MAX_NAME = 40


class Converted(NamedTuple):
    """A picture in sRGB."""

    image: "Image.Image"
    """In mode L, RGB or RGBA."""
    changes: list[str]
    """The changes as phrases."""


def to_srgb(image: "Image.Image") -> Converted:
    """Return a picture in sRGB, without its profile.

    Args:
        image: A picture in mode L, RGB, RGBA, CMYK or LAB. A profile that is broken or belongs to
            another colour space is ignored, as by viewers.
    """
    data = image.info.pop("icc_profile", None)
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = _opaque(image) if alpha else image
    profile = _profile(data, colours.mode) if data else None
    if colours.mode == "LAB":
        converted = Converted(_transformed(colours, _lab()), ["converted from Lab to sRGB"])
    elif profile is not None and not is_srgb(data, colours.mode):
        converted = Converted(
            _transformed(colours, profile),
            [f"colours converted from {_name(profile)} to sRGB"],
        )
    elif colours.mode == "CMYK":
        converted = Converted(colours.convert("RGB"), ["converted from CMYK to RGB"])
    else:
        return Converted(image, [])
    if alpha:
        converted.image.putalpha(alpha)
    return converted


def _opaque(image: "Image.Image") -> "Image.Image":
    """Return a picture without its alpha channel, in L if it is grey."""
    from PIL import ImageChops

    red, green, blue, _ = image.split()
    is_grey = not any(ImageChops.difference(red, each).getbbox() for each in (green, blue))
    return red if is_grey else image.convert("RGB")


@lru_cache(maxsize=16)
def is_srgb(data: bytes, mode: str) -> bool:
    """Return whether a profile shows all colours of a mode as sRGB does.

    True also for a profile that is broken or belongs to another colour space: it has no effect.
    """
    from PIL import ImageChops

    mode = "RGB" if mode in {"RGBA", "P"} else "L" if mode == "LA" else mode
    profile = _profile(data, mode)
    if profile is None:
        return True
    if mode == "CMYK":
        return False
    sample = _sample(mode)
    shown = _transformed(sample, profile)
    differences = ImageChops.difference(shown.convert("RGB"), sample.convert("RGB"))
    return max(high for _, high in differences.getextrema()) <= _TOLERANCE  # type: ignore[misc]


def _sample(mode: str) -> "Image.Image":
    """Return a picture with colours from the whole range."""
    from PIL import Image

    if mode == "L":
        return Image.frombytes("L", (256, 1), bytes(range(256)))
    levels = [255 * n // (_STEPS - 1) for n in range(_STEPS)]
    colours = bytes(
        value
        for red in levels
        for green in levels
        for blue in levels
        for value in (red, green, blue)
    )
    return Image.frombytes("RGB", (_STEPS**2, _STEPS), colours)


def _profile(data: bytes, mode: str) -> "ImageCms.ImageCmsProfile | None":
    """Return a profile for pictures in a mode; None if it is broken or for other pictures."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        if profile.profile.xcolor_space.strip() != _SPACES.get(mode):
            return None
        _transform(profile, mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return profile


def _lab() -> "ImageCms.ImageCmsProfile":
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))


def _transform(profile: "ImageCms.ImageCmsProfile", mode: str) -> "ImageCms.ImageCmsTransform":
    from PIL import ImageCms

    return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")


def _transformed(image: "Image.Image", profile: "ImageCms.ImageCmsProfile") -> "Image.Image":
    """Return a picture in RGB, or in L if it is grey."""
    from PIL import ImageCms

    shown = ImageCms.applyTransform(image, _transform(profile, image.mode))
    if shown is None:  # pragma: no cover -- only if done in place
        raise AssertionError
    shown.info.pop("icc_profile", None)  # the profile of sRGB, which is the default anyway
    return shown.convert("L") if image.mode == "L" else shown


def _name(profile: "ImageCms.ImageCmsProfile") -> str:
    """Return the name of a profile for a text."""
    name = " ".join(plain(profile.profile.profile_description or "").split())
    return name[:_MAX_NAME] or "another colour profile"
