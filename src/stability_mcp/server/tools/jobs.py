"""Tools for jobs: wait, list, cancel, rerun, adopt."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stability_mcp.api.tool_arguments import Arguments, as_list
from stability_mcp.errors import ArgumentsError
from stability_mcp.server.call_context import CallContext
from stability_mcp.server.definition import CHANGES, FETCHES, READS, SPENDS
from stability_mcp.server.listings import EMULATED_CREDITS, Listing, job_line
from stability_mcp.server.run_views import RunSummary, run_line
from stability_mcp.server.tool import Data, PageArguments, PageData, tool
from stability_mcp.server.views import ListedJobFacts
from stability_mcp.studio import (
    CallOptions,
    CancelledJob,
    CancelOutcome,
    JobFilter,
    Outcome,
    Studio,
    reruns,
)
from stability_mcp.studio.workflow.run_answer import RunOutcome
from stability_mcp.studio.workflow.run_start import RunOptions
from stability_mcp.text import CHARGES, credits_text, quoted
from stability_mcp.uris import is_run, job_id_of
from stability_mcp.workflows.runs.run_state import RunState

MAX_WAIT_SECONDS = 50
"""Most hosts time out a call after 60 s."""
MAX_RUNS = 10
"""Runs in a list of jobs, each of which has jobs of its own in the list."""

Label = Annotated[str, Field(min_length=1)]


class JobWait(Arguments):
    """Get the results of jobs that were still running when a call returned; free.

    Call it again until every job is done. Never repeat the paid call instead.
    """

    jobs: Annotated[list[str], BeforeValidator(as_list), Field(max_length=100)] = Field(
        default_factory=list
    )
    """Job ids, or a workflow run's id. Default: all that are unfinished, or whose result was never
    returned."""
    seconds: Annotated[float, Field(ge=0, le=MAX_WAIT_SECONDS)] | None = None
    """Maximum seconds to wait; 0 returns at once."""


@tool(
    title="Wait for results",
    effects=READS,
    hints={"job": "use jobs: a list of ids", "job_id": "use jobs: a list of ids"},
)
async def job_wait(
    studio: Studio, arguments: JobWait, context: CallContext
) -> Outcome | RunOutcome:
    """Wait for the jobs, which run in the studio's own task group, or for one run."""
    seconds = context.wait if arguments.seconds is None else arguments.seconds
    runs = [each for each in map(job_id_of, arguments.jobs) if is_run(each)]
    if not arguments.jobs and not await studio.has_uncollected_jobs():
        runs = (await studio.uncollected_runs())[:1]
    if runs:
        if len(arguments.jobs) > 1:
            raise ArgumentsError(
                "jobs: wait for a workflow run in a call of its own.",
                hint=f"Pass only {quoted(runs[0])}.",
            )
        options = RunOptions(wait=min(seconds, MAX_WAIT_SECONDS), progress=context.progress)
        return await studio.runs.show(runs[0], options)
    return await studio.wait_for(
        arguments.jobs, seconds=min(seconds, MAX_WAIT_SECONDS), progress=context.progress
    )


class JobList(PageArguments):
    """List jobs, newest first: state, cost, time, prompt, inputs and results.

    To get a result that is ready: `job_wait`.
    """

    operation: str | None = None
    """Only jobs of this tool."""
    state: JobFilter | None = None
    """running covers submitting to storing."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Maximum items."""


class JobListed(PageData):
    """A page of jobs."""

    jobs: list[ListedJobFacts]
    runs: list[RunSummary] | None = None
    """The newest runs of workflows, on the first page."""


@tool(
    title="List jobs",
    effects=READS,
    hints={"tool": "use operation", "status": "use state", "days": "use since"},
)
async def job_list(studio: Studio, arguments: JobList, context: CallContext) -> Listing:
    """Read a page of jobs from the database."""
    page = await studio.list_jobs(
        limit=arguments.limit,
        cursor=arguments.wanted_cursor,
        state=arguments.state,
        operation=arguments.operation,
        period=arguments.period,
    )
    origins = await studio.origins_of_jobs(page.items)
    runs = await _runs(studio, arguments)
    facts = JobListed(
        jobs=[ListedJobFacts.of_origin(each) for each in origins],
        runs=[RunSummary.of_state(each) for each in runs] or None,
        next_cursor=page.next_cursor,
        next=page.next_cursor,
    )
    emulated = context.settings.emulated and bool(origins)
    return Listing(
        lines=[*map(run_line, runs), *(job_line(each) for each in origins)],
        facts=facts,
        notes=[EMULATED_CREDITS] * emulated,
    )


async def _runs(studio: Studio, arguments: JobList) -> list[RunState]:
    """Return the newest runs for the first page of jobs of every operation."""
    if arguments.operation is not None or arguments.wanted_cursor is not None:
        return []
    period, state = arguments.period, arguments.state
    found = await studio.runs.list(limit=min(arguments.limit, MAX_RUNS))
    return [
        each
        for each in found
        if period.since <= each.row.created_at < period.until
        and state in {None, each.row.state, "paused" if each.row.state == "review" else None}
    ]


class JobCancel(Arguments):
    """Cancel queued or paused jobs before they are sent; free, and reserved credits are released.

    A sent job can't be stopped: its result is stored and charged.
    """

    jobs: Annotated[list[str], BeforeValidator(as_list), Field(min_length=1, max_length=100)]
    """Job ids, or "paused" for every paused job."""


class JobCancelled(Data):
    """The outcome for one job."""

    id: str
    operation: str
    outcome: str
    """cancelled, sent, detached or ended."""
    said: str
    """The outcome in words, and whether the job was charged."""


class JobsCancelled(Data):
    """The outcome for every job of the call."""

    note: str
    """Summary in one sentence."""
    released: float
    """Reserved credits that were released."""
    jobs: list[JobCancelled]


@tool(
    title="Cancel jobs",
    effects=CHANGES,
    hints={"job": "use jobs: a list of ids", "job_id": "use jobs: a list of ids"},
)
async def job_cancel(studio: Studio, arguments: JobCancel, context: CallContext) -> JobsCancelled:  # noqa: ARG001 -- every tool takes the three
    """Cancel the jobs that were not sent yet."""
    runs = [each for each in map(job_id_of, arguments.jobs) if is_run(each)]
    if runs:
        raise ArgumentsError(
            f"{runs[0]} is a workflow run.",
            hint=f'Cancel it with workflow_run: run "{runs[0]}", cancel true.',
        )
    done = await reruns.cancel(studio, arguments.jobs)
    released = sum(each.job.price for each in done if each.outcome == "cancelled")
    shown = [
        JobCancelled(
            id=each.job.id,
            operation=each.job.operation,
            outcome=each.outcome,
            said=_describe(each),
        )
        for each in done
    ]
    return JobsCancelled(note=_summarize(done), released=released / 1000, jobs=shown)


class JobRerun(Arguments):
    """Run a job again as a new job at its full price, with a new seed or changed arguments.

    Paused jobs are resumed unchanged instead. A job whose outcome is unknown is repeated only with
    `accept_double_charge`.
    """

    job: str
    """Job id, id or label of media made by a job, or "paused" to resume every paused job."""
    changes: dict[str, Any] = Field(default_factory=dict)
    """Arguments to change; the seed then stays unless it is changed too."""
    label: Label | None = None
    """Name for the result. Default: that of the job."""
    accept_double_charge: bool = False
    """Only if the user agreed to repeat a job that may have been charged."""
    confirm_spend: Annotated[float, Field(ge=0)] | None = None
    """Credits the user approved."""


@tool(
    title="Rerun job",
    effects=SPENDS,
    hints={
        "jobs": "use job: one at a time",
        "job_id": "use job",
        "media": "use job",
        "seed": "put it into changes",
        "prompt": "put it into changes",
        "count": "call job_rerun once per variant",
    },
)
async def job_rerun(studio: Studio, arguments: JobRerun, context: CallContext) -> Outcome:
    """Submit the job's request again."""
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
    """Fetch the result of a generation that another program started with the same API key; free.

    The API keeps results for 24 hours.
    """

    generation: Annotated[str, Field(min_length=1, max_length=128)]
    """Generation id that the API returned."""
    operation: str
    """Tool name of the operation that started it, e.g. upscale_creative."""
    label: Label | None = None
    """Name for the result."""


@tool(title="Fetch generation", effects=FETCHES, hints={"id": "use generation"})
async def job_adopt(studio: Studio, arguments: JobAdopt, context: CallContext) -> Outcome:
    """Poll for the generation like for one that this server started."""
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


def _summarize(done: Sequence[CancelledJob]) -> str:
    """Return the outcome for all jobs in one sentence."""
    counts = Counter(each.outcome for each in done)
    reasons: dict[CancelOutcome, tuple[str, str]] = {
        "sent": (
            "was already sent and will be charged if it succeeds",
            "were already sent and will be charged if they succeed",
        ),
        "detached": ("continues for another call", "continue for other calls"),
        "ended": ("was already finished", "were already finished"),
    }
    others = "; ".join(
        f"{_subject(counts[outcome], of=len(done))} {texts[counts[outcome] > 1]}"
        for outcome, texts in reasons.items()
        if counts[outcome]
    )
    if not counts["cancelled"]:
        return f"None cancelled: {others}."
    released = credits_text(sum(each.job.price for each in done if each.outcome == "cancelled"))
    first = f"{counts['cancelled']} of {len(done)} cancelled, not charged; {released} released"
    return f"{'; '.join(filter(None, (first, others)))}."


def _subject(count: int, *, of: int) -> str:
    return str(count) if count < of else {1: "the job", 2: "both"}.get(count, f"all {count}")


def _describe(cancelled: CancelledJob) -> str:
    """Return the outcome for one job, with what was charged."""
    job, price = cancelled.job, credits_text(cancelled.job.price)
    if cancelled.outcome == "cancelled":
        return f"cancelled before it was sent; not charged, {price} released"
    if cancelled.outcome == "sent":
        return (
            f"already sent, can't be stopped: the result will be stored, and {price} charged if it "
            "succeeds"
        )
    if cancelled.outcome == "detached":
        return "another call still waits for it, so it continues and is charged as usual"
    return f"already finished ({job.state}): {price} {CHARGES[job.charged]}"
