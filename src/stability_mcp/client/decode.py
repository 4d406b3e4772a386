"""From a stored 2xx body to generations: files with a hash, a seed and a finish reason; blocking.

Nearly always the body is the file. Only the first version of the API packs several pictures into
JSON; these are unpacked beside it.
"""

import base64
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from stability_mcp.client.answers import Answer, Generation
from stability_mcp.client.containers import is_a
from stability_mcp.client.headers import finish_reason, seed
from stability_mcp.errors import UnusableAnswerError
from stability_mcp.imaging.sniff import HEAD_BYTES, extension, media_type
from stability_mcp.operation import Operation

_log = logging.getLogger(__name__)


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
    return [_generation(operation, body, answer.seed, answer.finish_reason)]


def _samples(operation: type[Operation], body: Path, folder: Path) -> list[Generation]:
    """Unpack `{"artifacts": [{"base64", "seed", "finishReason"}]}`, or that list bare (2023)."""
    made = []
    failed = 0
    entries = _entries(operation, body)
    for position, entry in enumerate(entries):
        reason = finish_reason(entry.get("finishReason", ""))
        packed = entry.get("base64")
        if reason == "ERROR" and not packed:
            failed += 1
            continue
        picture = _unpack(operation, packed)
        ending = extension(media_type(picture[:HEAD_BYTES]) or "")
        path = folder / f"{body.stem}-{position}.{ending}"
        path.write_bytes(picture)
        made.append(_generation(operation, path, seed(entry.get("seed", "")), reason))
    if not made:
        raise _unusable(operation, f"all {failed} pictures in it ended with the word ERROR")
    if failed:
        _log.warning(
            "%s: %d of %d pictures ended with the word ERROR and are left out.",
            operation.name(),
            failed,
            len(entries),
        )
    return made


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


def _generation(
    operation: type[Operation], path: Path, its_seed: str | None, reason: str | None
) -> Generation:
    with path.open("rb") as file:
        found = media_type(file.read(HEAD_BYTES))
        if found is None or not is_a(found, operation.media):
            raise _unusable(operation, f"it holds no {operation.media}")
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return Generation(
        path=path,
        media_type=found,
        bytes=size,
        sha256=digest,
        seed=its_seed,
        finish_reason=reason,
    )


def _unusable(operation: type[Operation], why: str) -> UnusableAnswerError:
    return UnusableAnswerError(
        f"The API's answer to {operation.name()} cannot be used: {why}.",
        cure="The bytes are kept. A new call is a new request, and is paid again.",
    )
