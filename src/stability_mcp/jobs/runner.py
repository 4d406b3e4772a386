"""Runs the jobs of one upstream in this process: registers it, submits calls, drains at the end."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from sqlalchemy import Connection, text

from stability_mcp.errors import StorageError
from stability_mcp.jobs import account
from stability_mcp.jobs.account import BalanceMonitor
from stability_mcp.jobs.engine import Engine, EngineFactory
from stability_mcp.jobs.executor import Executor
from stability_mcp.jobs.models import Call, PriceRoseError, UpstreamPausedError
from stability_mcp.jobs.process_lock import ProcessLock
from stability_mcp.jobs.recovery import Recovery, dead_processes, revisit_missing
from stability_mcp.jobs.steps import disk_retry
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions import lookup, reuse, usage
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.submit import SubmitTerms, insert_call, price_after_reuse
from stability_mcp.store.disk import allow_open_files

Agree = Callable[[int], Awaitable[None]]
"""Sees that so many millicredits may be reserved; raises what the caller is told where not. Asked
once more where the price has changed meanwhile."""

FILES_PER_REQUEST = 4
"""Its socket, the guard of its room, the file of its body, and one that is sent."""
OTHER_FILES = 256
"""The database, locks, polls, blobs, previews, and whatever the host gave this process."""

log = logging.getLogger(__name__)

_RESERVED = text("SELECT coalesce(sum(price), 0) FROM jobs WHERE call = :call")


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
        try:
            if await disk_retry.flush_writes(self._context):
                await self._context.database.write(
                    running.process.hand_back, name="recover.hand_back"
                )
        except StorageError as error:  # the free lock tells recovery the same
            log.warning("unfinished jobs could not be handed back: %s", error)
        await to_thread.run_sync(running.process.release)

    async def revisit(self, jobs: Sequence[str]) -> None:
        """Poll once more for the missing generations of these jobs."""
        if jobs:
            await revisit_missing(self._context, self.engine, self.process, jobs)

    async def submit(self, call_request: CallRequest, agree: Agree | None = None) -> Call:
        """Write a call and its jobs, or take over what answers for it.

        A call that an earlier one answers for costs nothing, so `agree` is not asked and the
        balance does not matter. Between the look and the transaction that writes the call another
        process may have taken what was to answer for it: then nothing is written, and `agree` is
        asked about the new price.

        Args:
            call_request: The call.
            agree: Asked before anything is written; None: nothing is asked.

        Raises:
            BudgetError: it would pass the ceiling.
            RequestError: something has to be sent, the key was refused or had no credits, and that
                has not changed.
            StorageError: the store cannot be written.
            StudioError: what `agree` raises.
        """
        context, running = self._context, self._started()
        terms, may_pay = self._terms(), False
        while True:
            terms, due = await self._quote(call_request, terms, priced=agree is not None)
            if agree is not None and due is not None:
                await agree(due)
            write = partial(
                _submit, call_request=call_request, terms=terms, at_most=due, may_pay=may_pay
            )
            try:
                call = await context.database.write(write, name="submit.call")
            except UpstreamPausedError:
                await account.check_can_pay(context, running.process.id)
                may_pay = True
            except PriceRoseError:
                continue
            else:
                break
        if call.joined is None:
            running.engine.wake()
            context.on_paid()
        else:
            running.engine.rescan()
        return call

    def _terms(self) -> SubmitTerms:
        running, settings = self._started(), self._context.settings

        def dispatch(connection: Connection, job: str, priority: int) -> None:
            running.engine.dispatch(connection, job, priority=priority)

        return SubmitTerms(
            process=running.process.id,
            now=self._context.clock(),
            budget=settings.budget,
            cache=settings.cache,
            dispatch=dispatch,
        )

    async def _quote(
        self, call_request: CallRequest, terms: SubmitTerms, *, priced: bool
    ) -> tuple[SubmitTerms, int | None]:
        """Return the terms with the dead whose calls it may take over, and what it would cost."""
        context = self._context

        def read(connection: Connection, terms: SubmitTerms) -> tuple[set[str], int | None]:
            waiting = reuse.waiting_processes(connection, call_request, now=terms.now)
            due = price_after_reuse(connection, call_request, terms) if priced else None
            return waiting - {terms.process, *terms.dead}, due

        terms = replace(terms, dead=())
        others, due = await context.database.read(partial(read, terms=terms))
        dead = await dead_processes(context, others)
        if dead:
            terms = replace(terms, dead=dead)
            _, due = await context.database.read(partial(read, terms=terms))
        return terms, due

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("Jobs.start comes first")
        return self._running


def _submit(
    connection: Connection,
    *,
    call_request: CallRequest,
    terms: SubmitTerms,
    at_most: int | None,
    may_pay: bool,
) -> Call:
    """Do T1, unless it turns out that it reserves more or sends what may not be sent."""
    call = insert_call(connection, call_request, terms)
    if at_most is not None:
        reserved = connection.execute(_RESERVED, {"call": call.id}).scalar_one()
        if reserved > at_most:
            raise PriceRoseError(reserved)
    if not may_pay and usage.paused_why(connection, call_request.account.upstream) is not None:
        states = lookup.job_states(connection, call.job_ids).values()
        if any(state == "queued" for state, _, _ in states):
            raise UpstreamPausedError("the balance decides")
    return call
