"""Draws speech and thought bubbles with a tail, and caption boxes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.transform.geometry import SHARES, Box, Gravity
from stability_mcp.imaging.transform.lettering import (
    TextBlock,
    TextStyle,
    cleaned,
    draw_text,
    set_text,
)
from stability_mcp.imaging.transform.paint import BLACK, WHITE, Paint, ink
from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.imaging.transform.typefaces import typeface_for
from stability_mcp.text import quoted

if TYPE_CHECKING:
    from PIL import Image

BubbleKind = Literal["speech", "thought"]
Point = tuple[float, float]

PLACES: Sequence[Gravity] = ("top_left", "top_right", "bottom_left", "bottom_right")
"""Where the bubbles of a panel go unless the caller says so, in reading order."""

_SCALE = 4
"""Bubbles are drawn larger by this factor and scaled down, which makes their outlines smooth."""
_POWER = 2.8
"""Exponent of the superellipse: between an ellipse (2) and a rectangle."""
_PADDING = 0.5
"""Space between text and outline, as a factor of the text size."""
_MAX_SHARE = (0.62, 0.55)
"""Largest share of a panel's width and height that a bubble takes: the picture stays visible."""
_SHAPE = 2.4
"""Width by height that the text of a bubble should have."""
_MARGIN = 0.03
_SMALLEST = 11
"""Text size in pixels below which a bubble can't be read."""
_SMALLEST_SHARE = 0.6
"""Smallest text by the usual size: bubbles of one page should look alike."""
_TAIL_WIDTH, _TAIL_LENGTH, _MAX_TAIL = 0.9, 1.7, 3.6
"""Half width, default and largest length of a tail, as factors of the text size: a longer one would
cross the picture, and pointing at the speaker is enough."""
_TAIL_GAP = 0.6
"""Space between a tail and the mouth it points at, as a factor of the text size."""
CAPTION = Paint(255, 246, 214)
"""Paper of a caption box: comics set the narrator apart from speech by colour."""


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """What a person in a panel says or thinks."""

    text: str
    place: Gravity
    kind: BubbleKind = "speech"
    tail: Point | None = None
    """Where the tail points, as fractions of the panel; None: towards its centre."""
    avoid: Box | None = None
    """The caption box of the panel; a bubble that would cover it moves below."""


def draw_bubble(page: "Image.Image", panel: Box, bubble: Bubble, size: int, stroke: int) -> None:
    """Draw a bubble in a panel of a page.

    Args:
        page: RGB or RGBA.
        panel: The panel.
        bubble: The bubble.
        size: Size of the text; smaller if the panel has no room for it.
        stroke: Width of the outline, in pixels.

    Raises:
        TransformError: the text is too long for the panel, or no font can draw it.
    """
    block = _block(bubble.text, panel.size, size)
    half = _half_size(block)
    centre = _below(bubble.avoid, panel, half, _centre(panel, half, bubble.place, stroke))
    tip = _tip(panel, centre, half, bubble, block.style.size)
    shape = _shape(centre, half, tip, block.style.size, bubble.kind)
    _draw_shape(page, shape, stroke, panel)
    at = round(centre[0] - block.size.width / 2), round(centre[1] - block.size.height / 2)
    draw_text(page, block, at)


def draw_caption(page: "Image.Image", panel: Box, text: str, size: int, stroke: int) -> Box:
    """Draw the narrator's text in a box at the top left of a panel, and return the box."""
    clean = cleaned(text)
    style = TextStyle(
        typeface=typeface_for(clean, weight=600), size=size, paint=BLACK, align="left"
    )
    widest = round(panel.size.width * 0.8)
    block = set_text(clean, style, widest - 2 * size)
    while block.size.height + 2 * size > panel.size.height * 0.6 and size > _SMALLEST:
        size -= 1
        style = TextStyle(typeface=style.typeface, size=size, paint=BLACK, align="left")
        block = set_text(clean, style, widest - 2 * size)
    if block.size.height + 2 * size > panel.size.height:
        raise TransformError(
            f"the caption {quoted(text, limit=40)} is too long for its panel",
            hint="Shorten it, or make the page wider.",
        )
    space = round(size * 0.7)
    wide, high = block.size.width + 2 * space, block.size.height + 2 * space
    frame = Box(panel.left, panel.top, panel.left + wide, panel.top + high)
    paint_box(page, frame, BLACK, stroke)
    paint_box(page, frame, CAPTION)
    draw_text(page, block, (frame.left + space, frame.top + space))
    return frame


def paint_box(page: "Image.Image", box: Box, paint: Paint, grow: int = 0) -> None:
    """Draw a box of one colour, larger by some pixels on each side."""
    from PIL import Image

    size = (box.size.width + 2 * grow, box.size.height + 2 * grow)
    ink(page, Image.new("L", size, 255), paint, (box.left - grow, box.top - grow))


def _block(text: str, panel: Size, size: int) -> TextBlock:
    """Return the text in the largest size, up to the wanted one, whose bubble fits."""
    clean = cleaned(text)
    typeface = typeface_for(clean)
    most = Size(round(panel.width * _MAX_SHARE[0]), round(panel.height * _MAX_SHARE[1]))
    least = max(_SMALLEST, round(size * _SMALLEST_SHARE))
    for each in range(max(size, least), least - 1, -1):
        style = TextStyle(typeface=typeface, size=each, paint=BLACK)
        block = _shaped(clean, style, most.width)
        across, down = _half_size(block)
        if 2 * across <= most.width and 2 * down <= most.height:
            return block
    raise TransformError(
        f"the bubble {quoted(text, limit=40)} is too long for its panel of "
        f"{panel.width}x{panel.height} pixels",
        hint="Shorten it, or make the page wider.",
    )


def _shaped(text: str, style: TextStyle, most: int) -> TextBlock:
    """Return the text in lines that together look most like a bubble."""
    whole = style.font.getlength(text.replace("\n", " "))
    lines = max(1, round(math.sqrt(whole / (style.size * 1.2) / _SHAPE)))
    widest = min(most, max(round(whole / lines * 1.3), style.size * 4))
    return set_text(text, style, widest)


def _half_size(block: TextBlock) -> Point:
    """Return half the width and height of the bubble around a text."""
    size = block.style.size
    corner = 2 ** (1 / _POWER)
    # A single line only touches the sides of the shape, several lines also its corners.
    lines = len(block.lines)
    across = corner if lines > 2 else 1.12  # noqa: PLR2004 -- a middle line is the widest then
    return (
        block.size.width / 2 * across + size * _PADDING * 1.5,
        block.size.height / 2 * (corner if lines > 1 else 1.4) + size * _PADDING * 1.3,
    )


def _centre(panel: Box, half: Point, place: Gravity, stroke: int) -> Point:
    across, down = SHARES[place]
    edge = min(panel.size) * _MARGIN + stroke
    left, right = panel.left + edge + half[0], panel.right - edge - half[0]
    top, bottom = panel.top + edge + half[1], panel.bottom - edge - half[1]
    return left + (right - left) * across, top + (bottom - top) * down


def _below(caption: Box | None, panel: Box, half: Point, centre: Point) -> Point:
    """Return where a bubble doesn't cover a caption, if the panel has room for it there."""
    if (
        caption is None
        or centre[0] - half[0] > caption.right
        or centre[1] - half[1] > caption.bottom
    ):
        return centre
    lower = caption.bottom + min(panel.size) * _MARGIN + half[1]
    return (centre[0], lower) if lower + half[1] <= panel.bottom else centre


def _tip(panel: Box, centre: Point, half: Point, bubble: Bubble, size: int) -> Point:
    """Return where the tail ends: near the mouth, or a short way towards the panel's centre."""
    if bubble.tail is None:
        middle = (panel.left + panel.right) / 2, (panel.top + panel.bottom) / 2
        down = -1 if centre[1] > middle[1] else 1
        across = max(-1.0, min(1.0, (middle[0] - centre[0]) / half[0])) * 0.5
        return centre[0] + across * half[0], centre[1] + down * (half[1] + size * _TAIL_LENGTH)
    mouth = (
        panel.left + bubble.tail[0] * panel.size.width,
        panel.top + bubble.tail[1] * panel.size.height,
    )
    away = math.dist(mouth, centre)
    edge = away * _edge_share(centre, half, mouth)
    reach = max(0.0, min(away - size * _TAIL_GAP, edge + size * _MAX_TAIL))
    share = reach / away if away else 0.0
    return centre[0] + (mouth[0] - centre[0]) * share, centre[1] + (mouth[1] - centre[1]) * share


def _edge_share(centre: Point, half: Point, point: Point) -> float:
    """Return which share of the way to a point is inside the bubble."""
    across, down = (point[0] - centre[0]) / half[0], (point[1] - centre[1]) / half[1]
    total = abs(across) ** _POWER + abs(down) ** _POWER
    return 1.0 if total <= 1 else total ** (-1 / _POWER)


def _shape(
    centre: Point, half: Point, tip: Point, size: int, kind: BubbleKind
) -> list[list[Point]]:
    """Return the polygons of a bubble."""
    body = [
        (centre[0] + half[0] * _bent(math.cos(t)), centre[1] + half[1] * _bent(math.sin(t)))
        for t in (2 * math.pi * n / 360 for n in range(360))
    ]
    if kind == "thought":
        body = _scalloped(body, size)
    if _edge_share(centre, half, tip) >= 1:
        return [body]
    if kind == "thought":
        return [body, *_puffs(centre, half, tip, size)]
    return [body, _tail(centre, tip, size)]


def _scalloped(outline: list[Point], size: int) -> list[Point]:
    """Return an outline with bulges, like a cloud."""
    lengths = [math.dist(a, b) for a, b in zip(outline, [*outline[1:], outline[0]], strict=True)]
    count = max(8, round(sum(lengths) / (size * 1.7)))
    found, done = [], 0.0
    middle = (
        sum(x for x, _ in outline) / len(outline),
        sum(y for _, y in outline) / len(outline),
    )
    for (x, y), step in zip(outline, lengths, strict=True):
        bulge = abs(math.sin(math.pi * count * done / sum(lengths))) * size * 0.32
        away = math.dist((x, y), middle)
        factor = 1 + (bulge - size * 0.08) / away
        found.append((middle[0] + (x - middle[0]) * factor, middle[1] + (y - middle[1]) * factor))
        done += step
    return found


def _bent(value: float) -> float:
    return math.copysign(abs(value) ** (2 / _POWER), value)


def _tail(centre: Point, tip: Point, size: int) -> list[Point]:
    """Return a tail that is wide inside the bubble and bends a little on its way to the tip."""
    across, down = tip[0] - centre[0], tip[1] - centre[1]
    away = math.hypot(across, down)
    normal = (-down / away, across / away)
    wide = size * _TAIL_WIDTH
    bend = size * 0.35 * (1 if across >= 0 else -1)
    left, right = [], []
    for n in range(13):
        share = n / 12
        curve = bend * math.sin(math.pi * share)
        x = centre[0] + across * share + normal[0] * curve
        y = centre[1] + down * share + normal[1] * curve
        half = wide * (1 - share) ** 0.8
        left.append((x + normal[0] * half, y + normal[1] * half))
        right.append((x - normal[0] * half, y - normal[1] * half))
    return [*left, *reversed(right)]


def _puffs(centre: Point, half: Point, tip: Point, size: int) -> list[list[Point]]:
    """Return three circles from the edge of a thought to its tip, each smaller than the last."""
    across, down = tip[0] - centre[0], tip[1] - centre[1]
    edge = _edge_share(centre, half, tip)
    found = []
    for n, radius in enumerate((0.42, 0.3, 0.2)):
        share = edge + (1 - edge) * (n + 1) / 3
        x, y = centre[0] + across * share, centre[1] + down * share
        turns = (2 * math.pi * k / 40 for k in range(40))
        found.append(
            [(x + size * radius * math.cos(t), y + size * radius * math.sin(t)) for t in turns]
        )
    return found


def _draw_shape(page: "Image.Image", polygons: list[list[Point]], stroke: int, panel: Box) -> None:
    """Draw a white shape with a black outline, cut off at the panel."""
    from PIL import Image, ImageDraw

    points = [point for polygon in polygons for point in polygon]
    left = max(panel.left, math.floor(min(x for x, _ in points)) - 2 * stroke)
    top = max(panel.top, math.floor(min(y for _, y in points)) - 2 * stroke)
    right = min(panel.right, math.ceil(max(x for x, _ in points)) + 2 * stroke)
    bottom = min(panel.bottom, math.ceil(max(y for _, y in points)) + 2 * stroke)
    size = Size(max(1, right - left), max(1, bottom - top))
    large = (size.width * _SCALE, size.height * _SCALE)
    inner, outer = Image.new("L", large), Image.new("L", large)
    for polygon in polygons:
        scaled = [((x - left) * _SCALE, (y - top) * _SCALE) for x, y in polygon]
        ImageDraw.Draw(inner).polygon(scaled, 255)
        pen = ImageDraw.Draw(outer)
        pen.polygon(scaled, 255)
        pen.line([*scaled, scaled[0], scaled[1]], 255, 2 * stroke * _SCALE, joint="curve")
    smooth = Image.Resampling.BOX
    ink(page, outer.resize(size, smooth), BLACK, (left, top))
    ink(page, inner.resize(size, smooth), WHITE, (left, top))
