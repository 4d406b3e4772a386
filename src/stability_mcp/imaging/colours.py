"""Names the main colours of a picture, and finds out whether its background is plain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from stability_mcp.errors import ArgumentsError
from stability_mcp.text import did_you_mean, quoted

if TYPE_CHECKING:
    from PIL import Image


class Rgb(NamedTuple):
    """An sRGB colour; each part from 0 to 255."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        """Return the colour as `#rrggbb`."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


BLACK = Rgb(0, 0, 0)
NAMES: Mapping[str, Rgb] = MappingProxyType(
    {
        "black": BLACK,
        "charcoal": Rgb(45, 46, 50),
        "dark grey": Rgb(85, 85, 85),
        "grey": Rgb(140, 140, 140),
        "light grey": Rgb(200, 200, 200),
        "white": Rgb(250, 250, 250),
        "cream": Rgb(245, 235, 210),
        "beige": Rgb(215, 195, 160),
        "brown": Rgb(125, 80, 45),
        "dark brown": Rgb(65, 42, 28),
        "maroon": Rgb(110, 20, 30),
        "red": Rgb(210, 35, 40),
        "coral": Rgb(240, 125, 100),
        "peach": Rgb(255, 205, 170),
        "orange": Rgb(240, 140, 30),
        "gold": Rgb(205, 165, 50),
        "yellow": Rgb(245, 220, 50),
        "olive": Rgb(115, 115, 40),
        "lime": Rgb(160, 215, 50),
        "green": Rgb(50, 140, 60),
        "light green": Rgb(150, 205, 140),
        "dark green": Rgb(25, 70, 40),
        "mint": Rgb(165, 225, 190),
        "teal": Rgb(25, 125, 125),
        "turquoise": Rgb(65, 205, 200),
        "sky blue": Rgb(130, 190, 235),
        "light blue": Rgb(195, 220, 245),
        "steel blue": Rgb(65, 100, 140),
        "blue": Rgb(40, 90, 200),
        "navy": Rgb(20, 35, 85),
        "slate": Rgb(95, 110, 130),
        "purple": Rgb(120, 60, 160),
        "lavender": Rgb(190, 170, 225),
        "magenta": Rgb(205, 45, 150),
        "pink": Rgb(245, 175, 195),
    }
)
"""What people call colours (chosen after the colours of web and paint charts)."""

_NEUTRAL = frozenset({"black", "charcoal", "dark grey", "grey", "light grey", "white"})
MAX_NEUTRAL_LEVELS = 18
"""Difference between the parts of a colour, of 255, up to which people call it a grey."""

_MAX_COLOUR_CHARACTERS = 60
_BARE_HEX = re.compile(r"[0-9a-f]{6}([0-9a-f]{2})?")

MAX_COLOURS = 5
MIN_SHARE = 0.04
"""Smaller areas aren't what a person would name."""
_OPAQUE = 128
"""Alpha from which a pixel counts as visible."""
_SAMPLED = 192
"""Longer side, in pixels, of the picture whose colours are counted."""
_PALETTE = 12
"""Colours to separate before those with the same name are merged."""

BACKGROUND_TOLERANCE = 14
"""Levels of 255 between a plain background and its shades: paper, soft light, JPEG noise."""
_BORDER = 0.03
"""Share of the shorter side that is looked at for the background, on each side."""
_MIN_PLAIN = 0.97
"""Share of the border that has the background's colour; a subject may touch the border."""


@dataclass(frozen=True, kw_only=True)
class NamedColour:
    """One of the main colours of a picture."""

    name: str
    rgb: Rgb
    share: float
    """Share of the opaque pixels, from 0 to 1."""


def main_colours(picture: "Image.Image") -> list[NamedColour]:
    """Return up to five main colours, largest first; blocks.

    Args:
        picture: The picture, RGB or RGBA; transparent pixels don't count.
    """
    from PIL import Image

    small = picture.copy()
    small.thumbnail((_SAMPLED, _SAMPLED), Image.Resampling.BOX, reducing_gap=2)
    raw = small.convert("RGBA").tobytes()
    pixels = zip(raw[::4], raw[1::4], raw[2::4], raw[3::4], strict=True)
    opaque = [(red, green, blue) for red, green, blue, alpha in pixels if alpha >= _OPAQUE]
    if not opaque:
        return []
    line = Image.new("RGB", (len(opaque), 1))
    line.putdata(opaque)
    palette = line.quantize(_PALETTE, Image.Quantize.MEDIANCUT)
    shades = palette.getpalette() or []
    merged: dict[str, list[tuple[int, Rgb]]] = {}
    for index, count in enumerate(palette.histogram()[: len(shades) // 3]):
        rgb = Rgb(*shades[3 * index : 3 * index + 3])
        if count:
            merged.setdefault(name_of_colour(rgb), []).append((count, rgb))
    colours = [_merged(name, found, len(opaque)) for name, found in merged.items()]
    colours.sort(key=lambda each: -each.share)
    return [each for each in colours if each.share >= MIN_SHARE][:MAX_COLOURS] or colours[:1]


def _merged(name: str, found: list[tuple[int, Rgb]], total: int) -> NamedColour:
    pixels = sum(count for count, _ in found)
    mean = (round(sum(count * rgb[n] for count, rgb in found) / pixels) for n in range(3))
    return NamedColour(name=name, rgb=Rgb(*mean), share=pixels / total)


def parse_colour(text: str, *, seen: bool = False) -> Rgb:
    """Return the colour of a text such as `#f80`, `ff8800`, `rgb(255, 136, 0)` or `dark orange`.

    Args:
        text: What the caller wrote.
        seen: Whether a name means what people call so in a picture, as in `NAMES`, rather than the
            exact CSS colour.

    Raises:
        ArgumentsError: it isn't a colour.
    """
    named = NAMES.get(_colour_word(text)) if seen else None
    parts = named or colour_parts(text)
    if parts is None:
        raise ArgumentsError(
            f"{quoted(text)} isn't a colour.",
            hint=colour_guess(text) or 'Pass one such as "#ff8800" or "orange".',
        )
    return Rgb(*parts[:3])


def colour_parts(text: str) -> tuple[int, ...] | None:
    """Return red, green, blue and perhaps alpha of a colour; None if the text isn't one.

    CSS names come before `NAMES`, and may have spaces.
    """
    word = _colour_word(text)
    if _BARE_HEX.fullmatch(word):
        word = f"#{word}"
    if len(word) > _MAX_COLOUR_CHARACTERS:
        return None
    return _css(word) or NAMES.get(word) or _css(word.replace(" ", ""))


def colour_guess(text: str) -> str:
    """Return `Did you mean ...?` for a text that isn't a colour, or ""."""
    from PIL import ImageColor

    return did_you_mean(_colour_word(text)[:_MAX_COLOUR_CHARACTERS], (*NAMES, *ImageColor.colormap))


def _colour_word(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split()).replace("gray", "grey")


def _css(word: str) -> tuple[int, ...] | None:
    from PIL import ImageColor

    try:
        return ImageColor.getrgb(word)
    except ValueError:
        return None


def name_of_colour(rgb: Rgb) -> str:
    """Return what a person would call a colour."""
    neutral = max(rgb) - min(rgb) <= MAX_NEUTRAL_LEVELS
    names = [name for name in NAMES if (name in _NEUTRAL) == neutral]
    return min(names, key=lambda name: _distance(rgb, NAMES[name]))


def _distance(one: Rgb, other: Rgb) -> float:
    """Return how different two colours look (the redmean approximation)."""
    mean = (one.red + other.red) / 2
    red, green, blue = one.red - other.red, one.green - other.green, one.blue - other.blue
    return (2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2


def plain_background(picture: "Image.Image") -> Rgb | Literal["transparent"] | None:
    """Return the colour of a plain background; None if the border has more than one. Blocks.

    Args:
        picture: The picture, RGB or RGBA.
    """
    from PIL import Image

    small = picture.copy()
    small.thumbnail((2 * _SAMPLED, 2 * _SAMPLED), Image.Resampling.BOX, reducing_gap=2)
    border = _border_of(small)
    if picture.mode == "RGBA":
        clear = border.getchannel("A").histogram()[:16]
        if sum(clear) >= _MIN_PLAIN * border.width * border.height:
            return "transparent"
    colours = border.convert("RGB")
    middle = Rgb(*(_median(band.histogram()) for band in colours.split()))
    same = differs_from(colours, middle).histogram()[0]
    return middle if same >= _MIN_PLAIN * colours.width * colours.height else None


def _border_of(picture: "Image.Image") -> "Image.Image":
    """Return the four edges of a picture in one strip."""
    from PIL import Image

    width, height = picture.size
    deep = max(1, round(min(picture.size) * _BORDER))
    rows = [picture.crop((0, 0, width, deep)), picture.crop((0, height - deep, width, height))]
    columns = [picture.crop((0, 0, deep, height)), picture.crop((width - deep, 0, width, height))]
    parts = [*rows, *(column.transpose(Image.Transpose.ROTATE_90) for column in columns)]
    strip = Image.new(picture.mode, (sum(part.width for part in parts), deep))
    left = 0
    for part in parts:
        strip.paste(part, (left, 0))
        left += part.width
    return strip


def _median(counts: list[int]) -> int:
    half, total = sum(counts) / 2, 0
    for level, count in enumerate(counts):
        total += count
        if total >= half:
            return level
    return len(counts) - 1


def differs_from(
    colours: "Image.Image", colour: Rgb, *, tolerance: int = BACKGROUND_TOLERANCE
) -> "Image.Image":
    """Return a mask: white where a picture differs from a colour by more than shades of it.

    Args:
        colours: The picture, RGB.
        colour: The colour.
        tolerance: Largest difference of a channel that counts as the same, from 0 to 255.
    """
    from PIL import Image, ImageChops

    paper = Image.new("RGB", colours.size, tuple(colour))
    red, green, blue = ImageChops.difference(colours, paper).split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return largest.point([0] * (tolerance + 1) + [255] * (255 - tolerance))
