"""Whether a stored body is what was promised, told by its first and last bytes without decoding."""

import json
from pathlib import Path
from typing import BinaryIO

from stability_mcp.imaging.sniff import HEAD_BYTES, media_type
from stability_mcp.operation import MediaKind, Operation

TAIL_BYTES = 4_096
"""How far from the end the mark of the end is looked for: some programs append a few bytes."""

_ENDS = {"image/png": b"IEND\xae\x42\x60\x82", "image/jpeg": b"\xff\xd9"}
_OPEN_SIZES = {0, 0xFFFF_FFFF}
"""RIFF sizes of a writer that could not go back and fill them in."""


def flaw(path: Path, operation: type[Operation], *, whole: bool) -> str | None:
    """Return what is wrong with a stored 2xx body, None when nothing is; blocking.

    A valid picture of another format than was asked for is a result.

    Args:
        path: The body.
        operation: The row it answers.
        whole: Whether its length is known to be right; else the end of the container is looked for.
    """
    with path.open("rb") as file:
        head, tail, size = _read_ends(file)
        if not size:
            return "it is empty"
        if operation.answer == "artifacts":
            return _json_flaw(path, head, tail, whole=whole)
    found = media_type(head)
    if found is None or not is_a(found, operation.media):
        return f"it is no {operation.media}"
    return None if whole or _has_end(found, head, tail, size) else "it is cut short"


def is_a(found: str, kind: MediaKind | None) -> bool:
    """Return whether a media type is of a kind: `image/png` is an `image`."""
    return found.partition("/")[0] == kind


def _read_ends(file: BinaryIO) -> tuple[bytes, bytes, int]:
    head = file.read(HEAD_BYTES)
    size = file.seek(0, 2)
    file.seek(max(0, size - TAIL_BYTES))
    return head, file.read(), size


def _has_end(found: str, head: bytes, tail: bytes, size: int) -> bool:
    """Return whether a container is whole; MP3 has no end, so it always counts as whole."""
    if found in _ENDS:
        return _ENDS[found] in tail
    if head.startswith(b"RIFF"):
        announced = int.from_bytes(head[4:8], "little")
        return announced in _OPEN_SIZES or announced + 8 <= size
    if found == "model/gltf-binary":
        return int.from_bytes(head[8:12], "little") <= size
    return True


def _json_flaw(path: Path, head: bytes, tail: bytes, *, whole: bool) -> str | None:
    if head.lstrip()[:1] not in {b"{", b"["}:
        return "it is no JSON"
    if tail.rstrip()[-1:] not in {b"}", b"]"}:
        return "it is cut short"
    if not whole:
        # Some 20 MB of base64, read whole only here: with a length it is read once, by `decode`.
        try:
            json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return "it is cut short"
    return None
