"""Responses: errors in the API's two shapes, and generated media.

Key order, ids and content types are those of the captures: the second version sends `errors, id,
name`, the first `id, message, name`; an id is 32 hex digits and is also the `x-request-id`.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import anyio.lowlevel
from starlette.responses import Response, StreamingResponse

from stability_emulator.error_texts import usual
from stability_emulator.faults import Fault
from stability_emulator.generations import Artifact

CHUNK = 65_536
GATEWAY_PAGE = "<html><head><title>Bad gateway</title></head><body>Bad gateway</body></html>"


class RefusalError(Exception):
    """The emulated API says no; caught where the answer is built and never outside the emulator.

    Args:
        status: The HTTP status.
        name: The API's machine name of the problem.
        messages: The second version sends all of them, the first only the first.
    """

    def __init__(self, status: int, name: str, *messages: str) -> None:
        self.status = status
        self.name = name
        self.messages = messages
        super().__init__(f"{status} {name}")


def is_first_version(path: str) -> bool:
    """Return whether a path belongs to the first version of the API, which has its own manners."""
    return path.startswith("/v1/")


def refusal(error: RefusalError, path: str, request_id: str) -> Response:
    """Return a refusal in the shape of the version that the path belongs to."""
    error_id = "rate_limit_exceeded" if error.name == "rate_limit_exceeded" else request_id
    if is_first_version(path):
        body: object = {"id": error_id, "message": error.messages[0], "name": error.name}
    else:
        body = {"errors": list(error.messages), "id": error_id, "name": error.name}
    return data(body, status=error.status, request_id=request_id)


def data(body: object, *, request_id: str, status: int = 200) -> Response:
    """Return JSON as the API writes it: compact."""
    return Response(
        _compact(body),
        status,
        headers={"x-request-id": request_id},
        media_type="application/json",
    )


def media(made: Artifact, *, accept: str, request_id: str) -> Response:
    """Return what was made: raw, or in JSON where the caller asked for that."""
    if made.media_type.startswith(("image/", "audio/")) and "application/json" in accept:
        return _media_in_json(made, request_id)
    headers = {"x-request-id": request_id}
    if made.finish_reason is not None:
        headers["finish-reason"] = made.finish_reason
    if made.seed is not None:
        headers["seed"] = str(made.seed)
    return _stream(made, headers)


def first_version(made: Sequence[Artifact], *, accept: str, request_id: str) -> Response:
    """Return pictures as the first version does: `artifacts`, or one raw PNG."""
    if "image/png" in accept and len(made) == 1:
        headers = {"Finish-Reason": str(made[0].finish_reason), "Seed": str(made[0].seed)}
        return _stream(made[0], headers | {"x-request-id": request_id})
    parts: list[bytes | Artifact] = [b'{"artifacts":[']
    for number, each in enumerate(made):
        details = {"seed": each.seed, "finishReason": each.finish_reason}
        parts += [b"," * (number > 0), *_object("base64", each, details)]
    return _json_of([*parts, b"]}"], "application/json", request_id)


def _media_in_json(made: Artifact, request_id: str) -> Response:
    """Return media as base64; seed and finish reason are in the body and not in headers."""
    details = {"seed": made.seed, "finish_reason": made.finish_reason}
    parts = _object(made.media_type.split("/")[0], made, details)
    return _json_of(parts, f"application/json; type={made.media_type}", request_id)


def _object(name: str, made: Artifact, details: Mapping[str, object]) -> list[bytes | Artifact]:
    """Return the parts of a JSON object that has what was made under a name, then the rest."""
    return [f'{{"{name}":"'.encode(), made, b'",' + _compact(details)[1:]]


def _json_of(parts: Sequence[bytes | Artifact], content_type: str, request_id: str) -> Response:
    """Return JSON that is written as it goes out: a sound of 67 MB would hold up everybody."""
    length = sum(
        -(-part.length // 3) * 4 if isinstance(part, Artifact) else len(part) for part in parts
    )
    pieces = chain.from_iterable(
        _in_base64(part.pieces) if isinstance(part, Artifact) else [part] for part in parts
    )
    headers = {"x-request-id": request_id, "content-type": content_type}
    return StreamingResponse(_sent(pieces), headers=headers | {"content-length": str(length)})


def _in_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield base64; three bytes are four characters, so what is left over waits for more."""
    left = b""
    for part in _cut(pieces):
        left += part
        whole = len(left) // 3 * 3
        yield base64.b64encode(left[:whole])
        left = left[whole:]
    yield base64.b64encode(left)


def _stream(made: Artifact, headers: dict[str, str]) -> Response:
    sizes = {"content-length": str(made.length), "content-type": made.media_type}
    return StreamingResponse(_sent(made.pieces), headers=headers | sizes)


async def _sent(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces of the size that a socket takes; after each, others have their turn."""
    for part in _cut(pieces):
        yield part
        await anyio.lowlevel.checkpoint()  # a socket that takes everything never waits


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), CHUNK):
            yield piece[start : start + CHUNK]


def _compact(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def faulty(fault: Fault, path: str, request_id: str) -> Response:
    """Return the answer that a fault consists of."""
    if fault.html:
        return Response(GATEWAY_PAGE, fault.status or 502, media_type="text/html")
    status = fault.status or 500
    if fault.body is not None:
        return Response(fault.body, status, media_type="application/json")
    name, message = usual(status, first_version=is_first_version(path))
    error = RefusalError(status, fault.name or name, fault.message or message)
    return refusal(error, path, request_id)
