"""Embeds provenance in picture files and reads it back as an unverified claim.

It is inserted as a metadata chunk, which takes half a millisecond: encoding the picture again would
take a second and cost quality. The maker of a file may have written any claim into it: show it as
quoted text and never trust it.
"""

import html
import io
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging import sniff
from stability_mcp.imaging.containers import jpeg, png, riff
from stability_mcp.imaging.containers.piece import Piece, copy_pieces, damaged, read_at
from stability_mcp.imaging.strip import atomic_write

KEYWORD = b"stability-mcp"
MAX_BYTES = 60_000
"""Longest provenance, in bytes of JSON: a JPEG segment holds 65,533."""

_MAX_XMP = 1 << 20
_ITXT = KEYWORD + bytes(5)  # its end, no compression (2), no language, no translated keyword
_OPEN = b'<rdf:Description rdf:about="" xmlns:smcp="urn:stability-mcp:1"><smcp:provenance>'
_CLOSE = b"</smcp:provenance></rdf:Description>"
_OURS = re.compile(re.escape(_OPEN) + b"(.*?)" + re.escape(_CLOSE), re.DOTALL)
_RDF_END = b"</rdf:RDF>"
_EMPTY_XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="r"?>'
)


def embed(source: Path, target: Path, data: Mapping[str, Any]) -> bool:
    """Copy a file to `target` with embedded provenance; an existing target is replaced.

    Args:
        source: Any media file. PNG, JPEG and WebP can hold provenance, others are copied unchanged.
        target: Output path.
        data: The provenance, as plain JSON.

    Returns:
        Whether provenance was embedded: the format or existing metadata may leave no room for it.

    Raises:
        OSError: The folder isn't writable, or the disk is full.
    """
    with source.open("rb") as file, atomic_write(target) as out:
        return _embed(file, out, data)


def embedded(file: bytes, data: Mapping[str, Any]) -> bytes:
    """Return the bytes of a file with embedded provenance, like `embed`."""
    out = io.BytesIO()
    _embed(io.BytesIO(file), out, data)
    return out.getvalue()


def read(path: Path) -> Mapping[str, Any] | None:
    """Return the provenance that a file claims, or None; the claim isn't verified.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        found = _find(file)
    if found is None or len(found) > MAX_BYTES:
        return None
    try:
        claim = json.loads(found)
    except (ValueError, RecursionError):
        return None
    return claim if isinstance(claim, dict) else None


def _embed(file: BinaryIO, out: BinaryIO, data: Mapping[str, Any]) -> bool:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    parts = _embedded(file, text) if len(text) <= MAX_BYTES else None
    if parts is None:
        file.seek(0)
        shutil.copyfileobj(file, out)
    else:
        copy_pieces(file, parts, out)
    return parts is not None


def _embedded(file: BinaryIO, text: bytes) -> list[Piece | bytes] | None:
    """Return the parts of the new file; None if provenance can't be embedded."""
    size = file.seek(0, 2)
    media_type = sniff.media_type(read_at(file, 0, sniff.HEAD_BYTES))
    try:
        if media_type == "image/png":
            return _png(file, size, text)
        if media_type == "image/jpeg":
            return _jpeg(file, size, text)
        if media_type == "image/webp":
            return _webp(file, text)
    except FileUnusableError:
        pass  # a damaged file is copied unchanged
    return None


def _png(file: BinaryIO, size: int, text: bytes) -> list[Piece | bytes]:
    chunks = [piece for piece in png.pieces(file, size) if not _is_ours(file, piece)]
    # Before the pixels, so that readers find it early.
    return [*chunks[:2], png.chunk(b"iTXt", _ITXT + text), *chunks[2:]]


def _jpeg(file: BinaryIO, size: int, text: bytes) -> list[Piece | bytes] | None:
    segments = jpeg.pieces(file, size)
    old = next((piece for piece in segments if _is_xmp(file, piece)), None)
    xmp = _merged(_body(file, old)[len(jpeg.XMP) :] if old else _EMPTY_XMP, text)
    if xmp is None or len(jpeg.XMP) + len(xmp) > jpeg.MAX_BODY_BYTES:
        return None
    new = jpeg.segment(jpeg.APP1, jpeg.XMP + xmp)
    if old:
        return [new if piece is old else piece for piece in segments]
    # JFIF has to be first, EXIF second.
    first = next(n for n, p in enumerate(segments[1:], 1) if p.kind not in {jpeg.APP0, jpeg.APP1})
    return [*segments[:first], new, *segments[first:]]


def _webp(file: BinaryIO, text: bytes) -> list[Piece | bytes] | None:
    size = file.seek(0, 2)
    facts = riff.webp_facts(file, size)
    chunks = riff.pieces(file, facts.end or size)[1:]
    old = next((piece for piece in chunks if piece.kind == b"XMP "), None)
    xmp = _merged(_body(file, old) if old else _EMPTY_XMP, text)
    if xmp is None:
        return None
    flags = riff.ALPHA if facts.has_alpha else 0
    if chunks[0].kind == b"VP8X":
        flags = read_at(file, chunks[0].body, 1)[0]
    wide, high = facts.width or 1, facts.height or 1
    parts: list[Piece | bytes] = [
        riff.chunk(b"VP8X", riff.canvas(wide, high, flags | riff.XMP_FLAG))
    ]
    kept = [piece for piece in chunks if piece.kind not in {b"VP8X", b"XMP "}]
    parts += kept
    if kept and (kept[-1].end - kept[-1].start) % 2:
        parts.append(b"\x00")  # padding that the encoder omitted at the end of the file
    parts.append(riff.chunk(b"XMP ", xmp))
    return [riff.header(b"WEBP", parts), *parts]


def _merged(xmp: bytes, text: bytes) -> bytes | None:
    """Return an XMP packet with our provenance added to the existing data; None if malformed."""
    before, end, after = _OURS.sub(b"", xmp).rpartition(_RDF_END)
    if not end:
        return None
    escaped = html.escape(text.decode(), quote=False).encode()
    return b"".join((before, _OPEN, escaped, _CLOSE, end, after))


def _find(file: BinaryIO) -> str | None:
    size = file.seek(0, 2)
    media_type = sniff.media_type(read_at(file, 0, sniff.HEAD_BYTES))
    try:
        if media_type == "image/png":
            ours = next((p for p in png.pieces(file, size) if _is_ours(file, p)), None)
            if ours is None:
                return None
            return _body(file, ours)[len(_ITXT) : -4].decode("utf-8", "replace")
        if media_type == "image/jpeg":
            xmp = next((p for p in jpeg.pieces(file, size) if _is_xmp(file, p)), None)
        elif media_type == "image/webp":
            chunks = riff.pieces(file, min(riff.end(file), size))
            xmp = next((piece for piece in chunks if piece.kind == b"XMP "), None)
        else:
            return None
        match = _OURS.search(_body(file, xmp)) if xmp else None
    except FileUnusableError:
        return None
    return html.unescape(match[1].decode("utf-8", "replace")) if match else None


def _is_ours(file: BinaryIO, piece: Piece) -> bool:
    return piece.kind == b"iTXt" and read_at(file, piece.body, len(_ITXT)) == _ITXT


def _is_xmp(file: BinaryIO, piece: Piece) -> bool:
    return piece.kind == jpeg.APP1 and read_at(file, piece.body, len(jpeg.XMP)) == jpeg.XMP


def _body(file: BinaryIO, piece: Piece) -> bytes:
    if piece.end - piece.body > _MAX_XMP:
        raise damaged("file", "its metadata is too long")
    return read_at(file, piece.body, piece.end - piece.body)
