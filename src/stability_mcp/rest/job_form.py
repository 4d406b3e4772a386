"""Jobs and calls as JSON."""

from collections.abc import Container, Sequence
from typing import Any, Literal

from stability_mcp.rest.media_form import MediaForm
from stability_mcp.rest.route import PREFIX
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio import JobRecord, MediaItem, Outcome
from stability_mcp.text import CHARGES

Status = Literal["in-progress", "paused", "done", "failed", "cancelled", "unknown"]
"""`unknown`: it was sent, but no answer came; it is never sent again by itself."""


class JobLinks(Data):
    """Links of a job; relative to the server."""

    self: str
    """The job as JSON."""
    results: str
    """Its result."""
    events: str
    """Its progress, as a stream of events."""


class JobForm(Data):
    """One job: a run of an operation."""

    id: str
    operation: str
    status: Status
    state: str
    """In detail: queued, paused, submitting, submitted, storing, done, failed, cancelled, unknown.
    """
    progress: str
    """In words."""
    label: str | None = None
    media: list[MediaForm]
    """Its results."""
    credits: float
    """Its price; 0 if it came from the cache."""
    charged: str
    """charged, not charged, reserved or may have been charged."""
    cached: bool
    """Whether an earlier result answered it."""
    notes: list[str]
    """How its files were resolved and changed."""
    error: str | None = None
    client: str | None = None
    """What made the call: an MCP client by name, REST, web page or command line."""
    run: str | None = None
    """The run of a workflow that it is part of."""
    step: str | None = None
    """The step of that run."""
    created: str
    finished: str | None = None
    links: JobLinks

    @classmethod
    def of(
        cls,
        job: JobRecord,
        media: Sequence[MediaItem],
        *,
        cached: bool = False,
        notes: Sequence[str] = (),
    ) -> "JobForm":
        """Return a job as JSON.

        Args:
            job: The job.
            media: Its results.
            cached: Whether it answers a call from the cache.
            notes: Lines of the call.
        """
        return cls(
            id=job.id,
            operation=job.operation,
            status=status_of(job),
            state=job.state,
            progress=job.progress,
            label=job.label,
            media=[MediaForm.of(each) for each in media],
            credits=0 if cached else job.price / 1000,
            charged=CHARGES["no"] if cached else CHARGES[job.charged],
            cached=cached,
            notes=list(notes),
            error=job.error,
            client=job.client,
            run=job.run,
            step=job.step,
            created=when(job.created_at),
            finished=when(job.finished_at) if job.finished_at else None,
            links=job_links(job.id),
        )


class CallForm(Data):
    """A call with several jobs."""

    id: str
    """Id of the call; `/results/{id}` has its results."""
    status: Status
    jobs: list[JobForm]
    notes: list[str]
    links: JobLinks


def status_of(job: JobRecord) -> Status:
    """Return the state of a job in few words."""
    if job.state in {"paused", "done", "failed", "cancelled", "unknown"}:
        return job.state
    return "in-progress"


def status_of_all(jobs: Sequence[JobRecord]) -> Status:
    """Return the state of several jobs: that of the one that is furthest from a result."""
    return worst_status({status_of(each) for each in jobs})


def worst_status(found: Container[str]) -> Status:
    """Return the state that is furthest from a result."""
    order: tuple[Status, ...] = ("in-progress", "paused", "unknown", "failed", "cancelled")
    return next((each for each in order if each in found), "done")


def job_links(job: str) -> JobLinks:
    """Return the links of a job, a call or a run."""
    base = f"{PREFIX}/jobs/{job}"
    return JobLinks(self=base, results=f"{PREFIX}/results/{job}", events=f"{base}/events")


def call_form(outcome: Outcome, notes: Sequence[str]) -> JobForm | CallForm:
    """Return a call as JSON: its only job, or all of them."""
    notes = [*notes, *outcome.notes]
    if len(outcome.jobs) == 1:
        job = outcome.jobs[0]
        cached = job.id in outcome.cached
        return JobForm.of(job, outcome.media, cached=cached, notes=notes)
    jobs = [
        JobForm.of(
            each,
            [item for item in outcome.media if item.job == each.id],
            cached=each.id in outcome.cached,
        )
        for each in outcome.jobs
    ]
    call = outcome.call or ""
    status = status_of_all(outcome.jobs)
    return CallForm(id=call, status=status, jobs=jobs, notes=notes, links=job_links(call))


def dumped(form: Data) -> dict[str, Any]:
    """Return a form as JSON without what is absent."""
    return form.dumped()
