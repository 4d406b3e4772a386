"""Parses the directories of a TIFF (TIFF 6.0) or BigTIFF; camera raw files are TIFFs as well."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import damaged, read_at

MAX_DIRECTORIES = 1_000
_MAX_ENTRIES = 4_096
_MAX_TEXT = 64
MAX_TILE_PIXELS = 4_194_304
"""Largest tile: writers use 128 to 1,024 pixels per side. The decoder holds two whole tiles, and a
small picture may lie in a tile of any size."""

_SUBFILE, _WIDTH, _HEIGHT, _BITS = 254, 256, 257, 258
_PHOTOMETRIC, _MAKE, _SUB_DIRECTORIES, _SAMPLE_FORMAT, _DNG = 262, 271, 330, 339, 50_706
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_WANTED = frozenset(
    {
        _SUBFILE,
        _WIDTH,
        _HEIGHT,
        _BITS,
        _PHOTOMETRIC,
        _MAKE,
        _SUB_DIRECTORIES,
        _SAMPLE_FORMAT,
        _DNG,
        _TILE_WIDTH,
        _TILE_HEIGHT,
    }
)
_CANON_RAW = b"CR\x02"
_CFA, _LINEAR_RAW = 32_803, 34_892
"""Photometric interpretations of sensor data (DNG 1.7)."""
_FORMATS: Mapping[int, str] = MappingProxyType(
    {1: "B", 2: "s", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
)
"""Types of the values that are read: numbers, offsets and text (TIFF 6.0, BigTIFF)."""


class _Layout(NamedTuple):
    """How a file stores directories."""

    order: str
    offset: str
    number: str
    entry_size: int

    def directory(self, file: BinaryIO, at: int) -> tuple[bytes, int]:
        """Return the entries of a directory and the position of the next one."""
        size = struct.calcsize(self.order + self.number)
        (entries,) = struct.unpack(self.order + self.number, _read(file, at, size))
        body = _read(file, at + size, min(entries, _MAX_ENTRIES) * self.entry_size)
        end = at + size + entries * self.entry_size
        after = _read(file, end, struct.calcsize(self.order + self.offset))
        try:
            return body, struct.unpack(self.order + self.offset, after)[0]
        except struct.error:
            return body, 0  # the last directory may end the file without its terminator

    def values(self, file: BinaryIO, entry: bytes) -> tuple[int, tuple[int, ...] | bytes]:
        """Return the tag and the values of an entry; none for types that aren't needed."""
        tag, form, number = struct.unpack_from(f"{self.order}HH{self.offset}", entry)
        name = _FORMATS.get(form)
        if tag not in _WANTED or name is None:
            return tag, ()
        number = min(number, _MAX_TEXT)
        pattern = f"{self.order}{number}{name}"
        size, room = struct.calcsize(pattern), struct.calcsize(self.order + self.offset)
        data = entry[-room:]
        if size > room:
            (at,) = struct.unpack(self.order + self.offset, data)
            data = _read(file, at, size)
        values = struct.unpack_from(pattern, data)
        return tag, values[0] if form == 2 else values  # noqa: PLR2004 -- text is one value


_BIG = 43
"""Version of a BigTIFF; a TIFF has 42."""
_MAX_POSITION = 2**40
"""Largest position to seek, in bytes: systems refuse larger ones with various errors."""


@dataclass(frozen=True)
class Directory:
    """One picture of a TIFF."""

    width: int
    height: int
    bits: int
    signed: bool
    """Whether its samples are signed integers."""
    white_is_zero: bool
    reduced: bool
    """Whether it is marked as a smaller version of another picture."""
    sensor: bool
    """Whether it holds sensor data rather than colours."""
    dng: bool
    make: str
    """Maker of the camera."""
    tile: tuple[int, int]
    """Width and height of a tile; 0 if the picture isn't stored in tiles."""
    parts: tuple[int, ...]
    """Positions of its sub-directories."""

    @property
    def pixels(self) -> int:
        """Return width times height."""
        return self.width * self.height


def first_directory(file: BinaryIO) -> Directory:
    """Return the directory of the first picture, which is the one viewers show.

    Raises:
        FileUnusableError: It is a camera raw file, only a thumbnail, damaged, or stored in tiles
            that take too much memory.
    """
    try:
        found = list(_directories(file))
    except struct.error as error:
        raise damaged("TIFF", "its directory cannot be read") from error
    if not found:
        raise damaged("TIFF", "it contains no picture")
    first = found[0]
    larger = [each for each in found[1:] if each.pixels > first.pixels]
    if _read(file, 8, 3) == _CANON_RAW or any(each.dng or each.sensor for each in found):
        name = "DNG" if first.dng else first.make.title() or "unknown camera"
        raise FileUnusableError(
            f"This is a camera raw file ({name}). The only picture in it that could be read is a "
            "small preview, not the photo.",
            hint="Export the photo as JPEG or TIFF from a photo editor.",
        )
    if first.reduced and larger:
        best = max(larger, key=lambda each: each.pixels)
        raise FileUnusableError(
            f"The first picture in this TIFF is only a thumbnail of {first.width}x{first.height} "
            f"pixels; the full picture has {best.width}x{best.height}.",
            hint="Save the full picture as PNG or JPEG in an image editor.",
        )
    width, height = first.tile
    if width * height > MAX_TILE_PIXELS:
        raise FileUnusableError(
            f"This TIFF is stored in tiles of {width}x{height} pixels, which take too much memory.",
            hint="Save it as PNG or JPEG in an image editor.",
        )
    return first


def _directories(file: BinaryIO) -> Iterator[Directory]:
    """Yield the pictures, each before its sub-pictures; a broken later one ends the list."""
    layout, at = _layout(file)
    seen: set[int] = set()
    pages = [at]
    while pages and len(seen) < MAX_DIRECTORIES:
        at = pages.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        try:
            directory, following = _directory(file, layout, at)
        except struct.error:
            if len(seen) == 1:
                raise
            continue
        yield directory
        pages += [*directory.parts, following]


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    return read_at(file, start, size) if start < _MAX_POSITION else b""


def _layout(file: BinaryIO) -> tuple[_Layout, int]:
    head = _read(file, 0, 16)
    order = "<" if head.startswith(b"II") else ">"
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    if version == _BIG:
        return _Layout(order, "Q", "Q", 20), struct.unpack_from(f"{order}Q", head, 8)[0]
    return _Layout(order, "I", "H", 12), struct.unpack_from(f"{order}I", head, 4)[0]


def _directory(file: BinaryIO, layout: _Layout, at: int) -> tuple[Directory, int]:
    body, following = layout.directory(file, at)
    tags: dict[int, tuple[int, ...] | bytes] = {}
    for start in range(0, len(body) - layout.entry_size + 1, layout.entry_size):
        try:
            tag, values = layout.values(file, body[start : start + layout.entry_size])
        except struct.error:
            continue  # values that lie beyond the end of the file
        if values:
            tags[tag] = values

    def numbers(tag: int) -> tuple[int, ...]:
        values = tags.get(tag, ())
        return values if isinstance(values, tuple) else ()

    def number(tag: int, default: int = 0) -> int:
        return next(iter(numbers(tag)), default)

    make = tags.get(_MAKE, b"")
    directory = Directory(
        width=number(_WIDTH),
        height=number(_HEIGHT),
        bits=max(numbers(_BITS), default=1),
        signed=number(_SAMPLE_FORMAT, 1) == 2,  # noqa: PLR2004 -- two's complement
        white_is_zero=_PHOTOMETRIC in tags and number(_PHOTOMETRIC) == 0,
        reduced=bool(number(_SUBFILE) & 1),
        sensor=number(_PHOTOMETRIC) in {_CFA, _LINEAR_RAW},
        dng=_DNG in tags,
        make=make.split(b"\0")[0].decode("ascii", "replace").strip()
        if isinstance(make, bytes)
        else "",
        tile=(number(_TILE_WIDTH), number(_TILE_HEIGHT)),
        parts=numbers(_SUB_DIRECTORIES),
    )
    return directory, following
