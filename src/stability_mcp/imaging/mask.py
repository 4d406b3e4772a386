"""Measures marked areas: how much of a picture is transparent, and whether a mask is empty."""

from pathlib import Path

from stability_mcp.imaging.fit import flat_grey
from stability_mcp.imaging.pixels import alpha_of, decode_image, transparent_share
from stability_mcp.imaging.probe import probe

_MIN_MARK_LEVEL = 13
"""5 % of white: black pixels in a JPEG stay below it."""


def transparency(path: Path) -> float:
    """Return the share of a picture's pixels that aren't fully opaque, from 0 to 1.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    facts = probe(path)
    if not facts.has_alpha:
        return 0.0
    alpha = alpha_of(decode_image(path, facts))
    return 0.0 if alpha is None else transparent_share(alpha)


def has_transparency(path: Path) -> bool:
    """Return whether any pixel isn't fully opaque, which an alpha channel doesn't guarantee.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    return transparency(path) > 0


def is_empty_mask(path: Path) -> bool:
    """Return whether a mask marks nothing, being entirely black or transparent.

    Raises:
        FileUnusableError: It isn't a picture, is damaged or too large to decode.
    """
    facts = probe(path)
    return not any(flat_grey(decode_image(path, facts)).histogram()[_MIN_MARK_LEVEL:])
