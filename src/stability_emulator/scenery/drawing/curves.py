"""Lines and outlines as lists of points: curves through points, tapering limbs, bumps, waves."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Two opposite corners: x and y of one, then of the other."""
STEPS = 7
"""Points of a curve per interval between two of its control points."""


def smooth(points: Sequence[Point], *, closed: bool = True) -> list[Point]:
    """Return a curve through all points (Catmull-Rom)."""
    count = len(points)
    if count < 3:
        return list(points)
    result = []
    for i in range(count if closed else count - 1):
        if closed:
            a, b, c, d = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        else:
            a, b, c, d = (points[min(max(i + k, 0), count - 1)] for k in (-1, 0, 1, 2))
        result += [_between(a, b, c, d, step / STEPS) for step in range(STEPS)]
    return result if closed else [*result, points[-1]]


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    def one(p: float, q: float, r: float, s: float) -> float:
        return q + 0.5 * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)))

    return one(a[0], b[0], c[0], d[0]), one(a[1], b[1], c[1], d[1])


def tapered(points: Sequence[Point], begin: float, end: float) -> list[Point]:
    """Return the outline of a limb along a curve, tapering from width `begin` to `end`."""
    line = smooth(points, closed=False)
    left, right = [], []
    last = len(line) - 1
    for i, (x, y) in enumerate(line):
        before, after = line[max(i - 1, 0)], line[min(i + 1, last)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        length = math.hypot(dx, dy) or 1.0
        half = (begin + (end - begin) * i / max(last, 1)) / 2
        across = (-dy / length * half, dx / length * half)
        left.append((x + across[0], y + across[1]))
        right.append((x - across[0], y - across[1]))
    cap = _cap(line[-1], left[-1], right[-1])
    return [*left, *cap, *reversed(right), *_cap(line[0], right[0], left[0])]


def _cap(middle: Point, begin: Point, end: Point) -> list[Point]:
    """Return a half-circle around the end of a limb."""
    radius = math.dist(begin, end) / 2
    first = math.atan2(begin[1] - middle[1], begin[0] - middle[0])
    turn = math.pi if _side(middle, begin) else -math.pi
    return [
        (
            middle[0] + radius * math.cos(first - turn * k / 6),
            middle[1] + radius * math.sin(first - turn * k / 6),
        )
        for k in range(1, 6)
    ]


def _side(middle: Point, begin: Point) -> bool:
    return (begin[0] - middle[0], begin[1] - middle[1]) != (0, 0)


def oval(middle: Point, radii: Point, *, turn: float = 0.0, points: int = 40) -> list[Point]:
    """Return an ellipse with horizontal and vertical `radii`, rotated by `turn` degrees."""
    (x, y), (rx, ry) = middle, radii
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    result = []
    for i in range(points):
        across = rx * math.cos(math.tau * i / points)
        down = ry * math.sin(math.tau * i / points)
        result.append((x + across * cos - down * sin, y + across * sin + down * cos))
    return result


def bumps(middle: Point, radii: Point, *, count: int, rng: random.Random) -> list[Point]:
    """Return the outline of a tree crown or cloud: round bumps around an ellipse."""
    (x, y), (rx, ry) = middle, radii
    result = []
    sizes = [rng.uniform(0.85, 1.12) for _ in range(count)]
    for i, size in enumerate(sizes):
        for k in range(6):
            angle = math.tau * (i + k / 6) / count
            out = (0.86 + 0.2 * math.sin(math.pi * k / 6)) * (
                size + (sizes[(i + 1) % count] - size) * k / 6
            )
            result.append((x + rx * out * math.cos(angle), y + ry * out * math.sin(angle)))
    return result


def star(middle: Point, outer: float, inner: float, *, tips: int = 5) -> list[Point]:
    """Return a star standing on two tips."""
    x, y = middle
    return [
        (
            x + (outer, inner)[i % 2] * math.sin(math.pi * i / tips),
            y + (outer, inner)[i % 2] * math.cos(math.pi * i / tips),
        )
        for i in range(2 * tips)
    ]


def waves(
    rng: random.Random, *, swing: float, roughness: float = 0.0, points: int = 120
) -> list[float]:
    """Return the heights of a line of hills from left to right, about -swing to +swing.

    Args:
        rng: Source of the shape.
        swing: Amplitude.
        roughness: 0 is round, 1 is jagged like rock.
        points: Number of intervals; there is one height more.
    """
    parts = [
        (frequency * rng.uniform(0.7, 1.3), rng.uniform(0, math.tau), rng.uniform(0.4, 1) / n)
        for n, frequency in enumerate((0.5, 1.1, 2.3, 4.1), start=1)
    ]
    rough = [(rng.uniform(-1, 1)) for _ in range(points + 1)]
    total = sum(part[2] for part in parts)
    return [
        swing
        * (
            sum(w * math.sin(f * math.tau * i / points + p) for f, p, w in parts) / total
            + roughness * 0.22 * rough[i]
        )
        for i in range(points + 1)
    ]


def jagged(rng: random.Random, *, rounds: int = 6, rough: float = 0.5) -> list[float]:
    """Return the heights of a line of peaks, 0 to 1, by midpoint displacement."""
    line = [rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.5)]
    step = 0.55
    for _ in range(rounds):
        middles = [(a + b) / 2 + rng.uniform(-step, step) for a, b in pairwise(line)]
        line = [value for pair in zip(line, middles, strict=False) for value in pair] + [line[-1]]
        step *= rough
    low, high = min(line), max(line)
    return [(value - low) / (high - low or 1) for value in line]
