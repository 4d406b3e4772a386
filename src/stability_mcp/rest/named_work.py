"""Finds what an id in a path means: a job, a call with its jobs, or a run of a workflow."""

from collections.abc import Sequence
from dataclasses import dataclass

from stability_mcp.errors import NotFoundError
from stability_mcp.rest.rest_call import RestCall
from stability_mcp.studio import Call, Outcome, Studio
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.text import quoted
from stability_mcp.uris import is_run, job_id_of


@dataclass(frozen=True, kw_only=True)
class NamedWork:
    """What an id means: a run, or jobs."""

    run: str | None = None
    jobs: Sequence[str] = ()
    call: Call | None = None
    """The call that the id names; None: it names a job or a run."""


async def find_work(studio: Studio, name: str) -> NamedWork:
    """Return what the id of a job, call, run, or generation at the API means.

    Raises:
        NotFoundError: it means nothing.
    """
    wanted = job_id_of(name)
    if is_run(wanted):
        await studio.runs.read(wanted)
        return NamedWork(run=wanted)
    call = await studio.find_call(wanted)
    if call is not None:
        return NamedWork(jobs=call.job_ids, call=call)
    job = await studio.work.job_of_generation(wanted)
    if job is not None:
        return NamedWork(jobs=[job])
    await _check_job(studio, wanted)
    return NamedWork(jobs=[wanted])


async def _check_job(studio: Studio, job: str) -> None:
    try:
        await studio.get_jobs([job])
    except NotFoundError:
        raise NotFoundError(
            f"There is no job, call, run or generation {quoted(job)}.",
            hint="GET /api/stability/jobs lists jobs and runs.",
        ) from None


async def wait_for(call: RestCall, work: NamedWork) -> Outcome | RunOutcome:
    """Return the outcome of jobs or a run, after waiting as long as the client prefers."""
    studio = call.studio
    if work.run is not None:
        return await studio.runs.show(work.run, call.run_options())
    outcome = await studio.wait_for(work.jobs, seconds=call.patience, preview=False)
    if work.call is None or not outcome.finished:
        return outcome
    ended = await studio.find_call(work.call.id)  # its notes may be newer
    return await studio.called(ended or work.call, preview=False)
