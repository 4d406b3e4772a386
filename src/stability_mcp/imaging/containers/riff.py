"""Parses the chunks of RIFF, the container of WebP (RFC 9649) and WAV."""

import struct
from collections.abc import Iterable
from typing import BinaryIO

from stability_mcp.imaging.containers.exif import NO_EXIF, orientation_of, read_exif
from stability_mcp.imaging.containers.piece import Piece, check_count, cut_short, damaged, read_at
from stability_mcp.imaging.facts import Facts, Metadata

ALPHA, EXIF_FLAG, XMP_FLAG = 0x10, 0x08, 0x04
"""Bits of the first byte of VP8X."""

HEADER_BYTES = 12
MAX_LENGTH = (1 << 32) - 1
"""Largest length that a header can state, without its first 8 bytes."""
_MAX_EXIF = 1 << 16
_BITSTREAMS = frozenset({b"VP8 ", b"VP8L"})
PICTURE = _BITSTREAMS | {b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH"}
"""Chunks of WebP that are needed to show the picture (RFC 9649, 2.7)."""
_CHUNKS = PICTURE | {b"EXIF", b"XMP "}


def pieces(file: BinaryIO, end: int) -> list[Piece]:
    """Return the chunks up to `end`, the RIFF header first; chunks include their padding byte."""
    found = [Piece(b"RIFF", 0, HEADER_BYTES, HEADER_BYTES)]
    while found[-1].end + 8 <= end:
        start = found[-1].end
        kind, length = struct.unpack("<4sI", read_at(file, start, 8))
        body = start + 8
        # A chunk may claim more bytes than exist (a false claim, or an unfinished recording).
        found.append(Piece(kind, start, min(body + length + (length & 1), end), body))
        check_count(found, "file")
    return found


def sound_pieces(file: BinaryIO, size: int) -> list[Piece] | None:
    """Return the chunks of a WAV without its header; None if its lengths aren't exact.

    Only the padding of an odd last chunk may be missing, counted or not.

    Raises:
        FileUnusableError: It has more chunks than any real file.
    """
    header, length, form = struct.unpack("<4sI4s", read_at(file, 0, HEADER_BYTES).ljust(12))
    if (header, form) != (b"RIFF", b"WAVE") or 8 + length not in {size, size + 1}:
        return None
    chunks = pieces(file, size)[1:]
    lengths = (int.from_bytes(read_at(file, piece.start + 4, 4), "little") for piece in chunks)
    whole = all(each.body + n <= size for each, n in zip(chunks, lengths, strict=True))
    kinds = [piece.kind for piece in chunks]
    known = kinds.count(b"fmt ") == kinds.count(b"data") == 1 and chunks[-1].end == size
    return chunks if whole and known else None


def end(file: BinaryIO) -> int:
    """Return the end of the container according to its header, in bytes."""
    length = int.from_bytes(read_at(file, 4, 4), "little")
    return 8 + length + (length & 1)


def true_end(file: BinaryIO, size: int) -> int | None:
    """Return where a WebP picture with a wrong length in its header ends.

    None if the length is right, or if the file ends inside a chunk: then data is missing. A few
    bytes that are too short for a chunk don't belong to the picture.
    """
    declared = _declared_end(file, size)
    position, known = HEADER_BYTES, False
    while position + 8 <= size and position < declared:
        kind, length = struct.unpack("<4sI", read_at(file, position, 8))
        following = position + 8 + length
        if following > size:
            if kind in _CHUNKS:
                return None
            break
        known = known or kind in _BITSTREAMS or kind == b"ANMF"
        position = min(following + (length & 1), size)
    is_right = declared <= size and position <= declared
    return position if known and not is_right else None


def _declared_end(file: BinaryIO, size: int) -> int:
    """Return the end of a WebP picture according to its header."""
    whole = end(file)
    # Some encoders omit the padding of an odd last chunk and don't count it either.
    omitted = whole - 1 == size and int.from_bytes(read_at(file, 4, 4), "little") & 1
    return size if omitted else whole


def webp_facts(file: BinaryIO, size: int) -> Facts:
    """Return the facts in the chunks of a WebP picture.

    Raises:
        FileUnusableError: The file ends before the container does, or the chunks disagree.
    """
    whole = _declared_end(file, size)
    if whole > size:
        raise cut_short("WebP", f"{whole - size:,} of {whole:,} bytes are missing")
    chunks = pieces(file, whole)
    first = chunks[1] if len(chunks) > 1 else None
    if first is None or first.kind not in {b"VP8X", *_BITSTREAMS}:
        raise damaged("WebP", "it contains no picture")
    width, height, has_alpha = _size(file, first)
    flags = read_at(file, first.body, 1)[0] if first.kind == b"VP8X" else 0
    frames = sum(chunk.kind == b"ANMF" for chunk in chunks)
    exif, xmp, metadata = NO_EXIF, b"", set[Metadata]()
    for chunk in chunks[1:]:
        if chunk.kind == b"EXIF":
            found = read_exif(read_at(file, chunk.body, min(chunk.end - chunk.body, _MAX_EXIF)))
            metadata |= {"EXIF", "GPS"} if found.place else {"EXIF"}
            # Readers ignore EXIF and XMP that VP8X doesn't announce, but both are private.
            exif = found if flags & EXIF_FLAG else exif
        elif chunk.kind == b"XMP ":
            metadata.add("XMP")
            if flags & XMP_FLAG:
                xmp = read_at(file, chunk.body, min(chunk.end - chunk.body, _MAX_EXIF))
        elif chunk.kind in _BITSTREAMS and _size(file, chunk)[:2] != (width, height):
            raise damaged("WebP", "it declares two different sizes")
        elif chunk.kind not in PICTURE:
            metadata.add("text")
    if not frames and not any(chunk.kind in _BITSTREAMS for chunk in chunks):
        raise damaged("WebP", "it contains no picture")
    return Facts(
        media_type="image/webp",
        bytes=size,
        end=whole,
        width=width,
        height=height,
        mode="RGBA" if has_alpha else "RGB",
        has_alpha=has_alpha,
        orientation=orientation_of(exif, xmp),
        has_profile=any(chunk.kind == b"ICCP" for chunk in chunks),
        frames=max(frames, 1),
        metadata=frozenset(metadata),
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk with its length, padded to an even number of bytes."""
    return struct.pack("<4sI", kind, len(body)) + body + b"\x00" * (len(body) & 1)


def header(form: bytes, parts: Iterable[Piece | bytes]) -> bytes:
    """Return the header of a RIFF file that contains these chunks."""
    length = sum(len(p) if isinstance(p, bytes) else p.end - p.start for p in parts)
    return struct.pack("<4sI4s", b"RIFF", 4 + length, form)


def canvas(width: int, height: int, flags: int) -> bytes:
    """Return the body of a VP8X chunk."""
    return (
        bytes((flags, 0, 0, 0))
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )


def _size(file: BinaryIO, piece: Piece) -> tuple[int, int, bool]:
    """Return the width, the height and whether there is an alpha channel, from one chunk."""
    body = read_at(file, piece.body, 10)
    if len(body) < 10 or piece.end - piece.body < 10:  # noqa: PLR2004 -- VP8 and VP8X need it all
        raise damaged("WebP", "its header is incomplete")
    if piece.kind == b"VP8X":
        width = int.from_bytes(body[4:7], "little") + 1
        height = int.from_bytes(body[7:10], "little") + 1
        return width, height, bool(body[0] & ALPHA)
    if piece.kind == b"VP8L" and body[0] == 0x2F:  # noqa: PLR2004 -- its signature
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if piece.kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF, False
    raise damaged("WebP", "its picture header is invalid")
