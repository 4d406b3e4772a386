"""Finds cheaper and better ways to get the same kind of result, for a call that is being priced.

They come only from the rows: those of one family, and the grades that each offers.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from stability_mcp.api.operation import Grade, Operation
from stability_mcp.api.operations import OPERATIONS


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Another way to get the same kind of result; money in millicredits."""

    operation: str
    arguments: Mapping[str, Any]
    """Arguments to change or add; the others stay."""
    each: int
    quality: int
    """Rank within the family."""
    left_out: tuple[str, ...]
    """Arguments of the call that it doesn't take, or that start from its own default."""
    needs: tuple[str, ...]
    """Required arguments that the call doesn't have."""
    summary: str
    """When to use the operation."""


@dataclass(frozen=True, kw_only=True)
class Alternatives:
    """Alternatives to one call, the nearest in quality first.

    None of them costs as much as a better one, or more.
    """

    cheaper: tuple[Alternative, ...] = ()
    better: tuple[Alternative, ...] = ()


def alternatives(request: Operation, *, count: int, tools: frozenset[str]) -> Alternatives:
    """Return the alternatives to a call that take the same files.

    Args:
        request: The call.
        count: Number of variants.
        tools: Names of the operations that may be suggested.
    """
    own, price = own_grade(request), request.price()
    found = [
        each
        for row in OPERATIONS.values()
        if row.name() in tools and _is_related(row, request, count)
        for grade in row.grades
        if not (row is type(request) and grade is own)
        if (each := _alternative(request, own, row, grade)) is not None
    ]
    found.sort(key=lambda each: (-each.quality, each.each))
    lowest, fair = sys.maxsize, []
    for each in found:
        if each.each < lowest:
            fair.append(each)
            lowest = each.each
    return Alternatives(
        cheaper=tuple(each for each in fair if each.each < price),
        better=tuple(each for each in reversed(fair) if each.quality > own.quality),
    )


def own_grade(request: Operation) -> Grade:
    """Return the grade that a call selects: the one with the most arguments in common."""
    fitting = [
        grade
        for grade in request.grades
        if all(getattr(request, name) == value for name, value in grade.arguments.items())
    ]
    return max(fitting, key=lambda grade: len(grade.arguments), default=request.grades[-1])


def _is_related(row: type[Operation], request: Operation, count: int) -> bool:
    same = (row.family, row.media) == (request.family, request.media)
    return same and row.is_paid() and (count == 1 or row.takes_count())


def _alternative(
    request: Operation, own: Grade, row: type[Operation], grade: Grade
) -> Alternative | None:
    """Return the call in another grade; None: it can't be made from the same files."""
    given = {name: value for name, value in _chosen(request) if name not in own.arguments}
    kept = {
        name: value
        for name, value in given.items()
        if name in row.model_fields and name not in grade.resets
    }
    left_out = tuple(sorted(given.keys() - kept.keys() - grade.arguments.keys()))
    if request.file_fields().keys() & set(left_out):
        return None
    arguments = {**kept, **grade.arguments}
    needs = [
        name
        for name, field in row.model_fields.items()
        if field.is_required() and name not in arguments
    ]
    if row.file_fields().keys() & set(needs):
        return None
    price = _price(row, {} if needs else arguments)
    if price is None:
        return None
    return Alternative(
        operation=row.name(),
        arguments=grade.arguments,
        each=price,
        quality=grade.quality,
        left_out=left_out,
        needs=tuple(needs),
        summary=row.summary(),
    )


def _chosen(request: Operation) -> Iterator[tuple[str, Any]]:
    """Yield the arguments that aren't defaults; some hosts send every default."""
    for name in sorted(request.model_fields_set):
        value = getattr(request, name)
        if value is not None and value != _default(type(request).model_fields[name]):
            yield name, value


def _default(field: FieldInfo) -> object:
    return None if field.is_required() else field.default


def _price(row: type[Operation], arguments: Mapping[str, Any]) -> int | None:
    """Return the price of a call; None: it is invalid, or depends on arguments that are missing."""
    low, high = row.price_range()
    if low == high and not arguments:
        return low
    try:
        return row.model_validate(dict(arguments)).price()
    except ValidationError:
        return None
