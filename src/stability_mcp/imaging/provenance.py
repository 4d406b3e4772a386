"""Embeds provenance in media files and reads it back as an unverified claim.

It is inserted as metadata, which takes half a millisecond: encoding a picture again would take a
second and cost quality. Pictures are handled here, sounds and 3D models in files of their own. The
maker of a file may have written any claim into it: show it as quoted text and never trust it.
"""

import html
import io
import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging import sniff
from stability_mcp.imaging.containers import jpeg, png, riff
from stability_mcp.imaging.containers.piece import Part, Piece, copy_pieces, damaged, read_at
from stability_mcp.imaging.provenance_model import embed_in_glb, find_in_glb
from stability_mcp.imaging.provenance_sound import (
    embed_in_mp3,
    embed_in_wav,
    find_in_mp3,
    find_in_wav,
)
from stability_mcp.imaging.strip import atomic_write

KEYWORD = b"stability-mcp"
MAX_BYTES = 60_000
"""Longest provenance, in bytes of JSON: a JPEG segment holds 65,533."""

_MAX_FOUND = 3 * MAX_BYTES
"""Longest claim that is read, in characters. As ASCII, a text has up to three times the bytes."""
_MAX_XMP = 1 << 20
_ITXT = KEYWORD + bytes(5)  # its end, no compression (2), no language, no translated keyword
_OPEN = b'<rdf:Description rdf:about="" xmlns:smcp="urn:stability-mcp:1"><smcp:provenance>'
_CLOSE = b"</smcp:provenance></rdf:Description>"
_OURS = re.compile(re.escape(_OPEN) + b"(.*?)" + re.escape(_CLOSE), re.DOTALL)
_RDF_END = b"</rdf:RDF>"
_OPERATION = re.compile(r"[a-z][a-z0-9_]{1,59}")
"""Name of a tool; anything else in its place isn't repeated in an answer."""
_EMPTY_XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>'
    b'</x:xmpmeta><?xpacket end="r"?>'
)


def embed(source: Path, target: Path, data: Mapping[str, Any]) -> bool:
    """Copy a file to `target` with embedded provenance; an existing target is replaced.

    Args:
        source: Any media file; one that isn't of a type in `FORMATS` is copied unchanged.
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
    if found is None or len(found) > _MAX_FOUND:
        return None
    try:
        claim = json.loads(found)
    except (ValueError, RecursionError):
        return None
    return claim if isinstance(claim, dict) else None


def read_maker(path: Path) -> str | None:
    """Return what the provenance of a file claims about its maker, as a sentence; None: nothing.

    Raises:
        OSError: The file cannot be read.
    """
    claim = read(path) or {}
    operation = claim.get("operation")
    if not isinstance(operation, str) or not _OPERATION.fullmatch(operation):
        return None
    where = " on the emulator" if claim.get("emulated") is True else ""
    return f"claimed by its metadata, not verified: made by {operation}{where}"


def _embed(file: BinaryIO, out: BinaryIO, data: Mapping[str, Any]) -> bool:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    parts = _embedded(file, text) if len(text) <= MAX_BYTES else None
    if parts is None:
        file.seek(0)
        shutil.copyfileobj(file, out)
    else:
        copy_pieces(file, parts, out)
    return parts is not None


def _embedded(file: BinaryIO, text: bytes) -> list[Part] | None:
    """Return the parts of the new file; None if provenance can't be embedded."""
    size = file.seek(0, 2)
    format_ = FORMATS.get(sniff.media_type(read_at(file, 0, sniff.HEAD_BYTES)) or "")
    try:
        return format_.embed(file, size, text) if format_ else None
    except FileUnusableError:
        return None  # a damaged file is copied unchanged


def _png(file: BinaryIO, size: int, text: bytes) -> list[Part]:
    chunks = [piece for piece in png.pieces(file, size) if not _is_ours(file, piece)]
    # Before the pixels, so that readers find it early.
    return [*chunks[:2], png.chunk(b"iTXt", _ITXT + text), *chunks[2:]]


def _jpeg(file: BinaryIO, size: int, text: bytes) -> list[Part] | None:
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


def _webp(file: BinaryIO, size: int, text: bytes) -> list[Part] | None:
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
    parts: list[Part] = [riff.chunk(b"VP8X", riff.canvas(wide, high, flags | riff.XMP_FLAG))]
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
    format_ = FORMATS.get(sniff.media_type(read_at(file, 0, sniff.HEAD_BYTES)) or "")
    try:
        return format_.find(file, size) if format_ else None
    except FileUnusableError:
        return None


def _find_in_png(file: BinaryIO, size: int) -> str | None:
    ours = next((p for p in png.pieces(file, size) if _is_ours(file, p)), None)
    return ours and _body(file, ours)[len(_ITXT) : -4].decode("utf-8", "replace")


def _find_in_jpeg(file: BinaryIO, size: int) -> str | None:
    xmp = next((p for p in jpeg.pieces(file, size) if _is_xmp(file, p)), None)
    return _find_in_xmp(file, xmp)


def _find_in_webp(file: BinaryIO, size: int) -> str | None:
    chunks = riff.pieces(file, min(riff.end(file), size))
    return _find_in_xmp(file, next((piece for piece in chunks if piece.kind == b"XMP "), None))


def _find_in_xmp(file: BinaryIO, xmp: Piece | None) -> str | None:
    match = _OURS.search(_body(file, xmp)) if xmp else None
    return html.unescape(match[1].decode("utf-8", "replace")) if match else None


def _is_ours(file: BinaryIO, piece: Piece) -> bool:
    return piece.kind == b"iTXt" and read_at(file, piece.body, len(_ITXT)) == _ITXT


def _is_xmp(file: BinaryIO, piece: Piece) -> bool:
    return piece.kind == jpeg.APP1 and read_at(file, piece.body, len(jpeg.XMP)) == jpeg.XMP


def _body(file: BinaryIO, piece: Piece) -> bytes:
    if piece.end - piece.body > _MAX_XMP:
        raise damaged("file", "its metadata is too long")
    return read_at(file, piece.body, piece.end - piece.body)


class _Format(NamedTuple):
    """How a type of file holds provenance; both functions may raise FileUnusableError."""

    embed: Callable[[BinaryIO, int, bytes], list[Part] | None]
    """Takes the file, its length and the JSON; returns the parts of the new file."""
    find: Callable[[BinaryIO, int], str | None]
    """Takes the file and its length; returns the JSON, or None."""


FORMATS: Mapping[str, _Format] = {
    "image/png": _Format(_png, _find_in_png),
    "image/jpeg": _Format(_jpeg, _find_in_jpeg),
    "image/webp": _Format(_webp, _find_in_webp),
    "audio/wav": _Format(embed_in_wav, find_in_wav),
    "audio/mpeg": _Format(embed_in_mp3, find_in_mp3),
    "model/gltf-binary": _Format(embed_in_glb, find_in_glb),
}
"""Types of files that can hold provenance."""
