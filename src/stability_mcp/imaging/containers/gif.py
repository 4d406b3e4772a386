"""Parses the blocks of a GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), no pixels."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import MAX_PIECES, cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts

END = b"\x3b"
END_OF_DATA = b"\x00"

_PADDING = 0x00
"""Some writers put zeros between blocks; GIF87a says to skip what isn't a block."""
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_HEADER = 13
_PALETTE = 0x80


@dataclass
class _Blocks:
    """The facts in the blocks of a GIF, as far as the blocks are intact."""

    width: int = 0
    height: int = 0
    has_alpha: bool = False
    frames: int = 0
    end: int = 0
    """End of the last intact block."""
    picture_end: int | None = None
    """End of the file if it ends inside the data of the first picture."""


def facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the blocks.

    Raises:
        FileUnusableError: The file ends before its trailer, or contains an invalid block.
    """
    blocks = _Blocks()
    _walk(file, size, blocks)
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


def unfinished_end(file: BinaryIO, size: int) -> tuple[int, bytes] | None:
    """Return where the pictures of a GIF without trailer end, and the bytes that complete it.

    None if the trailer is there, or no picture. The data of the first picture may be incomplete.
    """
    blocks = _Blocks()
    try:
        _walk(file, size, blocks)
    except FileUnusableError:
        if blocks.picture_end is not None:
            return blocks.picture_end, END_OF_DATA + END
        return (blocks.end, END) if blocks.frames else None
    return None


def _walk(file: BinaryIO, size: int, blocks: _Blocks) -> None:
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
            if not blocks.frames and data < size:
                blocks.picture_end = size
            blocks.end = _after_sub_blocks(file, data)
            blocks.picture_end = None
            blocks.frames += 1
        else:
            raise damaged("GIF", f"it has an invalid block at byte {at:,}")
    raise damaged("GIF", f"it has more than {MAX_PIECES:,} parts")


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
