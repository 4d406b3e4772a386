"""Embeds provenance in WAV and MP3 files; see `provenance`.

A WAV gets a LIST chunk of the form INFO (Multimedia Programming Interface and Data Specifications
1.0, IBM and Microsoft 1991) behind its samples, an MP3 a TXXX frame in its ID3v2 tag. The samples
and everything else that the file contains stay as they are. The JSON is written as ASCII, which is
the same in every encoding that players assume.
"""

import json
from typing import BinaryIO

from stability_mcp.imaging.containers import id3, mp3, riff
from stability_mcp.imaging.containers.piece import Part, Piece, read_at
from stability_mcp.imaging.sniff import HEAD_BYTES

NAME = "stability-mcp"
_OURS = b"INFO" + riff.chunk(b"ISFT", NAME.encode() + b"\0") + b"ICMT"
"""The start of our chunk: the program, then a comment with the JSON."""
_COMMENT_AT = len(_OURS) + 4
_MAX_COMMENT = 1 << 20


def embed_in_wav(file: BinaryIO, size: int, text: bytes) -> list[Part] | None:
    """Return the parts of the new WAV; None if it can't hold provenance.

    Args:
        file: The WAV.
        size: Its length in bytes.
        text: The provenance as JSON.

    Raises:
        FileUnusableError: It is damaged.
    """
    chunks = riff.sound_pieces(file, size)
    if chunks is None:
        return None
    parts: list[Part] = [each for each in chunks if not _is_ours(file, each)]
    if (size - riff.HEADER_BYTES) % 2:
        parts.append(b"\0")  # padding that is missing at the end of the file
    comment = riff.chunk(b"ICMT", _ascii(text) + b"\0")
    parts.append(riff.chunk(b"LIST", _OURS[:-4] + comment))
    length = 4 + sum(len(p) if isinstance(p, bytes) else p.end - p.start for p in parts)
    return None if length > riff.MAX_LENGTH else [riff.header(b"WAVE", parts), *parts]


def find_in_wav(file: BinaryIO, size: int) -> str | None:
    """Return the JSON that a WAV claims as its provenance, or None."""
    ours = next((p for p in riff.sound_pieces(file, size) or () if _is_ours(file, p)), None)
    if ours is None or ours.end - ours.body > _MAX_COMMENT:
        return None
    comment = read_at(file, ours.body, ours.end - ours.body)[_COMMENT_AT:]
    return comment.partition(b"\0")[0].decode("utf-8", "replace")


def embed_in_mp3(file: BinaryIO, size: int, text: bytes) -> list[Part] | None:
    """Return the parts of the new MP3; None if it can't hold provenance. See `embed_in_wav`."""
    tag = id3.read_tag(file, size)
    known = tag or id3.Tag(3, 0, 0)
    start = mp3.tags_end(lambda at, length: read_at(file, at, length))
    if not known.can_grow or not mp3.starts_with_frames(read_at(file, start, HEAD_BYTES)):
        return None
    old = [each for each in (id3.frames(file, tag) if tag else ()) if _is_claim(file, each)]
    frame = id3.user_text_frame(known.version, NAME, _ascii(text).decode())
    length = known.size + len(frame) - sum(each.end - each.start for each in old)
    if length > id3.MAX_TAG_BYTES:
        return None
    parts: list[Part] = [id3.header(known._replace(size=length)), frame]
    at = id3.HEADER_BYTES if tag else 0
    for each in old:
        parts.append(Piece(b"", at, each.start, at))
        at = each.end
    return [*parts, Piece(b"", at, size, at)]


def find_in_mp3(file: BinaryIO, size: int) -> str | None:
    """Return the JSON that an MP3 claims as its provenance, or None."""
    tag = id3.read_tag(file, size)
    if tag is None or not tag.can_grow:
        return None
    texts = (id3.user_text(file, each) for each in id3.frames(file, tag))
    return next((text[1] for text in texts if text is not None and text[0] == NAME), None)


def _is_ours(file: BinaryIO, piece: Piece) -> bool:
    return piece.kind == b"LIST" and read_at(file, piece.body, len(_OURS)) == _OURS


def _is_claim(file: BinaryIO, piece: Piece) -> bool:
    text = id3.user_text(file, piece)
    return text is not None and text[0] == NAME


def _ascii(text: bytes) -> bytes:
    return json.dumps(json.loads(text), separators=(",", ":")).encode()
