"""Decodes a response body: checks its container, unpacks multiple results, saves files."""

import base64
import hashlib
import json
import logging
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from stability_mcp.api.operation import MediaKind, Operation
from stability_mcp.client.headers import finish_reason, seed
from stability_mcp.client.models import Answer, Generation
from stability_mcp.errors import UnusableAnswerError
from stability_mcp.imaging.sniff import HEAD_BYTES, extension, media_type

MAX_TAIL_BYTES = 4_096
"""Bytes searched for the end marker: some programs append a few bytes after it."""

_ENDS = {"image/png": b"IEND\xae\x42\x60\x82", "image/jpeg": b"\xff\xd9"}
_OPEN_SIZES = {0, 0xFFFF_FFFF}
"""RIFF sizes left by writers that stream and cannot go back to fill them in."""

_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "audio/mp3": "audio/mpeg",
        "audio/x-mp3": "audio/mpeg",
        "audio/x-mpeg": "audio/mpeg",
        "audio/wave": "audio/wav",
        "audio/x-wav": "audio/wav",
        "audio/vnd.wave": "audio/wav",
        "audio/x-flac": "audio/flac",
        "audio/x-m4a": "audio/mp4",
        "image/jpg": "image/jpeg",
        "image/pjpeg": "image/jpeg",
    }
)
"""Unregistered names that servers use in Content-Type, with the registered ones."""

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{\[][^\x00-\x08\x0e-\x1f]*")
"""Matches HTML, XML and JSON: a bracket first, and no byte that only binary data has."""

_log = logging.getLogger(__name__)

SAMPLE_TYPE = "image/png"
"""Media type of the pictures inside the v1 API's JSON (documented)."""


def find_corruption(
    path: Path, operation: type[Operation], *, whole: bool, declared: str | None
) -> str | None:
    """Return what is wrong with a stored 2xx body, or None; blocking.

    A valid picture in a format other than the requested one counts as a result.

    Args:
        path: The body.
        operation: The row that was called.
        whole: Whether the whole body is known to have arrived; if not, the end of the container is
            checked.
        declared: The media type in the headers.
    """
    with path.open("rb") as file:
        head, tail, size = _read_ends(file)
        if not size:
            return "it is empty"
        if operation.answer == "artifacts":
            return _json_corruption(path, head, tail, whole=whole)
    found = media_type(head)
    if found is not None and is_kind(found, operation.media):
        return None if whole or _has_end(found, head, tail, size) else "it is truncated"
    if whole and type_of(head, operation.media, declared) is not None:
        return None
    return f"it isn't {operation.media} data"


def type_of(head: bytes, kind: MediaKind | None, declared: str | None) -> str | None:
    """Return the media type of a complete body, or None if it is of another kind.

    Args:
        head: Its first `HEAD_BYTES`.
        kind: The expected kind.
        declared: The media type in the headers, used when the bytes are not recognised.
    """
    found = media_type(head)
    if found is not None and is_kind(found, kind):
        return found
    if declared is None or not is_kind(declared, kind) or not head or _PAGE.fullmatch(head):
        return None
    return _OTHER_NAMES.get(declared, declared)


def is_kind(found: str, kind: MediaKind | None) -> bool:
    """Return whether a media type is of a kind: `image/png` is an `image`."""
    return found.partition("/")[0] == kind


def _read_ends(file: BinaryIO) -> tuple[bytes, bytes, int]:
    head = file.read(HEAD_BYTES)
    size = file.seek(0, 2)
    file.seek(max(0, size - MAX_TAIL_BYTES))
    return head, file.read(), size


def _has_end(found: str, head: bytes, tail: bytes, size: int) -> bool:
    """Return whether a container is complete; always true for MP3, which has no end marker."""
    if found in _ENDS:
        return _ENDS[found] in tail
    if head.startswith(b"RIFF"):
        announced = int.from_bytes(head[4:8], "little")
        return announced in _OPEN_SIZES or announced + 8 <= size
    if found == "model/gltf-binary":
        return int.from_bytes(head[8:12], "little") <= size
    return True


def _json_corruption(path: Path, head: bytes, tail: bytes, *, whole: bool) -> str | None:
    if head.lstrip()[:1] not in {b"{", b"["}:
        return "it isn't JSON"
    if tail.rstrip()[-1:] not in {b"}", b"]"}:
        return "it is truncated"
    if not whole:
        # About 20 MB of base64. With a known length only `decode` parses it, once.
        try:
            json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return "it is truncated"
    return None


def decode(
    operation: type[Operation], answer: Answer, body: Path, folder: Path
) -> list[Generation]:
    """Return the generations in a body, in the API's order.

    Args:
        operation: The row that was called.
        answer: The headers of the response.
        body: The stored body; if it is the media itself, the generation is this file.
        folder: Where pictures inside JSON are written, named after the body; a file of the same
            name is from an earlier attempt and is overwritten.

    Raises:
        UnusableAnswerError: the body does not contain the expected media.
    """
    if operation.answer == "artifacts":
        return _samples(operation, body, folder)
    facts = _Facts(answer.seed, answer.finish_reason, answer.media_type, answer.sha256)
    return [_generation(operation, body, facts)]


def _samples(operation: type[Operation], body: Path, folder: Path) -> list[Generation]:
    """Unpack `{"artifacts": [{"base64", "seed", "finishReason"}]}`, or the bare list (2023)."""
    generations = []
    failed = 0
    entries = _entries(operation, body)
    for position, entry in enumerate(entries):
        reason = finish_reason(entry.get("finishReason", ""))
        packed = entry.get("base64")
        if reason == "ERROR" and not packed:
            failed += 1
            continue
        picture = _unpack(operation, packed)
        found = type_of(picture[:HEAD_BYTES], operation.media, SAMPLE_TYPE)
        path = folder / f"{body.stem}-{position}.{extension(found or '')}"
        path.write_bytes(picture)
        digest = hashlib.sha256(picture).hexdigest()
        facts = _Facts(seed(entry.get("seed", "")), reason, SAMPLE_TYPE, digest)
        generations.append(_generation(operation, path, facts))
    if not generations:
        raise _unusable(operation, f"all {failed} of its pictures are marked ERROR")
    if failed:
        _log.warning(
            "%s: left out %d of %d pictures that the API marked ERROR.",
            operation.name(),
            failed,
            len(entries),
        )
    return generations


def _entries(operation: type[Operation], body: Path) -> list[dict[str, Any]]:
    try:
        found: Any = json.loads(body.read_bytes())
    except (ValueError, RecursionError):
        raise _unusable(operation, "it isn't valid JSON") from None
    entries = found.get("artifacts") if isinstance(found, dict) else found
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _unusable(operation, "it contains no list of pictures")
    if not entries:
        raise _unusable(operation, "its list of pictures is empty")
    return entries


def _unpack(operation: type[Operation], packed: object) -> bytes:
    try:
        return base64.b64decode(packed, validate=True)  # type: ignore[arg-type]  # the except clause covers it
    except (TypeError, ValueError):
        raise _unusable(operation, "one of its pictures isn't valid base64") from None


@dataclass(frozen=True)
class _Facts:
    """Metadata of one result."""

    seed: str | None
    finish_reason: str | None
    declared: str | None
    """The media type that the API declared."""
    sha256: str | None
    """None if it must be computed from the file."""


def _generation(operation: type[Operation], path: Path, facts: _Facts) -> Generation:
    with path.open("rb") as file:
        found = type_of(file.read(HEAD_BYTES), operation.media, facts.declared)
        if found is None:
            raise _unusable(operation, f"it isn't {operation.media} data")
        digest = facts.sha256
        if digest is None:
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.seek(0, os.SEEK_END)
    return Generation(
        path=path,
        media_type=found,
        bytes=size,
        sha256=digest,
        seed=facts.seed,
        finish_reason=facts.finish_reason,
    )


def _unusable(operation: type[Operation], why: str) -> UnusableAnswerError:
    return UnusableAnswerError(
        f"The API's response to {operation.name()} is unusable: {why}.",
        hint="The bytes received are kept. A new call is charged again.",
    )


def spool_file(operation: type[Operation], folder: Path) -> Path:
    """Return a new file name for a body that is being received."""
    return folder / f"{operation.name()}-{secrets.token_hex(5)}.part"


def save_results(operation: type[Operation], answer: Answer, body: Path) -> list[Generation]:
    """Turn a stored body into result files next to it, with its name.

    Raises:
        UnusableAnswerError: the body does not contain the expected media; it is kept.
    """
    generations = decode(operation, answer, body, body.parent)
    if operation.answer == "artifacts":
        body.unlink()
        return generations
    return [
        replace(
            generation, path=body.rename(body.with_suffix(f".{extension(generation.media_type)}"))
        )
        for generation in generations
    ]
