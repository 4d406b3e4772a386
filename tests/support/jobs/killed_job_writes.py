"""Kill tables for the writes of jobs and calls, with what must be true afterwards.

`CUT` has the writes of a running job: the next process finishes the job. `ROWS` has the writes
that a caller requests.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import anyio

from stability_mcp.api.kinds import Query
from stability_mcp.api.operations import OPERATIONS
from stability_mcp.client.models import Answer
from stability_mcp.errors import (
    GenerationGoneError,
    InvalidRequestError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnknownOutcomeError,
    UnusableAnswerError,
)
from stability_mcp.jobs.models import Call
from stability_mcp.jobs.transactions.usage import register_upstream
from stability_mcp.store.database import Database
from stability_mcp.store.queries import Connection
from support.jobs.jobs import (
    AT_ONCE,
    PAID,
    PRICE,
    AccountJobs,
    Wire,
    core,
    deferred,
    fails,
    idle_account_jobs,
    put,
    refused,
    run_one,
    running_jobs,
    starts_generation,
    succeeds,
)
from support.jobs.killed_writes import Act, Row, only_id, opened, result_ready, sql, started, write
from support.store.rows import execute

GENERATION = "g" * 64


def _runs(make: Callable[[], Wire]) -> Act:
    """Return an act that submits a job over this wire and waits for it."""

    async def act(database: Database) -> None:
        wire = make()
        async with started(database, wire) as jobs:
            await run_one(jobs, deferred() if wire.poll_plan else core())

    return act


def _answers(error: Exception) -> Act:
    return _runs(lambda: Wire([fails(error)]))


def _polls(error: Exception | None = None) -> Act:
    def poll(body: Path) -> Answer:
        if error is not None:
            raise error
        return result_ready(body)

    return _runs(lambda: Wire([starts_generation()], poll_plan=[poll]))


def _not_found(_: Path) -> Answer | None:
    raise refused(GenerationGoneError, 404)


def _in_progress(_: Path) -> Answer | None:
    """Answer that the generation is not finished."""
    return None


async def _is_polled_again(database: Database) -> None:
    """Wait again for a generation that the API did not know at first and now works on."""
    timing = replace(AT_ONCE, missing_after_seconds=0)
    wire = Wire([starts_generation()], poll_plan=[_not_found, _in_progress])
    async with started(database, wire, timing=timing) as jobs:
        job = await run_one(jobs, deferred())
        assert job.state == "unknown", job.error
        await jobs.wait([job.id], 10)


async def _is_forgotten(database: Database) -> None:
    """Delete the lock and the row of this process, so that it registers again."""
    async with started(database, concurrency=0) as jobs:
        await jobs.submit(core(), tool="test")
        for lock in (database.home / "locks").iterdir():
            lock.unlink()
        await write(database, "DELETE FROM processes")
        await anyio.sleep_forever()


CUT: dict[str, Act] = {
    "finish.fail_free": _answers(refused(InvalidRequestError)),
    "finish.requeue": _answers(refused(UnavailableError, 503)),
    "finish.mark_unknown": _answers(UnknownOutcomeError("No answer.")),
    "finish.fail_charged": _answers(UnusableAnswerError("It is cut.")),
    "usage.pause_upstream": _polls(refused(UnauthorizedError, 401)),
    "send.block_upstream": _polls(refused(RateLimitedError, 429, retry_after=0.2)),
    "send.poll_slot": _polls(),
    "recover.register_again": _is_forgotten,
    "recover.take_missing": _is_polled_again,
    "recover.resume_polling": _is_polled_again,
}
"""Each leaves one job behind when it is killed at the write that is its key."""

ENDS = {
    # place: state and charge in the next process, and how often it sends the job
    "inside finish.fail_free": ("unknown", "assumed", 0),
    "after finish.fail_free": ("failed", "no", 0),
    "inside finish.requeue": ("unknown", "assumed", 0),
    "after finish.requeue": ("done", "yes", 1),
    "inside finish.mark_unknown": ("unknown", "assumed", 0),
    "after finish.mark_unknown": ("unknown", "assumed", 0),
    "inside finish.fail_charged": ("unknown", "assumed", 0),
    "after finish.fail_charged": ("failed", "yes", 0),
    "inside usage.pause_upstream": ("done", "yes", 0),
    "after usage.pause_upstream": ("done", "yes", 0),
    "inside send.block_upstream": ("done", "yes", 0),
    "after send.block_upstream": ("done", "yes", 0),
    "inside send.poll_slot": ("done", "yes", 0),
    "inside recover.register_again": ("done", "yes", 1),
    "inside recover.take_missing": ("done", "yes", 0),
    "after recover.take_missing": ("done", "yes", 0),
    "inside recover.resume_polling": ("done", "yes", 0),
    "after recover.resume_polling": ("done", "yes", 0),
}


async def _finished(home: Path) -> None:
    async with running_jobs(home, Wire([succeeds()])) as jobs:
        await run_one(jobs, core(seed=5))


async def _registered(home: Path) -> None:
    async with opened(home) as database:
        await database.write(lambda c: register_upstream(c, PAID), name="test.write")


def _leave_queued(age: float) -> Callable[[Path], Awaitable[None]]:
    """Return an arrangement that leaves a queued job without a process, `age` seconds old."""

    def leave(connection: Connection) -> None:
        put(connection, now=time.time() - age)
        execute(connection, "UPDATE jobs SET process = NULL")

    async def arrange(home: Path) -> None:
        async with opened(home) as database:
            await database.write(leave, name="test.write")

    return arrange


async def _paused(home: Path) -> None:
    await _leave_queued(3_600)(home)
    async with running_jobs(home, Wire([succeeds()])):
        """Recovery finds the job, which is too old to be sent without confirmation."""


def _on_call(do: Callable[[AccountJobs, str], Awaitable[object]]) -> Act:
    """Return an act on the only call."""

    async def act(database: Database) -> None:
        await do(idle_account_jobs(database), await only_id(database, "calls"))

    return act


def _call_property(part: Callable[[Call], object]) -> Callable[[Database], Awaitable[object]]:
    """Return a reader of one property of the only call."""

    async def read(database: Database) -> object:
        call = await idle_account_jobs(database).call(await only_id(database, "calls"))
        assert call is not None
        return part(call)

    return read


async def _is_uncollected(database: Database) -> object:
    return await idle_account_jobs(database).uncollected_line() is not None


async def _finish_left(database: Database) -> None:
    async with started(database) as jobs:
        await jobs.wait([await only_id(database, "jobs")], 10)


async def _resume(database: Database) -> None:
    async with started(database) as jobs:
        ids = await jobs.resume([await only_id(database, "jobs")])
        await jobs.wait(ids, 10)


async def _adopt_generation(database: Database) -> None:
    async with started(database, Wire([starts_generation()], poll_plan=[result_ready])) as jobs:
        job, _ = await jobs.adopt(type(deferred()), GENERATION)
        await jobs.wait([job], 10)


async def _ask_for_balance(database: Database) -> None:
    query = OPERATIONS["account_balance"]()
    assert isinstance(query, Query)
    async with started(database) as jobs:
        await jobs.query(query)


async def _remember_balance(database: Database) -> None:
    await idle_account_jobs(database).jobs.remember_balance(12)


async def _balance(database: Database) -> object:
    found = await idle_account_jobs(database).read.balance()
    return None if found is None else found.credits


async def _raise_budget(database: Database) -> None:
    await idle_account_jobs(database, budget=10_000).raise_budget(20_000)


async def _budget(database: Database) -> object:
    return (await idle_account_jobs(database, budget=10_000).spending()).limit


async def _clear_cache(database: Database) -> None:
    await idle_account_jobs(database).clear_cache()


async def _cached(database: Database) -> object:
    return (await idle_account_jobs(database).cached()).entries


async def _record_client_timeout(database: Database) -> None:
    await idle_account_jobs(database).jobs.record_client_timeout("host", 60)


async def _client_timeout(database: Database) -> object:
    return await idle_account_jobs(database).read.client_timeout_seconds("host")


ROWS = {
    "recover.register": Row(
        arrange=_leave_queued(0),
        act=_finish_left,
        read=sql("SELECT state FROM jobs"),
        old=[("queued",)],
        new=[("done",)],
    ),
    "submit.adopt_generation": Row(
        act=_adopt_generation,
        read=sql("SELECT state, generation, price, charged FROM jobs"),
        old=[],
        new=[("done", GENERATION, 0, "yes")],
    ),
    "send.query_slot": Row(
        act=_ask_for_balance,
        read=sql("SELECT count(*) FROM requests"),
        old=[(0,)],
        new=[(1,)],
    ),
    "finish.deliver": Row(
        arrange=_finished,
        act=_on_call(lambda jobs, call: jobs.deliver([call])),
        read=_is_uncollected,
        old=True,  # it is reported again
        new=False,
    ),
    "finish.abandon": Row(
        arrange=_finished,
        act=_on_call(lambda jobs, call: jobs.mark_abandoned([call])),
        read=sql("SELECT count(*) FROM calls WHERE abandoned_at IS NOT NULL"),
        old=[(0,)],
        new=[(1,)],
    ),
    "finish.save_notes": Row(
        arrange=_finished,
        act=_on_call(lambda jobs, call: jobs.jobs.save_notes(call, ["image: it was fitted"])),
        read=_call_property(lambda call: call.notes),
        old=(),
        new=("image: it was fitted",),
    ),
    "finish.cancel_call": Row(
        arrange=_leave_queued(0),
        act=_on_call(lambda jobs, call: jobs.jobs.cancel_call(call)),
        read=_call_property(lambda call: call.cancelled_at is not None),
        old=False,
        new=True,
    ),
    "recover.resume": Row(
        arrange=_paused,
        act=_resume,
        read=sql("SELECT state, (SELECT sum(reserved) FROM spending) FROM jobs"),
        old=[("paused", PRICE)],
        new=[("done", 0)],
    ),
    "usage.raise_budget": Row(act=_raise_budget, read=_budget, old=10_000, new=20_000),
    "usage.clear_cache": Row(arrange=_finished, act=_clear_cache, read=_cached, old=1, new=0),
    "usage.record_client_timeout": Row(
        act=_record_client_timeout, read=_client_timeout, old=None, new=60
    ),
    "usage.save_balance": Row(
        arrange=_registered, act=_remember_balance, read=_balance, old=None, new=12_000
    ),
}
