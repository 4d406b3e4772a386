"""Embeds provenance in GLB files, as `asset.extras["stability-mcp"]`; see `provenance`.

Extras are glTF's place for data of applications (glTF 2.0, 3.3 and 5.8). The JSON chunk is written
again, with the same values; the geometry and textures behind it stay as they are.
"""

import json
import struct
from typing import Any, BinaryIO

from stability_mcp.errors import FileUnusableError
from stability_mcp.imaging.containers.piece import MODEL_EDITOR, Part, Piece, damaged, read_at

NAME = "stability-mcp"
MAX_JSON_BYTES = 1 << 20
"""Longest description of a model that is parsed; a result of the API has 2 KB."""
_HEADER = struct.Struct("<4sIII4s")
"""Magic, version and length of the file; length and kind of its first chunk (glTF 2.0, 4.4)."""
_MAX_LENGTH = (1 << 32) - 1


def embed_in_glb(file: BinaryIO, size: int, text: bytes) -> list[Part] | None:
    """Return the parts of the new GLB; None if other extras leave no room for provenance.

    Args:
        file: The GLB.
        size: Its length in bytes.
        text: The provenance as JSON.

    Raises:
        FileUnusableError: It is damaged, or its description is too long.
    """
    document, end = _document(file, size)
    asset = document["asset"]
    extras = asset.setdefault("extras", {})
    if not isinstance(extras, dict):
        return None
    extras[NAME] = json.loads(text)
    try:
        chunk = _dumped(document)
    except ValueError:  # NaN, infinity or a lone surrogate
        raise _damaged("its description contains values that JSON can't express") from None
    length = _HEADER.size + len(chunk) + size - end
    if length > _MAX_LENGTH:
        return None
    start = _HEADER.pack(b"glTF", 2, length, len(chunk), b"JSON")
    return [start, chunk, Piece(b"", end, size, end)]


def find_in_glb(file: BinaryIO, size: int) -> str | None:
    """Return the JSON that a GLB claims as its provenance, or None.

    Raises:
        FileUnusableError: It is damaged.
    """
    extras = _document(file, size)[0]["asset"].get("extras")
    claim = extras.get(NAME) if isinstance(extras, dict) else None
    return None if claim is None else json.dumps(claim, ensure_ascii=False)


def _document(file: BinaryIO, size: int) -> tuple[dict[str, Any], int]:
    """Return the JSON of a GLB, whose `asset` is an object, and where its chunk ends.

    Raises:
        FileUnusableError: The lengths in its headers are wrong, or the JSON is unusable.
    """
    header = read_at(file, 0, _HEADER.size)
    if len(header) < _HEADER.size:
        raise _damaged("its header is incomplete")
    magic, version, length, first, kind = _HEADER.unpack(header)
    end = _HEADER.size + first
    if (magic, version, kind) != (b"glTF", 2, b"JSON") or length != size or end > size:
        raise _damaged("its header is wrong")
    if first > MAX_JSON_BYTES:
        raise _damaged("its description is too long")
    try:
        document = json.loads(
            read_at(file, _HEADER.size, first).decode(), object_pairs_hook=_without_repetition
        )
    except (ValueError, RecursionError):  # also for invalid UTF-8
        raise _damaged("its description isn't valid JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("asset"), dict):
        raise _damaged("its description has no asset")
    return document, end


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; one with a repeated name can't be written again as it was."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _dumped(document: object) -> bytes:
    """Return the body of a JSON chunk, padded with spaces to a multiple of 4 bytes."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    data = text.encode()
    return data + b" " * (-len(data) % 4)


def _damaged(how: str) -> FileUnusableError:
    return damaged("GLB model", how, editor=MODEL_EDITOR)
