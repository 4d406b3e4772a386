"""The public interface of this package: submit a call, wait for its jobs, read and deliver them.

A call becomes rows in one transaction and then runs whether or not its caller waits: a host that
cancels, times out or disconnects loses nothing.
"""

import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import anyio
from anyio.abc import TaskGroup
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.errors import StorageError
from stability_mcp.jobs import account as queries
from stability_mcp.jobs import budget
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.engine import EngineFactory
from stability_mcp.jobs.models import Call, JobRecord, JobRow
from stability_mcp.jobs.progress import Progress, describe_call
from stability_mcp.jobs.reader import JobReader
from stability_mcp.jobs.runner import Agreement, Check, Runner
from stability_mcp.jobs.scheduler import Scheduler
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.steps.store_result import record_copies
from stability_mcp.jobs.transactions import cancel, finish, recover, reuse, submit, usage
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.jobs.transactions.finish import FreshResult
from stability_mcp.jobs.transactions.submit import ForeignGeneration
from stability_mcp.media.records import set_copy
from stability_mcp.policy import spend_limits
from stability_mcp.policy.spend_limits import LimitedClient
from stability_mcp.store.liveness import Liveness
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account

PROGRESS_SECONDS = 1.0
"""Interval between progress updates to a waiting caller."""

NO_PROGRESS_SECONDS = 2.0
"""Interval between re-reads of unchanged jobs for a caller that doesn't receive progress."""

COPIES_SECONDS = 5.0
"""Longest wait for readable copies before an answer goes out without their paths."""

log = logging.getLogger(__name__)


def _unchecked(connection: Connection) -> None:
    """Accept every state of the store."""
    del connection


class Jobs:
    """The jobs of one upstream: `reader` reads them, `runner` runs them in this process.

    Args:
        context: The store, the client, the media, the upstream and the limits.
        engine: Makes the engine that runs the steps.
    """

    def __init__(self, context: JobContext, *, engine: EngineFactory = Scheduler) -> None:
        self._context = context
        self.runner = Runner(context, engine)
        self.reader = JobReader(context)

    async def start(self, task_group: TaskGroup) -> None:
        """Register this process and run jobs in the task group until `drain`.

        Raises:
            StorageError: the store cannot be written.
        """
        await self.runner.start(task_group)

    async def drain(self) -> None:
        """Send nothing more, finish sent requests, and leave the rest to other processes."""
        await self.runner.drain()

    async def submit(
        self,
        call_request: CallRequest,
        *,
        agreement: Agreement | None = None,
        check: Check | None = None,
    ) -> Call:
        """Write a call and its jobs, and start running them.

        If an identical call was abandoned, the call joins its jobs. Variants whose result must be
        the same as that of a finished job reuse it.

        Args:
            call_request: The request, its files as media ids.
            agreement: Gets the user's approval of the price; None: no approval needed.
            check: Runs inside the transaction, before anything is written.

        Raises:
            BudgetError: the call would exceed the daily budget or a limit; says what still fits.
            RequestError: the key is still rejected, or still has no credits.
            StorageError: the store cannot be written.
            StudioError: whatever `agreement` or `check` raises.
        """
        return await self.runner.submit(call_request, agreement, check)

    async def wait(
        self,
        account: Account,
        job_ids: Sequence[str],
        seconds: float,
        progress: Progress | None = None,
        *,
        queued: Sequence[JobRow] = (),
    ) -> list[JobRecord]:
        """Wait until all jobs have ended or the time is up, and return them in the order given.

        Paused jobs are not waited for: they don't continue by themselves. A generation that the
        API did not have is polled again. If the caller is cancelled, the jobs continue.

        Args:
            account: The owner of the jobs.
            job_ids: The jobs.
            seconds: The longest wait.
            progress: Receives progress updates.
            queued: The jobs, in this order, as this process has just queued them; they are read
                from the store only after a change.

        Raises:
            NotFoundError: there is no such job.
        """
        deadline, shown_share = time.monotonic() + seconds, 0.0
        tick = NO_PROGRESS_SECONDS if progress is None else PROGRESS_SECONDS
        if [row.id for row in queued] == list(job_ids):
            jobs = self.reader.records_of(queued)
        else:
            jobs = await self.reader.records(account, job_ids)
        await self.runner.revisit([job.id for job in jobs if job.is_missing])
        while (left := deadline - time.monotonic()) > 0:
            revisiting = self._context.revisiting
            open_ = [each.id for each in jobs if each.awaited or each.id in revisiting]
            if not open_:
                break
            if progress is not None:
                line, share = describe_call(jobs)
                # Never backwards, even if the clock is set back.
                shown_share = max(shown_share, share)
                await progress(line, shown_share)
            await self.runner.engine.changed(open_, min(left, tick))
            jobs = await self.reader.records(account, job_ids)
        await self._context.wait_for_copies(list(job_ids), COPIES_SECONDS)
        return jobs

    async def cancel(
        self, account: Account, job_ids: Sequence[str], *, caller: str | None = None
    ) -> list[CancelledJob]:
        """Cancel unsent jobs free of charge; sent ones finish, and their results are kept.

        Args:
            account: The owner of the jobs.
            job_ids: The jobs.
            caller: The call that cancels them; None: the call that started each. A job that
                another call still waits for continues.

        Raises:
            NotFoundError: there is no such job.
        """
        ids, now, owner = list(job_ids), self._context.clock(), account.owner
        await self.reader.records(account, ids)
        engine = self.runner.engine

        def write(connection: Connection) -> list[CancelledJob]:
            done = cancel.cancel_jobs(connection, owner=owner, jobs=ids, now=now, caller=caller)
            for each in done:
                if each.outcome == "cancelled":
                    engine.cancel(connection, each.job.id)
            return done

        done = await self._context.database.write(write, name="cancel.jobs")
        for each in done:
            if each.outcome == "cancelled":
                self._context.forget(each.job.id)
        engine.wake()
        return done

    async def resume(
        self, job_ids: Sequence[str], client: LimitedClient | None = None, check: Check = _unchecked
    ) -> list[str]:
        """Queue paused jobs again, all or none, and return those that were paused.

        `check` runs first inside the transaction.

        Raises:
            BudgetError: they would exceed the budget or a limit of `client`; says how many fit.
            RequestError: the key is still rejected, or still has no credits.
        """
        await self.runner.check_not_paused()
        ids, now, limit = list(job_ids), self._context.clock(), self._context.settings.budget

        def write(connection: Connection, /, *, live: Liveness) -> dict[str, int]:
            check(connection)
            jobs = recover.resume(connection, ids, process=live.process, limit=limit, now=now)
            prices = {job.id: job.price for job in jobs}
            spend_limits.check_resumed(connection, client and replace(client, live=live), prices)
            return prices

        done = await self.runner.write_probed(write, name="recover.resume", durable=True)
        self.runner.engine.rescan()
        return [*done]

    async def adopt(self, generation: ForeignGeneration) -> tuple[str, bool]:
        """Poll for a generation that was started elsewhere with the same key.

        Return the job, and whether it is new: a known generation already has a job.
        """
        process, now = self.runner.process, self._context.clock()
        since = now - self._context.timing.expires_after_seconds
        job, new = await self._context.database.write(
            lambda c: submit.adopt_generation(c, generation, process=process, now=now, since=since),
            name="submit.adopt_generation",
            durable=True,
        )
        self.runner.engine.wake()
        return job, new

    @asynccontextmanager
    async def collecting(self, job_ids: Sequence[str]) -> AsyncIterator[Mapping[str, FreshResult]]:
        """Keep the result of a job in memory while a call waits for it, to save a read.

        Only for a single job: with several, the copy paths of the first ones would not be recorded
        until the last job has ended.

        Yields:
            The results of jobs that have ended, by job. `deliver` records the paths of their
            copies; any that it did not record are recorded on exit.
        """
        context = self._context
        if len(job_ids) != 1:
            yield {}
            return
        context.awaited.update(job_ids)
        try:
            yield context.fresh
        finally:
            context.awaited.subtract(job_ids)
            for job in [each for each in job_ids if context.awaited[each] <= 0]:
                del context.awaited[job]
                fresh = context.fresh.pop(job, None)
                if fresh is not None:
                    with anyio.CancelScope(shield=True):
                        await record_copies(context, fresh.copies)

    async def deliver(
        self,
        account: Account,
        call_ids: Iterable[str],
        *,
        jobs: Sequence[str],
        client: LimitedClient | None = None,
    ) -> tuple[Spending, str | None]:
        """Mark calls as delivered by an answer, and return the summary that ends the answer.

        Args:
            account: The owner of the calls.
            call_ids: The calls.
            jobs: Jobs that the answer already describes.
            client: Whose spending limit the summary names; None: it names none.

        Returns:
            Today's spending, and the line about other results.
        """
        calls, named = list(call_ids), frozenset(jobs)
        fresh = [each for job in jobs if (each := self._context.fresh.get(job)) is not None]
        summary = self.reader.summary_in

        def work(connection: Connection) -> tuple[Spending, str | None]:
            for result in fresh:
                for media, copy in result.copies.items():
                    set_copy(connection, account.owner, media, copy)
            if calls:
                finish.mark_delivered(connection, calls, self._context.clock())
            return summary(connection, account, named, client)

        if calls or fresh:
            try:
                done = await self._context.database.write(work, name="finish.deliver")
            except StorageError as error:  # the answer goes out; a later one lists the result again
                log.warning("a result could not be marked as delivered: %s", error)
            else:
                for result in fresh:
                    result.copies.clear()
                return done
        return await self._context.database.read(lambda c: summary(c, account, named, client))

    async def mark_abandoned(self, call_ids: Iterable[str]) -> None:
        """Record that no caller waits for these calls any more; identical calls may join them."""
        calls, now = list(call_ids), self._context.clock()

        def write(connection: Connection) -> None:
            for call in calls:
                finish.mark_abandoned(connection, call, now)

        if calls:
            try:
                await self._context.database.write(write, name="finish.abandon")
            except StorageError as error:  # the jobs continue, and the answer names them
                log.warning("a call could not be marked as abandoned: %s", error)

    async def save_notes(self, call_id: str, notes: Sequence[str]) -> None:
        """Save the notes about a call's inputs for an answer that is rendered later."""
        if notes:
            try:
                await self._context.database.write(
                    lambda c: finish.save_notes(c, call_id, notes), name="finish.save_notes"
                )
            except StorageError as error:  # a later answer lacks the notes
                log.warning("the notes of a call could not be saved: %s", error)

    async def cancel_call(self, call_id: str) -> bool:
        """Mark a call as cancelled by its caller; False: it had already ended or been cancelled."""
        mark = partial(finish.cancel_call, call=call_id, now=self._context.clock())
        return await self._context.database.write(mark, name="finish.cancel_call")

    async def query(self, operation: Query) -> BaseModel:
        """Send a query about the account in a rate-limit slot; raises RequestError if it fails."""
        return await queries.run_query(self._context, self.runner.process, operation)

    async def time_query(self, operation: Query) -> float:
        """Send a query and return its response time in seconds; raises the errors of `query`."""
        return await queries.time_query(self._context, self.runner.process, operation)

    async def remember_balance(self, credits_left: float) -> None:
        """Save the approximate balance; a positive one resumes sending."""
        await queries.remember_balance(self._context, credits_left)

    async def raise_budget(self, account: Account, limit: int) -> None:
        """Raise today's budget, in millicredits; for a person, never for a tool."""
        now = self._context.clock()
        await self._context.database.write(
            lambda c: budget.raise_budget(c, account, limit=limit, now=now),
            name="usage.raise_budget",
            durable=True,
        )

    async def clear_cache(self, account: Account) -> int:
        """Remove all finished jobs from the cache and return how many; their results stay."""
        return await self._context.database.write(
            lambda c: reuse.clear_cache(c, account), name="usage.clear_cache"
        )

    async def record_client_timeout(self, client: str, seconds: float) -> None:
        """Record after how many seconds a client gave up on a call."""
        write = partial(
            usage.record_client_timeout, client=client, seconds=seconds, now=self.runner.now
        )
        await self._context.database.write(write, name="usage.record_client_timeout")
