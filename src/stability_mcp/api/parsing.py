"""Parses the arguments of a call into a validated request, or lists every mistake in one text.

Callers are language models and people at a command line, so `notation.py` first converts what
differs only in notation. The error names each wrong argument, its value, what is allowed and what
to do.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stability_mcp.api.hints import arguments_of, hint
from stability_mcp.api.notation import PROSE, choices, convert, nearest_ratio, resolve
from stability_mcp.api.operation import Operation
from stability_mcp.api.tool_arguments import MayBeBlank
from stability_mcp.errors import ArgumentsError
from stability_mcp.text import did_you_mean, listed, quoted

MAX_PROBLEMS = 8
"""Further mistakes are only counted: a call with this many was probably meant for another tool."""
NAME_CHARACTERS = 40
"""Characters of an unknown argument's name that are compared and repeated."""
SHOWN_BITS = 200
"""Bits (60 digits) of the largest number that is repeated: Python refuses to print very long
ones."""

_SEVERAL = {"text": "texts", "a number": "numbers", "a whole number": "whole numbers"}
"""The plural of what a list consists of."""

M = TypeVar("M", bound=BaseModel)
Row = TypeVar("Row", bound=Operation)


def parse(operation: type[Row], arguments: Mapping[str, object]) -> Row:
    """Parse the arguments of an operation's tool into a request.

    Args:
        operation: The row.
        arguments: The API's fields by name, without `label` and `count`.

    Raises:
        ArgumentsError: an argument is invalid; names every one that is.
    """
    names = arguments_of(operation)
    return _parse(operation, arguments, operation.name(), names, lambda name: hint(operation, name))


def parse_model(
    model: type[M], arguments: Mapping[str, object], *, what: str, hints: Mapping[str, str] = {}
) -> M:
    """Parse the arguments of a hand-written tool into its model.

    Args:
        model: Any model of arguments.
        arguments: Its fields by name.
        what: The name of the tool, for the error.
        hints: What to do instead, by name of an unknown argument that callers try.

    Raises:
        ArgumentsError: an argument is invalid; names every one that is.
    """
    return _parse(model, arguments, what, tuple(model.model_fields), hints.get)


def given_names(model: type[BaseModel], arguments: Mapping[str, object]) -> frozenset[str]:
    """Return the names of the arguments of a call that aren't left blank."""
    return frozenset(convert(arguments, _schema(model)))


def find_problems(model: type[BaseModel], arguments: Mapping[str, object]) -> list[str]:
    """Return the mistakes in the arguments of a call, without unknown ones."""
    schema = _schema(model)
    given = convert(arguments, schema)
    known = {name: given[name] for name in model.model_fields.keys() & given}
    return _validated(model, schema, known)[1]


def read_argument(model: type[BaseModel], name: str, value: object) -> tuple[object, str]:
    """Return one argument as the model takes it, and what is wrong with it, or "".

    Rules between arguments aren't checked.
    """
    schema = _schema(model)
    given = convert({name: value}, schema)
    if name not in given:
        return None, f"{name} has no value."
    try:
        model.model_validate(given)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            if each["loc"][:1] == (name,):
                return None, _problem(model, schema, each)
    return given[name], ""


def _parse(
    model: type[M],
    arguments: Mapping[str, object],
    what: str,
    names: tuple[str, ...],
    find_hint: Callable[[str], str | None],
) -> M:
    schema = _schema(model)
    given = convert(arguments, schema)
    known = {name: given[name] for name in model.model_fields.keys() & given}
    unknown = {name: find_hint(name) for name in given if name not in known}
    problems = [_unknown(name, names, shown) for name, shown in unknown.items()]
    request, mistakes = _validated(model, schema, known)
    problems += mistakes
    if request is not None and not problems:
        return request
    shown = problems[:MAX_PROBLEMS]
    if len(problems) > len(shown):
        more = len(problems) - len(shown)
        shown.append(f"And {more} more mistake{'s' * (more > 1)}.")
    takes = f"{what} takes {listed(names, most=30)}. "
    raise ArgumentsError(
        f"{what}: {' '.join(shown)}",
        hint=f"{takes if None in unknown.values() else ''}Correct this and call again.",
    )


def _validated(
    model: type[M], schema: Mapping[str, Any], known: Mapping[str, object]
) -> tuple[M | None, list[str]]:
    """Return the request, or None, and every mistake in the arguments."""
    try:
        request = model.model_validate(known)
    except ValidationError as error:
        mistakes = [each for each in error.errors(include_url=False) if _is_a_mistake(each)]
        return None, [_problem(model, schema, each) for each in mistakes]
    return request, _blank_texts(request)


# Schemas ------------------------------------------------------------------------------------------


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    if issubclass(model, Operation):
        for name in schema.get("properties", {}).keys() - model.file_fields().keys():
            field = resolve(schema["properties"][name], schema)
            schema["properties"][name][PROSE] = field.get("type") == "string" and not choices(field)
    return schema


def _schema_at(schema: Mapping[str, Any], *path: int | str) -> dict[str, Any]:
    """Return the schema of a field with references and null branches resolved; empty if unknown."""
    found = dict(schema)
    for step in path:
        inner = (
            found.get("items") if isinstance(step, int) else found.get("properties", {}).get(step)
        )
        found = resolve(inner or {}, schema)
    return found


# Error texts --------------------------------------------------------------------------------------


def _is_a_mistake(details: ErrorDetails) -> bool:
    """Return False for a consequence of another mistake, such as the default for a wrong model."""
    return details["type"] != "default_factory_not_called"


_BLANK = {
    False: "is blank; describe the result in a few words.",
    True: "is blank; pass a label, URI or path.",
}
"""What to pass instead of a blank text: a description, or a file."""


def _blank_texts(request: BaseModel) -> list[str]:
    """Return a problem for each required text without a visible character.

    The API accepts such a text and charges for an arbitrary result.
    """
    required = [
        name
        for name, field in type(request).model_fields.items()
        if field.is_required() and not any(isinstance(each, MayBeBlank) for each in field.metadata)
    ]
    texts = {name: _texts_of(getattr(request, name)) for name in required}
    files = type(request).file_fields() if isinstance(request, Operation) else {}
    return [
        f"{name} {_BLANK[name in files]}"
        for name, found in texts.items()
        if found and not any(map(str.strip, found))
    ]


def _texts_of(value: object) -> list[str]:
    """Return a text, or those of a weighted prompt's parts."""
    parts = value if isinstance(value, list) else [value]
    return [text for part in parts if isinstance(text := getattr(part, "text", part), str)]


def _unknown(name: str, names: tuple[str, ...], shown: str | None) -> str:
    sentence = f"There is no argument {quoted(name, limit=NAME_CHARACTERS)}"
    if shown:
        return f"{sentence}: {shown}."
    return " ".join(filter(None, (f"{sentence}.", did_you_mean(name[:NAME_CHARACTERS], names))))


def _problem(model: type[BaseModel], schema: Mapping[str, Any], details: ErrorDetails) -> str:
    path, kind, value = details["loc"], details["type"], details["input"]
    if kind in {"value_error", "assertion_error"}:
        message = str(details["ctx"]["error"]).rstrip(".")
        return f"{_path_text(path)}: {message}." if path else f"{_sentence(model, message)}."
    field, where = _schema_at(schema, *path), _path_text(path)
    is_file = issubclass(model, Operation) and path[0] in model.file_fields()
    allowed = "one file (label, media:// URI or path)" if is_file else _allowed(schema, field)
    if kind == "missing":
        return f"{where} is missing: {_wanted(field, None if is_file else allowed)}."
    if kind == "extra_forbidden":
        names = listed(_schema_at(schema, *path[:-1]).get("properties", {}))
        allowed = f"; allowed are {names}" if names else ""
        return f"There is no argument {quoted(where)}{allowed}."
    if kind in {"string_too_short", "string_too_long"}:
        allowed = _length_allowed(details["ctx"])
    if kind == "literal_error" and not choices(field):  # the schema doesn't list them
        allowed = details["ctx"]["expected"].replace("'", '"')
    if kind == "string_unicode":
        return f"{where} contains characters that aren't valid Unicode."
    guess = _guess(value, choices(field)) if isinstance(value, str) else ""
    return " ".join(filter(None, (f"{where} must be {allowed}; got {_shown(value)}.", guess)))


def _guess(value: str, known: tuple[str, ...]) -> str:
    nearest = nearest_ratio(value, known)
    return did_you_mean(value, known) if nearest is None else f"Did you mean {quoted(nearest[0])}?"


def _sentence(model: type[BaseModel], message: str) -> str:
    """Capitalise a message unless it begins with the name of a field."""
    if message.split(maxsplit=1)[0].rstrip(":") in model.model_fields:
        return message
    return message[:1].upper() + message[1:]


def _wanted(field: Mapping[str, Any], allowed: str | None) -> str:
    """Return `seconds, 1 to 190`: what the description says and what the schema allows."""
    described = " ".join(str(field.get("description", "")).split()).rstrip(".")
    if described[1:2].islower():
        described = described[:1].lower() + described[1:]
    if allowed is None or (described and allowed == "text"):
        return described
    if described and field.get("type") == "array":
        return f"{described} ({allowed})"
    bounds = allowed.partition(" from ")[2] if field.get("type") in {"integer", "number"} else ""
    return ", ".join(filter(None, (described, (bounds if described else "") or allowed)))


def _path_text(path: tuple[int | str, ...]) -> str:
    """Return a path as `text_prompts[0].text`; the names in it may come from the caller."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return quoted("".join(steps).removeprefix("."), limit=NAME_CHARACTERS).strip('"')


def _shown(value: object) -> str:
    """Return a value in short form on one line, whatever its type and size."""
    if isinstance(value, str):
        return f"{quoted(value)} ({len(value)} characters)" if len(value) > 80 else quoted(value)  # noqa: PLR2004
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() < SHOWN_BITS else "a number with too many digits"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)} item{'s' * (len(value) != 1)}"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _length_allowed(context: Mapping[str, Any]) -> str:
    """Return the length limit of a text, which the schema does not show (see `fields.py`)."""
    if "max_length" in context:
        return f"text of at most {context['max_length']} characters"
    return f"text of at least {context['min_length']} character"


def _list_allowed(schema: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    """Return `a list of 4 numbers`, or `a list of 1 to 200, each an object with shape and box`."""
    entry = _allowed(schema, _schema_at({**schema, "properties": {"": field}}, "", 0))
    least, most = field.get("minItems", 0), field.get("maxItems")
    upto = f" to {most}" if most is not None else " or more"
    length = str(least) if least == most else f"{least}{upto}"
    if entry not in _SEVERAL:
        return f"a list of {length}, each {entry}"
    return f"a list of {'' if length == '0 or more' else f'{length} '}{_SEVERAL[entry]}"


def _allowed(schema: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    """Return what a field accepts, as the end of `left must be ...`."""
    known = choices(field)
    if known:
        return f"one of {', '.join(map(quoted, known))}" if known[1:] else quoted(known[0])
    kind = field.get("type")
    if kind == "array":
        return _list_allowed(schema, field)
    if kind == "object":
        names = listed(field.get("properties", {}))
        return f"an object with {names}" if names else "an object"
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return f"text that matches {field['pattern']}" if "pattern" in field else "text"
    number = "a whole number" if kind == "integer" else "a number"
    bounds = (field.get("minimum"), field.get("maximum"))
    between = f" from {bounds[0]:.15g} to {bounds[1]:.15g}" if None not in bounds else ""
    if "exclusiveMinimum" in field:
        between = f" above {field['exclusiveMinimum']:.15g}"
    step = f" in steps of {field['multipleOf']}" if "multipleOf" in field else ""
    return f"{number}{between}{step}"
