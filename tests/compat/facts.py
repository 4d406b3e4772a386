"""Facts: the program's public interface as a flat mapping from paths to values.

A path lists names from the outside in: `tools > generate_sd3 > arguments > seed`. Collections that
may grow without breaking a caller (choices, keys, parameters) have a path for each member. A value
with `"needed": true` is required from the caller.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Facts = dict[str, Any]

SEPARATOR = " > "

_NO_FACETS = frozenset(
    {
        "title",
        "description",
        "properties",
        "required",
        "items",
        "enum",
        "const",
        "anyOf",
        "examples",
    }
)
"""Parts of a JSON schema that have their own paths, or are texts and may change."""


def path(*parts: str) -> str:
    """Join the parts to a path."""
    return SEPARATOR.join(parts)


def as_text(facts: Mapping[str, Any]) -> str:
    """Return facts as sorted JSON, one per line."""
    lines = [
        f"  {json.dumps(name, ensure_ascii=False)}: "
        f"{json.dumps(facts[name], ensure_ascii=False, sort_keys=True)}"
        for name in sorted(facts)
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n"


def schema_facts(where: str, schema: Mapping[str, Any], **more: bool) -> Facts:
    """Return the facts of a JSON schema: types, ranges, defaults, choices, nested objects.

    Args:
        where: Path of the described value.
        schema: A schema without references.
        more: Further facts, such as whether it is needed.
    """
    branches = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(branches) == 1:
        schema = {**branches[0], **schema}
    facets = {name: value for name, value in schema.items() if name not in _NO_FACETS}
    found: Facts = {where: facets | more}
    choices = [schema["const"]] if "const" in schema else schema.get("enum", ())
    found |= {path(where, str(choice)): "choice" for choice in choices}
    if "items" in schema:
        found |= schema_facts(f"{where}[]", schema["items"])
    return found | property_facts(where, schema)


def property_facts(where: str, schema: Mapping[str, Any]) -> Facts:
    """Return the facts of an object's properties."""
    needed = schema.get("required", ())
    found: Facts = {}
    for name, each in schema.get("properties", {}).items():
        found |= schema_facts(path(where, name), each, needed=name in needed)
    return found


def json_facts(where: str, values: Iterable[Any]) -> Facts:
    """Return the keys of JSON values and the types below them: `media[] > uri` is `str`.

    Several values are the elements of one list: a key of any of them is a key.
    """
    types: dict[str, set[str]] = {}
    for value in values:
        _collect_types(where, value, types)
    return {name: "|".join(sorted(found)) for name, found in types.items()}


def _collect_types(where: str, value: object, types: dict[str, set[str]]) -> None:
    types.setdefault(where, set()).add(_type_name(value))
    if isinstance(value, Mapping):
        for name, each in value.items():
            _collect_types(path(where, name), each, types)
    elif isinstance(value, list):
        for each in value:
            _collect_types(f"{where}[]", each, types)


def _type_name(value: object) -> str:
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "bool"),
        ((int, float), "number"),
        (str, "str"),
        (Mapping, "object"),
        (list, "list"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "null")
