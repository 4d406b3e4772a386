"""Runs the jobs of one upstream in this process: registers it, submits calls, drains at the end."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from stability_mcp.errors import StorageError
from stability_mcp.jobs import account
from stability_mcp.jobs.account import BalanceMonitor
from stability_mcp.jobs.budget import UNLIMITED
from stability_mcp.jobs.engine import Engine, EngineFactory
from stability_mcp.jobs.executor import Executor
from stability_mcp.jobs.models import Call, UpstreamPausedError
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.jobs.recovery import Recovery, dead_processes, revisit_missing
from stability_mcp.jobs.steps import disk_retry
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import recover, usage
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.reuse import NeedsLivenessError
from stability_mcp.jobs.transactions.submit import (
    NeedsConfirmationError,
    SubmitTerms,
    insert_call,
)
from stability_mcp.store.disk import allow_open_files
from stability_mcp.store.queries import Connection

Check = Callable[[Connection], None]
"""Runs in the transaction that writes a call; raises the caller's error if the call may not be
written."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How the user agrees to the price of a call."""

    max_unconfirmed: int
    """Most millicredits that may be reserved without a question."""
    ask: Callable[[int], Awaitable[None]]
    """Asks about a price in millicredits; raises what the caller is told where the user does not
    agree. Asked once more where the price has risen meanwhile."""


FILES_PER_REQUEST = 4
"""Its socket, the guard of its room, the file of its body, and one that is sent."""
OTHER_FILES = 256
"""The database, locks, polls, blobs, previews, and whatever the host gave this process."""

log = logging.getLogger(__name__)


@dataclass
class _Running:
    """What exists while jobs are carried out."""

    process: ProcessLock
    engine: Engine
    background: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Recovery and the balance."""
    ended: bool = False


class Runner:
    """Carries out jobs in this process, from `start` to `drain`.

    Args:
        context: What the steps share.
        make_engine: Makes what runs the steps.
    """

    def __init__(self, context: JobContext, make_engine: EngineFactory) -> None:
        self._context = context
        self._make_engine = make_engine
        self._running: _Running | None = None

    @property
    def process(self) -> str:
        """Return the id of this process."""
        return self._started().process.id

    @property
    def engine(self) -> Engine:
        """Return what runs the steps."""
        return self._started().engine

    async def start(self, task_group: TaskGroup) -> None:
        """Register this process and carry out jobs in the task group until `drain`.

        Raises:
            StorageError: the store cannot be written.
        """
        context, now = self._context, self._context.clock()
        concurrency = context.settings.concurrency
        allow_open_files(OTHER_FILES + FILES_PER_REQUEST * concurrency)
        process = await to_thread.run_sync(ProcessLock, context.database.home)

        def register(connection: Connection) -> None:
            usage.register_upstream(connection, context.upstream)
            program = context.settings.program
            process.register(connection, upstream=context.upstream.id, program=program, now=now)

        engine = self._make_engine(context.database, process=process.id, concurrency=concurrency)
        recovery = Recovery(context, process, engine)
        try:
            await context.database.write(register, name="recover.register")
            await recovery.recover(starting=True)
        except BaseException:
            process.release()
            raise
        self._running = running = _Running(process, engine)
        balance = BalanceMonitor(context, process.id)
        context.on_paid = balance.want

        async def run_background() -> None:
            with running.background:
                async with anyio.create_task_group() as group:
                    group.start_soon(recovery.run)
                    group.start_soon(context.sent_slots.run)
                    if not context.upstream.emulated:  # the emulator's credits mean nothing
                        group.start_soon(balance.run)

        task_group.start_soon(engine.run, Executor(context, process.id))
        task_group.start_soon(run_background)

    async def drain(self) -> None:
        """Send nothing more, finish what is out, and leave the rest to other processes."""
        running = self._running
        if running is None or running.ended:
            return
        running.ended = True
        running.background.cancel()
        await running.engine.drain(self._context.settings.timeout)
        await self._context.sent_slots.flush()
        try:
            if await disk_retry.flush_writes(self._context):
                await self._context.database.write(
                    partial(recover.release_process, process=running.process.id),
                    name="recover.release_process",
                )
        except StorageError as error:  # the free lock tells recovery the same
            log.warning("unfinished jobs could not be handed back: %s", error)
        await to_thread.run_sync(running.process.release)

    async def revisit(self, jobs: Sequence[str]) -> None:
        """Poll once more for the missing generations of these jobs."""
        if jobs:
            await revisit_missing(self._context, self.engine, self.process, jobs)

    async def submit(
        self,
        call_request: CallRequest,
        agreement: Agreement | None = None,
        check: Check | None = None,
    ) -> Call:
        """Write a call and its jobs, or take over what answers for it.

        A call that an earlier one answers for costs nothing, so nobody is asked and the balance
        does not matter. What one transaction cannot find out, it leaves to be found out here, and
        runs again: the user's word about the price, whether other processes live, and whether the
        balance allows sending again.

        Args:
            call_request: The call.
            agreement: Asked before more than `unasked` is reserved; None: nothing is asked.
            check: Runs inside the transaction, before anything is written.

        Raises:
            BudgetError: it would pass the ceiling.
            RequestError: something has to be sent, the key was refused or had no credits, and that
                has not changed.
            StorageError: the store cannot be written.
            StudioError: what `agreement` or `check` raises.
        """
        context, running = self._context, self._started()
        terms = self._terms(UNLIMITED if agreement is None else agreement.max_unconfirmed)
        while True:
            write = partial(self._write_call, call_request=call_request, terms=terms, check=check)
            try:
                call = await context.database.write(write, name="submit.call")
            except NeedsLivenessError as needed:
                dead = await dead_processes(context, needed.processes)
                alive = needed.processes - dead
                terms = replace(terms, dead={*terms.dead, *dead}, alive={*terms.alive, *alive})
            except NeedsConfirmationError as needed:
                if agreement is None:
                    raise
                await agreement.ask(needed.price)
                # Other processes may have died while the user thought about it.
                terms = replace(terms, agreed=needed.price, dead=(), alive=())
            except UpstreamPausedError:
                await account.check_can_pay(context, running.process.id)
                terms = replace(terms, may_pay=True)
            except BaseException:
                running.engine.wake()  # it may be committed all the same
                raise
            else:
                break
        if call.joined is None:
            running.engine.add(call.queued)
            context.on_paid()
        else:
            running.engine.rescan()
        return call

    def _write_call(
        self,
        connection: Connection,
        *,
        call_request: CallRequest,
        terms: SubmitTerms,
        check: Check | None,
    ) -> Call:
        if check is not None:
            check(connection)
        # In the transaction: it may have waited for the writer.
        return insert_call(connection, call_request, replace(terms, now=self._context.clock()))

    def _terms(self, agreed: int) -> SubmitTerms:
        running, settings = self._started(), self._context.settings

        def dispatch(connection: Connection, job: str, priority: int) -> None:
            running.engine.dispatch(connection, job, priority=priority)

        return SubmitTerms(
            process=running.process.id,
            now=self._context.clock(),
            budget=settings.budget,
            agreed=agreed,
            cache=settings.cache,
            dispatch=dispatch,
        )

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("Jobs.start comes first")
        return self._running
