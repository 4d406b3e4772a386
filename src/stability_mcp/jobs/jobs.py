"""Jobs: the face of this package. Submit a call, wait for its jobs, read them, hand them over.

A call becomes rows in one transaction and is then carried out whether or not anybody waits for it:
a host that cancels, times out or goes away loses nothing.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from pydantic import BaseModel
from sqlalchemy import Connection

from stability_mcp.api.operation import Operation, Query
from stability_mcp.errors import StorageError
from stability_mcp.jobs import account, submitting
from stability_mcp.jobs import progress as describing
from stability_mcp.jobs.account import BalanceMonitor
from stability_mcp.jobs.control import Control, Running
from stability_mcp.jobs.engine import EngineFactory
from stability_mcp.jobs.executor import Executor
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.rate_limit import RateLimit
from stability_mcp.jobs.reader import CallReader, Views
from stability_mcp.jobs.recovery import Recovery
from stability_mcp.jobs.scheduler import Scheduler
from stability_mcp.jobs.steps import disk_retry
from stability_mcp.jobs.steps.context import JobContext, Library, Wire
from stability_mcp.jobs.submitting import Agree
from stability_mcp.jobs.timing import EMULATED, Timing
from stability_mcp.jobs.transactions import finish, usage
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.submit import Call
from stability_mcp.jobs.transactions.usage import Upstream
from stability_mcp.store.database import Database
from stability_mcp.store.disk import allow_open_files

TICK_SECONDS = 1.0
"""How often somebody who waits is told how far it is."""

COPIES_SECONDS = 5.0
"""Longest wait for readable copies before an answer goes out without their paths."""

FILES_OF_A_REQUEST = 4
"""Its line, the guard of its room, the file of its body, and one that is sent."""
OTHER_FILES = 256
"""The database, locks, polls, blobs, previews, and whatever the host gave this process."""

log = logging.getLogger(__name__)


class Jobs(CallReader, Control):
    """The jobs of one owner and upstream, carried out by this process.

    Args:
        database: The store.
        client: Sends requests.
        media: Where results and inputs are.
        owner: Whose jobs.
        upstream: Where requests go and who pays.
        program: What this process calls itself, for people who look at the processes.
        rate: At most so many requests in so many seconds, over all processes.
        concurrency: Most paid requests in flight in this process.
        max_retries: How often a request is repeated that surely was not charged.
        timeout: Longest wait for one request, in seconds; so long `drain` may take.
        budget: Most millicredits a day; None: no ceiling.
        cache: Whether a finished job answers for a call that must have the same result.
        metadata: How much of its making is written into a readable copy.
        timing: When jobs are polled and retried; None: the default for the upstream.
        engine: Makes what runs the steps.
        clock: Unix seconds.
    """

    def __init__(  # noqa: PLR0913 -- the parts it joins and the limits an operator sets
        self,
        database: Database,
        client: Wire,
        *,
        media: Library,
        owner: str,
        upstream: Upstream,
        program: str = "stability-mcp",
        rate: tuple[int, float] = (150, 10.0),
        concurrency: int = 120,
        max_retries: int = 3,
        timeout: float = 300,
        budget: int | None = None,
        cache: bool = True,
        metadata: str = "full",
        timing: Timing | None = None,
        engine: EngineFactory = Scheduler,
        clock: Callable[[], float] = time.time,
    ) -> None:
        shop = JobContext(
            database=database,
            client=client,
            library=media,
            upstream=upstream,
            rate=RateLimit(limit=rate[0], window=rate[1]),
            max_retries=max_retries,
            timing=timing or (EMULATED if upstream.emulated else Timing()),
            metadata=metadata,
            clock=clock,
        )
        super().__init__(shop, owner=owner, budget=budget)
        self._program = program
        self._concurrency = concurrency
        self._timeout = timeout
        self._cache = cache
        self._make_engine = engine
        self._running: Running | None = None

    async def start(self, task_group: TaskGroup) -> None:
        """Register this process and carry out jobs in the task group until `drain`.

        Raises:
            StorageError: the store cannot be written.
        """
        shop, now = self._shop, self._shop.clock()
        allow_open_files(OTHER_FILES + FILES_OF_A_REQUEST * self._concurrency)
        process = await to_thread.run_sync(ProcessLock, shop.database.home)

        def register(connection: Connection) -> None:
            usage.register_upstream(connection, shop.upstream)
            process.register(connection, upstream=shop.upstream.id, program=self._program, now=now)

        engine = self._make_engine(shop.database, process=process.id, concurrency=self._concurrency)
        adopter = Recovery(shop, process, engine.look_again)
        try:
            await shop.database.write(register, name="recover.register")
            await adopter.adopt(starting=True)
        except BaseException:
            process.release()
            raise
        self._running = running = Running(process, engine)
        balance = BalanceMonitor(shop, process.id)
        shop.paid = balance.want

        async def look_around() -> None:
            with running.adopting:
                async with anyio.create_task_group() as group:
                    group.start_soon(adopter.run)
                    if not shop.upstream.emulated:  # its credits are ample, and nobody's
                        group.start_soon(balance.run)

        task_group.start_soon(engine.run, Executor(shop, process.id))
        task_group.start_soon(look_around)

    async def drain(self) -> None:
        """Send nothing more, finish what is out, and leave the rest to other processes."""
        running = self._running
        if running is None or running.ended:
            return
        running.ended = True
        running.adopting.cancel()
        await running.engine.drain(self._timeout)
        try:
            if await disk_retry.flush_writes(self._shop):
                await self._shop.database.write(running.process.hand_back, name="recover.hand_back")
        except StorageError as error:  # the lock says the same to whoever adopts
            log.warning("unfinished jobs could not be handed back: %s", error)
        await to_thread.run_sync(running.process.release)

    async def submit(  # noqa: PLR0913 -- the request and what is ours beside it
        self,
        operation: Operation,
        *,
        tool: str,
        count: int = 1,
        labels: Sequence[str | None] = (),
        output_dir: Path | None = None,
        inputs: Mapping[str, str] | None = None,
        retry_of: str | None = None,
        agree: Agree | None = None,
    ) -> Call:
        """Write a call and its jobs, which are carried out from then on.

        A call takes over the jobs of an identical one that nobody waits for any more, and a
        finished job answers where the result must be the same.

        Args:
            operation: The request, its files as media ids.
            tool: The tool that was called.
            count: How many variants; an explicit seed counts up from one to the next.
            labels: Names of the results, one for each variant.
            output_dir: Folder of the readable copies; None: none.
            inputs: Media ids by the field that takes the file.
            retry_of: The job that this one makes anew.
            agree: Sees that the price may be spent; None: nobody needs to be asked.

        Raises:
            BudgetError: it would pass the ceiling; says what still fits.
            RequestError: the key was refused or had no credits, and that has not changed.
            StorageError: the store cannot be written.
        """
        running = self._started()
        asked = CallRequest(
            owner=self._owner,
            upstream=self._shop.upstream.id,
            process=running.process.id,
            tool=tool,
            operation=operation,
            count=count,
            labels=labels,
            output_dir=output_dir,
            inputs=inputs or {},
            budget=self._budget,
            retry_of=retry_of,
            cache=self._cache,
        )
        submitted = await submitting.submit(self._shop, running, asked, agree=agree)
        if submitted.joined is None:
            running.engine.wake()
            self._shop.paid()
        else:
            running.engine.look_again()
        return submitted

    async def wait(
        self, job_ids: Sequence[str], seconds: float, progress: Progress | None = None
    ) -> Views:
        """Wait until all have ended or the time is over, and return them in the order given.

        Paused jobs are not waited for: nothing happens to them by itself.

        Whoever waits may be cancelled; the jobs go on.

        Raises:
            NotFoundError: there is no such job.
        """
        deadline, told = time.monotonic() + seconds, 0.0
        seen, views = await self._look(job_ids)
        while (left := deadline - time.monotonic()) > 0:
            open_ = [each.id for each in views if each.awaited]
            if not open_:
                break
            if progress is not None:
                line, share = describing.describe_call(seen, views, self._shop.clock())
                told = max(told, share)  # never back, whatever the clock does
                await progress(line, told)
            await self._started().engine.changed(open_, min(left, TICK_SECONDS))
            seen, views = await self._look(job_ids)
        await self._shop.wait_for_copies(list(job_ids), COPIES_SECONDS)
        return views

    async def mark_delivered(self, call_ids: Iterable[str]) -> None:
        """Note that an answer carries the results of these calls."""
        calls, now = list(call_ids), self._shop.clock()
        if calls:
            await self._shop.database.write(
                lambda c: finish.mark_delivered(c, calls, now), name="finish.deliver"
            )

    async def mark_abandoned(self, call_ids: Iterable[str]) -> None:
        """Note that nobody waits for these calls any more; their jobs go on, and are uncollected.

        An identical call takes them over.
        """
        calls, now = list(call_ids), self._shop.clock()

        def write(connection: Connection) -> None:
            for call in calls:
                finish.mark_abandoned(connection, call, now)

        if calls:
            try:
                await self._shop.database.write(write, name="finish.mark_abandoned")
            except StorageError as error:  # the jobs go on, and the answer names them
                log.warning("it could not be noted that nobody waits for a call: %s", error)

    async def query(self, operation: Query) -> BaseModel:
        """Ask something about the account; it takes a place in the rate limit.

        Raises:
            RequestError: the API could not be asked, or answered something else.
        """
        return await account.run_query(self._shop, self._started().process.id, operation)

    async def remember_balance(self, credits_left: float) -> None:
        """Note about how many credits are left; where there are some, requests are sent again."""
        await account.remember_balance(self._shop, credits_left)

    def _started(self) -> Running:
        if self._running is None:
            raise RuntimeError("Jobs.start comes first")
        return self._running
