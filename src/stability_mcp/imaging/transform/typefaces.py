"""Finds fonts: the bundled one and those installed on this machine, and what they can draw.

The bundled font is Manrope (SIL Open Font License, in `fonts/`): Latin, Greek and Cyrillic in one
small file with all weights. Other scripts need a font of the system.
"""

import os
import struct
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from stability_mcp.imaging.transform.size_limits import TransformError
from stability_mcp.text import did_you_mean, listed, name_key, quoted

if TYPE_CHECKING:
    from PIL import ImageFont

BUNDLED = Path(__file__).parents[1] / "fonts" / "Manrope.ttf"
BOLD = 700
"""Weight of text on pictures: thin strokes get lost on them."""

_ENDINGS = {".ttf", ".otf", ".ttc", ".otc"}
_MAX_FILES = 4_000
_MAX_FACES = 12
"""Faces of a collection that are read: styles and languages of one family."""
_MAX_NAMED = 8
_MAX_CMAP = 1 << 22
"""Bytes of a table of characters; the largest fonts have one of a fifth of it."""
_PLAIN_STYLES = ("regular", "book", "roman", "normal", "medium")
INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
"""Unicode categories that need no glyph."""


@dataclass(frozen=True, kw_only=True)
class Typeface:
    """A font, in every size."""

    path: Path
    index: int = 0
    """Number of the face in a collection."""
    name: str
    weight: int | None = None
    """Weight of a variable font, from 1 to 1000."""

    def at(self, size: int) -> "ImageFont.FreeTypeFont":
        """Return the font in a size, in pixels.

        Raises:
            TransformError: it can't be read.
        """
        return _font(self, size)

    def lacking(self, text: str) -> list[str]:
        """Return the characters of a text that it can't draw, each once."""
        starts, ends = _covered(self.path, self.index)
        found = []
        for each in dict.fromkeys(text):
            place = bisect_right(starts, ord(each)) - 1
            covered = place >= 0 and ord(each) <= ends[place]
            if not covered and unicodedata.category(each) not in INVISIBLE:
                found.append(each)
        return found


def bundled(weight: int = BOLD) -> Typeface:
    """Return the bundled font."""
    return Typeface(path=BUNDLED, name="Manrope", weight=weight)


def typeface_for(text: str, name: str | None = None, weight: int = BOLD) -> Typeface:
    """Return a font that can draw a text.

    Args:
        text: The text.
        name: Family, or family and style, of an installed font; None: the bundled font, or else
            any font of the system that has all characters.
        weight: Weight of the bundled font.

    Raises:
        TransformError: there is no such font, or it lacks characters of the text.
    """
    _check_direction(text)
    own = bundled(weight)
    if name is not None:
        chosen = own if name_key(name) == name_key(own.name) else _named(name)
        lacking = chosen.lacking(text)
        if not lacking:
            return chosen
        able = next(_able(text), None)
        raise TransformError(
            f"the font {quoted(chosen.name)} lacks {_shown(lacking)}",
            hint=f"The font {quoted(able.name)} has them." if able else "Leave them out.",
        )
    lacking = own.lacking(text)
    if not lacking:
        return own
    able = next(_able(text), None)
    if able is None:
        raise TransformError(
            f"no font on this machine has all of the text; {own.name} lacks {_shown(lacking)}",
            hint="Leave them out, or install a font that has them, such as Noto Sans CJK or Noto "
            "Emoji, and restart the server.",
        )
    return able


def _shown(characters: Sequence[str]) -> str:
    few = "".join(characters[:_MAX_NAMED])
    codes = listed((f"U+{ord(each):04X}" for each in characters), most=3)
    return f"{quoted(few)} ({codes})"


def _check_direction(text: str) -> None:
    from PIL import features

    if features.check("raqm"):
        return
    if any(unicodedata.bidirectional(each) in {"R", "AL"} for each in text):
        raise TransformError(
            "right-to-left text needs Pillow with the Raqm layout library, which isn't installed "
            "on this machine"
        )


@lru_cache(maxsize=64)
def _font(typeface: Typeface, size: int) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont

    try:
        font = ImageFont.truetype(typeface.path, size, typeface.index)
        if typeface.weight is not None:
            font.set_variation_by_axes([typeface.weight])
    except (OSError, ValueError) as error:
        raise TransformError(f"the font {quoted(typeface.name)} can't be read") from error
    return font


# Fonts of the system ------------------------------------------------------------------------------


def _named(name: str) -> Typeface:
    """Return an installed font by family, or family and style."""
    wanted = name_key(name[:80])
    fonts = installed()
    for face, style in fonts:
        if wanted == name_key(f"{face.name} {style}"):
            return face
    family = [(face, style) for face, style in fonts if name_key(face.name) == wanted]
    if family:
        return min(family, key=lambda each: _plainness(each[1]))[0]
    names = sorted({face.name for face, _ in fonts})
    few = listed(names, most=_MAX_NAMED) or "none"
    raise TransformError(
        f"there is no font {quoted(name)} on this machine",
        hint=did_you_mean(name[:80], names) or f"Leave font out for Manrope; installed are {few}.",
    )


def _plainness(style: str) -> int:
    word = style.casefold()
    return _PLAIN_STYLES.index(word) if word in _PLAIN_STYLES else len(_PLAIN_STYLES)


def _able(text: str) -> Iterator[Typeface]:
    """Yield the installed fonts that have all characters of a text, plain and bold ones first."""
    order = sorted(
        installed(), key=lambda each: (each[1].casefold() != "bold", _plainness(each[1]))
    )
    for face, _ in order:
        if not face.lacking(text):
            yield face


@cache
def installed() -> Sequence[tuple[Typeface, str]]:
    """Return the fonts of this machine with their styles; blocks for a second the first time."""
    from PIL import ImageFont

    found = []
    for path in _font_files():
        for index in range(_MAX_FACES if path.suffix.casefold() in {".ttc", ".otc"} else 1):
            try:
                family, style = ImageFont.truetype(path, 16, index).getname()
            except OSError:
                break
            if family and not family.startswith("."):
                face = Typeface(path=path, index=index, name=family)
                found.append((face, style or ""))
    return found


def _font_files() -> Iterator[Path]:
    count = 0
    for folder in _folders():
        for place, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                if Path(name).suffix.casefold() in _ENDINGS:
                    yield Path(place, name)
                    count += 1
                    if count >= _MAX_FILES:
                        return


def _folders() -> list[Path]:
    """Return where this system keeps fonts."""
    home = Path.home()
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", str(home / "AppData/Local"))
        windows = os.environ.get("WINDIR", "C:/Windows")
        return [Path(windows, "Fonts"), Path(local, "Microsoft/Windows/Fonts")]
    data = os.environ.get("XDG_DATA_HOME", str(home / ".local/share"))
    return [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path(data, "fonts"),
        home / ".fonts",
    ]


# Characters of a font -----------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _covered(path: Path, index: int) -> tuple[list[int], list[int]]:
    """Return the first and the last character of each range that a font maps (OpenType, cmap)."""
    try:
        with path.open("rb") as file:
            table = _cmap(file, index)
        ranges = sorted(_ranges(table))
    except (OSError, struct.error, IndexError):
        ranges = []
    return [first for first, _ in ranges], [last for _, last in ranges]


def _cmap(file: BinaryIO, index: int) -> bytes:
    head = file.read(12)
    start = 0
    if head[:4] == b"ttcf":
        file.seek(12 + 4 * index)
        (start,) = struct.unpack(">I", file.read(4))
        file.seek(start)
        head = file.read(12)
    (tables,) = struct.unpack(">H", head[4:6])
    for _ in range(tables):
        tag, _, offset, size = struct.unpack(">4sIII", file.read(16))
        if tag == b"cmap":
            file.seek(offset)
            return file.read(min(size, _MAX_CMAP))
    return b""


def _ranges(table: bytes) -> Iterator[tuple[int, int]]:
    if not table:
        return
    (subtables,) = struct.unpack_from(">H", table, 2)
    offsets = {
        struct.unpack_from(">HHI", table, 4 + 8 * n)[:2]: struct.unpack_from(
            ">I", table, 8 + 8 * n
        )[0]
        for n in range(subtables)
    }
    # The tables for all of Unicode first, then those for its first 65,536 characters.
    for key in ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3)):
        if key in offsets:
            yield from _subtable(table, offsets[key])
            return


def _subtable(table: bytes, at: int) -> Iterator[tuple[int, int]]:
    (form,) = struct.unpack_from(">H", table, at)
    if form == 12:  # noqa: PLR2004 -- segmented coverage
        (groups,) = struct.unpack_from(">I", table, at + 12)
        for n in range(groups):
            first, last, _ = struct.unpack_from(">III", table, at + 16 + 12 * n)
            yield first, last
    elif form == 4:  # noqa: PLR2004 -- segments of the first 65,536 characters
        (twice,) = struct.unpack_from(">H", table, at + 6)
        ends = struct.unpack_from(f">{twice // 2}H", table, at + 14)
        starts = struct.unpack_from(f">{twice // 2}H", table, at + 16 + twice)
        yield from (pair for pair in zip(starts, ends, strict=True) if pair[0] != 0xFFFF)  # noqa: PLR2004 -- the end mark
