"""Tools for jobs: wait for them, list them."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from stability_mcp.jobs.views import State
from stability_mcp.server.context import CallContext
from stability_mcp.server.definition import LOOKS
from stability_mcp.server.facts import JobFacts
from stability_mcp.server.tool import Arguments, Data, listed_alone, tool
from stability_mcp.studio import Outcome, Studio

LONGEST_WAIT = 50
"""Seconds; most hosts give up on a call after 60."""


class JobWait(Arguments):
    """Get results that were not ready when a call returned, or were never collected.

    Waits, free of charge, and answers with what is done. Call again while something is under way;
    never repeat the paid call.
    """

    jobs: Annotated[list[str], BeforeValidator(listed_alone), Field(max_length=100)] = Field(
        default_factory=list
    )
    """Job ids. Default: everything unfinished or not yet collected."""
    seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT)] | None = None
    """Longest wait."""


@tool(
    title="Wait for results",
    effects=LOOKS,
    hints={"job": "use jobs: a list of ids", "job_id": "use jobs: a list of ids"},
)
async def job_wait(studio: Studio, arguments: JobWait, context: CallContext) -> Outcome:
    """Wait for the jobs; the studio's own task group carries them out."""
    seconds = context.wait if arguments.seconds is None else arguments.seconds
    return await studio.wait_for(
        arguments.jobs, seconds=min(seconds, LONGEST_WAIT), progress=context.progress
    )


class JobList(Arguments):
    """List jobs, the newest first: what was asked for, what became of it, what it cost."""

    state: State | None = None
    """Only jobs in this state."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Most of them."""
    before: str | None = None
    """`next` of the page before."""


class JobListed(Data):
    """A page of jobs."""

    jobs: list[JobFacts]
    next: str | None = None
    """Pass it as `before` for older ones."""


@tool(title="List jobs", effects=LOOKS)
async def job_list(studio: Studio, arguments: JobList, context: CallContext) -> JobListed:  # noqa: ARG001 -- every tool takes the three
    """Answer from the journal."""
    page = await studio.jobs.list(
        limit=arguments.limit, before=arguments.before, state=arguments.state
    )
    return JobListed(jobs=[JobFacts.of(each) for each in page.items], next=page.next)
