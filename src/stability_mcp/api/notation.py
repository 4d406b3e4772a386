"""Converts arguments that differ from a tool's schema only in notation.

Hosts and models send numbers, lists and objects as text, `""` or `"null"` for what was left blank,
and choices in another case or under another common name. Where the meaning is certain, the value
is converted; everything else is left for validation, which names the mistake.
"""

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stability_mcp.api.host_arguments import without_host_arguments

Schema = Mapping[str, Any]

NULL_WORDS = frozenset({"null", "none", "undefined"})
"""Words for an absent value: JSON's, Python's and JavaScript's (NVIDIA/NeMo-Agent-Toolkit#1269)."""

SAME_CHOICE: Mapping[str, str] = {
    "jpg": "jpeg",  # the usual ending of a JPEG file
    "jpe": "jpeg",
    "image/jpeg": "jpeg",  # media types, as in the API's Accept header
    "image/jpg": "jpeg",
    "image/png": "png",
    "image/webp": "webp",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "wave": "wav",
    "square": "1:1",  # the only ratio with a name that means one ratio
}
"""Common names of choices."""

RANDOM_SEEDS = (-1, "-1", "-1.0")
"""Values that mean a random seed in Stable Diffusion's interfaces, such as AUTOMATIC1111
(bghira/SimpleTuner#97)."""

MAX_RATIO_ERROR = 0.02
"""How far a size may be from a ratio: 1366x768 is 0.05 % from 16:9, 1024x1792 1.6 % from 9:16."""

MAX_WRAPS = 3
"""How often a value may be JSON inside a JSON string."""
MAX_BITS = 200
"""Bits (60 digits) of the largest number that is converted to text: Python refuses to print very
long ones."""

_RATIO = re.compile(r"[0-9]+:[0-9]+")
_SIZE = re.compile(
    r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:px)?\s*(?:[:x\u00d7*/_-]|by|to)\s*"
    r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(?:px|pixels?)?\s*",
    re.IGNORECASE,
)
_PARSED: Mapping[str, tuple[type, ...]] = {"array": (list, tuple), "object": (dict,)}
_SCALARS = frozenset({"integer", "number", "boolean"})


def convert(arguments: Mapping[str, object], schema: Schema) -> dict[str, object]:
    """Return the arguments in the notation of a model's JSON schema, without absent ones.

    Args:
        arguments: The arguments of a call.
        schema: The schema of the model, with its `$defs`.
    """
    properties = schema.get("properties", {})
    if not properties:
        return {}  # hosts send stand-ins to tools without arguments
    return _convert_fields(arguments, schema, schema)


def _convert_fields(given: Mapping[Any, object], at: Schema, root: Schema) -> dict[str, object]:
    given = {str(name): value for name, value in given.items()}
    found: dict[str, object] = {}
    required = at.get("required", ())
    known = at.get("properties", {})
    for name in without_host_arguments(given, known):
        field = resolve(known.get(name, {}), root)
        value = given[name]
        if value is None or (name not in required and _is_absent(name, value, field)):
            continue
        found[name] = _convert_value(value, field, root)
    return found


def resolve(field: Schema, root: Schema) -> dict[str, Any]:
    """Return a field's schema with references and null branches resolved."""
    found = {**field.get("anyOf", [{}])[0], **field}
    if "$ref" in found:
        found |= root["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def _is_absent(name: str, value: object, field: Schema) -> bool:
    """Return whether an optional argument was left blank."""
    if name == "seed" and value in RANDOM_SEEDS:
        return True
    if isinstance(value, list | dict) and not value:
        return bool(field.get("minItems")) and not field.get(EMPTY_IS_GIVEN)
    if not isinstance(value, str):
        return False
    word = unwrap(value).strip().casefold()
    if word in map(str.casefold, choices(field)):
        return False
    return not word or (word in NULL_WORDS and not field.get(PROSE))


PROSE = "x-prose"
"""Marks the schema of a text that may consist of any word, such as a prompt."""
EMPTY_IS_GIVEN = "x-empty-is-given"
"""Marks the schema of an optional list that is refused if empty: left out, it means more."""


def _convert_value(value: object, field: Schema, root: Schema) -> object:
    kind = field.get("type", "")
    if isinstance(value, str) and kind in _PARSED:
        value = _parsed(value, _PARSED[kind])
    elif isinstance(value, str) and kind in _SCALARS:
        value = unwrap(value)
    if kind == "array" and isinstance(value, list):
        entry = resolve(field.get("items", {}), root)
        return [_convert_value(each, entry, root) for each in value]
    if kind == "object" and isinstance(value, Mapping) and "properties" in field:
        return _convert_fields(value, field, root)
    if isinstance(value, bool) and kind in {"integer", "number"}:
        return "true" if value else "false"  # pydantic would accept it as 1 or 0
    return _choice(value, choices(field))


def _parsed(text: str, kinds: tuple[type, ...]) -> object:
    """Return the list or object in a text, or the text itself if there is none."""
    value: object = text
    for _ in range(MAX_WRAPS):
        if not isinstance(value, str):
            break
        value = read_literal(value)
    if isinstance(value, tuple):
        value = list(value)
    return value if isinstance(value, kinds) else text


def parse_object(value: str | list[Any]) -> dict[str, Any] | None:
    """Return the arguments of a call that come as JSON text; None: they aren't an object.

    An empty text or list means no arguments: PHP writes an empty object as `[]`.
    """
    if isinstance(value, list) or not value.strip():
        return None if value and isinstance(value, list) else {}
    read = _parsed(value, _PARSED["object"])
    return read if isinstance(read, dict) else None


def read_literal(text: str) -> object:
    """Read JSON, or a literal of Python as `str()` of a list prints it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if text.lstrip()[:1] not in {"[", "{", "("}:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def unwrap(text: str) -> str:
    """Return a text without JSON's quotes around it."""
    for _ in range(MAX_WRAPS):
        if text.strip()[:1] != '"':
            break
        inner = read_literal(text)
        if not isinstance(inner, str):
            break
        text = inner
    return text


# Choices ------------------------------------------------------------------------------------------


def choices(field: Schema) -> tuple[str, ...]:
    """Return the values that a field is limited to, as text; empty: any."""
    found = field.get("enum", [field["const"]] if "const" in field else [])
    return tuple(map(str, found))


def _choice(value: object, known: Sequence[str]) -> object:
    """Return the choice that a value means, or the value itself."""
    if not known:
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < MAX_BITS:
        return str(value) if str(value) in known else value
    if not isinstance(value, str) or value in known:
        return value
    text = unwrap(value).strip().casefold()
    text = SAME_CHOICE.get(text.lstrip("."), text.lstrip("."))
    same = [each for each in known if _folded(each) == _folded(text)]
    if len(same) == 1:
        return same[0]
    nearest = nearest_ratio(text, known)
    return value if nearest is None or nearest[1] > MAX_RATIO_ERROR else nearest[0]


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.casefold())


def nearest_ratio(text: str, known: Sequence[str]) -> tuple[str, float] | None:
    """Return the ratio nearest to a size such as `1920x1080`, and how far it is, as a fraction.

    None: the choices aren't ratios, or the text isn't a size.
    """
    size = _SIZE.fullmatch(text)
    if size is None or not known or not all(map(_RATIO.fullmatch, known)):
        return None
    width, height = float(size[1]), float(size[2])
    if not width or not height:
        return None
    errors = {each: _distance(width / height, each) for each in known}
    best = min(errors, key=lambda each: errors[each])
    return best, errors[best]


def _distance(shape: float, ratio: str) -> float:
    width, height = map(int, ratio.split(":"))
    return abs(math.expm1(math.log(shape * height / width)))
