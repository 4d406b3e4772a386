"""Runs of workflows as data, for programs that read the facts of an answer."""

from stability_mcp.server.listings import line_of, time_text
from stability_mcp.server.tool import Data
from stability_mcp.server.views import when
from stability_mcp.studio.workflow.run_answer import RunOutcome, RunResult
from stability_mcp.text import credits_text
from stability_mcp.workflows.runs.run_rows import RunRow
from stability_mcp.workflows.runs.run_state import RunState, StepProgress

MAX_RESULTS = 20
"""Results and files in the facts; the manifest of a delivery has all of them."""


class RunStepFacts(Data):
    """How far a step is."""

    id: str
    tool: str
    total: int | None = None
    """Results; absent: a review decides how many."""
    done: int
    failed: int
    """Ended without a result: failed, skipped or cancelled."""
    charged: float
    """Credits, with those reserved."""

    @classmethod
    def of(cls, step: StepProgress) -> "RunStepFacts":
        """Describe a step."""
        return cls(
            id=step.step.id,
            tool=step.step.tool,
            total=step.total,
            done=step.states.get("done", 0),
            failed=step.ended - step.states.get("done", 0),
            charged=step.charged / 1000,
        )


class RunResultFacts(Data):
    """A result."""

    output: str
    number: int
    uri: str | None = None
    """Absent, with label and path: files, deleted, or blind until the pick."""
    label: str | None = None
    path: str | None = None
    credits: float
    seconds: float | None = None
    reused: bool
    picked: bool | None = None

    @classmethod
    def of(cls, result: RunResult) -> "RunResultFacts":
        """Describe a result."""
        item = None if result.is_blind else result.item
        picked = result.row.picked
        return cls(
            output=result.output,
            number=result.number,
            uri=item.uri if item is not None else None,
            label=item.label if item is not None else None,
            path=str(item.copy_path) if item is not None and item.copy_path else None,
            credits=result.price / 1000,
            seconds=result.seconds,
            reused=result.is_reused,
            picked=None if picked is None else bool(picked),
        )


class RunSummary(Data):
    """A run in a list; credits."""

    id: str
    title: str | None = None
    template: str | None = None
    state: str
    why: str | None = None
    created_at: str
    finished_at: str | None = None
    max_credits: float
    charged: float
    reserved: float
    jobs: int
    """Paid jobs so far."""

    @classmethod
    def of_state(cls, state: RunState) -> "RunSummary":
        """Describe a run."""
        row = state.row
        return cls(
            id=row.id,
            title=row.title or None,
            template=row.template,
            state=row.state,
            why=row.why,
            created_at=when(row.created_at),
            finished_at=when(row.finished_at) if row.finished_at else None,
            max_credits=row.max_credits / 1000,
            charged=state.charged / 1000,
            reserved=state.reserved / 1000,
            jobs=len(state.jobs),
        )


class RunFacts(RunSummary):
    """A run with its steps and results."""

    steps: list[RunStepFacts]
    results: list[RunResultFacts]
    """The first ones."""
    result_count: int
    reviews: list[str] | None = None
    """Steps that wait for a pick."""
    files: list[str] | None = None
    folder: str | None = None

    @classmethod
    def of(cls, outcome: RunOutcome) -> "RunFacts":
        """Describe a run."""
        summary = RunSummary.of_state(outcome.state)
        return cls(
            **summary.model_dump(),
            steps=[RunStepFacts.of(each) for each in outcome.steps],
            results=[RunResultFacts.of(each) for each in outcome.results[:MAX_RESULTS]],
            result_count=len(outcome.results),
            reviews=list(outcome.reviews) or None,
            files=list(outcome.files[:MAX_RESULTS]) or None,
            folder=outcome.delivery.get("folder"),
        )


def state_text(row: RunRow) -> str:
    """Return the state of a run in words: `waits for a pick: draft`."""
    if row.state == "running" and row.cancel_at is not None:
        return "is being cancelled"
    if row.state != "review":
        return row.state
    return (row.why or "Waits for a pick.").rstrip(".").replace("Waits", "waits", 1)


def run_line(state: RunState) -> str:
    """Return id, title, state, progress and price of a run, for a list."""
    row = state.row
    steps = state.steps()
    ended, total = (
        sum(each) for each in zip(*((s.ended, s.total or 0) for s in steps), strict=True)
    )
    parts = (
        row.id,
        f"workflow {row.title}" if row.title else "workflow",
        state_text(row),
        f"{ended} of {total} results",
        f"{credits_text(state.charged)} charged",
        time_text(row.created_at),
        row.why if row.state != "review" else None,
    )
    return line_of(parts)
