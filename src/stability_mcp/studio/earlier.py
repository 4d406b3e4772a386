"""What is said of a call that earlier ones answer for."""

import time

from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.journal.enqueue import SubmittedCall
from stability_mcp.media.importer import time_said
from stability_mcp.wording import credits_text


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
