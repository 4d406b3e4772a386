"""A store with engines on it, and workers that run steps as a test defines.

Scenarios know only how to create an engine: see `ENGINES`.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from stability_mcp.jobs.engine import Done, Engine, EngineFactory, Lease, Step
from stability_mcp.jobs.models import load_job
from stability_mcp.jobs.scheduler import Scheduler
from stability_mcp.jobs.transactions.submit import SubmitTerms, insert_call
from stability_mcp.jobs.transactions.usage import register_upstream
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import PAID, call_request, deferred, register
from support.store.rows import execute

ENGINES: list[EngineFactory] = [Scheduler]
"""Every implementation of the engine interface."""

SHORT = 0.3
"""Seconds that a job sleeps."""

Behaviour = Callable[[str, Lease], Awaitable[Step]]

_END = "UPDATE jobs SET state = :state, finished_at = :now WHERE id = :job"
_GENERATION = "UPDATE jobs SET state = 'submitted', generation = 'g' WHERE id = :job"
_PRIORITY = "UPDATE jobs SET priority = :priority WHERE id = :job"


@dataclass
class Worker:
    """One process: its engine, and the steps it ran."""

    process: str
    engine: Engine
    database: Database
    behave: Behaviour | None = None
    """What a step does; None: it finishes its job."""
    steps: list[str] = field(default_factory=list)
    """The job of each step that did something, in order."""
    began: Counter[str] = field(default_factory=Counter)
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def perform(self, job_id: str, lease: Lease) -> Step:
        """Check the row first, as every step does, then run the behaviour."""
        self.began[job_id] += 1
        row = await self.database.read(lambda c: load_job(c, job_id))
        if (
            row is None
            or row.finished
            or row.process != self.process
            or row.lease_version != lease.version
        ):
            return Done()
        self.steps.append(job_id)
        self._news.set()
        self._news = anyio.Event()
        return await (self.behave or self.end)(job_id, lease)

    async def end(self, job_id: str, _lease: Lease | None = None) -> Done:
        """Finish a job."""
        row: dict[str, object] = {"job": job_id, "state": "done", "now": time.time()}
        await self.database.write(lambda c: execute(c, _END, **row), name="test.write")
        return Done()

    async def put(self, *, wake: bool = True, priority: int = 0, poll: bool = False) -> str:
        """Submit a job as this process."""

        def write(connection: Connection) -> str:
            job = self.put_inside(connection, priority=priority, poll=poll)
            if poll:
                execute(connection, _GENERATION, job=job)
            return job

        job = await self.database.write(write, name="test.write")
        if wake:
            self.engine.wake()
        return job

    def put_inside(self, connection: Connection, *, priority: int = 0, poll: bool = False) -> str:
        """Submit a job inside a transaction."""
        register_upstream(connection, PAID)
        terms = SubmitTerms(process=self.process, now=time.time())
        request = call_request(deferred() if poll else None)
        [job] = insert_call(connection, request, terms).job_ids
        execute(connection, _PRIORITY, priority=priority, job=job)
        self.engine.dispatch(connection, job, priority=priority)
        return job

    def cancel_inside(self, connection: Connection, job: str) -> None:
        """Cancel a job inside a transaction."""
        execute(connection, _END, job=job, state="cancelled", now=time.time())
        self.engine.cancel(connection, job)

    async def until_steps(self, count: int) -> None:
        """Wait until this many steps have begun."""
        with anyio.fail_after(30):
            while len(self.steps) < count:
                await self._news.wait()


@asynccontextmanager
async def working(  # noqa: PLR0913 -- each is one property of the process
    home: Path,
    make: EngineFactory,
    *,
    process: str = "one",
    concurrency: int = 10,
    behave: Behaviour | None = None,
    drain: bool = True,
) -> AsyncIterator[Worker]:
    """Run an engine like a separate process; without `drain` it ends as if it were killed."""
    database = await anyio.to_thread.run_sync(Database, home)
    engine = make(database, process=process, concurrency=concurrency)
    worker = Worker(process, engine, database, behave)
    await database.write(lambda c: register(c, process), name="test.write")
    try:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(engine.run, worker.perform)
                yield worker
                if drain:
                    await engine.drain(5)
                group.cancel_scope.cancel()
    finally:
        await database.close()
