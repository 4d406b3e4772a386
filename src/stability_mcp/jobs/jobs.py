"""Jobs: the face of this package. Submit a call, wait for its jobs, read them, deliver them.

A call becomes rows in one transaction and is then carried out whether or not its caller waits: a
host that cancels, times out or goes away loses nothing.
"""

import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

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
from stability_mcp.media.records import set_copy_path
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account

TICK_SECONDS = 1.0
"""How often a waiting caller is told how far its jobs are."""

LOOK_SECONDS = 2.0
"""Seconds between two reads of jobs that didn't change, if nobody receives progress."""

COPIES_SECONDS = 5.0
"""Longest wait for readable copies before an answer goes out without their paths."""

log = logging.getLogger(__name__)


class Jobs:
    """The jobs of one upstream: read by `reader`, carried out in this process by `runner`.

    Args:
        context: The store, the client, the media, the upstream and the limits.
        engine: Makes what runs the steps.
    """

    def __init__(self, context: JobContext, *, engine: EngineFactory = Scheduler) -> None:
        self._context = context
        self._runner = Runner(context, engine)
        self.reader = JobReader(context)

    async def start(self, task_group: TaskGroup) -> None:
        """Register this process and carry out jobs in the task group until `drain`.

        Raises:
            StorageError: the store cannot be written.
        """
        await self._runner.start(task_group)

    async def drain(self) -> None:
        """Send nothing more, finish what is out, and leave the rest to other processes."""
        await self._runner.drain()

    async def submit(
        self,
        call_request: CallRequest,
        *,
        agreement: Agreement | None = None,
        check: Check | None = None,
    ) -> Call:
        """Write a call and its jobs, which are carried out from then on.

        A call takes over the jobs of an identical one that was given up, and a finished job answers
        where the result must be the same.

        Args:
            call_request: The request, its files as media ids.
            agreement: Sees that the price may be spent; None: nothing is asked.
            check: Runs inside the transaction, before anything is written.

        Raises:
            BudgetError: it would pass the ceiling; says what still fits.
            RequestError: the key was refused or had no credits, and that has not changed.
            StorageError: the store cannot be written.
            StudioError: what `agreement` or `check` raises.
        """
        return await self._runner.submit(call_request, agreement, check)

    async def wait(
        self,
        account: Account,
        job_ids: Sequence[str],
        seconds: float,
        progress: Progress | None = None,
        *,
        queued: Sequence[JobRow] = (),
    ) -> list[JobRecord]:
        """Wait until all have ended or the time is over, and return them in the order given.

        Paused jobs are not waited for: nothing happens to them by itself. A generation that the API
        did not have is polled once more. The caller may be cancelled; the jobs go on.

        Args:
            account: Whose jobs.
            job_ids: The jobs.
            seconds: The longest wait.
            progress: Receives what is going on.
            queued: The jobs, in this order, as this process has queued them just now; they are
                read only when something has happened to them.

        Raises:
            NotFoundError: there is no such job.
        """
        deadline, shown_share = time.monotonic() + seconds, 0.0
        tick = LOOK_SECONDS if progress is None else TICK_SECONDS
        if [row.id for row in queued] == list(job_ids):
            jobs = self.reader.records_of(queued)
        else:
            jobs = await self.reader.records(account, job_ids)
        await self._runner.revisit([job.id for job in jobs if job.is_missing])
        while (left := deadline - time.monotonic()) > 0:
            revisiting = self._context.revisiting
            open_ = [each.id for each in jobs if each.awaited or each.id in revisiting]
            if not open_:
                break
            if progress is not None:
                line, share = describe_call(jobs)
                shown_share = max(shown_share, share)  # never back, whatever the clock does
                await progress(line, shown_share)
            await self._runner.engine.changed(open_, min(left, tick))
            jobs = await self.reader.records(account, job_ids)
        await self._context.wait_for_copies(list(job_ids), COPIES_SECONDS)
        return jobs

    async def cancel(
        self, account: Account, job_ids: Sequence[str], *, caller: str | None = None
    ) -> list[CancelledJob]:
        """Cancel what was not sent, for nothing; what was sent is finished and kept.

        Args:
            account: Whose jobs.
            job_ids: The jobs.
            caller: The call for which they are cancelled; None: the one that started each. A job
                that another call still waits for goes on.

        Raises:
            NotFoundError: there is no such job.
        """
        ids, now, owner = list(job_ids), self._context.clock(), account.owner
        await self.reader.records(account, ids)
        engine = self._runner.engine

        def write(connection: Connection) -> list[CancelledJob]:
            done = cancel.cancel_jobs(connection, owner=owner, jobs=ids, now=now, caller=caller)
            for each in done:
                if each.fate == "cancelled":
                    engine.cancel(connection, each.job.id)
            return done

        done = await self._context.database.write(write, name="cancel.jobs")
        for each in done:
            if each.fate == "cancelled":
                self._context.forget(each.job.id)
        engine.wake()
        return done

    async def resume(self, job_ids: Sequence[str]) -> list[str]:
        """Queue paused jobs again, all or none, and return those that were paused.

        Raises:
            BudgetError: they would pass the ceiling of today; says how many fit.
        """
        ids, now = list(job_ids), self._context.clock()
        process, limit = self._runner.process, self._context.settings.budget
        done = await self._context.database.write(
            lambda c: recover.resume(c, ids, process=process, limit=limit, now=now),
            name="recover.resume",
            durable=True,
        )
        self._runner.engine.rescan()
        return [job.id for job in done]

    async def adopt(self, generation: ForeignGeneration) -> tuple[str, bool]:
        """Poll for a generation that was started elsewhere with the same key.

        Returns:
            The job, and whether it is new: a generation that is known here has its job.
        """
        process, now = self._runner.process, self._context.clock()
        since = now - self._context.timing.expires_after_seconds
        job, new = await self._context.database.write(
            lambda c: submit.adopt_generation(c, generation, process=process, now=now, since=since),
            name="submit.adopt_generation",
            durable=True,
        )
        self._runner.engine.wake()
        return job, new

    @asynccontextmanager
    async def collecting(self, job_ids: Sequence[str]) -> AsyncIterator[Mapping[str, FreshResult]]:
        """Keep what a job makes while a call waits for it, so that it need not be read.

        Only of one job: with several, the paths of the first copies would be noted only when the
        last job has ended.

        Yields:
            The results of those that ended meanwhile, by job. `deliver` notes their copies; at the
            end what it did not note is noted here.
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
        self, account: Account, call_ids: Iterable[str], *, jobs: Sequence[str]
    ) -> tuple[Spending, str | None]:
        """Note that an answer carries the results of these calls, and return what it ends with.

        Args:
            account: Whose calls.
            call_ids: The calls.
            jobs: Jobs that the answer itself tells of.

        Returns:
            What was spent, and the line about other results.
        """
        calls, named = list(call_ids), frozenset(jobs)
        fresh = [each for job in jobs if (each := self._context.fresh.get(job)) is not None]
        summary = self.reader.summary_in

        def work(connection: Connection) -> tuple[Spending, str | None]:
            for result in fresh:
                for media, path in result.copies.items():
                    set_copy_path(connection, account.owner, media, path)
            if calls:
                finish.mark_delivered(connection, calls, self._context.clock())
            return summary(connection, account, named)

        if calls or fresh:
            try:
                done = await self._context.database.write(work, name="finish.deliver")
            except StorageError as error:  # the answer goes out; it is delivered again later
                log.warning("a delivered result could not be noted as delivered: %s", error)
            else:
                for result in fresh:
                    result.copies.clear()
                return done
        return await self._context.database.read(lambda c: summary(c, account, named))

    async def mark_abandoned(self, call_ids: Iterable[str]) -> None:
        """Note that no caller waits for these calls any more; an identical call takes them over."""
        calls, now = list(call_ids), self._context.clock()

        def write(connection: Connection) -> None:
            for call in calls:
                finish.mark_abandoned(connection, call, now)

        if calls:
            try:
                await self._context.database.write(write, name="finish.abandon")
            except StorageError as error:  # the jobs go on, and the answer names them
                log.warning("an abandoned call could not be noted as abandoned: %s", error)

    async def save_notes(self, call_id: str, notes: Sequence[str]) -> None:
        """Keep what was said of a call's inputs, for the answer that is made later."""
        if notes:
            try:
                await self._context.database.write(
                    lambda c: finish.save_notes(c, call_id, notes), name="finish.save_notes"
                )
            except StorageError as error:  # the answer that is made later says less
                log.warning("the notes of a call could not be kept: %s", error)

    async def cancel_call(self, call_id: str) -> bool:
        """Note that the caller wants no answer; False: the call had ended before, either way."""
        now = self._context.clock()
        return await self._context.database.write(
            lambda c: finish.cancel_call(c, call_id, now), name="finish.cancel_call"
        )

    async def query(self, operation: Query) -> BaseModel:
        """Ask something about the account; it takes a slot of the rate limit.

        Raises:
            RequestError: the API could not be asked, or answered something else.
        """
        return await queries.run_query(self._context, self._runner.process, operation)

    async def remember_balance(self, credits_left: float) -> None:
        """Note about how many credits are left; where there are some, requests are sent again."""
        await queries.remember_balance(self._context, credits_left)

    async def raise_budget(self, account: Account, limit: int) -> None:
        """Raise the ceiling of today, in millicredits; for a person, never for a tool."""
        now = self._context.clock()
        await self._context.database.write(
            lambda c: budget.raise_budget(c, account, limit=limit, now=now),
            name="usage.raise_budget",
            durable=True,
        )

    async def clear_cache(self, account: Account) -> int:
        """Let no finished job answer again, and return how many could; their results stay."""
        return await self._context.database.write(
            lambda c: reuse.clear_cache(c, account), name="usage.clear_cache"
        )

    async def record_give_up(self, client: str, seconds: float) -> None:
        """Note that a client gave up on a call after so many seconds."""
        now = self._context.clock()
        await self._context.database.write(
            lambda c: usage.record_give_up(c, client, seconds, now=now),
            name="usage.record_give_up",
        )
