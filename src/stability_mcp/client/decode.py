"""Decodes a response body: checks its container, unpacks several results, saves files."""

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
"""How far from the end the mark of the end is looked for: some programs append a few bytes."""

_ENDS = {"image/png": b"IEND\xae\x42\x60\x82", "image/jpeg": b"\xff\xd9"}
_OPEN_SIZES = {0, 0xFFFF_FFFF}
"""RIFF sizes of a writer that could not go back and fill them in."""

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
"""Names that servers use in Content-Type beside the registered ones."""

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*[<{\[][^\x00-\x08\x0e-\x1f]*")
"""How HTML, XML and JSON begin: with a bracket, and without a byte that only binary data has."""

_log = logging.getLogger(__name__)

SAMPLE_TYPE = "image/png"
"""What the first version of the API packs into its JSON (documented)."""


def find_corruption(
    path: Path, operation: type[Operation], *, whole: bool, declared: str | None
) -> str | None:
    """Return what is wrong with a stored 2xx body, None when nothing is; blocking.

    A valid picture of another format than was asked for is a result.

    Args:
        path: The body.
        operation: The row it answers.
        whole: Whether it is known to have come whole; else the end of the container is looked for.
        declared: The media type in its headers.
    """
    with path.open("rb") as file:
        head, tail, size = _read_ends(file)
        if not size:
            return "it is empty"
        if operation.answer == "artifacts":
            return _json_corruption(path, head, tail, whole=whole)
    found = media_type(head)
    if found is not None and is_kind(found, operation.media):
        return None if whole or _has_end(found, head, tail, size) else "it is cut short"
    if whole and type_of(head, operation.media, declared) is not None:
        return None
    return f"it is no {operation.media}"


def type_of(head: bytes, kind: MediaKind | None, declared: str | None) -> str | None:
    """Return the media type of a whole body; None when it is not of the kind.

    Args:
        head: Its first `HEAD_BYTES`.
        kind: What it should be.
        declared: The media type in its headers, which counts where the bytes cannot be read.
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
    """Return whether a container is whole; MP3 has no end, so it always counts as whole."""
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


def decode(
    operation: type[Operation], answer: Answer, body: Path, folder: Path
) -> list[Generation]:
    """Return what the API made, in its order.

    Args:
        operation: The row that was asked.
        answer: The headers of the answer.
        body: The stored body; where it is the media itself, the generation is this file.
        folder: Where pictures that are packed into JSON are written, named after the body; a file
            of the same name is from an earlier try and is written again.

    Raises:
        UnusableAnswerError: the body is not what was promised.
    """
    if operation.answer == "artifacts":
        return _samples(operation, body, folder)
    facts = _Facts(answer.seed, answer.finish_reason, answer.media_type, answer.sha256)
    return [_generation(operation, body, facts)]


def _samples(operation: type[Operation], body: Path, folder: Path) -> list[Generation]:
    """Unpack `{"artifacts": [{"base64", "seed", "finishReason"}]}`, or that list bare (2023)."""
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
        raise _unusable(operation, f"all {failed} pictures in it ended with the word ERROR")
    if failed:
        _log.warning(
            "%s: %d of %d pictures ended with the word ERROR and are left out.",
            operation.name(),
            failed,
            len(entries),
        )
    return generations


def _entries(operation: type[Operation], body: Path) -> list[dict[str, Any]]:
    try:
        found: Any = json.loads(body.read_bytes())
    except (ValueError, RecursionError):
        raise _unusable(operation, "it is no whole JSON") from None
    entries = found.get("artifacts") if isinstance(found, dict) else found
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _unusable(operation, "it holds no list of pictures")
    if not entries:
        raise _unusable(operation, "its list of pictures is empty")
    return entries


def _unpack(operation: type[Operation], packed: object) -> bytes:
    try:
        return base64.b64decode(packed, validate=True)  # type: ignore[arg-type]  # tested by trying
    except (TypeError, ValueError):
        raise _unusable(operation, "a picture in it is no base64") from None


@dataclass(frozen=True)
class _Facts:
    """What is known of one result beside its bytes."""

    seed: str | None
    finish_reason: str | None
    declared: str | None
    """Its media type, as the API says."""
    sha256: str | None
    """None: it has to be read for it."""


def _generation(operation: type[Operation], path: Path, facts: _Facts) -> Generation:
    with path.open("rb") as file:
        found = type_of(file.read(HEAD_BYTES), operation.media, facts.declared)
        if found is None:
            raise _unusable(operation, f"it holds no {operation.media}")
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
        f"The API's answer to {operation.name()} cannot be used: {why}.",
        hint="The bytes are kept. A new call is a new request, and is paid again.",
    )


def spool_file(operation: type[Operation], folder: Path) -> Path:
    """Return a new name for a body that is under way."""
    return folder / f"{operation.name()}-{secrets.token_hex(5)}.part"


def save_results(operation: type[Operation], answer: Answer, body: Path) -> list[Generation]:
    """Turn a stored body into files beside it that are named like it.

    Raises:
        UnusableAnswerError: the body is not what was promised; it stays where it is.
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
