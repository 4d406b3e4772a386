"""Turns a stored call into a task, with the result that the request would have got."""

from collections.abc import Callable, Sequence
from typing import Any

from stability_mcp.errors import NotFoundError
from stability_mcp.server import results
from stability_mcp.server.tasks.port import Status, Task
from stability_mcp.studio import Call, MediaItem, Studio, describe_call
from stability_mcp.studio.workflow.run_start import TOOL as RUN_TOOL
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.uris import is_run

SOONEST_SECONDS, LATEST_SECONDS = 1.0, 5.0
"""Limits of the poll interval: polls are cheap, but a model may wait for each."""
POLLS_PER_OPERATION = 10
"""Polls until an operation of typical duration is done."""


async def task_of(studio: Studio, call_id: str) -> Task | None:
    """Return the task of a call without its result, or None."""
    if is_run(call_id):
        return await _run_task(studio, call_id)
    call = await studio.find_call(call_id)
    return None if call is None else _task(call)


ViewLines = Callable[[Sequence[MediaItem]], Sequence[str]]
"""Returns the lines with links to the view page of items."""


async def finished_task(
    studio: Studio, call_id: str, enabled: frozenset[str], view_lines: ViewLines
) -> Task | None:
    """Return the task of a call, with its result if it has ended, or None."""
    if is_run(call_id):
        return await _run_task(studio, call_id, with_result=True)
    call = await studio.find_call(call_id)
    if call is None:
        return None
    result = None
    if _status(call) == "completed":
        result = await _result(studio, call, enabled, view_lines)
    return _task(call, result)


async def _run_task(studio: Studio, run: str, *, with_result: bool = False) -> Task | None:
    """Return the task of a run of a workflow, or None.

    One that waits for the user is completed: its result says what to ask, and the next call of
    workflow_run is a task of its own.
    """
    try:
        state = await studio.runs.read(run)
    except NotFoundError:
        return None
    row, result = state.row, None
    statuses: dict[str, Status] = {"running": "working", "cancelled": "cancelled"}
    status = statuses.get(row.state, "completed")
    if status == "completed" and with_result:
        outcome = await studio.runs.show(run, RunOptions(wait=0))
        settings = studio.settings
        answer = results.of_run(outcome, tool=RUN_TOOL, settings=settings, uncollected=None)
        result = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Task(
        id=run,
        status=status,
        created_at=row.created_at,
        updated_at=row.changed_at,
        message=state.progress({})[0],
        poll_seconds=SOONEST_SECONDS,
        result=result,
    )


def _task(call: Call, result: dict[str, Any] | None = None) -> Task:
    usual = max((job.usual_seconds for job in call.jobs), default=0.0)
    return Task(
        id=call.id,
        status=_status(call),
        created_at=call.created_at,
        updated_at=call.updated_at,
        message="; ".join([*call.notes, describe_call(call.jobs)[0]]),
        poll_seconds=min(max(usual / POLLS_PER_OPERATION, SOONEST_SECONDS), LATEST_SECONDS),
        result=result,
    )


def _status(call: Call) -> Status:
    if call.cancelled_at is not None or all(job.state == "cancelled" for job in call.jobs):
        return "cancelled"
    # A failed tool has a result; the protocol's `failed` is for requests that could not run at all.
    return "completed" if call.finished else "working"


async def _result(
    studio: Studio, call: Call, enabled: frozenset[str], view_lines: ViewLines
) -> dict[str, Any]:
    outcome = await studio.called(call)
    answer = results.of_outcome(
        outcome,
        tool=call.tool,
        enabled=enabled,
        settings=studio.settings,
        views=view_lines(outcome.media),
    )
    dumped: dict[str, Any] = answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dumped
