"""Finds the subject of a picture: whatever differs from the border, with a soft outline.

The border defines the background in two ways: by its colours, and by their diffusion inwards.
Pixels that match neither belong to the subject. The outline is then refined at full size, from the
shares of foreground and background colour in each pixel.
"""

from collections.abc import Iterator

from PIL import Image, ImageChops, ImageFilter, ImageMath, ImageStat

from stability_mcp.api.fields import Size
from stability_mcp.imaging.segment.masks import centre, diffused, inverted, opaque, small_size
from stability_mcp.imaging.segment.regions import Region, keep_regions, regions_of

WORKED_SIDE = 176
BORDER_COLOURS = 12
MIN_APART, MAX_APART = 14, 40
"""Lower and upper limit, in grey levels, for the threshold between foreground and background."""
MIN_KEPT, MAX_KEPT = 0.012, 0.9
"""Smallest and largest share of the picture that counts as a subject."""
MIN_OF_LARGEST = 0.1
"""Smallest region to keep, as a share of the largest one."""
SOLID = 250
"""Alpha from which a pixel counts as free of background colour."""
REMOVED = 16
"""Alpha below which a pixel counts as removed."""
MIN_REMOVED = 0.01
"""Smallest removed share of a picture that is already cut out. Stray pixels are below it."""
EDGE = 14
"""Grey levels between adjacent pixels that count as an edge, which backgrounds don't have."""
FLAT, GLOW = 4, 45
"""Largest step between adjacent pixels of a sky, and its largest total change, in grey levels."""
SMALL_HOLE = 0.0006
ROW_PENALTY = 90
"""Penalty in grey levels for a border colour that occurs a full picture height away."""
TOLERATED_ROWS = 0.06


def subject(picture: Image.Image) -> Image.Image:
    """Return a mask of the subject.

    If almost nothing or almost everything counts as subject, return a mask of the centre.
    """
    rough = rough_subject(picture)
    return centre(Size(*picture.size)) if rough is None else _outlined(opaque(picture), rough)[0]


def is_cut_out(picture: Image.Image) -> bool:
    """Return whether the background of a picture is already transparent."""
    if picture.mode != "RGBA":
        return False
    histogram = picture.getchannel("A").histogram()
    pixels = picture.width * picture.height
    removed, visible = sum(histogram[:REMOVED]), sum(histogram[SOLID:])
    return removed >= MIN_REMOVED * pixels and visible >= MIN_KEPT * pixels


def cut_out(picture: Image.Image) -> Image.Image:
    """Return the subject as RGBA, with the background colour removed from its rim.

    A picture that is already cut out is its own result.
    """
    if is_cut_out(picture):
        return picture.copy()
    solid = opaque(picture)
    rough = rough_subject(picture)
    if rough is None:
        alpha, cleaned = centre(Size(*picture.size)), solid.copy()
    else:
        alpha, cleaned = _outlined(solid, rough)
    if picture.mode == "RGBA":
        alpha = ImageChops.darker(alpha, picture.getchannel("A"))
    cleaned.putalpha(alpha)
    return cleaned


def rough_subject(picture: Image.Image) -> Image.Image | None:
    """Return a small hard mask of the subject; None if there is no clear subject."""
    size = small_size(picture.size, WORKED_SIDE)
    small = opaque(picture).resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.9))
    if min(size) < 8:
        return None
    apart = _unlike_border(small)
    limit = max(MIN_APART, min(MAX_APART, _otsu_threshold(apart)))
    front = apart.point(lambda value: 255 if value > limit else 0)
    far = apart.point(lambda value: 255 if value > limit + GLOW else 0)
    # A sky with a gradual gradient isn't a subject, even if it differs from the border.
    glow = ImageChops.darker(smooth_parts(small, FLAT), inverted(far))
    glow = keep_regions(glow, lambda region: region.on_border > 0)
    front = ImageChops.darker(front, inverted(glow))
    front = front.filter(ImageFilter.MedianFilter(3))
    front = inverted(_connected_to_border(inverted(front), small))
    if not (found := regions_of(front)):
        return None
    least = max(MIN_OF_LARGEST * found[0].area, 6)
    front = keep_regions(front, lambda region: region.area >= least)
    share = ImageStat.Stat(front).mean[0] / 255
    return front if MIN_KEPT <= share <= MAX_KEPT else None


def _connected_to_border(behind: Image.Image, small: Image.Image) -> Image.Image:
    """Return the part of the background that connects to the border without crossing an edge.

    A grey cup in front of a grey wall isn't reached across the table between them.
    """
    flat = smooth_parts(small)
    pixels = small.width * small.height
    from_sides = diffused(small, inverted(_frame(small.size, 2)), level=True)
    unlike = distance(small, from_sides).tobytes()

    def is_behind(region: Region) -> bool:
        if region.on_border or region.area < SMALL_HOLE * pixels:
            return region.on_border > 0
        return sum(region.levels(unlike)) < MIN_APART * 2 * region.area

    sure = keep_regions(ImageChops.darker(behind, flat), is_behind)
    return ImageChops.darker(behind, sure.filter(ImageFilter.MaxFilter(5)))


def smooth_parts(small: Image.Image, edge: int = EDGE) -> Image.Image:
    """Return a mask of the areas without edges in a small picture."""
    crossed = (
        ImageChops.difference(small, ImageChops.offset(small, *step)) for step in ((1, 0), (0, 1))
    )
    edges = ImageChops.lighter(*(_most(each) for each in crossed))
    return edges.point(lambda value: 255 if value < edge else 0)


def _frame(size: tuple[int, int], edge: int) -> Image.Image:
    """Return a mask of the border."""
    mask = Image.new("L", size, 255)
    mask.paste(0, (edge, edge, size[0] - edge, size[1] - edge))
    return mask


def _most(colours: Image.Image) -> Image.Image:
    red, green, blue = colours.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _unlike_border(small: Image.Image) -> Image.Image:
    """Return how much each pixel differs from the border."""
    width, height = small.size
    edge = max(2, min(width, height) // 24)
    strip = Image.new("RGB", (2 * (width + height), edge))
    strip.paste(small.crop((0, 0, width, edge)), (0, 0))
    strip.paste(small.crop((0, height - edge, width, height)), (width, 0))
    for index, left in enumerate((0, width - edge)):
        side = (
            small.crop((left, 0, left + edge, height))
            .transpose(Image.Transpose.ROTATE_270)
            .transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        )
        strip.paste(side, (2 * width + index * height, 0))
    apart = None
    for tone, rows in _border_colours(strip, small.size):
        each = distance(small, Image.new("RGB", small.size, tone))
        each = ImageChops.add(each, _distance_from_rows(rows, height).resize(small.size))
        apart = each if apart is None else ImageChops.darker(apart, each)
    grown_in = distance(small, diffused(small, inverted(_frame(small.size, edge))))
    return grown_in if apart is None else ImageChops.darker(apart, grown_in)


def _border_colours(
    strip: Image.Image, size: tuple[int, int]
) -> Iterator[tuple[tuple[int, int, int], tuple[int, int]]]:
    """Yield the colours of the border with the first and last row in which each occurs.

    The strip contains the top edge, the bottom edge, and the sides from top to bottom.
    """
    width, height = size
    indexed = strip.quantize(BORDER_COLOURS, Image.Quantize.MEDIANCUT)
    colours = indexed.getpalette() or []
    rows = dict[int, tuple[int, int]]()
    for place, index in enumerate(indexed.tobytes()):
        column = place % strip.width
        row = (column - 2 * width) % height
        if column < 2 * width:
            row = 0 if column < width else height - 1
        first, last = rows.get(index, (row, row))
        rows[index] = min(first, row), max(last, row)
    for index, seen in rows.items():
        red, green, blue = colours[3 * index : 3 * index + 3]
        yield (red, green, blue), seen


def _distance_from_rows(rows: tuple[int, int], height: int) -> Image.Image:
    """Return a column of pixels, brighter with the distance above or below these rows.

    A colour that only occurs at the top edge doesn't count as background at the bottom.
    """
    levels = (
        ROW_PENALTY * max(0.0, max(rows[0] - row, row - rows[1]) / height - TOLERATED_ROWS)
        for row in range(height)
    )
    return Image.frombytes("L", (1, height), bytes(min(255, round(level)) for level in levels))


def distance(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return the colour distance of two pictures, dominated by the channel that differs most."""
    apart = ImageChops.difference(one, other)
    red, green, blue = apart.split()
    mean = ImageChops.add(ImageChops.add(red, green, 2), blue, 1.5)
    return ImageChops.add(_most(apart), mean, 2)


def _otsu_threshold(grey: Image.Image) -> int:
    """Return the grey level that best separates dark from bright pixels (Otsu's method)."""
    counts = grey.histogram()
    total, weighted = sum(counts), sum(level * count for level, count in enumerate(counts))
    below, below_weighted, best, parting = 0, 0, -1.0, 0
    for level, count in enumerate(counts):
        below += count
        below_weighted += level * count
        if not 0 < below < total:
            continue
        spread = (weighted * below / total - below_weighted) ** 2 / (below * (total - below))
        if spread > best:
            best, parting = spread, level
    return parting


def _outlined(picture: Image.Image, rough: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the mask with a fine outline, and the picture with only subject colours at the rim."""
    reach = max(2.0, max(picture.size) / WORKED_SIDE * 1.6)
    wide = rough.resize(picture.size, Image.Resampling.BICUBIC).filter(
        ImageFilter.GaussianBlur(reach / 2)
    )
    core = wide.point(lambda value: 255 if value > 232 else 0)
    outer = wide.point(lambda value: 255 if value > 24 else 0)
    front, back = diffused(picture, inverted(core)), diffused(picture, outer)
    soft = ImageFilter.GaussianBlur(0.7)
    from_back = distance(picture, back).filter(soft)
    from_front = distance(picture, front).filter(soft)
    share = ImageMath.lambda_eval(
        lambda args: args["convert"](255 * args["b"] / (args["b"] + args["f"] + 1), "L"),
        b=from_back,
        f=from_front,
    )
    share = ImageChops.lighter(share.point(_steeper), core)
    alpha = ImageChops.darker(share, outer)
    # Where foreground and background look alike, only the rough outline is available.
    alike = distance(front, back).point(lambda value: max(0, 255 - value * 8))
    alpha = Image.composite(wide, alpha, alike)
    solid = alpha.point(lambda value: 255 if value > SOLID else 0)
    return alpha, Image.composite(picture, front, solid)


def _steeper(value: int) -> int:
    return max(0, min(255, round((value - 128) * 1.9 + 128)))
