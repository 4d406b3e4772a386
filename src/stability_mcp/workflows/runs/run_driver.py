"""Drives one run in this process: starts what can start, records what ended, and stops.

The rows hold the state of a run, and the driver reads them before every step. So a run whose
process was killed continues in another one: an item without a job starts again, and one with a job
waits for that job. The driver stops when the run has ended, or waits for the user.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.abc import TaskGroup

from stability_mcp.errors import (
    BudgetError,
    ModerationError,
    RequestError,
    StorageError,
    StudioError,
)
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.transactions.call_keys import StepPlace
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account
from stability_mcp.text import listed
from stability_mcp.workflows.runs import run_fence, run_rows
from stability_mcp.workflows.runs.earlier_results import EarlierResults
from stability_mcp.workflows.runs.progression import ItemKey, Progression, ReadyItem, progression
from stability_mcp.workflows.runs.run_fence import NewState, NotDrivenError
from stability_mcp.workflows.runs.run_jobs import RunJob
from stability_mcp.workflows.runs.run_pauses import unknown_text, why_paused
from stability_mcp.workflows.runs.run_port import PreparedStep, StepResult, StepRunner
from stability_mcp.workflows.runs.run_rows import RunStatus, Settled
from stability_mcp.workflows.runs.run_state import RunState, read_state
from stability_mcp.workflows.runs.step_budgets import StepBudgets

MAX_PREPARING = 4
"""Items whose files are prepared at once: each may decode a picture of 100 MB in memory."""
MAX_LOCAL = 2
"""Local tools of a run that work at once, so that calls in the chat get their turn."""
TICK_SECONDS = 1.0
"""Interval at which the rows are read even without news: another process may have changed them."""

MAX_PAUSE_SECONDS = 0.25
"""Longest pause between two reads of the rows."""
PAUSE_FACTOR = 4
"""Pause for as many times as long as a read took: 20 ms for a run with 500 items. Items that end
meanwhile are recorded together."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DriverContext:
    """What the drivers of a process share."""

    database: Database
    jobs: Jobs
    account: Account
    clock: Callable[[], float]
    preparing: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(MAX_PREPARING)
    )
    local: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(MAX_LOCAL))

    @property
    def process(self) -> str:
        """Return the id of this process."""
        return self.jobs.runner.process


class RunDriver:
    """Drives one run.

    Args:
        context: What the drivers of a process share.
        run: The run; this process is in its row.
        steps: Makes its items.
    """

    def __init__(self, context: DriverContext, run: str, steps: StepRunner) -> None:
        self._context = context
        self._run = run
        self._steps = steps
        self._busy: set[ItemKey] = set()
        """Items that a task of this process prepares, submits or runs."""
        self._news = anyio.Event()
        self.listeners: set[anyio.Event] = set()
        """Set whenever the rows may have changed."""
        self._stopped_by: StudioError | None = None
        """Why no further item may start: money, the key or the disk."""
        self._is_halted = False
        """Whether the user cancelled or paused the run: what wasn't sent isn't."""
        self._unreadable: set[ItemKey] = set()
        """Items whose job is done, but whose result couldn't be taken over."""
        self._earlier: EarlierResults | None = None
        self._delivery: Mapping[str, Any] | None = None
        """What was delivered, until it is recorded: without a manifest it isn't found again."""
        self._budgets = StepBudgets(context.database, run)

    def wake(self) -> None:
        """Read the rows again."""
        self._news.set()

    def _notify(self) -> None:
        for each in self.listeners:
            each.set()

    async def drive(self) -> None:
        """Work until the run has ended, waits for the user, or belongs to another process."""
        self._stopped_by, self._is_halted = None, False
        self._unreadable.clear()
        async with anyio.create_task_group() as group:
            while True:
                self._news = anyio.Event()
                self._notify()
                begun = time.monotonic()
                try:
                    is_active, open_jobs = await self._advance(group)
                except StorageError as error:  # the rows are as they were
                    log.warning("run %s: the store could not be used: %s", self._run, error)
                    is_active, open_jobs = True, []
                    await anyio.sleep(TICK_SECONDS)
                if not is_active:
                    return
                took = time.monotonic() - begun
                await anyio.sleep(min(took * PAUSE_FACTOR, MAX_PAUSE_SECONDS))
                await self._wait(open_jobs)

    async def _wait(self, jobs: Sequence[str]) -> None:
        """Wait until one of the jobs changes, a task has news, or for a second."""
        async with anyio.create_task_group() as group:

            async def jobs_changed() -> None:
                try:
                    await self._context.jobs.runner.engine.changed(jobs, TICK_SECONDS)
                except StorageError:  # the next round reads anyway
                    await anyio.sleep(TICK_SECONDS)
                group.cancel_scope.cancel()

            group.start_soon(jobs_changed)
            await self._news.wait()
            group.cancel_scope.cancel()

    async def _advance(self, group: TaskGroup) -> tuple[bool, list[str]]:
        """Do what can be done now; return whether the run continues, and its open jobs."""
        # Before the rows are read: what a task writes from here on, the next round reads.
        busy = frozenset(self._busy)
        state = await self._read()
        row = state.row
        self._is_halted = row.cancel_at is not None or row.paused_at is not None
        is_mine = row.state == "running" and row.process == self._context.process
        if not is_mine and row.paused_at is None:
            return False, []
        state = await self._settle(state, busy)
        open_jobs = [job.id for job in state.newest_jobs.values() if job.is_open]
        if row.paused_at is not None:  # what was sent is still recorded
            self._stopped_by = None  # it is found again after the pause, unless it was solved
            return bool(open_jobs or busy), open_jobs
        if state.row.cancel_at is not None:
            return await self._cancel(state, open_jobs, busy), open_jobs
        found = self._progression(state, busy)
        if found.skipped:
            await self._write_skipped(found.skipped)
        started = 0
        for ready in found.ready:
            if self._stopped_by is not None or ready.key in busy:
                continue
            self._busy.add(ready.key)
            group.start_soon(self._make, ready, state)
            started += 1
        if started or open_jobs or busy or found.skipped:
            if not (started or open_jobs or self._busy):
                self.wake()  # what was skipped may have been the last
            return True, open_jobs
        return await self._stop(state, found), []

    async def _read(self) -> RunState:
        account, run = self._context.account, self._run
        return await self._context.database.read(lambda c: read_state(c, account, run))

    def _progression(self, state: RunState, busy: AbstractSet[ItemKey]) -> Progression:
        """Return what comes next; an item without a job that no task works on starts again."""
        items = {
            key: row.as_item()
            for key, row in state.items.items()
            if row.state != "running" or key in busy or state.has_job(key)
        }
        return progression(state.plan, state.inputs, items)

    # Items that ended -----------------------------------------------------------------------------

    async def _settle(self, state: RunState, busy: AbstractSet[ItemKey]) -> RunState:
        """Record the outcome of jobs until the state shows none that ended; return that state."""
        while ended := state.ended_jobs(excluding=busy | self._unreadable):
            await self._record(ended)
            state = await self._read()
        return state

    async def _record(self, ended: Sequence[RunJob]) -> None:
        found = {job.key: await self._settled(job) for job in ended}
        settled = {key: each for key, each in found.items() if each is not None}
        now, run = self._context.clock(), self._run

        def write(connection: Connection) -> None:
            for key, each in settled.items():
                run_rows.settle_item(connection, run, key, each, now)

        await self._context.database.write(write, name="workflow.settle")

    async def _settled(self, job: RunJob) -> Settled | None:
        """Return how an item ended; None: its result is there, but can't be read or written now."""
        if job.state != "done":
            state: Any = job.state
            return Settled(state=state, error=job.error)
        try:
            result = await self._steps.result(job)
        except StorageError as error:
            self._stopped_by = self._stopped_by or error
            self._unreadable.add(job.key)
            return None
        except StudioError as error:
            return Settled(state="failed", error=error.message)
        if result.media is None:
            return Settled(state="failed", error="Its result was deleted.")
        return Settled(state="done", media=result.media, facts=result.facts())

    async def _write_skipped(self, skipped: Mapping[ItemKey, str]) -> None:
        now, run = self._context.clock(), self._run

        def write(connection: Connection) -> None:
            for key, why in skipped.items():
                run_rows.skip_item(connection, run, key, why, now)

        await self._context.database.write(write, name="workflow.skip")

    # Items that start -----------------------------------------------------------------------------

    async def _make(self, ready: ReadyItem, state: RunState) -> None:
        """Make an item, or submit its job."""
        try:
            try:
                await self._attempt(ready, state)
            except NotDrivenError:
                log.info("run %s: %s not started: the run was stopped", self._run, ready.key.step)
            except ModerationError as error:  # the API refused the same a moment ago
                await self._fail(ready, error)
            except (BudgetError, RequestError, StorageError):
                raise
            except StudioError as error:
                await self._fail(ready, error)
        except (BudgetError, RequestError, StorageError) as error:
            self._stopped_by = self._stopped_by or error
        finally:
            self._busy.discard(ready.key)
            self.wake()

    @property
    def _is_stopping(self) -> bool:
        """Return whether items that wait for their turn don't start any more."""
        return self._is_halted or self._stopped_by is not None

    async def _attempt(self, ready: ReadyItem, state: RunState) -> None:
        async with self._context.preparing:
            if self._is_stopping:
                return
            prepared = await self._steps.prepare(ready)
        row = state.items.get(ready.key)
        repeats = row.repeats if row is not None else None
        if repeats is None and await self._reused(prepared, state):
            return
        if prepared.is_paid:
            step = state.plan.step(ready.key.step)
            async with self._budgets.reserve(step, prepared) as obstacle:
                if obstacle and repeats is None:
                    await self._write_skipped({ready.key: obstacle})
                    return
                await self._write_start(prepared)
                place = self._place(ready, state)
                cached = await self._steps.submit(prepared, place, retry_of=repeats)
            if cached is not None:
                await self._write_result(ready.key, cached)
            return
        await self._write_start(prepared)
        async with self._context.local:
            if self._is_stopping:
                return
            result = await self._steps.run_local(prepared)
        await self._write_result(ready.key, result)

    def _place(self, ready: ReadyItem, state: RunState) -> StepPlace:
        step, item = ready.key
        return StepPlace(run=self._run, step=step, item=item, budget=state.row.max_credits)

    async def _reused(self, prepared: PreparedStep, state: RunState) -> bool:
        """Settle an item with a result of an earlier run, if there is one."""
        if self._earlier is None:
            self._earlier = EarlierResults(self._context.database, state, self._context.clock)
        return await self._earlier.use(prepared)

    async def _write_start(self, prepared: PreparedStep) -> None:
        now, run, ready = self._context.clock(), self._run, prepared.item

        def write(connection: Connection) -> None:
            run_rows.start_item(connection, run, ready, reuse_key=prepared.reuse_key, now=now)

        await self._context.database.write(write, name="workflow.start_item")

    async def _write_result(self, key: ItemKey, result: StepResult) -> None:
        now, run = self._context.clock(), self._run
        settled = Settled(state="done", media=result.media, facts=result.facts())

        def write(connection: Connection) -> None:
            run_rows.settle_item(connection, run, key, settled, now)

        await self._context.database.write(write, name="workflow.settle_local")

    async def _fail(self, ready: ReadyItem, error: StudioError) -> None:
        now, run = self._context.clock(), self._run
        settled = Settled(state="failed", error=" ".join(filter(None, (error.message, error.hint))))

        def write(connection: Connection) -> None:
            run_rows.start_item(connection, run, ready, reuse_key=None, now=now)
            run_rows.settle_item(connection, run, ready.key, settled, now)

        await self._context.database.write(write, name="workflow.fail_item")

    # The end --------------------------------------------------------------------------------------

    async def _cancel(
        self, state: RunState, open_jobs: Sequence[str], busy: AbstractSet[ItemKey]
    ) -> bool:
        """Cancel unsent jobs; return whether the run still waits for sent ones."""
        paused = [job.id for job in state.newest_jobs.values() if job.state == "paused"]
        if open_jobs or paused:
            account = self._context.account
            done = await self._context.jobs.cancel(account, [*open_jobs, *paused])
            if any(each.outcome == "cancelled" for each in done):
                self.wake()
                return True
        if open_jobs or busy:
            return True
        return await self._stop_as(state, "cancelled", "")

    async def _stop(self, state: RunState, found: Progression) -> bool:
        """Write why the run stops, or that it has ended; return whether it continues."""
        paused = [job for job in state.newest_jobs.values() if job.state == "paused"]
        unknown = [key for key, row in state.items.items() if row.state == "unknown"]
        if self._stopped_by is not None or paused:
            why = why_paused(self._stopped_by, paused)
            return await self._stop_as(state, "paused", why)
        if found.reviews:
            why = f"Waits for a pick: {listed(found.reviews)}."
            return await self._stop_as(state, "review", why)
        if unknown:
            return await self._stop_as(state, "paused", unknown_text(unknown, state))
        if not found.is_finished:  # an item ended after the rows were read
            return True
        return await self._finish(state)

    async def _finish(self, state: RunState) -> bool:
        made = any(row.state == "done" for row in state.rows)
        if state.plan.deliver is not None and made and state.row.delivery is None:
            try:
                delivery = self._delivery = self._delivery or await self._steps.deliver(state)
            except StudioError as error:
                why = " ".join(filter(None, (error.message, error.hint)))
                return await self._stop_as(state, "paused", f"Not delivered: {why}")
            run = self._run
            await self._context.database.write(
                lambda c: run_rows.set_delivery(c, run, delivery), name="workflow.deliver"
            )
        failed = sorted({row.step for row in state.rows if row.state == "failed"})
        # A user who picks none of the results has what they wanted to know.
        outputs = any(state.outputs.values()) or all(row.state == "done" for row in state.rows)
        why = f"Failed: {listed(failed)}." if failed else ""
        return await self._stop_as(state, "done" if outputs else "failed", why)

    async def _stop_as(self, state: RunState, new: RunStatus, why: str) -> bool:
        """Write how the run stops; return whether it continues, as the user decided something."""
        now, row = self._context.clock(), state.row

        def write(connection: Connection) -> bool:
            return run_fence.stop(connection, row, NewState(state=new, why=why or None), now)

        if await self._context.database.write(write, name="workflow.set_state", durable=True):
            return False
        self.wake()
        return True
