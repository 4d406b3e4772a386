"""Parses the blocks of a GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), no pixels."""

import struct
from typing import BinaryIO

from stability_mcp.imaging.containers.piece import cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_HEADER = 13
_PALETTE = 0x80


def facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the blocks.

    Raises:
        FileUnusableError: The file ends before its trailer, or contains an invalid block.
    """
    header = read_at(file, 0, _HEADER)
    if len(header) < _HEADER:
        raise cut_short("GIF", "its header is incomplete")
    width, height, flags = struct.unpack("<HHB", header[6:11])
    at = _HEADER + _palette_bytes(flags)
    frames, has_alpha = 0, False
    while (kind := _byte(file, at)) != _TRAILER:
        if kind == _EXTENSION:
            if _byte(file, at + 1) == _GRAPHIC_CONTROL and not frames:
                has_alpha = bool(_byte(file, at + 3) & 1)
            at = _after_sub_blocks(file, at + 2)
        elif kind == _IMAGE:
            frames += 1
            at = _after_sub_blocks(file, at + 11 + _palette_bytes(_byte(file, at + 9)))
        else:
            raise damaged("GIF", f"it has an invalid block at byte {at:,}")
    if not frames:
        raise damaged("GIF", "it contains no picture")
    return Facts(
        media_type="image/gif",
        bytes=size,
        end=at + 1,
        width=width,
        height=height,
        mode="P",
        has_alpha=has_alpha,
        frames=frames,
    )


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
