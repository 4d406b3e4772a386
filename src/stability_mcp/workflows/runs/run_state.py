"""The state of a run as one read: its row, its items and its jobs; and its progress in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from stability_mcp.api.operations import OPERATIONS
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from stability_mcp.workflows.plan import Plan, Step
from stability_mcp.workflows.plan_check import outputs_of
from stability_mcp.workflows.plan_graph import dependencies, sorted_steps
from stability_mcp.workflows.runs import run_rows
from stability_mcp.workflows.runs.progression import ItemKey, item_counts, progression
from stability_mcp.workflows.runs.run_jobs import RunJob, by_item, jobs_of_run
from stability_mcp.workflows.runs.run_rows import ItemRow, RunRow

Seconds = Mapping[str, float]
"""Typical seconds of one result by operation; 0 or absent: not known."""


_OPEN = frozenset({"running", "paused", "unknown"})
"""States of items that continue, or wait for the user."""


class StepProgress(NamedTuple):
    """How far a step is."""

    step: Step
    total: int | None
    """Items; None: a review decides how many."""
    states: Mapping[str, int]
    """Number of items by state; `paused`: the run waits for money, a key or disk space."""
    charged: int
    """Millicredits charged or reserved for it."""

    @property
    def ended(self) -> int:
        """Return how many items have ended, with or without a result."""
        return sum(count for state, count in self.states.items() if state not in _OPEN)

    @property
    def is_complete(self) -> bool:
        """Return whether every item has ended."""
        return self.total is not None and self.ended >= self.total


@dataclass(frozen=True)
class RunState:
    """A run with its items and jobs."""

    row: RunRow
    rows: Sequence[ItemRow]
    """In the order in which they were started."""
    jobs: Sequence[RunJob]
    """Oldest first."""

    @cached_property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.row.read_plan()

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Return the values of the plan's inputs."""
        return self.row.read_inputs()

    @cached_property
    def items(self) -> Mapping[ItemKey, ItemRow]:
        """Return the items by key."""
        return {row.key: row for row in self.rows}

    @cached_property
    def newest_jobs(self) -> Mapping[ItemKey, RunJob]:
        """Return the newest job of each item."""
        return by_item(self.jobs)

    def has_job(self, key: ItemKey) -> bool:
        """Return whether a job works on an item, other than the one that it repeats."""
        job = self.newest_jobs.get(key)
        return job is not None and job.id != self.items[key].repeats

    def ended_jobs(self, *, excluding: AbstractSet[ItemKey]) -> list[RunJob]:
        """Return jobs that ended and whose outcome isn't recorded yet.

        Args:
            excluding: Items that aren't looked at.
        """
        return [
            job
            for key, job in self.newest_jobs.items()
            if key not in excluding
            and (row := self.items.get(key)) is not None
            and row.state in {"running", "unknown"}
            and not job.is_open
            and job.state != "paused"
            and not (job.state == "unknown" and (row.state == "unknown" or row.repeats == job.id))
        ]

    @property
    def unknown_jobs(self) -> list[RunJob]:
        """Return the newest jobs of items that may have been charged and never arrived."""
        unknown = [row.key for row in self.rows if row.state == "unknown"]
        jobs = [self.newest_jobs[key] for key in unknown if key in self.newest_jobs]
        return [job for job in jobs if job.state == "unknown"]

    @property
    def has_late_results(self) -> bool:
        """Return whether the outcome of a job is known by now, and not yet that of its item."""
        return len(self.unknown_jobs) < sum(row.state == "unknown" for row in self.rows)

    @property
    def waits_for_unknown(self) -> bool:
        """Return whether the run is paused only because of results that never arrived."""
        if self.row.state != "paused" or self.row.paused_at is not None:
            return False  # it waits for the user in any case
        if not any(row.state == "unknown" for row in self.rows):
            return False
        if any(row.state == "running" for row in self.rows):
            return False
        items = {key: row.as_item() for key, row in self.items.items()}
        return not progression(self.plan, self.inputs, items).ready

    @property
    def charged(self) -> int:
        """Return what was charged or may have been, in millicredits."""
        return sum(job.price for job in self.jobs if job.charged in {"yes", "assumed"})

    @property
    def reserved(self) -> int:
        """Return what is reserved for unfinished jobs, in millicredits."""
        return sum(job.price for job in self.jobs if job.charged == "reserved")

    @property
    def reused(self) -> int:
        """Return how many results an earlier run or an identical call made, at no cost."""
        return sum(row.reused_from is not None or "cached" in row.read_facts() for row in self.rows)

    def of_step(self, step: str) -> list[ItemRow]:
        """Return the items of a step in their order."""
        found = [row for row in self.rows if row.step == step]
        return sorted(found, key=lambda row: row.item)

    @cached_property
    def outputs(self) -> Mapping[str, list[ItemRow]]:
        """Return the finished items of each output, by its name; of a review, those picked."""
        found = {}
        for name, step in outputs_of(self.plan).items():
            rows = [row for row in self.of_step(step) if row.state == "done"]
            is_decided = any(row.picked is not None for row in rows)
            picked = [row for row in rows if row.picked] if is_decided else rows
            found[name] = picked if self.plan.step(step).review else rows
        return found

    @cached_property
    def results(self) -> Mapping[str, list[ItemRow]]:
        """Return the finished items that an answer shows, by output or step.

        Those are the outputs and, after a blind pick, what it was picked from. Of a run that didn't
        end well it is also what nothing was made of.
        """
        found = dict(self.outputs)
        names = {step: name for name, step in outputs_of(self.plan).items()}
        for step in self.plan.steps:
            rows = [row for row in self.of_step(step.id) if row.state == "done"]
            if step.blind and any(row.picked is not None for row in rows):
                found[names.get(step.id, step.id)] = rows
        return found if self.row.state == "done" else {**found, **self._unused(found)}

    def _unused(self, shown: Mapping[str, object]) -> dict[str, list[ItemRow]]:
        """Return the finished items of steps of which nothing was made, by step."""
        done = {row.step for row in self.rows if row.state == "done"}
        needs = dependencies(self.plan)
        used = {need for step in done for need in needs[step]} | {*outputs_of(self.plan).values()}
        others = [step.id for step in self.plan.steps if step.id in done - used]
        return {
            step: [row for row in self.of_step(step) if row.state == "done"]
            for step in others
            if step not in shown
        }

    def steps(self) -> list[StepProgress]:
        """Return the progress of each step, in the order of the plan."""
        totals = item_counts(
            self.plan, self.inputs, {k: r.as_item() for k, r in self.items.items()}
        )
        states: dict[str, Counter[str]] = {step.id: Counter() for step in self.plan.steps}
        for row in self.rows:
            is_paused = row.state == "running" and self.row.state == "paused"
            states[row.step]["paused" if is_paused else row.state] += 1
        charged: Counter[str] = Counter()
        for job in self.jobs:
            charged[job.step] += job.price * job.counts
        return [
            StepProgress(step, totals[step.id], states[step.id], charged[step.id])
            for step in self.plan.steps
        ]

    def progress(self, seconds: Seconds) -> tuple[str, float]:
        """Return the progress in words, and as a share from 0 to 1."""
        steps = self.steps()
        total = sum(each.step.count if each.total is None else each.total for each in steps)
        ended = sum(each.ended for each in steps)
        current = [each for each in steps if each.states.get("running")]
        named = ", ".join(
            f"{each.step.id} ({each.ended} of {each.total})"
            if (each.total or 0) > 1
            else each.step.id
            for each in current[:MAX_NAMED]
        )
        left = self._seconds_left(steps, seconds)
        parts = [f"{ended} of {total} done", named, f"about {left:.0f} s left" if left else ""]
        return "; ".join(filter(None, parts)), ended / max(total, 1)

    def seconds_left(self, seconds: Seconds) -> float:
        """Return about how long the longest chain of unfinished steps takes."""
        return self._seconds_left(self.steps(), seconds)

    def _seconds_left(self, steps: Sequence[StepProgress], seconds: Seconds) -> float:
        open_steps = {each.step.id for each in steps if not each.is_complete}
        needs = dependencies(self.plan)
        ends: dict[str, float] = {}
        for step in sorted_steps(self.plan)[0]:
            begins = max((ends[need] for need in needs[step.id]), default=0.0)
            paid = step.tool in OPERATIONS and step.id in open_steps
            ends[step.id] = begins + (seconds.get(step.tool, 0.0) if paid else 0.0)
        return max(ends.values(), default=0.0)


MAX_NAMED = 3
"""Steps that a line of progress names."""


def read_state(connection: Connection, account: Account, run: str) -> RunState:
    """Read a run with its items and jobs.

    Raises:
        NotFoundError: the account has no such run.
    """
    row = run_rows.find_run(connection, account, run)
    rows = list(run_rows.items(connection, run).values())
    return RunState(row, rows, jobs_of_run(connection, run))
