"""Runs the jobs of one upstream in this process: registers it, submits calls, drains at exit."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeVar

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
from stability_mcp.jobs.transactions import finish, recover, usage
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.submit import (
    NeedsConfirmationError,
    SubmitTerms,
    insert_call,
)
from stability_mcp.policy import idempotency, spend_limits
from stability_mcp.store.disk import allow_open_files
from stability_mcp.store.liveness import Liveness, NeedsLivenessError
from stability_mcp.store.queries import Connection

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
L = TypeVar("L", bound=Liveness)


class ProbedWrite(Protocol[T_co]):
    """A transaction that raises `NeedsLivenessError` for processes that it knows nothing about."""

    def __call__(self, connection: Connection, /, *, live: Liveness) -> T_co:
        """Run it."""
        ...


Check = Callable[[Connection], None]
"""Runs in the transaction that writes a call; raises the caller's error to reject the call."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How the user approves the price of a call."""

    max_unconfirmed: int
    """Millicredits that may be reserved without approval."""
    ask: Callable[[int], Awaitable[None]]
    """Asks for approval of a price in millicredits; raises the caller's error if the user declines.
    Called again if the price has risen since."""


FILES_PER_REQUEST = 4
"""Open files per request: its socket, its spool guard, its response body and an input file."""
OTHER_FILES = 256
"""Other open files: database, locks, polls, blobs, previews, and those inherited from the host."""

log = logging.getLogger(__name__)


@dataclass
class _Running:
    """The state of a started runner."""

    process: ProcessLock
    engine: Engine
    background: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Recovery, sent times of slots, and the balance."""
    ended: bool = False


class Runner:
    """Runs jobs in this process, from `start` to `drain`.

    Args:
        context: The state that all steps share.
        make_engine: Makes the engine that runs the steps.
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
    def now(self) -> float:
        """Return the time in unix seconds, by the clock of all steps."""
        return self._context.clock()

    @property
    def engine(self) -> Engine:
        """Return the engine that runs the steps."""
        return self._started().engine

    async def start(self, task_group: TaskGroup) -> None:
        """Register this process and run jobs in the task group until `drain`.

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
        context.on_paid = balance.request

        async def run_background() -> None:
            with running.background:
                async with anyio.create_task_group() as group:
                    group.start_soon(recovery.run)
                    group.start_soon(context.sent_slots.run)
                    if not context.upstream.emulated:  # emulated credits aren't real
                        group.start_soon(balance.run)

        task_group.start_soon(engine.run, Executor(context, process.id))
        task_group.start_soon(run_background)

    async def drain(self) -> None:
        """Send nothing more, finish sent requests, and leave the rest to other processes."""
        running = self._running
        if running is None or running.ended:
            return
        running.ended = True
        running.background.cancel()
        await self._release_limits(running.process.id)
        await running.engine.drain(self._context.settings.timeout)
        await self._context.sent_slots.flush()
        try:
            if await disk_retry.flush_writes(self._context):
                await self._context.database.write(
                    partial(recover.release_process, process=running.process.id),
                    name="recover.release_process",
                )
        except StorageError as error:  # recovery finds them by the free lock
            log.warning("unfinished jobs could not be released: %s", error)
        await to_thread.run_sync(running.process.release)

    async def _release_limits(self, process: str) -> None:
        """Let this process's spending limits bind the client's next one, before this one ends.

        The next one may start while this one still finishes its requests.
        """
        try:
            await self._context.database.write(
                partial(spend_limits.release, process=process), name="spend_limits.release"
            )
        except StorageError as error:  # they bind as soon as this process has ended
            log.warning("the spending limits could not be released: %s", error)

    async def revisit(self, jobs: Sequence[str]) -> None:
        """Poll again for the missing generations of these jobs."""
        if jobs:
            await revisit_missing(self._context, self.engine, self.process, jobs)

    async def write_probed(self, write: ProbedWrite[T], *, name: str, durable: bool = False) -> T:
        """Run a write that may need to know which processes run; it is repeated once they are.

        Args:
            write: The transaction; raises `NeedsLivenessError`.
            name: Its name.
            durable: Whether it must survive a power failure.
        """
        live = Liveness(process=self.process)
        while True:
            try:
                return await self._context.database.write(
                    partial(write, live=live), name=name, durable=durable
                )
            except NeedsLivenessError as needed:
                live = await self._probe(live, needed.processes)

    async def check_not_paused(self) -> None:
        """Ask for the balance if the upstream is paused, which a positive one ends.

        Raises:
            RequestError: the key is still rejected, or still has no credits.
        """
        context = self._context
        if await context.database.peek(lambda c: usage.paused_why(c, context.upstream.id)):
            await account.check_can_pay(context, self.process)

    async def dead(self, processes: frozenset[str]) -> frozenset[str]:
        """Return which of these processes have ended."""
        return await dead_processes(self._context, processes)

    async def _probe(self, live: L, processes: frozenset[str]) -> L:
        dead = await dead_processes(self._context, processes)
        alive = processes - dead
        return replace(live, dead={*live.dead, *dead}, alive={*live.alive, *alive})

    async def submit(
        self,
        call_request: CallRequest,
        agreement: Agreement | None = None,
        check: Check | None = None,
    ) -> Call:
        """Write a call and its jobs, or join or reuse earlier ones.

        A call that earlier jobs answer is not charged, so it needs no approval and no balance. The
        transaction raises an error for what it can't determine itself: whether the user approves
        the price, whether other processes are alive, and whether the balance allows sending again.
        This method determines it and runs the transaction again.

        Args:
            call_request: The call.
            agreement: Asked before more than `max_unconfirmed` is reserved; None: no approval
                needed.
            check: Runs inside the transaction, before anything is written.

        Raises:
            BudgetError: the call would exceed the daily budget or a spending limit.
            KeyUsedError: the idempotency key was used; nothing was written.
            RequestError: a request must be sent, and the key is still rejected or still has no
                credits.
            StorageError: the store cannot be written.
            StudioError: whatever `agreement` or `check` raises.
        """
        context, running = self._context, self._started()
        terms = self._terms(UNLIMITED if agreement is None else agreement.max_unconfirmed)
        while True:
            write = partial(self._write_call, call_request=call_request, terms=terms, check=check)
            try:
                call = await context.database.write(write, name="submit.call")
            except NeedsLivenessError as needed:
                terms = await self._probe(terms, needed.processes)
            except NeedsConfirmationError as needed:
                if agreement is None:
                    raise
                await agreement.ask(needed.price)
                # Other processes may have died while the user was deciding.
                terms = replace(terms, agreed=needed.price, dead=(), alive=())
            except UpstreamPausedError:
                await account.check_can_pay(context, running.process.id)
                terms = replace(terms, may_pay=True)
            except BaseException:
                running.engine.wake()  # the call may still have been committed
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
        owner, key = call_request.account.owner, call_request.key
        if key is not None:  # a call that was written already isn't checked again
            idempotency.check_unused(connection, owner, key)
        if check is not None:
            check(connection)
        # Read the clock inside the transaction, which may have waited for the writer.
        now = self._context.clock()
        call = insert_call(connection, call_request, replace(terms, now=now))
        if key is not None:
            idempotency.record(connection, owner, key, {"call": call.id}, now)
            finish.save_notes(connection, call.id, call_request.notes)
        return call

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
            raise RuntimeError("Jobs.start was not called")
        return self._running
