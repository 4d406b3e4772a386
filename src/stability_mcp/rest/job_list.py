"""Jobs and runs of a list as JSON, and one job with everything that is known about it."""

from collections.abc import Sequence
from typing import Any, Literal

from stability_mcp.rest.job_form import JobForm, JobLinks, job_links
from stability_mcp.rest.media_details import MediaReference
from stability_mcp.rest.run_form import RunProgressForm
from stability_mcp.server.tool import Data
from stability_mcp.server.tools.jobs import JobsCancelled
from stability_mcp.server.views import when
from stability_mcp.studio import JobOrigin
from stability_mcp.studio.workflow.work_list import WorkPage


class ListedJobForm(JobForm):
    """A job of a list."""

    kind: Literal["job"] = "job"
    prompt: str | None = None
    parents: list[MediaReference]
    """Its input files; deleted media are left out."""

    @classmethod
    def of_origin(cls, origin: JobOrigin) -> "ListedJobForm":
        """Return a job of a list as JSON."""
        return cls(
            **dict(JobForm.of(origin.job, origin.results)),
            prompt=origin.prompt,
            parents=[MediaReference.of(each) for each in origin.sources],
        )


class JobDetailForm(ListedJobForm):
    """One job."""

    arguments: dict[str, Any]
    """What it was called with; files as media ids."""
    generation: str | None = None
    """Id of its generation at the API, if it is a deferred operation."""
    fetchable_until: str | None = None
    """Until when a missing result can still be fetched: GET its results."""

    @classmethod
    def of_origin(cls, origin: JobOrigin) -> "JobDetailForm":
        """Return a job as JSON."""
        job = origin.job
        return cls(
            **dict(ListedJobForm.of_origin(origin)),
            arguments=dict(job.arguments),
            generation=job.generation,
            fetchable_until=when(job.fetchable_until) if job.fetchable_until else None,
        )


class CancelledJobForm(Data):
    """The outcome for one job of a cancel request."""

    id: str
    operation: str
    outcome: str
    """cancelled, sent, detached or ended."""
    text: str
    """The outcome in words, and what is charged."""
    links: JobLinks


class CancelledForm(Data):
    """The outcome for each job of a cancel request."""

    note: str
    """All in one sentence."""
    released: float
    """Reserved credits that were released."""
    jobs: list[CancelledJobForm]

    @classmethod
    def of(cls, cancelled: JobsCancelled) -> "CancelledForm":
        """Return the answer of `job_cancel` as JSON."""
        jobs = [
            CancelledJobForm(
                id=each.id,
                operation=each.operation,
                outcome=each.outcome,
                text=each.said,
                links=job_links(each.id),
            )
            for each in cancelled.jobs
        ]
        return cls(note=cancelled.note, released=cancelled.released, jobs=jobs)


class ListedRunForm(RunProgressForm):
    """A run of a workflow in a list."""

    kind: Literal["run"] = "run"


class JobPageForm(Data):
    """A page of jobs and runs, newest first."""

    jobs: list[ListedJobForm | ListedRunForm]
    """May be fewer than `limit`; only without `next_cursor` is the list at its end."""
    next_cursor: str | None = None
    """Pass it as `cursor` to get the next, older page."""

    @classmethod
    def of(cls, page: WorkPage) -> "JobPageForm":
        """Return a page as JSON."""
        entries: Sequence[ListedJobForm | ListedRunForm] = [
            ListedJobForm.of_origin(each)
            if isinstance(each, JobOrigin)
            else ListedRunForm(**dict(RunProgressForm.of_state(each)))
            for each in page.entries
        ]
        return cls(jobs=list(entries), next_cursor=page.next_cursor)
