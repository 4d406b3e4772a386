"""Finds differences between the API's published OpenAPI document and the table.

A change in the document means that the table must change. Compared are paths, the content type of
the body, the status of a success and, for each parameter, existence, whether it is a file, choices
and bounds. Where the document states nothing, the table may state more: it also records live
observations. `Operation.wire` lists known differences.
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
"""Paths left out on purpose: older twins and a second results path."""

MAX_STEPS = 20
"""References followed for one part; a longer chain is a cycle."""

MAX_PARTS = 200
"""Parts merged into one schema; the API's largest has a few dozen, and a cycle never ends."""

_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "minLength": "minimum characters",
    "maxLength": "maximum characters",
}

Document = Mapping[str, Any]


def differences(
    document: Document, operations: Mapping[str, type[Operation]], *, known: bool = False
) -> list[str]:
    """Return one line per difference, paths first.

    API versions that are missing from the document altogether are not compared.

    Args:
        document: The parsed document; untrusted, so it may have any shape.
        operations: The table.
        known: Also return the differences listed in a row's `wire.known_drift`.
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
    """Return the names of the operations whose API version is in the document."""
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
            yield f"removed path: {method} {quoted(path)}"


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
        yield f"removed parameter: {quoted(name)}"
    needed = schema.get("required")
    for name in [name for name in ours if isinstance(needed, list) and name in needed]:
        if name not in required(row) and not _is_required(row, name):
            yield f"{name}: now required"
    for name in sorted(theirs.keys() & ours.keys()):
        given = _flat(document, theirs[name])
        yield from (f"{name}: {line}" for line in _parameter(given, ours[name]))


def _is_required(row: type[Operation], name: str) -> bool:
    """Return whether the row requires a parameter that may be optional in the API."""
    return name in row.model_fields and row.model_fields[name].is_required()


def _parameter(theirs: Document, ours: Document) -> Iterator[str]:
    if _is_file(theirs) != _is_file(ours):
        yield "now a file" if _is_file(theirs) else "no longer a file"
        return
    given = theirs.get("enum")
    if isinstance(given, list):
        choices = {str(each) for each in given}
        known = {str(each) for each in ours.get("enum", ())}
        yield from (f"new choice {quoted(each)}" for each in sorted(choices - known))
        yield from (f"removed choice {quoted(each)}" for each in sorted(known - choices))
    elif ours.get("enum"):
        yield "no longer limited to choices"
    for bound, words in _BOUNDS.items():
        new, old = theirs.get(bound), ours.get(bound)
        if not isinstance(new, int | float):
            continue
        if bound == "minLength" and new <= (old or 0):
            continue
        if new != old:
            yield f"{words} {new:.15g}, was {'unlimited' if old is None else format(old, '.15g')}"


def _is_file(schema: Document) -> bool:
    return schema.get("format") == "binary"


def _flat(document: Document, schema: object) -> dict[str, Any]:
    """Merge a schema with its references and `allOf` parts; later parts win.

    The parameters of all alternatives (`oneOf`, `anyOf`) are included, none as required.
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
