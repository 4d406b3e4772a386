"""Measures what differs between two pictures: how much, how similar, where.

Encoders change every pixel a little, so a pixel counts as changed only if its neighbourhood of 3x3
pixels changed by more than a tolerance. Both pictures are compared at the same size of at most
`MAX_PIXELS`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stability_mcp.api.fields import Size
from stability_mcp.imaging.mask_shapes import contracted, expanded
from stability_mcp.imaging.picture import bounded_size

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 4_000_000
"""Keeps memory and time of a comparison small; a change of 2x2 pixels in 12 MP is still seen."""
MAX_SIMILARITY_PIXELS = 1_000_000
"""Structural similarity is defined for the scale at which a person sees the whole picture."""
TOLERANCE = 20
"""Levels of 255. Measured: JPEG and WebP at quality 75 change 0.007 % of the pixels by more."""
SPOT_RADIUS = 2
"""Encoders change single pixels and thin lines at edges; only a spot of 5x5 changed pixels shows
that a change went beyond its mask."""
MARGIN = 0.01
"""Edits blend into their surroundings: this share of the longer side around a mask is allowed."""
_BLOCK = 8
"""Side of the windows of the structural similarity, in pixels."""
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants of the structural similarity (Wang et al. 2004) for 8 bits."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs between two pictures."""

    mean: float
    """Mean difference of all channels, in levels from 0 to 255."""
    largest: int
    """Largest difference of a channel of a pixel, from 0 to 255."""
    similarity: float
    """Structural similarity of the brightness: 1 for equal pictures."""
    changed: float
    """Share of changed pixels, from 0 to 1."""
    box: tuple[int, int, int, int] | None
    """Left, top, right and bottom of the changed pixels; None if nothing changed."""
    inside: float | None = None
    """Share of the pixels under the mask that changed; None without a mask."""
    outside: float | None = None
    """Share of the pixels beyond the mask and its margin that changed; None without a mask."""
    stayed_inside: bool | None = None
    """Whether no spot beyond the mask and its margin changed; None without a mask."""
    map: "Image.Image" = field(repr=False)
    """Differences as levels of grey, brighter where more changed."""


def compare(
    before: "Image.Image",
    after: "Image.Image",
    *,
    mask: "Image.Image | None" = None,
    tolerance: int = TOLERANCE,
) -> Difference:
    """Compare two pictures of the same size; blocks.

    Args:
        before: A picture, RGB or RGBA.
        after: Another one of the same size.
        mask: Greyscale picture of that size; white marks where a change is expected.
        tolerance: Largest difference of a neighbourhood that doesn't count, in levels.
    """
    from PIL import ImageFilter, ImageStat

    levels = _levels(before, after)
    channels = _channel_stats(before, after)
    marked = levels.filter(ImageFilter.BoxBlur(1)).point(
        [0] * (tolerance + 1) + [255] * (255 - tolerance)
    )
    pixels = marked.width * marked.height
    inside = outside = stayed_inside = None
    if mask is not None:
        inside, outside, stayed_inside = _shares(marked, mask)
    return Difference(
        mean=channels,
        largest=int(ImageStat.Stat(levels).extrema[0][1]),
        similarity=structural_similarity(before, after),
        changed=marked.histogram()[255] / pixels,
        box=marked.getbbox(),
        inside=inside,
        outside=outside,
        stayed_inside=stayed_inside,
        map=levels,
    )


def structural_similarity(before: "Image.Image", after: "Image.Image") -> float:
    """Return the mean structural similarity of two pictures of the same size, up to 1.

    It is measured on brightness in windows of 8x8 pixels, at no more than a megapixel.
    """
    from PIL import ImageMath

    size = bounded_size(Size(*before.size), MAX_SIMILARITY_PIXELS)
    first, second = (_brightness(image, size) for image in (before, after))

    def means(of: Any) -> Any:  # noqa: ANN401 -- ImageMath has no types
        return ImageMath.lambda_eval(of, a=first, b=second).reduce(_BLOCK)

    def similarity(args: dict[str, Any]) -> Any:  # noqa: ANN401 -- ImageMath has no types
        a, b = args["a"], args["b"]
        product = a * b
        variances = args["aa"] - a * a + args["bb"] - b * b
        covariance = args["ab"] - product
        return ((product * 2 + _C1) * (covariance * 2 + _C2)) / (
            (a * a + b * b + _C1) * (variances + _C2)
        )

    local = ImageMath.lambda_eval(
        similarity,
        a=first.reduce(_BLOCK),
        b=second.reduce(_BLOCK),
        aa=means(lambda args: args["a"] * args["a"]),
        bb=means(lambda args: args["b"] * args["b"]),
        ab=means(lambda args: args["a"] * args["b"]),
    )
    mean = local.reduce(local.size).getpixel((0, 0))  # ImageStat can't read floats
    return min(1.0, float(mean))


def _brightness(image: "Image.Image", size: Size) -> "Image.Image":
    from PIL import Image

    grey = _on_grey(image).convert("L")
    if grey.size != size:
        grey = grey.resize(size, Image.Resampling.BOX)
    return grey.convert("F")


def _levels(before: "Image.Image", after: "Image.Image") -> "Image.Image":
    """Return the largest difference of a channel for each pixel, transparency included."""
    from PIL import ImageChops

    bands = ImageChops.difference(_on_grey(before), _on_grey(after)).split()
    if "RGBA" in {before.mode, after.mode}:
        alphas = (image.convert("RGBA").getchannel("A") for image in (before, after))
        bands = (*bands, ImageChops.difference(*alphas))
    largest, *others = bands
    for band in others:
        largest = ImageChops.lighter(largest, band)
    return largest


def _channel_stats(before: "Image.Image", after: "Image.Image") -> float:
    from PIL import ImageChops, ImageStat

    means = ImageStat.Stat(ImageChops.difference(_on_grey(before), _on_grey(after))).mean
    return float(sum(means) / len(means))


def _on_grey(image: "Image.Image") -> "Image.Image":
    """Return a picture without transparency: colours under transparent pixels don't count."""
    from PIL import Image

    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, (128, 128, 128))
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _shares(marked: "Image.Image", mask: "Image.Image") -> tuple[float, float, bool]:
    """Return the changed shares under a mask and beyond its margin, and whether it has no spot."""
    from PIL import ImageChops

    white = mask.point([0] * 128 + [255] * 128)
    beyond = ImageChops.invert(expanded(white, round(max(mask.size) * MARGIN)))
    escaped = ImageChops.multiply(marked, beyond)
    spots = contracted(escaped, SPOT_RADIUS)
    return _share(marked, white), _share(marked, beyond), spots.getbbox() is None


def _share(marked: "Image.Image", area: "Image.Image") -> float:
    from PIL import ImageChops

    pixels = area.histogram()[255]
    return ImageChops.multiply(marked, area).histogram()[255] / pixels if pixels else 0.0
