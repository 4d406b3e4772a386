"""What is said of a call that earlier ones answer for."""

import time

from stability_mcp.errors import JobError, StorageError
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.journal.enqueue import SubmittedCall
from stability_mcp.media.importer import time_said
from stability_mcp.wording import credits_text, listed


async def earlier_lines(jobs: Jobs, submitted: SubmittedCall) -> list[str]:
    """Return a line where the call took over another, and one where the cache answers for it."""
    said = []
    if submitted.joined is not None:
        first = (await jobs.views(submitted.job_ids))[0]
        made = time_said(first.created_at, time.time())
        said.append(f"took over the same call of {made}, which nobody waits for: it is paid once")
    if submitted.cached:
        found = await jobs.views(submitted.cached)
        every = len(found) == len(submitted.job_ids)
        saved = credits_text(sum(job.price for job in found)).split()[0]
        said.append(
            f"{'' if every else f'{len(found)} of {len(submitted.job_ids)} '}from the cache: "
            f"0 credits, saved {saved}; made {time_said(found[0].created_at, time.time())}"
        )
    return said


def under_way(submitted: SubmittedCall, error: StorageError) -> JobError:
    """Return what is said of a call that was written and of which nothing more can be read."""
    jobs = submitted.job_ids
    named = f"Job {jobs[0]}" if len(jobs) == 1 else f"Jobs {listed(jobs)}"
    return JobError(
        f"{named} {'goes' if len(jobs) == 1 else 'go'} on, and what came of it cannot be told: "
        f"{error.message}",
        job=jobs[0],
        charged="unknown",
        cure="Do not call the tool again: job_wait gets the result. "
        "Make room on the disk or mend its permissions first.",
    )
