"""What a run does next: pure functions from its plan and the state of its items.

An item is one run of a step: one variant for one element of `foreach`. It makes one media item, or
files in a folder. An item starts as soon as what it uses exists, whatever else is still running.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from stability_mcp.workflows import placeholders
from stability_mcp.workflows.placeholders import Ref, Unresolved
from stability_mcp.workflows.plan import ITEM, Plan, Step
from stability_mcp.workflows.predictions import takes_files

ItemState = Literal["running", "done", "failed", "unknown", "skipped", "cancelled"]
"""`unknown`: it may have been charged, and what depends on it waits for the user."""

GONE: frozenset[ItemState] = frozenset({"failed", "skipped", "cancelled"})
"""States of items that will never have a result."""


class ItemKey(NamedTuple):
    """Which item of which step."""

    step: str
    position: int
    """From 0: element times count plus variant."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """The state of an item that was started or settled."""

    state: ItemState
    media: str | None = None
    """Id of the result; None: none, or files in a folder."""
    picked: bool | None = None
    """The user's pick in a review; None: not decided."""


@dataclass(frozen=True, kw_only=True)
class ReadyItem:
    """An item that can start, with the values of its arguments."""

    key: ItemKey
    tool: str
    arguments: Mapping[str, Any]
    """Media by id; files that were named by the plan or an input as they are named there."""
    variant: int
    """From 0; an explicit seed counts up by it."""
    number: int = 0
    """From 1, for the names of results that would be equal otherwise; 0: there is only one."""


@dataclass(kw_only=True)
class Progression:
    """What a run does next."""

    ready: list[ReadyItem] = field(default_factory=list)
    skipped: dict[ItemKey, str] = field(default_factory=dict)
    """Items that can't run any more, and why."""
    reviews: list[str] = field(default_factory=list)
    """Steps that wait for the user's pick."""
    blocked_by: list[ItemKey] = field(default_factory=list)
    """Items with an unknown outcome that others wait for."""
    is_finished: bool = False


def progression(
    plan: Plan, inputs: Mapping[str, Any], items: Mapping[ItemKey, Item]
) -> Progression:
    """Return what a run does next.

    Args:
        plan: A plan without problems.
        inputs: The values of its inputs.
        items: What was started or settled so far.
    """
    return _Run(plan, inputs, items).progression()


def item_counts(
    plan: Plan, inputs: Mapping[str, Any], items: Mapping[ItemKey, Item]
) -> dict[str, int | None]:
    """Return how many items each step has; None: a review decides it."""
    run = _Run(plan, inputs, items)
    counts: dict[str, int | None] = {}
    for step in plan.steps:
        elements = run.elements(step)
        counts[step.id] = None if elements is None else len(elements) * step.count
    return counts


def element_texts(
    plan: Plan, inputs: Mapping[str, Any], items: Mapping[ItemKey, Item], step: Step
) -> list[str]:
    """Return what the items of a step are made for, as text, by element of `foreach`.

    For a result of an earlier step that is what it was made for.
    """
    run = _Run(plan, inputs, items)
    return [_element_text(run.origin(each)) for each in run.elements(step) or ()]


_TEXT_FIELDS = ("file", "name", "prompt", "id")


def _element_text(element: object) -> str:
    if isinstance(element, Mapping):
        named = (element[name] for name in _TEXT_FIELDS if name in element)
        element = next(named, next(iter(element.values()), ""))
    return placeholders.as_text(element) if element is not None else ""


@dataclass(frozen=True)
class _Slot:
    """The result of an item, as others refer to it."""

    key: ItemKey


class _WaitingError(Exception):
    """What an item uses isn't there yet."""


class _GoneError(Exception):
    """What an item uses will never be there."""


class _Run:
    def __init__(
        self, plan: Plan, inputs: Mapping[str, Any], items: Mapping[ItemKey, Item]
    ) -> None:
        self._plan = plan
        self._inputs = inputs
        self._items = items
        self._steps = {step.id: step for step in plan.steps}
        self._elements: dict[str, list[Any] | None] = {}
        self._blockers: dict[ItemKey, None] = {}
        self._skipped: dict[ItemKey, str] = {}

    def progression(self) -> Progression:
        found = Progression(skipped=self._skipped)
        open_items = False
        for step in self._in_order():
            elements = self.elements(step)
            if elements is None:
                open_items = True
                continue
            for key in self._keys(step, elements):
                item = self._items.get(key)
                if item is not None:
                    open_items |= item.state in {"running", "unknown"}
                    continue
                try:
                    found.ready.append(self._ready(step, key, elements))
                except _WaitingError:
                    open_items = True
                except _GoneError as error:
                    self._skipped[key] = str(error)
            if step.review and self._awaits_pick(step, elements):
                found.reviews.append(step.id)
        found.blocked_by = list(self._blockers)
        found.is_finished = not (open_items or found.ready or found.reviews)
        return found

    def _in_order(self) -> Iterator[Step]:
        """Yield the steps so that each follows those that it uses; the plan has no cycles."""
        from stability_mcp.workflows.plan_graph import sorted_steps

        yield from sorted_steps(self._plan)[0]

    # Elements and slots ---------------------------------------------------------------------------

    def elements(self, step: Step) -> list[Any] | None:
        """Return the elements of `foreach`: values or slots; None: a review must be picked first.

        A step without `foreach` has one element.
        """
        if step.id not in self._elements:
            self._elements[step.id] = self._find_elements(step)
        return self._elements[step.id]

    def _find_elements(self, step: Step) -> list[Any] | None:
        if step.foreach is None:
            return [None]
        given = step.foreach if isinstance(step.foreach, list) else [step.foreach]
        elements: list[Any] = []
        for each in given:
            ref = placeholders.read_ref(each)
            if ref is not None and ref.name in self._steps:
                slots = self._slots(ref)
                if slots is None:
                    return None
                elements += slots
            else:
                value = placeholders.replace(each, self._input)
                elements += value if ref is not None and isinstance(value, list) else [value]
        return elements

    def _input(self, ref: Ref) -> Any:  # noqa: ANN401 -- any JSON
        if ref.name not in self._inputs:
            raise Unresolved
        return self._inputs[ref.name]

    def _slots(self, ref: Ref) -> list[_Slot] | None:
        """Return the slots that a reference to a step means; None: a pick is still open."""
        step = self._steps[ref.name]
        elements = self.elements(step)
        if elements is None:
            return None
        keys = list(self._keys(step, elements))
        if step.review:
            if self._awaits_pick(step, elements) or not self._is_settled(keys):
                return None
            if self._may_have_results(keys):
                return None
            keys = [key for key in keys if self._is_picked(key)]
        slots = [_Slot(key) for key in keys]
        return slots if ref.part is None else slots[int(ref.part) - 1 : int(ref.part)]

    def _keys(self, step: Step, elements: Sequence[Any]) -> Iterator[ItemKey]:
        for index in range(len(elements) * step.count):
            yield ItemKey(step.id, index)

    def _is_settled(self, keys: Sequence[ItemKey]) -> bool:
        """Return whether every item has ended."""
        return all(
            key in self._skipped
            or ((item := self._items.get(key)) is not None and item.state != "running")
            for key in keys
        )

    def _may_have_results(self, keys: Sequence[ItemKey]) -> bool:
        """Return whether a review has no results to pick from, but still may get some."""
        items = [(key, self._items[key]) for key in keys if key in self._items]
        if any(item.state == "done" for _, item in items):
            return False
        unknown = [key for key, item in items if item.state == "unknown"]
        self._blockers |= dict.fromkeys(unknown)
        return bool(unknown)

    def _is_picked(self, key: ItemKey) -> bool:
        item = self._items.get(key)
        return item is not None and item.picked is True

    def _awaits_pick(self, step: Step, elements: Sequence[Any]) -> bool:
        """Return whether a review is open: all results are there, and nothing was decided."""
        keys = list(self._keys(step, elements))
        if not self._is_settled(keys):
            return False
        results = [self._items[key] for key in keys if key in self._items]
        results = [item for item in results if item.state == "done"]
        return bool(results) and all(item.picked is None for item in results)

    # Arguments ------------------------------------------------------------------------------------

    def _ready(self, step: Step, key: ItemKey, elements: Sequence[Any]) -> ReadyItem:
        """Return an item with its arguments.

        Raises:
            _WaitingError: something it uses isn't there yet.
            _GoneError: something it uses will never be there.
        """
        element = elements[key.position // step.count]
        fields = self._fields(element)
        if isinstance(element, _Slot):
            element = self._media(element)
        takes = takes_files(step.tool)
        arguments: dict[str, Any] = {}
        for name, value in step.arguments.items():
            arguments[name] = placeholders.replace(
                value, lambda ref: self._value(ref, element, fields)
            )
            is_list = isinstance(value, str) and isinstance(arguments[name], list)
            if name in takes and is_list and len(arguments[name]) == 1:
                arguments[name] = arguments[name][0]
        return ReadyItem(
            key=key,
            tool=step.tool,
            arguments=arguments,
            variant=key.position % step.count,
            number=_number(step, key, len(elements)),
        )

    def _fields(self, element: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- any JSON
        """Return the fields of an element; a result has those of the element it was made for."""
        element = self.origin(element)
        if isinstance(element, str):
            return placeholders.fields_of_file(element)
        return element if isinstance(element, Mapping) else {}

    def origin(self, element: Any) -> Any:  # noqa: ANN401 -- any JSON
        """Return the value that an element is, or that the step of a result was made for."""
        while isinstance(element, _Slot):
            step = self._steps[element.key.step]
            elements = self.elements(step) or ()
            element = elements[element.key.position // step.count]
        return element

    def _value(self, ref: Ref, element: Any, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
        if ref.name == ITEM:
            if ref.part is None:
                return element
            if ref.part in fields:
                return fields[ref.part]
            raise Unresolved
        if ref.name in self._steps:
            return self._results(ref)
        return self._input(ref)

    def _results(self, ref: Ref) -> list[str]:
        """Return the media that a reference means; those that failed are left out of several."""
        slots = self._slots(ref)
        if slots is None:
            raise _WaitingError
        found: list[str] = []
        gone: list[str] = []
        for slot in slots:
            try:
                found.append(self._media(slot))
            except _GoneError as error:
                gone.append(str(error))
        if not found:
            raise _GoneError(gone[0] if gone else f"{ref.name} has no result")
        return found

    def _media(self, slot: _Slot) -> str:
        key = slot.key
        item = self._items.get(key)
        if key in self._skipped:
            raise _GoneError(f"{key.step} was skipped")
        if item is None or item.state == "running":
            raise _WaitingError
        if item.state == "unknown":
            self._blockers[key] = None
            raise _WaitingError
        if item.state in GONE or item.media is None:
            raise _GoneError(f"{key.step} {_VERBS.get(item.state, 'has no result')}")
        return item.media


def _number(step: Step, key: ItemKey, elements: int) -> int:
    """Return the number in the name of an item's result.

    A label with `{item}` in it already differs between elements.
    """
    places = placeholders.find(step.arguments.get("label"))
    if any(place.ref.name == ITEM for place in places):
        return key.position % step.count + 1 if step.count > 1 else 0
    return key.position + 1 if elements * step.count > 1 else 0


_VERBS: Mapping[str, str] = {
    "failed": "failed",
    "skipped": "was skipped",
    "cancelled": "was cancelled",
}
