"""Shows runs of workflows, and carries out what the user decides about them.

Length: one method for each decision of the user.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from stability_mcp.errors import ArgumentsError
from stability_mcp.policy import idempotency
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.store.queries import Connection
from stability_mcp.studio.keyed_calls import KeyedCalls
from stability_mcp.studio.runtime import StudioParts
from stability_mcp.studio.workflow.keyed_runs import keyed
from stability_mcp.studio.workflow.plan_report import PlanWish
from stability_mcp.studio.workflow.run_answer import RunOutcome, outcome_of, usual_seconds
from stability_mcp.studio.workflow.run_start import (
    Change,
    RunOptions,
    RunStart,
    confirmed,
    start_run,
)
from stability_mcp.studio.workflow.workflow_plans import WorkflowPlans
from stability_mcp.text import credits_text, quoted
from stability_mcp.workflows.problems import problems_error
from stability_mcp.workflows.runs import run_fence, run_rows
from stability_mcp.workflows.runs.redo_price import redo_price
from stability_mcp.workflows.runs.run_decisions import Answer, read_pick, redo
from stability_mcp.workflows.runs.run_rows import RunRow
from stability_mcp.workflows.runs.run_state import RunState, read_state

PROGRESS_SECONDS = 0.25
"""Interval of progress reports to a waiting caller; each reads every item of the run."""
CHECK_SECONDS = 1.0
"""Interval at which a waiting caller looks at a run of another process."""

JOINED = (
    "joined: this is the run that an identical call started whose answer never arrived; call "
    "again for another one"
)
FOREIGN = "note: only a server with the API key it was started with continues this run"
"""Of a run of another key, or of the emulator."""


@dataclass(frozen=True, kw_only=True)
class RedoWish:
    """How a run is made again."""

    redo_from: str | None = None
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Arguments to change, by step."""
    pick: object = None
    """Another pick of a review that the earlier run had."""
    budget: float | None = None


def _not_running(row: RunRow) -> ArgumentsError:
    """Return why a run can't be paused, and what can be done instead."""
    hints = {"paused": "resume continues it.", "review": "It sends nothing before the pick."}
    words = {"running": "being cancelled", "review": "waiting for a pick"}
    now = words.get(row.state, row.state)
    return ArgumentsError(f"pause: run {row.id} is {now}.", hint=hints.get(row.state, ""))


class WorkflowRuns:
    """The part of the studio for runs of workflows; `Studio.runs`.

    Args:
        parts: The parts of the studio.
    """

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self.keys = KeyedCalls(parts)
        self._plans = WorkflowPlans(parts)

    # Start ----------------------------------------------------------------------------------------

    @keyed
    async def start(self, wanted: PlanWish, options: RunOptions) -> RunOutcome:
        """Start a workflow and wait for it.

        Raises:
            ArgumentsError: the plan can't run; names each problem.
            ConfirmationError: the user didn't agree to the price.
            StudioError: see `WorkflowPlans.check`.
        """
        report = await self._plans.check(wanted)
        if report.obstacles or report.plan is None:
            raise problems_error(report.obstacles)
        start = RunStart(report=report, plan=report.plan, inputs=report.values)
        return await self._start(start, options)

    async def _start(self, start: RunStart, options: RunOptions) -> RunOutcome:
        run, runs = await start_run(self._parts, start, options), self._parts.runtime.runs
        notes = [*start.report.notes]
        if run in runs.abandoned:
            notes.append(JOINED)
            runs.abandoned.discard(run)
        try:
            await runs.drive(run)
            return await self.show(run, options, notes=notes)
        except BaseException:  # its caller was cut off
            runs.abandoned.add(run)
            raise

    # Show -----------------------------------------------------------------------------------------

    async def show(self, run: str, options: RunOptions, *, notes: Sequence[str] = ()) -> RunOutcome:
        """Wait for a run to end or to stop, and return it with its results.

        Raises:
            NotFoundError: there is no such run.
        """
        state = await self._wait(run, options)
        if self._is_own(state) and state.waits_for_unknown:
            state = await self._with_late_results(state, options)
        if not self._is_own(state) and state.row.finished_at is None:
            notes = [*notes, FOREIGN]
        outcome = await outcome_of(self._parts, state, preview=options.preview, notes=notes)
        if not outcome.is_running and state.row.collected_at is None:
            now = self._parts.jobs.runner.now
            await self._parts.runtime.database.write(
                lambda c: run_rows.mark_collected(c, run, now), name="workflow.collected"
            )
        self._parts.runtime.runs.abandoned.discard(run)
        return outcome

    async def _wait(self, run: str, options: RunOptions) -> RunState:
        deadline, shown = time.monotonic() + options.wait, 0.0
        medians: Mapping[str, float] = {}
        while True:
            state = await self.read(run)
            left = deadline - time.monotonic()
            if state.row.state != "running" or left <= 0:
                return state
            if options.progress is not None:
                medians = medians or await usual_seconds(self._parts, state.plan)
                line, share = state.progress(medians)
                shown = max(shown, share)
                await options.progress(line, shown)
                left = min(left, PROGRESS_SECONDS)
            await self._until_it_stops(run, left)

    async def _until_it_stops(self, run: str, seconds: float) -> None:
        """Return when a run stops, or after some seconds."""
        account, database = self._parts.account, self._parts.runtime.database
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await self._parts.runtime.runs.changed(run, min(left, CHECK_SECONDS))
            row = await database.read(lambda c: run_rows.find_run(c, account, run))
            if row.state != "running":
                return

    async def _with_late_results(self, state: RunState, options: RunOptions) -> RunState:
        """Ask the API again for results that never came; continue a run that gets them."""
        run, jobs = state.row.id, [job.id for job in state.unknown_jobs]
        await self._parts.jobs.wait(self._parts.account, jobs, options.wait)
        found = await self.read(run)
        if not found.waits_for_unknown or not found.has_late_results:
            return found
        await self._restart(run, lambda _connection: None)
        return await self._wait(run, options)

    async def read(self, run: str) -> RunState:
        """Return the state of a run; raises NotFoundError."""
        account = self._parts.account
        return await self._parts.runtime.database.read(lambda c: read_state(c, account, run))

    async def _own(self, run: str) -> RunState:
        """Return the state of a run that this server may continue or change.

        Raises:
            ArgumentsError: its jobs belong to another API key, or to the emulator.
            NotFoundError: there is no such run.
        """
        state = await self.read(run)
        if self._is_own(state):
            return state
        raise ArgumentsError(
            f"run: {run} was started with another API key, or with the emulator; nothing was "
            "changed.",
            hint="Continue it with a server that has the same key, or start the workflow again.",
        )

    def _is_own(self, state: RunState) -> bool:
        return state.row.account == self._parts.account

    async def list(self, *, limit: int) -> Sequence[RunState]:
        """Return the newest runs with their items and jobs."""
        account = self._parts.account

        def read(connection: Connection) -> list[RunState]:
            rows = run_rows.list_runs(connection, account, limit=limit)
            return [read_state(connection, account, row.id) for row in rows]

        return await self._parts.runtime.database.read(read)

    async def newest(self, *, limit: int) -> Sequence[RunRow]:
        """Return the newest runs without their items."""
        account = self._parts.account
        return await self._parts.runtime.database.read(
            lambda c: run_rows.list_runs(c, account, limit=limit)
        )

    # Continue -------------------------------------------------------------------------------------

    @keyed
    async def pick(self, run: str, given: object, options: RunOptions) -> RunOutcome:
        """Record the user's pick of a review, and continue.

        Raises:
            ArgumentsError: nothing waits for a pick, or a number doesn't exist.
            NotFoundError: there is no such run.
        """
        picked = read_pick(given, await self._own(run))

        def write(connection: Connection) -> None:
            for step, items in picked.items():
                if run_rows.pick(connection, run, step, items) < len(items):
                    raise ArgumentsError(
                        f"pick: {step} of run {run} was picked a moment ago.",
                        hint=f"To pick again, pass redo_from {quoted(step)} and pick.",
                    )

        return await self._decide(run, write, options)

    @keyed
    async def answer_unknown(self, run: str, answer: Answer, options: RunOptions) -> RunOutcome:
        """Pay again for results that may have been charged but never arrived, or skip them.

        Raises:
            ArgumentsError: no result of the run has an unknown outcome.
            NotFoundError: there is no such run.
        """
        state = await self._own(run)
        jobs = {job.key: job for job in state.unknown_jobs}
        if not any(row.state == "unknown" for row in state.rows):
            raise ArgumentsError(
                f"unknown: run {run} has no result with an unknown outcome.",
                hint=f'workflow_run with run "{run}" shows it.',
            )
        now = self._parts.jobs.runner.now

        def write(connection: Connection) -> None:
            for key, job in jobs.items():
                if answer == "pay_again":
                    run_rows.repeat_item(connection, run, key, job.id, job.price)
                else:
                    run_rows.skip_unknown(connection, run, key, "skipped by the user", now)

        if answer == "pay_again" and jobs:
            due = sum(job.price for job in jobs.values())
            confirm = options.confirm.for_second_charge() if options.confirm else None
            subject = {"run": run, "again": sorted(job.id for job in jobs.values())}
            asked = replace(options, confirm=confirm)
            change = Change(subject, due, f"Paying again for {len(jobs)} results of {run}")
            again = partial(self._restart, run, write, options.key)
            await confirmed(self._parts, asked, change, again)
        else:
            await self._restart(run, write, options.key)
        return await self.show(run, options)

    @keyed
    async def resume(self, run: str, budget: float | None, options: RunOptions) -> RunOutcome:
        """Continue a run that waits for money, a key or disk space.

        Args:
            run: The run.
            budget: A higher maximum of its credits; None: it stays.
            options: Options of the call.

        Raises:
            ArgumentsError: it isn't paused, or the budget isn't higher than before.
            BudgetError: today's budget or a limit doesn't cover its paused jobs.
        """
        state = await self._own(run)
        if state.row.state != "paused":
            raise ArgumentsError(
                f"resume: run {run} is {state.row.state}, not paused.",
                hint="redo_from makes a step again." if state.row.finished_at else "",
            )
        before = state.row.max_credits
        most = before if budget is None else round(budget * 1000)
        more = most - before
        if more < 0:
            raise ArgumentsError(
                f"budget: the run may already cost {credits_text(before)}.",
                hint="Pass a higher number.",
            )
        if more:
            database = self._parts.runtime.database

            async def write() -> None:
                await database.write(
                    lambda c: run_rows.set_budget(c, run, most), name="workflow.raise_budget"
                )

            change = Change({"run": run, "more": more}, more, f"The higher budget of {run}")
            await confirmed(self._parts, options, change, write)
        paused = [job.id for job in state.newest_jobs.values() if job.state == "paused"]
        if paused:
            await self._parts.jobs.resume(paused, self._parts.limited_client())
        return await self._decide(run, lambda _connection: None, options)

    @keyed
    async def pause(self, run: str, options: RunOptions) -> RunOutcome:
        """Pause a run: what wasn't sent waits until `resume`; what was sent finishes.

        Raises:
            ArgumentsError: it doesn't run.
            NotFoundError: there is no such run.
        """
        await self._own(run)
        parts, now = self._parts, self._parts.jobs.runner.now

        def write(connection: Connection) -> None:
            if options.key is not None:
                idempotency.record(connection, parts.account.owner, options.key, {"run": run}, now)
            if not run_fence.pause_by_user(connection, run, now):
                raise _not_running(run_rows.find_run(connection, parts.account, run))

        await parts.runtime.database.write(write, name="workflow.pause", durable=True)
        parts.runtime.runs.wake(run)
        return await self.show(run, options)

    @keyed
    async def cancel(self, run: str, options: RunOptions) -> RunOutcome:
        """Cancel a run: what wasn't sent is never sent or charged; results are kept.

        Raises:
            ArgumentsError: it has ended.
            NotFoundError: there is no such run.
        """
        state = await self._own(run)
        if state.row.finished_at is not None:
            raise ArgumentsError(f"cancel: run {run} has ended: {state.row.state}.")
        now = self._parts.jobs.runner.now

        def write(connection: Connection) -> None:
            run_rows.request_cancel(connection, run, now)

        # Results that waited for a pick were shown before.
        preview = options.preview and state.row.state != "review"
        return await self._decide(run, write, replace(options, preview=preview))

    async def _decide(
        self, run: str, write: Callable[[Connection], None], options: RunOptions
    ) -> RunOutcome:
        """Write a decision, and show the run, which continues."""
        await self._restart(run, write, options.key)
        return await self.show(run, options)

    async def _restart(
        self, run: str, write: Callable[[Connection], None], key: CallKey | None = None
    ) -> None:
        """Write a decision, and drive the run here unless another process does."""
        parts = self._parts
        now, process = parts.jobs.runner.now, parts.jobs.runner.process

        def work(connection: Connection) -> bool:
            if key is not None:
                idempotency.record(connection, parts.account.owner, key, {"run": run}, now)
            write(connection)
            run_rows.touch(connection, run, now)
            return run_rows.restart(connection, run, process, now)

        if await parts.runtime.database.write(work, name="workflow.decide", durable=True):
            await parts.runtime.runs.drive(run)
        else:
            parts.runtime.runs.wake(run)

    # Again ----------------------------------------------------------------------------------------

    @keyed
    async def redo(self, run: str, wanted: RedoWish, options: RunOptions) -> RunOutcome:
        """Make a run again with changes; whatever is unchanged is reused at no cost.

        Raises:
            ArgumentsError: it is running, there is no such step, or the changes don't fit.
            NotFoundError: there is no such run.
        """
        before = await self._own(run)
        if before.row.state == "running":
            raise ArgumentsError(
                f"redo_from: run {run} is still running.", hint="Wait for it, or cancel it."
            )
        again = redo(before, wanted.redo_from, wanted.changes, wanted.pick)
        wish = PlanWish(plan=again.plan, inputs=before.inputs, budget=wanted.budget)
        report = await self._plans.check(wish)
        if report.obstacles or report.plan is None:
            raise problems_error(report.obstacles, cure="Correct changes and call again.")
        changed = {name for name, each in wanted.changes.items() if {*each} - {"budget"}}
        changed |= {*again.facts.again}
        start = RunStart(
            report=report,
            plan=report.plan,
            inputs=report.values,
            redo_of=run,
            redo=again.facts,
            files=before.row.read_files(),
            price=redo_price(before, report.checked, changed, again.facts.picks)
            if report.checked is not None
            else None,
        )
        return await self._start(start, options)

    async def save(self, run: str, name: str, options: RunOptions) -> RunOutcome:
        """Save the plan of a finished run as a template; the values of its inputs become defaults.

        Raises:
            ArgumentsError: the run didn't succeed, or a template has this name.
            NotFoundError: there is no such run.
            StorageError: the file can't be written.
        """
        state = await self.read(run)
        if state.row.state != "done":
            raise ArgumentsError(
                f"save_as: run {run} is {state.row.state}.", hint="Save a run that is done."
            )
        path = await self._plans.save(name, state.plan, state.inputs)
        note = (
            f"Saved as template {quoted(path.stem)}: {path}; run it with workflow_run "
            f'{{"template": {quoted(path.stem)}}}'
        )
        return await self.show(run, replace(options, preview=False), notes=[note])
