"""Draws text: wrapped, aligned, with outline and shadow.

A block of text is measured from the top of the capitals of its first line to the baseline of its
last one, so that it looks centred where it is centred. Accents and descenders reach a little
beyond.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stability_mcp.api.fields import Size
from stability_mcp.imaging.transform.paint import BLACK, WHITE, Paint, ink
from stability_mcp.imaging.transform.size_limits import TransformError, size_text
from stability_mcp.imaging.transform.typefaces import INVISIBLE, Typeface

if TYPE_CHECKING:
    from PIL import Image, ImageFont

Align = Literal["left", "center", "right"]

MAX_CHARACTERS = 2_000
"""About a page of text; a picture with more isn't read."""
MIN_SIZE, MAX_SIZE = 4, 4_000
"""Sizes in pixels: below the first nothing is readable, and the second fills the largest page."""
_LINE = 1.22
"""Distance of two baselines, as a factor of the size."""
_DESCENT = 0.25
"""How far letters reach below the baseline, as a factor of the size."""
_MAX_WORD = 24
"""Characters of a word that is never broken: longer ones are addresses."""
_SHADOW_BLUR, _SHADOW_OFFSET = 0.07, 0.045
_SHADOW = Paint(0, 0, 0, 170)
_SHARES: dict[Align, float] = {"left": 0, "center": 0.5, "right": 1}

_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CLOSING = (
    "\u3001\u3002\uff0c\uff0e\uff01\uff1f\u300d\u300f\uff09\u3011\u300b\u30fc\u30fb\uff1a\uff1b"
)
"""Characters that never begin a line."""
_WORDS = re.compile(rf"[{_CJK}][{_CLOSING}]*|[^\s{_CJK}]+|\s+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, kw_only=True)
class TextStyle:
    """How text looks. Lengths are in pixels."""

    typeface: Typeface
    size: int
    paint: Paint = WHITE
    outline: Paint | None = None
    outline_width: int = 0
    shadow: bool = False
    align: Align = "center"

    @property
    def font(self) -> "ImageFont.FreeTypeFont":
        """Return the font in its size."""
        return self.typeface.at(self.size)


@dataclass(frozen=True, kw_only=True)
class TextBlock:
    """Lines of text of a style, with their size in pixels."""

    lines: tuple[str, ...]
    style: TextStyle
    size: Size
    capitals: int
    """Height of a capital letter."""
    broken: bool = False
    """Whether a word was too wide for a line."""

    @property
    def below(self) -> int:
        """Return how far descenders and the outline reach below it."""
        return round(self.style.size * _DESCENT) + self.style.outline_width


def cleaned(text: str) -> str:
    """Return a text as it is drawn: without control characters, with single line ends.

    Raises:
        TransformError: nothing is left, or it is too long.
    """
    lines = re.sub(r"\r\n?|\\n|[\u2028\u2029]", "\n", text)  # the layout library fails at U+2029
    clean = _CONTROL.sub(" ", lines.encode("utf-8", "ignore").decode("utf-8")).strip()
    if all(unicodedata.category(each) in INVISIBLE for each in clean):
        raise TransformError("the text is blank")
    if len(clean) > MAX_CHARACTERS:
        raise TransformError(
            f"the text has {len(clean):,} characters; at most {MAX_CHARACTERS:,} can be drawn"
        )
    return clean


def set_text(text: str, style: TextStyle, width: int) -> TextBlock:
    """Break a text into lines of at most a width, which are about equally long.

    Args:
        text: The text; its line ends are kept.
        style: How it looks.
        width: Longest line, in pixels.
    """
    font, inner = style.font, max(1, width - 2 * style.outline_width)
    lines = [line for part in text.split("\n") for line in _balanced(part.strip(), font, inner)]
    widest = max(font.getlength(line) for line in lines)
    capitals = round(-font.getbbox("H", anchor="ls")[1])
    height = capitals + (len(lines) - 1) * line_height(style)
    edge = 2 * style.outline_width
    return TextBlock(
        lines=tuple(lines),
        style=style,
        size=Size(max(1, round(widest)) + edge, height + edge),
        capitals=capitals,
        broken=any(
            len(word) <= _MAX_WORD and font.getlength(word) > inner
            for word in _WORDS.findall(text)
            if not word.isspace()
        ),
    )


def fit_text(text: str, style: TextStyle, within: Size) -> TextBlock:
    """Break a text into lines that fit into a box.

    Raises:
        TransformError: it doesn't fit in this size; names the largest size that does.
    """
    block = set_text(text, style, within.width)
    if _fits(block, within):
        return block
    largest = largest_size(text, style, within)
    raise TransformError(
        f"the text doesn't fit into {size_text(within)} pixels at size {style.size}",
        hint=f"At size {largest} it fits." if largest else "Shorten it.",
    )


def largest_size(text: str, style: TextStyle, within: Size, most: int | None = None) -> int | None:
    """Return the largest size of a font in which a text fits into a box; None: it never does."""
    low, high = MIN_SIZE - 1, min(most or style.size, within.height * 2)
    while low < high:
        middle = (low + high + 1) // 2
        tried = TextStyle(typeface=style.typeface, size=middle, outline_width=style.outline_width)
        if _fits(set_text(text, tried, within.width), within):
            low = middle
        else:
            high = middle - 1
    return low if low >= MIN_SIZE else None


def _fits(block: TextBlock, within: Size) -> bool:
    low_enough = block.size.height + block.below <= within.height
    return low_enough and block.size.width <= within.width and not block.broken


def line_height(style: TextStyle) -> int:
    """Return the distance of two baselines, in pixels."""
    return round(style.size * _LINE)


def _balanced(text: str, font: "ImageFont.FreeTypeFont", width: int) -> list[str]:
    """Return lines of a paragraph, as few as possible and then as narrow as possible."""
    lines = _wrapped(text, font, width)
    if len(lines) == 1 or len(lines) > 12:  # noqa: PLR2004 -- long texts are evenly filled anyway
        return lines
    low, high = width // 2, width
    while high - low > max(2, width // 64):
        middle = (low + high) // 2
        tried = _wrapped(text, font, middle)
        if len(tried) == len(lines):
            lines, high = tried, middle
        else:
            low = middle
    return lines


def _wrapped(text: str, font: "ImageFont.FreeTypeFont", width: int) -> list[str]:
    lines, line = [], ""
    for word in _WORDS.findall(text):
        if font.getlength((line + word).rstrip()) <= width:
            line += word
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = word.lstrip()
        while font.getlength(line) > width and len(line) > 1:
            kept = _longest_start(line, font, width)
            lines.append(line[:kept])
            line = line[kept:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _longest_start(word: str, font: "ImageFont.FreeTypeFont", width: int) -> int:
    """Return how many characters of a word fit into a width, at least one."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(word[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def draw_text(picture: "Image.Image", block: TextBlock, at: tuple[int, int]) -> None:
    """Draw a block of text on a picture, in place.

    Args:
        picture: RGB or RGBA.
        block: The text.
        at: Where its top left corner is.
    """
    from PIL import ImageFilter

    style = block.style
    letters, bleed = _mask(block, 0)
    place = (at[0] - bleed, at[1] - bleed)
    around = _mask(block, style.outline_width)[0] if style.outline else letters
    if style.shadow:
        soft = around.filter(ImageFilter.GaussianBlur(max(1.0, style.size * _SHADOW_BLUR)))
        moved = max(1, round(style.size * _SHADOW_OFFSET))
        ink(picture, soft, _SHADOW, (place[0] + moved, place[1] + moved))
    if style.outline:
        ink(picture, around, style.outline, place)
    ink(picture, letters, style.paint, place)


def _mask(block: TextBlock, stroke: int) -> "tuple[Image.Image, int]":
    """Return the coverage of a block's letters, and how far it reaches beyond the block."""
    from PIL import Image, ImageDraw

    style = block.style
    bleed = round(style.size * 0.6) + style.outline_width
    mask = Image.new("L", (block.size.width + 2 * bleed, block.size.height + 2 * bleed))
    draw = ImageDraw.Draw(mask)
    baseline = bleed + style.outline_width + block.capitals
    free = block.size.width - 2 * style.outline_width
    for line in block.lines:
        left = (free - style.font.getlength(line)) * _SHARES[style.align]
        where = (bleed + style.outline_width + left, baseline)
        draw.text(where, line, 255, style.font, "ls", stroke_width=stroke)
        baseline += line_height(style)
    return mask, bleed


def readable_on(paint: Paint) -> Paint:
    """Return black or white, whichever is readable on a colour."""
    return BLACK if paint.is_light else WHITE
