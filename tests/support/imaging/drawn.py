"""Pictures in memory, and comparing them."""

from PIL import Image, ImageChops


def same(one: Image.Image, other: Image.Image) -> bool:
    """Return whether two pictures have the same size, mode and pixels."""
    if (one.size, one.mode) != (other.size, other.mode):
        return False
    return all(
        ImageChops.difference(a, b).getbbox() is None
        for a, b in zip(one.split(), other.split(), strict=True)
    )


def largest_difference(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of a channel, from 0 to 255."""
    apart = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
    return max(int(band.getextrema()[1]) for band in apart.split())  # type: ignore[arg-type]
