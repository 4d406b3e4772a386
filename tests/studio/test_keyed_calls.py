"""A request that is sent again with its idempotency key is never sent or charged again."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from stability_mcp.errors import (
    ArgumentsError,
    BudgetError,
    ConfirmationError,
    KeyConflictError,
    ModerationError,
    NotFoundError,
    StudioError,
)
from stability_mcp.jobs.models import JobRecord
from stability_mcp.maintenance.retention import DAY_SECONDS, Keep, Retention
from stability_mcp.policy.confirmation import Quote
from stability_mcp.policy.idempotency import CallKey
from stability_mcp.studio import CallOptions, IncomingFile, Outcome, Studio, open_studio
from stability_mcp.studio.reruns import rerun
from support.imaging.sample_files import png
from support.jobs.upstream import Upstream, counting_upstream
from support.server.in_memory import settings_in
from support.store.rows import change, rows

pytestmark = pytest.mark.anyio

CORE = "generate_core"
FOX = {"prompt": "a fox"}
WAIT = 20.0


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """A studio on the emulator."""
    async with open_studio(settings_in(tmp_path)) as opened:
        yield opened


@asynccontextmanager
async def counted(folder: Path, upstream: Upstream, **chosen: object) -> AsyncIterator[Studio]:
    """Open a studio on an upstream that counts requests."""
    key = {"api_key": "sk-test", "base_url": upstream.url, "timeout": 20}
    async with open_studio(settings_in(folder, {**key, **chosen})) as opened:
        yield opened


def keyed(key: str = "k1", request: str = "r", wait: float = WAIT) -> CallOptions:
    """Return the options of a call with a key."""
    return CallOptions(wait=wait, key=CallKey(key=key, request_hash=request))


def only(outcome: Outcome) -> JobRecord:
    """Return the only job of an outcome."""
    [job] = outcome.jobs
    return job


def charges(folder: Path) -> int:
    """Return how many requests were charged or may have been."""
    [(count,)] = rows(settings_in(folder).home_dir, "SELECT count(*) FROM charges")
    assert isinstance(count, int)
    return count


async def test_the_same_key_gets_the_job_of_the_first_request(
    studio: Studio, tmp_path: Path
) -> None:
    """*Documented*: rest.md 3; without it, an identical call is a new variant."""
    first = await studio.run(CORE, FOX, keyed())

    again = await studio.run(CORE, FOX, keyed())
    other = await studio.run(CORE, FOX, CallOptions(wait=WAIT))

    assert only(again).id == only(first).id
    assert (again.call, again.media) == (first.call, first.media)
    assert again.notes[:-1] == first.notes
    assert again.notes[-1].endswith("with the same key; not charged again.")
    assert only(other).id != only(first).id
    assert charges(tmp_path) == 2


async def test_another_request_with_the_key_is_refused(studio: Studio, tmp_path: Path) -> None:
    """*Documented*: rest.md 3; nothing is sent for it."""
    await studio.run(CORE, FOX, keyed())

    with pytest.raises(KeyConflictError, match=r'"k1" was used at .* for another request'):
        await studio.run(CORE, {"prompt": "a hen"}, keyed(request="another"))

    assert charges(tmp_path) == 1


async def test_requests_at_the_same_time_start_one_job(tmp_path: Path) -> None:
    """*Chosen*: all five find the key unused; four transactions are rolled back."""
    found: list[str] = []

    async with counting_upstream() as upstream, counted(tmp_path, upstream) as studio:

        async def send() -> None:
            found.append(only(await studio.run(CORE, FOX, keyed())).id)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(send)

    assert len(found) == 5
    assert len(set(found)) == 1
    assert upstream.posts == {"a fox": 1}
    assert rows(tmp_path / "home", "SELECT count(*) FROM calls") == [(1,)]


async def test_a_repeat_waits_while_the_job_runs_and_reports_progress(tmp_path: Path) -> None:
    """*Documented*: rest.md 3; the first caller may have gone."""
    lines: list[str] = []

    async def progress(line: str, share: float) -> None:
        del share
        lines.append(line)
        upstream.release.set()

    async with counting_upstream(pace=0) as upstream, counted(tmp_path, upstream) as studio:
        upstream.hold = "waiting"
        first = await studio.run(CORE, FOX, keyed(wait=0))
        await upstream.held.wait()
        key = CallKey(key="k1", request_hash="r")
        again = await studio.run(CORE, FOX, CallOptions(wait=WAIT, key=key, progress=progress))

    assert not only(first).finished
    assert only(again).state == "done"
    assert lines
    assert upstream.posts == {"a fox": 1}


async def test_a_failed_call_gives_the_same_answer(studio: Studio, tmp_path: Path) -> None:
    """*Documented*: rest.md 3; nor is its refusal by moderation recorded twice."""
    moderated = {"prompt": "a fox, emulate moderation"}
    first = await studio.run(CORE, moderated, keyed())

    again = await studio.run(CORE, moderated, keyed())

    assert (only(again).state, only(again).error) == ("failed", only(first).error)
    assert only(again).id == only(first).id
    assert [each.event for each in await studio.permissions.audited(9)] == ["moderated"]
    assert charges(tmp_path) == 1


async def test_an_unknown_outcome_is_never_sent_again(tmp_path: Path) -> None:
    """*Documented*: rest.md 3; the connection broke while the API worked."""
    async with counting_upstream(pace=0) as upstream, counted(tmp_path, upstream) as studio:
        upstream.hold = "waiting"
        await studio.run(CORE, FOX, keyed(wait=0))
        await upstream.held.wait()
        for connection in upstream.serving:
            connection.cancel()
        states = [only(await studio.run(CORE, FOX, keyed())).state for _ in range(3)]

    assert states == ["unknown"] * 3
    assert upstream.posts == {"a fox": 1}


async def test_a_cancelled_call_stays_cancelled(tmp_path: Path) -> None:
    """*Chosen*: an identical call without a key would be sent."""
    async with (
        counting_upstream() as upstream,
        counted(tmp_path, upstream, concurrency=1) as studio,
    ):
        upstream.hold = "waiting"
        await studio.run(CORE, {"prompt": "first"}, CallOptions(wait=0))
        await upstream.held.wait()
        queued = await studio.run(CORE, FOX, keyed(wait=0))
        await studio.cancel_jobs([only(queued).id])
        upstream.release.set()
        again = await studio.run(CORE, FOX, keyed())

    assert (only(again).state, only(again).charged) == ("cancelled", "no")
    assert upstream.posts == {"first": 1}


async def test_a_call_that_joined_another_gives_its_job_again(tmp_path: Path) -> None:
    """*Chosen*: the key stands for the call, whichever jobs answered it."""
    async with counting_upstream(pace=0) as upstream, counted(tmp_path, upstream) as studio:
        upstream.hold = "waiting"
        first = await studio.run(CORE, FOX, CallOptions(wait=0))
        await upstream.held.wait()
        joined = await studio.run(CORE, FOX, keyed(wait=0))
        upstream.release.set()
        again = await studio.run(CORE, FOX, keyed())
        last = await studio.run(CORE, FOX, keyed())

    ids = {only(each).id for each in (first, joined, again, last)}
    assert len(ids) == 1
    assert only(last).state == "done"
    assert upstream.posts == {"a fox": 1}


async def test_a_cached_call_gives_its_job_again_after_the_cache_was_cleared(
    studio: Studio, tmp_path: Path
) -> None:
    """*Chosen*: without the key it would be sent and charged now."""
    seeded = {**FOX, "seed": 7}
    first = await studio.run(CORE, seeded, CallOptions(wait=WAIT))
    cached = await studio.run(CORE, seeded, keyed())
    await studio.clear_cache()

    again = await studio.run(CORE, seeded, keyed())

    assert only(again).id == only(cached).id == only(first).id
    assert again.cached == cached.cached
    assert charges(tmp_path) == 1


class Declines:
    """A user who declines every price."""

    free_limit = 0

    def for_second_charge(self) -> "Declines":
        """Return the same user."""
        return self

    async def __call__(self, quote: Quote) -> int | None:
        """Decline."""
        raise ConfirmationError(f"{quote.credits} are too many.")


REFUSALS: dict[str, type[StudioError]] = {
    "arguments": ArgumentsError,
    "confirmation": ConfirmationError,
    "moderation": ModerationError,
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refused_request_leaves_its_key_unused(studio: Studio, refusal: str) -> None:
    """*Documented*: rest.md 3; corrected, it may be sent with the same key."""
    options, arguments = keyed(request="refused"), dict[str, object](FOX)
    if refusal == "arguments":
        arguments = {"prompt": "a fox", "seed": -5}
    elif refusal == "confirmation":
        options = CallOptions(wait=WAIT, confirm=Declines(), key=options.key)
    else:
        arguments = {"prompt": "a fox, emulate moderation"}
        await studio.run(CORE, arguments, CallOptions(wait=WAIT))

    with pytest.raises(REFUSALS[refusal]) as refused:
        await studio.run(CORE, arguments, options)
    assert await studio.keys.find("k1") is None
    sent = await studio.run(CORE, {"prompt": "a hen"}, keyed(request="corrected"))

    assert refused.value.charged == "no"
    assert only(sent).state == "done"


async def test_a_call_over_the_budget_leaves_its_key_unused(tmp_path: Path) -> None:
    """*Documented*: rest.md 3; the transaction that would have stored it is rolled back."""
    async with (
        counting_upstream(pace=0) as upstream,
        counted(tmp_path, upstream, budget=4) as studio,
    ):
        two = CallOptions(wait=WAIT, count=2, key=CallKey(key="k1", request_hash="two"))
        with pytest.raises(BudgetError):
            await studio.run(CORE, FOX, two)
        sent = await studio.run(CORE, FOX, keyed())

    assert only(sent).state == "done"


async def test_a_rerun_with_the_same_key_runs_once(studio: Studio, tmp_path: Path) -> None:
    """*Documented*: rest.md 3; each rerun without a key is charged."""
    first = await studio.run(CORE, FOX, CallOptions(wait=WAIT))
    job = only(first).id

    made = [only(await rerun(studio, job, {}, keyed())).id for _ in range(3)]

    assert len({*made, job}) == 2
    assert charges(tmp_path) == 2


async def test_resuming_a_paused_job_with_the_same_key_never_makes_a_new_one(
    tmp_path: Path,
) -> None:
    """*Chosen*: the second request finds a job that is done, which a rerun would pay for again."""
    async with counting_upstream(pace=0) as upstream:
        upstream.hold = "waiting"
        async with counted(tmp_path, upstream, concurrency=1) as studio:
            await studio.run(CORE, {"prompt": "first"}, CallOptions(wait=0))
            await upstream.held.wait()
            made = only(await studio.run(CORE, FOX, CallOptions(wait=0))).id
            upstream.release.set()
            for connection in upstream.serving:
                connection.cancel()
        old = "UPDATE jobs SET created_at = created_at - 864000, state = 'queued' WHERE id = ?"
        change(tmp_path / "home", old, made)
        async with counted(tmp_path, upstream) as studio:
            [job] = await studio.get_jobs([made])
            resumed = only(await rerun(studio, made, {}, keyed()))
            again = only(await rerun(studio, made, {}, keyed()))

    assert job.state == "paused"
    assert (resumed.id, resumed.state) == (again.id, again.state) == (made, "done")
    assert upstream.posts["a fox"] == 1


async def test_a_result_that_retention_removed_is_named_and_not_paid_for_again(
    studio: Studio, tmp_path: Path
) -> None:
    """*Chosen*: only the user knows whether it should be made again."""
    await studio.run(CORE, FOX, keyed())
    database = studio._parts.runtime.database  # noqa: SLF001 -- no setting moves its clock
    later = time.time() + 29 * DAY_SECONDS
    await Retention(database, Keep(days=1), clock=lambda: later).sweep()

    with pytest.raises(NotFoundError, match="removed by retention"):
        await studio.run(CORE, FOX, keyed())

    assert charges(tmp_path) == 1


@pytest.mark.parametrize("key", ["", "a b", "a\n", "é", "k" * 256, "\x7f"])
async def test_a_malformed_key_is_refused(studio: Studio, key: str) -> None:
    """*Documented*: rest.md 3."""
    with pytest.raises(ArgumentsError, match="1 to 255 visible ASCII characters"):
        await studio.keys.key(key, "POST /generate/core", FOX)


async def test_requests_are_equal_by_route_arguments_and_bytes(studio: Studio) -> None:
    """*Chosen*: the order of fields and the id of a file don't matter, its bytes do."""

    async def hashed(route: str = "POST /a", **arguments: object) -> str:
        return (await studio.keys.key("~!", route, arguments)).request_hash

    item, _ = await studio.library.receive(IncomingFile(name="a.png", blocks=_blocks(png())))
    other, _ = await studio.library.receive(IncomingFile(name="b.png", blocks=_blocks(png((8, 8)))))
    base = await hashed(prompt="x", seed=1, image=item.id)

    assert await hashed(image=item.id, seed=1, prompt="x") == base
    assert await hashed(image=item.uri, seed=1, prompt="x") == base
    assert await hashed(image=[item.id], seed=1, prompt="x") != base
    assert await hashed(image=other.id, seed=1, prompt="x") != base
    assert await hashed(image=item.id, seed="1", prompt="x") != base
    assert await hashed(image=item.id, seed=1, prompt="y") != base
    assert await hashed("POST /b", image=item.id, seed=1, prompt="x") != base
    await studio.library.delete([item.id])
    assert await hashed(image=item.id, seed=1, prompt="x") == base


async def _blocks(data: bytes) -> AsyncIterator[bytes]:
    yield data
