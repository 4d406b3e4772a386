"""A store with jobs in it, and a wire on which a test says what happens."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from PIL import Image
from pydantic import BaseModel
from sqlalchemy import Connection

from stability_mcp.api.operation import Operation, Query
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.account.balance import CreditBalance
from stability_mcp.client.models import Answer, SentFile
from stability_mcp.client.trace import Trace
from stability_mcp.errors import NotSentError, RefusedError
from stability_mcp.jobs.engine import Engine, EngineFactory
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.models import JobRecord, JobRow, load_job
from stability_mcp.jobs.scheduler import Scheduler
from stability_mcp.jobs.steps import context
from stability_mcp.jobs.timing import Timing
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.submit import Call, insert_call
from stability_mcp.jobs.transactions.usage import Upstream, register_upstream
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.database import Database

OWNER = "local"
ME = "process-one"
PAID = Upstream(id="paid-upstream", base_url="https://api.test", emulated=False)
PRICE = 3_000
"""Millicredits of `core()`."""


def core(prompt: str = "a lighthouse", **arguments: object) -> Operation:
    """Return a request that costs 3 credits."""
    return OPERATIONS["generate_core"].model_validate({"prompt": prompt, **arguments})


def fast(image: str) -> Operation:
    """Return a request that sends a picture."""
    return OPERATIONS["upscale_fast"].model_validate({"image": image})


def creative(image: str) -> Operation:
    """Return a deferred request."""
    return OPERATIONS["upscale_creative"].model_validate({"image": image, "prompt": "a lighthouse"})


def picture(shade: int = 0) -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade % 256, shade // 256, 7)).save(file, "PNG")
    return file.getvalue()


def asked(operation: Operation | None = None, **values: object) -> CallRequest:
    """Return a call of this test's process."""
    given: dict[str, Any] = {
        "owner": OWNER,
        "upstream": PAID.id,
        "process": ME,
        "tool": "generate_core",
        "operation": operation or core(),
        "count": 1,
        "labels": [],
        "output_dir": None,
        "inputs": {},
        "budget": None,
        "retry_of": "a-job-before",  # so that calls alike in a test stay calls of their own
    }
    return CallRequest(**(given | values))


def put(
    connection: Connection,
    operation: Operation | None = None,
    *,
    now: float = 1_000.0,
    **values: Any,  # noqa: ANN401 -- fields of Asked
) -> Call:
    """Write a call."""
    register_upstream(connection, PAID)
    return insert_call(connection, asked(operation, **values), now=now, dispatch=lambda *_: None)


def row(connection: Connection, job: str) -> JobRow:
    """Read a job that exists."""
    found = load_job(connection, job)
    assert found is not None
    return found


Behaviour = Callable[[Trace, Path], Awaitable[Answer]]


@dataclass
class Wire:
    """Does to each request what the next behaviour says; the last one goes on."""

    plan: list[Behaviour]
    looks: list[Callable[[Path], Answer | None]] = field(default_factory=list)
    posts: list[Operation] = field(default_factory=list)
    polls: int = 0
    balance: float = 100.0
    queries: int = 0
    under_way: int = 0
    most_under_way: int = 0

    async def exchange(
        self, operation: Operation, files: Mapping[str, SentFile], body: Path, trace: Trace
    ) -> Answer:
        """Behave as planned."""
        del files
        step = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await step(_Counting(self, operation, trace), body)
        finally:
            self.under_way -= 1

    async def fetch(
        self, operation: type[Operation], generation: str, body: Path, trace: Trace
    ) -> Answer | None:
        """Look as planned."""
        del operation, generation
        await trace.before_send()
        self.polls += 1
        await trace.sent()
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return look(body)

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Answer with the balance."""
        del operation
        await trace.before_send()
        await trace.sent()
        self.queries += 1
        return CreditBalance(credits=self.balance)


@dataclass
class _Counting:
    """Passes on to the journal's trace, and counts what leaves."""

    wire: Wire
    operation: Operation
    trace: Trace

    async def before_send(self) -> None:
        await self.trace.before_send()
        self.wire.posts.append(self.operation)

    async def sent(self) -> None:
        await self.trace.sent()

    async def answered(self, answer: Answer) -> None:
        await self.trace.answered(answer)


def answer(**values: object) -> Answer:
    """Return the headers of a good answer."""
    given: dict[str, Any] = {
        "status": 200,
        "media_type": "image/png",
        "length": None,
        "seed": "7",
        "finish_reason": "SUCCESS",
    }
    return Answer(**(given | values))


def yes(data: bytes | None = None, **values: object) -> Behaviour:
    """Answer with a picture."""

    async def behave(trace: Trace, body: Path) -> Answer:
        await trace.before_send()
        await trace.sent()
        headers = answer(**values)
        await trace.answered(headers)
        await anyio.Path(body).write_bytes(picture() if data is None else data)
        return headers

    return behave


def starts(generation: str = "g" * 64) -> Behaviour:
    """Answer with a generation to poll for."""

    async def behave(trace: Trace, body: Path) -> Answer:
        del body
        await trace.before_send()
        await trace.sent()
        headers = answer(media_type="application/json", generation=generation)
        await trace.answered(headers)
        return headers

    return behave


def fails(
    error: Exception, *, begun: bool = True, sent: bool = True, headers: bool = False
) -> Behaviour:
    """Fail at some point: before anything, before all is sent, after it, or after the headers."""

    async def behave(trace: Trace, body: Path) -> Answer:
        if begun:
            await trace.before_send()
        if begun and sent:
            await trace.sent()
        if headers:
            await trace.answered(answer())
            await anyio.Path(body).write_bytes(b"half")
        raise error

    return behave


def hangs(sent: anyio.Event, release: anyio.Event) -> Behaviour:
    """Send, tell so, and answer when released."""

    async def behave(trace: Trace, body: Path) -> Answer:
        await trace.before_send()
        await trace.sent()
        sent.set()
        await release.wait()
        headers = answer()
        await trace.answered(headers)
        await anyio.Path(body).write_bytes(picture())
        return headers

    return behave


AT_ONCE = Timing(poll_seconds=0.01, retry_seconds=0.001)

UNREACHABLE = NotSentError("The API could not be reached.")


@asynccontextmanager
async def at_work(
    home: Path,
    wire: context.Wire,
    *,
    upstream: Upstream = PAID,
    kind: Callable[[Path], Database] = Database,
    **limits: object,
) -> AsyncIterator[Jobs]:
    """Run jobs over a wire until the block ends."""
    database = await anyio.to_thread.run_sync(kind, home)
    media = MediaLibrary(database, owner=OWNER, upstream=upstream.id, emulated=upstream.emulated)
    given: dict[str, Any] = {"timing": AT_ONCE, "timeout": 30}
    jobs = Jobs(database, wire, media=media, owner=OWNER, upstream=upstream, **(given | limits))
    try:
        async with anyio.create_task_group() as group:
            await jobs.start(group)
            try:
                yield jobs
            finally:
                with anyio.CancelScope(shield=True):
                    await jobs.drain()
    finally:
        await database.close()


def refused(kind: type[RefusedError], status: int = 400, **values: float) -> RefusedError:
    """Return a refusal of the API."""
    return kind("The API refused.", status=status, name="word", **values)  # type: ignore[arg-type]  # retry_after alone


def deferred() -> Operation:
    """Return a deferred request without files."""
    return OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 10})


async def run_one(jobs: Jobs, operation: Operation | None = None) -> JobRecord:
    """Submit one job and wait for its end."""
    submitted = await jobs.submit(operation or core(), tool="test", labels=["logo"])
    [view] = await jobs.wait(submitted.job_ids, 30)
    assert view.finished, view.progress
    return view


async def submit(jobs: Jobs, count: int = 1) -> list[str]:
    """Submit a call and return the ids of its jobs."""
    submitted = await jobs.submit(core(), tool="generate_core", count=count)
    return submitted.job_ids


def setting_when_it_drains(begun: anyio.Event, make: EngineFactory = Scheduler) -> EngineFactory:
    """Return what makes an engine that sets the event once it begins to drain."""

    def made(database: Database, *, process: str, concurrency: int) -> Engine:
        engine = make(database, process=process, concurrency=concurrency)
        drain = engine.drain

        async def noticed(seconds: float) -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(drain, seconds)
                await anyio.lowlevel.checkpoint()  # by now it sends nothing more
                begun.set()

        engine.drain = noticed  # type: ignore[method-assign]  # an engine is made for one test
        return engine

    return made
