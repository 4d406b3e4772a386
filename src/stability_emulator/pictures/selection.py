"""Selecting what a text names in a picture: by colour, by place, by its usual look.

`red car` finds what is red, `the cup on the left` the leftmost thing in front, `sky` what is like
the upper edge, `background` all but what stands in front. Whatever else is named is taken for what
stands in front.
"""

from collections.abc import Callable, Mapping, Sequence

from PIL import Image, ImageChops, ImageFilter

from stability_emulator.pictures.colour_masks import colour_mask, colours_in
from stability_emulator.scenery.prompt.vocabulary import words_of
from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import centre, inverted, small_size
from stability_mcp.imaging.segment.regions import MARKED, Region, keeping, mask_of, regions_of
from stability_mcp.imaging.segment.subject import distance, rough_subject, smooth_parts, subject

WORKED_SIDE = 200
MIN_SHARE = 0.0012
"""Share of the picture that something must have to count as found."""
MIN_OF_LARGEST = 0.22
"""Share of the largest region of a colour that others of that colour must have."""
INNER_SHARE = 0.1
"""Share of a colour that has to be in front for what is in front to be meant."""
SURE_SHARE = 0.25
MAX_OF_HOLE = 0.02
"""Share of a region up to which a hole in it is filled; one sees through the handle of a cup."""
LIKE_EDGE = 30
"""Grey levels from a colour of the edge within which something belongs to what lies there."""

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
"""The colour that a thing mostly has, where none is named."""

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
"""How far a region is from a place that a word names."""


def found(picture: Image.Image, text: str) -> Image.Image:
    """Return a mask of what a text names.

    Args:
        picture: RGB.
        text: What to look for.
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
    return _standing(picture, words)


def _placed(regions: Sequence[Region], words: Sequence[str]) -> Sequence[Region]:
    """Return the one of these regions that lies where the words say, all of them if they do not."""
    place = next((PLACES[word] for word in words if word in PLACES), None)
    return [min(regions, key=place)] if place and regions else regions


def _coloured(picture: Image.Image, colour: str, words: Sequence[str]) -> Image.Image | None:
    """Return a mask of the things of a colour; None where there are none worth the name."""
    exact = colour_mask(picture, colour)
    size = small_size(picture.size, WORKED_SIDE)
    small = exact.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    standing = rough_subject(picture)
    if standing is not None:
        inner = ImageChops.darker(small, standing.resize(size))
        if sum(inner.histogram()[128:]) > INNER_SHARE * sum(small.histogram()[128:]):
            # What stands in front is meant, not a wall of that colour behind it.
            alike = colour_mask(picture, colour, loosely=True)
            wide = standing.filter(ImageFilter.MaxFilter(5))
            wide = wide.resize(picture.size, Image.Resampling.BICUBIC)
            alike = ImageChops.darker(alike, wide)
            small = _reaching(alike.resize(size, Image.Resampling.BOX), inner)
            exact = alike
    regions = regions_of(small)
    if not regions or regions[0].area < MIN_SHARE * size.width * size.height:
        return None
    large = [region for region in regions if region.area >= MIN_OF_LARGEST * regions[0].area]
    kept = _whole(mask_of(_placed(large, words), size))
    reach = kept.filter(ImageFilter.MaxFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    core = kept.filter(ImageFilter.MinFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.lighter(core, ImageChops.darker(reach, exact))


def _reaching(alike: Image.Image, sure: Image.Image) -> Image.Image:
    """Return the regions of a vague mask that a sure one has a good part of."""
    certain = sure.tobytes()

    def is_meant(region: Region) -> bool:
        hit = sum(certain[place] >= MARKED for place in region.places)
        return hit >= SURE_SHARE * region.area

    return keeping(alike.filter(ImageFilter.MedianFilter(3)), is_meant)


def _whole(mask: Image.Image) -> Image.Image:
    """Return the mask with its small holes filled: highlights belong to the thing."""
    max_area = MAX_OF_HOLE * sum(mask.histogram()[MARKED:])
    return inverted(
        keeping(inverted(mask), lambda region: region.on_border > 0 or region.area > max_area)
    )


def _like_edge(picture: Image.Image, *, top: bool) -> Image.Image | None:
    """Return a mask of what goes on from the upper or lower edge in its colours."""
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
    reached = keeping(
        like.filter(ImageFilter.MedianFilter(3)),
        lambda region: any(first <= place < last for place in region.places),
    )
    if sum(reached.histogram()[128:]) < MIN_SHARE * size.width * size.height:
        return None
    soft = reached.resize(picture.size, Image.Resampling.BICUBIC)
    return soft.filter(ImageFilter.GaussianBlur(max(picture.size) / WORKED_SIDE / 2))


def _earthy(small: Image.Image) -> Image.Image:
    """Return a mask of dark greens and browns, which no sky has, but trees before it."""
    hues, saturations, values = small.convert("HSV").split()
    hue = hues.point(lambda value: 255 if 14 < value < 118 else 0)
    tone = saturations.point(lambda value: 255 if value > 44 else 0)
    dark = values.point(lambda value: 255 if value < 196 else 0)
    return ImageChops.darker(hue, ImageChops.darker(tone, dark))


def _standing(picture: Image.Image, words: Sequence[str]) -> Image.Image:
    """Return a mask of what stands in front, or of the one thing of it at the place named."""
    whole, rough = subject(picture), rough_subject(picture)
    if rough is None:
        return _somewhere(picture.size, words)
    kept = mask_of(_placed(regions_of(rough), words), rough.size)
    reach = kept.filter(ImageFilter.MaxFilter(5)).resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.darker(whole, reach)


def _somewhere(size: tuple[int, int], words: Sequence[str]) -> Image.Image:
    """Return a soft mask of the middle, moved to where the words say."""
    mask = centre(Size(*size))
    across = ("right" in words) - ("left" in words)
    down = bool({"bottom", "below"} & set(words)) - bool({"top", "above"} & set(words))
    moved = Image.new("L", size, 0)
    moved.paste(mask, (across * size[0] // 4, down * size[1] // 4))
    return moved
