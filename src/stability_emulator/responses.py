"""Responses: errors in the API's two shapes, and generated media.

Key order, ids and content types follow the captures: version 2 sends `errors, id, name`, version 1
`id, message, name`. An id is 32 hex digits and is also the `x-request-id`.
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
    """The emulated API refuses a request; the app turns it into an error response.

    Args:
        status: The HTTP status.
        name: The API's error name.
        messages: Version 2 sends all of them, version 1 only the first.
    """

    def __init__(self, status: int, name: str, *messages: str) -> None:
        self.status = status
        self.name = name
        self.messages = messages
        super().__init__(f"{status} {name}")


def is_first_version(path: str) -> bool:
    """Return whether a path belongs to version 1 of the API, which has its own conventions."""
    return path.startswith("/v1/")


def refusal(error: RefusalError, path: str, request_id: str) -> Response:
    """Return an error response in the shape of the path's API version."""
    error_id = "rate_limit_exceeded" if error.name == "rate_limit_exceeded" else request_id
    if is_first_version(path):
        body: object = {"id": error_id, "message": error.messages[0], "name": error.name}
    else:
        body = {"errors": list(error.messages), "id": error_id, "name": error.name}
    return data(body, status=error.status, request_id=request_id)


def data(body: object, *, request_id: str, status: int = 200) -> Response:
    """Return JSON in the API's compact form."""
    return Response(
        _compact(body),
        status,
        headers={"x-request-id": request_id},
        media_type="application/json",
    )


def media(made: Artifact, *, accept: str, request_id: str) -> Response:
    """Return a generated file: raw, or in JSON if `accept` asks for it."""
    if made.media_type.startswith(("image/", "audio/")) and "application/json" in accept:
        return _media_in_json(made, request_id)
    headers = {"x-request-id": request_id}
    if made.finish_reason is not None:
        headers["finish-reason"] = made.finish_reason
    if made.seed is not None:
        headers["seed"] = str(made.seed)
    return _stream(made, headers)


def first_version(made: Sequence[Artifact], *, accept: str, request_id: str) -> Response:
    """Return pictures the version 1 way: `artifacts`, or one raw PNG."""
    if "image/png" in accept and len(made) == 1:
        headers = {"Finish-Reason": str(made[0].finish_reason), "Seed": str(made[0].seed)}
        return _stream(made[0], headers | {"x-request-id": request_id})
    parts: list[bytes | Artifact] = [b'{"artifacts":[']
    for number, each in enumerate(made):
        details = {"seed": each.seed, "finishReason": each.finish_reason}
        parts += [b"," * (number > 0), *_object("base64", each, details)]
    return _json_of([*parts, b"]}"], "application/json", request_id)


def _media_in_json(made: Artifact, request_id: str) -> Response:
    """Return media as base64, with seed and finish reason in the body instead of the headers."""
    details = {"seed": made.seed, "finish_reason": made.finish_reason}
    parts = _object(made.media_type.split("/")[0], made, details)
    return _json_of(parts, f"application/json; type={made.media_type}", request_id)


def _object(name: str, made: Artifact, details: Mapping[str, object]) -> list[bytes | Artifact]:
    """Return the parts of a JSON object: the file under a name, then the details."""
    return [f'{{"{name}":"'.encode(), made, b'",' + _compact(details)[1:]]


def _json_of(parts: Sequence[bytes | Artifact], content_type: str, request_id: str) -> Response:
    """Return JSON encoded while it is sent: encoding a 67 MB sound at once blocks the loop."""
    length = sum(
        -(-part.length // 3) * 4 if isinstance(part, Artifact) else len(part) for part in parts
    )
    pieces = chain.from_iterable(
        _in_base64(part.pieces) if isinstance(part, Artifact) else [part] for part in parts
    )
    headers = {"x-request-id": request_id, "content-type": content_type}
    return StreamingResponse(_streamed(pieces), headers=headers | {"content-length": str(length)})


def _in_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield base64; bytes beyond a multiple of three are carried over to the next piece."""
    left = b""
    for part in _chunked(pieces):
        left += part
        whole = len(left) // 3 * 3
        yield base64.b64encode(left[:whole])
        left = left[whole:]
    yield base64.b64encode(left)


def _stream(made: Artifact, headers: dict[str, str]) -> Response:
    sizes = {"content-length": str(made.length), "content-type": made.media_type}
    return StreamingResponse(_streamed(made.pieces), headers=headers | sizes)


async def _streamed(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks of at most `CHUNK` bytes, and yield to the event loop after each."""
    for part in _chunked(pieces):
        yield part
        await anyio.lowlevel.checkpoint()  # writing to a fast socket never blocks


def _chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), CHUNK):
            yield piece[start : start + CHUNK]


def _compact(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def faulty(fault: Fault, path: str, request_id: str) -> Response:
    """Return the response of a fault."""
    if fault.html:
        return Response(GATEWAY_PAGE, fault.status or 502, media_type="text/html")
    status = fault.status or 500
    if fault.body is not None:
        return Response(fault.body, status, media_type="application/json")
    name, message = usual(status, first_version=is_first_version(path))
    error = RefusalError(status, fault.name or name, fault.message or message)
    return refusal(error, path, request_id)
