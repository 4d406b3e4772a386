"""Selects the object that a text names in a picture, by colour, position or typical appearance.

`red car` selects red areas, `the cup on the left` the leftmost foreground object, `sky` areas like
the upper edge, and `background` everything but the foreground. Any other text selects the
foreground.
"""

from collections.abc import Callable, Mapping, Sequence

from PIL import Image, ImageChops, ImageFilter

from stability_emulator.pictures.colour_masks import colour_mask, colours_in
from stability_emulator.scenery.prompt.vocabulary import words_of
from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import centre, inverted, small_size
from stability_mcp.imaging.segment.regions import MARKED, Region, keep_regions, mask_of, regions_of
from stability_mcp.imaging.segment.subject import distance, rough_subject, smooth_parts, subject

WORKED_SIDE = 200
MIN_SHARE = 0.0012
"""Minimum share of the picture that counts as found."""
MIN_OF_LARGEST = 0.22
"""Minimum area of further regions of a colour, as a share of the largest."""
INNER_SHARE = 0.1
"""Share of a colour in the foreground from which only the foreground is selected."""
MIN_SURE_SHARE = 0.25
"""Share of a region that the strict mask must cover for the region to be selected."""
MAX_OF_HOLE = 0.02
"""Maximum area of a hole that is filled, as a share of its region; a cup's handle stays open."""
LIKE_EDGE = 30
"""Maximum distance in grey levels from a colour of the edge that still counts as similar."""

BACKGROUND = frozenset({"background", "backdrop", "behind", "surroundings", "scenery"})
ABOVE = frozenset({"sky", "clouds", "heaven", "ceiling"})
UNDERFOOT = frozenset({"ground", "floor", "road", "street", "table", "desk", "lawn", "sand"})
UNDERFOOT_TOO = frozenset({"field", "meadow", "beach", "carpet", "pavement", "path"})
USUAL: Mapping[str, str] = {
    **dict.fromkeys(("apple", "tomato", "strawberry", "cherry", "rose", "blood"), "red"),
    **dict.fromkeys(("lemon", "banana", "sun", "sunflower", "moon"), "yellow"),
    **dict.fromkeys(("carrot", "pumpkin", "fire", "flame", "fox", "tangerine"), "orange"),
    **dict.fromkeys(("grass", "tree", "trees", "leaf", "leaves", "plant", "frog", "lime"), "green"),
    **dict.fromkeys(("water", "sea", "ocean", "lake", "river", "pool"), "blue"),
    **dict.fromkeys(("snow", "cloud", "swan", "sheep", "milk"), "white"),
    **dict.fromkeys(("wood", "bear", "trunk", "bread"), "brown"),
}
"""The typical colour of an object, used if the text names none."""

PLACES: Mapping[str, Callable[[Region], float]] = {
    "left": lambda region: region.across,
    "right": lambda region: -region.across,
    **dict.fromkeys(("top", "above", "upper"), lambda region: region.down),
    **dict.fromkeys(("bottom", "below", "lower"), lambda region: -region.down),
    **dict.fromkeys(
        ("center", "centre", "middle", "central"),
        lambda region: abs(region.across - 0.5) + abs(region.down - 0.5),
    ),
}
"""Functions that rate a region's distance from the position that a word names."""


def found(picture: Image.Image, text: str) -> Image.Image:
    """Return a mask of the object that a text names.

    Args:
        picture: RGB.
        text: The object to find.
    """
    words = words_of(text)
    named = set(words)
    if named & BACKGROUND:
        return inverted(subject(picture))
    if named & ABOVE and (above := _like_edge(picture, top=True)) is not None:
        return above
    colours = colours_in(text) or [USUAL[word] for word in words if word in USUAL]
    for colour in colours:
        if (mask := _coloured(picture, colour, words)) is not None:
            return mask
    lower = named & (UNDERFOOT | UNDERFOOT_TOO)
    if lower and (below := _like_edge(picture, top=False)) is not None:
        return below
    return _foreground(picture, words)


def _placed(regions: Sequence[Region], words: Sequence[str]) -> Sequence[Region]:
    """Return the region at the position that the words name, or all regions if they name none."""
    place = next((PLACES[word] for word in words if word in PLACES), None)
    return [min(regions, key=place)] if place and regions else regions


def _coloured(picture: Image.Image, colour: str, words: Sequence[str]) -> Image.Image | None:
    """Return a mask of the objects of a colour; None if there are none large enough."""
    exact = colour_mask(picture, colour)
    size = small_size(picture.size, WORKED_SIDE)
    small = exact.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    standing = rough_subject(picture)
    if standing is not None:
        inner = ImageChops.darker(small, standing.resize(size))
        if sum(inner.histogram()[128:]) > INNER_SHARE * sum(small.histogram()[128:]):
            # Select the foreground, not a wall of that colour behind it.
            alike = colour_mask(picture, colour, loosely=True)
            wide = standing.filter(ImageFilter.MaxFilter(5))
            wide = wide.resize(picture.size, Image.Resampling.BICUBIC)
            alike = ImageChops.darker(alike, wide)
            small = _overlapping(alike.resize(size, Image.Resampling.BOX), inner)
            exact = alike
    regions = regions_of(small)
    if not regions or regions[0].area < MIN_SHARE * size.width * size.height:
        return None
    large = [region for region in regions if region.area >= MIN_OF_LARGEST * regions[0].area]
    kept = _without_holes(mask_of(_placed(large, words), size))
    reach = kept.filter(ImageFilter.MaxFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    core = kept.filter(ImageFilter.MinFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.lighter(core, ImageChops.darker(reach, exact))


def _overlapping(alike: Image.Image, sure: Image.Image) -> Image.Image:
    """Return the regions of a loose mask that a strict mask sufficiently covers."""
    certain = sure.tobytes()

    def overlaps(region: Region) -> bool:
        hit = sum(level >= MARKED for level in region.levels(certain))
        return hit >= MIN_SURE_SHARE * region.area

    return keep_regions(alike.filter(ImageFilter.MedianFilter(3)), overlaps)


def _without_holes(mask: Image.Image) -> Image.Image:
    """Return the mask with small holes filled, since highlights belong to the object."""
    max_area = MAX_OF_HOLE * sum(mask.histogram()[MARKED:])
    return inverted(
        keep_regions(inverted(mask), lambda region: region.on_border > 0 or region.area > max_area)
    )


def _like_edge(picture: Image.Image, *, top: bool) -> Image.Image | None:
    """Return a mask of the area that continues the colours of the upper or lower edge."""
    size = small_size(picture.size, WORKED_SIDE)
    small = picture.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.8))
    high = max(2, size.height // 12)
    box = (0, 0, size.width, high) if top else (0, size.height - high, *size)
    indexed = small.crop(box).quantize(6, Image.Quantize.MEDIANCUT).convert("RGB")
    like = smooth_parts(small) if top else Image.new("L", size, 0)
    for _, tone in indexed.getcolors(maxcolors=256) or ():
        near = distance(small, Image.new("RGB", size, tone))
        like = ImageChops.lighter(like, near.point(lambda far: 255 if far < LIKE_EDGE else 0))
    standing = None if top else rough_subject(picture)
    if top:
        like = ImageChops.darker(like, inverted(_earthy(small)))
    if standing is not None:
        like = ImageChops.darker(like, inverted(standing.resize(size)))
    row = 0 if top else size.height - 1
    first, last = row * size.width, (row + 1) * size.width
    reached = keep_regions(
        like.filter(ImageFilter.MedianFilter(3)),
        lambda region: any(first <= run.start < last for run in region.runs),
    )
    if sum(reached.histogram()[128:]) < MIN_SHARE * size.width * size.height:
        return None
    soft = reached.resize(picture.size, Image.Resampling.BICUBIC)
    return soft.filter(ImageFilter.GaussianBlur(max(picture.size) / WORKED_SIDE / 2))


def _earthy(small: Image.Image) -> Image.Image:
    """Return a mask of dark greens and browns: trees in front of a sky."""
    hues, saturations, values = small.convert("HSV").split()
    hue = hues.point(lambda value: 255 if 14 < value < 118 else 0)
    tone = saturations.point(lambda value: 255 if value > 44 else 0)
    dark = values.point(lambda value: 255 if value < 196 else 0)
    return ImageChops.darker(hue, ImageChops.darker(tone, dark))


def _foreground(picture: Image.Image, words: Sequence[str]) -> Image.Image:
    """Return a mask of the foreground, or of its object at the named position."""
    whole, rough = subject(picture), rough_subject(picture)
    if rough is None:
        return _default_area(picture.size, words)
    kept = mask_of(_placed(regions_of(rough), words), rough.size)
    reach = kept.filter(ImageFilter.MaxFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.darker(whole, reach)


def _default_area(size: tuple[int, int], words: Sequence[str]) -> Image.Image:
    """Return a soft mask of the middle, shifted to the position that the words name."""
    mask = centre(Size(*size))
    across = ("right" in words) - ("left" in words)
    down = bool({"bottom", "below"} & set(words)) - bool({"top", "above"} & set(words))
    moved = Image.new("L", size, 0)
    moved.paste(mask, (across * size[0] // 4, down * size[1] // 4))
    return moved
