"""Chooses the pieces of a picture that fill a hole: tile by tile, on a small copy.

Each tile is the piece that best matches the known pixels around it, or a guess where none are known
yet.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from PIL import Image, ImageChops

Box = tuple[int, int, int, int]
Offset = tuple[int, int]

MIN_THICKNESS = 2
"""Side of the smallest tile in pixels; a thinner picture has no pieces and keeps the guess."""
TRIES = 12
"""Random candidates of each kind that are tried for a tile."""
MIN_TILE, MAX_TILE = 7, 14
ROW_PENALTY = 0.28
"""Cost in grey levels for each row between a patch and its source. Most pictures consist of
horizontal bands, so this keeps distant things distant."""
WORST_PIXEL_WEIGHT = 0.22
"""Weight of the worst pixel: one that is far off is worse than many that are nearly right."""
MAX_COST = 60.0
"""Cost in grey levels from which the guess is better than any piece."""
RANDOM_COST = 1.5
"""Random cost in grey levels, so that another seed gives another fill."""
AVOIDANCE = 2.0
"""Cost in grey levels for each 1/255 of a patch that lies in the avoided area."""
GUESS_WEIGHT = 150
"""Weight of guessed pixels in the choice of a patch; known pixels have 255."""


@dataclass(frozen=True)
class Tile:
    """A box in the hole, and the source of the piece that fills it."""

    box: Box
    offset: Offset
    """Position of the source relative to the box, right and down, in pixels."""


class Quilt:
    """Covers a hole with pieces of the picture.

    Args:
        small: The picture, RGB.
        guess: The picture with a guess in the hole.
        hole: Mask of the hole, white.
        avoided: Mask of areas to avoid as sources, white.
        rng: Chooses the candidates.
    """

    def __init__(
        self,
        small: Image.Image,
        guess: Image.Image,
        hole: Image.Image,
        avoided: Image.Image | None,
        rng: random.Random,
    ) -> None:
        self._small, self._canvas = small, guess.copy()
        self._hole, self._unknown = hole, hole.copy()
        self._in_hole = _Sums(hole)
        self._to_avoid = None if avoided is None else _Sums(avoided)
        self._rng = rng
        self._side = 0

    def tiles(self) -> Iterator[Tile]:
        """Yield the tiles, from the rim of the hole inwards."""
        bounds = self._hole.getbbox()
        if bounds is None or min(self._small.size) < MIN_THICKNESS:
            return
        shorter = min(bounds[2] - bounds[0], bounds[3] - bounds[1])
        side = max(MIN_TILE, min(MAX_TILE, shorter // 2))
        self._side = max(MIN_THICKNESS, min(side, *(length // 3 for length in self._small.size)))
        left = self._grid(bounds)
        offsets: list[Offset] = []
        while left:
            box = min(left, key=lambda each: self._unknown.crop(each).histogram()[255])
            left.remove(box)
            offset = self._best(box, offsets[-4:])
            if offset is None:
                continue
            offsets.append(offset)
            piece = self._small.crop(moved(box, offset))
            self._canvas.paste(piece, box, self._unknown.crop(box))
            self._unknown.paste(0, box)
            yield Tile(box, offset)

    def _grid(self, bounds: Box) -> list[Box]:
        """Return overlapping boxes within the picture that cover the hole."""
        side = self._side
        lap = max(1, side // 3)

        def starts(first: int, last: int, end: int) -> Sequence[int]:
            places = range(first - lap, last, side - lap)
            return sorted({max(0, min(end - side, place)) for place in places})

        boxes = [
            (x, y, x + side, y + side)
            for y in starts(bounds[1], bounds[3], self._hole.height)
            for x in starts(bounds[0], bounds[2], self._hole.width)
        ]
        return [box for box in boxes if self._in_hole.mean(box)]

    def _best(self, box: Box, recent: Sequence[Offset]) -> Offset | None:
        """Return the offset of the piece that best matches the box; None if none is good enough."""
        side, here = self._side, self._canvas.crop(box)
        # White where pixels are known, darker where they are guessed.
        weight = Image.composite(
            Image.new("L", (side, side), GUESS_WEIGHT),
            Image.new("L", (side, side), 255),
            self._unknown.crop(box),
        )
        weight = Image.merge("RGB", (weight, weight, weight))
        best, lowest = None, MAX_COST
        for right, down in (*recent, *self._candidates(box)):
            place = moved(box, (right, down))
            cost = ROW_PENALTY * abs(down) + self._fixed_cost(place)
            if cost >= lowest:
                continue
            apart = ImageChops.difference(here, self._small.crop(place))
            cost += _mean(ImageChops.multiply(apart, weight))
            cost += WORST_PIXEL_WEIGHT * _worst(apart) + self._rng.random() * RANDOM_COST
            if cost < lowest:
                best, lowest = (right, down), cost
        return best

    def _fixed_cost(self, place: Box) -> float:
        """Return the cost of a source independent of its pixels; infinite if it is unusable."""
        width, height = self._small.size
        if place[0] < 0 or place[1] < 0 or place[2] > width or place[3] > height:
            return float("inf")
        if self._in_hole.mean(place):
            return float("inf")
        return AVOIDANCE * self._to_avoid.mean(place) if self._to_avoid else 0.0

    def _candidates(self, box: Box) -> Iterator[Offset]:
        """Yield candidate offsets: in the same rows or columns, nearby, and anywhere."""
        rng, side = self._rng, self._side
        across, down = (length - side for length in self._small.size)
        for left in range(0, across, max(2, side // 4)):
            yield left - box[0], 0
        for _ in range(TRIES):
            yield rng.randint(0, across) - box[0], rng.randint(-side // 4, side // 4)
            yield rng.randint(-2 * side, 2 * side), rng.randint(-2 * side, 2 * side)
            yield rng.randint(-side // 2, side // 2), rng.randint(0, down) - box[1]
            yield rng.randint(0, across) - box[0], rng.randint(0, down) - box[1]


class _Sums:
    """Summed-area table of a mask: gives the mean of any box in constant time."""

    def __init__(self, mask: Image.Image) -> None:
        width, height = mask.size
        pixels = mask.tobytes()
        self._rows = [[0] * (width + 1)]
        for row in range(height):
            along = accumulate(pixels[row * width : (row + 1) * width], initial=0)
            above = self._rows[-1]
            self._rows.append([one + other for one, other in zip(along, above, strict=True)])

    def mean(self, box: Box) -> float:
        """Return the mean grey of a box within the mask."""
        left, top, right, bottom = box
        upper, lower = self._rows[top], self._rows[bottom]
        total = lower[right] - lower[left] - upper[right] + upper[left]
        return total / ((right - left) * (bottom - top))


def moved(box: Box, offset: Offset) -> Box:
    """Return a box shifted right and down."""
    right, down = offset
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


def _worst(colours: Image.Image) -> float:
    """Return the maximum value of all channels."""
    channels = colours.getextrema()
    return max(each[1] for each in channels if isinstance(each, tuple))


def _mean(colours: Image.Image) -> float:
    """Return the mean of all channels; for small pictures much faster than a histogram."""
    mean = colours.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return sum(mean) / 3 if isinstance(mean, tuple) else 0.0
