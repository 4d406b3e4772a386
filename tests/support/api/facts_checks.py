"""Checks an HTTP request against the facts only.

It imports nothing of the program, as an independent opinion on what the API accepts. Its own form
parser is stricter than any server's.
"""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

FACTS = Path(__file__).parents[2] / "facts" / "facts.yaml"
RETIRED = re.compile("retired|legacy", re.IGNORECASE)

Fact = dict[str, Any]


@cache
def facts() -> Fact:
    """Return the facts."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the pure Python loader takes seconds
    loaded: Fact = yaml.load(FACTS.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    return loaded


def resolve(value: Any) -> Any:  # noqa: ANN401 -- YAML of any shape
    """Follow a string such as `$enums.style_preset` into the facts."""
    if not (isinstance(value, str) and value.startswith("$")):
        return value
    found: Any = facts()
    for name in value[1:].split("."):
        found = found[name]
    return found


def endpoint_of(method: str, path: str) -> Fact | None:
    """Return the current endpoint of a method and path; None if unknown or retired."""
    for each in facts()["endpoints"]:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(each["path"]))
        if each["method"] == method and re.fullmatch(pattern, path):
            return None if RETIRED.search(each["status"]) else dict(each)
    return None


@dataclass
class Part:
    """One part of a form."""

    name: str
    data: bytes
    file_name: str | None
    media_type: str | None


@dataclass
class Request:
    """A request as received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    parts: dict[str, Part] = field(default_factory=dict)


def read_form(body: bytes, boundary: str) -> Iterator[Part]:
    """Parse a form strictly by RFC 7578.

    Raises:
        ValueError: the body is malformed.
    """
    mark = f"--{boundary}".encode()
    first, *pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if first or not pieces or pieces.pop() not in {b"--\r\n", b"--"}:
        raise ValueError("the form does not begin and end with its boundary")
    for piece in pieces:
        head, gap, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not gap or not piece.startswith(b"\r\n"):
            raise ValueError("a part has no headers")
        lines = [line.split(": ", 1) for line in head.decode("utf-8").split("\r\n")]
        headers = {name.lower(): value for name, value in lines}
        disposition = re.fullmatch(
            r'form-data; name="([^"]+)"(?:; filename="([^"]+)")?', headers["content-disposition"]
        )
        if disposition is None or headers.keys() - {"content-disposition", "content-type"}:
            raise ValueError(f"a part has odd headers: {headers}")
        yield Part(disposition[1], data, disposition[2], headers.get("content-type"))


def faults(request: Request, key: str) -> Iterator[str]:
    """Yield what is wrong with a request."""
    yield from _header_faults(request.headers, key)
    endpoint = endpoint_of(request.method, request.path)
    if endpoint is None:
        yield f"{request.method} {request.path}: no such endpoint"
        return
    documented = endpoint["accept"]["values"]
    if endpoint["id"] == "results":  # "parameter: */* or application/json; samples: image/*"
        documented = [*documented, "image/*"]
    accept = request.headers.get("accept", "")
    if documented and accept not in documented:
        yield f"accept: {accept} is not documented"
    if request.method == "GET":
        yield from ["a GET has a body"] * bool(request.body)
        return
    try:
        given = _given(request, endpoint["request_content_type"])
    except (ValueError, KeyError) as error:
        yield f"body: {error}"
        return
    yield from _argument_faults(given, endpoint["fields"])


def _header_faults(headers: Mapping[str, str], key: str) -> Iterator[str]:
    if headers.get("authorization") != f"Bearer {key}":
        yield "authorization: not the key"
    if headers.get("stability-client-id") != "stability-mcp":
        yield "stability-client-id: not stability-mcp"
    if not re.fullmatch(r"\d+\.\d+\.\d+\S*", headers.get("stability-client-version", "")):
        yield "stability-client-version: no version"
    yield from (
        f"{name}: too long"
        for name in ("stability-client-id", "stability-client-version")
        if len(headers.get(name, "")) > 256
    )


def _given(request: Request, content_type: str) -> dict[str, Any]:
    """Return the arguments by name: texts of a form, values of JSON, file parts."""
    received, _, parameters = request.headers.get("content-type", "").partition(";")
    if received != content_type:
        raise ValueError(f"content-type: must be {content_type}, got {received}")
    if content_type == "application/json":
        found: dict[str, Any] = json.loads(request.body)
        return found
    for part in read_form(request.body, parameters.strip().removeprefix("boundary=")):
        if part.name in request.parts:
            raise ValueError(f"{part.name} is duplicated")
        request.parts[part.name] = part
    given: dict[str, Any] = {}
    for name, part in request.parts.items():
        nested = re.fullmatch(r"(\w+)\[(\d+)\]\[(\w+)\]", name)
        if nested:
            entries = given.setdefault(nested[1], {})
            entries.setdefault(int(nested[2]), {})[nested[3]] = part.data.decode()
        else:
            given[name] = part if part.file_name else part.data.decode()
    return {n: [*v.values()] if isinstance(v, dict) else v for n, v in given.items()}


def _argument_faults(given: Mapping[str, Any], fields: Mapping[str, Fact]) -> Iterator[str]:
    inside = {name: fact for name, fact in fields.items() if fact.get("in") != "path"}
    yield from (f"{name}: unknown" for name in given.keys() - inside)
    for name, fact in inside.items():
        if name not in given:
            yield from [f"{name}: required"] * bool(fact["required"])
            continue
        limits = fact | fact.get("by_model", {}).get(given.get("model"), {})
        yield from (f"{name}: {fault}" for fault in _value_faults(given[name], limits))


def _value_faults(value: Any, fact: Fact) -> Iterator[str]:  # noqa: ANN401 -- JSON of any shape
    kind = fact["type"]
    if kind == "file":
        yield from _file_faults(value, resolve(fact.get("constraints", "$file_profiles.mask")))
    elif isinstance(value, Part):
        yield "is a file"
    elif kind.startswith("array"):
        yield from ["too few"] * (len(value) < fact["min_items"])
        for entry in value:
            yield from ["no text"] * (not 1 <= len(str(entry.get("text", ""))) <= 2_000)
            yield from ["odd entry"] * bool(entry.keys() - {"text", "weight"})
            float(entry.get("weight", 1))
    elif kind in {"number", "integer"}:
        yield from _number_faults(value, fact)
    elif not isinstance(value, str):
        yield f"isn't a text but {value!r}"
    elif "enum" in fact:
        allowed = {str(each) for each in resolve(fact["enum"])} | fact.get(
            "also_accepted", {}
        ).keys()
        yield from [f"{value} isn't one of {sorted(allowed)}"] * (value not in allowed)
    elif not fact.get("min_length", 0) <= len(value) <= fact.get("max_length", 10**9):
        yield f"has {len(value)} characters"


def _number_faults(value: object, fact: Fact) -> Iterator[str]:
    if not re.fullmatch(r"-?\d+(\.\d+)?", str(value)):
        yield f"{value!r} isn't a number"
        return
    number = float(str(value))
    if fact["type"] == "integer" and not number.is_integer():
        yield f"{value} isn't a whole number"
    low, high = fact.get("min"), fact.get("max")
    if (low is not None and number < low) or (high is not None and number > high):
        yield f"{value} is not within {low} and {high}"


def _file_faults(value: object, profile: Fact) -> Iterator[str]:
    if not isinstance(value, Part):
        yield "isn't a file"
        return
    if "min_seconds" in profile:
        sound = value.data[:4] == b"RIFF" or value.data[:2] in {b"\xff\xfb", b"\xff\xfa"}
        yield from ["isn't a sound"] * (not sound)
        yield from [f"is declared as {value.media_type}"] * (
            value.media_type not in {"audio/mpeg", "audio/wav"}
        )
        return
    try:
        with Image.open(io.BytesIO(value.data)) as picture:
            picture.load()
            found, (width, height) = str(picture.format).lower(), picture.size
    except OSError:
        yield "isn't a picture"
        return
    if value.media_type != f"image/{found}":
        yield f"is {found} and is declared as {value.media_type}"
    if isinstance(profile.get("formats"), list) and found not in profile["formats"]:
        yield f"{found} isn't accepted"
    if min(width, height) < profile.get("min_side", 1):
        yield "is too small"
    if width * height > profile.get("max_pixels", 10**9):
        yield "is too large"
