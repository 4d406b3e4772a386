"""What a published OpenAPI document of the API says otherwise than the table.

The API publishes what it takes; when that changes, the table is to be changed. Compared are paths,
the kind of body, the status of a success, and of every parameter: that it is there, whether it is a
file, its choices and its bounds. Where the document says nothing the table may say more, since it
also knows what was seen live; known differences are in `Operation.wire`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stability_mcp.api.operation import Operation
from stability_mcp.api.wire_schema import is_json, parameters, required
from stability_mcp.text import quoted

LEFT_OUT = frozenset(
    {
        "/v2alpha/generation/stable-image/upscale",
        "/v2alpha/generation/stable-image/upscale/result/{id}",
        "/v2alpha/generation/stable-image/inpaint",
        "/v2beta/stable-image/upscale/creative/result/{id}",
    }
)
"""Paths that no operation has on purpose: older twins and a second path of results."""

MAX_STEPS = 20
"""References followed for one part; a chain that is longer is a circle."""

MAX_PARTS = 200
"""Parts of one schema put together; the largest of the API has some dozens, a circle has no end."""

_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "characters at least",
    "maxLength": "characters at most",
}

Document = Mapping[str, Any]


def differences(
    document: Document, operations: Mapping[str, type[Operation]], *, known: bool = False
) -> list[str]:
    """Return every difference as one line, of the paths first.

    Versions of the API that the document does not have at all are not compared.

    Args:
        document: The parsed document, of any shape: it comes from outside.
        operations: The table.
        known: Whether to return the differences that a row names in `wire.known_drift` as well.
    """
    paths = _mapping(document.get("paths"))
    found = [*_paths(paths, operations)]
    for name, row in operations.items():
        described = _mapping(_mapping(paths.get(row.spec.path)).get(row.spec.method.lower()))
        if described:
            lines = _operation(document, described, row)
            left = (line for line in lines if known or line not in row.wire.known_drift)
            found += [f"{name} {line}" for line in left]
    return found


def compared(document: Document, operations: Mapping[str, type[Operation]]) -> list[str]:
    """Return the names of the operations whose version of the API the document has."""
    versions = {_version(path) for path in _mapping(document.get("paths"))}
    return [name for name, row in operations.items() if _version(row.spec.path) in versions]


def _paths(paths: Document, operations: Mapping[str, type[Operation]]) -> Iterator[str]:
    versions = {_version(path) for path in paths}
    known = {(row.spec.method, row.spec.path) for row in operations.values()}
    known |= {("GET", path) for row in operations.values() for path in row.poll_paths}
    there = {
        (method.upper(), path)
        for path, methods in paths.items()
        if path not in LEFT_OUT
        for method in ("get", "post", "put", "patch", "delete")
        if method in _mapping(methods)
    }
    for method, path in sorted(there - known):
        yield f"new path: {method} {quoted(path)}"
    for method, path in sorted(known - there):
        if _version(path) in versions:
            yield f"path is gone: {method} {quoted(path)}"


def _version(path: str) -> str:
    return path.split("/")[1] if path.startswith("/") else ""


def _operation(document: Document, described: Document, row: type[Operation]) -> Iterator[str]:
    answers = _mapping(described.get("responses"))
    successes = sorted(status for status in answers if str(status).startswith("2"))
    if successes and str(row.status) not in successes:
        yield f"answers {', '.join(map(str, successes))}, was {row.status}"
    if row.spec.method == "GET":
        return
    body = _mapping(_followed(document, described.get("requestBody")).get("content"))
    wanted = "application/json" if is_json(row) else "multipart/form-data"
    if wanted not in body:
        kinds = ", ".join(map(quoted, body)) or "nothing"
        yield f"takes {kinds}, was {wanted}"
        return
    schema = _flat(document, _mapping(body[wanted]).get("schema"))
    theirs = _mapping(schema.get("properties"))
    ours = parameters(row)
    for name in sorted(theirs.keys() - ours.keys()):
        yield f"new parameter: {quoted(name)}"
    for name in sorted(ours.keys() - theirs.keys()):
        yield f"parameter is gone: {quoted(name)}"
    needed = schema.get("required")
    for name in [name for name in ours if isinstance(needed, list) and name in needed]:
        if name not in required(row) and not _is_required(row, name):
            yield f"{name}: is required now"
    for name in sorted(theirs.keys() & ours.keys()):
        given = _flat(document, theirs[name])
        yield from (f"{name}: {line}" for line in _parameter(given, ours[name]))


def _is_required(row: type[Operation], name: str) -> bool:
    """Return whether the row asks for more than the API does."""
    return name in row.model_fields and row.model_fields[name].is_required()


def _parameter(theirs: Document, ours: Document) -> Iterator[str]:
    if _is_file(theirs) != _is_file(ours):
        yield "is a file now" if _is_file(theirs) else "is no file any more"
        return
    given = theirs.get("enum")
    if isinstance(given, list):
        choices = {str(each) for each in given}
        known = {str(each) for each in ours.get("enum", ())}
        yield from (f"new choice {quoted(each)}" for each in sorted(choices - known))
        yield from (f"{quoted(each)} is no choice any more" for each in sorted(known - choices))
    elif ours.get("enum"):
        yield "is no choice between values any more"
    for bound, words in _BOUNDS.items():
        new, old = theirs.get(bound), ours.get(bound)
        if not isinstance(new, int | float):
            continue
        if bound == "minLength" and new <= (old or 0):
            continue
        if new != old:
            yield f"{words} {new:.15g}, was {'not said' if old is None else format(old, '.15g')}"


def _is_file(schema: Document) -> bool:
    return schema.get("format") == "binary"


def _flat(document: Document, schema: object) -> dict[str, Any]:
    """Return a schema in one piece: what it refers to, and all of `allOf`, the last word last.

    Of alternatives every parameter counts, and none is required.
    """
    return _flattened(document, schema, iter(range(MAX_PARTS)))


def _flattened(document: Document, schema: object, left: Iterator[int]) -> dict[str, Any]:
    if next(left, None) is None:
        return {}
    followed = _followed(document, schema)
    whole: dict[str, Any] = {}
    for part in _list(followed.get("allOf")):
        whole |= _flattened(document, part, left)
    alternatives = [*_list(followed.get("oneOf")), *_list(followed.get("anyOf"))]
    properties = dict(_mapping(followed.get("properties")))
    for part in alternatives:
        properties = {**_flattened(document, part, left).get("properties", {}), **properties}
    whole |= {key: value for key, value in followed.items() if key not in {"allOf", "properties"}}
    return {**whole, "properties": {**whole.get("properties", {}), **properties}}


def _followed(document: Document, part: object) -> Document:
    for _ in range(MAX_STEPS):
        pointer = _mapping(part).get("$ref")
        if not isinstance(pointer, str) or not pointer.startswith("#/"):
            return _mapping(part)
        part = document
        for step in pointer.removeprefix("#/").split("/"):
            part = _mapping(part).get(step.replace("~1", "/").replace("~0", "~"))
    return {}


def _mapping(part: object) -> Document:
    return part if isinstance(part, dict) else {}


def _list(part: object) -> list[Any]:
    return part if isinstance(part, list) else []
