"""The items of a run as its caller knows them: by the ids of a batch, or by the listed elements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from stability_mcp.workflows.plan import Step
from stability_mcp.workflows.plan_check import outputs_of
from stability_mcp.workflows.runs.progression import (
    ItemKey,
    ItemState,
    element_texts,
    item_counts,
)
from stability_mcp.workflows.runs.run_state import RunState

ListedState = ItemState | Literal["queued", "paused"]


@dataclass(frozen=True, kw_only=True)
class RunItem:
    """One result that a run has, will have or can't have."""

    id: str | None
    """What the caller calls it; None: nothing."""
    step: str | None
    """The step that makes it; None: it can't run."""
    number: int
    """From 1, within its step."""
    state: ListedState
    media: str | None = None
    error: str | None = None


def callers_ids_of(state: RunState) -> Mapping[ItemKey, str]:
    """Return what the caller calls the entry or element that each item is made for."""
    items = {key: row.as_item() for key, row in state.items.items()}
    entries = {each.step: each.id for each in state.plan.entries}
    found: dict[ItemKey, str] = {}
    for step in state.plan.steps:
        if step.id in entries:
            names = [entries[step.id]]
        else:
            names = element_texts(state.plan, state.inputs, items, step)
        found |= {
            ItemKey(step.id, index * step.count + variant): name
            for index, name in enumerate(names)
            for variant in range(step.count)
            if name
        }
    return found


def listed_items(state: RunState) -> list[RunItem]:
    """Return the items of the outputs, in the order in which the caller listed them."""
    items = {key: row.as_item() for key, row in state.items.items()}
    counts = item_counts(state.plan, state.inputs, items)
    ids = callers_ids_of(state)
    steps = {step.id: step for step in state.plan.steps}

    def of_step(step: str) -> Iterator[RunItem]:
        for position in range(counts[step] or 0):
            yield _item(state, steps[step], ItemKey(step, position), ids)

    if not state.plan.entries:
        outputs = dict.fromkeys(outputs_of(state.plan).values())
        return [item for step in outputs for item in of_step(step)]
    found: list[RunItem] = []
    for entry in state.plan.entries:
        if entry.step is None:
            refused = RunItem(id=entry.id, step=None, number=1, state="failed", error=entry.error)
            found.append(refused)
        else:
            found += of_step(entry.step)
    return found


def _item(state: RunState, step: Step, key: ItemKey, ids: Mapping[ItemKey, str]) -> RunItem:
    row = state.items.get(key)
    if row is None:
        shown: ListedState = "queued" if state.row.finished_at is None else "cancelled"
    else:
        is_paused = row.state == "running" and state.row.state == "paused"
        shown = "paused" if is_paused else row.state
    return RunItem(
        id=ids.get(key),
        step=key.step,
        number=key.position + 1,
        state=shown,
        media=row.media if row is not None else None,
        error=_error(state, step, key),
    )


def _error(state: RunState, step: Step, key: ItemKey) -> str | None:
    """Return why an item has no result; of a chain, why the first link that failed did."""
    row = state.items.get(key)
    if row is None or row.state in {"done", "running"}:
        return None
    before = step.foreach.removeprefix("$") if isinstance(step.foreach, str) else ""
    earlier = ItemKey(before, key.position // step.count)
    if row.state == "skipped" and earlier in state.items:
        return _error(state, state.plan.step(before), earlier) or row.error
    return row.error
