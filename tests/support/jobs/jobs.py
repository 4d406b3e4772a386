"""A store with jobs in it, and a fake API client whose responses a test defines."""

import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from PIL import Image
from pydantic import BaseModel

from stability_mcp.api.kinds import Query
from stability_mcp.api.operation import Operation
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.api.operations.account.balance import CreditBalance
from stability_mcp.client.models import Answer, SentFile
from stability_mcp.client.trace import Trace
from stability_mcp.errors import NotSentError, RefusedError
from stability_mcp.jobs.budget import Spending
from stability_mcp.jobs.engine import Engine, EngineFactory
from stability_mcp.jobs.jobs import Jobs
from stability_mcp.jobs.models import (
    Call,
    JobPage,
    JobRecord,
    JobRow,
    JobSettings,
    RateLimit,
    Timing,
    load_job,
)
from stability_mcp.jobs.progress import Progress
from stability_mcp.jobs.runner import Agreement
from stability_mcp.jobs.scheduler import Scheduler
from stability_mcp.jobs.steps import context
from stability_mcp.jobs.steps.context import JobContext
from stability_mcp.jobs.transactions.call_keys import CallRequest
from stability_mcp.jobs.transactions.cancel import CancelledJob
from stability_mcp.jobs.transactions.recover import PausedJobs
from stability_mcp.jobs.transactions.reuse import CacheStatistics
from stability_mcp.jobs.transactions.submit import ForeignGeneration, SubmitTerms, insert_call
from stability_mcp.jobs.transactions.usage import register_upstream
from stability_mcp.media.library import MediaLibrary
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from stability_mcp.store.tenancy import Account, Upstream
from support.store.rows import execute

OWNER = "local"
ME = "process-one"
PAID = Upstream(id="paid-upstream", base_url="https://api.test")
ACCOUNT = Account(owner=OWNER, upstream=PAID.id)
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


def call_request(operation: Operation | None = None, **values: object) -> CallRequest:
    """Return a call of the tests' account."""
    given: dict[str, Any] = {
        "account": ACCOUNT,
        "tool": "generate_core",
        "operation": operation or core(),
        "retry_of": "a-job-before",  # so that identical calls of a test don't join
    }
    return CallRequest(**(given | values))


def put(
    connection: Connection,
    operation: Operation | None = None,
    *,
    now: float = 1_000.0,
    **values: object,
) -> Call:
    """Insert a call; `process`, `budget`, `cache` and `dead` are its terms, others its fields."""
    register_upstream(connection, PAID)
    names = {"process", "budget", "cache", "dead"}
    terms: dict[str, Any] = {"process": ME, "now": now}
    terms |= {name: values.pop(name) for name in names & values.keys()}
    call = insert_call(connection, call_request(operation, **values), SubmitTerms(**terms))
    assert call.joined is None, "it joined an earlier call: register its process"
    return call


_REGISTER = (
    "INSERT INTO processes (id, upstream, pid, program, writes_schema, started_at)"
    " VALUES (:process, :upstream, 1, 'test', 1, 0)"
)


def register(connection: Connection, process: str = ME) -> None:
    """Insert the row of a process: without one its calls count as abandoned."""
    execute(connection, _REGISTER, process=process, upstream=PAID.id)


def row(connection: Connection, job: str) -> JobRow:
    """Read a job that exists."""
    found = load_job(connection, job)
    assert found is not None
    return found


Behaviour = Callable[[Trace, Path], Awaitable[Answer]]


@dataclass
class Wire:
    """A fake API client: each request runs the next behaviour of the plan; the last one repeats."""

    plan: list[Behaviour]
    poll_plan: list[Callable[[Path], Answer | None]] = field(default_factory=list)
    posts: list[Operation] = field(default_factory=list)
    polled: list[str] = field(default_factory=list)
    """The results path of each poll."""
    balance: float = 100.0
    queries: int = 0
    in_flight: int = 0
    max_in_flight: int = 0

    @property
    def polls(self) -> int:
        """Return the number of polls."""
        return len(self.polled)

    async def exchange(
        self, operation: Operation, files: Mapping[str, SentFile], body: Path, trace: Trace
    ) -> Answer:
        """Run the next behaviour of the plan."""
        del files
        step = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            return await step(_Counting(self, operation, trace), body)
        finally:
            self.in_flight -= 1

    async def fetch(
        self,
        operation: type[Operation],
        generation: str,
        body: Path,
        trace: Trace,
        *,
        turn: int = 0,
    ) -> Answer | None:
        """Run the next poll of the plan."""
        del generation
        await trace.before_send()
        paths = list(operation.poll_paths)
        self.polled.append(paths[turn % len(paths)])
        await trace.sent()
        poll = self.poll_plan.pop(0) if len(self.poll_plan) > 1 else self.poll_plan[0]
        return poll(body)

    async def query(self, operation: Query, trace: Trace) -> BaseModel:
        """Return the balance."""
        del operation
        await trace.before_send()
        await trace.sent()
        self.queries += 1
        return CreditBalance(credits=self.balance)


@dataclass
class _Counting:
    """Forwards to the real trace, and records what is sent."""

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
    """Return the headers of a successful response."""
    given: dict[str, Any] = {
        "status": 200,
        "media_type": "image/png",
        "length": None,
        "seed": "7",
        "finish_reason": "SUCCESS",
    }
    return Answer(**(given | values))


def succeeds(data: bytes | None = None, **values: object) -> Behaviour:
    """Answer with a picture."""

    async def behave(trace: Trace, body: Path) -> Answer:
        await trace.before_send()
        await trace.sent()
        headers = answer(**values)
        await trace.answered(headers)
        await anyio.Path(body).write_bytes(picture() if data is None else data)
        return headers

    return behave


def starts_generation(generation: str = "g" * 64) -> Behaviour:
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
    """Fail before sending, while sending, after sending, or after the response headers."""

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


def hangs(sent: anyio.Event, release: anyio.Event, error: Exception | None = None) -> Behaviour:
    """Send, set `sent`, and answer or fail once released."""

    async def behave(trace: Trace, body: Path) -> Answer:
        await trace.before_send()
        await trace.sent()
        sent.set()
        await release.wait()
        if error is not None:
            raise error
        headers = answer()
        await trace.answered(headers)
        await anyio.Path(body).write_bytes(picture())
        return headers

    return behave


AT_ONCE = Timing(poll_seconds=0.01, retry_seconds=0.001)

UNREACHABLE = NotSentError("The API could not be reached.")


class AccountJobs:
    """The jobs of one account, as a studio uses them."""

    def __init__(self, jobs: Jobs, context: JobContext, account: Account) -> None:
        self.jobs = jobs
        self.context = context
        self.account = account
        self.read = jobs.reader

    async def submit(
        self,
        operation: Operation,
        *,
        tool: str,
        agreement: Agreement | None = None,
        **values: Any,  # noqa: ANN401 -- fields of CallRequest
    ) -> Call:
        """Submit a call for this account."""
        request = CallRequest(account=self.account, tool=tool, operation=operation, **values)
        return await self.jobs.submit(request, agreement=agreement)

    async def wait(
        self, job_ids: Sequence[str], seconds: float, progress: Progress | None = None
    ) -> list[JobRecord]:
        """Wait for jobs."""
        return await self.jobs.wait(self.account, job_ids, seconds, progress)

    async def views(self, job_ids: Sequence[str]) -> list[JobRecord]:
        """Read jobs."""
        return await self.read.records(self.account, job_ids)

    async def cancel(
        self, job_ids: Sequence[str], *, caller: str | None = None
    ) -> list[CancelledJob]:
        """Cancel jobs."""
        return await self.jobs.cancel(self.account, job_ids, caller=caller)

    async def adopt(
        self,
        kind: type[Operation],
        generation: str,
        **values: Any,  # noqa: ANN401 -- fields of ForeignGeneration
    ) -> tuple[str, bool]:
        """Adopt a generation."""
        found = ForeignGeneration(account=self.account, kind=kind, generation=generation, **values)
        return await self.jobs.adopt(found)

    async def deliver(
        self, calls: Iterable[str], *, jobs: Sequence[str] = ()
    ) -> tuple[Spending, str | None]:
        """Deliver calls."""
        return await self.jobs.deliver(self.account, calls, jobs=jobs)

    async def mark_abandoned(self, calls: Iterable[str]) -> None:
        """Mark calls as abandoned."""
        await self.jobs.mark_abandoned(calls)

    async def resume(self, job_ids: Sequence[str]) -> list[str]:
        """Resume paused jobs."""
        return await self.jobs.resume(job_ids)

    async def query(self, operation: Query) -> BaseModel:
        """Run an account query."""
        return await self.jobs.query(operation)

    async def page(self, **values: object) -> JobPage:
        """Read a page of jobs."""
        return await self.read.list(self.account, **values)  # type: ignore[arg-type]  # its arguments

    async def unfinished_and_uncollected(self) -> list[str]:
        """Read the jobs that `job_wait` waits for."""
        return await self.read.unfinished_and_uncollected(self.account)

    async def paused(self) -> PausedJobs:
        """Read the paused jobs."""
        return await self.read.paused(self.account)

    async def raise_budget(self, limit: int) -> None:
        """Raise the budget for today."""
        await self.jobs.raise_budget(self.account, limit)

    async def clear_cache(self) -> int:
        """Clear the cache."""
        return await self.jobs.clear_cache(self.account)

    async def cached(self) -> CacheStatistics:
        """Read the statistics of the cache."""
        return await self.read.cached(self.account)

    async def call(self, call_id: str) -> Call | None:
        """Read a call."""
        return await self.read.call(self.account, call_id)

    async def spending(self) -> Spending:
        """Read the spending."""
        return await self.read.spending(self.account)

    async def uncollected_line(self, excluding: Iterable[str] = ()) -> str | None:
        """Read the line of uncollected results."""
        return await self.read.uncollected_line(self.account, excluding)


def idle_account_jobs(
    database: Database,
    wire: context.ApiClient | None = None,
    *,
    upstream: Upstream = PAID,
    **limits: Any,  # noqa: ANN401 -- as in `account_jobs`
) -> AccountJobs:
    """Return the jobs of one account without running them; see `account_jobs`."""
    account = Account(owner=OWNER, upstream=upstream.id)
    engine = limits.pop("engine", Scheduler)
    clock = limits.pop("clock", time.time)
    rate = limits.pop("rate", None)
    if rate is not None:
        limits["rate"] = RateLimit(limit=rate[0], window=rate[1])
    given: dict[str, Any] = {"timing": AT_ONCE, "timeout": 30}
    found = JobContext(
        database=database,
        client=wire or Wire([succeeds()]),
        library=MediaLibrary(database, account),
        upstream=upstream,
        settings=JobSettings(**(given | limits)),
        clock=clock,
    )
    return AccountJobs(Jobs(found, engine=engine), found, account)


@asynccontextmanager
async def account_jobs(
    database: Database,
    wire: context.ApiClient,
    *,
    upstream: Upstream = PAID,
    **limits: Any,  # noqa: ANN401 -- see Args
) -> AsyncIterator[AccountJobs]:
    """Run the jobs of one account until the block ends.

    Args:
        database: The store; stays open.
        wire: The API client.
        upstream: Where requests go.
        limits: Fields of `JobSettings`; and `engine` and `clock` of `Jobs`.
    """
    found = idle_account_jobs(database, wire, upstream=upstream, **limits)
    async with anyio.create_task_group() as group:
        await found.jobs.start(group)
        try:
            yield found
        finally:
            with anyio.CancelScope(shield=True):
                await found.jobs.drain()


@asynccontextmanager
async def running_jobs(
    home: Path,
    wire: context.ApiClient,
    *,
    upstream: Upstream = PAID,
    kind: Callable[[Path], Database] = Database,
    **limits: Any,  # noqa: ANN401 -- as in `account_jobs`
) -> AsyncIterator[AccountJobs]:
    """Open the store in `home` and run jobs until the block ends."""
    database = await anyio.to_thread.run_sync(kind, home)
    try:
        async with account_jobs(database, wire, upstream=upstream, **limits) as found:
            yield found
    finally:
        await database.close()


def refused(kind: type[RefusedError], status: int = 400, **values: float) -> RefusedError:
    """Return a refusal of the API."""
    return kind("The API refused.", status=status, name="word", **values)  # type: ignore[arg-type]  # only retry_after


def deferred() -> Operation:
    """Return a deferred request without files."""
    return OPERATIONS["audio3_text_to_audio"].model_validate({"prompt": "rain", "duration": 10})


async def run_one(jobs: AccountJobs, operation: Operation | None = None) -> JobRecord:
    """Submit one job and wait until it has finished."""
    submitted = await jobs.submit(operation or core(), tool="test", labels=["logo"])
    [view] = await jobs.wait(submitted.job_ids, 30)
    assert view.finished, view.progress
    return view


async def submit(jobs: AccountJobs, count: int = 1) -> list[str]:
    """Submit a call and return the ids of its jobs."""
    submitted = await jobs.submit(core(), tool="generate_core", count=count)
    return submitted.job_ids


def setting_when_it_drains(begun: anyio.Event, make: EngineFactory = Scheduler) -> EngineFactory:
    """Return an engine factory whose engines set the event once they begin to drain."""

    def made(database: Database, *, process: str, concurrency: int) -> Engine:
        engine = make(database, process=process, concurrency=concurrency)
        drain = engine.drain

        async def drain_and_set(seconds: float) -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(drain, seconds)
                await anyio.lowlevel.checkpoint()  # from here on it sends nothing more
                begun.set()

        engine.drain = drain_and_set  # type: ignore[method-assign]  # each engine is for one test
        return engine

    return made
