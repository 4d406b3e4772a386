"""Perform: one step of a job, whichever is due by its row.

A step of ours that fails for a reason of ours is logged, and the job is left in a state that is
true: nothing is sent twice, nothing is lost, and nothing goes on for ever unseen.
"""

import logging

from stability_mcp.errors import JobError
from stability_mcp.jobs.engine import Done, Later, Lease, Step
from stability_mcp.jobs.journal.outcomes import cut_off
from stability_mcp.jobs.journal.rows import JobRow, load
from stability_mcp.jobs.steps import ending, waiting
from stability_mcp.jobs.steps.collect import resume
from stability_mcp.jobs.steps.poll import poll
from stability_mcp.jobs.steps.send import send
from stability_mcp.jobs.steps.workshop import LONGEST_PAUSE, Workshop

log = logging.getLogger(__name__)


class Performer:
    """Carries out steps of the jobs that one process drives.

    Args:
        shop: What the steps share.
        process: The id of this process.
    """

    def __init__(self, shop: Workshop, process: str) -> None:
        self._shop = shop
        self._process = process

    async def __call__(self, job_id: str, lease: Lease) -> Step:
        """Carry out one step; see `engine.Perform`."""
        try:
            step = await waiting.go_on(self._shop, job_id)
            if step is not None:
                return step
            job = await self._load(job_id)
            if job is None:  # ended elsewhere, or not ours any more
                self._shop.forget(job_id)
                return Done()
            return await self._step(job, lease)
        except Exception as error:
            log.exception("job %s: the program itself failed", job_id)
            return await self._after_failure(job_id, error)

    async def _load(self, job_id: str) -> JobRow | None:
        job = await self._shop.database.read(lambda c: load(c, job_id))
        ours = job is not None and job.process == self._process and not job.finished
        return job if ours else None

    async def _step(self, job: JobRow, lease: Lease) -> Step:
        if job.state == "queued":
            return await send(self._shop, job, lease)
        if job.state == "submitted":
            return await poll(self._shop, job)
        if job.state == "storing":
            return await resume(self._shop, job)
        if job.state == "submitting":  # a step of this process ended without its outcome
            return await ending.lose(self._shop, job, cut_off(job, "The program itself failed"))
        return Done()

    async def _after_failure(self, job_id: str, error: Exception) -> Step:
        if job_id in self._shop.pending:
            return Later(seconds=LONGEST_PAUSE, kind="store")
        try:
            job = await self._load(job_id)
            if job is None:
                return Done()
            if job.state == "queued":
                return await ending.refuse(self._shop, job, _failed(job, error))
            if job.state == "submitting":
                return await ending.lose(self._shop, job, cut_off(job, "The program itself failed"))
        except Exception:
            log.exception("job %s: what became of it could not be written", job_id)
            return Later(seconds=LONGEST_PAUSE, kind="store")
        self._shop.note(job_id, f"the program itself failed ({type(error).__name__})")
        return Later(seconds=LONGEST_PAUSE, kind="poll" if job.state == "submitted" else "store")


def _failed(job: JobRow, error: Exception) -> JobError:
    return JobError(
        f"The program itself failed before {job.operation} was sent ({type(error).__name__}); its "
        "log says more.",
        job=job.id,
        charged="no",
    )
