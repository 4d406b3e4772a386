"""Parses the chunks of a PNG (https://www.w3.org/TR/png-3/) without decompressing them."""

import struct
import zlib
from collections.abc import Iterable
from itertools import chain
from typing import BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.exif import NO_EXIF, Exif, orientation_of, read_exif
from stability_mcp.imaging.containers.piece import (
    Piece,
    check_count,
    cut_short,
    damaged,
    missing_rows,
    read_at,
)
from stability_mcp.imaging.facts import Facts, Metadata

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_OPTIONAL = frozenset(
    {
        *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT"),
        *(b"tRNS", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT"),
    }
)
"""Optional chunks about the picture (PNG, third edition, 11.3); others are about its maker."""
_ANCILLARY = 0x20
"""Bit of the first letter of a chunk that a reader may ignore."""
XMP_KEYWORD = b"XML:com.adobe.xmp\x00"

_EXIF_KEYWORD = b"Raw profile type exif\x00"
"""Text chunk for EXIF, from before PNG had a chunk of its own; ImageMagick still writes it."""
_EXIF_LINES = 3
"""Lines before the hexadecimal digits of such a text."""
_MAX_TEXT = 1 << 18
_MAX_CHUNK = 2**31 - 1
_MAX_EXIF = 1 << 16
_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_WITH_ALPHA = {4, 6}
_DEPTHS = {1, 2, 4, 8, 16}


def pieces(file: BinaryIO, size: int) -> list[Piece]:
    """Return the chunks, the signature first and IEND last.

    Raises:
        FileUnusableError: The file ends before IEND does, or contains an invalid chunk.
    """
    found, fault = _walk(file, size)
    if fault:
        raise fault
    if found[1].kind == b"CgBI":
        raise FileUnusableError(
            "This PNG is in Apple's own form (CgBI), as inside iOS apps, which only Apple's "
            "programs can read.",
            hint="Open it on a Mac and export it as PNG or JPEG.",
        )
    if not _is_header(found[1]):
        raise damaged("PNG", "it doesn't start with its header (IHDR)")
    return found


def _is_header(piece: Piece) -> bool:
    return piece.kind == b"IHDR" and piece.end - piece.body == 17  # noqa: PLR2004 -- with checksum


def unfinished_end(file: BinaryIO, size: int) -> tuple[int, bytes] | None:
    """Return how many bytes of a PNG without IEND to keep, and the bytes that complete it.

    None if IEND is there, or no picture data.

    Raises:
        FileUnusableError: Picture data is missing.
    """
    found, fault = _walk(file, size)
    data = [piece for piece in found if piece.kind == b"IDAT"]
    if fault is None or len(found) == 1 or not _is_header(found[1]):
        return None
    start = found[-1].end
    rest = read_at(file, start, size - start)
    is_data = rest[4:8] == b"IDAT"
    cut = rest[8 : 8 + int.from_bytes(rest[:4], "big")] if is_data else b""
    if not (data or cut):
        return None
    packed = (read_at(file, each.body, each.end - each.body - 4) for each in data)
    share = _unpacked_share(read_at(file, found[1].body, 13), chain(packed, [cut]))
    if share < 1:
        raise missing_rows("PNG", 1 - share)
    return start, (chunk(b"IDAT", cut) if cut else b"") + chunk(b"IEND", b"")


def _unpacked_share(header: bytes, data: Iterable[bytes]) -> float:
    """Return which share of the pixels the picture data contains, from 0 to 1."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    row = 1 + -(-width * depth * _CHANNELS.get(colour, 1) // 8)
    unpacker, unpacked = zlib.decompressobj(), 0
    try:
        for each in data:
            packed = each
            while packed and not unpacker.eof:
                unpacked += len(unpacker.decompress(packed, _MAX_TEXT))
                packed = unpacker.unconsumed_tail
    except zlib.error:
        pass  # what was unpacked before still counts
    # Only the end of the stream tells when interlaced rows are complete.
    whole = unpacker.eof if interlaced else unpacked >= row * height
    return 1.0 if whole else min(unpacked / (row * max(height, 1)), 0.99)


def _walk(file: BinaryIO, size: int) -> tuple[list[Piece], FileUnusableError | None]:
    """Return the chunks as far as they are intact, and what is wrong after them."""
    found = [Piece(b"", 0, len(SIGNATURE), len(SIGNATURE))]
    while found[-1].kind != b"IEND":
        start = found[-1].end
        header = read_at(file, start, 8)
        if len(header) < 8:  # noqa: PLR2004 -- a chunk's length and type
            return found, cut_short("PNG", "its last chunk (IEND) is missing")
        length, kind = struct.unpack(">I4s", header)
        if length > _MAX_CHUNK or not kind.isalpha():
            return found, damaged("PNG", f"it has an invalid chunk at byte {start:,}")
        end = start + length + 12
        if end > size:
            return found, cut_short("PNG", f"{end - size:,} or more bytes are missing")
        found.append(Piece(kind, start, end, start + 8))
        check_count(found, "PNG")
    return found, None


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
    exif, text_exif, xmp, metadata = NO_EXIF, NO_EXIF, b"", set[Metadata]()
    frames = 1
    for chunk in chunks:
        if chunk.kind == b"eXIf":
            exif = read_exif(read_at(file, chunk.body, min(chunk.end - chunk.body, _MAX_EXIF)))
            metadata |= {"EXIF", "GPS"} if exif.place else {"EXIF"}
        elif chunk.kind in TEXT:
            body = read_at(file, chunk.body, min(chunk.end - chunk.body - 4, _MAX_TEXT))
            is_xmp = body.startswith(XMP_KEYWORD)
            metadata.add("XMP" if is_xmp else "text")
            if is_xmp:
                xmp = _international_text(body)
            elif body.startswith(_EXIF_KEYWORD):
                text_exif = _exif_in_text(chunk.kind, body[len(_EXIF_KEYWORD) :])
        elif chunk.kind == b"acTL":
            frames = max(1, int.from_bytes(read_at(file, chunk.body, 4), "big"))
        elif is_private(chunk):
            metadata.add("text")
    return Facts(
        media_type="image/png",
        bytes=size,
        end=chunks[-1].end,
        width=width,
        height=height,
        mode=_MODES[colour],
        depth=depth,
        has_alpha=colour in _WITH_ALPHA or b"tRNS" in kinds,
        orientation=orientation_of(exif if b"eXIf" in kinds else text_exif, xmp),
        has_profile=b"iCCP" in kinds,
        frames=frames,
        progressive=bool(interlaced),
        metadata=frozenset(metadata),
    )


def is_private(piece: Piece) -> bool:
    """Return whether a chunk isn't needed to show the picture: text, EXIF, or any unknown one."""
    return bool(piece.kind and piece.kind[0] & _ANCILLARY) and piece.kind not in _OPTIONAL


def _international_text(body: bytes) -> bytes:
    """Return the text of an iTXt chunk (compressed if its first flag is set); empty if broken."""
    flags, rest = body[len(XMP_KEYWORD) : len(XMP_KEYWORD) + 2], body[len(XMP_KEYWORD) + 2 :]
    text = rest.split(b"\x00", 2)[-1]
    return _inflate(text) if flags[:1] == b"\x01" else text


def _exif_in_text(kind: bytes, text: bytes) -> Exif:
    """Return the EXIF facts in a text chunk that holds them as hexadecimal digits."""
    plain = _inflate(text[1:]) if kind == b"zTXt" else text
    digits = b"".join(plain.split(b"\n")[_EXIF_LINES:])
    try:
        return read_exif(bytes.fromhex(digits.decode("ascii", "replace")))
    except ValueError:
        return NO_EXIF


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MAX_TEXT)
    except zlib.error:
        return b""


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
