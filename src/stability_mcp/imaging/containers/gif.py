"""Parses the blocks of a GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), no pixels."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import (
    MAX_PIECES,
    cut_short,
    damaged,
    missing_rows,
    read_at,
)
from stability_mcp.imaging.facts import Facts

_END = b"\x3b"
_END_OF_DATA = b"\x00"

_PADDING = 0x00
"""Some writers put zeros between blocks; GIF87a says to skip what isn't a block."""
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_MAX_CODE_BITS = 12
_GRAPHIC_CONTROL = 0xF9
_HEADER = 13
_PALETTE = 0x80


@dataclass(frozen=True)
class _CutPicture:
    """A picture whose data is cut off. Positions are bytes from the start of the file."""

    descriptor: int
    """Position of its descriptor."""
    data: int
    """Position of its code size, just before the first sub-block."""
    last: int
    """Position of the last sub-block, which is incomplete."""


@dataclass
class _Blocks:
    """The facts in the blocks of a GIF, as far as the blocks are intact."""

    width: int = 0
    height: int = 0
    has_alpha: bool = False
    frames: int = 0
    end: int = 0
    """End of the last intact block."""
    cut: "_CutPicture | None" = None
    """The first picture, if its data is cut off."""


def facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the blocks.

    Raises:
        FileUnusableError: The file ends before its trailer, or contains an invalid block.
    """
    blocks = _Blocks()
    _walk(file, blocks)
    if not blocks.frames:
        raise damaged("GIF", "it contains no picture")
    return Facts(
        media_type="image/gif",
        bytes=size,
        end=blocks.end,
        width=blocks.width,
        height=blocks.height,
        mode="P",
        has_alpha=blocks.has_alpha,
        frames=blocks.frames,
    )


def unfinished_end(file: BinaryIO) -> tuple[int, bytes] | None:
    """Return how many bytes of a GIF without trailer to keep, and the bytes that complete it.

    None if the trailer is there, or no picture.

    Raises:
        FileUnusableError: Picture data is missing.
    """
    blocks = _Blocks()
    try:
        _walk(file, blocks)
    except FileUnusableError:
        if blocks.cut:
            return blocks.cut.last, _completed(file, blocks.cut)
        return (blocks.end, _END) if blocks.frames else None
    return None


def _walk(file: BinaryIO, blocks: _Blocks) -> None:
    """Read the blocks up to the trailer.

    Raises:
        FileUnusableError: The file ends before its trailer, or contains an invalid block.
    """
    header = read_at(file, 0, _HEADER)
    if len(header) < _HEADER:
        raise cut_short("GIF", "its header is incomplete")
    blocks.width, blocks.height, flags = struct.unpack("<HHB", header[6:11])
    blocks.end = _HEADER + _palette_bytes(flags)
    for _ in range(MAX_PIECES):
        at = blocks.end
        kind = _byte(file, at)
        if kind == _TRAILER:
            blocks.end = at + 1
            return
        if kind == _PADDING:
            blocks.end = at + 1
        elif kind == _EXTENSION:
            if _byte(file, at + 1) == _GRAPHIC_CONTROL and not blocks.frames:
                blocks.has_alpha = bool(_byte(file, at + 3) & 1)
            blocks.end = _after_sub_blocks(file, at + 2)
        elif kind == _IMAGE:
            data = at + 11 + _palette_bytes(_byte(file, at + 9))
            blocks.end = _after_picture(file, at, data, blocks)
            blocks.frames += 1
        else:
            raise damaged("GIF", f"it has an invalid block at byte {at:,}")
    raise damaged("GIF", f"it has more than {MAX_PIECES:,} parts")


def _after_picture(file: BinaryIO, descriptor: int, data: int, blocks: _Blocks) -> int:
    """Return the end of a picture's data, and remember where the first picture is cut off."""
    at = data
    try:
        while length := _byte(file, at):
            _byte(file, at + length)
            at += length + 1
    except FileUnusableError:
        if not blocks.frames:
            blocks.cut = _CutPicture(descriptor, data - 1, at)
        raise
    return at + 1


def _completed(file: BinaryIO, cut: _CutPicture) -> bytes:
    """Return the last sub-block with its true length, and the end of the file.

    Raises:
        FileUnusableError: Picture data is missing.
    """
    width, height = struct.unpack("<HH", read_at(file, cut.descriptor + 5, 4))
    last = read_at(file, cut.last + 1, 255)
    whole = b"".join([*_sub_blocks(file, cut.data + 1, cut.last), last])
    share = _pixels(_byte(file, cut.data), whole) / max(width * height, 1)
    if share < 1:
        raise missing_rows("GIF", 1 - share)
    return (bytes([len(last)]) + last if last else b"") + _END_OF_DATA + _END


def _sub_blocks(file: BinaryIO, at: int, end: int) -> Iterator[bytes]:
    while at < end:
        length = _byte(file, at)
        yield read_at(file, at + 1, length)
        at += length + 1


def _pixels(code_size: int, data: bytes) -> int:
    """Return how many pixels LZW codes stand for (GIF89a, appendix F), without the pixels."""
    clear = 1 << min(code_size, _MAX_CODE_BITS - 1)
    lengths: list[int] = []
    pixels = previous = bits = held = 0
    code_bits = clear.bit_length()
    for byte in data:
        held |= byte << bits
        bits += 8
        while bits >= code_bits:
            code = held & (1 << code_bits) - 1
            held >>= code_bits
            bits -= code_bits
            if code == clear:
                lengths, previous, code_bits = [], 0, clear.bit_length()
                continue
            if code == clear + 1:
                return pixels
            known = code - clear - 2
            # A code that isn't known yet is the previous string with one more pixel.
            length = 1 if known < 0 else lengths[known] if known < len(lengths) else previous + 1
            if previous and len(lengths) < (1 << _MAX_CODE_BITS) - clear - 2:
                lengths.append(previous + 1)
            if clear + 2 + len(lengths) >= 1 << code_bits and code_bits < _MAX_CODE_BITS:
                code_bits += 1
            pixels, previous = pixels + length, length
    return pixels


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & _PALETTE else 0


def _byte(file: BinaryIO, at: int) -> int:
    found = read_at(file, at, 1)
    if not found:
        raise cut_short("GIF", "its trailer is missing")
    return found[0]


def _after_sub_blocks(file: BinaryIO, at: int) -> int:
    while length := _byte(file, at):
        at += length + 1
    return at + 1
