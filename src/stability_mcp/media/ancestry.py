"""Follows an item back to where it began, including inputs that were deleted since."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.media.items import MediaItem, Origin
from stability_mcp.media.library import MediaLibrary
from stability_mcp.media.retouch import RETOUCHED_FROM
from stability_mcp.store.queries import Connection, load

MAX_STEPS = 200
"""Steps followed. *Chosen*: a bound for damaged stores; an answer shows a few of them."""

MAX_FITTINGS = 5
"""Fitted pictures between an item and its original; there is one."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """One thing that an item was made from."""

    role: str
    id: str
    label: str | None
    origin: Origin | None
    """None: it was deleted and removed for good."""
    operation: str | None
    """JSON, as in `media`."""
    deleted: bool

    @property
    def name(self) -> str:
        """Return its name for an answer."""
        if self.origin is None:
            return "deleted media"
        return f"{self.label or self.id}{' (deleted)' if self.deleted else ''}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """How one item of a chain was made."""

    id: str
    name: str
    operation: str | None
    """None: it was imported."""
    retouched: bool
    """Whether it is a copy of the previous item that was edited on disk."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    others: Sequence[tuple[str, str]] = ()
    """Role and name of its inputs, except the item that the next step made."""


_inputs_of = load(__file__).many("inputs_of", InputRow)


async def ancestry(library: MediaLibrary, item: MediaItem) -> list[Step]:
    """Return the steps that led to an item, newest first; the last one has no edited input.

    Each step follows the input that was edited, past pictures that were fitted for sending.
    """
    made_by = None
    if item.operation is not None:
        made_by = json.dumps({"operation": item.operation, "arguments": dict(item.arguments)})
    first = InputRow("", item.id, item.label, item.origin, made_by, deleted=False)
    return await library.database.read(lambda c: _follow(c, library.owner, first))


def _follow(connection: Connection, owner: str, first: InputRow) -> list[Step]:
    steps: list[Step] = []
    row: InputRow | None = first
    seen: set[str] = set()
    while row is not None and row.id not in seen and len(steps) < MAX_STEPS:
        seen.add(row.id)
        inputs = [
            _before_fitting(connection, owner, each)
            for each in _inputs_of(connection, owner=owner, child=row.id)
        ]
        made_by = json.loads(row.operation) if row.operation else {}
        edited = _edited(made_by.get("operation"), inputs)
        steps.append(
            Step(
                id=row.id,
                name=row.name,
                operation=made_by.get("operation"),
                arguments=made_by.get("arguments", {}),
                retouched=edited is not None and edited.role == RETOUCHED_FROM,
                others=[(each.role, each.name) for each in inputs if each is not edited],
            )
        )
        row = edited
    return steps


def _edited(operation: str | None, inputs: Sequence[InputRow]) -> InputRow | None:
    """Return the input that was changed into the result, rather than a mask or a style."""
    row = OPERATIONS.get(operation or "")  # None: imported, or a newer program has more rows
    fields = row.file_fields() if row else {}
    by_role = {each.role: each for each in inputs}
    edited = [name for name, mark in fields.items() if name in by_role and mark.mask_for is None]
    if edited:
        return by_role[edited[0]]
    return inputs[0] if inputs else None


def _before_fitting(connection: Connection, owner: str, row: InputRow) -> InputRow:
    """Return the original of a fitted picture, in the role of that picture."""
    role = row.role
    for _ in range(MAX_FITTINGS):
        above = _inputs_of(connection, owner=owner, child=row.id) if row.origin == "fitted" else []
        if not above:
            break
        row = above[0]
    return InputRow(role, row.id, row.label, row.origin, row.operation, deleted=row.deleted)
