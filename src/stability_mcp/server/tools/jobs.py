"""Tools for jobs: wait for them, list them, cancel, rerun, adopt."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import CHANGES, FETCHES, READS, SPENDS
from stability_mcp.server.tool import Arguments, Data, PageArguments, PageData, listed_alone, tool
from stability_mcp.server.views import JobFacts
from stability_mcp.studio import CallOptions, CancelledJob, Outcome, State, Studio, reruns
from stability_mcp.text import credits_text

MAX_WAIT_SECONDS = 50
"""Seconds; most hosts give up on a call after 60."""

Label = Annotated[str, Field(min_length=1, max_length=40)]


class JobWait(Arguments):
    """Get results that were not ready when a call returned, or were never collected.

    Waits, free of charge, and answers with what is done. Call again while something is under way;
    never repeat the paid call.
    """

    jobs: Annotated[list[str], BeforeValidator(listed_alone), Field(max_length=100)] = Field(
        default_factory=list
    )
    """Job ids. Default: everything unfinished or not yet collected."""
    seconds: Annotated[float, Field(ge=0, le=MAX_WAIT_SECONDS)] | None = None
    """Longest wait."""


@tool(
    title="Wait for results",
    effects=READS,
    hints={"job": "use jobs: a list of ids", "job_id": "use jobs: a list of ids"},
)
async def job_wait(studio: Studio, arguments: JobWait, context: CallContext) -> Outcome:
    """Wait for the jobs; the studio's own task group carries them out."""
    seconds = context.wait if arguments.seconds is None else arguments.seconds
    return await studio.wait_for(
        arguments.jobs, seconds=min(seconds, MAX_WAIT_SECONDS), progress=context.progress
    )


class JobList(PageArguments):
    """List jobs, the newest first: what was asked for, what became of it, what it cost."""

    state: State | None = None
    """Only jobs in this state."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Most of them."""


class JobListed(PageData):
    """A page of jobs."""

    jobs: list[JobFacts]


@tool(title="List jobs", effects=READS)
async def job_list(studio: Studio, arguments: JobList, context: CallContext) -> JobListed:  # noqa: ARG001 -- every tool takes the three
    """Answer from the journal."""
    page = await studio.list_jobs(
        limit=arguments.limit,
        cursor=arguments.wanted_cursor,
        state=arguments.state,
    )
    return JobListed(
        jobs=[JobFacts.of(each) for each in page.items],
        next_cursor=page.next_cursor,
        next=page.next_cursor,
    )


class JobCancel(Arguments):
    """Cancel jobs that are queued or paused: free, and their reserved credits are given back.

    What was sent already cannot be stopped: its result is kept, and charged.
    """

    jobs: Annotated[list[str], BeforeValidator(listed_alone), Field(min_length=1, max_length=100)]
    """Job ids, or "paused" for every paused job."""


class JobCancelled(Data):
    """What became of one job."""

    id: str
    operation: str
    outcome: str
    """cancelled, sent, detached or ended."""
    said: str
    """The same in words, with what was charged."""


class JobsCancelled(Data):
    """What became of jobs that were to be cancelled."""

    note: str
    """In one sentence."""
    released: float
    """Credits that were reserved and are free again."""
    jobs: list[JobCancelled]


@tool(
    title="Cancel jobs",
    effects=CHANGES,
    hints={"job": "use jobs: a list of ids", "job_id": "use jobs: a list of ids"},
)
async def job_cancel(studio: Studio, arguments: JobCancel, context: CallContext) -> JobsCancelled:  # noqa: ARG001 -- every tool takes the three
    """Cancel what was not sent."""
    done = await reruns.cancel(studio, arguments.jobs)
    released = sum(each.job.price for each in done if each.fate == "cancelled")
    count = sum(each.fate == "cancelled" for each in done)
    note = (
        f"{count} of {len(done)} cancelled, nothing charged for them: {credits_text(released)} "
        "given back."
    )
    shown = [
        JobCancelled(
            id=each.job.id,
            operation=each.job.operation,
            outcome=each.fate,
            said=_fate_in_words(each),
        )
        for each in done
    ]
    return JobsCancelled(note=note, released=released / 1000, jobs=shown)


class JobRerun(Arguments):
    """Make a result once more: a new job, paid anew, with a fresh seed or with changes.

    Also the way on for a job whose outcome is unknown, and for paused jobs, which are sent as they
    are.
    """

    job: str
    """Job id, or id or label of media that a job made, or "paused" for every paused job."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """Arguments that differ. With any, the seed stays unless it is among them."""
    label: Label | None = None
    """Names the result."""
    accept_double_charge: bool = False
    """Only when the user agreed to repeat a job that may have been charged already."""
    confirm_spend: Annotated[float, Field(ge=0)] | None = None
    """When asked: credits the user agreed to."""


@tool(
    title="Make anew",
    effects=SPENDS,
    hints={
        "jobs": "use job: one at a time",
        "job_id": "use job",
        "media": "use job",
        "seed": "put it into changes",
        "prompt": "put it into changes",
        "count": "call it several times",
    },
)
async def job_rerun(studio: Studio, arguments: JobRerun, context: CallContext) -> Outcome:
    """Ask the studio for the same again."""
    outcome = await reruns.rerun(
        studio,
        arguments.job,
        arguments.changes,
        CallOptions(
            label=arguments.label,
            wait=context.wait,
            soon=context.soon,
            progress=context.progress,
            confirm=context.confirm(arguments.confirm_spend) if context.confirm else None,
        ),
        accept_double_charge=arguments.accept_double_charge,
    )
    return context.with_ticket(outcome)


class JobAdopt(Arguments):
    """Fetch the result of a generation that another program started with the same API key.

    The API keeps results for 24 hours. Nothing is charged: whoever started it paid.
    """

    generation: Annotated[str, Field(min_length=1, max_length=128)]
    """The id that the API answered."""
    operation: str
    """What started it: `upscale_creative`."""
    label: Label | None = None
    """Names the result."""


@tool(title="Take over a generation", effects=FETCHES, hints={"id": "use generation"})
async def job_adopt(studio: Studio, arguments: JobAdopt, context: CallContext) -> Outcome:
    """Poll for it like for one of ours."""
    outcome = await reruns.adopt(
        studio,
        arguments.generation,
        arguments.operation,
        CallOptions(
            label=arguments.label,
            wait=context.wait,
            soon=context.soon,
            progress=context.progress,
        ),
    )
    return context.with_ticket(outcome)


def _fate_in_words(cancelled: CancelledJob) -> str:
    job, price = cancelled.job, credits_text(cancelled.job.price)
    if cancelled.fate == "cancelled":
        return f"never sent; nothing charged, {price} given back"
    if cancelled.fate == "sent":
        return (
            f"sent already, so it cannot be stopped: its result is still collected and stored, and "
            f"{price} are charged if it succeeds"
        )
    if cancelled.fate == "detached":
        return "another call still waits for it, so it goes on and is charged as usual"
    charged = {
        "yes": f"{price} were charged",
        "assumed": f"{price} may have been charged and count as spent",
    }
    return f"had ended before ({job.state}): {charged.get(job.charged, 'nothing was charged')}"
