"""The values of a plan's inputs: given, by default, or still missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stability_mcp.text import did_you_mean, listed, quoted
from stability_mcp.workflows.plan import MAX_ELEMENTS, InputType, PlanInput
from stability_mcp.workflows.plan_form import misfits
from stability_mcp.workflows.problems import MAX_SHOWN, Problem

_WORDS: Mapping[InputType, str] = {
    "text": "text",
    "number": "a number",
    "image": "a picture (label, URI or path)",
    "audio": "a sound (label, URI or path)",
    "model": "a 3D model (label, URI or path)",
}


@dataclass(kw_only=True)
class InputValues:
    """The inputs of a plan with their values."""

    values: dict[str, Any] = field(default_factory=dict)
    """By name; inputs without a value are absent."""
    missing: list[str] = field(default_factory=list)
    """Inputs that still need a value."""
    problems: list[Problem] = field(default_factory=list)


def input_values(declared: Mapping[str, PlanInput], given: Mapping[str, Any]) -> InputValues:
    """Return the value of each input, and what is wrong with those that were given."""
    found = InputValues()
    unknown = [name for name in given if name not in declared]
    for name in unknown[:MAX_SHOWN]:
        names = f"The plan's inputs are {listed(declared)}." if declared else "The plan has none."
        found.problems.append(
            Problem(
                argument=f"inputs.{name}",
                message=f"There is no input {quoted(name)}.",
                cure=did_you_mean(name, declared) or names,
            )
        )
    for name, each in declared.items():
        value = given.get(name)
        if value in (None, "") and value != each.default:
            value = each.default
        if value is None:
            found.missing.append(name)
            continue
        odd = [replace(each, argument=f"inputs.{name}") for each in misfits(value)]
        wrong = None if odd else _mistake(each, value)
        if wrong is not None:
            odd = [Problem(argument=f"inputs.{name}", message=wrong)]
        if not odd:
            found.values[name] = _converted(each, value)
        found.problems += odd
    return found


def missing_problems(names: list[str], declared: Mapping[str, PlanInput]) -> list[Problem]:
    """Return a problem for each input that has no value; a plan can be priced without them."""
    return [
        Problem(
            argument=f"inputs.{name}",
            message="It has no value.",
            cure=f"Pass {'a list of ' if declared[name].many else ''}{_wanted(declared[name])}"
            f"{f': {declared[name].description}' if declared[name].description else ''}.",
        )
        for name in names
    ]


def _wanted(declared: PlanInput) -> str:
    if declared.choices:
        return f"one of {listed((quoted(each) for each in declared.choices), last='or')}"
    return _WORDS[declared.type]


def _mistake(declared: PlanInput, value: object) -> str | None:
    """Return what is wrong with a value, as a sentence, or None."""
    if declared.many:
        entries = value if isinstance(value, list | tuple) else [value]
        if not 1 <= len(entries) <= MAX_ELEMENTS:
            return f"It must have from 1 to {MAX_ELEMENTS} entries; got {len(entries)}."
    else:
        if isinstance(value, list | tuple):
            return f"It takes one value, not a list of {len(value)}."
        entries = [value]
    wrong = next((each for each in entries if not _is_allowed(declared, each)), None)
    if wrong is None:
        return None
    shown = quoted(wrong) if isinstance(wrong, str | int | float) else type(wrong).__name__
    return f"It must be {_wanted(declared)}; got {shown}."


def _is_allowed(declared: PlanInput, value: object) -> bool:
    if declared.choices is not None:
        return value in declared.choices
    if declared.type == "number":
        return _number(value) is not None
    if declared.is_media:
        return isinstance(value, str) and bool(value.strip())
    return isinstance(value, str | int | float | Mapping) and not isinstance(value, bool)


def _converted(declared: PlanInput, value: Any) -> Any:  # noqa: ANN401 -- any JSON
    if declared.many:
        entries = value if isinstance(value, list | tuple) else [value]
        return [_converted(declared.model_copy(update={"many": False}), each) for each in entries]
    if declared.type == "number" and declared.choices is None:
        return _number(value)
    return value


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 -- NaN
        return None
    return int(number) if number.is_integer() else number


def stand_in(declared: PlanInput) -> Any:  # noqa: ANN401 -- any JSON
    """Return a value that stands for one that isn't given yet."""
    if declared.choices:
        return declared.choices[0]
    return 1 if declared.type == "number" else "to be given"
