"""What is marked: how much of a picture is transparent, and whether a mask marks anything."""

from pathlib import Path

from stability_mcp.imaging.fit import flat_grey
from stability_mcp.imaging.pixels import alpha_of, transparent_share, unpacked
from stability_mcp.imaging.probe import probe

_MIN_MARK_LEVEL = 13
"""5 % of white: what a JPEG makes of black stays below."""


def transparency(path: Path) -> float:
    """Return which share of a picture's pixels is not fully opaque, 0 to 1.

    Raises:
        FileUnusableError: It is no picture, damaged or too large to unpack.
    """
    facts = probe(path)
    if not facts.has_alpha:
        return 0.0
    alpha = alpha_of(unpacked(path, facts))
    return 0.0 if alpha is None else transparent_share(alpha)


def has_transparency(path: Path) -> bool:
    """Return whether some pixel is not fully opaque; a picture with an alpha channel may have none.

    Raises:
        FileUnusableError: It is no picture, damaged or too large to unpack.
    """
    return transparency(path) > 0


def is_empty_mask(path: Path) -> bool:
    """Return whether a mask marks nothing: it is black, or transparent, all over.

    Raises:
        FileUnusableError: It is no picture, damaged or too large to unpack.
    """
    facts = probe(path)
    return not any(flat_grey(unpacked(path, facts)).histogram()[_MIN_MARK_LEVEL:])
