"""Runs the step of a job that is due according to its row.

An internal error in a step is logged and leaves the job in a correct state: nothing is sent twice,
no result is lost, and no job stays unfinished unnoticed.
"""

import logging
from dataclasses import replace

from stability_mcp.errors import JobError
from stability_mcp.jobs.engine import Done, Later, Lease, Step
from stability_mcp.jobs.models import JobRow, load_job
from stability_mcp.jobs.steps import disk_retry, failures
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.steps.poll import poll, revisit
from stability_mcp.jobs.steps.send import send
from stability_mcp.jobs.steps.store_result import resume_storing
from stability_mcp.jobs.transactions.finish import interrupted_error

INTERNAL_ERROR = "An internal error occurred"

log = logging.getLogger(__name__)


class Executor:
    """Runs steps of the jobs that one process owns.

    Args:
        context: The state that all steps share.
        process: The id of this process.
    """

    def __init__(self, context: JobContext, process: str) -> None:
        self._context = context
        self._process = process

    async def __call__(self, job_id: str, lease: Lease) -> Step:
        """Run one step; see `engine.Perform`."""
        step = await self._perform(job_id, lease)
        if isinstance(step, Done):
            self._context.revisiting.discard(job_id)
        return step

    async def _perform(self, job_id: str, lease: Lease) -> Step:
        try:
            step = await disk_retry.resume_write(self._context, job_id)
            if step is not None:
                return step
            job = lease.row or await self._load(job_id)
            if job is None:  # ended elsewhere, or no longer owned by this process
                self._context.forget(job_id)
                return Done()
            return await self._step(job, lease)
        except Exception as error:
            log.exception("job %s: internal error", job_id)
            return await self._after_failure(job_id, error)

    async def _load(self, job_id: str) -> JobRow | None:
        job = await self._context.database.read(lambda c: load_job(c, job_id))
        if job is None:
            return None
        if job.state == "unknown":
            return job if job_id in self._context.revisiting else None
        return job if job.process == self._process and not job.finished else None

    async def _step(self, job: JobRow, lease: Lease) -> Step:
        if job.state == "queued":
            return await send(self._context, job, lease)
        if job.state == "submitted":
            return await poll(self._context, job)
        if job.state == "unknown":
            return await revisit(self._context, replace(job, process=self._process), lease)
        if job.state == "storing":
            return await resume_storing(self._context, job)
        if job.state == "submitting":  # a step of this process ended without recording an outcome
            return await failures.mark_unknown(
                self._context, job, interrupted_error(job, INTERNAL_ERROR)
            )
        return Done()

    async def _after_failure(self, job_id: str, error: Exception) -> Step:
        if job_id in self._context.pending:
            return Later(seconds=self._context.timing.max_pause_seconds, kind="store")
        try:
            job = await self._load(job_id)
            if job is None:
                return Done()
            if job.state == "queued":
                return await failures.fail_free(self._context, job, _not_sent_error(job, error))
            if job.state == "submitting":
                return await failures.mark_unknown(
                    self._context, job, interrupted_error(job, INTERNAL_ERROR)
                )
        except Exception:
            log.exception("job %s: its outcome could not be recorded", job_id)
            return Later(seconds=self._context.timing.max_pause_seconds, kind="store")
        self._context.note(job_id, f"internal error ({type(error).__name__})")
        return Later(
            seconds=self._context.timing.max_pause_seconds,
            kind="poll" if job.state == "submitted" else "store",
        )


def _not_sent_error(job: JobRow, error: Exception) -> JobError:
    return JobError(
        f"Internal error ({type(error).__name__}) before {job.operation} was sent; see the log.",
        job=job.id,
        charged="no",
    )
