"""A run of a workflow as JSON."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from stability_mcp.rest.job_form import JobLinks, job_links
from stability_mcp.rest.media_form import MediaForm
from stability_mcp.server.run_views import RunStepFacts, RunSummary
from stability_mcp.server.tool import Data
from stability_mcp.studio.workflow.run_answer import RunOutcome, RunResult
from stability_mcp.workflows.runs.run_state import RunState

RunStatus = Literal["in-progress", "review", "paused", "done", "failed", "cancelled"]
"""`review`: it waits for a pick of the user; `paused`: for money, a key or disk space."""


class RunResultForm(Data):
    """A result of a run."""

    number: int
    """From 1, within its output; a pick names it."""
    id: str | None = None
    """What the caller called the element of the list that it was made for."""
    media: MediaForm | None = None
    """Absent: it is blind until the pick, or was deleted."""
    credits: float
    seconds: float | None = None
    reused: bool
    picked: bool | None = None


class RunProgressForm(Data):
    """A run of a workflow, without its results: `links.self` has them. Lists and events show it."""

    id: str
    status: RunStatus
    title: str | None = None
    template: str | None = None
    why: str | None = None
    """Why it waits or failed."""
    steps: list[RunStepFacts]
    done: int
    """Results that exist."""
    total: int | None = None
    """Results that it will have; absent: a review decides how many."""
    failed: int
    """Results that don't come: failed, skipped, cancelled, or refused before the start."""
    credits: float
    """Charged so far."""
    max_credits: float
    """What the user agreed to."""
    created: str
    finished: str | None = None
    links: JobLinks

    @classmethod
    def of_state(cls, state: RunState) -> "RunProgressForm":
        """Return a run as JSON."""
        steps = [RunStepFacts.of(each) for each in state.steps()]
        summary, row = RunSummary.of_state(state), state.row
        totals = [each.total for each in steps]
        refused = sum(each.step is None for each in state.plan.entries)
        return RunProgressForm(
            id=row.id,
            status="in-progress" if row.state == "running" else row.state,
            title=summary.title,
            template=summary.template,
            why=summary.why,
            steps=steps,
            done=sum(each.done for each in steps),
            total=None if None in totals else sum(filter(None, totals)) + refused,
            failed=sum(each.failed for each in steps) + refused,
            credits=summary.charged,
            max_credits=summary.max_credits,
            created=summary.created_at,
            finished=summary.finished_at,
            links=job_links(row.id),
        )


class RunForm(RunProgressForm):
    """A run of a workflow."""

    outputs: dict[str, list[RunResultForm]]
    """Results by the name of the output; while a review waits, by its step."""
    seconds_left: float | None = None
    """Estimated seconds until the end; absent: unknown."""
    review: list[str] | None = None
    """Steps that wait for a pick."""
    notes: list[str]

    @classmethod
    def of(cls, outcome: RunOutcome, notes: Sequence[str] = ()) -> "RunForm":
        """Return a run as JSON.

        Args:
            outcome: The run.
            notes: Lines about the files of the request.
        """
        return cls(
            **dict(RunProgressForm.of_state(outcome.state)),
            outputs=_outputs(outcome.results),
            seconds_left=round(outcome.seconds_left, 1) or None,
            review=list(outcome.reviews) or None,
            notes=[*notes, *outcome.notes],
        )


def _outputs(results: Sequence[RunResult]) -> dict[str, list[RunResultForm]]:
    found: dict[str, list[RunResultForm]] = defaultdict(list)
    for each in results:
        item = None if each.is_blind else each.item
        picked = each.row.picked
        found[each.output].append(
            RunResultForm(
                number=each.number,
                id=each.id,
                media=MediaForm.of(item) if item is not None else None,
                credits=each.price / 1000,
                seconds=each.seconds,
                reused=each.is_reused,
                picked=None if picked is None else bool(picked),
            )
        )
    return dict(found)
