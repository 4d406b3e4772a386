"""Parses the chunks of a PNG (https://www.w3.org/TR/png-3/) without decompressing them."""

import struct
import zlib
from typing import BinaryIO

from stability_mcp.imaging.containers.exif import Exif, read_exif
from stability_mcp.imaging.containers.piece import Piece, check_count, cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts, Metadata

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})
PRIVATE = TEXT | {b"eXIf", b"tIME"}
"""Chunks about the maker, not about the picture."""
XMP_KEYWORD = b"XML:com.adobe.xmp\x00"

_MAX_CHUNK = 2**31 - 1
_MAX_EXIF = 1 << 16
_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_WITH_ALPHA = {4, 6}
_DEPTHS = {1, 2, 4, 8, 16}


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return the chunks, the signature first and IEND last.

    Raises:
        FileUnusableError: The file ends before IEND does, or contains an invalid chunk.
    """
    found = [Piece(b"", 0, len(SIGNATURE), len(SIGNATURE))]
    while found[-1].kind != b"IEND":
        start = found[-1].end
        header = read_at(file, start, 8)
        if len(header) < 8:  # noqa: PLR2004 -- a chunk's length and type
            raise cut_short("PNG", "its last chunk (IEND) is missing")
        length, kind = struct.unpack(">I4s", header)
        if length > _MAX_CHUNK or not kind.isalpha():
            raise damaged("PNG", f"it has an invalid chunk at byte {start:,}")
        end = start + length + 12
        if end > size:
            raise cut_short("PNG", f"{end - size:,} or more bytes are missing")
        found.append(Piece(kind, start, end, start + 8))
        check_count(found, "PNG")
    if found[1].kind != b"IHDR" or found[1].end - found[1].body != 17:  # noqa: PLR2004
        raise damaged("PNG", "it doesn't start with its header (IHDR)")
    return found


def facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the chunks."""
    chunks = pieces(file, size)
    header = read_at(file, chunks[1].body, 13)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if colour not in _MODES or depth not in _DEPTHS:
        raise damaged("PNG", "its header has an invalid colour type or bit depth")
    kinds = {chunk.kind for chunk in chunks}
    if b"IDAT" not in kinds:
        raise damaged("PNG", "it contains no picture")
    exif, metadata = Exif(1, place=False), set[Metadata]()
    frames = 1
    for chunk in chunks:
        if chunk.kind == b"eXIf":
            exif = read_exif(read_at(file, chunk.body, min(chunk.end - chunk.body, _MAX_EXIF)))
            metadata |= {"EXIF", "GPS"} if exif.place else {"EXIF"}
        elif chunk.kind in TEXT:
            xmp = read_at(file, chunk.body, len(XMP_KEYWORD)) == XMP_KEYWORD
            metadata.add("XMP" if xmp else "text")
        elif chunk.kind == b"acTL":
            frames = max(1, int.from_bytes(read_at(file, chunk.body, 4), "big"))
    return Facts(
        media_type="image/png",
        bytes=size,
        end=chunks[-1].end,
        width=width,
        height=height,
        mode=_MODES[colour],
        depth=depth,
        has_alpha=colour in _WITH_ALPHA or b"tRNS" in kinds,
        orientation=exif.orientation,
        frames=frames,
        progressive=bool(interlaced),
        metadata=frozenset(metadata),
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
