"""Jobs and runs of workflows: list, show, cancel, rerun."""

from typing import Annotated, Any

from pydantic import Field

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.tool_arguments import Arguments
from stability_mcp.errors import ArgumentsError
from stability_mcp.rest.answers import run_form
from stability_mcp.rest.job_form import CallForm, JobForm, job_links, status_of_all
from stability_mcp.rest.job_list import CancelledForm, JobDetailForm, JobPageForm
from stability_mcp.rest.named_work import NamedWork, find_work
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.rest.route import route
from stability_mcp.rest.routes.media_routes import Cursor, PageLimit
from stability_mcp.rest.run_form import RunForm
from stability_mcp.server.tool import PeriodArguments
from stability_mcp.studio import CallOptions, JobFilter, Outcome, reruns
from stability_mcp.studio.workflow.work_list import WorkQuery


class JobQuery(PeriodArguments):
    """Which jobs to list."""

    state: JobFilter | None = None
    """Only in this state; running covers submitting to storing; paused covers runs that wait."""
    operation: str | None = None
    """Only jobs of this operation, e.g. generate_core; no runs."""
    cursor: Cursor | None = None
    limit: PageLimit = 20


@route("GET", "/jobs", tag="jobs", hints={"status": "use state", "tool": "use operation"})
async def list_jobs(call: RestCall, arguments: JobQuery) -> JobPageForm:
    """List jobs and runs of workflows together, newest first."""
    query = WorkQuery(
        limit=arguments.limit,
        cursor=arguments.cursor,
        state=arguments.state,
        operation=arguments.operation,
        period=arguments.period,
    )
    return JobPageForm.of(await call.studio.work.list(query))


class OneJob(Arguments):
    """Which job."""

    id: Annotated[str, Field(min_length=1, max_length=128)]
    """Id of a job, call or run, or the API's generation id."""


@route("GET", "/jobs/{id}", tag="jobs")
async def get_job(call: RestCall, arguments: OneJob) -> JobDetailForm | CallForm | RunForm:
    """Get a job, the jobs of a call, or a run: state, price, inputs and links to results."""
    work = await find_work(call.studio, arguments.id)
    if work.run is not None:
        return run_form(call, await call.studio.runs.show(work.run, call.run_options()))
    jobs = await call.studio.origins_of_jobs(await call.studio.get_jobs(work.jobs))
    if len(jobs) == 1:
        return JobDetailForm.of_origin(jobs[0])
    name = work.call.id if work.call is not None else ""
    return CallForm(
        id=name,
        status=status_of_all([each.job for each in jobs]),
        jobs=[JobForm.of(each.job, each.results) for each in jobs],
        notes=list(work.call.notes) if work.call is not None else [],
        links=job_links(name),
    )


@route("DELETE", "/jobs/{id}", tag="jobs")
async def cancel_job(call: RestCall, arguments: OneJob) -> CancelledForm | RunForm:
    """Cancel what wasn't sent, free of charge; sent jobs are stored, and charged if successful."""
    work = await find_work(call.studio, arguments.id)
    if work.run is not None:
        runs, options = call.studio.runs, call.run_options()
        is_ended = (await runs.read(work.run)).row.finished_at is not None
        act = runs.show if is_ended else runs.cancel
        return run_form(call, await act(work.run, options))
    return CancelledForm.of(await call.tool("job_cancel", {"jobs": list(work.jobs)}))


class Rerun(OneJob):
    """How to run a job again."""

    changes: dict[str, Any] = Field(default_factory=dict)
    """Arguments to change; the seed then stays unless it is changed too."""
    label: Annotated[str, Field(min_length=1)] | None = None
    """Name of the result; default: that of the job."""
    accept_double_charge: bool = False
    """Only if the user agreed to repeat a job that may have been charged."""
    confirm_spend: Annotated[float, Field(ge=0)] | None = None
    """Credits that the user agreed to."""


@route(
    "POST",
    "/jobs/{id}/rerun",
    tag="jobs",
    answer="media",
    hints={"seed": "put it into changes", "prompt": "put it into changes"},
)
async def rerun_job(call: RestCall, arguments: Rerun) -> Outcome:
    """Run a job again as a new, paid job; a paused job is resumed unchanged instead."""
    job = _only_job(await find_work(call.studio, arguments.id), arguments.id)
    [record] = await call.studio.get_jobs([job])
    row = OPERATIONS.get(record.operation)
    wait = call.patience if row is not None and row.is_deferred() else call.wait
    options = CallOptions(
        label=arguments.label,
        preview=False,
        wait=wait,
        soon=wait,  # its result is fetched later: an identical call must not join it
        confirm=call.confirmer(arguments.confirm_spend),
        key=call.key,
    )
    return await reruns.rerun(
        call.studio,
        job,
        arguments.changes,
        options,
        accept_double_charge=arguments.accept_double_charge,
    )


def _only_job(work: NamedWork, name: str) -> str:
    if work.run is not None:
        raise ArgumentsError(
            f"{name} is a run of a workflow, not a job.",
            hint="POST /api/stability/workflows/run with run and redo_from makes its steps again.",
        )
    if len(work.jobs) != 1:
        raise ArgumentsError(f"{name} has {len(work.jobs)} jobs.", hint="Rerun one of them.")
    return work.jobs[0]
