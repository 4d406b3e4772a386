"""What the user decides about a run: the pick of a review, a second payment, a step made again.

Pure functions from the state of a run; `studio.workflow_runs` writes what they return.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stability_mcp.errors import ArgumentsError
from stability_mcp.text import did_you_mean, listed, quoted
from stability_mcp.workflows.plan_graph import unused_steps
from stability_mcp.workflows.runs.progression import Item, progression
from stability_mcp.workflows.runs.run_rows import RedoFacts
from stability_mcp.workflows.runs.run_state import RunState

Pick = Mapping[str, Sequence[int]]
"""Numbers of the picked results by step, from 1 as on the sheet; empty: none of them."""

Answer = Literal["pay_again", "skip"]
TIE, NONE, ALL = "tie", "none", "all"


@dataclass(frozen=True, kw_only=True)
class Redo:
    """A run made again from a step on."""

    plan: Mapping[str, Any]
    """The plan with its changes, which aren't checked yet."""
    facts: RedoFacts


def open_reviews(state: RunState) -> list[str]:
    """Return the steps that wait for a pick; none does in a run that has ended."""
    if state.row.finished_at is not None:
        return []
    items: dict[Any, Item] = {key: row.as_item() for key, row in state.items.items()}
    return progression(state.plan, state.inputs, items).reviews


def read_pick(given: object, state: RunState) -> dict[str, dict[int, bool]]:
    """Return which items of which steps the user picked: by step, item and whether it was picked.

    Args:
        given: Numbers from 1 as on the sheet, `tie`, `all` or `none`; if several steps wait, with
            their names: `["draft.2", "logo.1"]`.
        state: The run.

    Raises:
        ArgumentsError: nothing waits for a pick, or a number doesn't exist.
    """
    waiting = open_reviews(state)
    if not waiting:
        reviews = [step.id for step in state.plan.steps if step.review]
        raise ArgumentsError(
            f"pick: run {state.row.id} is {state.row.state}, and doesn't wait for a pick.",
            hint=f"To pick again, pass redo_from {quoted(reviews[0])} and pick: a new run reuses "
            "what exists."
            if reviews
            else "Its plan has no review step.",
        )
    by_step = _by_step(given)
    if by_step is None:
        if len(waiting) > 1:
            example = ", ".join(quoted(f"{step}.1") for step in waiting)
            raise ArgumentsError(
                f"pick: {listed(waiting)} wait for a pick.", hint=f"Pass [{example}]."
            )
        by_step = {waiting[0]: given}
    picked = {}
    for name, value in by_step.items():
        if name not in waiting:
            raise ArgumentsError(
                f"pick: {quoted(name)} doesn't wait for a pick.",
                hint=did_you_mean(str(name), waiting) or f"Waiting: {listed(waiting)}.",
            )
        picked[name] = picked_items(value, state, name)
    return picked


def _by_step(given: object) -> Mapping[str, Any] | None:
    """Return picks that name their step, such as `["draft.2"]`, by step; None: they name none."""
    if isinstance(given, Mapping):
        return given
    entries = given if isinstance(given, list | tuple) else [given]
    named = [str(each).lstrip("$").partition(".") for each in entries]
    if not entries or not all(dot and step and not step.isdecimal() for step, dot, _ in named):
        return None
    found: dict[str, list[str]] = {}
    for step, _, value in named:
        found.setdefault(step, []).append(value)
    return found


def picked_items(given: object, state: RunState, name: str) -> dict[int, bool]:
    """Return for each finished item of a step whether it was picked; raises as `read_pick`."""
    step = state.plan.step(name)
    results = [row.item for row in state.of_step(name) if row.state == "done"]
    if isinstance(given, list | tuple) and len(given) == 1:
        given = given[0]
    word = given.strip().casefold() if isinstance(given, str) else ""
    is_single = step.foreach is None and name not in unused_steps(state.plan)
    allowed = (
        f"{'one number' if is_single else 'numbers'} from 1 to {len(results)}, as on the sheet"
    )
    allowed += "" if is_single else "; or tie, all or none"
    if word in {TIE, ALL}:
        numbers = list(range(1, len(results) + 1))
    elif word == NONE or given == []:
        numbers = []
    else:
        values = given if isinstance(given, list | tuple) else [given]
        numbers = [_number(value, len(results), name, allowed) for value in values]
    if is_single and len(set(numbers)) != 1:
        raise ArgumentsError(
            f"pick: {name} needs exactly one of its {len(results)} results, because other steps "
            "use it.",
            hint="Pass one number, as on the sheet. If the user likes none of them, redo_from "
            f"{quoted(name)} makes others, and cancel ends the run.",
        )
    return {item: number in numbers for number, item in enumerate(results, 1)}


def _number(value: object, most: int, step: str, allowed: str) -> int:
    text = str(value).strip().lstrip("#")
    number = int(text) if text.isdecimal() and not isinstance(value, bool) else 0
    if not 1 <= number <= most:
        raise ArgumentsError(
            f"pick: {step} has no result {quoted(value)}.",
            hint=f"Pass {allowed}.",
        )
    return number


def redo(
    state: RunState,
    redo_from: str | None,
    changes: Mapping[str, Mapping[str, Any]],
    pick: object = None,
) -> Redo:
    """Return the plan with changes; steps before the change keep their results at no cost.

    Args:
        state: The earlier run.
        redo_from: A step that is made again; None: only what the changes concern. A review with
            another pick keeps its results.
        changes: Arguments to change by step; None removes one. `count`, `foreach`, `tool` and
            `review` of the step itself can be changed as well.
        pick: Another pick of the reviews that the earlier run had, as `read_pick` takes it.

    Raises:
        ArgumentsError: there is no such step, or making it again would change nothing.
    """
    ids = [step.id for step in state.plan.steps]
    for name in (*changes, *([redo_from] if redo_from else ())):
        if name not in ids:
            raise ArgumentsError(
                f"{'changes' if name in changes else 'redo_from'}: run {state.row.id} has no step "
                f"{quoted(name)}.",
                hint=did_you_mean(name, ids) or f"Its steps are {listed(ids)}.",
            )
    steps = []
    for step in state.plan.steps:
        changed = dict(changes.get(step.id, {}))
        own = {name: changed.pop(name) for name in _OWN if name in changed}
        arguments = {**step.arguments, **changed}
        kept = {name: value for name, value in arguments.items() if value is not None}
        steps.append(step.model_dump(mode="json") | own | {"arguments": kept})
    picks = _other_picks(pick, state)
    is_again = redo_from is not None and redo_from not in {*changes, *picks}
    again = (redo_from,) if redo_from is not None and is_again else ()
    if again and state.plan.step(again[0]).arguments.get("seed"):
        seed = state.plan.step(again[0]).arguments["seed"]
        raise ArgumentsError(
            f"redo_from: {again[0]} has the seed {seed}, so it would give the same result again.",
            hint=f'Pass changes {{"{again[0]}": {{"seed": …}}}}, or null to remove it.',
        )
    plan = {**state.plan.model_dump(mode="json"), "steps": steps}
    reopened = [name for name, each in changes.items() if {*each} & _RESULTS and name not in picks]
    return Redo(plan=plan, facts=RedoFacts(again=again, picks=picks, reopened=reopened))


def _other_picks(given: object, state: RunState) -> dict[str, list[int]]:
    """Return the items that are picked now, by step."""
    if given is None:
        return {}
    reviews = [step.id for step in state.plan.steps if step.review]
    by_step = _by_step(given) or dict.fromkeys(reviews[:1], given)
    wrong = next((str(each) for each in by_step if each not in reviews), None)
    if wrong is not None or not reviews:
        raise ArgumentsError(
            f"pick: run {state.row.id} has no review {quoted(wrong or '')}.",
            hint=f"Its review steps are {listed(reviews)}." if reviews else "Leave pick out.",
        )
    return {
        step: [item for item, is_picked in picked_items(each, state, step).items() if is_picked]
        for step, each in by_step.items()
    }


_RESULTS = frozenset({"count", "foreach"})
"""Fields of a step that change which results it has, while those of before are reused."""
_OWN = ("count", "foreach", "tool", "review", "budget")
"""Fields of a step that `changes` may name like arguments."""
