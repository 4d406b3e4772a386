"""Compares a table with the facts, both ways.

Both sides are flattened to `place: value`; a place that only one side has, or where the values
differ, is a difference. `differs.yaml` records the intended ones, each group with its reason.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from stability_mcp.api.fields import AudioLimits, File
from stability_mcp.api.operation import Operation
from support.api.facts import Facts, Places, documented, documented_prices, endpoints, read
from support.api.operations import fewest

Bounds = dict[type, Any]
"""Bounds of a field by class."""


def recorded() -> dict[str, str]:
    """Return the recorded differences, each with its reason."""
    return {line: each["reason"] for each in read("differs.yaml") for line in each["differences"]}


def differences(table: Mapping[str, type[Operation]], source: Facts) -> list[str]:
    """Return every difference between a table and facts as one line."""
    known = endpoints(source)
    lines = [f"{name}: facts an endpoint, table nothing" for name in known.keys() - table]
    lines += [f"{name}: facts nothing, table an operation" for name in table.keys() - known]
    for name in sorted(known.keys() & table.keys()):
        prices = documented_prices(known[name])
        by_facts = documented(known[name], source) | prices
        by_table = dict(_of_row(table[name])) | _prices(table[name], prices)
        for place in sorted(by_facts.keys() | by_table.keys()):
            left, right = by_facts.get(place), by_table.get(place)
            if not _agree(left, right):
                lines.append(f"{name} {place}: facts {_text(left)}, table {_text(right)}")
    return lines


def _agree(by_facts: object, by_table: object) -> bool:
    """Compare two values; `integer` matches the `number` of the facts."""
    return by_facts == by_table or (by_facts, by_table) == ("number", "integer")


def _text(value: object) -> str:
    return "nothing" if value is None else str(value)


def _of_row(row: type[Operation]) -> Iterator[tuple[str, Any]]:
    yield "method", row.spec.method
    yield "path", row.spec.path
    yield "status", row.status
    yield "deferred", row.is_deferred()
    first, *others = row.poll_paths or [None]
    yield "poll", first
    yield "poll also", {path: row.poll_paths[path] for path in others if path} or None
    yield "accept", row.accept
    if row.spec.method == "POST":
        in_json = row.answer == "artifacts" and not row.file_fields()
        yield "request", "application/json" if in_json else "multipart/form-data"
    if row.spec.path.startswith("/v2beta"):
        yield "max_body", row.spec.max_body
    for name, info in row.model_fields.items():
        yield from ((f"{name}.{aspect}", value) for aspect, value in _of_field(row, name, info))


def _of_field(row: type[Operation], name: str, info: FieldInfo) -> Iterator[tuple[str, Any]]:
    mark = row.file_fields().get(name)
    schema = _schema(row)["properties"][name]
    schema |= schema.get("anyOf", [{}])[0]
    bounds = _bounds(info)
    yield "type", "file" if mark else _type(schema, row)
    yield "required", info.is_required()
    yield "in", "path" if name in row.path_fields() else None
    yield "enum", _choices(schema)
    if mark:
        yield from _limits(mark)
        return
    sizes = (
        ("min_items", "max_items") if schema["type"] == "array" else ("min_length", "max_length")
    )
    yield sizes[0], bounds.get(MinLen)
    yield sizes[1], bounds.get(MaxLen)
    if info.default_factory is None:
        yield "min", bounds.get(Ge)
        yield "max", bounds.get(Le)
        yield "default", None if info.is_required() else info.default
    else:
        yield from _by_model(row, name, bounds)


def _by_model(row: type[Operation], name: str, bounds: Bounds) -> Iterator[tuple[str, Any]]:
    """Yield bounds and default of a field that depend on the model, by trial."""
    models = _choices(_schema(row)["properties"]["model"]) or []
    tried = {model: _try_model(row, name, bounds, model) for model in models}
    for aspect in ("min", "max", "default"):
        several = {model: each[aspect] for model, each in tried.items()}
        values = list(several.values())
        yield aspect, values[0] if all(each == values[0] for each in values) else several


def _try_model(row: type[Operation], name: str, bounds: Bounds, model: str) -> Places:
    request = _request(row, {"model": model})
    assert request is not None
    default = getattr(request, name)
    if not bounds:
        return {"min": None, "max": None, "default": default}
    whole = range(int(bounds[Ge]), int(bounds[Le]) + 1)
    taken = [each for each in whole if _request(row, {"model": model, name: each})]
    return {"min": min(taken), "max": max(taken), "default": default}


def _limits(mark: File) -> Iterator[tuple[str, Any]]:
    limits = mark.limits
    yield "formats", sorted(limits.formats) if not mark.mask_for else None
    if isinstance(limits, AudioLimits):
        yield "min_seconds", limits.min_seconds
        yield "max_seconds", limits.max_seconds
        return
    if limits.sizes:  # the only sizes, so the other limits don't apply
        yield "sizes", sorted(f"{width}x{height}" for width, height in limits.sizes)
        return
    yield "min_side", limits.min_side if limits.min_side > 1 else None
    yield "max_side", limits.max_side
    yield "min_pixels", limits.min_pixels if limits.min_pixels > 1 else None
    yield "max_pixels", limits.max_pixels
    yield "max_aspect", limits.max_aspect


def _prices(row: type[Operation], documented: Places) -> Places:
    """Return the table's price of every call with a documented price."""
    made: Places = {}
    for place in documented:
        chosen = dict(pair.split("=") for pair in place.split()[1:])
        request = _request(row, chosen)
        made[place] = request.price() if request else "refused"
    return made


def _request(row: type[Operation], chosen: Mapping[str, Any]) -> Operation | None:
    arguments = {**fewest(row.name()), **chosen}
    try:
        return row.model_validate({k: v for k, v in arguments.items() if k in row.model_fields})
    except ValidationError:
        return None


@cache
def _schema(row: type[BaseModel]) -> dict[str, Any]:
    return row.model_json_schema()


def _type(schema: Mapping[str, Any], row: type[Operation]) -> str:
    kind = str(schema["type"])
    if kind != "array":
        return kind
    entry = _schema(row)["$defs"][schema["items"]["$ref"].rpartition("/")[2]]
    parts = []
    for name, part in entry["properties"].items():
        longest = f" max {part['maxLength']}" if "maxLength" in part else ""
        needed = " (required)" if name in entry["required"] else ""
        parts.append(f"{name}: {part['type'].replace('number', 'float')}{longest}{needed}")
    return f"array of {{{', '.join(parts)}}}"


def _choices(schema: Mapping[str, Any]) -> list[str] | None:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return sorted(choices) if choices else None


def _bounds(info: FieldInfo) -> Bounds:
    """Return the bounds of a field by class, including those inside `... | None`."""
    inside = [
        getattr(each, "__metadata__", ()) for each in getattr(info.annotation, "__args__", ())
    ]
    found: Bounds = {}
    for each in (*(mark for marks in inside for mark in marks), *info.metadata):
        for mark in (*getattr(each, "metadata", ()), each):
            for kind, name in (
                (Ge, "ge"),
                (Le, "le"),
                (MinLen, "min_length"),
                (MaxLen, "max_length"),
            ):
                if isinstance(mark, kind):
                    found[kind] = getattr(mark, name)
    return found
