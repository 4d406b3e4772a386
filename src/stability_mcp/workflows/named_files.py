"""Finds the files that a plan names: in its inputs, in arguments, and in the elements of foreach.

References to results of other steps aren't files yet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stability_mcp.api.operation import MediaKind
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.workflows import placeholders
from stability_mcp.workflows.placeholders import (
    Ref,
    TooLongError,
    Unresolved,
    path_text,
    read_ref,
    replace,
)
from stability_mcp.workflows.plan import ITEM, MEDIA_TYPES, Plan, Step
from stability_mcp.workflows.predictions import is_file_text, takes_files


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A label, URI or path in a plan."""

    step: str | None
    """None: in an input."""
    argument: str
    """The argument, such as `images[0]`, `foreach[3].photo` or `inputs.photo`."""
    reference: str
    kind: MediaKind | None
    """The kind of media that it has to be; None: any."""


def named_files(plan: Plan, values: Mapping[str, Any]) -> Iterator[NamedFile]:
    """Yield every file that a plan names.

    Args:
        plan: The plan.
        values: The values of its inputs, by name.
    """
    for name, declared in plan.inputs.items():
        if declared.is_media and name in values:
            value = values[name]
            many = value if isinstance(value, list) else [value]
            for number, each in enumerate(many, 1):
                at = f"[{number}]" if isinstance(value, list) else ""
                kind: Any = declared.type
                yield NamedFile(
                    step=None, argument=f"inputs.{name}{at}", reference=str(each), kind=kind
                )
    texts = {
        name: value for name, value in values.items() if plan.inputs[name].type not in MEDIA_TYPES
    }
    for step in plan.steps:
        yield from _of_step(step, texts)


def _of_step(step: Step, values: Mapping[str, Any]) -> Iterator[NamedFile]:
    takes = takes_files(step.tool)
    leaves = [
        (path, text, takes[name])
        for path, text in _texts(step.arguments)
        if (name := _argument(path)) in takes
        and (len(path) == 1 or step.tool not in OPERATIONS)
        and is_file_text(step.tool, name, text)
    ]
    elements = _with_inputs(step.foreach, values)
    for path, text, kind in leaves:
        refs = [place.ref for place in placeholders.find(text)]
        item = next((ref for ref in refs if ref.name == ITEM), None)
        for at, element in _elements(elements, item):
            for named in _resolved(text, values, element):
                argument = at or path_text(path)
                yield NamedFile(step=step.id, argument=argument, reference=named, kind=kind)


def _texts(
    value: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every text in a JSON value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _texts(each, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))


def _argument(path: Sequence[str | int]) -> str:
    return next((each for each in reversed(path) if isinstance(each, str)), "")


def _elements(elements: object, item: Ref | None) -> Iterator[tuple[str, object]]:
    """Yield what `$item` means, with its place; once nothing for a text without it."""
    if item is None:
        yield "", None
        return
    part = f".{item.part}" if item.part else ""
    if isinstance(elements, list | tuple):
        for number, element in enumerate(elements, 1):
            yield f"foreach[{number}]{part}", element


def _with_inputs(elements: object, values: Mapping[str, Any]) -> object:
    """Return the elements with the values of inputs in place."""

    def resolve(ref: Ref) -> Any:  # noqa: ANN401 -- any JSON
        if ref.name not in values or ref.part is not None:
            raise Unresolved
        return values[ref.name]

    try:
        return replace(elements, resolve)
    except TooLongError:  # a problem of its own
        return None


def _resolved(text: str, values: Mapping[str, Any], element: object) -> Iterator[str]:
    """Yield the files that a text means; nothing for the result of a step."""

    def resolve(ref: Ref) -> Any:  # noqa: ANN401 -- any JSON
        if ref.name == ITEM and element is not None:
            if ref.part is None:
                return element
            if isinstance(element, Mapping) and ref.part in element:
                return element[ref.part]
        if ref.name in values and ref.part is None:
            return values[ref.name]
        raise Unresolved

    try:
        found = replace(text, resolve)
    except TooLongError:  # a problem of its own
        return
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, str) and each.strip() and read_ref(each) is None:
            yield each
