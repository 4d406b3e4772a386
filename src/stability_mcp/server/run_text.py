"""The lines of an answer about the run of a workflow; complete without its sheet."""

import json
from collections.abc import Iterator, Sequence

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.server.answer_text import counted, day_line, emulated_text, media_line
from stability_mcp.server.run_views import state_text
from stability_mcp.settings import Settings
from stability_mcp.studio.workflow.run_answer import RunOutcome, RunResult
from stability_mcp.text import credits_text, listed, quoted
from stability_mcp.workflows.predictions import made_kind
from stability_mcp.workflows.runs.run_rows import ItemRow, RunRow
from stability_mcp.workflows.runs.run_state import RunState, StepProgress

MAX_RESULTS = 20
"""Results that are listed: with their links and facts they take 12 of the 20 KB of an answer."""
MAX_FAILED = 10
"""Failures that are listed; the others are counted, and the manifest has all of them."""
MAX_STEPS = 40
MAX_FILES = 20
MAX_NOTES = 20
"""Notes that are shown: a plan has up to 20, and every result may add some."""


def run_lines(outcome: RunOutcome, settings: Settings) -> list[str]:
    """Return the answer, a line for each fact."""
    state = outcome.state
    return [
        _first_line(outcome, settings),
        _steps_line(outcome.steps),
        *([f"paused: {state.row.why}"] if state.row.state == "paused" else []),
        *_note_lines(outcome.notes),
        *_pick_lines(state),
        *_result_lines(outcome),
        *_failure_lines(state),
        *_file_lines(outcome),
        next_line(outcome),
    ]


def _note_lines(notes: Sequence[str]) -> Iterator[str]:
    """Yield notes, each once; many files may have the same one."""
    different = list(dict.fromkeys(notes))
    yield from different[:MAX_NOTES]
    if len(different) > MAX_NOTES:
        yield f"and {len(different) - MAX_NOTES} more notes"


def money_text(state: RunState, *, emulated: bool) -> str:
    """Return `14 of at most 20 credits charged, 3 reserved`."""
    charged, reserved = state.charged, state.reserved
    if not charged and not state.row.max_credits:
        return "no credits"
    most = credits_text(state.row.max_credits)
    if emulated:
        most = most.replace("credit", "emulated credit")
    parts = [f"{credits_text(charged).split()[0]} of at most {most} charged"]
    if reserved:
        parts.append(f"{credits_text(reserved).split()[0]} reserved")
    return ", ".join(parts)


def _first_line(outcome: RunOutcome, settings: Settings) -> str:
    row = outcome.state.row
    title = f" {quoted(row.title)}" if row.title else ""
    made = counted(outcome.media)
    reused = outcome.state.reused
    parts = [
        f"workflow_run: {row.id}{title} {state_text(row)}",
        f"changed from {row.redo_of}" if row.redo_of else "",
        made,
        f"{reused} reused at no cost" if reused else "",
        money_text(outcome.state, emulated=settings.emulated),
    ]
    line = f"{', '.join(filter(None, parts))} ({day_line(outcome.spent)})"
    kinds = {each.kind for each in outcome.media}
    if outcome.files:  # written from what the API made
        kinds |= {
            kind for each in outcome.steps if each.charged and (kind := made_kind(each.step.tool))
        }
    words = emulated_text(kinds, settings.missing_key) if settings.emulated and kinds else ""
    return ". ".join(filter(None, (words, line)))


def _steps_line(steps: Sequence[StepProgress]) -> str:
    shown = [_step_text(each) for each in steps[:MAX_STEPS]]
    more = len(steps) - len(shown)
    return "steps: " + ", ".join([*shown, *([f"{more} more"] if more else [])])


def _step_text(step: StepProgress) -> str:
    total = "?" if step.total is None else step.total
    others = [f"{n} {state}" for state, n in step.states.items() if state != "done"]
    text = f"{step.step.id} {step.states.get('done', 0)}/{total}"
    return f"{text} ({', '.join(others)})" if others else text


def _pick_lines(state: RunState) -> Iterator[str]:
    """Yield a line for each decided review, also if nothing was picked, which has no results."""
    for step in state.plan.steps:
        rows = [row for row in state.of_step(step.id) if row.state == "done"]
        if not step.review or all(row.picked is None for row in rows):
            continue
        numbers = [str(number) for number, row in enumerate(rows, 1) if row.picked]
        tie = ", a tie" if step.blind and len(numbers) > 1 else ""
        yield f"picked: {step.id} {listed(numbers, most=MAX_RESULTS) if numbers else 'none'}{tie}"


def _result_lines(outcome: RunOutcome) -> Iterator[str]:
    for each in outcome.results[:MAX_RESULTS]:
        if each.item is None and each.facts.get("files"):
            continue  # the lines of files have them
        yield _result_line(each, is_single=_is_single(outcome, each))
    more = len(outcome.results) - MAX_RESULTS
    if more > 0:
        where = "the manifest has all" if outcome.delivery.get("folder") else "media_list lists all"
        yield f"and {more} more results; {where}"


def _is_single(outcome: RunOutcome, result: RunResult) -> bool:
    return sum(each.output == result.output for each in outcome.results) == 1


def _result_line(result: RunResult, *, is_single: bool) -> str:
    name = result.output if is_single else f"{result.output} {result.number}"
    if result.is_blind:
        return f"{result.output} {result.number}: number {result.number} on the sheet"
    if result.item is None:
        return f"{name}: deleted"
    cost = credits_text(result.price) if result.price else "free"
    if result.is_reused:
        cost = "reused"
    seconds = f", {result.seconds:.1f} s" if result.seconds is not None else ""
    picked = "  PICKED" if result.row.picked else ""
    return f"{name}: {media_line(result.item)}  ({cost}{seconds}){picked}"


def _failure_lines(state: RunState) -> Iterator[str]:
    rows = [row for step in state.plan.steps for row in state.of_step(step.id)]
    refused = [each for each in state.plan.entries if each.step is None]
    for entry in refused[:MAX_FAILED]:
        yield f"left out: {quoted(entry.id)}: {entry.error}"
    if len(refused) > MAX_FAILED:
        yield f"and {len(refused) - MAX_FAILED} more left out"
    wrong = [row for row in rows if row.state in {"failed", "skipped", "unknown"}]
    for row in wrong[:MAX_FAILED]:
        number = f" {row.item + 1}" if len(state.of_step(row.step)) > 1 else ""
        yield f"{row.state}: {row.step}{number}: {_reason(row, state)}"
    if len(wrong) > MAX_FAILED:
        yield f"and {len(wrong) - MAX_FAILED} more without a result"


def _reason(row: ItemRow, state: RunState) -> str:
    """Return why an item has no result; an unknown one isn't repeated like a job of its own."""
    job = state.newest_jobs.get(row.key)
    if row.state == "unknown" and job is not None:
        price = credits_text(job.price)
        return f"job {job.id} was sent, but no response arrived; {price} may have been charged"
    return row.error or "no reason is known"


def _file_lines(outcome: RunOutcome) -> Iterator[str]:
    folder = outcome.delivery.get("folder")
    if folder:
        files = outcome.delivery.get("files", ())
        yield from outcome.delivery.get("lines", ())
        written = [each for each in outcome.files if each not in files]
    else:
        written = list(outcome.files)
    yield from (f"file: {each}" for each in written[:MAX_FILES])
    if len(written) > MAX_FILES:
        yield f"and {len(written) - MAX_FILES} more files"


def next_line(outcome: RunOutcome) -> str:
    """Return what to do next, with the exact call."""
    row = outcome.state.row
    if row.state == "running":
        wait = f'job_wait {{"jobs": ["{row.id}"]}}'
        if row.cancel_at is not None:
            return f"next: nothing more is sent; {wait} shows what was"
        return f"next: {wait}; it continues by itself"
    if row.state == "review":
        return f"next: {_ask_for_pick(outcome)}"
    if row.state == "paused":
        if any(each.state == "unknown" for each in outcome.state.rows):
            return f'next: ask the user; then {_call(row, unknown="pay_again")}, or "skip"'
        when = "the user has solved that" if row.paused_at is None else "the user asks to continue"
        return f"next: when {when}, {_call(row, resume=True)}"
    return f"next: {_change(outcome)}"


def _change(outcome: RunOutcome) -> str:
    """Return how a run that has ended is completed or changed."""
    row, steps = outcome.state.row, outcome.state.plan.steps
    unfinished = next((each for each in outcome.steps if _is_unfinished(each)), None)
    if unfinished is not None:
        again = _call(row, changes={unfinished.step.id: {}})
        return (
            f"to make what is missing, {again}, with other arguments if it failed; "
            "what exists is reused free"
        )
    paid = next((each for each in steps if each.tool in OPERATIONS), steps[0])
    change = _call(row, changes={paid.id: {"…": "…"}})
    return f"to change a step, {change}; what doesn't depend on it is reused free"


def _is_unfinished(step: StepProgress) -> bool:
    return step.total is None or step.states.get("done", 0) < step.total


def _ask_for_pick(outcome: RunOutcome) -> str:
    """Return how the user's pick is asked for; without a sheet they look at the files."""
    example = [f"{step}.1" for step in outcome.reviews] if len(outcome.reviews) > 1 else ["1"]
    shown = "the sheet" if outcome.sheet is not None else "the results above, by number and path,"
    call = _call(outcome.state.row, pick=example)
    return f"show the user {shown} and ask which; then, with their numbers, {call}"


def _call(row: RunRow, **arguments: object) -> str:
    call = {"run": row.id, **arguments}
    return f"workflow_run {json.dumps(call, ensure_ascii=False)}"
