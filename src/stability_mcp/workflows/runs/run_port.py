"""The port through which a run makes its items: what it prepares, submits, runs and delivers.

The studio implements it with the functions of ordinary calls, so that a step is parsed, checked and
paid for exactly like a call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.workflows.runs.progression import ReadyItem
from stability_mcp.workflows.runs.run_jobs import RunJob
from stability_mcp.workflows.runs.run_state import RunState


@dataclass(frozen=True, kw_only=True)
class PreparedStep:
    """An item whose arguments were parsed and whose files are ready."""

    item: ReadyItem
    reuse_key: str | None
    """Equal for the same tool, arguments and input bytes; None: its result can't be reused."""
    price: int
    """Millicredits; 0: it runs on this machine."""
    is_paid: bool
    call: Any
    """What the runner needs to submit or run it."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What an item made."""

    media: str | None = None
    """Id of the result; None: files in a folder."""
    lines: Sequence[str] = ()
    """Lines for the answer."""
    files: Sequence[str] = ()
    """Files that it wrote into a folder of the user."""
    is_cached: bool = False
    """Whether an earlier identical call answered it, at no cost."""

    def facts(self) -> dict[str, Any]:
        """Return what is stored of it with the item."""
        found: dict[str, Any] = {
            name: list(value)
            for name, value in (("lines", self.lines), ("files", self.files))
            if value
        }
        return found | ({"cached": True} if self.is_cached else {})


class StepRunner(Protocol):
    """Makes the items of one run."""

    async def prepare(self, item: ReadyItem) -> PreparedStep:
        """Parse the arguments of an item and prepare its files.

        Raises:
            StudioError: it can't be made.
        """
        ...

    async def submit(
        self, prepared: PreparedStep, place: StepPlace, *, retry_of: str | None
    ) -> StepResult | None:
        """Write the job of a paid item; the same place has one job.

        Returns:
            The result of a finished job that must be the same, which costs nothing; None: a job
            makes it.

        Raises:
            NotDrivenError: the run was cancelled or stopped, or another process drives it.
            BudgetError: it would exceed the budget of the run or of the day, or a spending limit.
            RequestError: the key is rejected or has no credits; or moderation refused the same.
            StorageError: the store can't be written.
        """
        ...

    async def result(self, job: RunJob) -> StepResult:
        """Return what a finished job made."""
        ...

    async def run_local(self, prepared: PreparedStep) -> StepResult:
        """Run an item on this machine.

        Raises:
            StudioError: it can't be made.
        """
        ...

    async def deliver(self, state: RunState) -> Mapping[str, Any]:
        """Write the outputs of a run into its folder; return what is stored of it as JSON.

        Raises:
            StudioError: the folder can't be written.
        """
        ...
